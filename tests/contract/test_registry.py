"""The registry: names, aliases, narrowing, and what an entry records of its loss."""

import pytest
import torch
from tests.contract import toys
from tests.contract.test_errors import refused

import lossatlas
from lossatlas.contract import loss
from lossatlas.signatures import logits, residual

pytestmark = pytest.mark.usefixtures("scratch_registry")


def test_an_entry_tells_of_its_loss():
    function = toys.right()
    entry = lossatlas.get("toy_loss")
    assert lossatlas.get(function) is entry and lossatlas.get(entry) is entry
    assert entry.summary == "Weighted cross-entropy: the negative log-likelihood times a number."
    assert entry.formula == r"\ell = -w \log p_y"
    assert entry.source == "def toy_loss(logits, target, *, weight=1.0):\n    return -weight * _log_p(logits, target)"
    assert entry.defaults == {"weight": 1.0} and entry.family == "toys" and entry.items == "N"
    assert entry.bounds_at(weight=2.0) == (0.0, None) and entry.optimum_at() == 0.0
    assert entry.invariances_at() == ("permute_classes", "shift")
    assert repr(entry) == "<loss toy_loss · toys · logits>"
    x, y = torch.randn(3, 4), torch.tensor([0, 1, 2])
    assert entry(x, y, weight=2.0) == function(x, y, weight=2.0)


def test_what_depends_on_hyper_parameters():
    @loss(
        logits,
        bounds=lambda top: (0.0, top),
        optimum=lambda top: 0.0 if top > 1 else None,
        invariances=lambda top: ("shift",) if top > 1 else (),
    )
    def toy_loss(logits, target, *, top=2.0):
        return logits[:, 0] * 0

    entry = lossatlas.get("toy_loss")
    assert entry.bounds_at() == (0.0, 2.0) and entry.bounds_at(top=5.0) == (0.0, 5.0)
    assert entry.optimum_at() == 0.0 and entry.optimum_at(top=0.5) is None
    assert entry.invariances_at() == ("permute_classes", "shift") and entry.invariances_at(top=0.5) == (
        "permute_classes",
    )


def test_narrowing():
    toys.right()
    assert [e.name for e in lossatlas.registry(family="toys")] == ["toy_loss"]
    assert lossatlas.get("toy_loss") in lossatlas.registry(signature=logits, paper="good1952rational")
    assert lossatlas.registry(signature="logits") == lossatlas.registry(signature=logits)
    assert lossatlas.registry(family="no such family") == []


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(ValueError, match=r"near: .*cross_entropy"):
        lossatlas.get("cros_entropy")
    refused(ValueError, "name", lossatlas.get, 3)
    refused(ValueError, "name", lossatlas.get, None)


def test_a_foreign_function_of_the_same_name_is_not_ours():
    refused(ValueError, "name", lossatlas.get, torch.nn.functional.cross_entropy)
    refused(ValueError, "name", lossatlas.as_module, torch.nn.functional.cross_entropy)


def test_a_name_is_given_once():
    toys.right()
    toys.right()  # the same function, loaded again
    assert [e.name for e in lossatlas.registry()].count("toy_loss") == 1

    def taken(prediction, target):
        return prediction

    taken.__name__ = "cross_entropy"
    refused(ValueError, "name", loss(residual), taken)
    taken.__name__ = "new_loss"
    refused(ValueError, "name", loss(residual, aliases=("nll",)), taken)
    refused(ValueError, "name", lossatlas.get, "new_loss")


def test_aliases():
    assert lossatlas.get("nll").name == "cross_entropy"
    assert lossatlas.as_module("nll")(torch.zeros(1, 2), torch.tensor([0])).item() == pytest.approx(0.6931471805599453)


def test_losses_are_narrowed_by_each_of_the_three():
    entry = lossatlas.get("focal_loss")
    assert lossatlas.registry(family="no such family") == [] and entry in lossatlas.registry(family=entry.family)
    for narrowed in (lossatlas.registry(paper=entry.paper), lossatlas.registry(signature=entry.signature)):
        assert entry in narrowed and len(narrowed) < len(lossatlas.registry())
