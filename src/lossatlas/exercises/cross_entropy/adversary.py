"""Exercise 4: the worst case against an adversary who pays another price.

A maximum over weights is known by two facts: no weights get more, and the weights in its own gradient get exactly
that much. Neither needs to know how the maximum is found.
"""

import torch

from ...contract import get
from ..answers import Function
from ..exercise import Exercise, Wrong, need
from ..probes import (
    close,
    gradient,
    inputs_stay_as_they_are,
    items,
    items_do_not_mix,
    one_value_per_item,
    same_after_a_shift,
    show,
    survives_extremes,
)


def setting(draw, items=4, classes=4):
    """Logits, labels, a price and a margin."""
    logits, target = draw.batch(items, classes, scale=1.0)
    return logits, target, {"lam": round(draw.uniform(0.5, 2.0), 1), "margin": round(draw.uniform(0.2, 1.0), 1)}


def violations(logits, target, margin):
    """d_k = f_k - f_y + m for the wrong classes and 0 for the true one, (N, C)."""
    true = torch.nn.functional.one_hot(target, logits.shape[1]).bool()
    return torch.where(true, 0.0, logits - logits[true].unsqueeze(1) + margin)


def price(weights, lam):
    """What straying from the uniform weights costs."""
    return lam / 2 * (weights - 1 / weights.shape[-1]).square().sum(-1)


def gain(weights, logits, target, *, lam, margin):
    """What the adversary with these weights is left with."""
    return (weights * violations(logits, target, margin)).sum(-1) - price(weights, lam)


def weights_in_the_gradient(loss, logits, target, **hyper):
    """A true logit enters every violation with a minus sign, so 1 is missing from its entry."""
    found = gradient(loss, logits, target, **hyper)
    return found + torch.nn.functional.one_hot(target, logits.shape[1]).to(found)


def gradient_holds_weights(loss, draw):
    """Its gradient consists of an adversary's weights, none of them negative."""
    for _ in range(4):
        logits, target, hyper = setting(draw)
        weights = weights_in_the_gradient(loss, logits, target, **hyper)
        i = int(weights.amin(1).argmin())
        at = f"for logits {show(logits[i])}, target {int(target[i])}, λ = {hyper['lam']} and margin {hyper['margin']}"
        seen = f"{at} the weights that your gradient gives to the violations are {show(weights[i])}"
        others = weights[i].clone().index_fill(0, target[i], 0)
        need(others.max() > 1e-7 or others.min() > -1e-7, f"{seen}. Every wrong class is pushed up: is a sign flipped?")
        if weights[i].min() < -1e-7:
            factor = off_by(loss, draw)
            need(
                factor is None, f"{seen}. All values of your loss are off by one factor, about {factor}. Is it scaled?"
            )
            need(
                others.min() < -1e-7,
                f"{seen}. Those of the wrong classes sum to {show(others.sum())}, more than the 1 that there is to"
                " give. Are the weights normalised, and is none let below 0?",
            )
            raise Wrong(f"{seen}. A weight is never negative: are some of them let below 0?")


def off_by(loss, draw):
    """The one factor by which all values are off where the price no longer counts, in words, or None."""
    logits, target, hyper = setting(draw, items=16)
    goal = get("crammer_singer_hinge")(logits, target, margin=hyper["margin"], reduction="none")
    counted = goal > 0.1
    factors = (items(loss, logits, target, lam=1e-6, margin=hyper["margin"]) / goal)[counted]
    same = len(factors) > 1 and factors.max() - factors.min() < 1e-3 and (factors.mean() - 1).abs() > 1e-2
    return show(factors.mean()) if same else None


def no_adversary_gets_more(loss, draw):
    """No adversary is left with more than the loss."""
    for _ in range(4):
        logits, target, hyper = setting(draw)
        value = items(loss, logits, target, **hyper)
        corners = torch.eye(4, dtype=torch.float64).unsqueeze(1).expand(4, 4, 4)
        tried = [draw.weights(4, 4) for _ in range(40)] + [torch.full((4, 4), 0.25, dtype=torch.float64), *corners]
        own = weights_in_the_gradient(loss, logits, target, **hyper)
        for weights in [own, *tried]:
            more = gain(weights, logits, target, **hyper) - value
            i = int(more.argmax())
            if more[i] > 1e-7:
                factor = off_by(loss, draw)
                need(
                    factor is None,
                    "at a price near 0, where only the largest violation counts, all values of your loss are off by"
                    f" one factor, about {factor}. Is it scaled, or a mean taken where a sum belongs?",
                )
                raise Wrong(_beaten(logits[i], target[i], hyper, weights[i], value[i], value[i] + more[i], own[i]))


def exchanged(weights, logits, target, hyper, value):
    """Whether the weights get the value where price and margin have changed places."""
    return close(gain(weights[None], logits[None], target[None], lam=hyper["margin"], margin=hyper["lam"])[0], value)


