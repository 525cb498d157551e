"""The weights that losses give to pairs: closed forms, differences, and what the paper says of them."""

import math

import pytest
import torch
from tests.contract.test_errors import refused

import lossatlas as la
from lossatlas.signatures import pairs

SAMPLE = pairs.sample(3)
SETTINGS = [{}, {"alpha": 2.0, "beta": 40.0, "base": 0.5}, {"alpha": 7.0, "beta": 3.0, "base": -0.2}]


@pytest.mark.parametrize("hyper", SETTINGS)
def test_weights_of_multi_similarity_are_those_of_the_paper(hyper):
    alpha, beta, base = ({"alpha": 2.0, "beta": 50.0, "base": 1.0} | hyper).values()
    pull, push = la.losses.pair_metric_learning.general_pair_weights(la.multi_similarity_loss, **SAMPLE, **hyper)
    up, down = (-alpha * (SAMPLE["positive"] - base)).exp(), (beta * (SAMPLE["negative"] - base)).exp()
    torch.testing.assert_close(pull, up / (1 + up.sum(-1, keepdim=True)), rtol=1e-12, atol=1e-300)
    torch.testing.assert_close(push, down / (1 + down.sum(-1, keepdim=True)), rtol=1e-12, atol=1e-300)
    assert (pull >= 0).all() and (push >= 0).all()
    assert (pull.sum(-1) < 1).all() and (push.sum(-1) < 1).all()


LOSSES = [
    (la.multi_similarity_loss, {"beta": 5.0}), (la.contrastive_loss, {}),
    (la.lifted_structure_loss, {}), (la.nca_loss, {}), (la.margin_loss, {}),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "hyper"), LOSSES, ids=lambda v: getattr(v, "__name__", ""))
def test_weights_are_quotients_of_differences(loss, hyper):
    """Of losses on similarities and on distances alike."""
    value, step = la.on(pairs, loss), 1e-6
    weights = dict(
        zip(
            ("positive", "negative"),
            la.losses.pair_metric_learning.general_pair_weights(loss, **SAMPLE, **hyper),
            strict=True,
        )
    )
    assert any(w.abs().max() > 0 for w in weights.values())
    for side, sign in (("positive", -1), ("negative", 1)):
        for n in range(SAMPLE[side].shape[0]):
            for k in range(SAMPLE[side].shape[1]):
                ends = []
                for by in (-step, step):
                    moved = SAMPLE[side].clone()
                    moved[n, k] += by
                    ends.append(value(**{**SAMPLE, side: moved}, reduction="none", **hyper)[n].item())
                wanted = sign * (ends[1] - ends[0]) / (2 * step)
                assert weights[side][n, k].item() == pytest.approx(wanted, rel=1e-5, abs=1e-7)


def test_weights_of_the_contrastive_loss_are_derivatives_of_the_distance():
    """At unit length d = sqrt(2 - 2 s), whose derivative is -1/d."""
    s_p, s_n = torch.tensor([[0.5]], dtype=torch.float64), torch.tensor([[0.875]], dtype=torch.float64)
    pull, push = la.losses.pair_metric_learning.general_pair_weights(la.contrastive_loss, s_p, s_n)
    step = 1e-7

    def value(p, n):
        return la.on(pairs, la.contrastive_loss)(p, n).item()

    assert pull.item() == pytest.approx((value(s_p - step, s_n) - value(s_p + step, s_n)) / (2 * step), rel=1e-6)
    assert push.item() == pytest.approx((value(s_p, s_n + step) - value(s_p, s_n - step)) / (2 * step), rel=1e-6)


def test_weights_go_through_vmap_and_leave_no_history():
    positive = SAMPLE["positive"].clone().requires_grad_()
    pull, push = la.losses.pair_metric_learning.general_pair_weights(
        "multi_similarity_loss", positive, SAMPLE["negative"]
    )
    assert not pull.requires_grad and not push.requires_grad
    many = torch.func.vmap(
        lambda p, n: la.losses.pair_metric_learning.general_pair_weights("multi_similarity_loss", p, n)
    )
    for got, one in zip(
        many(positive.detach().expand(3, -1, -1), SAMPLE["negative"].expand(3, -1, -1)), (pull, push), strict=True
    ):
        torch.testing.assert_close(got, one.expand(3, -1, -1))


def test_known_values_of_multi_similarity():
    loss, level = la.on(pairs, la.multi_similarity_loss), torch.full((1, 1), 0.5, dtype=torch.float64)
    assert loss(level, level, beta=40.0, base=0.5).item() == pytest.approx(0.3639022697939713, abs=1e-15)
    assert loss(level, level, base=0.5).item() == pytest.approx(0.36043653389117153, abs=1e-15)
    many = loss(level.expand(1, 3), level.expand(1, 7), base=0.5)
    assert many.item() == pytest.approx(math.log(4) / 2 + math.log(8) / 50)


@pytest.mark.parametrize("sharpness", [20.0, 200.0, 2000.0])
def test_sharp_multi_similarity_is_a_hinge_on_the_hardest_pairs(sharpness):
    loss, base = la.on(pairs, la.multi_similarity_loss), 0.1
    got = loss(**SAMPLE, alpha=sharpness, beta=sharpness, base=base, reduction="none")
    hinges = (base - SAMPLE["positive"].amin(-1)).clamp(min=0) + (SAMPLE["negative"].amax(-1) - base).clamp(min=0)
    count_p, count_n = SAMPLE["positive"].shape[1], SAMPLE["negative"].shape[1]
    assert ((got - hinges) >= 0).all()
    assert ((got - hinges) <= (math.log(1 + count_p) + math.log(1 + count_n)) / sharpness).all()


def test_the_loss_says_what_it_takes():
    weights = la.losses.pair_metric_learning.general_pair_weights
    with pytest.raises(ValueError, match="`loss`: expected one that is written in the form"):
        weights("cross_entropy", **SAMPLE)
    refused(ValueError, "alpha", weights, "multi_similarity_loss", **SAMPLE, alpha=0)
