"""The papers of one chapter as a table."""

import html
from dataclasses import dataclass

from .rows import CatalogueError, read_catalogue, where


@dataclass(frozen=True)
class PaperTrail:
    """The papers of one chapter as a table: what each adds, its status, and where it is in the code."""

    chapter: str
    rows: tuple
    titles: dict

    def __repr__(self):
        lines = [f"Papers of the chapter {self.titles[self.chapter]}"]
        for p in self.rows:
            lines += [
                f"- {p.title} ({p.year}, arXiv {p.arxiv}), {p.status}",
                f"  {p.contributes}",
                f"  {self._where(p, str)}",
            ]
        return "\n".join(lines)

    def _repr_markdown_(self):
        lines = ["| Paper | What it adds | Status | In the code |", "|---|---|---|---|"]
        for p in self.rows:
            cells = (f"[{p.title}]({p.address}) ({p.year})", p.contributes, p.status, self._where(p, "`{}`".format))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        return "\n".join(lines)

    def _repr_html_(self):
        head = "".join(f'<th scope="col">{name}</th>' for name in ("Paper", "What it adds", "Status", "In the code"))
        body = "".join(
            f'<tr><th scope="row"><a href="{p.address}">{html.escape(p.title)}</a> ({p.year})</th>'
            f"<td>{html.escape(p.contributes)}</td><td>{p.status}</td><td>{self._where(p, code_of)}</td></tr>"
            for p in self.rows
        )
        label = f"Papers of the chapter {self.titles[self.chapter]}"
        return (
            f'<div role="region" aria-label="{label}" tabindex="0" style="overflow-x: auto">'
            f'<table class="paper-trail" style="min-width: 40rem"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def _where(self, paper, code):
        if paper.chapter != self.chapter:
            return f"covered in the chapter {self.titles[paper.chapter]}"
        return where(paper, code)


def paper_trail(chapter, folder=None):
    """The papers covered in a chapter, then those covered in other chapters that this one points to.

    Args:
        chapter: its name, as `"cross_entropy"`.
        folder: where the catalogue lies, as for `papers`.
    """
    catalogue = read_catalogue(folder)
    if chapter not in catalogue.titles:
        raise CatalogueError(f"`chapter`: expected one of {', '.join(catalogue.titles)}, got {chapter!r}")
    own = [row for row in catalogue.papers if row.chapter == chapter]
    others = [row for row in catalogue.papers if chapter in row.also_in]
    return PaperTrail(chapter, (*own, *others), catalogue.titles)


def code_of(text):
    return f"<code>{html.escape(text)}</code>"
