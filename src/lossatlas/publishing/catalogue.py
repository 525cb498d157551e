"""The catalogue of the literature: one row a paper; a chapter's paper trail; the page that lists them all."""

import html
import importlib
import inspect
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import yaml

import lossatlas

from .catalogue_rules import STATUSES, WEIGHTS, list_problems, row_problems

STATIC = Path(__file__).with_name("static")


class CatalogueError(ValueError):
    """The catalogue is not as it should be; the message names every row and field."""


@dataclass(frozen=True)
class Paper:
    """One row of `book/papers.yml`; the head of that file says what each field means."""

    key: str
    id: int
    title: str
    arxiv: str
    year: int
    chapter: str
    weight: str
    status: str
    contributes: str
    claim: str = ""
    also_in: tuple = ()
    symbols: tuple = ()
    uses: tuple = ()

    @classmethod
    def of(cls, row):
        """The paper of a row as YAML reads it."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})

    @property
    def address(self):
        """Where the paper can be read."""
        return f"https://arxiv.org/abs/{self.arxiv}"


def papers(path=None):
    """The rows of the catalogue in their order, checked.

    Args:
        path: the file; by default the `book/papers.yml` of this checkout, or the copy that was installed.

    Raises:
        CatalogueError: a line for every row and field that is wrong.
    """
    path = Path(path or find())
    rows = yaml.safe_load(path.read_text(encoding="utf8"))
    if not isinstance(rows, list):
        raise CatalogueError(f"{path.name}: expected a list of rows, got {type(rows).__name__}")
    problems = [problem for n, row in enumerate(rows, 1) for problem in row_problems(n, row)]
    if not problems:
        rows = [Paper.of(row) for row in rows]
        problems = list_problems(rows)
    if problems:
        raise CatalogueError("\n".join([f"{path.name}:", *problems]))
    return rows


def find():
    """The catalogue of the checkout around the working folder or this file, or the copy that was installed."""
    folders = [folder for start in (Path.cwd(), Path(__file__).parent) for folder in (start, *start.parents)]
    candidates = [folder / "book" / "papers.yml" for folder in folders]
    candidates += [Path(file.locate()) for file in metadata.files("lossatlas") or () if file.name == "papers.yml"]
    for path in candidates:
        if path.is_file():
            return path
    raise CatalogueError(f"book/papers.yml: expected around {Path.cwd()} or with the installed package, got neither")


def resolve(symbol):
    """The object at an import path such as `lossatlas.losses.cross_entropy.comp_sum_loss`."""
    module, _, name = symbol.rpartition(".")
    return getattr(importlib.import_module(module), name)


def place(symbol):
    """The file of the package that holds the object at an import path, as `losses/cross_entropy/comp_sum.py`."""
    source = Path(inspect.getsourcefile(inspect.unwrap(resolve(symbol))))
    return source.relative_to(Path(lossatlas.__file__).parent).as_posix()


def chapter_title(chapter):
    """A chapter's name in words."""
    return re.sub("^(cross|multi|non|semi)_", r"\1-", chapter).replace("_", " ").capitalize()


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
            f"<td>{html.escape(p.contributes)}</td><td>{p.status}</td><td>{self._where(p, _code)}</td></tr>"
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


def where(paper, code):
    """Where the book has what a paper brings, in words, with names and files set by `code`."""
    if paper.status == "works":
        files = {}
        for symbol in paper.symbols:
            files.setdefault(place(symbol), []).append(code(symbol.rpartition(".")[2]))
        return "; ".join(f"{', '.join(names)} in {code(file)}" for file, names in files.items())
    if paper.status == "planned":
        return f"to come: {', '.join(map(code, paper.symbols))}" if paper.symbols else "to come"
    return f"trains with {', '.join(map(code, paper.uses))}" if paper.uses else "trains nothing"


def _code(text):
    return f"<code>{html.escape(text)}</code>"


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


def papers_page(rows=None, pages=None):
    """The source of the *Paper atlas*: a table of all papers that can be searched and filtered, as MyST text.

    Style and script are part of the page, so it needs no other file; without the script the whole table is there.

    Args:
        rows: the papers; by default all of the catalogue.
        pages: chapter -> address of its page, for those that have one; by default `<chapter>.html` for each
            notebook beside the catalogue.
    """
    rows = papers() if rows is None else rows
    if pages is None:
        pages = {notebook.stem: f"{notebook.stem}.html" for notebook in find().parent.glob("*.ipynb")}
    chapters = {chapter: chapter_title(chapter) for chapter in sorted({row.chapter for row in rows})}
    parts = {
        "style": (STATIC / "papers.css").read_text(encoding="utf8"),
        "script": (STATIC / "papers.js").read_text(encoding="utf8"),
        "count": len(rows),
        "chapters": _options(chapters),
        "weights": _options({name: name for name in WEIGHTS}),
        "statuses": _options({name: name for name in STATUSES}),
        "rows": "\n".join(_table_row(row, pages) for row in rows),
    }
    page = (STATIC / "papers.html").read_text(encoding="utf8")
    page = re.sub(r"\{\{(\w+)\}\}", lambda hole: str(parts[hole[1]]), page)
    return f"(paper-atlas)=\n# Paper atlas\n\n````{{raw}} html\n{page}\n````\n"


def _options(names):
    return "".join(f'<option value="{value}" data-name="{name}">{name}</option>' for value, name in names.items())


def _table_row(paper, pages):
    chapter = chapter_title(paper.chapter)
    if paper.chapter in pages:
        chapter = f'<a href="{pages[paper.chapter]}">{chapter}</a>'
    also = "".join(f", also in {chapter_title(other)}" for other in paper.also_in)
    claim = f'<p class="claim"><b>To test:</b> {html.escape(paper.claim)}</p>' if paper.claim else ""
    return (
        f'<tr role="row" id="paper-{paper.key}" data-chapter="{paper.chapter}" data-weight="{paper.weight}" data-status="{paper.status}">'
        f'<th role="rowheader" scope="row"><a href="{paper.address}">{html.escape(paper.title)}</a>'
        f"<p>{paper.year} · arXiv {paper.arxiv}</p></th>"
        f'<td role="cell"><p>{html.escape(paper.contributes)}</p>{claim}</td>'
        f'<td role="cell"><p>{chapter}{also}</p><p>{paper.weight}</p></td>'
        f'<td role="cell"><p><span class="status {paper.status}">{paper.status}</span></p><p>{where(paper, _code)}</p></td></tr>'
    )
