"""The reference and the page of all losses in a browser: filters, figures on demand, two losses over one another."""

from functools import cache

import nbformat
import pytest
from bs4 import BeautifulSoup

import lossatlas
from lossatlas.contract import get, losses
from lossatlas.explore.pictures.cards import CARD
from lossatlas.losses import families
from lossatlas.publishing.build.moved import MOVED
from lossatlas.publishing.pages.reference import address, page_of
from lossatlas.publishing.pages.reference.links import entries

from .conftest import BOOK, rest

EACH_FAMILY = pytest.mark.parametrize("family", families())
EACH_SCREEN = pytest.mark.parametrize("screen", ["light", "dark", "phone"])
VISIBLE = "rows => rows.filter(row => row.checkVisibility()).map(row => row.id.replace(/^(index|loss)-/, ''))"


def visible(page):
    return page.locator("[data-row]").evaluate_all(VISIBLE)


@cache
def soup_of(name):
    return BeautifulSoup((BOOK.html / f"{name}.html").read_text(encoding="utf8"), "html.parser")


# The pages as they are built.


@EACH_FAMILY
def test_every_entry_is_a_section_of_its_own_name_with_its_pictures(book, family):
    page = soup_of(page_of(family))
    names = [name for name, of in entries().items() if of == family]
    sections = {section["id"] for section in page.select("main section[id]")}
    assert set(names) <= sections
    toc = {link["href"] for link in page.select(".bd-sidebar-secondary a")}
    assert {f"#{name}" for name in names} <= toc
    for entry in losses(family=family):
        section = page.find("section", id=entry.name)
        probes = entry.signature.probes
        assert len(section.select("figure.atlas-explorer")) == bool(probes.lines) + len(probes.planes), entry.name
        assert len(section.select("details.atlas-certificate")) == 1
        assert section.select(".highlight") and section.select("div.math")
        assert bool(section.select("a.atlas-beside-link")) == bool(
            probes.lines and len(losses(signature=entry.signature)) > 1
        )


@EACH_FAMILY
def test_special_cases_lead_to_entries_that_are_there(book, family):
    for entry in losses(family=family):
        section = soup_of(page_of(family)).find("section", id=entry.name)
        addresses = {link["href"] for link in section.select("a[href]")}
        for case in entry.special_cases:
            other = get(case.of)
            page = page_of(other.family)
            wanted = f"#{other.name}" if other.family == family else f"{other.family}.html#{other.name}"
            assert any(address.endswith(wanted) for address in addresses), (entry.name, other.name)
            assert soup_of(page).find(id=other.name)


def test_cards_of_chapters_lead_to_the_reference_and_hold_no_certificates(book):
    for name in families():
        page = soup_of(name)
        outputs = [
            output["data"]
            for cell in nbformat.read(book.executed / f"{name}.ipynb", as_version=4).cells
            for output in cell.get("outputs", ())
            if CARD in output.get("data", {})
        ]
        links = page.select("p.atlas-to-reference a")
        assert [link["href"] for link in links] == [address(data[CARD]["loss"]) for data in outputs]
        assert links and not page.select(".atlas-certificate")


# One page of the reference.


@EACH_SCREEN
def test_the_index_narrows_as_one_types_and_enter_goes_there(open_page, screen):
    page, heard = open_page(f"{page_of('contrastive')}.html", screen)
    rest(page)
    everything = visible(page)
    assert sorted(everything) == sorted(lossatlas.losses.contrastive.__all__)
    page.get_by_label("Search the losses").focus()
    page.keyboard.type("simclr")
    assert "nt_xent" in visible(page) and len(visible(page)) < len(everything) / 2
    assert page.locator(".atlas-filter output").inner_text() == f"{len(visible(page))} of {len(everything)} entries"
    assert page.locator("[data-group]:visible").count() < page.locator("[data-group]").count()
    page.get_by_label("Search the losses").fill("nt_xent simclr")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash === '#nt_xent'")
    assert abs(page.locator("section#nt_xent").bounding_box()["y"]) < 200
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function(f"() => document.querySelectorAll('[data-row]:not([hidden])').length === {len(everything)}")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert heard.complaints == [] and heard.elsewhere == []


def test_a_link_to_an_entry_shows_its_heading(open_page):
    page, _ = open_page(f"{page_of('cross_entropy')}.html#focal_loss")
    rest(page)
    page.wait_for_timeout(300)
    heading = page.locator("section#focal_loss > h2").bounding_box()
    header = page.locator(".bd-header-article").bounding_box()
    assert header["y"] + header["height"] - 1 <= heading["y"] < 200


