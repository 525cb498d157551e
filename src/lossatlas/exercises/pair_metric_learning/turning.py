"""Exercise 4: a margin that depends on the distances it is compared with, and where it turns the force around.

The answer is a place; the force is measured on both sides of it.
"""

import torch

from ..answers import Function, Number, Parts
from ..exercise import Exercise, Wrong, need

STEP = 1e-3


def near_derivative(d, strength, rate):
    """Slope of d + strength e^(-rate d): what a positive at distance d feels."""
    d = torch.tensor(d, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(d + strength * torch.exp(-rate * d), d)[0].item()


def far_derivative(d, strength, rate):
    """Slope of -d / 2 + strength e^(rate (d - 1)): what a negative at distance d feels."""
    d = torch.tensor(d, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(-d / 2 + strength * torch.exp(rate * (d - 1)), d)[0].item()


def place_of(answer, name, strength, rate):
    """The reader's place, as a distance, and the call that gave it in words."""
    call = f"{name}({strength}, {rate})"
    place = Number(call).read(getattr(answer, name)(strength, rate))
    need(place >= 0, f"`{call}` is {place:.4g}. No distance is below 0: what does the force do at the smallest one?")
    return place, f"`{call}` is {place:.4g}"


def turns(derivative, place, strength, rate):
    """Whether a force changes sign at a place: below 0 just inside, above 0 just outside."""
    return derivative(max(place - STEP, 0.0), strength, rate) < 0 < derivative(place + STEP, strength, rate)


def check_turn(answer, name, derivative, strength, rate, mistakes):
    """Check that the force turns at the reader's place.

    Args:
        mistakes: pairs (whether a place comes from the mistake, its message).
    """
    place, seen = place_of(answer, name, strength, rate)
    if turns(derivative, place, strength, rate):
        return
    exchanged = Number(f"{name}({rate}, {strength})").read(getattr(answer, name)(rate, strength))
    need(
        not turns(derivative, max(exchanged, 0.0), strength, rate),
        f"{seen}. With `strength` and `rate` exchanged it would be right: which of the two stands in the exponent?",
    )
    for fits, words in mistakes:
        need(not fits(place), f"{seen}. {words}")
    need(
        place > 0,
        f"{seen}. But from distance 0 on, the loss falls with the distance: the place is farther out. Did a flipped"
        " sign leave only 0?",
    )
    need(
        derivative(place + STEP, strength, rate) > 0,
        f"{seen}. Just outside, the loss still falls with the distance: the place is farther out.",
    )
    raise Wrong(f"{seen}. Just inside, the loss already rises with the distance: the place is nearer.")


def cases(draw):
    return [(round(draw.uniform(0.5, 4.0), 1), round(draw.uniform(2.5, 6.0), 1)) for _ in range(6)]


def positive_turns(answer, draw):
    """Nearer than `positive_turns_at` a positive is driven off, farther it is drawn in."""
    for a, k in cases(draw):
        mistakes = [
            (
                lambda d, a=a, k=k: turns(near_derivative, d / k, a, k),
                "It is `rate` times too far: what is left to be divided once the logarithm is taken?",
            )
        ]
        check_turn(answer, "positive_turns_at", near_derivative, a, k, mistakes)


def weak_positive(answer, draw):
    """Where the margin is too weak to turn a positive around, the place is 0."""
    for strength, rate in [(0.1, 4.0), (0.2, 2.0), (0.05, 10.0)]:
        place, seen = place_of(answer, "positive_turns_at", strength, rate)
        derivative = near_derivative(0.0, strength, rate)
        need(
            place < 1e-9,
            f"{seen}. But at distance 0 the derivative is {derivative:.3g}, above 0: it is drawn in from everywhere,"
            " and the function should give 0.",
        )


def negative_turns(answer, draw):
    """Nearer than `negative_turns_at` a negative is driven off, farther it is drawn in."""
    for a, k in cases(draw):
        k = round(k + 2.0, 1)
        a = min(a, float(f"{0.4 / k * 2.718 ** (k - 1):.2g}"))
        mistakes = [
            (
                lambda d, a=a, k=k: turns(far_derivative, max(1 - (1 - d) / k, 0.0), a, k),
                (
                    "Its distance from 1 is `rate` times too large: what is left to be divided once the logarithm is"
                    " taken?"
                ),
            ),
            (
                lambda d, a=a, k=k: turns(far_derivative, d, a / 2, k),
                "There the force of -d would turn. A negative feels only half of it, -d/2.",
            ),
        ]
        check_turn(answer, "negative_turns_at", far_derivative, a, k, mistakes)


def strong_negative(answer, draw):
    """Where a negative is drawn in from everywhere, the place is 0."""
    for strength, rate in [(40.0, 3.0), (8.0, 2.0)]:
        place, seen = place_of(answer, "negative_turns_at", strength, rate)
        if place > 1e-9:
            raise Wrong(
                f"{seen}. But at distance 0 the derivative is {far_derivative(0.0, strength, rate):.3g}, above 0: the"
                " negative is drawn in from everywhere, and the function should give 0."
            )


TURNING = Exercise(
    key="pair_metric_learning/4",
    title="A margin with a mind of its own",
    minutes=20,
    form=Parts(
        positive_turns_at=Function("positive_turns_at(strength, rate)"),
        negative_turns_at=Function("negative_turns_at(strength, rate)"),
    ),
    properties=(positive_turns, weak_positive, negative_turns, strong_negative),
)
