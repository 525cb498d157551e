"""Every registered loss has its pictures, and they show the loss."""

import numpy as np
import pytest
import torch

import lossatlas
from lossatlas.explore import BUDGET, card, compare, curve, family, pictures_of, plane, simplex
from lossatlas.explore.pictures.hyper import sliders
from lossatlas.explore.pictures.probes import along, over
from lossatlas.signatures import logits

ENTRIES = lossatlas.contract.losses()
EACH_LOSS = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@EACH_LOSS
def test_a_loss_has_the_pictures_of_its_signature(entry):
    pictures = list(pictures_of(entry))
    signature = entry.signature
    assert len(pictures) == bool(signature.probes.lines) + len({plane.kind for plane in signature.probes.planes})
    for picture in pictures:
        assert picture.size <= BUDGET
        assert entry.name in picture.alt_text()
        shown, able = [name for name in picture.controls if name != "line"], list(sliders(entry))
        assert shown == able[: len(shown)]  # the more cells a picture has, the fewer sliders it can have
        assert len(shown) >= min(3, len(able))


@EACH_LOSS
def test_curves_are_the_loss_and_its_derivatives(entry):
    for line in entry.signature.probes.lines:
        t, value, derivative, curvature = along(entry, line, points=25)
        at = torch.tensor(t)

        def item(t, line=line):
            return entry.function(**line.inputs(t), **({} if entry.items == "batch" else {"reduction": "sum"}))

        direct = np.array([item(at[n : n + 1]).item() for n in range(len(at))])
        np.testing.assert_allclose(value, np.where(np.isfinite(direct), direct, np.nan), rtol=1e-10, atol=1e-12)
        if "gradient" in entry.exempt:
            continue
        # Central differences, but for the few points that lie next to a kink.
        step = 1e-5
        numeric = np.array(
            [(item(at[n : n + 1] + step) - item(at[n : n + 1] - step)).item() / 2 / step for n in range(len(at))]
        )
        assert np.mean(np.abs(numeric - derivative) <= 1e-4 * (1 + np.abs(derivative))) >= 0.8
        if not np.isnan(curvature).all():
            middle = t + step
            beside = along(entry, type(line)(line.name, line.axis, middle[0], middle[-1], line.inputs), points=25)[2]
            numeric = (beside - derivative) / step
            assert np.mean(np.abs(numeric - curvature) <= 1e-3 * (1 + np.abs(curvature))) >= 0.8


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.signature.probes.planes], ids=lambda entry: entry.name)
def test_maps_have_the_gradients_of_the_loss(entry):
    (cut, *_) = entry.signature.probes.planes
    u, v = np.array([0.3, 0.22]), np.array([0.45, 0.37])
    value, du, dv = over(entry, cut, u, v)
    step = 1e-6
    assert np.isfinite(value).all()
    if "gradient" not in entry.exempt:
        along_u = (over(entry, cut, u + step, v)[0] - over(entry, cut, u - step, v)[0]) / 2 / step
        along_v = (over(entry, cut, u, v + step)[0] - over(entry, cut, u, v - step)[0]) / 2 / step
        np.testing.assert_allclose(du, along_u, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(dv, along_v, rtol=1e-3, atol=1e-5)


def test_arrows_on_the_triangle_point_downhill():
    picture = simplex("cross_entropy", label_smoothing=0.0)
    arrows = next(t for t in picture.traces() if t.get("name") == "downhill")
    x, y = (np.reshape(arrows[k], (-1, 6)) for k in "xy")
    np.testing.assert_allclose(x[:, 1], x[:, 0], atol=1e-12)  # cross-entropy depends on p₁ alone: straight up
    assert (y[:, 1] > y[:, 0]).all()


def test_the_table_of_a_map_has_the_values():
    heat = simplex("cross_entropy", label_smoothing=0.0).traces()[0]
    table = heat["meta"]["table"]
    np.testing.assert_allclose(table["loss"], -np.log(table["p₁ (true)"]))


def test_infinite_values_become_gaps(scratch_registry):
    @lossatlas.contract.loss(logits)
    def walled_loss(logits, target):
        """Infinite on the left."""
        score = logits[:, 0]
        return torch.where(score < 0, torch.inf, score.square())

    value = curve("walled_loss").traces()[0]["y"]
    assert np.isnan(value[:60]).all() and np.isfinite(value[61:]).all()
    assert np.isfinite(curve("walled_loss").layout()["yaxis"]["range"]).all()


def test_a_new_loss_appears_by_itself(scratch_registry):
    @lossatlas.contract.loss(logits)
    def brand_new_loss(logits, target, *, bend=2.0, words=("a",), switch=None):
        r"""A new one. $$ \ell = f_1^2 $$"""
        return logits[:, 0].abs() ** bend

    assert [len(p.controls) for p in pictures_of("brand_new_loss")] == [1, 1]
    assert any("brand_new_loss" in e.controls["first"].texts for e in compare())
    assert "Brand new loss" in family(lossatlas.contract.losses()).html()
    assert r"\ell = f_1^2" in card("brand_new_loss").markdown()


def test_many_hyper_parameters_stay_within_the_budget(scratch_registry):
    @lossatlas.contract.loss(logits)
    def busy_loss(logits, target, *, a=1.0, b=1.0, c=1.0, d=1.0, e=1.0, f=1.0):
        """Six numbers."""
        return (a * logits[:, 0]).tanh() * b + c * logits.square().sum(-1) + d + e * f

    assert all(0 < len(p.controls) < 6 for p in pictures_of("busy_loss"))


def test_compare_reaches_every_pair_of_a_kind():
    gallery = compare()
    for explorer in gallery:
        assert explorer.controls["first"].texts == explorer.controls["second"].texts
        first, second = explorer.traces(first=explorer.controls["first"].values[-1], show="derivative")
        line = next(
            line
            for e in ENTRIES
            if e.name == first["name"]
            for line in e.signature.probes.lines
            if line.name in explorer.title
        )
        derivative = along(lossatlas.get(first["name"]), line)[2]
        kept = ~np.isnan(first["y"])
        np.testing.assert_allclose(first["y"][kept], derivative[kept])
        assert second["name"] == explorer.controls["second"].texts[1]
    shown = {name for explorer in gallery for name in explorer.controls["first"].texts}
    alone = [e.name for e in ENTRIES if sum(o.signature is e.signature for o in ENTRIES) == 1]
    assert shown | set(alone) == {e.name for e in ENTRIES if e.signature.probes.lines}


def test_pictures_that_a_loss_cannot_have_are_refused():
    with pytest.raises(ValueError, match="`loss`: expected a loss whose signature has a plane to look at"):
        plane("cross_entropy")
    with pytest.raises(ValueError, match="two or more losses of one signature"):
        compare(["cross_entropy", "hinge_loss"])
    with pytest.raises(TypeError, match="`beta`: expected a hyper-parameter of focal_loss"):
        curve("focal_loss", beta=1)


def test_a_fixed_hyper_parameter_has_no_slider():
    assert not curve("focal_loss", gamma=3.0).controls
    np.testing.assert_allclose(
        curve("focal_loss", gamma=3.0).traces()[0]["y"], curve("focal_loss").traces(gamma=3.0)[2]["y"]
    )
