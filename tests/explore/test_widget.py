"""The live figure computes its pictures anew."""

import numpy as np
import pytest

from lossatlas.explore import Choice, Explorer, Slider, curve

from .figures import X, powers


def test_moving_a_slider_calls_only_the_pictures_that_ask_for_it():
    calls = []

    def bowl(p):
        calls.append(("bowl", p))
        return {"x": X, "y": np.abs(X) ** p}

    def wave(k):
        calls.append(("wave", k))
        return {"x": X, "y": np.sin(k * X)}

    box = Explorer(bowl, wave, alt="x", p=Slider(1.0, 3.0, 3), k=Slider(1.0, 2.0, 2)).widget()
    calls.clear()
    box.controls["p"].value = 1.73  # not on the grid
    assert calls == [("bowl", 1.73)]
    np.testing.assert_allclose(box.figure.data[0].y, np.abs(X) ** 1.73)


def test_choices_and_counts_are_live_too():
    box = powers().widget()
    box.controls["kind"].value = "cos"
    np.testing.assert_allclose(box.figure.data[1].y, np.cos(X + box.controls["phase"].value))
    assert box.figure.data[1].name == "cos"


def test_a_layout_that_follows_a_control_is_live():
    explorer = Explorer(
        lambda unit: {"x": X, "y": X}, alt="x", unit=Choice(["m", "km"]), layout=lambda unit: {"xaxis": {"title": unit}}
    )
    box = explorer.widget()
    box.controls["unit"].value = "km"
    assert box.figure.layout.xaxis.title.text == "km"


def test_no_widget_outside_a_kernel_nor_for_the_site(monkeypatch):
    from lossatlas.explore.engine import widget

    assert not widget.possible()
    monkeypatch.setenv("LOSSATLAS_STATIC", "1")
    assert not widget.possible()


def test_a_kernel_gets_the_widget_beside_the_still_forms(monkeypatch):
    from lossatlas.explore.engine import widget

    monkeypatch.setattr(widget, "possible", lambda: True)
    bundle, _ = powers()._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert {"text/html", "image/png", "text/plain"} < bundle.keys()


@pytest.mark.parametrize("loss", ["focal_loss", "comp_sum_loss"])
def test_the_curves_of_a_loss_are_live(loss):
    explorer = curve(loss)
    (name,) = explorer.controls
    box = explorer.widget()
    box.controls[name].value = 1.2345
    shown = [trace.y for trace in box.figure.data]
    direct = [trace["y"] for trace in explorer.traces(**{name: box.controls[name].value})]
    for seen, wanted in zip(shown, direct, strict=True):
        np.testing.assert_allclose(seen, wanted)
