"""Every page: sound in light, in dark and on a phone, with the network cable pulled."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from lossatlas.publishing.build.weight import EXPLORER, PLOTTING, READABLE, transferred

from .conftest import BOOK, SCREENS, pages, rest, wake

EACH_PAGE = pytest.mark.parametrize("name", pages())
#: Of a page with all losses so many explorers, evenly spread, are brought to life: they repeat each other in kind, and
#: the tests of their controls look at every one.
ALIVE = 40

TOO_WIDE = """() => {
  const scrolls = (e) => /auto|scroll|hidden/.test(getComputedStyle(e).overflowX);
  const inside = (e) => { for (; e; e = e.parentElement) if (scrolls(e)) return true; };
  return [...document.querySelectorAll("main *")]
    .filter((e) => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1)
    .filter((e) => !inside(e.parentElement) && !inside(e))
    .map((e) => e.tagName + "." + e.className).slice(0, 5);
}"""

#: What the accessibility rules need not walk through, nine tenths of a page: the rows of a long table, which are alike,
#: the drawn inside of a formula (its MathML stays) and of a plot (an image with a text of its own).
SHORTEN = """() => document.querySelectorAll("tbody tr:nth-child(n + 13), mjx-container > mjx-math, .main-svg > *")
  .forEach((part) => part.remove())"""


@EACH_PAGE
@pytest.mark.parametrize(
    "screen", ["light", *(pytest.param(s, marks=pytest.mark.rotating) for s in SCREENS if s != "light")]
)
def test_page_is_sound(open_page, name, screen):
    """Quiet console, no other host, formulas set, nothing wider than the screen, accessible."""
    page, heard = open_page(f"{name}.html", screen)
    rest(page)
    wake(page, every=1 + page.locator("figure.atlas-explorer").count() // ALIVE)
    if page.locator("main .math").count():
        assert page.locator("main mjx-container").count() >= page.locator("main .math").count()
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(TOO_WIDE) == []
    assert page.locator("html").get_attribute("data-theme") == ("dark" if screen == "dark" else "light")
    assert heard.elsewhere == []
    assert heard.complaints == []
    page.evaluate(SHORTEN)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [
        f"{v['id']}: {v['help']} ({len(v['nodes'])}×) {v['nodes'][0]['html'][:160]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert grave == []


@EACH_PAGE
def test_page_is_readable_after_a_megabyte(open_page, origin, name, record_property):
    """Counted from what the browser asked for before anybody scrolled, compressed as a server would send it."""
    page, heard = open_page(f"{name}.html")
    rest(page)
    page.wait_for_load_state("networkidle")
    requested = {address.removeprefix(f"{origin}/").split("?")[0].split("#")[0] for address in heard.requested}
    requested = {
        address for address in requested if not address.startswith(("explorers/", "_static/vendor/", "data:", "blob:"))
    }
    weight = sum(transferred(BOOK.html / address) for address in requested)
    record_property("kB", weight // 1000)
    print(f"{name}: {weight / 1000:.0f} kB")
    assert weight <= READABLE


def test_figures_are_light(book):
    """What explorers fetch when they come near the view: the plotting script once, and the data of each."""
    assert transferred(book.html / "_static" / "vendor" / "plotly.min.js") <= PLOTTING
    data = list((book.html / "explorers").rglob("*.js"))
    assert data and max(map(transferred, data)) <= EXPLORER
