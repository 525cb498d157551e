"""The front page lists the chapters that are there, in the order of `_toc.yml`, and what is still to come."""

from pathlib import Path

import nbformat
import pytest

from lossatlas.catalogue import read_catalogue
from lossatlas.publishing.build.book import Book, BookError
from lossatlas.publishing.build.chapters import chapters
from lossatlas.publishing.pages.front import PLACE, front_page

REPOSITORY = Path(__file__).parents[2]
TITLES = read_catalogue(REPOSITORY / "book" / "papers").titles


def describe(book, name, about):
    path = book.sources / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["lossatlas"] = {"about": about}
    nbformat.write(notebook, path)


def test_chapters_stand_in_the_order_of_the_contents_each_with_its_own_words(make_book):
    book = make_book(regression=["# Numbers"], other=["# No family"], calibration=["# Honest numbers"])
    describe(book, "regression", "squares and the like.")
    describe(book, "calibration", "what 70% means.")
    text = front_page(f"# A book\n\n{PLACE}\n\nThe end.", book)
    lines = text.splitlines()
    assert lines[2:4] == ["- {doc}`regression`: squares and the like.", "- {doc}`calibration`: what 70% means."]
    assert lines[0] == "# A book" and lines[-1] == "The end."
    (to_come,) = [line for line in lines if line.startswith("Still to come: ")]
    assert to_come.removeprefix("Still to come: ").removesuffix(".").split("; ") == [
        title for family, title in TITLES.items() if family not in ("regression", "calibration")
    ]


def test_a_chapter_that_does_not_say_what_it_is_about_is_refused(make_book):
    book = make_book(regression=["# Numbers"])
    with pytest.raises(BookError, match=r"regression\.ipynb, metadata `lossatlas`: expected `about`, .* got nothing"):
        front_page(PLACE, book)
    assert front_page("Without a place.", book) == "Without a place."


def test_the_front_page_of_this_book_has_every_chapter():
    book = Book(REPOSITORY)
    page = front_page((REPOSITORY / "book" / "index.md").read_text(encoding="utf8"), book)
    there = {path.stem for path in book.sources.glob("*.ipynb")} & set(TITLES)
    assert {chapter.name for chapter in chapters(book)} == there and len(there) >= 3
    assert all(page.count(f"- {{doc}}`{name}`: ") == 1 for name in there)
