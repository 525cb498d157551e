"""Certificates and the pages of the appendix, as a reader meets them."""

import pytest

from lossatlas.contract import losses
from lossatlas.losses import families
from lossatlas.publishing.build.records import COMMANDS, certificates, joined, parts
from lossatlas.publishing.pages.reference import page_of

from .conftest import BOOK, rest

REFERENCE = {page_of(family): family for family in families()}
PAGE = page_of("cross_entropy")


def first_certificate(page):
    return page.locator("details.atlas-certificate").first


@pytest.mark.parametrize("screen", ["light", "phone"])
def test_certificate_stands_in_the_entry_of_its_loss_and_opens_by_keyboard(open_page, screen):
    page, heard = open_page(f"{PAGE}.html", screen)
    rest(page)
    found = first_certificate(page)
    loss = found.get_attribute("id").removeprefix("certificate-")
    summary = found.locator("> summary")
    summary.scroll_into_view_if_needed()
    assert summary.is_visible() and not found.locator("> div").is_visible()
    assert found.evaluate("found => found.closest('section').id") == loss
    summary.focus()
    page.keyboard.press("Enter")
    assert found.locator("> div").is_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    inside = found.bounding_box()
    assert inside["x"] >= 0 and inside["x"] + inside["width"] <= page.viewport_size["width"]
    assert heard.complaints == []


@pytest.mark.parametrize("name", REFERENCE)
def test_every_loss_of_a_family_has_one_that_says_what_the_record_says(open_page, book, name):
    page, _ = open_page(f"{name}.html")
    proven = certificates(book)
    shown = page.locator("details.atlas-certificate").evaluate_all("all => all.map(one => [one.id, one.className])")
    assert [address.removeprefix("certificate-") for address, _ in shown] == [
        entry.name for entry in losses(family=REFERENCE[name])
    ]
    for address, kind in shown:
        loss = address.removeprefix("certificate-")
        assert ("unknown" in kind) == (loss not in proven)


def test_proof_page_leads_to_the_certificates(open_page, book):
    page, _ = open_page("proof.html")
    if not certificates(book):
        assert page.get_by_text("No loss is certified yet").is_visible()
        return
    links = page.locator(".atlas-proof tbody th a")
    assert links.count() == len({entry.name for entry in losses()} & set(certificates(book)))
    address = links.first.get_attribute("href")
    links.first.click()
    page.wait_for_url(f"**/{address}")
    assert page.locator(f"#{address.partition('#')[2]}").is_visible()


@pytest.mark.parametrize("name", ["proof", "parity", "speed"])
def test_tables_scroll_inside_themselves_on_a_phone(open_page, name):
    page, _ = open_page(f"{name}.html", "phone")
    rest(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for table in page.locator(".atlas-record").all():
        widths = table.evaluate("e => [e.getBoundingClientRect().right, e.scrollWidth, e.clientWidth]")
        assert widths[0] <= page.viewport_size["width"]
        if widths[1] > widths[2]:
            table.focus()
            first = table.locator("tbody th").first
            before = first.bounding_box()["x"]
            page.keyboard.press("ArrowRight")
            page.wait_for_function("e => e.scrollLeft > 0", arg=table.element_handle())
            assert first.bounding_box()["x"] == pytest.approx(before, abs=1), "the name of the loss stays in view"


@pytest.mark.parametrize(("name", "record"), [("proof", "certificates"), ("parity", "parity"), ("speed", "benchmarks")])
def test_page_without_a_record_says_which_command_makes_it(open_page, book, name, record):
    page, _ = open_page(f"{name}.html")
    commands = page.locator("main code", has_text=COMMANDS[record])
    assert commands.count() or parts(book, record)


def test_speed_page_shows_memory_and_time_at_scale_where_they_are_on_record(open_page, book):
    page, _ = open_page("speed.html")
    measured = joined(parts(book, "scale"), "rows")
    rows = page.get_by_role("region", name="Memory and time at scale").locator("tbody tr")
    assert rows.count() == len(measured)
    assert page.get_by_role("heading", name="At scale").count() == bool(measured)


@pytest.mark.skipif(not parts(BOOK, "benchmarks"), reason="no benchmarks are on record")
@pytest.mark.parametrize("screen", ["light", "dark", "phone"])
def test_plot_of_the_ratios_is_drawn_in_the_colours_of_the_page(open_page, screen):
    page, _ = open_page("speed.html", screen)
    plot = page.locator("svg.atlas-speed").first
    assert plot.get_attribute("role") == "img" and "as long" in plot.get_attribute("aria-label")
    inks = plot.evaluate("e => [...e.querySelectorAll('text')].map(part => getComputedStyle(part).fill)")
    assert page.evaluate("() => getComputedStyle(document.body).color") in inks
    assert plot.bounding_box()["width"] <= page.viewport_size["width"]
