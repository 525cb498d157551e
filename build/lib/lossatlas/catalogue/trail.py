"""The papers of one chapter as a table."""

import html
from dataclasses import dataclass

from .rows import CatalogueError, chapter_title, papers, where


@dataclass(frozen=True)
class PaperTrail:
    """The papers of one chapter as a table: what each adds, its status, and where it is in the code."""

    chapter: str
    rows: tuple

    def __repr__(self):
        lines = [f"Papers of the chapter {chapter_title(self.chapter)}"]
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
        label = f"Papers of the chapter {chapter_title(self.chapter)}"
        return (
            f'<div role="region" aria-label="{label}" tabindex="0" style="overflow-x: auto">'
            f'<table class="paper-trail" style="min-width: 40rem"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def _where(self, paper, code):
        if paper.chapter != self.chapter:
            return f"told in the chapter {chapter_title(paper.chapter)}"
        return where(paper, code)


def paper_trail(chapter, path=None):
    """The papers told in a chapter, then those that other chapters tell and this one points to.

    Args:
        chapter: its name, as `"cross_entropy"`.
        path: the catalogue's file, as for `papers`.
    """
    rows = papers(path)
    chapters = sorted({row.chapter for row in rows})
    if chapter not in chapters:
        raise CatalogueError(f"`chapter`: expected one of {', '.join(chapters)}, got {chapter!r}")
    own = [row for row in rows if row.chapter == chapter]
    return PaperTrail(chapter, (*own, *(row for row in rows if chapter in row.also_in)))


def code_of(text):
    return f"<code>{html.escape(text)}</code>"
