"""Exercise 3: which temperature makes the hardest negatives carry a given share of the push?

An answer is tried out: autograd measures how the loss with that temperature divides its push.
"""

import torch

from ...contract import on
from ...losses.contrastive import info_nce
from ...signatures import pairs
from ..answers import Function, Number
from ..exercise import Exercise, Wrong, need
from ..probes import show

NEAR = 2e-3


def numbers(draw):
    """How many of the most similar negatives are to share the push."""
    return {"hardest": draw.integer(1, 3)}


def share_of_hardest(similarities, temperature, hardest):
    """Of the push on all negatives, what the most similar ones get together."""
    negative = torch.tensor([similarities], dtype=torch.float64, requires_grad=True)
    positive = torch.full((1, 1), 0.5, dtype=torch.float64)
    (push,) = torch.autograd.grad(on(pairs, info_nce)(positive, negative, temperature=temperature), negative)
    return (push[0].sort(descending=True).values[:hardest].sum() / push.sum()).item()


def targets(draw):
    """Some negatives, the hardest first and well apart from the others, and a share."""
    hardest = draw.numbers["hardest"]
    for _ in range(6):
        count = hardest + draw.integer(1, 5)
        edge = draw.uniform(0.2, 0.7)
        front = [round(edge + draw.uniform(0.0, 0.25), 2) for _ in range(hardest)]
        others = [round(edge - draw.uniform(0.05, 0.9), 2) for _ in range(count - hardest)]
        low = hardest / count
        yield [*front, *others], round(low + (1 - low) * draw.uniform(0.15, 0.9), 3)


def named(answer, similarities, share):
    call = f"temperature_for({show(similarities)}, {share})"
    temperature = Number(call).read(answer(similarities, share)) + 0.0
    need(
        temperature > 0,
        f"`{call}` is {temperature:.4g}. A temperature is positive. Is a sign flipped, a logarithm upside down, or a"
        " formula used that is valid for two negatives only?",
    )
    return call, temperature


def all_alike(answer, draw):
    """Where the hardest are all alike and one other negative is left, the share is right."""
    hardest, edge = draw.numbers["hardest"], round(draw.uniform(0.3, 0.9), 2)
    gap, low = round(draw.uniform(0.1, 0.6), 2), hardest / (hardest + 1)
    _measured(
        answer, [edge] * hardest + [round(edge - gap, 2)], round(low + (1 - low) * draw.uniform(0.2, 0.9), 3), hardest
    )


def many_negatives(answer, draw):
    """With several negatives the share is right."""
    for similarities, share in targets(draw):
        _measured(answer, similarities, share, draw.numbers["hardest"])


def in_any_order(answer, draw):
    """The order in which the negatives are listed does not matter."""
    for similarities, share in targets(draw):
        _measured(answer, similarities[1:] + similarities[:1], share, draw.numbers["hardest"])


def _measured(answer, similarities, share, hardest):
    call, temperature = named(answer, similarities, share)
    found = share_of_hardest(similarities, temperature, hardest)
    if abs(found - share) < NEAR:
        return
    who = f"the {hardest} hardest negatives get" if hardest > 1 else "the hardest negative gets"
    seen = f"`{call}` is {temperature:.4g}. Measured at that temperature, {who} {found:.3f} of the push"
    inverse = share_of_hardest(similarities, 1 / temperature, hardest)
    need(
        abs(inverse - share) > NEAR, f"{seen}. At one over your number it is the required share: a temperature divides."
    )
    for other in range(1, len(similarities)):
        if other != hardest:
            fits = abs(share_of_hardest(similarities, temperature, other) - share) < NEAR
            need(
                not fits,
                f"{seen}. The required share goes to the {other} hardest; your number of `hardest` is {hardest}.",
            )
    ends = hardest / len(similarities) + NEAR, 1 - NEAR
    need(
        ends[0] < found < ends[1],
        f"{seen}, an end of what is possible. Did a search walk the wrong way, or are not {hardest} counted as the"
        " hardest?",
    )
    need(
        found < share,
        f"{seen}, more than {share}. A smaller temperature makes the loss look at fewer negatives; yours is too small.",
    )
    raise Wrong(f"{seen}, less than {share}. Your temperature is too large.")


TEMPERATURE = Exercise(
    key="contrastive/3",
    title="How much for the hardest?",
    minutes=20,
    form=Function("temperature_for(similarities, share)"),
    given=numbers,
    properties=(many_negatives, all_alike, in_any_order),
)
