"""Exercise 3: the weights are given, the loss is asked for.

Autograd reads the weights of the answer; nobody integrates them here.
"""

import math

import torch

from ...contract import describe
from ..answers import Function
from ..exercise import Exercise, Wrong, need
from ..probes import show

CALL = "my_deviance(s, positive, negative)"


def given_weight(s, sharpness):
    """What the exercise asks for on one side, as a number."""
    return 1 / (1 + math.exp(sharpness * s))


def sample(draw, anchors=3, compared=5):
    """Similarities of one decimal, and masks with two positives, two negatives and one row that is neither."""
    s = (2 * torch.rand(anchors, compared, generator=draw.generator, dtype=torch.float64) - 1).mul(10).round() / 10
    kind = torch.arange(compared).expand(anchors, -1)
    return s, kind < 2, (kind >= 2) & (kind < 4)


def values(answer, s, positive, negative):
    """One value per anchor; says what is wrong with any other result."""
    found, n = answer(s, positive, negative), len(s)
    if not isinstance(found, torch.Tensor):
        raise Wrong(f"it returned {describe(found)}. Return a PyTorch tensor; only that carries a gradient.")
    need(found.shape == (n,), f"for {n} anchors it returned shape {tuple(found.shape)}. Sum over the pairs of an anchor, and return shape {(n,)}.")
    return found


def measured(answer, s, positive, negative):
    """Slopes of the answer in the similarities, (N, K)."""
    s = s.clone().requires_grad_()
    found = values(answer, s, positive, negative)
    need(found.requires_grad, "the result does not depend on the similarities as far as autograd can see.")
    (slope,) = torch.autograd.grad(found.sum(), s)
    return slope


def one_value_per_anchor(answer, draw):
    """It gives one value per anchor, as a tensor."""
    values(answer, *sample(draw))


def right_direction(answer, draw):
    """It falls with the similarity of a positive and rises with that of a negative."""
    s, positive, negative = sample(draw)
    slope = measured(answer, s, positive, negative)
    need((slope[positive] < 0).all(), "its slope in the similarity of a positive is not below 0. A positive that comes nearer should cost less.")
    need((slope[negative] > 0).all(), "its slope in the similarity of a negative is not above 0. A negative that comes nearer should cost more.")


def neither(answer, draw):
    """A row that is neither positive nor negative does not count."""
    s, positive, negative = sample(draw)
    slope = measured(answer, s, positive, negative)
    rest = ~(positive | negative)
    need((slope[rest] == 0).all(), "a row that is in neither mask has a slope. Fill what is not marked with 0, on each side.")


def weights_of(side):
    """The property of one side, `"positive"` or `"negative"`."""
    sharpness, sign = {"positive": (2.0, -1.0), "negative": (-40.0, 1.0)}[side]

    def as_given(answer, draw):
        s, positive, negative = sample(draw)
        slope = measured(answer, s, positive, negative)
        chosen = positive if side == "positive" else negative
        for found, at in zip((sign * slope[chosen]).tolist(), s[chosen].tolist(), strict=True):
            wanted = given_weight(at - 0.5, sharpness)
            seen = f"at s = {at:g} the weight of a {side} pair comes out as {found:.4g}"
            if abs(found - wanted) <= 1e-7 + 1e-6 * wanted:
                continue
            need(abs(found - abs(sharpness) * wanted) > 1e-6 * abs(sharpness) * wanted, f"{seen}: {abs(sharpness):g} times too much. What does the chain rule bring down when you differentiate your loss?")
            need(abs(found - (1 - wanted)) > 1e-6, f"{seen}: one minus what was asked for. An easy pair should weigh little. Is the sign in the exponent flipped?")
            need(abs(2 * found - wanted) > 1e-6 * wanted, f"{seen}: half of what was asked for. Pairs are summed, not averaged.")
            raise Wrong(f"{seen}. Put s into the weight that was asked for, and compare. Which function has that weight as its derivative?")

    as_given.__name__ = f"weights_of_{side}s"
    as_given.__doc__ = f"The weights of {side}s are those asked for."
    return as_given


def bounded_below(answer, draw):
    """A pair that is in order costs nothing, in the limit."""
    s = torch.tensor([[60.0, -60.0]], dtype=torch.float64)
    marks = torch.tensor([[True, False]])
    found = values(answer, s, marks, ~marks)
    need(found.isfinite().all(), f"with s = 60 for a positive and -60 for a negative it is {show(found)}. Cosines end at 1, but a formula should not.")
    need(found.abs().max() < 1e-9, f"with s = 60 for a positive and -60 for a negative it is {show(found)}. The weights fix a loss up to a number: choose it so that the limit is 0.")


def survives_extremes(answer, draw):
    """Value and gradient are finite in single precision, however wrong the pairs are."""
    s = torch.tensor([[-1000.0, 1000.0], [1000.0, -1000.0]])
    marks = torch.tensor([[True, False], [True, False]])
    slope = measured(answer, s, marks, ~marks)
    found = values(answer, s, marks, ~marks)
    need(found.isfinite().all() and slope.isfinite().all(), f"with similarities of ±1000 it is {show(found)} with slopes {show(slope)}. An exponential overflows: there is a function of PyTorch for log(1 + eˣ).")


WEIGHTS = Exercise(
    key="pair_metric_learning/3",
    title="From weights to a loss",
    minutes=15,
    form=Function(CALL),
    properties=(one_value_per_anchor, right_direction, neither, weights_of("positive"), weights_of("negative"), bounded_below, survives_extremes),
)
