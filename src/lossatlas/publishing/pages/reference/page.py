"""The page of a family from its executed notebook: an index to filter, folded pictures, and what the records know."""

import html
from itertools import groupby

from nbformat.v4 import new_markdown_cell

from lossatlas.contract import get, losses

from ....catalogue.filter import filtered
from ...build.wording import code, raw
from .docstring import read
from .facts import TOP, facts_of_loss
from .figures import folded
from .links import page_of, with_links
from .notebook import OF, idea
from .operations import operations_of


def complete(notebook, family, known, chapter=None):
    """The executed notebook of a family with all that does not come from executing it.

    Args:
        notebook: the executed notebook; changed in place and returned.
        family: the name of the family.
        known: what records and the catalogue know, as `Known`.
        chapter: the address of the family's chapter as seen from this page, where there is one.
    """
    cells = []
    for cell in notebook.cells:
        told = cell.metadata.get(OF, {})
        if told.get("part") == "pictures":
            cell.outputs = folded(cell.outputs)
        cells.append(cell)
        if told.get("part") == "head":
            cells.append(new_markdown_cell(index(family, chapter), id="index"))
        elif told.get("part") == "relations" or told.get("part") == "pictures" and not _has_relations(notebook, told):
            cells.append(new_markdown_cell(facts_of_loss(get(told["entry"]), known), id=f"{told['entry']}-facts"[:64]))
    notebook.cells = cells
    return notebook


def index(family, chapter=None):
    """How many losses there are, and a list of them, grouped by idea, that is filtered as one types."""
    entries, operations = losses(family=family), operations_of(family)
    also = f' and <a href="#operations-of-the-family">{len(operations)} operations</a>' if operations else ""
    story = f' Their story is <a href="{chapter}">the chapter</a>.' if chapter else ""
    every = f'<a href="{TOP}losses.html">All losses</a> of all families can be filtered and laid over one another.'
    listing = "\n".join(_group(words, list(found)) for words, found in groupby(entries, key=idea))
    if operations:
        listing += "\n" + _group("Operations of the family", operations)
    body = f'<div class="atlas-index">{listing}</div>'
    counted = f"<p>{len(entries)} losses{also}.{story} {every}</p>"
    return raw(counted + filtered(body, noun="entries", name="the losses", count=len(entries) + len(operations)))


def _group(words, entries):
    rows = "".join(
        f'<li data-row id="index-{entry.name}"><a href="#{entry.name}">{code(entry.name)}</a> '
        f"<span>{_plain(read(entry.body).purpose)}</span>"
        f'<span class="atlas-spoken">{_plain(read(entry.body).parts.get("Use", ""))}</span></li>'
        for entry in entries
    )
    return f'<section data-group><p class="atlas-idea">{_plain(words)}</p><ul>{rows}</ul></section>'


def _plain(text):
    """A line of a docstring as HTML: formulas stay as they are written, code is set as code."""
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
