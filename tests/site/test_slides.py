"""The slides of every chapter in a browser: nothing overflows, figures live, nothing is fetched from elsewhere."""

import pytest

from .conftest import BOOK, rest

DECKS = sorted(path.stem for path in (BOOK.html / "slides").glob("*.html")) or ["cross_entropy"]
EACH_DECK = pytest.mark.parametrize("name", DECKS)
SLIDES = {"light": {"viewport": {"width": 1280, "height": 720}}, "phone": {}}

#: Goes to slide n, waits for its figure, and tells what sticks out of the slide or of the screen.
OVERFLOWS = """async (n) => {
  const slide = Reveal.getSlides()[n];
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v);
  const figure = slide.querySelector("figure.atlas-explorer");
  const late = performance.now() + 20000;
  while (figure && !figure.querySelector(".main-svg")) {
    if (performance.now() > late) throw new Error(figure.id + " stays still");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const box = slide.getBoundingClientRect();
  const [right, bottom] = [Math.min(box.right, innerWidth) + 1, Math.min(box.bottom, innerHeight) + 1];
  // What is drawn in these is clipped, or scrolls, in what holds them.
  const drawn = ".svg-container, .atlas-announcement, mjx-container";
  const scrolls = (e) => e.closest("div.math")?.scrollWidth > e.closest("div.math")?.clientWidth;
  return [...slide.querySelectorAll(".fits *")]
    .filter((e) => e.getClientRects().length && !e.closest(drawn) && !scrolls(e))
    .filter((e) => {
      const r = e.getBoundingClientRect();
      return r.right > right || r.bottom > bottom || r.left < box.left - 1 || r.top < box.top - 1;
    })
    .map((e) => `slide ${n + 1}, ${slide.querySelector("h1, h2").textContent}: ${e.tagName}.${e.className}`)
    .slice(0, 3);
}"""
#: The scale of a slide's content beside its own size, so that shrinking it until nobody can read it is no way out.
SCALE = "(n) => Number(/scale\\(([^)]*)\\)/.exec(Reveal.getSlides()[n].querySelector('.fits').style.transform)[1])"

#: Whether the address of the page names slide n.
ADDRESSED = """(n) => {
  const { h, v } = Reveal.getIndices(Reveal.getSlides()[n]);
  return location.hash === `#/${h}` + (v ? `/${v}` : "");
}"""


def opened(open_page, name, screen="light", **options):
    page, heard = open_page(f"slides/{name}.html", screen, **{**SLIDES.get(screen, {}), **options})
    rest(page)
    page.wait_for_function("() => window.Reveal && Reveal.isReady()")
    return page, heard


def first(page, kind):
    """The number of the first slide that has such a part."""
    return page.evaluate("(kind) => Reveal.getSlides().findIndex((slide) => slide.querySelector(kind))", kind)


def turn_to(page, n):
    page.evaluate(OVERFLOWS, n)


@EACH_DECK
@pytest.mark.parametrize("screen", SLIDES)
def test_every_slide_fits(open_page, name, screen):
    page, heard = opened(open_page, name, screen)
    count = page.evaluate("() => Reveal.getTotalSlides()")
    assert count > 20
    out, smallest = [], 1.0
    for n in range(count):
        out += page.evaluate(OVERFLOWS, n)
        smallest = min(smallest, page.evaluate(SCALE, n))
    assert out == []
    assert smallest >= 0.5
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert heard.elsewhere == []
    assert heard.complaints == []


@EACH_DECK
def test_a_deck_asks_for_a_figure_only_when_it_comes(open_page, name):
    page, heard = opened(open_page, name)
    page.wait_for_load_state("networkidle")
    assert not [address for address in heard.requested if "plotly" in address or f"/explorers/{name}/" in address]
    turn_to(page, first(page, "figure.atlas-explorer"))
    assert [address for address in heard.requested if "plotly" in address]


