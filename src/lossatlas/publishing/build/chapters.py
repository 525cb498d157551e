"""The chapters of the book: which there are, and how each describes itself in its first lines and its metadata."""

import re
from dataclasses import dataclass

import nbformat
import yaml

from ...catalogue import read_catalogue
from .config import listed_pages

#: The key of a notebook's metadata under which a chapter says what it is `about`, in one sentence, and how a course can
#: go through it, in `sessions`.
METADATA = "lossatlas"


@dataclass(frozen=True)
class Chapter:
    """How a chapter describes itself.

    Attributes:
        name: of its family, and of its notebook.
        title: its first heading.
        about: one sentence for the front page; "" where its metadata has none.
        sessions: what a course does with it, ninety minutes each, as `pages.syllabus` describes.
    """

    name: str
    title: str
    about: str
    sessions: tuple


def chapters(book):
    """The chapters in the order of the table of contents: the notebooks listed there that are named like a family."""
    table = yaml.safe_load(book.contents.read_text(encoding="utf8"))
    families, notebooks = read_catalogue(book.sources / "papers").titles, book.notebooks()
    return [_chapter(name, notebooks[name]) for name in listed_pages(table) if name in families and name in notebooks]


def first_heading(notebook):
    """The first heading of a notebook; "" where it has none."""
    texts = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.search(r"^# (.+)$", texts, re.M)
    return found[1] if found else ""


def _chapter(name, path):
    notebook = nbformat.read(path, as_version=4)
    own = notebook.metadata.get(METADATA, {})
    return Chapter(name, first_heading(notebook), own.get("about", ""), tuple(own.get("sessions", ())))
