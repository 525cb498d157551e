"""What is secret about an exercise is found wherever it gets out, and what students are given is not taken for it."""

import json
import zipfile

import pytest

from lossatlas.classroom.masters import read_master
from lossatlas.exercises import EXERCISES
from lossatlas.publishing.build.leaks import DISTINCTIVE, leaks, secrets_of

from .masters import EXERCISE, write_master

SECRET = "    halved_carefully = values * torch.tensor(0.5)"
HIGHLIGHTED = (
    '<span class="n">halved_carefully</span> <span class="o">=</span>\n'
    '<span class="n">values</span> * torch.tensor(<b>0.5</b>)'
)
INDEX = 'Search.setIndex({"terms": {"chapter": [0], "half": [0]%s}, "titleterms": {}})'


@pytest.fixture
def book(make_book, monkeypatch):
    """A book with a master, and a site that holds what students are given."""
    monkeypatch.setitem(EXERCISES, "chapter/1", EXERCISE)
    book = make_book(chapter=["# Chapter"])
    question = read_master(write_master(book.sources / "exercises")).questions[0]
    book.html.mkdir(parents=True)
    stub = question.stub.replace("<", "&lt;")
    (book.html / "page.html").write_text(
        f"<h1>Half</h1>\n<p>{question.statement}</p>\n<pre>{stub}</pre>\n<p>{question.hints[0]}</p>"
    )
    (book.html / "searchindex.js").write_text(INDEX % "")
    return book


def places(book):
    return [place for place, _ in leaks(book)]


def test_what_students_are_given_is_no_leak(book):
    assert places(book) == []


def test_secrets_are_the_solution_its_reasons_and_the_hidden_check(book):
    master = read_master(next(iter(book.masters().values())))
    secrets = list(secrets_of(master))
    assert {secret.origin for secret in secrets} == {
        "the solution of chapter/1",
        "the hidden check test_twice_is_the_whole of chapter/1",
    }
    words = " ".join(secret.words for secret in secrets)
    for part in (
        "return halved_carefully",
        "a power of two loses nothing",
        "exact, **because**",
        "two halves are no whole",
    ):
        assert part in words
    assert "import torch" not in words and "test_two(" not in words
    assert all(len(secret.letters) >= DISTINCTIVE for secret in secrets)


def test_a_short_line_counts_together_with_its_neighbours(book, monkeypatch):
    monkeypatch.setattr(
        "tests.publishing.masters.SOLUTION",
        "def halve(values):\n    # BEGIN SOLUTION\n    v = values\n    v = v / 2\n    return v\n    # END SOLUTION",
    )
    write_master(book.sources / "exercises")
    (book.html / "page.html").write_text("<p>v = v / 2, and return v: that alone could be about anything.</p>")
    assert places(book) == []
    (book.html / "page.html").write_text("<pre>def halve(values):\n    v = values\n    v = v / 2\n    return v</pre>")
    assert places(book)


LEAKS = {
    "page.html": ("<p>x</p>\n" * 3 + f"<pre>{HIGHLIGHTED}</pre>", 4),
    "_sources/chapter_exercises.md": (f"# Exercises\n\n```python\n{SECRET}\n```\n", 4),
    "explorers/chapter/atlas-1.js": (f"LossAtlas.receive({json.dumps({'text': SECRET})});\n", 1),
    "exercises/chapter.ipynb": (json.dumps({"cells": [{"source": ["import torch\n", f"{SECRET}\n"]}]}, indent=1), 6),
    "_static/notes.txt": ("The product with one half is exact, because a half is a power of two.", 1),
    "other.html": ("<p>The product with one half is exact, <strong>because</strong>\na half is a power of two.</p>", 1),
    "checks.html": (
        "<pre>\n\nassert torch.equal(halve(values) + halve(values), values), &quot;two halves are no whole&quot;</pre>",
        3,
    ),
    "deep.json": (
        json.dumps({"checks": 'assert torch.equal(halve(values) + halve(values), values), "two halves are no whole"'}),
        1,
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found_with_file_and_line(book, name):
    text, line = LEAKS[name]
    path = book.html / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    ((place, message),) = leaks(book)
    assert place == f"{name}:{line}"
    assert "of chapter/1: " in message


def test_an_archive_is_looked_into(book):
    with zipfile.ZipFile(book.html / "bundle.zip", "w") as archive:
        archive.writestr("tests/q1.py", SECRET)
    assert places(book) == ["bundle.zip/tests/q1.py:1"]


def test_the_index_must_not_know_a_word_that_stands_in_secrets_alone(book):
    (book.html / "searchindex.js").write_text(INDEX % ', "halved_car": [0], "halved_carefulli": [1]')
    assert [(place, "halved_carefully" in message) for place, message in leaks(book)] == [("searchindex.js:1", True)]


def test_a_word_that_the_book_uses_too_may_be_in_the_index(book):
    (book.html / "searchindex.js").write_text(INDEX % ', "halved_carefulli": [1]')
    (book.sources / "index.md").write_text("# Words\n\nWhat is halved_carefully stays whole.\n")
    assert places(book) == []
