"""Each check finds the defect that it is for, and nothing on a page without one."""

import random
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lossatlas.exercises import EXERCISES
from lossatlas.publishing.build import check
from lossatlas.publishing.build.book import Book
from lossatlas.publishing.build.config import listed_pages, unknown_keys

from .masters import EXERCISE, write_master

GOOD = """<!doctype html><html lang="en"><head><title>T</title><meta name="viewport" content="width=device-width">
<link rel="canonical" href="https://example.org/page.html"><link rel="stylesheet" href="style.css"></head>
<body><h1 id="top">T</h1><a href="https://example.org">elsewhere</a><a href="#top">up</a>
<a href="other.html#there">there</a> <a href="index.html"><img src="logo.png" alt=""> Home</a>
<img src="logo.png" alt="Contour lines around a minimum">{}</body></html>"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "icons.css").write_text(".fa-list { --icon: none }\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    (tmp_path / "style.css").write_text("p { color: black }")
    (tmp_path / "other.html").write_text('<p id="there"></p>')
    (tmp_path / "index.html").write_text("<p></p>")
    return tmp_path


def found(site, piece="", page=GOOD):
    path = site / "page.html"
    path.write_text(page.replace("{}", piece))
    page = check.Page(path, site)
    return [(one.__name__, message) for one in check.PAGE_CHECKS for message in one(page)]


def test_sound_page_passes(site):
    assert found(site) == []


DEFECTS = {
    '<img src="logo.png">': ("alternative_texts", "without alternative text"),
    '<img src="logo.png" alt="">': ("alternative_texts", "without alternative text"),
    '<img src="logo.png" alt="_images/4f1c.png">': ("alternative_texts", "is a file name"),
    '<div role="img"></div>': ("alternative_texts", "without alternative text"),
    '<script src="https://cdn.example.org/require.js"></script>': ("requests", "<script> asks another host"),
    '<link rel="stylesheet" href="//fonts.example.org/a.css">': ("requests", "<link> asks another host"),
    '<img srcset="https://example.org/a.png 2x" src="logo.png" alt="Words">': ("requests", "<img> asks another host"),
    '<p style="background: url(http://example.org/a.png)">': ("requests", "<p> asks another host"),
    "<style>@import 'https://example.org/a.css';</style>": ("requests", "<style> asks another host"),
    '<iframe src="https://example.org"></iframe>': ("requests", "<iframe> asks another host"),
    '<a href="gone.html">gone</a>': ("links", "which is not there"),
    '<a href="other.html#nowhere">gone</a>': ("links", "no such anchor"),
    '<a href="#nowhere">gone</a>': ("links", "no such anchor"),
    '<script type="application/json" data-src="explorers/gone.js"></script>': ("links", "which is not there"),
    '<div class="output traceback">ValueError</div>': ("errors", "ValueError"),
    '<span class="problematic">:ref:</span>': ("errors", "an error on the page"),
    '<i class="fa-solid fa-unicorn"></i>': ("icons", "fa-unicorn has no drawing"),
}


@pytest.mark.parametrize("piece", DEFECTS)
def test_defect_is_found(site, piece):
    name, words = DEFECTS[piece]
    messages = found(site, piece)
    assert [one for one, _ in messages] == [name]
    assert words in messages[0][1]


@pytest.mark.parametrize(
    ("part", "words"), [(' lang="en"', "no language"), ("<title>T</title>", "no title"), ("viewport", "no viewport")]
)
def test_missing_essential_is_found(site, part, words):
    ((_, message),) = found(site, page=GOOD.replace(part, ""))
    assert message.startswith(words)


def test_heavy_page_is_found(site):
    (site / "heavy.js").write_bytes(random.Random(0).randbytes(1_100_000))
    assert [name for name, _ in found(site, '<script src="heavy.js"></script>')] == ["weight"]


def book_with(tmp_path, outputs=(), copy=()):
    book = Book(tmp_path)
    book.contents.write_text("format: jb-book\nroot: index\n")
    for folder, found in ((book.sources, outputs), (book.executed, copy)):
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=[new_code_cell("x", outputs=list(found))]), folder / "chapter.ipynb")
    return book


def test_committed_outputs_are_found(tmp_path):
    (finding,) = check.committed_notebooks(book_with(tmp_path, outputs=[new_output("stream", text="1")]))
    assert "commit it without" in str(finding)
    assert list(check.committed_notebooks(book_with(tmp_path))) == []


def test_masters_with_outputs_or_counts_are_refused(make_book, monkeypatch):
    monkeypatch.setitem(EXERCISES, "chapter/1", EXERCISE)
    book = make_book(chapter=["# Chapter"])
    path = write_master(book.sources / "exercises")
    assert list(check.committed_notebooks(book)) == [] and list(check.masters(book)) == []
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].execution_count = 3
    notebook.cells[-1].outputs = [new_output("stream", text="1")]
    nbformat.write(notebook, path)
    places = [str(finding) for finding in check.committed_notebooks(book)]
    assert len(places) == 2 and all(place.startswith("book/exercises/chapter.ipynb: cell ") for place in places)


def test_a_master_that_cannot_be_read_is_named(make_book):
    book = make_book(chapter=["# Chapter"])
    write_master(book.sources / "exercises", family="stranger")
    ((finding),) = check.masters(book)
    assert "stranger.ipynb" in str(finding) and "stranger/1" in str(finding)


def test_errors_and_warnings_in_executed_copies_are_found(tmp_path):
    error = new_output("error", ename="ValueError", evalue="bad", traceback=[])
    warning = new_output("stream", name="stderr", text="file.py:3: UserWarning: careful\n")
    bar = new_output("stream", name="stderr", text="100%|####| 3/3\n")
    messages = [finding.message for finding in check.outputs(book_with(tmp_path, copy=[error, warning, bar]))]
    assert len(messages) == 2 and "ValueError: bad" in messages[0] and "UserWarning" in messages[1]


def test_table_of_contents_and_pages_must_agree(make_book):
    book = make_book(chapter=["# Chapter"])
    assert list(check.contents(book)) == []
    (book.sources / "forgotten.md").write_text("# Forgotten\n")
    book.contents.write_text(book.contents.read_text().replace("chapter\n", "chaptr\n"))
    messages = [finding.message for finding in check.contents(book)]
    assert messages == ["lists chaptr, which is not in book/", "does not list chapter", "does not list forgotten"]


def test_pages_of_exercises_come_and_go_with_their_masters(make_book):
    book = make_book(chapter=["# Chapter"])
    contents = book.contents.read_text()
    write_master(book.sources / "exercises")
    assert list(check.contents(book)) == []
    book.contents.write_text(contents + "  - file: chapter_exercises\n")
    (finding,) = check.contents(book)
    assert finding.message == "lists chapter_exercises, which is put below its chapter without being listed"
    book.contents.write_text(contents.replace("  - file: chapter\n", ""))
    messages = [finding.message for finding in check.contents(book)]
    assert messages == ["does not list chapter", "does not list chapter_exercises"]


def test_unknown_configuration_keys_are_named():
    config = {
        "title": "T",
        "titel": "T",
        "html": {"use_issue_button": True},
        "sphinx": {"config": {"anything": 1}, "extra": []},
    }
    assert unknown_keys(config) == ["titel", "html.use_issue_button", "sphinx.extra"]


def test_the_books_own_configuration_is_known():
    assert unknown_keys(Book.find(Path(__file__).parent).config) == []


def test_listed_pages_go_into_parts_and_sections():
    contents = {"root": "index", "parts": [{"caption": "P", "chapters": [{"file": "a", "sections": [{"file": "b"}]}]}]}
    assert list(listed_pages(contents)) == ["index", "a", "b"]
