"""Exercise 3: the weights are given, the loss is to be found.

Autograd computes the weights of the answer; nothing is integrated here.
"""

import math

import torch

from ..answers import Function
from ..arguments import called, need_tensor
from ..exercise import Exercise, Wrong, need
from ..probes import show

CALL = "my_deviance(s, positive, negative)"


def numbers(draw):
    """The sharpness of both sides, and where a pair is half in order."""
    return {"pull": draw.integer(2, 5), "push": draw.integer(3, 6) * 10, "centre": draw.integer(3, 7) / 10}


def given_weight(s, sharpness):
    """The weight that the exercise gives for one side, as a number."""
    return 1 / (1 + math.exp(sharpness * s))


def sample(draw, anchors=3, compared=5):
    """Similarities of one decimal, and masks with two positives, two negatives and one row that is neither."""
    s = (2 * torch.rand(anchors, compared, generator=draw.generator, dtype=torch.float64) - 1).mul(10).round() / 10
    kind = torch.arange(compared).expand(anchors, -1)
    return s, kind < 2, (kind >= 2) & (kind < 4)


def values(answer, s, positive, negative):
    """One value per anchor; an error explains any other result."""
    n = len(s)
    found = called(answer, s, positive, negative, order="s, positive, negative", shape=(n,))
    need_tensor(found)
    if found.shape == (n,):
        return found
    need(
        found.ndim != 0,
        f"it returned a single number for {n} anchors. Sum over the pairs of an anchor only, and leave the mean over"
        f" anchors to the caller: shape {(n,)}.",
    )
    need(
        found.shape != s.shape,
        f"it returned one value per pair, shape {tuple(s.shape)}. Sum over the pairs of an anchor, along the last"
        " dimension.",
    )
    need(
        found.shape != (s.shape[1],),
        f"for {n} anchors with {s.shape[1]} pairs each it returned {s.shape[1]} values. A sum runs over the anchors,"
        " dim 0; it should run along the last dimension.",
    )
    raise Wrong(
        f"for {n} anchors it returned shape {tuple(found.shape)}. Sum over the pairs of an anchor, and return shape"
        f" {(n,)}."
    )


def measured(answer, s, positive, negative):
    """Slopes of the answer in the similarities, (N, K)."""
    s = s.clone().requires_grad_()
    found = values(answer, s, positive, negative)
    need(found.requires_grad, "the result does not depend on the similarities as far as autograd can see.")
    (derivative,) = torch.autograd.grad(found.sum(), s)
    return derivative


def one_value_per_anchor(answer, draw):
    """It gives one value per anchor, as a tensor."""
    values(answer, *sample(draw))


def right_direction(answer, draw):
    """It falls with the similarity of a positive and rises with that of a negative."""
    s, positive, negative = sample(draw)
    derivative = measured(answer, s, positive, negative)
    need(
        (derivative[positive] < 0).all(),
        "its derivative in the similarity of a positive is not below 0. A positive that comes nearer should cost less."
        " Is a sign flipped, or are the masks exchanged?",
    )
    need(
        (derivative[negative] > 0).all(),
        "its derivative in the similarity of a negative is not above 0. A negative that comes nearer should cost more."
        " Is a sign flipped?",
    )


def neither(answer, draw):
    """A row that is neither positive nor negative does not count."""
    s, positive, negative = sample(draw)
    derivative = measured(answer, s, positive, negative)
    rest = ~(positive | negative)
    need(
        (derivative[rest] == 0).all(),
        "a row that is in neither mask has a derivative. Fill what is not marked with 0, on each side.",
    )


def _same(found, wanted):
    return all(abs(f - w) <= 1e-7 + 1e-6 * abs(w) for f, w in zip(found, wanted, strict=True))


def weights_of(side):
    """The property of one side, `"positive"` or `"negative"`."""

    def as_given(answer, draw):
        pull, push, centre = draw.numbers["pull"], draw.numbers["push"], draw.numbers["centre"]
        sharpness, other, sign = (pull, push, -1) if side == "positive" else (-push, -pull, 1)
        s, positive, negative = sample(draw)
        chosen = positive if side == "positive" else negative
        at, found = s[chosen].tolist(), (sign * measured(answer, s, positive, negative))[chosen].tolist()
        wanted = [given_weight(x - centre, sharpness) for x in at]
        if _same(found, wanted):
            return
        i = max(range(len(at)), key=lambda n: abs(found[n] - wanted[n]))
        seen = f"at s = {at[i]:g} the weight of a {side} pair comes out as {found[i]:.4g}"
        times, size = found[i] / wanted[i], abs(sharpness)
        need(
            not _same(found, [size * w for w in wanted]),
            f"{seen}: {size} times too much. What does the chain rule bring down when you differentiate your loss?",
        )
        need(
            not _same(found, [1 - w for w in wanted]),
            f"{seen}: one minus the weight that is given. An easy pair should weigh little. Is the sign in the exponent"
            " flipped?",
        )
        need(
            not _same(found, [given_weight(x, sharpness) for x in at]),
            f"{seen}, as if the centre were 0 and not {centre:g}. Where does it come in?",
        )
        need(
            not _same(found, [given_weight(x - centre, other) for x in at]),
            f"{seen}: the sharpness of the other side, {abs(other)}. A {side} has {size}.",
        )
        need(
            not _same(found, [given_weight(x + centre, sharpness) for x in at]),
            f"{seen}, as if the centre were at {-centre:g}. Is its sign flipped?",
        )
        need(
            not _same([2 * w for w in found], wanted),
            f"{seen}: half of the weight that is given. Pairs are summed, not averaged.",
        )
        need(
            not _same(found, [times * w for w in wanted]),
            f"{seen}: {times:.4g} times the weight that is given. So are all others of this side: which number is one"
            " too many?",
        )
        raise Wrong(
            f"{seen}. Put s into the weight that is given, and compare. Which function has that weight as its"
            " derivative?"
        )

    as_given.__name__ = f"weights_of_{side}s"
    as_given.__doc__ = f"The weights of {side}s are those that are given."
    return as_given


def bounded_below(answer, draw):
    """A pair that is in order costs nothing, in the limit."""
    s = torch.tensor([[60.0, -60.0]], dtype=torch.float64)
    marks = torch.tensor([[True, False]])
    found = values(answer, s, marks, ~marks)
    need(
        found.isfinite().all(),
        f"with s = 60 for a positive and -60 for a negative it is {show(found)}. Cosines end at 1, but a formula should"
        " not.",
    )
    need(
        found.abs().max() < 1e-9,
        f"with s = 60 for a positive and -60 for a negative it is {show(found)}. The weights fix a loss up to a number:"
        " choose it so that the limit is 0.",
    )


def survives_extremes(answer, draw):
    """Value and derivative are finite in single precision, however wrong the pairs are."""
    s = torch.tensor([[-1000.0, 1000.0], [1000.0, -1000.0]])
    marks = torch.tensor([[True, False], [True, False]])
    derivative = measured(answer, s, marks, ~marks)
    found = values(answer, s, marks, ~marks)
    need(
        found.isfinite().all() and derivative.isfinite().all(),
        f"with similarities of ±1000 it is {show(found)} with derivatives {show(derivative)}. An exponential overflows:"
        " there is a function of PyTorch for log(1 + eˣ).",
    )


WEIGHTS = Exercise(
    key="pair_metric_learning/3",
    title="From weights to a loss",
    minutes=15,
    given=numbers,
    form=Function(CALL),
    properties=(
        one_value_per_anchor,
        right_direction,
        neither,
        weights_of("positive"),
        weights_of("negative"),
        bounded_below,
        survives_extremes,
    ),
)
