"""Functions beside the registered losses, each written a second time as a loop, at its defaults and elsewhere; and what they refuse."""

import math

import pytest
import torch

import lossatlas as la
from lossatlas.losses.cross_entropy.softmax import lead_over_mean


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near(got, wanted, rtol=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype).reshape(got.shape), rtol=rtol, atol=1e-14)


def length(x):
    return math.sqrt(sum(v * v for v in x))


def distance(x, y):
    return length([a - b for a, b in zip(x, y, strict=True)])


def cosine(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True)) / (length(x) * length(y))


X, KEYS, VALUES = numbers(4, 3), numbers(5, 3, seed=1), numbers(5, 2, seed=2)
VECTORS = numbers(4, 6, seed=3)


# distances


@pytest.mark.parametrize("hyper", [{}, {"n": 3.5}, {"n": 0.5, "eps": 0.2}])
def test_harmax(hyper):
    n, eps = hyper.get("n", 2.0), hyper.get("eps", 0.0)
    powers = [[(distance(x, w) ** 2 + eps) ** (-n / 2) for w in KEYS.tolist()] for x in X.tolist()]
    near(la.losses.cross_entropy.harmax(X, KEYS, **hyper), [[p / sum(row) for p in row] for row in powers])


def inverse_weights(x, keys, power=2.0, eps=1e-3):
    return [1 / (eps + distance(x, k) ** power) for k in keys.tolist()]


SETTINGS = [{}, {"power": 1.0, "eps": 0.0}, {"power": 3.0, "eps": 0.1}]


@pytest.mark.parametrize("hyper", SETTINGS)
def test_inverse_distance_weights_and_attention(hyper):
    shares = [[v / sum(row) for v in row] for row in (inverse_weights(x, KEYS, **hyper) for x in X.tolist())]
    near(la.losses.cross_entropy.inverse_distance_weights(X, KEYS, **hyper), shares)
    outputs = [[sum(s * v for s, v in zip(row, column, strict=True)) for column in VALUES.T.tolist()] for row in shares]
    near(la.losses.cross_entropy.inverse_distance_weighting_attention(X, KEYS, VALUES, **hyper), outputs)


@pytest.mark.parametrize("hyper", [{}, {"power": 1.0, "eps": 0.3}])
def test_augmented_memory(hyper):
    point, eps = X[0], hyper.get("eps", 1e-3)
    weights = inverse_weights(point.tolist(), KEYS, **hyper)
    output = [sum(w * v for w, v in zip(weights, column, strict=True)) / sum(weights) for column in VALUES.T.tolist()]
    for c in range(2):
        keys, values = la.losses.cross_entropy.augmented_memory(KEYS, VALUES, point, c, **hyper)
        behind = max(output) - output[c]
        if behind == 0:
            assert keys is KEYS and values is VALUES
        else:
            eta = (1 + eps * sum(weights)) * behind
            near(keys, torch.cat([KEYS, point[None]]))
            near(values[:5], VALUES)
            near(values[5], [eta if k == c else 0.0 for k in range(2)])


@pytest.mark.parametrize("hyper", [{}, {"threshold": 0.3}, {"threshold": 0.0}, {"threshold": 1.0}])
def test_equiangular_basis_generation_loss(hyper):
    threshold = hyper.get("threshold", 0.002)
    rows = VECTORS.tolist()
    wanted = sum(max(0.0, abs(cosine(x, y)) - threshold) for x in rows for y in rows if x is not y)
    near(la.losses.cross_entropy.equiangular_basis_generation_loss(VECTORS, **hyper), wanted)


# margins that an adversary moves


def shift(before, after, target):
    """The loop of `margin_shift`, differentiable."""
    total = []
    for f, g, y in zip(before, after, target.tolist(), strict=True):
        moved = [(g[y] - g[k]) - (f[y] - f[k]) for k in range(len(f)) if f[k] > -math.inf and g[k] > -math.inf]
        total.append(sum(m * m for m in moved) ** 0.5)
    return torch.stack(total)


