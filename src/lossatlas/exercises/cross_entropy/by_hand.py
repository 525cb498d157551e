"""Exercise 1: probabilities, loss and gradient for three logits, with pencil and paper.

Every number is checked against the others: the probabilities against the odds, the loss against the probabilities,
the gradient against what the probabilities imply for small moves.
"""

import math

from ..answers import Number, Numbers, Parts
from ..exercise import Exercise, Wrong, need
from ..probes import show

ROUNDING = 2e-3  # three decimals are enough


def numbers(draw):
    """Three different whole numbers, the exponentials of the logits, and the true class."""
    found = []
    while len(found) < 3:
        number = draw.integer(1, 9)
        if number not in found:
            found.append(number)
    return {"exp_of_logits": found, "true_class": draw.integer(0, 2)}


def probabilities(answer, draw):
    """`p_by_hand` consists of three positive numbers that sum to 1."""
    need((answer.p > 0).all(), f"one of {show(answer.p)} is not positive. An exponential is.")
    total = answer.p.sum().item()
    need(abs(total - 1) < ROUNDING, f"your three numbers sum to {total:.4g}. What has to be divided out?")


def odds(answer, draw):
    """The odds of two classes follow from their logits."""
    weights = draw.numbers["exp_of_logits"]
    for i, j in [(0, 1), (1, 2), (0, 2)]:
        if abs(answer.p[i] * weights[j] - answer.p[j] * weights[i]) > ROUNDING * (weights[i] + weights[j]):
            raise Wrong(
                f"class {i} comes out {show(answer.p[i] / answer.p[j])} times as likely as class {j}. The difference of"
                " the two logits, raised to a power of e, is something else. Did you use the logits themselves, or mix"
                " up their order?"
            )


def negative_log_likelihood(answer, draw):
    """`loss_by_hand` is the negative log-likelihood, in nats, of the true class."""
    y = draw.numbers["true_class"]
    fits = {base: abs(base**-answer.loss - answer.p[y]) < ROUNDING for base in (math.e, 2.0, 10.0)}
    if fits[math.e]:
        return
    need(
        answer.loss >= 0,
        "your loss is negative. The logarithm of a number below 1 is negative; a negative log-likelihood is not.",
    )
    need(not fits[2.0], "your loss is measured in bits: its logarithm has base 2. In this book logarithms are natural.")
    need(not fits[10.0], "your logarithm has base 10. In this book logarithms are natural.")
    for k in {0, 1, 2} - {y}:
        need(
            abs(math.exp(-answer.loss) - answer.p[k]) > ROUNDING,
            f"your loss is the negative log-likelihood of class {k}, but the true class is {y}. Classes are counted"
            " from 0.",
        )
    need(
        abs(1 - answer.loss - answer.p[y]) > ROUNDING,
        "your loss is the probability that is missing to 1, without a logarithm.",
    )
    raise Wrong(
        f"your loss is the negative log-likelihood at a probability of {math.exp(-answer.loss):.4g}. Compare that with"
        f" your own `p_by_hand` at class {y}."
    )


def balance(answer, draw):
    """The entries of `gradient_by_hand` sum to zero."""
    total = answer.gradient.sum().item()
    need(
        abs(total - 1) > 2 * ROUNDING,
        "the entries sum to 1, as probabilities do. What does the label take away, and from which entry?",
    )
    need(
        abs(total) < 2 * ROUNDING,
        f"the entries sum to {total:.4g}. Adding the same number to all logits changes no probability, so the sum must"
        " vanish.",
    )


def direction(answer, draw):
    """Going against `gradient_by_hand` raises the true logit and lowers the others."""
    y = draw.numbers["true_class"]
    signs = [g > 0 for g in answer.gradient.tolist()]
    upside_down = [k == y for k in range(3)]
    need(
        signs != upside_down,
        "every entry has the wrong sign. The gradient points uphill, and uphill is where the true logit is smaller.",
    )
    need(
        signs == [k != y for k in range(3)],
        f"the signs do not fit the true class, {y}. Raising which logits makes the loss go up? Classes are counted"
        " from 0.",
    )


def small_moves(answer, draw):
    """`gradient_by_hand` predicts what a small move of each logit does to the loss."""
    y, h = draw.numbers["true_class"], 1e-3
    rates = []
    for k in range(3):
        # Odds: with e^h for e^f_k, all probabilities shrink by 1 + p_k (e^h - 1), and p_k grows by e^h.
        up, down = (math.log1p(answer.p[k] * math.expm1(move)) - (k == y) * move for move in (h, -h))
        rates.append((up - down) / (2 * h))
    factor = answer.gradient[y].item() / rates[y]
    near = all(
        abs(factor * rate - found) < 4 * ROUNDING for rate, found in zip(rates, answer.gradient.tolist(), strict=True)
    )
    need(
        not near or abs(factor - 1) < 0.1,
        f"by your own `p_by_hand`, all three entries are off by one factor, about {factor:.2g}.",
    )
    for k, rate in enumerate(rates):
        need(
            abs(rate - answer.gradient[k]) < 2 * ROUNDING,
            f"by your own `p_by_hand`, moving logit {k} by a thousandth does not change the loss by"
            f" {show(answer.gradient[k])} thousandths.",
        )


BY_HAND = Exercise(
    key="cross_entropy/1",
    title="Three logits by hand",
    minutes=10,
    form=Parts(p=Numbers("p_by_hand", 3), loss=Number("loss_by_hand"), gradient=Numbers("gradient_by_hand", 3)),
    given=numbers,
    properties=(probabilities, odds, negative_log_likelihood, balance, direction, small_moves),
)
