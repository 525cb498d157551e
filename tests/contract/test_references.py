"""The exact numbers that losses are compared with: where they are known by hand, they agree."""

import math

import pytest
import torch
from tests import references
from tests.contract import toys
from tests.contract.cases import Case
from tests.references import numbers
from tests.references.exact import exact_of

import lossatlas
from lossatlas.contract import loss
from lossatlas.signatures import residual

INF = math.inf


def exact_at(name, inputs, dtype=torch.float64, **hyper):
    tensors = {
        key: torch.tensor(v, dtype=torch.long if key == "target" else torch.float64) for key, v in inputs.items()
    }
    return exact_of(Case(lossatlas.get(name), hyper), tensors, dtype)


def test_a_known_value_and_gradient():
    found = exact_at("cross_entropy", {"logits": [[0.0, 0.0, 0.0, 0.0]], "target": [0]})
    assert found.items.tolist() == [math.log(4.0)]
    assert found.low["logits"].tolist() == found.high["logits"].tolist() == [[-0.75, 0.25, 0.25, 0.25]]


def test_what_floats_would_lose():
    found = exact_at("cross_entropy", {"logits": [[0.0, -60.0]], "target": [0]})
    assert found.items.tolist() == found.low["logits"][0, 1:].tolist() == [pytest.approx(math.exp(-60), rel=1e-15)]
    found = exact_at("exponential_loss", {"score": [800.0, -800.0], "label": [1.0, 1.0]})
    assert found.items.tolist() == [0.0, INF]
    large = exact_at("exponential_loss", {"score": [-700.0], "label": [1.0]})
    assert large.low["score"].item() == large.high["score"].item() == -large.items.item() == -math.exp(700)


def test_at_a_kink_every_gradient_between_the_sides_is_right():
    found = exact_at("hinge_loss", {"score": [1.0, 0.0], "label": [1.0, 1.0]})
    assert found.low["score"].tolist() == [-1.0, -1.0] and found.high["score"].tolist() == [0.0, -1.0]


def test_where_the_value_jumps_there_is_no_gradient():
    found = exact_at("spherical_z_loss", {"logits": [[1.0, 1.0, 1.0]], "target": [0]})
    assert found.low["logits"].tolist() == [[-INF] * 3] and found.high["logits"].tolist() == [[INF] * 3]


def test_a_class_ruled_out_has_gradient_zero():
    found = exact_at("cross_entropy", {"logits": [[0.0, 0.0, -INF]], "target": [0]})
    assert found.items.tolist() == [math.log(2.0)]
    assert found.low["logits"].tolist() == found.high["logits"].tolist() == [[-0.5, 0.5, 0.0]]


def test_a_class_vector_has_the_gradients_of_all_items():
    inputs = {"features": [[1.0, 0.0], [0.0, 2.0]], "prototypes": [[0.0, 0.0], [3.0, 1.0]], "target": [0, 1]}
    together = exact_at("harmonic_loss", inputs).low["prototypes"]
    parts = [
        exact_at("harmonic_loss", {**inputs, **{k: inputs[k][n : n + 1] for k in ("features", "target")}})
        for n in (0, 1)
    ]
    torch.testing.assert_close(
        together, parts[0].low["prototypes"] + parts[1].low["prototypes"], rtol=1e-15, atol=1e-15
    )


def test_the_smallest_number_is_that_of_the_dtype():
    inputs = {"features": [[0.0]], "prototypes": [[1.0], [0.0]], "target": [0]}
    for dtype in (torch.float32, torch.float64):
        assert exact_at("harmonic_loss", inputs, dtype).items.item() == pytest.approx(
            -math.log(torch.finfo(dtype).tiny), rel=1e-15
        )


def test_what_is_held_fixed_has_no_gradient(scratch_registry, monkeypatch):
    monkeypatch.setitem(references.loops(), "toy_loss", toys.held_share_loop)
    toys.detached_as_in_the_loop()
    found = exact_at("toy_loss", {"logits": [[0.0, 0.0]], "target": [0]})
    assert found.items.tolist() == [math.log(2.0) / 2] and found.low["logits"].tolist() == [[-0.25, 0.25]]
    monkeypatch.setitem(references.loops(), "toy_loss", toys.free_share_loop)
    free = exact_at("toy_loss", {"logits": [[0.0, 0.0]], "target": [0]})
    assert free.low["logits"][0, 0].item() == pytest.approx(-0.25 - math.log(2.0) / 4, rel=1e-15)


def test_outside_of_its_domain_a_loop_determines_no_gradient(scratch_registry, monkeypatch):
    @loss(residual)
    def toy_loss(prediction, target):
        return prediction.sqrt()

    monkeypatch.setitem(
        references.loops(), "toy_loss", lambda prediction, target: [numbers.sqrt(p) for p in prediction]
    )
    inputs = {"prediction": torch.tensor([0.0, 4.0]).double(), "target": torch.zeros(2).double()}
    found = exact_of(Case(lossatlas.get("toy_loss")), inputs)
    assert found.low["prediction"].tolist() == [-INF, 0.25] and found.high["prediction"].tolist() == [INF, 0.25]


def test_a_loop_with_functions_of_floats_is_refused(scratch_registry, monkeypatch):
    toys.upside_down()
    monkeypatch.setitem(references.loops(), "toy_loss", lambda logits, target: [math.exp(f[0]) for f in logits])
    with pytest.raises(TypeError, match=r"tests\.references\.numbers, not from math"):
        exact_at("toy_loss", {"logits": [[0.0, 0.0]], "target": [0]})


def test_numbers_of_both_kinds():
    assert numbers.log(4) == math.log(4) and type(numbers.exp(1)) is float and numbers.hypot(3.0, 4.0) == 5.0
    with numbers.exactly():
        assert numbers.rounded(numbers.log(4)) == math.log(4) and not isinstance(numbers.log(4), float)
        assert numbers.rounded(numbers.hypot(numbers.exact(3.0), numbers.exact(4.0))) == 5.0
        assert numbers.rounded(numbers.exp(numbers.exact(-1e4)) * numbers.exp(numbers.exact(1e4))) == pytest.approx(
            1.0, abs=0
        )
    assert type(numbers.log(4)) is float
    assert numbers.exact([1, [0.5]]) == [1, [0.5]] and numbers.rounded(numbers.exact(-INF)) == -INF