def test_a_class_ruled_out_before_or_after_has_no_margin():
    before, after, target = numbers(3, 4), numbers(3, 4, seed=1), torch.tensor([0, 3, 3])
    before[0, 2], after[1, 1], before[2, 0], after[2, 0] = (-math.inf,) * 4
    near(la.losses.cross_entropy.margin_shift(before, after, target), shift(before, after, target))


def model(x):
    return torch.tanh(x @ numbers(3, 4, seed=7)) + x @ numbers(3, 4, seed=8)


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_worst_perturbation_step_by_step(steps):
    gamma, target = 0.7, torch.tensor([0, 1, 2, 3])
    start = torch.rand(X.shape, generator=torch.Generator().manual_seed(3), dtype=X.dtype)
    moved = (start - 0.5) * 2 * gamma
    for _ in range(steps):
        here = moved.clone().requires_grad_()
        (uphill,) = torch.autograd.grad(shift(model(X), model(X + here), target).sum(), here)
        stride = 2.5 * gamma / steps
        moved = torch.where(uphill > 0, moved + stride, moved - stride)
        moved = torch.minimum(torch.maximum(moved, torch.full_like(moved, -gamma)), torch.full_like(moved, gamma))
    got = la.losses.cross_entropy.worst_perturbation(
        model, X, target, gamma=gamma, steps=steps, generator=torch.Generator().manual_seed(3)
    )
    near(got, X + moved)


def test_worst_perturbation_looks_at_the_model_once_and_once_a_step():
    calls, weight = [], numbers(3, 4, seed=8).requires_grad_()

    def watched(x):
        calls.append(x.requires_grad)
        return x @ weight

    la.losses.cross_entropy.worst_perturbation(watched, X, torch.tensor([0, 1, 2, 3]), gamma=0.1)
    assert calls == [False, *[True] * 10]
    la.losses.cross_entropy.worst_perturbation(watched, X, torch.tensor([0, 1, 2, 3]), gamma=0.0, steps=1)
    assert len(calls) == 13 and weight.grad is None


# what is refused

