"""A page with figures in a headless browser: every control moves its picture, in light and dark, wide and narrow."""

import functools
import json

import numpy as np
import pytest

from lossatlas.explore import Explorer, Slider, compare, curve, family, force_field, simplex
from lossatlas.explore.engine.static_page import save_page

from .decoding import arrays_of, traces_at
from .figures import X, hills, powers, still

#: Milliseconds for a step at the 95th percentile: the goal, and what a test machine busy with other things may take.
GOAL, LIMIT = 32, 100
MOVE = """([figure, n, index]) => new Promise((resolve) => {
  const input = figure.querySelectorAll('[data-control]')[n];
  figure.addEventListener('atlas-stepped', () => resolve(Number(figure.dataset.step)), { once: true });
  if (input.tagName === 'SELECT') input.selectedIndex = index; else input.value = index;
  input.dispatchEvent(new Event('input'));
})"""
SHOWN = """(figure) => figure.querySelector('.atlas-canvas').data.map((trace) => ({
  visible: trace.visible !== false, x: trace.x && Array.from(trace.x), y: trace.y && Array.from(trace.y),
  z: trace.z && Array.from(trace.z, (row) => Array.from(row)),
}))"""
DRAWN = "(figure) => figure.querySelector('.main-svg .cartesianlayer').innerHTML"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One page with figures of every sort, its data in files; and the same inlined."""
    where = tmp_path_factory.mktemp("figures")
    figures = samples()
    save_page(figures, where / "files")
    save_page(figures, where / "inline", inline=True)
    return where


@functools.cache
def samples():
    return [
        powers(),
        hills(),
        curve("focal_loss"),
        simplex("focal_loss"),
        compare()[0],
        still(),
        family(["focal_loss", "cross_entropy"]),
    ]


@pytest.fixture
def opened(browser, folder):
    """Function: open a page, with what it says to the console and asks of the network collected."""
    pages = []

    def open_(name="files", fragment="", **options):
        page = browser.new_page(**{"viewport": {"width": 900, "height": 900}, **options})
        pages.append(page)
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file:", "data:", "blob:")) else page.heard.append(request.url)
            ),
        )
        page.goto((folder / name / "index.html").as_uri() + fragment)
        return page

    yield open_
    for page in pages:
        page.close()


def awake(page, which):
    """The nth figure, brought into view and drawn."""
    figure = page.locator("figure.atlas-explorer").nth(which)
    figure.scroll_into_view_if_needed()
    page.wait_for_function(
        "f => f.querySelector('.atlas-canvas .main-svg') && !f.querySelector('.atlas-tools').hidden",
        arg=figure.element_handle(),
    )
    return figure.element_handle()


def test_every_control_moves_its_picture_in_every_direction(opened, record_property):
    page, times = opened(), []
    for which, explorer in enumerate(e for e in samples() if isinstance(e, Explorer)):
        figure = awake(page, which)
        for n, control in enumerate(explorer.controls.values()):
            at = control.index
            for index in _round_trip(at, len(control.values) - 1):
                before = figure.evaluate(DRAWN)
                took = [page.evaluate(MOVE, [figure, n, index])]
                assert figure.evaluate(DRAWN) != before, (explorer, control, index)
                while took[-1] > GOAL and len(took) < 4:  # slow, or was the machine busy? Go back and try again.
                    page.evaluate(MOVE, [figure, n, at])
                    took.append(page.evaluate(MOVE, [figure, n, index]))
                times.append(min(took))
                at = index
    p95 = float(np.quantile(times, 0.95))
    record_property("step_ms_p95", p95)
    print(f"{len(times)} steps: median {np.median(times):.1f} ms, p95 {p95:.1f} ms (goal {GOAL})")
    assert page.heard == []
    assert p95 <= LIMIT


def _round_trip(start, last):
    """From where a control stands to both ends and back, without a step on the spot."""
    stops = [0, last, last // 2, start]
    return [to for at, to in zip([start, *stops], stops, strict=False) if to != at]


@pytest.mark.parametrize("make", [powers, hills, lambda: curve("focal_loss"), lambda: simplex("focal_loss")])
def test_what_is_drawn_is_what_was_computed(opened, make):
    explorer = make()
    which = [e.title for e in samples() if isinstance(e, Explorer)].index(explorer.title)
    page = opened()
    figure = awake(page, which)
    arrays, indices = arrays_of(explorer.payload), {name: c.index for name, c in explorer.controls.items()}
    for n, (name, control) in enumerate(explorer.controls.items()):
        for index in (0, len(control.values) - 1):
            if index == indices[name]:
                continue
            indices[name] = index
            page.evaluate(MOVE, [figure, n, index])
            wanted = traces_at(explorer.payload, arrays, indices)
            for shown, trace in zip(figure.evaluate(SHOWN), wanted, strict=True):
                for key in ("x", "y", "z"):
                    if trace.get(key) is not None:
                        seen = np.array(shown[key], dtype=float)
                        np.testing.assert_allclose(seen, np.asarray(trace[key], float), rtol=1e-6, atol=1e-12)


def test_data_inside_the_page_will_do(opened):
    page = opened("inline")
    figure = awake(page, 0)
    page.evaluate(MOVE, [figure, 0, 0])
    np.testing.assert_allclose(figure.evaluate(SHOWN)[0]["y"], np.abs(X), rtol=1e-6)
    assert page.heard == []


def test_keyboard_read_out_words_and_link(opened):
    page = opened()
    figure = awake(page, 0)
    slider = figure.query_selector("input")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert figure.query_selector("output").text_content() == slider.get_attribute("aria-valuetext") == "2.25"
    assert figure.query_selector(".atlas-canvas").get_attribute("aria-label") == "|x| to the power 2.25 and a sin."
    page.wait_for_function("() => location.hash")
    assert figure.query_selector(".atlas-announcement").text_content() == "p 2.25"
    link = page.evaluate("() => location.hash")
    assert link.startswith("#ex-powers-waves:p=2.25&kind=sin&")
    again = opened(fragment="#ex-powers-waves:p=2.25&kind=cos")
    twin = awake(again, 0)
    assert twin.query_selector("output").text_content() == "2.25"
    assert twin.query_selector("select").evaluate("s => s.value") == "cos"
    shown = twin.evaluate(SHOWN)
    np.testing.assert_allclose(shown[0]["y"], np.abs(X) ** 2.25, rtol=1e-6)
    again.evaluate("() => { location.hash = '#ex-powers-waves:p=1.1&nonsense=3&kind=tan'; }")
    again.wait_for_function("f => f.querySelector('output').textContent === '1'", arg=twin)  # the nearest there is
    assert again.heard == page.heard == []


def test_table_follows_the_controls_and_starts_as_python_made_it(opened):
    page = opened()
    figure = awake(page, 0)
    cells = "f => [...f.querySelectorAll('.atlas-tables tr')].map(r => [...r.cells].map(c => c.textContent))"
    made = figure.evaluate(cells)
    figure.query_selector("summary").click()
    page.wait_for_timeout(50)
    built = figure.evaluate(cells)
    assert built[0] == made[0] == ["x", "power", "sin"] and len(built) == len(made)
    for ours, theirs in zip(built[1:], made[1:], strict=True):
        np.testing.assert_allclose([float(c) for c in ours], [float(c) for c in theirs], atol=2e-4)
    page.evaluate(MOVE, [figure, 0, 0])
    page.wait_for_function(
        "([f, old]) => f.querySelector('.atlas-tables').textContent !== old",
        arg=[figure, figure.query_selector(".atlas-tables").text_content()],
    )
    assert figure.evaluate(cells)[1][1] == "3"


def test_colours_follow_the_theme(opened):
    page = opened(color_scheme="light")
    figure = awake(page, 0)
    look = (
        "f => [getComputedStyle(f.querySelector('.scatterlayer .js-line')).stroke, "
        "getComputedStyle(f.querySelector('.main-svg')).background, f.querySelector('.js-line').getAttribute('d')]"
    )
    light = figure.evaluate(look)
    for theme, differs in (("dark", True), ("light", False)):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        page.wait_for_timeout(300)
        now = figure.evaluate(look)
        assert (now[0] != light[0]) is differs and (now[1] != light[1]) is differs and now[2] == light[2]
    assert page.heard == []


def test_a_phone_needs_no_sideways_scroll_and_has_room_for_fingers(opened):
    page = opened(viewport={"width": 390, "height": 800}, has_touch=True)
    for which in range(page.locator("figure.atlas-explorer").count()):
        figure = awake(page, which)
        boxes = figure.evaluate(
            "f => [...f.querySelectorAll('input, select, button, summary')]"
            ".map(e => e.getBoundingClientRect()).map(b => [b.width, b.height])"
        )
        assert min(min(box) for box in boxes) >= 24
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_the_figure_fits_a_page_that_changes_its_width(opened):
    page = opened()
    figure = awake(page, 0)
    wide = figure.evaluate("f => f.querySelector('.main-svg').clientWidth")
    page.set_viewport_size({"width": 420, "height": 800})
    page.wait_for_function("([f, wide]) => f.querySelector('.main-svg').clientWidth < wide", arg=[figure, wide])


@pytest.mark.parametrize("kind", ["png", "svg", "csv"])
def test_figures_can_be_saved(opened, kind):
    page = opened()
    figure = awake(page, 0)
    with page.expect_download() as download:
        figure.query_selector(f"[data-save={kind}]").click()
    assert download.value.suggested_filename == f"powers-waves_p-2_kind-sin_phase-2.{kind}"
    data = download.value.path().read_bytes()
    if kind == "csv":
        rows = data.decode().split("\r\n")
        assert rows[0] == "x,power,sin" and len(rows) == len(X) + 2
    else:
        assert data.startswith(b"\x89PNG" if kind == "png" else b"<svg")


def test_plotting_waits_until_a_figure_is_near(opened):
    page = opened(viewport={"width": 900, "height": 300})
    awake(page, 0)
    assert page.locator("figure.atlas-explorer.is-live").count() < page.locator("figure.atlas-explorer").count()


def test_without_the_plotting_script_the_still_image_stays(browser, folder):
    page = browser.new_page()
    page.route("**/plotly.min.js", lambda route: route.abort())
    page.goto((folder / "files" / "index.html").as_uri())
    figure = page.locator("figure.atlas-explorer").first
    page.wait_for_function(
        "() => document.querySelector('.atlas-announcement').textContent.includes('could not be made interactive')"
    )
    assert figure.locator(".atlas-plot img").is_visible()
    page.close()


def test_figures_of_the_same_name_are_told_apart(browser, tmp_path):
    path = save_page(
        [still(), still(), Explorer(lambda p: {"x": X, "y": p * X}, title="No control", alt="x", p=Slider(1.0, 2.0))],
        tmp_path,
    )
    page = browser.new_page()
    page.goto(path.as_uri() + "#ex-no-control-3:p=2")
    page.wait_for_function("() => document.querySelectorAll('.is-live output').length")
    assert page.locator("figure").evaluate_all("all => all.map(f => f.id)") == [
        "ex-no-control",
        "ex-no-control-2",
        "ex-no-control-3",
    ]
    assert page.locator("output").text_content() == "2"
    page.close()


def test_a_strict_content_security_policy_is_enough(browser, folder):
    """Nothing evaluates text as code, and no inline script runs."""
    page, heard = browser.new_page(), []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    text = (folder / "files" / "index.html").read_text(encoding="utf-8")
    policy = "default-src 'none'; script-src file:; style-src file: 'unsafe-inline'; img-src file: data: blob:"
    strict = folder / "files" / "strict.html"
    strict.write_text(
        text.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">'),
        encoding="utf-8",
    )
    page.goto(strict.as_uri())
    page.wait_for_function("() => document.querySelector('.is-live .main-svg')")
    assert heard == []
    page.close()


def test_the_payload_is_plain_json(folder):
    name = next((folder / "files" / "static").glob("atlas-*.js"))
    assert json.loads(name.read_text().split(",", 1)[1].removesuffix(");\n"))["format"] == 1


def test_the_anchor_of_a_force_field_follows_the_mouse_and_the_keys(browser, tmp_path):
    page, heard = browser.new_page(viewport={"width": 900, "height": 1000}), []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(save_page([force_field(["info_nce", "circle_loss"], anchors=24)], tmp_path).as_uri())
    figure = awake(page, 0)
    place = """f => {
      const c = f.querySelector('.atlas-canvas'), box = c.getBoundingClientRect(), { xaxis, yaxis } = c._fullLayout;
      const [x, y] = [xaxis.p2c(0), yaxis.p2c(0)];
      return [box.left + xaxis._offset + x, box.top + yaxis._offset + y, xaxis.p2c(1) - x];
    }"""
    x, y, radius = figure.evaluate(place)
    slider = figure.query_selector("[data-control=anchor]")

    def at(degrees):
        return x + radius * np.cos(np.deg2rad(degrees)), y - radius * np.sin(np.deg2rad(degrees))

    def anchor():
        shown = figure.evaluate(
            "f => { const a = f.querySelector('.atlas-canvas').data.find(t => t.name === 'anchor'); "
            "return [a.x[0], a.y[0]]; }"
        )
        return float(np.rad2deg(np.arctan2(shown[1], shown[0])) % 360)

    page.mouse.move(*at(200))
    page.mouse.down()
    assert slider.get_attribute("aria-valuetext") == "195"
    page.mouse.move(*at(351), steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert slider.get_attribute("aria-valuetext") == "345"
    assert anchor() == pytest.approx(345, abs=0.01)
    page.mouse.move(*at(90))
    assert slider.get_attribute("aria-valuetext") == "345"  # no button is down
    page.mouse.click(x + 1.8 * radius, y)
    assert slider.get_attribute("aria-valuetext") == "345"  # too far out
    page.mouse.click(*at(1))
    page.wait_for_timeout(100)
    assert anchor() == pytest.approx(0, abs=0.01)
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert anchor() == pytest.approx(15, abs=0.01)
    assert heard == []
    page.close()
