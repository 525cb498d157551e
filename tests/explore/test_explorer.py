"""What an explorer asks for, and the forms in which it is shown."""

import base64
import json

import numpy as np
import pytest

from lossatlas.explore import BUDGET, Choice, Explorer, Slider, card, figure

from .figures import X, bars, hills, power, powers, still, wave


def test_alt_text_is_required():
    with pytest.raises(ValueError, match="`alt`: expected alternative text"):
        Explorer(power, p=Slider(1.0, 2.0))
    with pytest.raises(ValueError, match="`alt`: expected alternative text"):
        Explorer(power, p=Slider(1.0, 2.0), alt="  ")


@pytest.mark.parametrize("alt", ["{q}", "{p:.2f}", "{p!r}", "{}", "{p.real}"])
def test_alt_text_may_name_controls_and_nothing_else(alt):
    with pytest.raises(ValueError, match="`alt`"):
        Explorer(power, p=Slider(1.0, 2.0), alt=alt)


def test_alt_text_takes_the_values_of_the_controls():
    assert powers().alt_text() == "|x| to the power 2 and a sin."
    assert powers().alt_text(p=1.0, kind="cos") == "|x| to the power 1 and a cos."


def test_controls_and_arguments_must_match():
    with pytest.raises(ValueError, match="`phase`: expected a control for this argument of wave"):
        Explorer(wave, kind=Choice(["sin"]), alt="a wave")
    with pytest.raises(ValueError, match="`q`: expected a control that a picture has as an argument"):
        Explorer(power, p=Slider(1.0, 2.0), q=Slider(1.0, 2.0), alt="a bowl")
    with pytest.raises(TypeError, match="`p`: expected a Slider or a Choice, got list"):
        Explorer(power, p=[1, 2], alt="a bowl")


def test_too_much_data_is_refused_with_its_size():
    draw = np.random.default_rng(0).normal

    def noise(p):
        return {"x": draw(size=30000), "y": draw(size=30000)}

    with pytest.raises(
        ValueError, match=r"at most 200 kB .* over the whole grid of controls, got \d+ kB .*noise: 11 cells"
    ):
        Explorer(noise, alt="noise", p=Slider(0.0, 1.0))


def test_grids_add():
    pictures = powers().payload["pictures"]
    cells = [max(len(r) for _, r in p["traces"][0] if isinstance(r, list)) for p in pictures]
    assert cells == [9, 2 * 4]


def test_the_size_is_that_of_the_data():
    assert 0 < powers().size < BUDGET


def test_all_forms_are_in_one_bundle(monkeypatch):
    monkeypatch.setenv("LOSSATLAS_STATIC", "1")
    bundle, metadata = powers()._repr_mimebundle_()
    assert bundle.keys() == {"text/plain", "text/html", "image/png"}
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == "|x| to the power 2 and a sin."
    assert "p = 2, kind = sin, φ = 2" in bundle["text/plain"]
    html = bundle["text/html"]
    assert '<figure class="atlas-explorer" id="ex-powers-waves" role="group" aria-label="Powers &amp; waves">' in html
    assert html.count("<label for=") == 3 and html.count("<output") == 2 and html.count("<select") == 1
    assert 'alt="|x| to the power 2 and a sin."' in html
    assert "<table>" in html and "style=" not in html and "onclick" not in html


def test_the_payload_survives_html():
    html = Explorer(lambda: {"x": X, "y": X, "name": "</script><b>"}, alt="a < b & c", title='"T"').html()
    inlined = html.split('class="atlas-payload">')[1].split("</script>")[0]
    assert "</script><b>" in json.dumps(json.loads(inlined))
    assert 'alt="a &lt; b &amp; c"' in html


def test_axes_hold_still_and_poles_do_not_flatten_them():
    explorer = Explorer(
        lambda p: {"x": X, "y": p / np.maximum(X**2, 1e-9)}, p=Slider(1.0, 2.0), alt="a pole", layout={"yaxis": {}}
    )
    low, high = explorer.layout()["yaxis"]["range"]
    assert low <= 1 / 9 and 2 < high < 300  # the pole itself is at 1e9
    assert explorer.layout(p=2.0) == explorer.layout()


def test_a_layout_may_follow_the_controls():
    explorer = Explorer(power, p=Slider(1.0, 2.0), alt="x", layout=lambda p: {"yaxis": {"title": f"to the {p}"}})
    assert explorer.layout(p=1.0)["yaxis"]["title"]["text"] == "to the 1.0"
    assert explorer.payload["layout"]["controls"] == ["p"]


def test_pictures_may_differ_in_their_number_of_traces():
    explorer = Explorer(lambda n: [{"x": X, "y": k * X} for k in range(n)], n=Slider(1, 3, 3), alt="lines")
    assert [len([t for t in explorer.traces(n=n) if t.get("visible") is not False]) for n in (1, 2, 3)] == [1, 2, 3]
    assert {len(explorer.traces(n=n)) for n in (1, 2, 3)} == {3}


def test_curves_differ_by_colour_and_by_dash():
    looks = [(t["line"]["color"], t["line"]["dash"]) for t in powers().traces()]
    assert looks == [("C1", "solid"), ("C2", "dash")]


@pytest.mark.parametrize("make", [powers, hills, still])
def test_text_has_the_numbers(make):
    assert len(make().text().splitlines()) > 8


def test_bars_are_drawn_from_zero():
    explorer = Explorer(bars, year=Choice({"first": "a", "second": "b"}), alt="three bars in the {year} year")
    assert explorer.layout()["yaxis"]["range"][0] < 0 < explorer.layout()["yaxis"]["range"][1]
    assert explorer.alt_text() == "three bars in the first year"
    assert explorer.png().startswith(b"\x89PNG")


def test_a_still_figure_needs_alt_text():
    from matplotlib.figure import Figure

    with pytest.raises(ValueError, match="`alt`: expected alternative text"):
        figure(Figure())
    shown = figure(Figure((2, 2)), alt="nothing yet", caption="Empty.")
    assert 'alt="nothing yet"' in shown.html() and "Empty." in shown.html()
    assert shown._repr_mimebundle_()[0].keys() == {"text/plain", "text/html", "image/png"}


def test_a_card_shows_name_formula_and_source():
    bundle = card("focal_loss")._repr_mimebundle_()
    text = bundle["text/markdown"]
    for part in ("focal_loss(logits, target, gamma=2.0)", "$$\n", "<details>", "```python\ndef focal_loss("):
        assert part in text