Y = torch.tensor([0, 1, 2, 3])
REFUSED = {
    "gamma < 0": (ValueError, "gamma", lambda: la.losses.cross_entropy.worst_perturbation(model, X, Y, gamma=-0.1)),
    "no steps": (
        ValueError,
        "steps",
        lambda: la.losses.cross_entropy.worst_perturbation(model, X, Y, gamma=0.1, steps=0),
    ),
    "steps that are no integer": (
        ValueError,
        "steps",
        lambda: la.losses.cross_entropy.worst_perturbation(model, X, Y, gamma=0.1, steps=2.0),
    ),
    "harmax: other lengths": (ValueError, "prototypes", lambda: la.losses.cross_entropy.harmax(X, KEYS[:, :2])),
    "harmax: n = 0": (ValueError, "n", lambda: la.losses.cross_entropy.harmax(X, KEYS, n=0)),
    "harmax: eps < 0": (ValueError, "eps", lambda: la.losses.cross_entropy.harmax(X, KEYS, eps=-1e-3)),
    "weights: power = 0": (
        ValueError,
        "power",
        lambda: la.losses.cross_entropy.inverse_distance_weights(X, KEYS, power=0),
    ),
    "weights: eps < 0": (
        ValueError,
        "eps",
        lambda: la.losses.cross_entropy.inverse_distance_weights(X, KEYS, eps=-1e-3),
    ),
    "attention: other lengths": (
        ValueError,
        "values",
        lambda: la.losses.cross_entropy.inverse_distance_weighting_attention(X, KEYS, VALUES[:4]),
    ),
    "attention: eps < 0": (
        ValueError,
        "eps",
        lambda: la.losses.cross_entropy.inverse_distance_weighting_attention(X, KEYS, VALUES, eps=-1.0),
    ),
    "memory: eps = 0": (
        ValueError,
        "eps",
        lambda: la.losses.cross_entropy.augmented_memory(KEYS, VALUES, X[0], 0, eps=0.0),
    ),
    "memory: class 2 of 2": (
        ValueError,
        "target",
        lambda: la.losses.cross_entropy.augmented_memory(KEYS, VALUES, X[0], 2),
    ),
    "memory: class -1": (
        ValueError,
        "target",
        lambda: la.losses.cross_entropy.augmented_memory(KEYS, VALUES, X[0], -1),
    ),
    "memory: class 1.0": (
        ValueError,
        "target",
        lambda: la.losses.cross_entropy.augmented_memory(KEYS, VALUES, X[0], 1.0),
    ),
    "basis: a list": (
        TypeError,
        "vectors",
        lambda: la.losses.cross_entropy.equiangular_basis_generation_loss(VECTORS.tolist()),
    ),
    "basis: integers": (
        TypeError,
        "vectors",
        lambda: la.losses.cross_entropy.equiangular_basis_generation_loss(torch.ones(3, 2, dtype=torch.long)),
    ),
    "basis: three axes": (
        ValueError,
        "vectors",
        lambda: la.losses.cross_entropy.equiangular_basis_generation_loss(numbers(2, 3, 2)),
    ),
    "basis: one axis": (
        ValueError,
        "vectors",
        lambda: la.losses.cross_entropy.equiangular_basis_generation_loss(numbers(3)),
    ),
    "basis: threshold < 0": (
        ValueError,
        "threshold",
        lambda: la.losses.cross_entropy.equiangular_basis_generation_loss(VECTORS, threshold=-0.1),
    ),
    "basis: threshold > 1": (
        ValueError,
        "threshold",
        lambda: la.losses.cross_entropy.equiangular_basis_generation_loss(VECTORS, threshold=1.1),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    error, argument, call = REFUSED[name]
    with pytest.raises(error, match=f"^`{argument}`: expected .*, got "):
        call()


# classes that are ruled out


def test_the_lead_of_a_true_class_that_is_ruled_out():
    """It counts as 0, and gets no slope; the mean is that of the others."""
    logits = numbers(2, 4)
    logits[0, 1], logits[1, :3] = -math.inf, -math.inf
    logits.requires_grad_()
    value = lead_over_mean(logits, torch.tensor([1, 3]))
    wanted = [-(logits[0, 0] + logits[0, 2] + logits[0, 3]).item() / 3, 0.0]
    near(value.detach(), wanted)
    (slope,) = torch.autograd.grad(value.sum(), logits)
    near(slope, [[-1 / 3, 0, -1 / 3, -1 / 3], [0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("loss", "hyper"),
    [
        (la.cross_entropy, {"label_smoothing": 0.2}),
        (la.poly1_cross_entropy, {"label_smoothing": 0.2}),
        (la.squentropy_loss, {}),
    ],
)
@pytest.mark.parametrize("out", [1, 2])
def test_the_only_possible_class_costs_nothing_whoever_looks_on(loss, hyper, out):
    only, target = torch.tensor([[1.5, *[-math.inf] * out]], dtype=torch.float64), torch.tensor([0])
    leaf = only.clone().requires_grad_()
    short = loss(leaf, target, **hyper)
    slopes, value = torch.func.grad_and_value(lambda x: loss(x, target, **hyper))(only)
    for found in (short.detach(), value, *torch.autograd.grad(short, leaf), slopes):
        near(found, torch.zeros_like(found))


@pytest.mark.parametrize("classes", range(2, 12))
def test_level_logits_have_no_spread_whoever_looks_on(classes):
    for level in (0.1, 1 / 3, 12345.678):
        logits = torch.full((1, classes), level, dtype=torch.float64)
        value = torch.func.vmap(lambda row: la.spherical_z_loss(row, torch.tensor([0])))(logits[None])
        assert value.item() == la.spherical_z_loss(logits, torch.tensor([0])).item() == pytest.approx(math.log(2))


# where pieces join


def test_at_score_zero_the_halted_loss_still_has_the_slope_of_the_focal_loss():
    score = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(
        la.halted_focal_loss(score, torch.ones(1, dtype=torch.float64), alpha=None, gamma=1.0), score
    )
    near(slope, [-(0.5 * 0.5 + 0.25 * math.log(2))])


def test_losses_are_narrowed_by_each_of_the_three():
    entry = la.get("focal_loss")
    assert la.registry(family="no such family") == [] and entry in la.registry(family=entry.family)
    for narrowed in (la.registry(paper=entry.paper), la.registry(signature=entry.signature)):
        assert entry in narrowed and len(narrowed) < len(la.registry())