def _beaten(logits, target, hyper, weights, value, gained, own):
    words = (
        f"for logits {show(logits)}, target {int(target)}, λ = {hyper['lam']} and margin {hyper['margin']} your loss is"
        f" {show(value)}, but an adversary with the weights {show(weights)} is left with {show(gained)}."
    )
    violation = violations(logits[None], target[None], hyper["margin"])[0]
    entropic = (own * violation).sum() - hyper["lam"] * (own * (own * len(own)).clamp_min(1e-30).log()).sum()
    if close(entropic, value):
        return f"{words} Your adversary pays the Kullback–Leibler price of LDR-KL; this one pays for squares."
    if exchanged(own, logits, target, hyper, value):
        return f"{words} With `lam` and `margin` exchanged the two would agree."
    without = violations(logits[None], target[None], 0.0)[0]
    if close((own * without).sum() - price(own, hyper["lam"]), value):
        return f"{words} Without the margin the two would agree: is it missing?"
    return (
        f"{words} A worst case may not be beaten: are the weights the best ones, and is the price taken off once, with"
        " its factor ½?"
    )


def its_own_adversary_gets_it(loss, draw):
    """The adversary in its gradient is left with exactly the loss."""
    for _ in range(4):
        logits, target, hyper = setting(draw)
        value = items(loss, logits, target, **hyper)
        weights = weights_in_the_gradient(loss, logits, target, **hyper)
        gained = gain(weights, logits, target, **hyper)
        i = int((value - gained).abs().argmax())
        if not close(gained[i], value[i]):
            raise Wrong(_unearned(logits[i], target[i], hyper, weights[i], value[i], gained[i]))


def _unearned(logits, target, hyper, weights, value, gained):
    words = (
        f"for logits {show(logits)}, target {int(target)}, λ = {hyper['lam']} and margin {hyper['margin']} your loss is"
        f" {show(value)}, but the adversary with the weights {show(weights)}, those in your gradient, is left with"
        f" {show(gained)}."
    )
    violation = violations(logits[None], target[None], hyper["margin"])[0]
    if exchanged(weights, logits, target, hyper, value):
        return f"{words} With `lam` and `margin` exchanged the two would agree."
    if close((weights * violation).sum(), value):
        return f"{words} The difference is the price: was it never paid?"
    return f"{words} Is the margin added for the true class too, or the price too low?"


def is_convex(loss, draw):
    """It is convex: halfway between two points it is at most the mean of the two."""
    for _ in range(20):
        logits, target, hyper = setting(draw)
        other, _, _ = setting(draw)
        middle = items(loss, (logits + other) / 2, target, **hyper)
        mean = (items(loss, logits, target, **hyper) + items(loss, other, target, **hyper)) / 2
        i = int((middle - mean).argmax())
        need(
            middle[i] <= mean[i] + 1e-9,
            f"halfway between the logits {show(logits[i])} and {show(other[i])}, target {int(target[i])}, your loss is"
            f" {show(middle[i])}; the mean of the two ends is {show(mean[i])}. A maximum of straight lines is convex:"
            " are the weights the best ones, and is their price paid?",
        )


def becomes_the_hinge(loss, draw):
    """As λ goes to 0 it becomes the Crammer–Singer hinge."""
    hinge = get("crammer_singer_hinge")
    logits, target, hyper = setting(draw)
    goal = hinge(logits, target, margin=hyper["margin"], reduction="none")
    lines = []
    for lam in (0.1, 0.01, 0.001):
        gap = (goal - items(loss, logits, target, lam=lam, margin=hyper["margin"])).abs().max().item()
        if gap > lam:
            raise Wrong(f"at λ = {lam} your loss is still {gap:.3g} away from the hinge. {_why_no_hinge(loss, draw)}")
        lines.append(f"λ = {lam}: largest distance to the hinge {gap:.2g}")
    return "\n".join(lines)


def _why_no_hinge(loss, draw):
    """What the loss becomes instead."""
    factor = off_by(loss, draw)
    if factor is not None:
        return f"All values are off by one factor, about {factor}. Is it scaled, or a sign flipped?"
    hinge = get("crammer_singer_hinge")
    logits, target, hyper = setting(draw, items=16)
    limit = items(loss, logits, target, lam=1e-6, margin=hyper["margin"])
    if torch.allclose(limit, hinge(logits, target, margin=0.0, reduction="none"), atol=1e-3):
        return "It becomes the hinge without a margin: is `margin` missing?"
    if torch.allclose(limit, hinge(-logits, target, margin=hyper["margin"], reduction="none"), atol=1e-3):
        return "It becomes the hinge of the negative logits: is the sign of the violations flipped?"
    if torch.allclose(limit, hinge(logits, target, margin=hyper["margin"], reduction="none"), atol=1e-3):
        return (
            "It gets there later: the price of straying is too high. What is the price at λ = 0.1, with its factor ½?"
        )
    return (
        "When straying is free, all weight goes to the largest violation, the true class's own 0 among them: is the"
        " margin added there too, and are the weights normalised?"
    )


ADVERSARY = Exercise(
    key="cross_entropy/4",
    title="Another adversary",
    minutes=35,
    form=Function("squared_worst_case(logits, target, *, lam=1.0, margin=1.0)"),
    properties=(
        one_value_per_item,
        inputs_stay_as_they_are,
        items_do_not_mix,
        same_after_a_shift,
        gradient_holds_weights,
        is_convex,
        no_adversary_gets_more,
        its_own_adversary_gets_it,
        becomes_the_hinge,
        survives_extremes,
    ),
)
