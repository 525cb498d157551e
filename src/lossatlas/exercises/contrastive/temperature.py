"""Exercise 3: which temperature makes the hardest negative carry a given share of the push?

An answer is tried out: autograd measures how the loss with that temperature divides its push.
"""

import torch

from ...contract import on
from ...losses.contrastive import info_nce
from ...signatures import pairs
from ..answers import Function, Number
from ..exercise import Exercise, need
from ..probes import show

NEAR = 2e-3


def share_of_hardest(similarities, temperature):
    """Of the push on all negatives, what the most similar one gets."""
    negative = torch.tensor([similarities], dtype=torch.float64, requires_grad=True)
    positive = torch.full((1, 1), 0.5, dtype=torch.float64)
    (push,) = torch.autograd.grad(on(pairs, info_nce)(positive, negative, temperature=temperature), negative)
    return (push.max() / push.sum()).item()


def asked(draw):
    """Some negatives, the hardest well apart from the others, and a share."""
    for _ in range(6):
        count = draw.integer(2, 6)
        hardest = draw.uniform(0.2, 0.9)
        others = [round(hardest - draw.uniform(0.05, 0.9), 2) for _ in range(count - 1)]
        low = 1 / count
        yield [round(hardest, 2), *others], round(low + (1 - low) * draw.uniform(0.15, 0.9), 3)


def named(answer, similarities, share):
    call = f"temperature_for({show(similarities)}, {share})"
    temperature = Number(call).read(answer(similarities, share)) + 0.0
    need(temperature > 0, f"`{call}` is {temperature:.4g}. A temperature is positive. Is a sign flipped, or a logarithm upside down?")
    return call, temperature


def two_negatives(answer, draw):
    """With two negatives the share is right."""
    hardest = round(draw.uniform(0.3, 0.9), 2)
    gap = round(draw.uniform(0.1, 0.6), 2)
    _measured(answer, [hardest, round(hardest - gap, 2)], round(draw.uniform(0.55, 0.95), 3))


def many_negatives(answer, draw):
    """With several negatives the share is right."""
    for similarities, share in asked(draw):
        _measured(answer, similarities, share)


def in_any_order(answer, draw):
    """The order in which the negatives are listed does not matter."""
    similarities, share = next(asked(draw))
    _measured(answer, similarities[1:] + similarities[:1], share)


def _measured(answer, similarities, share):
    call, temperature = named(answer, similarities, share)
    found = share_of_hardest(similarities, temperature)
    if abs(found - share) < NEAR:
        return
    seen = f"`{call}` is {temperature:.4g}. Measured at that temperature, the hardest negative gets {found:.3f} of the push"
    inverse = share_of_hardest(similarities, 1 / temperature)
    need(abs(inverse - share) > NEAR, f"{seen}. At one over your number it is as asked: a temperature divides.")
    need(found < share, f"{seen}, more than {share}. A smaller temperature makes the loss look at fewer negatives; yours is too small.")
    need(False, f"{seen}, less than {share}. Your temperature is too large.")


TEMPERATURE = Exercise(
    key="contrastive/3",
    title="How much for the hardest?",
    minutes=20,
    form=Function("temperature_for(similarities, share)"),
    properties=(two_negatives, many_negatives, in_any_order),
)
