"""Proof, row by row, that what the catalogue says works does work: it exists, is tested, and a page executes it."""

import ast
import json
import re
from pathlib import Path

from ..contract.registry import losses
from .bibliography import bibliography
from .rows import papers, resolve

#: Functions that compute with a loss that is given to them by its name; a `card` only shows one.
RUN_BY_NAME = {"compare", "curve", "get", "pictures_of", "plane", "simplex"}


def problems(root):
    """What the catalogue promises and the checkout at `root` does not keep, a line each; empty when all is well."""
    root = Path(root)
    rows = papers(root / "book" / "papers")
    tested = names_in_tests(root / "tests")
    unproven = [line for row in rows if row.status == "works" for line in unproven_symbols(row, root, tested)]
    return [*unproven, *unknown_citations(rows, root / "book" / "references")]


def unproven_symbols(paper, root, tested):
    """Why a row with the status `works` does not work: a line for each symbol and reason.

    Args:
        paper: the row.
        root: the checkout.
        tested: the names that the test files use; a registered loss is under the generated tests without being named.
    """
    registered = {entry.name for entry in losses()}
    pages = {name: path for name, path in pages_of(paper.chapter, root).items() if path.is_file()}
    shown = {name: code_names(path) for name, path in pages.items()}
    ran = {name: names_that_ran(path, root / "_build" / "executed" / f"{name}.ipynb") for name, path in pages.items()}
    found = []
    for symbol in paper.symbols:
        name = symbol.rpartition(".")[2]
        try:
            resolve(symbol)
        except (ImportError, AttributeError, ValueError) as error:
            found.append(f"{symbol}: cannot be imported ({error})")
        if name not in registered | tested:
            found.append(f"{symbol}: is neither a registered loss nor named in a file of tests/")
        naming = [page for page in pages if name in shown[page]]
        if not naming:
            found.append(f"{symbol}: no code cell of {', '.join(pages) or paper.chapter} names it")
        elif all(ran[page] is not None and name not in ran[page] for page in naming):
            found.append(f"{symbol}: no cell that names it ran without error in _build/executed: {', '.join(naming)}")
    return [f"{paper.key}, `symbols`: {line}" for line in found]


def pages_of(family, root):
    """The notebooks of a family by the name of their page: chapter, evidence, and the generated reference."""
    generated = root / "_build" / "generated"
    folders = {"": root / "book", "evidence/": root / "book", "reference/": generated}
    return {f"{layer}{family}": folder / f"{layer}{family}.ipynb" for layer, folder in folders.items()}


def unknown_citations(rows, references):
    """Losses that cite a paper that neither the catalogue nor the bibliography knows, a line each.

    Args:
        rows: the papers of the catalogue.
        references: the folder of the bibliography.
    """
    known = {row.key for row in rows} | set(bibliography(references))
    return [
        f"{entry.name}, `paper`: expected a key of book/papers or book/references, got {entry.paper}"
        for entry in losses()
        if entry.paper is not None and entry.paper not in known
    ]


def names_in_tests(folder):
    """All names that the code of the test files uses; comments and texts do not count."""
    return {name for file in folder.rglob("*.py") for name in _names(file.read_text(encoding="utf8"))}


def code_names(notebook):
    """All names that the code cells of a notebook use; none where there is no notebook."""
    return {name for cell in _code_cells(notebook) for name in _names(_source(cell))}


def names_that_ran(notebook, copy):
    """The names in cells of the executed copy that ran without error; None without a copy of the present notebook."""
    cells = _code_cells(copy)
    if not {_source(cell) for cell in _code_cells(notebook)} <= {_source(cell) for cell in cells}:
        return None
    ran = [
        cell for cell in cells if cell["execution_count"] and all(o["output_type"] != "error" for o in cell["outputs"])
    ]
    return {name for cell in ran for name in _names(_source(cell))}


def _code_cells(notebook):
    cells = json.loads(notebook.read_text(encoding="utf8"))["cells"] if notebook.is_file() else []
    return [cell for cell in cells if cell["cell_type"] == "code"]


def _source(cell):
    """The code of a cell; lines of IPython commands are not Python."""
    return "\n".join(line for line in "".join(cell["source"]).splitlines() if not re.match(r"\s*[%!]", line))


def _names(code):
    """The names that Python code uses, and the losses that it has computed by name, as in `curve("focal_loss")`."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.name.rpartition(".")[2] for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in RUN_BY_NAME:
            yield from (
                text.value for text in ast.walk(node) if isinstance(text, ast.Constant) and isinstance(text.value, str)
            )
