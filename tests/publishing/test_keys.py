"""A key changes with everything the result depends on, and with nothing else."""

import shutil

import pytest

from lossatlas.publishing.build import keys
from lossatlas.publishing.build.book import Book

from .recorded import fresh, kept


@pytest.fixture
def book(make_book, tmp_path, monkeypatch):
    package = tmp_path / "package"
    shutil.copytree(keys.PUBLISHING, package / "publishing")
    (package / "loss.py").write_text("one = 1\n")
    monkeypatch.setattr(keys, "PACKAGE", package)
    monkeypatch.setattr(keys, "PUBLISHING", package / "publishing")
    return make_book(chapter=["# Chapter", ("1 + 1",)])


def key(book):
    return keys.notebook_key(book, book.sources / "chapter.ipynb", {"tier": "smoke"})


CHANGES = {
    "notebook": lambda book: (book.sources / "chapter.ipynb").write_text("{}"),
    "library": lambda book: (keys.PACKAGE / "loss.py").write_text("one = 2\n"),
    "new library file": lambda book: (keys.PACKAGE / "other.py").write_text(""),
    "catalogue code": lambda book: (keys.PACKAGE / "catalogue.py").write_text(""),
    "catalogue": lambda book: (book.sources / "papers" / "new.yml").write_text("title: New\npapers: []"),
    "data": lambda book: (book.sources / "digits.csv").write_text("1,2\n"),
    "pins": lambda book: (book.root / "requirements.txt").write_text("torch==0.1\n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_notebook_key_changes_with(book, change):
    before = key(book)
    CHANGES[change](book)
    assert key(book) != before


def test_notebook_key_changes_with_parameters_python_and_packages(book, monkeypatch):
    found = {key(book), keys.notebook_key(book, book.sources / "chapter.ipynb", {"tier": "full"})}
    monkeypatch.setattr(keys.platform, "python_version", lambda: "3.99.0")
    found.add(key(book))
    monkeypatch.setattr(keys.metadata, "distributions", lambda: [])
    found.add(key(book))
    assert len(found) == 4


def test_notebook_key_does_not_change_with_time_prose_records_masters_or_site_code(book):
    before = key(book)
    (book.sources / "chapter.ipynb").touch()
    (book.sources / "index.md").write_text("# Other words\n")
    kept(book.measured, "cross_entropy", parity={})
    fresh(book.fresh, "parity")
    (keys.PUBLISHING / "check.py").write_text("")
    (keys.PACKAGE / "classroom" / "grading").mkdir(parents=True)
    (keys.PACKAGE / "classroom" / "grading" / "one.py").write_text("one = 1\n")
    (book.sources / "exercises").mkdir()
    (book.sources / "exercises" / "chapter.ipynb").write_text("{}")
    (keys.PACKAGE / "__pycache__").mkdir()
    (keys.PACKAGE / "__pycache__" / "loss.pyc").write_bytes(b"x")
    assert key(book) == before


SITE_CHANGES = [
    "book/index.md", "_toc.yml", "_config.yml", "requirements.txt", "_build/executed/chapter.ipynb",
    "book/exercises/chapter.ipynb", "book/measured/regression.json", "book/papers/regression.yml",
    "book/references/regression.bib", "_build/measured/parity.json", "src/lossatlas/losses/one.py",
    "tests/references/one.py",
]  # fmt: skip


@pytest.mark.parametrize("change", SITE_CHANGES)
def test_site_key_changes_with(book, change):
    before = keys.site_key(book)
    path = book.root / change
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    assert keys.site_key(book) != before


def test_site_key_changes_with_the_audience_and_with_masters_elsewhere(book, tmp_path):
    found = {keys.site_key(book), keys.site_key(book, "instructor")}
    (tmp_path / "private").mkdir()
    private = Book(book.root, tmp_path / "private")
    assert keys.site_key(private) in found  # no masters here and none there
    (tmp_path / "private" / "chapter.ipynb").write_text("{}")
    found.add(keys.site_key(private))
    (tmp_path / "private" / "chapter.ipynb").write_text("[]")
    found.add(keys.site_key(private))
    assert len(found) == 4


def test_digest_keeps_parts_apart():
    assert keys.digest("ab", "c") != keys.digest("a", "bc")
