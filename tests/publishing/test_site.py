"""A whole small site: built once, skipped while nothing changes, refused when anything is wrong."""

import pytest

from lossatlas.publishing.book import BookError
from lossatlas.publishing.execute import execute
from lossatlas.publishing.site import build

CELL = "print('a number:', 6 * 7)"


@pytest.fixture
def book(make_book):
    book = make_book(chapter=["# The chapter\n\nFormula $x^2$.", (CELL,)])
    execute(book)
    return book


def test_site_is_built_once(book):
    assert build(book) is True
    page = (book.html / "chapter.html").read_text()
    assert "a number: 42" in page and "unpkg" not in page and "thebe" not in page.lower()
    assert "cdn" not in page and 'href="https://colab.research.google.com/github/' in page
    assert not list(book.html.rglob("fontawesome.js")) and not list(book.html.rglob("*.map"))
    assert build(book) is False

    (book.sources / "index.md").write_text("# A book\n\nA link to {ref}`nowhere`.\n")
    with pytest.raises(BookError, match="nowhere"):
        build(book)
    assert not book.stamp.exists()


def test_defects_of_sources_are_refused_before_the_work_begins(book):
    book.contents.write_text(book.contents.read_text() + "  - file: missing\n")
    with pytest.raises(BookError, match="lists missing"):
        build(book)
    assert not book.site_source.exists()
