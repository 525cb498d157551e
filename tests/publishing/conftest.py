"""A book of one small chapter, to execute, build and break."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lossatlas.publishing.build import keys, records
from lossatlas.publishing.build.book import Book
from lossatlas.publishing.build.check import GENERATED

from .recorded import fresh

REPOSITORY = Path(__file__).parents[2]


def write_notebook(path, *cells):
    """Write a notebook, in a folder that is made for it.

    Cells are markdown where they begin with a letter or `#`, code given as ("code", *tags).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [
        new_markdown_cell(cell) if isinstance(cell, str) else new_code_cell(cell[0], metadata={"tags": list(cell[1:])})
        for cell in cells
    ]
    nbformat.write(
        new_notebook(cells=made, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}), path
    )


@pytest.fixture
def make_book(tmp_path):
    """A function that makes a checkout with the given notebooks: name -> cells. Those in folders are not listed."""

    def make(**chapters):
        shutil.copy(REPOSITORY / "_config.yml", tmp_path)
        shutil.copy(REPOSITORY / "requirements.txt", tmp_path)
        book = Book(tmp_path)
        book.sources.mkdir()
        for name in ("logo.svg", "favicon.svg"):
            shutil.copy(REPOSITORY / "book" / name, book.sources)
        shutil.copytree(REPOSITORY / "book" / "papers", book.sources / "papers")
        (book.sources / "index.md").write_text("# A book\n\nIts only page.\n")
        (book.sources / "references").mkdir()
        (book.sources / "references" / "general.bib").write_text(
            "@misc{nobody2000nothing, author={N. Body}, title={Nothing}, year={2000}}\n"
        )
        pages = "".join(f"  - file: {name}\n" for name in (*chapters, *GENERATED) if "/" not in name)
        book.contents.write_text(f"format: jb-book\nroot: index\nchapters:\n{pages}")
        for name, cells in chapters.items():
            write_notebook(book.sources / f"{name}.ipynb", *cells)
        return book

    return make


@pytest.fixture
def facts(make_book):
    """What was proven of one loss, with the sources unchanged since."""
    book = make_book()
    family = book.root / "src" / "lossatlas" / "losses" / "cross_entropy"
    family.mkdir(parents=True)
    (family / "__init__.py").write_text("")
    fresh(book.fresh, "certificates", fingerprint=keys.fingerprints(book.root)["cross_entropy"])
    return records.certificates(book)["focal_loss"]
