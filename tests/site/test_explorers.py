"""Every explorer of every page answers to every control, by mouse and by keyboard, with no kernel behind it."""

from pathlib import Path

import pytest

from .conftest import BOOK, pages, rest, wake

MOVES = Path(__file__).with_name("exercise_controls.js").read_text(encoding="utf8")
EXPLORERS = (
    {name: (BOOK.html / f"{name}.html").read_text(encoding="utf8").count('class="atlas-explorer"') for name in pages()}
    if BOOK.html.is_dir()
    else {}
)
WITH_EXPLORERS = [name for name, count in EXPLORERS.items() if count]
EACH_EXPLORING_PAGE = pytest.mark.parametrize("name", WITH_EXPLORERS or ["cross_entropy"])
#: Parts of pages, of so many explorers at most: a page with all losses would keep one process busy for long.
PART = 24
PARTS = [(name, first) for name in WITH_EXPLORERS for first in range(0, EXPLORERS[name], PART)]

#: Milliseconds of a step: the goal at the 95th percentile on a quiet machine, and what the median may be on any.
GOAL, LIMIT = 32, 150


def changed(moves, way):
    """Whether the moves in one direction changed the drawing; a plateau on the way, where nothing moves, is fine."""
    sign = 1 if way == "up" else -1
    return any(move["changed"] for move in moves if (move["to"] - move["from"]) * sign > 0)


@pytest.mark.rotating
@pytest.mark.parametrize(("name", "first"), PARTS or [("cross_entropy", 0)])
def test_every_control_moves_its_figure(open_page, name, first, record_property):
    page, heard = open_page(f"{name}.html")
    rest(page)
    assert wake(page, first, PART) > 0
    report = page.evaluate(MOVES, [first, first + PART])
    figures = page.locator("figure.atlas-explorer").all()[first : first + PART]
    assert len(report) == sum(figure.locator("[data-control]").count() for figure in figures)
    if not report:  # figures without a control, at the end of a page: they are drawn, and nothing moves
        assert heard.complaints == [] and heard.elsewhere == []
        return
    steps = sorted(move["ms"] for control in report for move in control["moves"])
    median, p95 = (steps[int(share * (len(steps) - 1))] for share in (0.5, 0.95))
    record_property("step_ms_p95", p95)
    print(
        f"{name}: {len(steps)} steps of {len(report)} controls, median {median:.1f} ms, p95 {p95:.1f} ms (goal {GOAL})"
    )
    assert [
        f"{c['figure']} {c['control']} {m['from']}→{m['to']}" for c in report for m in c["moves"] if not m["ended"]
    ] == []
    assert [
        f"{c['figure']} {c['control']} {way}" for c in report for way in ("up", "down") if not changed(c["moves"], way)
    ] == []
    assert [f"{c['figure']} {c['control']}" for c in report if c["tables"] < 2] == []
    assert heard.complaints == [] and heard.elsewhere == []
    assert median <= LIMIT


@EACH_EXPLORING_PAGE
def test_keyboard_alone_moves_a_figure(open_page, name):
    page, _ = open_page(f"{name}.html")
    rest(page)
    slider = "figure.atlas-explorer.is-live:has(input[type=range])"
    for first in range(EXPLORERS[name]):  # controls are made when a figure wakes
        wake(page, first, 1)
        if page.locator(slider).count():
            break
    page.locator(slider).first.evaluate("f => f.setAttribute('data-first', '')")
    before = page.locator("[data-first] .main-svg").first.inner_html()
    page.locator("[data-first]").evaluate("figure => { figure.tabIndex = -1; figure.focus(); }")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.matches('[data-first] [data-control]')")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
    while not page.evaluate("() => document.activeElement.type === 'range'"):
        page.keyboard.press("Tab")
    slider = page.evaluate_handle("() => document.activeElement")
    value = slider.evaluate("s => s.value")
    page.keyboard.press("ArrowLeft" if value == slider.evaluate("s => s.max") else "ArrowRight")
    assert slider.evaluate("s => s.value") != value
    page.wait_for_function("b => document.querySelector('[data-first] .main-svg').innerHTML !== b", arg=before)
    page.wait_for_function("() => document.querySelector('[data-first] .atlas-announcement').textContent.trim()")


@EACH_EXPLORING_PAGE
def test_figures_follow_the_theme(open_page, name):
    page, heard = open_page(f"{name}.html", "light")
    wake(page, most=2)
    ground = "() => getComputedStyle(document.querySelector('figure.atlas-explorer .main-svg')).background"
    light = page.evaluate(ground)
    page.locator(".theme-switch-button").first.click()
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    page.wait_for_function(f"before => ({ground})() !== before", arg=light)
    assert heard.complaints == []


@EACH_EXPLORING_PAGE
def test_without_script_the_pictures_are_there(open_page, name):
    page, _ = open_page(f"{name}.html", java_script_enabled=False)
    images = page.locator("figure.atlas-explorer .atlas-plot img")
    assert images.count() == page.locator("figure.atlas-explorer").count() > 0
    for fold in page.locator("details.atlas-picture > summary").all():
        fold.click()
    for n in range(images.count()):
        images.nth(n).scroll_into_view_if_needed()
        assert images.nth(n).is_visible()
        assert len(images.nth(n).get_attribute("alt")) > 20
        answer = page.request.get(page.url.rsplit("/", 1)[0] + "/" + images.nth(n).get_attribute("src"))
        assert answer.ok and answer.body().startswith(b"\x89PNG")
    assert not page.locator(".atlas-controls").first.is_visible()


@EACH_EXPLORING_PAGE
def test_page_works_from_disk(open_page, book, name):
    page, heard = open_page(f"{name}.html", base=book.html.as_uri())
    rest(page)
    assert wake(page, most=2) > 0
    assert page.locator("mjx-container").count() >= page.locator("main .math").count()
    assert heard.complaints == [] and heard.elsewhere == []


@EACH_EXPLORING_PAGE
def test_print_shows_text_and_figures_alone(open_page, name):
    page, _ = open_page(f"{name}.html")
    wake(page, most=2)
    page.emulate_media(media="print")
    assert page.locator("h1:visible").first.is_visible()
    assert page.locator("figure.atlas-explorer .main-svg").first.is_visible()
    for chrome in (
        ".bd-sidebar-primary",
        ".bd-sidebar-secondary",
        ".bd-header-article",
        ".atlas-controls",
        ".prev-next-footer",
    ):
        assert not page.locator(chrome).first.is_visible(), chrome
