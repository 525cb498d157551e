"""Losses as functions of the cosine similarities of one anchor, whatever they are written on."""

from dataclasses import replace

import torch

from ...contract import expect, get, on
from ...signatures import Forms, embeddings, pairs, triplets

#: Pairs for losses that compare across views as well: there, too, a pair is seen by its similarity alone.
_ACROSS = replace(pairs.cosine.form, arguments=("across", "positive", "negative"))
_EITHER = replace(pairs, forms=Forms({**pairs.forms.by_name, "across": _ACROSS}))


def on_pairs(losses):
    """name -> (entry, function of similarities (N, P) of positives and (N, K) of negatives that gives (N,)).

    Formulas on vectors see vectors of length 1 with these similarities to the anchor; losses of triplets are the mean
    over all of the anchor's triplets.

    Args:
        losses: losses by function, entry or name that compare an anchor with others, with a value for each anchor.
    """
    entries = [get(loss) for loss in losses]
    expect(entries, "losses", "one or more losses", "none")
    return {entry.name: (entry, _on_pairs(entry)) for entry in entries}


def _on_pairs(entry):
    expect(entry.items != "batch", "losses", "losses with a value for each anchor", repr(entry))
    if entry.signature is pairs:
        return _items(entry.function)
    if entry.signature is triplets:
        return _of_triplets(entry.function)
    if entry.form == "vectors":
        return _of_vectors(entry.function if entry.signature is embeddings else on(embeddings, entry))
    return _items(on(_EITHER, entry))


def _items(function):
    return lambda positive, negative, **hyper: function(positive, negative, **hyper, reduction="none")


def _of_vectors(function):
    def one(positive, negative, hyper):
        gallery = _vectors(torch.cat([positive, negative]))
        labels = (torch.arange(len(gallery)) >= len(positive)).long()
        anchor = _vectors(torch.ones_like(positive[:1]))
        return function(anchor, labels.new_zeros(1), gallery, labels, **hyper, reduction="none")[0]

    def all_of_them(positive, negative, **hyper):
        return torch.vmap(lambda p, n: one(p, n, hyper))(positive, negative)

    return all_of_them


def _of_triplets(function):
    def all_of_them(positive, negative, **hyper):
        count, p, k = len(positive), positive.shape[1], negative.shape[1]
        near = positive[:, :, None].expand(count, p, k).flatten()
        far = negative[:, None, :].expand(count, p, k).flatten()
        values = function(_vectors(torch.ones_like(near)), _vectors(near), _vectors(far), **hyper, reduction="none")
        return values.reshape(count, p * k).mean(1)

    return all_of_them


def _vectors(s):
    """Unit vectors of the plane at similarity s to the first axis, (N,) -> (N, 2); on the axis without gradient."""
    height = 1 - s.square()
    aside = height > 0
    return torch.stack([s, torch.where(aside, torch.where(aside, height, 1.0).sqrt(), 0.0)], -1)
