"""The page of a family from its executed notebook: an index to filter, folded pictures, and what the records know."""

import html
from itertools import groupby

from nbformat.v4 import new_markdown_cell

from lossatlas.contract import get, losses

from ....catalogue.filter import filtered
from ...build.wording import code, inline, raw
from .docstring import read
from .facts import TOP, facts_of_loss, papers_of
from .figures import folded
from .notebook import OF, idea
from .operations import operations_of


def complete(notebook, family, known):
    """The executed notebook of a family with all that does not come from executing it.

    Args:
        notebook: the executed notebook; changed in place and returned.
        family: the name of the family.
        known: what records and the catalogue know, as `Known`.
    """
    operations, cells = {operation.name: operation for operation in operations_of(family)}, []
    for cell in notebook.cells:
        marked = cell.metadata.get(OF, {})
        name, part = marked.get("entry"), marked.get("part")
        if part == "pictures":
            cell.outputs = folded(cell.outputs)
        facts = _facts(name, operations, known) if part == "source" else ""
        if facts:
            cells.append(new_markdown_cell(facts, id=f"{name}-facts"[:64]))
        cells.append(cell)
        if part == "head":
            cells.append(new_markdown_cell(index(family), id="index"))
    notebook.cells = cells
    return notebook


def _facts(name, operations, known):
    """What is known of a loss; of an operation its papers alone."""
    return papers_of(operations[name], known) if name in operations else facts_of_loss(get(name), known)


def index(family):
    """How many losses there are, and a list of them, grouped by idea, that is filtered as one types."""
    entries, operations = losses(family=family), operations_of(family)
    also = f' and <a href="#operations-of-the-family">{len(operations)} operations</a>' if operations else ""
    every = f'<a href="{TOP}losses.html">All losses</a> of all families can be filtered and laid over one another.'
    listing = "\n".join(_group(words, list(found)) for words, found in groupby(entries, key=idea))
    if operations:
        listing += "\n" + _group("Operations of the family", operations)
    body = f'<div class="atlas-index">{listing}</div>'
    counted = f"<p>{len(entries)} losses{also}. {every}</p>"
    return raw(
        counted + filtered(body, noun="entries", name="the losses", count=len(entries) + len(operations), opens=True)
    )


def _group(words, entries):
    rows = "".join(_row(entry, read(entry.body)) for entry in entries)
    return f'<section data-group><p class="atlas-idea">{inline(words)}</p><ul>{rows}</ul></section>'


def _row(entry, documented):
    use = html.escape(documented.parts.get("Use", ""))
    return (
        f'<li data-row id="index-{entry.name}" data-words="{use}"><a href="#{entry.name}">{code(entry.name)}</a> '
        f"<span>{inline(documented.purpose)}</span></li>"
    )