def test_a_slider_on_a_slide_moves_its_figure_and_not_the_page(open_page):
    page, heard = opened(open_page, DECKS[0])
    n = first(page, "figure.atlas-explorer input[type=range]")
    turn_to(page, n)
    figure = page.locator(
        "section.present section.present figure.atlas-explorer, section.present > figure.atlas-explorer"
    )
    slider = figure.locator("input[type=range]").first
    before, place = figure.locator(".main-svg").first.inner_html(), page.evaluate("() => Reveal.getIndices()")
    step = slider.input_value()
    slider.focus()
    page.keyboard.press("ArrowLeft" if step == slider.get_attribute("max") else "ArrowRight")
    page.wait_for_function("() => document.querySelector('section.present section.present figure').dataset.step")
    assert slider.input_value() != step
    page.wait_for_timeout(500)  # longer than a control rests before its setting is announced
    assert figure.locator(".main-svg").first.inner_html() != before
    assert page.evaluate("() => Reveal.getIndices()") == place
    assert "ex-" not in page.evaluate("() => location.hash")
    assert heard.complaints == []


def test_arrows_in_a_menu_stay_in_it_and_outside_turn_the_page(open_page):
    page, _ = opened(open_page, "cross_entropy")
    n = first(page, "figure.atlas-explorer select")
    turn_to(page, n)
    place = page.evaluate("() => Reveal.getState()")
    page.locator("section.present section.present select").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => Reveal.getState()") == place
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => Reveal.getSlides().indexOf(Reveal.getCurrentSlide())") == n + 1
    page.wait_for_function(ADDRESSED, arg=n + 1)  # reveal.js writes the address at most once a second
    page.reload()
    page.wait_for_function("() => window.Reveal && Reveal.isReady()")
    assert page.evaluate("() => Reveal.getSlides().indexOf(Reveal.getCurrentSlide())") == n + 1


def test_light_and_dark(open_page):
    page, heard = opened(open_page, DECKS[0], "dark", viewport={"width": 1280, "height": 720})
    assert page.locator("html").get_attribute("data-theme") == "dark"
    turn_to(page, first(page, "figure.atlas-explorer"))
    colors = (
        "() => [['.reveal', 'backgroundColor'], ['.controls', 'color']]"
        ".map(([part, key]) => getComputedStyle(document.querySelector(part))[key])"
    )
    dark = page.evaluate(colors)
    page.locator(".shade").click()
    assert page.locator("html").get_attribute("data-theme") == "light"
    assert not set(page.evaluate(colors)) & set(dark)
    assert heard.complaints == []


def test_a_deck_prints_a_page_for_every_slide(open_page, tmp_path):
    page, heard = open_page(f"slides/{DECKS[0]}.html?print-pdf", "dark")
    rest(page)
    page.wait_for_function("() => document.querySelector('.pdf-page')")
    slides = page.evaluate("() => document.querySelectorAll('.slides .fits').length")
    assert page.evaluate("() => document.querySelectorAll('.pdf-page').length") == slides
    assert page.locator("html").get_attribute("data-theme") == "light"
    assert heard.complaints == []


def test_the_speakers_window_has_the_text_as_notes(open_page):
    page, heard = opened(open_page, "cross_entropy")
    turn_to(page, first(page, "figure.atlas-explorer"))
    with page.expect_popup() as waiting:
        page.keyboard.press("s")
    window = waiting.value
    window.wait_for_function(
        "() => document.querySelector('.speaker-controls-notes .value')?.textContent.trim().length > 40"
    )
    assert heard.elsewhere == []


def test_slides_work_from_a_folder_on_disk(open_page, book):
    page, heard = open_page(f"slides/{DECKS[0]}.html", base=book.html.as_uri(), viewport={"width": 1280, "height": 720})
    rest(page)
    page.wait_for_function("() => window.Reveal && Reveal.isReady()")
    turn_to(page, first(page, "figure.atlas-explorer"))
    assert heard.elsewhere == []
    assert heard.complaints == []


@EACH_DECK
def test_chapters_and_slides_lead_to_one_another(open_page, book, name):
    page, _ = opened(open_page, name)
    back = page.evaluate("() => [...document.querySelectorAll('a.back')].map((a) => a.getAttribute('href'))")
    assert back and all(address.startswith(f"../{name}.html") for address in back)
    assert f'href="slides/{name}.html"' in (book.html / "instructors.html").read_text(encoding="utf8")