def test_without_a_script_the_index_is_whole(open_page):
    page, _ = open_page(f"{page_of('contrastive')}.html", java_script_enabled=False)
    assert not page.locator(".atlas-filter").is_visible()
    assert page.locator("[data-row]:visible").count() == len(lossatlas.losses.contrastive.__all__)


@EACH_SCREEN
def test_a_folded_figure_is_drawn_when_its_fold_opens_and_then_moves(open_page, screen):
    page, heard = open_page(f"{page_of('cross_entropy')}.html", screen)
    rest(page)
    fold = page.locator("section#focal_loss details.atlas-picture").first
    figure = fold.locator("figure.atlas-explorer")
    data = figure.locator("script[data-src]").get_attribute("data-src").rpartition("/")[2]
    fold.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert not any(address.endswith(data) for address in heard.requested)
    assert figure.locator(".main-svg").count() == 0
    fold.locator("> summary").focus()
    page.keyboard.press("Enter")
    figure.locator(".main-svg").first.wait_for()
    assert any(address.endswith(data) for address in heard.requested)
    before = figure.locator(".main-svg").first.inner_html()
    slider = figure.locator("input[type=range]").first
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "([figure, before]) => figure.querySelector('.main-svg').innerHTML !== before",
        arg=[figure.element_handle(), before],
    )
    assert heard.complaints == [] and heard.elsewhere == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_link_that_sets_a_folded_figure_opens_its_fold(open_page):
    page, _ = open_page(f"{page_of('cross_entropy')}.html")
    figure = page.locator("section#focal_loss details.atlas-picture figure.atlas-explorer").first
    name = figure.get_attribute("id")
    control = figure.locator("[data-control]").first.get_attribute("data-control")
    page.evaluate(f"() => {{ location.hash = '#{name}:{control}=0' }}")
    figure.locator(".main-svg").first.wait_for()
    assert figure.locator("output").first.inner_text() == "0"


# All losses.


@EACH_SCREEN
def test_the_table_narrows_by_words_and_choices_and_the_address_holds_it(open_page, screen):
    page, heard = open_page("losses.html", screen)
    rest(page)
    names = [entry.name for entry in losses()]
    assert visible(page) == names
    page.get_by_label("Search the losses").fill("margin")
    page.get_by_label("Signature").select_option("triplets")
    shown = visible(page)
    assert shown and all(get(name).signature.name == "triplets" for name in shown)
    assert page.locator(".atlas-filter output").inner_text() == f"{len(shown)} of {len(names)} losses"
    again, _ = open_page("losses.html" + page.evaluate("() => location.hash"), screen)
    assert visible(again) == shown
    page.get_by_label("Search the losses").fill("no loss is like this")
    assert visible(page) == [] and page.get_by_text("No loss matches").is_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert heard.complaints == [] and heard.elsewhere == []


def test_a_row_leads_to_the_entry(open_page):
    page, _ = open_page("losses.html")
    page.locator("#loss-circle_loss th a").click()
    page.wait_for_url("**/reference/pair_metric_learning.html#circle_loss")
    assert page.locator("section#circle_loss").count() == 1


def test_without_a_script_the_table_is_whole(open_page):
    page, _ = open_page("losses.html", java_script_enabled=False)
    assert page.locator("[data-row]:visible").count() == len(losses())
    assert not page.locator(".atlas-overlay-fold").is_visible() and not page.locator(".atlas-filter").is_visible()


def drawn(page):
    """name -> y-values of the curves that are drawn, values first and then gradients."""
    page.wait_for_selector(".atlas-overlay .main-svg")
    return page.evaluate(
        "() => document.querySelector('.atlas-overlay [role=img]').data.map(trace => [trace.name, Array.from(trace.y)])"
    )


