"""Exercise 1: InfoNCE with one positive and two negatives, with pencil and paper.

Every number is checked against the others: the shares against the weights, the loss against the odds, and the
derivatives against the loss and the shares.
"""

import math

from ..answers import Number, Numbers, Parts
from ..exercise import Exercise, need
from ..probes import show

ROUNDING = 2e-3  # three decimals are enough


def numbers(draw):
    """Whole numbers exp(similarity / temperature) of the positive and two different negatives, and the temperature."""
    first, second = draw.integer(1, 9), draw.integer(1, 8)
    return {
        "weight_of_positive": draw.integer(2, 9),
        "weights_of_negatives": [first, second + (second >= first)],
        "temperature": [0.1, 0.2, 0.25, 0.5][draw.integer(0, 3)],
    }


def shares_sum(answer, draw):
    """`shares` divides the push among the two negatives: two positive numbers that sum to 1."""
    need((answer.shares > 0).all(), f"one of {show(answer.shares)} is not positive. Both negatives are pushed.")
    total = answer.shares.sum().item()
    need(
        abs(total - 1) < ROUNDING,
        f"your two shares sum to {total:.4g}. They are shares of the push on the negatives alone: is the positive among"
        " what you divided by?",
    )


def shares_ratio(answer, draw):
    """A negative's share grows with its weight."""
    a, b = draw.numbers["weights_of_negatives"]
    need(
        abs(answer.shares[0] * b - answer.shares[1] * a) < ROUNDING * (a + b),
        f"the first negative gets {show(answer.shares[0] / answer.shares[1])} times the share of the second; their"
        f" weights are {a} and {b}. The numbers that are given are exponentials already.",
    )


def odds(answer, draw):
    """`loss` is the negative log-likelihood, in nats, of picking the positive among all three."""
    p, rest = draw.numbers["weight_of_positive"], sum(draw.numbers["weights_of_negatives"])

    def fits(share, base=math.e):
        """Whether the odds behind the loss, positive against negatives, are those of the weights."""
        return abs(share * rest - (1 - share) * p) < ROUNDING * (p + rest) and base > 1

    chance = {base: base**-answer.loss for base in (math.e, 2.0, 10.0)}
    if fits(chance[math.e]):
        return
    need(
        not fits(chance[2.0]),
        "your loss is measured in bits: its logarithm has base 2. In this book logarithms are natural.",
    )
    need(not fits(chance[10.0]), "your logarithm has base 10. In this book logarithms are natural.")
    need(
        not fits(1 - chance[math.e]),
        "your loss is the negative log-likelihood of *not* picking the positive. Is the fraction upside down?",
    )
    need(
        abs(chance[math.e] * rest - p) > ROUNDING * (p + rest),
        "behind your loss is the positive's weight over those of the negatives alone. In InfoNCE the positive stands in"
        " the denominator too.",
    )
    need(
        answer.loss > 0,
        f"your loss is {answer.loss:.4g}. Nothing is picked with a probability above 1, so the loss is positive.",
    )
    need(
        False,
        f"your loss means that the positive is picked with probability {chance[math.e]:.4g}. Compare the weights: what"
        " is the share of the positive?",
    )


def balance(answer, draw):
    """The three entries of `gradient` sum to zero."""
    total = answer.gradient.sum().item()
    need(
        abs(total) < 4 * ROUNDING / draw.numbers["temperature"],
        f"the entries sum to {total:.4g}. Raising all similarities by the same amount changes no share, so the sum must"
        " vanish.",
    )


def direction(answer, draw):
    """A step against `gradient` raises the positive's similarity and lowers the others."""
    signs = [entry > 0 for entry in answer.gradient.tolist()]
    need(
        signs != [True, False, False],
        "every entry has the wrong sign. A derivative is positive where the loss *grows*, and the loss falls when the"
        " positive comes nearer.",
    )
    need(
        signs == [False, True, True],
        f"the derivatives are {show(answer.gradient)}. The first is that of the positive; raising which similarities"
        " makes the loss grow?",
    )


def size(answer, draw):
    """The derivative at the positive agrees with your loss and the temperature."""
    temperature, missed = draw.numbers["temperature"], 1 - math.exp(-answer.loss)
    found = -answer.gradient[0].item()
    near = 4 * ROUNDING / temperature
    need(
        abs(found - missed) > near or abs(missed - missed / temperature) < near,
        "the derivative at the positive is that with respect to s/τ. The question is about the similarity itself, and"
        f" τ = {temperature:g}: which way does the chain rule go?",
    )
    need(
        abs(found - missed * temperature) > near,
        f"a temperature of {temperature:g} divides the similarities. Does it make derivatives larger or smaller?",
    )
    need(
        abs(found - missed / temperature) < near,
        f"by your own loss the positive is missed with probability {missed:.4g}. With τ = {temperature:g} that does not"
        f" give a derivative of {answer.gradient[0].item():.4g}.",
    )


def divided(answer, draw):
    """The derivatives at the negatives are divided among them in proportion to `shares`."""
    total = answer.gradient[1:].sum()
    off = (answer.gradient[1:] / total - answer.shares).abs().max()
    need(
        off < 4 * ROUNDING,
        f"of the push, your derivatives give the negatives {show(answer.gradient[1:] / total)}, but your shares are"
        f" {show(answer.shares)}.",
    )


BY_HAND = Exercise(
    key="contrastive/1",
    title="One positive, two negatives",
    minutes=10,
    form=Parts(loss=Number("loss"), gradient=Numbers("gradient", 3), shares=Numbers("shares", 2)),
    given=numbers,
    properties=(shares_sum, shares_ratio, odds, direction, balance, size, divided),
)
