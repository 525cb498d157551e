"""Verdicts on their way to the site: gathered once, listed by family, and shown by a role where a text names them."""

import re

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_markdown_cell, new_notebook

from lossatlas.publishing.build import generated, keys
from lossatlas.publishing.build.book import Book, BookError
from lossatlas.publishing.build.execute import execute
from lossatlas.publishing.build.site import build
from lossatlas.publishing.build.verdict_role import unknown
from lossatlas.publishing.pages.evidence import collect_verdicts, evidence_page

from .conftest import REPOSITORY
from .verdicts import CLAIM, VERDICT, evidence


def test_verdicts_are_collected_with_their_page_in_order():
    notebooks = {"evidence/one": evidence("b", "a"), "chapter": new_notebook(), "evidence/two": evidence("c")}
    found = collect_verdicts(notebooks)
    assert [(verdict["key"], verdict["page"]) for verdict in found] == [
        ("b", "evidence/one"),
        ("a", "evidence/one"),
        ("c", "evidence/two"),
    ]
    assert found[0] == {**VERDICT, "key": "b", "page": "evidence/one"}


@pytest.mark.parametrize(
    ("notebooks", "message"),
    [
        (
            {"evidence/one": evidence("a"), "evidence/two": evidence("b", "a")},
            "evidence/two: .* 'a', which evidence/one",
        ),
        ({"evidence/one": evidence("a", "a")}, "evidence/one: .* 'a', which evidence/one"),
    ],
)
def test_a_key_of_two_claims_or_a_verdict_shown_twice_is_refused(notebooks, message):
    with pytest.raises(BookError, match=message):
        collect_verdicts(notebooks)


def test_no_key_is_used_twice_in_this_book():
    """From the sources, so that two new families are listed before anything is executed."""
    texts = [path.read_text(encoding="utf8") for path in Book(REPOSITORY).written_notebooks().values()]
    used = re.findall(r'\bkey=\\"([a-z0-9-]+)\\"', "".join(texts))
    assert len(used) > 50 and len(set(used)) == len(used)


def test_claims_stand_on_pages_of_evidence_alone():
    for name, path in Book(REPOSITORY).written_notebooks().items():
        text = path.read_text(encoding="utf8")
        assert ("lossatlas.evidence import" in text) == name.startswith("evidence/"), name


def test_every_verdict_that_a_written_page_names_is_one():
    """From the sources: the build would refuse it too, after everything was executed."""
    book = Book(REPOSITORY)
    texts = {name: path.read_text(encoding="utf8") for name, path in book.written_notebooks().items()}
    claims = set(re.findall(r'\bkey=\\"([a-z0-9-]+)\\"', "".join(texts.values())))
    texts |= {path.name: path.read_text(encoding="utf8") for path in book.sources.glob("*.md")}
    named = {key for text in texts.values() for key in re.findall(r"\{verdict\}`([^`]+)`", text)}
    assert named and named <= claims


def test_the_page_states_what_was_computed_by_family():
    one, other = (
        {**VERDICT, "page": "evidence/one"},
        {**VERDICT, "key": "b", "word": "supported", "page": "evidence/two"},
    )
    page = evidence_page([one, other], {"one": "The first family", "evidence/one": "Evidence"})
    first, second = page.split("## ")[1:]
    assert "2 claims: 1 supported, 1 not supported." in page
    assert first.startswith("The first family\n\n1 claim: 1 not supported. The experiments: {doc}`/evidence/one`.")
    assert second.startswith("two\n\n1 claim: 1 supported. The experiments: {doc}`/evidence/two`.")
    for words in ("A beats B. {cite}`good1952rational`", "{verdict}`a-beats-b`", "tier smoke", "10% of 20 seeds"):
        assert words in first
    assert "-0.123, 95 % interval -0.2 to -0.05" in first and "{verdict}`b`" in second


def test_a_page_without_evidence_says_so():
    assert "No claim has been put to the test yet" in evidence_page([], {})


def test_near_keys_are_named():
    known = ["comp-sum-noise", "ldr-noise", "poly1-accuracy"]
    assert unknown("comp-sum-nois", known) == "no claim has the key 'comp-sum-nois'; near to it: comp-sum-noise"
    assert unknown("zzz", known).endswith("there are: comp-sum-noise, ldr-noise, poly1-accuracy")
    assert unknown("zzz", []).endswith("there are: none")


@pytest.fixture
def book(make_book, tmp_path, monkeypatch):
    """A chapter, its evidence and its reference; all of them and the front page name the verdict."""
    (tmp_path / "library").mkdir()
    monkeypatch.setattr(keys, "PACKAGE", tmp_path / "library")
    named = new_markdown_cell("# Exactly\n\nA and B: {verdict}`a-beats-b`.")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    monkeypatch.setattr(
        generated, "made", lambda book: {"reference/chapter": new_notebook(cells=[named], metadata=kernel)}
    )
    chapter, measured = "# The chapter\n\nA beats B: {verdict}`a-beats-b`.", ["# Evidence: the chapter", (CLAIM,)]
    book = make_book(**{"chapter": [chapter], "evidence/chapter": measured})
    (book.sources / "index.md").write_text("# A book\n\nOn A: {verdict}`a-beats-b`.\n\n```{bibliography}\n```\n")
    execute(book)
    return book


def test_the_role_shows_a_verdict_anywhere_and_an_unknown_key_stops_the_build(book):
    build(book)
    pages = {
        name: BeautifulSoup((book.html / f"{name}.html").read_text(), "html.parser")
        for name in ("index", "chapter", "evidence/chapter", "reference/chapter", "evidence")
    }
    for name, top in {"index": "", "chapter": "", "evidence": "", "reference/chapter": "../"}.items():
        (link,) = pages[name].select("a.atlas-verdict-word")
        assert link.get_text() == "✗ not supported" and link["title"] == "A beats B & C."
        assert link["href"] == f"{top}evidence/chapter.html#claim-a-beats-b"
        assert not pages[name].select(".atlas-verdict")
    (card,) = pages["evidence/chapter"].select(".atlas-verdict")
    assert card["id"] == "claim-a-beats-b" and card["data-word"] == "not supported"
    assert [title.get_text().strip("#") for title in pages["evidence"].select("article h2")] == ["The chapter"]

    (book.sources / "index.md").write_text("# A book\n\nOn A: {verdict}`a-beat-b`.\n\n```{bibliography}\n```\n")
    with pytest.raises(BookError, match=r"index\.md:3: .*no claim has the key 'a-beat-b'; near to it: a-beats-b"):
        build(book)
    assert not book.stamp.exists()
