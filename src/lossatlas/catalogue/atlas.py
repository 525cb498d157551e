"""The page that lists all papers."""

import html
import re
from pathlib import Path

from .rows import find, read_catalogue, where
from .rules import STATUSES, WEIGHTS
from .trail import code_of

STATIC = Path(__file__).parent


def papers_page(catalogue=None, pages=None):
    """The source of the *Paper atlas*: a table of all papers that can be searched and filtered, as MyST text.

    Style and script are part of the page, so it needs no other file; without the script the whole table is there.

    Args:
        catalogue: the `Catalogue`; by default that which `read_catalogue` finds.
        pages: chapter -> address of its page, for those that have one; by default `<chapter>.html` for each
            notebook beside the catalogue.
    """
    catalogue = catalogue or read_catalogue()
    if pages is None:
        pages = {notebook.stem: f"{notebook.stem}.html" for notebook in find().parent.glob("*.ipynb")}
    there = {row.chapter for row in catalogue.papers}
    chapters = {chapter: title for chapter, title in catalogue.titles.items() if chapter in there}
    parts = {
        "style": (STATIC / "papers.css").read_text(encoding="utf8"),
        "script": (STATIC / "papers.js").read_text(encoding="utf8"),
        "count": len(catalogue.papers),
        "chapters": _options(chapters),
        "weights": _options({name: name for name in WEIGHTS}),
        "statuses": _options({name: name for name in STATUSES}),
        "rows": "\n".join(_table_row(row, pages, catalogue.titles) for row in catalogue.papers),
    }
    page = (STATIC / "papers.html").read_text(encoding="utf8")
    page = re.sub(r"\{\{(\w+)\}\}", lambda hole: str(parts[hole[1]]), page)
    return f"(paper-atlas)=\n# Paper atlas\n\n````{{raw}} html\n{page}\n````\n"


def _options(names):
    return "".join(f'<option value="{value}" data-name="{name}">{name}</option>' for value, name in names.items())


def _table_row(paper, pages, titles):
    chapter = titles[paper.chapter]
    if paper.chapter in pages:
        chapter = f'<a href="{pages[paper.chapter]}">{chapter}</a>'
    also = "".join(f", also in {titles[other]}" for other in paper.also_in)
    claim = f'<p class="claim"><b>To test:</b> {html.escape(paper.claim)}</p>' if paper.claim else ""
    return (
        f'<tr role="row" id="paper-{paper.key}" data-chapter="{paper.chapter}" data-weight="{paper.weight}" data-status="{paper.status}">'
        f'<th role="rowheader" scope="row"><a href="{paper.address}">{html.escape(paper.title)}</a>'
        f"<p>{paper.year} · arXiv {paper.arxiv}</p></th>"
        f'<td role="cell"><p>{html.escape(paper.contributes)}</p>{claim}</td>'
        f'<td role="cell"><p>{chapter}{also}</p><p>{paper.weight}</p></td>'
        f'<td role="cell"><p><span class="status {paper.status}">{paper.status}</span></p><p>{where(paper, code_of)}</p></td></tr>'
    )