@EACH_SCREEN
def test_two_losses_are_laid_over_one_another_from_their_address(open_page, screen):
    page, heard = open_page("losses.html#a=focal_loss&b=poly1_cross_entropy", screen)
    rest(page)
    curves = drawn(page)
    assert [name for name, _ in curves] == ["focal_loss", "focal_loss", "poly1_cross_entropy", "poly1_cross_entropy"]
    middle = len(curves[0][1]) // 2  # three logits, all equal
    third = 1 / 3
    assert curves[0][1][middle] == pytest.approx((1 - third) ** 2 * 1.0986123, rel=1e-3)
    assert curves[2][1][middle] == pytest.approx(1.0986123 + 1 - third, rel=1e-3)
    words = page.locator(".atlas-overlay [role=img]").get_attribute("aria-label")
    assert "focal_loss is" in words and "poly1_cross_entropy is" in words and "solid" in words
    page.locator(".atlas-overlay .atlas-values > summary").click()
    page.locator(".atlas-overlay .atlas-tables th").first.wait_for()
    heads = page.locator(".atlas-overlay .atlas-tables th[scope=col]").all_inner_texts()
    assert {"focal_loss: value", "poly1_cross_entropy: gradient"} <= set(heads)
    assert page.locator(".atlas-overlay .atlas-tables tbody tr").count() > 5
    assert page.locator(".atlas-overlay .legendtext").all_text_contents() == ["focal_loss", "poly1_cross_entropy"]
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert heard.complaints == [] and heard.elsewhere == []


def test_the_second_loss_is_one_of_the_signature_of_the_first(open_page):
    page, heard = open_page("losses.html#q=loss&a=focal_loss&b=cross_entropy")
    before = drawn(page)
    page.locator("#overlay-a").focus()
    page.locator("#overlay-a").select_option("circle_loss")
    page.wait_for_function("() => document.querySelector('.atlas-overlay [role=img]').data[0].name === 'circle_loss'")
    offered = page.locator("#overlay-b option").all_inner_texts()
    assert set(offered) == {e.name for e in losses(signature=get("circle_loss").signature)} - {"circle_loss"}
    page.locator("#overlay-b").select_option(offered[-1])
    page.wait_for_function(
        "name => document.querySelector('.atlas-overlay [role=img]').data[2].name === name", arg=offered[-1]
    )
    assert drawn(page) != before
    assert page.evaluate("() => location.hash") == f"#q=loss&a=circle_loss&b={offered[-1]}"
    page.wait_for_function(
        "() => document.querySelector('.atlas-overlay .atlas-announcement').textContent.includes('circle_loss')"
    )
    page.locator("#overlay-scale").select_option("shape")
    page.wait_for_function("() => Math.max(...document.querySelector('.atlas-overlay [role=img]').data[0].y) === 1")
    assert "scale=shape" in page.evaluate("() => location.hash")
    assert heard.complaints == []


def test_what_no_loss_is_called_changes_nothing(open_page):
    page, heard = open_page("losses.html#a=nothing&b=focal_loss")
    rest(page)
    assert not page.locator(".atlas-overlay").is_visible() and heard.complaints == []


def test_a_row_and_an_entry_lead_to_the_figure(open_page):
    page, heard = open_page("losses.html#family=contrastive")
    page.locator("#loss-nt_xent a[data-overlay]").click()
    assert drawn(page)[0][0] == "nt_xent"
    assert page.locator("#overlay-b").evaluate("field => field === document.activeElement")
    assert "family=contrastive" in page.evaluate("() => location.hash") and len(visible(page)) < len(losses())
    page.goto(page.url.partition("/losses")[0] + f"/{page_of('contrastive')}.html")
    page.locator("section#nt_xent a.atlas-beside-link").click()
    page.wait_for_url("**/losses.html#a=nt_xent*")
    assert drawn(page)[0][0] == "nt_xent"
    assert heard.complaints == [] and heard.elsewhere == []


def test_the_figure_loads_nothing_before_it_is_opened_and_works_from_disk(open_page, book):
    page, heard = open_page("losses.html", base=book.html.as_uri())
    rest(page)
    assert not any("plotly" in address or "explorers/" in address for address in heard.requested)
    page.locator(".atlas-overlay-fold > summary").click()
    assert len(drawn(page)) == 4
    assert heard.complaints == [] and heard.elsewhere == []


def test_the_figure_follows_the_theme(open_page):
    page, _ = open_page("losses.html#a=focal_loss", "light")
    drawn(page)
    ground = "() => getComputedStyle(document.querySelector('.atlas-overlay .main-svg')).background"
    light = page.evaluate(ground)
    page.locator(".theme-switch-button").first.click()
    page.wait_for_function(f"before => ({ground})() !== before", arg=light)


@pytest.mark.parametrize(("was", "page"), MOVED.items())
def test_an_address_that_was_leads_on(open_page, was, page):
    opened, heard = open_page(f"{was}.html")
    opened.wait_for_url(f"**/{page}.html")
    assert opened.get_by_role("heading", name="All losses").is_visible() and heard.complaints == []
