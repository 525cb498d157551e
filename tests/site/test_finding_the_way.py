"""Search, and the buttons that lead to Colab, the repository and a new issue."""

from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

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
    query = parse_qs(address.query)
    assert f"https://{address.netloc}{address.path}" == f"{book.repository}/issues/new"
    assert name in query["title"][0]
    assert f"`{name}`, version {lossatlas.__version__}" in query["body"][0]
    assert ("tier" in query["body"][0]) == (name in EXECUTED)


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


@pytest.fixture
def cards(book):
    """Key -> (page, word) of every card of a verdict on the built pages, of which no key has two."""
    found = {}
    for path in sorted(book.html.rglob("*.html")):
        if path.relative_to(book.html).parts[0] != "slides":
            for card in BeautifulSoup(path.read_text(encoding="utf8"), "html.parser").select(".atlas-verdict"):
                assert card["id"] == f"claim-{card['data-key']}" and card["data-key"] not in found
                found[card["data-key"]] = path.relative_to(book.html).as_posix(), card["data-word"]
    return found


def test_evidence_gathers_the_verdicts_and_leads_to_each(open_page, cards):
    page, _ = open_page("evidence.html")
    links = page.locator("table.atlas-evidence tbody tr td:last-child a.atlas-verdict-word")
    shown = links.evaluate_all("links => links.map(link => [link.getAttribute('href'), link.textContent.slice(2)])")
    assert shown and sorted(shown) == sorted(
        ["#".join((at, f"claim-{key}")), word] for key, (at, word) in cards.items()
    )
    assert page.locator(".atlas-verdict").count() == 0


@pytest.mark.parametrize("name", [name for name in WRITTEN if f"evidence/{name}" in WRITTEN])
def test_a_chapter_shows_verdicts_by_role_and_leads_to_their_cards(open_page, cards, name):
    page, heard = open_page(f"{name}.html#does-it-hold")
    assert page.locator(".atlas-verdict").count() == 0
    links = page.locator("#does-it-hold a.atlas-verdict-word")
    assert 2 <= links.count() <= 9
    for link in links.all():
        at, _, key = link.get_attribute("href").partition("#claim-")
        assert cards[key] == (at, link.inner_text()[2:]) and at == f"evidence/{name}.html"
        assert len(link.get_attribute("title")) > 20
    links.first.click()
    page.wait_for_url(f"**/evidence/{name}.html#claim-*")
    assert page.locator(":target.atlas-verdict").is_visible()
    assert heard.complaints == []
