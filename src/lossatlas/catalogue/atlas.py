"""The page that lists all papers."""

import html

from .filter import filled, filtered, table, text_of
from .rows import find, read_catalogue, where
from .rules import STATUSES, WEIGHTS
from .trail import code_of


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
    choices = {
        "chapter": {chapter: title for chapter, title in catalogue.titles.items() if chapter in there},
        "weight": {name: name for name in WEIGHTS},
        "status": {name: name for name in STATUSES},
    }
    head = ("Paper", "What it adds", "Chapter and weight", "Status and code")
    listing = filtered(
        table(head, [_table_row(row, pages, catalogue.titles) for row in catalogue.papers], kind="papers-table"),
        noun="papers",
        name="the papers",
        count=len(catalogue.papers),
        choices=choices,
        none="No paper matches. Use fewer words, or set a filter back to “all”.",
    )
    page = filled("papers.html", style=text_of("papers.css"), count=len(catalogue.papers), table=listing)
    return f"(paper-atlas)=\n# Paper atlas\n\n````{{raw}} html\n{page}\n````\n"


def _table_row(paper, pages, titles):
    chapter = titles[paper.chapter]
    if paper.chapter in pages:
        chapter = f'<a href="{pages[paper.chapter]}">{chapter}</a>'
    also = "".join(f", also in {titles[other]}" for other in paper.also_in)
    claim = f'<p class="claim"><b>To test:</b> {html.escape(paper.claim)}</p>' if paper.claim else ""
    return (
        f'<tr role="row" data-row id="paper-{paper.key}" data-chapter="{paper.chapter}" '
        f'data-weight="{paper.weight}" data-status="{paper.status}">'
        f'<th role="rowheader" scope="row"><a href="{paper.address}">{html.escape(paper.title)}</a>'
        f"<p>{paper.year} · arXiv {paper.arxiv}</p></th>"
        f'<td role="cell"><p>{html.escape(paper.contributes)}</p>{claim}</td>'
        f'<td role="cell"><p>{chapter}{also}</p><p>{paper.weight}</p></td>'
        f'<td role="cell"><p><span class="status {paper.status}">{paper.status}</span></p>'
        f"<p>{where(paper, code_of)}</p></td></tr>"
    )
