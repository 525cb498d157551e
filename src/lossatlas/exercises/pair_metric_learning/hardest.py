"""Exercise 2: the hardest triplet of each anchor, from a matrix of distances.

Derivatives show which pairs an answer looks at, and a collapsed batch determines what the margin adds.
"""

import torch

from ..answers import Function
from ..arguments import called, need_tensor
from ..exercise import Exercise, need
from ..probes import show


def batch(draw, items=7, classes=3):
    """Distances (N, N) of random points, no two equal, and labels of which each class has two at least."""
    points = torch.randn(items, 3, generator=draw.generator, dtype=torch.float64)
    labels = torch.arange(items) % classes
    labels = labels[torch.randperm(items, generator=draw.generator)]
    return torch.cdist(points, points), labels


def values(answer, distances, labels, margin):
    """One value per anchor; an error explains any other result."""
    n = len(labels)
    found = called(answer, distances, labels, margin, order="distances, labels, margin", shape=(n,))
    need_tensor(found)
    need(
        found.ndim != 0,
        f"it returned a single number for {n} anchors, a mean or a sum over them. Leave that to the caller: one value"
        f" per anchor, shape {(n,)}.",
    )
    need(
        found.shape != (n, n),
        f"it returned one value per pair, shape {(n, n)}. Which positive and which negative count for an anchor?",
    )
    need(found.shape != (n, n, n), "it returned one value per triplet. Which of them is the hardest, for each anchor?")
    need(
        found.shape == (n,),
        f"for {n} anchors it returned shape {tuple(found.shape)}. Return one value per anchor, shape {(n,)}.",
    )
    return found


def gradients(answer, distances, labels):
    """Slope of each anchor's value in its own row of distances, (N, N), and in all others, largest size."""
    distances = distances.clone().requires_grad_()
    found = values(answer, distances, labels, margin=10.0)
    need(
        found.requires_grad,
        "the result does not depend on the distances as far as autograd can see. Look for `.item()`, `detach()` or"
        " `argmax` without a `gather`.",
    )
    rows = torch.stack([torch.autograd.grad(value, distances, retain_graph=True)[0] for value in found])
    need(
        rows.any(),
        "with a margin of 10 every hinge is open, but the gradient of yours is 0 everywhere. Is the margin taken off"
        " instead of added?",
    )
    own = torch.eye(len(labels), dtype=torch.bool).unsqueeze(-1)
    return rows[own.expand_as(rows)].view_as(distances), rows.masked_fill(own, 0).abs().max().item()


def one_value_per_anchor(answer, draw):
    """It gives one value per anchor, never negative."""
    distances, labels = batch(draw)
    found = values(answer, distances, labels, margin=0.2)
    need(found.min() >= 0, f"for one anchor it is {show(found.min())}. A hinge is never negative.")


def looks_at_its_own_row(answer, draw):
    """An anchor's value depends on its own distances, to others, alone."""
    distances, labels = batch(draw)
    found, elsewhere = gradients(answer, distances, labels)
    need(
        elsewhere < 1e-9,
        "the value of one anchor changes with the distances of another. Work along the last dimension.",
    )
    need(
        found.diagonal().abs().max() < 1e-9,
        "the distance of a point to itself counts. A point is no positive of its own: take out the diagonal.",
    )


def one_positive_one_negative(answer, draw):
    """It looks at one positive and one negative, with derivatives 1 and -1."""
    distances, labels = batch(draw)
    found, _ = gradients(answer, distances, labels)
    same = labels.unsqueeze(1) == labels
    for i in range(len(labels)):
        pull, push = found[i][same[i]], found[i][~same[i]]
        need(
            pull.min() > -1e-9,
            f"anchor {i} has label {int(labels[i])}, and its loss falls when a positive moves away. Is a sign flipped,"
            " or a label misread?",
        )
        need(
            push.max() < 1e-9,
            f"anchor {i} has label {int(labels[i])}, and its loss rises when a negative moves away. Is a sign flipped,"
            " or a label misread?",
        )
        for side, name in ((pull, "positives"), (push, "negatives")):
            counted = int((side.abs() > 1e-9).sum())
            need(counted == 1, f"{counted} {name} of anchor {i} count, and one should: the hardest.")
            need(
                abs(side.abs().max() - 1) < 1e-9,
                f"the derivative in the hardest of the {name} is {show(side.abs().max())} in size, not 1. Are distances"
                " squared, or is the result multiplied or divided by a number?",
            )


def the_hardest(answer, draw):
    """They are the hardest ones."""
    distances, labels = batch(draw)
    found, _ = gradients(answer, distances, labels)
    same = labels.unsqueeze(1) == labels
    for i in range(len(labels)):
        pulled, pushed = distances[i][found[i] > 0.5], distances[i][found[i] < -0.5]
        others = torch.arange(len(labels)) != i
        farther = distances[i][same[i] & others] > pulled
        nearer = distances[i][~same[i]] < pushed
        need(
            not farther.any(),
            f"anchor {i} has a positive at a larger distance than {show(pulled)}, the one that you took. Which positive"
            " is hard: a near one or a far one?",
        )
        need(
            not nearer.any(),
            f"anchor {i} has a negative at a smaller distance than {show(pushed)}, the one that you took. Which"
            " negative is hard: a near one or a far one?",
        )


def collapsed(answer, draw):
    """Where all points coincide it is the margin."""
    for margin in (0.2, 1.5):
        found = values(answer, torch.zeros(6, 6, dtype=torch.float64), torch.tensor([0, 0, 1, 1, 2, 2]), margin=margin)
        need(
            (found - margin).abs().max() < 1e-9,
            f"with all distances 0 and margin {margin} it is {show(found)}. What is left of the hinge?",
        )


def solved(answer, draw):
    """Where classes are points beyond the margin it is 0."""
    labels = torch.tensor([0, 0, 1, 1])
    distances = (labels.unsqueeze(1) != labels).double() * 3.0
    found = values(answer, distances, labels, margin=1.0)
    need(found.abs().max() < 1e-9, f"with positives at 0, negatives at 3 and margin 1 it is {show(found)}.")


def lonely(answer, draw):
    """An anchor without a positive, or without a negative, gives 0."""
    distances, _ = batch(draw, items=4)
    for labels, name in ((torch.tensor([0, 1, 1, 2]), "positive"), (torch.tensor([3, 3, 3, 3]), "negative")):
        leaf = distances.clone().requires_grad_()
        found = values(answer, leaf, labels, margin=10.0)
        alone = found[[0, 3]] if name == "positive" else found
        need(
            alone.isfinite().all(),
            f"with labels {labels.tolist()} an anchor without a {name} has the value {show(alone)}.",
        )
        need(
            alone.abs().max() < 1e-9,
            f"with labels {labels.tolist()} an anchor without a {name} has the value {show(alone)}. No triplet, no"
            " loss. And is a point its own positive here, at distance 0?",
        )
        if found.requires_grad:
            (gradient,) = torch.autograd.grad(found.sum(), leaf)
            need(
                gradient.isfinite().all(),
                f"with labels {labels.tolist()} the gradient is not finite. Infinity times zero is no number: fill with"
                " 0 after the comparison.",
            )


HARDEST = Exercise(
    key="pair_metric_learning/2",
    title="The hardest triplet of each anchor",
    minutes=20,
    form=Function("my_batch_hard(distances, labels, margin)"),
    properties=(
        one_value_per_anchor,
        looks_at_its_own_row,
        one_positive_one_negative,
        the_hardest,
        collapsed,
        solved,
        lonely,
    ),
)
