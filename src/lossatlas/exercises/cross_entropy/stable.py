"""Exercise 2: cross-entropy from logits, for numbers of any size.

Two facts determine the values without a formula for them: the losses of one item under two labels differ as its
logits do, and over all labels the probabilities behind the losses sum to 1.
"""

import math

import torch

from ..answers import Function
from ..exercise import Exercise, Wrong, need
from ..probes import (
    gradient_fits_the_values,
    inputs_stay_as_they_are,
    items,
    items_do_not_mix,
    moves_the_right_way,
    one_value_per_item,
    show,
    survives_extremes,
)
from ..torch_calls import TorchCalls

READY_MADE = {"cross_entropy", "nll_loss", "log_softmax", "logsumexp", "logaddexp"}


def from_elementary_parts(loss, draw):
    """It is written with exponentials, logarithms, sums and maxima."""
    logits, target = draw.batch(4, 3)
    with TorchCalls() as calls:
        items(loss, logits, target)
    ready = sorted(READY_MADE.intersection(calls.names))
    need(
        not ready,
        f"it calls PyTorch's `{''.join(ready[:1])}`, directly or through a library. Write that part yourself, from"
        " `exp`, `log`, `sum` and `amax`.",
    )


def keeps_growing(loss, draw):
    """The more wrong a prediction, the larger its loss, without end."""
    apart = torch.tensor([[40.0, 0.0, 0.0], [20.0, 0.0, 0.0]], dtype=torch.float64)
    worse, bad = items(loss, apart, torch.tensor([1, 1])).tolist()
    best = items(loss, apart, torch.tensor([0, 0])).tolist()[0]
    if not math.isfinite(worse):
        return  # the last property reports it
    label, least = min((1, worse), (0, best), key=lambda pair: pair[1])
    need(
        least > -0.01,
        f"with logits [40, 0, 0] and target {label} your loss is {least:.4g}. No probability is above 1, so no loss is"
        " below 0. Is a sign flipped, or the normaliser missing or incomplete?",
    )
    if worse - bad > 1:
        return
    seen = f"with logits [20, 0, 0] and target 1 your loss is {bad:.4g}; with [40, 0, 0] it is {worse:.4g}"
    need(
        abs(best) < 0.01,
        f"{seen}. And with target 0, where the prediction could not be better, it is still {best:.4g}. "
        "Stuck at both ends: is softmax taken twice, or of probabilities?",
    )
    need(worse > 2, f"{seen}. It should go on growing. Did you take the logarithm of the probability?")
    raise Wrong(f"{seen}. It should go on growing. Is there a `clamp`, or a small number added inside the logarithm?")


def labels_compared(loss, draw):
    """Two labels of one item differ in loss as they differ in logit, in nats."""
    logits, _ = draw.batch(5, 4)
    by_label = all_labels(loss, logits)
    pairs = torch.combinations(torch.arange(4))
    gaps = logits[:, pairs[:, 1]] - logits[:, pairs[:, 0]]
    differences = by_label[:, pairs[:, 0]] - by_label[:, pairs[:, 1]]
    known = gaps.abs() > 0.05
    factors = (differences[known] / gaps[known]).double()
    factor = factors.mean().item()
    if (factors - 1).abs().max() < 1e-7:
        return
    if (factors - factor).abs().max() < 1e-6:
        for name, base in [("2", 2.0), ("10", 10.0)]:
            need(
                abs(factor * math.log(base) - 1) > 1e-6,
                f"all differences are those of a logarithm with base {name}. In this book logarithms are natural.",
            )
        need(
            abs(4 * factor - 1) > 1e-6,
            "with 4 classes all differences are too small by a factor of 4. Is a mean taken over the classes?",
        )
        raise Wrong(
            f"all differences are off by one factor, {factor:.4g}. Is something multiplied or divided that should"
            " not be?"
        )
    i, pair = (known & ((differences - gaps).abs() > 1e-7)).nonzero()[0].tolist()
    a, b = pairs[pair].tolist()
    raise Wrong(
        f"with logits {show(logits[i])} your loss is {show(by_label[i, a])} for target {a} and {show(by_label[i, b])}"
        f" for target {b}. These are not the logarithms of two probabilities that come from a softmax of these logits."
    )


def probabilities_sum_to_one(loss, draw):
    """Over all labels of an item, the probabilities behind the losses sum to 1."""
    logits, _ = draw.batch(4, 5)
    total = (-all_labels(loss, logits)).exp().sum(1)
    i = int((total - 1).abs().argmax())
    need(
        abs(total[i] - 1) < 1e-7,
        f"with logits {show(logits[i])} the probabilities behind your losses for the five possible targets sum to"
        f" {show(total[i])}. Is the normaliser complete?",
    )


def all_labels(loss, logits):
    """The loss of every item under every label, (N, C)."""
    n, classes = logits.shape
    labels = torch.arange(classes).expand(n, classes)
    return torch.stack([items(loss, logits, labels[:, k]) for k in range(classes)], 1)


STABLE = Exercise(
    key="cross_entropy/2",
    title="Cross-entropy that does not overflow",
    minutes=15,
    form=Function("my_cross_entropy(logits, target)"),
    properties=(
        one_value_per_item,
        inputs_stay_as_they_are,
        items_do_not_mix,
        from_elementary_parts,
        keeps_growing,
        moves_the_right_way,
        labels_compared,
        probabilities_sum_to_one,
        gradient_fits_the_values,
        survives_extremes,
    ),
)
