"""Which items make a minibatch: all in turn, some of each class, or classes with given frequencies.

A sampler is a function of labels (N,) and a generator that gives one epoch: a tensor of indices (batches, batch size).
"""

import torch

from ..contract import describe, expect, whole


def shuffled(batch_size=64):
    """All items in a random order, `batch_size` at a time; what is left over at the end of an epoch is not used."""
    whole(1).check("batch_size", batch_size)

    def in_turn(labels, generator):
        size = min(batch_size, len(labels))
        return _cut(torch.randperm(len(labels), generator=generator), size)

    return in_turn


def per_class(classes, items):
    """Each minibatch has `items` items of each of `classes` classes, both random, so every anchor has a positive."""
    whole(1).check("classes", classes)
    whole(1).check("items", items)

    def some_of_each(labels, generator):
        known = labels.unique()
        expect(classes <= len(known), "classes", f"at most the {len(known)} classes of the data", str(classes))
        rows = [(labels == c).nonzero().squeeze(-1) for c in known]
        batches = []
        for _ in range(max(1, len(labels) // (classes * items))):
            chosen = torch.randperm(len(known), generator=generator)[:classes].tolist()
            batches.append(torch.cat([_some(rows[c], items, generator) for c in chosen]))
        return torch.stack(batches)

    return some_of_each


def by_frequency(batch_size, shares):
    """Items drawn with replacement, so that class c has the share `shares[c]` of a minibatch on average."""
    whole(1).check("batch_size", batch_size)
    shares = torch.as_tensor(shares, dtype=torch.float64)
    expect(
        shares.ndim == 1 and (shares >= 0).all() and shares.sum() > 0,
        "shares",
        "numbers >= 0, one per class, not all 0",
        describe(shares),
    )

    def with_shares(labels, generator):
        expect(
            len(shares) > labels.max(),
            "shares",
            f"one number for each of {int(labels.max()) + 1} classes",
            str(len(shares)),
        )
        weight = shares.to(labels.device)[labels] / labels.bincount()[labels]
        size = max(1, len(labels) // batch_size) * batch_size
        return _cut(torch.multinomial(weight.cpu(), size, replacement=True, generator=generator), batch_size)

    return with_shares


def _some(rows, items, generator):
    """`items` of the rows, each once where there are enough."""
    rounds = -(-items // len(rows))
    order = torch.cat([torch.randperm(len(rows), generator=generator) for _ in range(rounds)])
    return rows[order[:items]]


def _cut(order, size):
    return order[: len(order) // size * size].reshape(-1, size)
