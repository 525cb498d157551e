"""Search, and the buttons that lead to Colab, the repository and a new issue."""

from urllib.parse import parse_qs, urlsplit

import pytest

import lossatlas
from lossatlas.publishing.build.check import GENERATED

from .conftest import BOOK

EXECUTED = list(BOOK.notebooks())
WRITTEN = list(BOOK.written_notebooks())


@pytest.mark.parametrize("word", ["poly1_cross_entropy", "label smoothing"])
def test_search_finds_a_loss(open_page, word):
    page, heard = open_page("index.html")
    page.locator(".search-button__button").first.click()
    page.locator("#pst-search-dialog input[type=search]").fill(word)
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    targets = page.locator("#search-results li a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert any("cross_entropy.html" in target for target in targets)
    assert heard.complaints == [] and heard.elsewhere == []


def test_search_works_from_disk(open_page, book):
    page, heard = open_page("search.html?q=focal", base=book.html.as_uri())
    page.wait_for_selector("#search-results li a")
    assert heard.complaints == []


@pytest.mark.parametrize("name", WRITTEN)
def test_chapter_opens_in_colab_at_the_committed_notebook(open_page, book, name):
    page, _ = open_page(f"{name}.html")
    owner = urlsplit(book.repository).path.strip("/")
    wanted = f"https://colab.research.google.com/github/{owner}/blob/main/book/{name}.ipynb"
    assert page.locator(f'a[href="{wanted}"]').count() == 1
    assert (book.sources / f"{name}.ipynb").is_file()


@pytest.mark.parametrize("name", ["index", *EXECUTED, *GENERATED])
def test_issue_button_says_which_page_and_version(open_page, book, name):
    page, _ = open_page(f"{name}.html")
    address = urlsplit(page.locator("a.btn-source-issues-button").get_attribute("href"))
    asked = parse_qs(address.query)
    assert f"https://{address.netloc}{address.path}" == f"{book.repository}/issues/new"
    assert name in asked["title"][0]
    assert f"`{name}`, version {lossatlas.__version__}" in asked["body"][0]
    assert ("tier" in asked["body"][0]) == (name in EXECUTED)


def test_repository_button(open_page, book):
    page, _ = open_page("index.html")
    assert page.locator("a.btn-source-repository-button").get_attribute("href") == book.repository


@pytest.mark.parametrize("name", EXECUTED)
def test_download_is_the_notebook_before_it_was_executed(book, name):
    assert (book.html / "_sources" / f"{name}.ipynb").read_bytes() == book.notebooks()[name].read_bytes()


@pytest.mark.parametrize("name", EXECUTED)
def test_foot_says_what_made_the_page(open_page, name):
    page, _ = open_page(f"{name}.html")
    foot = page.locator(".atlas-footer").inner_text()
    assert lossatlas.__version__ in foot and "CC BY 4.0" in foot and "PyTorch" in foot and "tier" in foot


@pytest.mark.parametrize("name", ["evidence"])
def test_evidence_gathers_the_verdicts(open_page, name):
    page, _ = open_page(f"{name}.html")
    words = page.locator("table.atlas-evidence tbody tr td:last-child strong").all_inner_texts()
    assert words and all(word.split(" ", 1)[1] in ("supported", "not supported", "inconclusive") for word in words)
