"""Where the exercises of a chapter are, and what becomes of a book that has no masters."""

from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lossatlas.exercises import listing
from lossatlas.publishing.build.book import Book, BookError
from lossatlas.publishing.pages.exercises import (
    addresses,
    link_listings,
    link_sections,
    section_titles,
)


@pytest.fixture
def configured(make_book):
    """A function that makes the book with other launch buttons."""

    def make(**launch):
        book = make_book(chapter=["# Chapter"])
        config = {**yaml.safe_load(book.configuration.read_text()), "launch_buttons": launch}
        config["repository"] = {"url": "https://example.org/people/atlas/"}
        book.configuration.write_text(yaml.safe_dump(config))
        return book

    return make


def test_addresses_follow_from_the_configuration(configured):
    book = configured(colab_url="https://colab.example.org", jupyterhub_url="https://hub.example.org/")
    found = addresses(book, "chapter")
    assert list(found) == [
        "Download the notebook",
        "Open it in Colab",
        "Open it on the course's hub",
        "Back to the chapter",
    ]
    assert (
        found["Download the notebook"] == "exercises/chapter.ipynb" and found["Back to the chapter"] == "chapter.html"
    )
    assert found["Open it in Colab"] == "https://colab.example.org/github/people/atlas/blob/student/chapter.ipynb"
    pull = urlsplit(found["Open it on the course's hub"])
    assert f"{pull.scheme}://{pull.netloc}{pull.path}" == "https://hub.example.org/hub/user-redirect/git-pull"
    query = {key: value[0] for key, value in parse_qs(pull.query).items()}
    assert query == {
        "repo": "https://example.org/people/atlas",
        "branch": "student",
        "urlpath": "lab/tree/atlas/chapter.ipynb",
    }


def test_what_there_is_not_is_not_offered(configured):
    assert addresses(configured(), "another") == {"Download the notebook": "exercises/another.ipynb"}


@pytest.mark.parametrize("top", ["", "../"])
@pytest.mark.parametrize(("pages", "linked"), [(["contrastive_exercises"], True), ([], False)])
def test_a_listing_leads_to_the_page_that_this_site_has(pages, linked, top):
    output = new_output("display_data", listing("contrastive")._repr_mimebundle_())
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[output])])
    link_listings(notebook, pages, top)
    links = BeautifulSoup(notebook.cells[0].outputs[0].data["text/html"], "html.parser").select("a")
    assert [link["href"] for link in links] == [
        f"{top}contrastive_exercises.html#exercise-{n}" for n in range(1, 6) if linked
    ]


def test_a_section_of_the_chapter_or_its_evidence_that_is_named_is_linked(make_book):
    chapter = ["# Chapter\n\n## One formula, many\n\nText.\n\n### With $x$\n", ("## no = heading",)]
    evidence = ["# Evidence\n\n## Small batches\n\nText.\n\n## One formula, many"]
    book = make_book(**{"chapter": chapter, "evidence/chapter": evidence})
    pages = section_titles(book, "chapter")
    assert pages == {"One formula, many": "chapter", "Small batches": "evidence/chapter"}
    assert section_titles(book, "another") == {}
    link = '<a href="evidence/chapter.html#small-batches"><em>Small batches</em></a>'
    assert link_sections("See *Small batches*.", pages) == f"See {link}."
    text = "See *One formula, many*, *many*, **One formula, many** and a*One formula, many*b."
    link = '<a href="chapter.html#one-formula-many"><em>One formula, many</em></a>'
    assert link_sections(text, pages) == f"See {link}, *many*, **One formula, many** and a*One formula, many*b."


def test_masters_may_lie_elsewhere(make_book, tmp_path):
    root = make_book(chapter=["# Chapter"]).root
    assert Book(root).masters() == {}
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "chapter.ipynb").write_text("{}")
    assert Book.find(root, masters=tmp_path / "private").masters() == {
        "chapter": tmp_path / "private" / "chapter.ipynb"
    }
    with pytest.raises(BookError, match="nowhere: no such folder of masters"):
        Book.find(root, masters=tmp_path / "nowhere")
