"""Exercise 4: what the negatives would weigh if no positive hid among them.

A population is made whose parts are known. The reader's estimate sees the mixture, and is compared with the part that
it cannot see.
"""

import math

import torch

from ..answers import Function
from ..arguments import called
from ..exercise import Exercise, Wrong, need
from ..probes import close, show

CALL = "true_negative_mean(positive, unlabelled, prior, temperature)"


def weights(draw, rows, count, low, high, temperature):
    """exp(similarity / temperature) of some pairs, (rows, count)."""
    similarity = low + (high - low) * torch.rand(rows, count, generator=draw.generator, dtype=torch.float64)
    return (similarity / temperature).exp()


def estimate(answer, positive, unlabelled, prior, temperature):
    value = called(
        answer,
        positive,
        unlabelled,
        prior,
        temperature,
        order="positive, unlabelled, prior, temperature",
        shape=(len(positive),),
    )
    rows = (len(positive),)
    if not isinstance(value, torch.Tensor):
        raise Wrong("return a PyTorch tensor, one number per anchor.")
    need(
        value.ndim != 0,
        f"for {rows[0]} anchors it returned a single number. Each anchor has its own pairs: take means along dim 1, and"
        " leave the mean over anchors to the caller.",
    )
    need(
        value.shape == rows,
        f"for {rows[0]} anchors it returned shape {tuple(value.shape)}. Return one number per anchor, shape {rows}.",
    )
    return value


def population(draw, prior_of=(1, 5), temperature=0.5):
    """Positives, a mixture whose share of positives is exactly the prior, and its true negatives, for three anchors."""
    few, all_of_them = prior_of
    positive = weights(draw, 3, few, 0.4, 0.9, temperature)
    negative = weights(draw, 3, all_of_them - few, -0.4, 0.7, temperature)
    return positive, torch.cat([positive, negative], 1), negative, few / all_of_them, temperature


def one_number_per_anchor(answer, draw):
    """It gives one number per anchor, as a tensor."""
    positive, unlabelled = (weights(draw, 3, 5, -0.4, 0.9, 0.5) for _ in range(2))
    found = called(
        answer, positive, unlabelled, 0.2, 0.5, order="positive, unlabelled, prior, temperature", shape=(len(positive),)
    )
    if isinstance(found, torch.Tensor):
        need(
            found.shape != (5,),
            "with 3 anchors of 5 pairs each it returned 5 numbers. A mean runs over the anchors, dim 0; it should run"
            " over the pairs of each, dim 1.",
        )
        need(
            found.shape != (3, 5),
            "it returned one number per pair. It should return one per anchor: the mean over its pairs.",
        )
    estimate(answer, positive, unlabelled, 0.2, 0.5)


def nothing_hidden(answer, draw):
    """With a prior of 0 it is the mean of what is there."""
    positive, unlabelled, *_ = population(draw)
    found, plain = estimate(answer, positive, unlabelled, 0.0, 0.5), unlabelled.mean(1)
    need(
        found.isfinite().all(),
        f"with a prior of 0 it is {show(found)}. Is something divided by the prior? Divide by the share of what is"
        " left.",
    )
    need(
        not close(found, -plain).all(),
        f"with a prior of 0 it is {show(found)}, below 0. The mean of weights is positive: is a sign flipped?",
    )
    need(
        not close(found, positive.mean(1)).all(),
        f"with a prior of 0 it is {show(found)}, the mean of the pairs *known* to be positive. Are `positive` and"
        " `unlabelled` exchanged?",
    )
    need(
        not close(found, unlabelled.sum(1)).all(),
        "with a prior of 0 it is the *sum* over the unlabelled pairs. It should be the mean.",
    )
    need(
        close(found, plain).all(),
        f"if no positive can hide among the unlabelled pairs, their mean is right: {show(plain)}. Yours is"
        f" {show(found)}.",
    )


def unbiased(answer, draw):
    """In a mixture with exactly the prior's share of positives it finds the mean of the true negatives."""
    for prior_of in [(1, 5), (2, 8), (3, 6)]:
        positive, unlabelled, negative, prior, temperature = population(draw, prior_of)
        found, right = estimate(answer, positive, unlabelled, prior, temperature), negative.mean(1)
        if close(found, right).all():
            continue
        seen = f"with a prior of {prior:g} your estimate is {show(found)}"
        need(
            not close(found, unlabelled.mean(1)).all(),
            f"{seen}: the mean of the mixture. The positives in it weigh too much.",
        )
        need(
            not close(found, right * (1 - prior)).all(),
            f"{seen}: too small by one factor. After taking out the positives, what share of the mixture is left?",
        )
        added = unlabelled.mean(1) + prior * positive.mean(1)
        need(
            not close(found, added).all() and not close(found, added / (1 - prior)).all(),
            f"{seen}. The positives are added; they have to come out.",
        )
        raise Wrong(
            f"{seen}, and the true negatives of this mixture have the mean {show(right)}. The mean of a mixture is the"
            " mean of the two parts, each by its share: solve for the part you want."
        )


def not_below_the_least(answer, draw):
    """It never falls below what a negative at the far side of the sphere weighs."""
    for temperature in (0.1, 0.5):
        positive = weights(draw, 3, 2, 0.8, 1.0, temperature)
        unlabelled = weights(draw, 3, 4, -0.9, -0.5, temperature)
        found = estimate(answer, positive, unlabelled, 0.4, temperature)
        need(
            (found > 0).all(),
            f"here no unlabelled pair happens to be positive, and your estimate is {show(found)}. Its logarithm would"
            " be NaN. What is the least that exp(s/τ) can be?",
        )
        least = math.exp(-1 / temperature)
        need(
            not close(found, math.exp(-temperature) + 0 * found).all(),
            f"at τ = {temperature:g} your least weight is e to the power of -τ. A temperature divides the similarity:"
            " which exponent does the least one give?",
        )
        need(
            (found >= least * (1 - 1e-6)).all(),
            f"your estimate is {show(found)}, and at τ = {temperature:g} no pair of unit vectors weighs less than"
            f" {least:.3g}.",
        )
        need(
            (found <= least * (1 + 1e-6)).all(),
            f"here the difference is below what any pair can weigh, {least:.3g}; take that least weight instead. Yours"
            f" is {show(found)}.",
        )


def carries_a_gradient(answer, draw):
    """A gradient flows to positives and unlabelled pairs."""
    positive, unlabelled, _, prior, temperature = population(draw)
    positive.requires_grad_(), unlabelled.requires_grad_()
    total = estimate(answer, positive, unlabelled, prior, temperature).sum()
    need(total.requires_grad, "the result carries no gradient. Look for `detach()`, `.item()` or NumPy.")
    gradients = torch.autograd.grad(total, [positive, unlabelled], allow_unused=True)
    for name, gradient in zip(("positive", "unlabelled"), gradients, strict=True):
        need(gradient is not None and gradient.any(), f"no gradient reaches `{name}`.")


UNLABELLED = Exercise(
    key="contrastive/4",
    title="Positives in disguise",
    minutes=25,
    form=Function(CALL),
    properties=(one_number_per_anchor, nothing_hidden, unbiased, not_below_the_least, carries_a_gradient),
)
