"""The page of a family as a notebook: text from the registry, and a cell for the pictures of each loss."""

import importlib
import inspect

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lossatlas.contract import losses
from lossatlas.contract.loss import COMMON_ARGUMENTS

from .docstring import read
from .entry import opening, relations, source
from .operations import operations_of

#: The key under which a cell says of which loss or operation it is, and which part of its entry it holds.
OF = "lossatlas"


def reference_notebook(family):
    """The notebook of a family before it is executed.

    It imports the family and the explorers alone, so that what it shows depends on nothing else.

    Args:
        family: the name of a family.
    """
    entries, operations = losses(family=family), operations_of(family)
    imports = f"from lossatlas.explore import pictures_of\nfrom lossatlas.losses import {family}"
    cells = [
        new_markdown_cell(head(family), id="head", metadata={OF: {"part": "head"}}),
        new_code_cell(imports, id="imports", metadata={"tags": ["remove-cell"]}),
    ]
    for entry in entries:
        cells.append(_text(entry, "opening", opening(entry)))
        if entry.signature.probes.lines or entry.signature.probes.planes:
            show = f"pictures_of({family}.{entry.name})"
            cells.append(
                new_code_cell(
                    show, id=f"{entry.name}-pictures", metadata={"tags": ["remove-input"], **_of(entry, "pictures")}
                )
            )
        cells.append(_text(entry, "relations", relations(entry)))
        cells.append(_text(entry, "source", source(entry)))
    if operations:
        cells.append(new_markdown_cell("## Operations of the family", id="operations"))
    for operation in operations:
        cells.append(_text(operation, "opening", opening(operation, level=3)))
        cells.append(_text(operation, "source", source(operation)))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=[cell for cell in cells if cell.source], metadata={"kernelspec": kernel})


def head(family):
    """The title, the first sentence of the family's docstring, and where the chapter is."""
    words = _about(family).partition(": ")[2]
    story = f"For the ideas, read the chapter {{doc}}`/{family}`."
    return f"# {title_of(family)}: reference\n\n{words[:1].upper()}{words[1:]} {story}\n\n{common()}"


def common():
    """What every loss takes besides its own arguments, folded."""
    items = "\n\n".join(f"`{name}`\n: {words}" for name, words in COMMON_ARGUMENTS.items())
    return f":::{{dropdown}} Arguments that every loss takes\n{items}\n:::"


def title_of(family):
    """The name of a family in words, with which its docstring begins."""
    return _about(family).partition(": ")[0]


def _about(family):
    return read(importlib.import_module(f"lossatlas.losses.{family}")).purpose


def idea(entry):
    """The idea of the file in which a loss stands, as the file itself says it."""
    text = inspect.getdoc(inspect.getmodule(entry.body)) or ""
    return " ".join(text.split("\n\n")[0].split()).rstrip(".")


def _text(entry, part, text):
    return new_markdown_cell(text, id=f"{entry.name}-{part}"[:64], metadata=_of(entry, part))


def _of(entry, part):
    return {OF: {"entry": entry.name, "part": part}}
