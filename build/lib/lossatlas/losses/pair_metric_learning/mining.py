"""Which pairs and triplets a loss looks at: miners that pick them by how far apart the vectors lie.

Miners of triplets give three index tensors `(anchor, positive, negative)`, each (T,), sorted by anchor: the first counts
among the embeddings, the others in the gallery. Use them as in

>>> import torch, lossatlas
>>> x, y = torch.randn(8, 3), torch.arange(8) % 2
>>> anchor, positive, negative = lossatlas.losses.pair_metric_learning.hard_triplets(x, y)
>>> value = lossatlas.triplet_margin_loss(x[anchor], x[positive], x[negative])
"""

from dataclasses import replace

import torch

from ...contract import above, describe, get, inside, on, real, wrong
from ...contract.checks import check_generator
from ...contract.pairwise import cosines, distances, max_over, min_over
from ...contract.precision import without_autocast
from ...contract.safe import unit
from ...signatures import embeddings as signature
from .mixup import check_table


@torch.no_grad()
def all_triplets(embeddings, labels, gallery=None, gallery_labels=None):
    """Every anchor with every positive and every negative.

    Args:
        embeddings: anchors, shape (N, D).
        labels: class of each, shape (N,).
        gallery: what they are compared with, shape (M, D); by default one another, each without itself.
        gallery_labels: class of each, shape (M,).

    Returns:
        (anchor, positive, negative), index tensors of shape (T,) with T the sum over anchors of positives times negatives.
    """
    _, _, positive, negative = _compared(embeddings, labels, gallery, gallery_labels)
    anchor, with_positive = positive.nonzero(as_tuple=True)
    counts = negative.sum(-1)
    starts, negatives = counts.cumsum(0) - counts, negative.nonzero(as_tuple=True)[1]
    repeats = counts[anchor]
    pair = torch.arange(len(anchor), device=anchor.device).repeat_interleave(repeats)
    # How many triplets of the same pair come before.
    place = torch.arange(len(pair), device=anchor.device) - (repeats.cumsum(0) - repeats)[pair]
    return anchor[pair], with_positive[pair], negatives[starts[anchor[pair]] + place]


@torch.no_grad()
def hard_triplets(embeddings, labels, gallery=None, gallery_labels=None):
    """For each anchor the farthest positive and the nearest negative ("batch hard").

    Args:
        embeddings, labels, gallery, gallery_labels: as in `all_triplets`; compared by Euclidean distance, as they are.

    Returns:
        (anchor, positive, negative), at most one triplet per anchor; none for an anchor without either side.

    Paper: Hermans, Beyer and Leibe, "In defense of the triplet loss for person re-identification", 2017.
    """
    x, y, positive, negative = _compared(embeddings, labels, gallery, gallery_labels)
    d = distances(x, y)
    return _one_each(_nearest(-d, positive), _nearest(d, negative), positive, negative)


@torch.no_grad()
def easy_positive_triplets(embeddings, labels, gallery=None, gallery_labels=None):
    """For each anchor the nearest positive and the nearest negative.

    Args:
        embeddings, labels, gallery, gallery_labels: as in `all_triplets`; compared by Euclidean distance, as they are.

    Returns:
        (anchor, positive, negative), at most one triplet per anchor; none for an anchor without either side.

    Paper: Xuan, Stylianou and Pless, "Improved embeddings with easy positive triplet mining", WACV 2020.
    """
    x, y, positive, negative = _compared(embeddings, labels, gallery, gallery_labels)
    d = distances(x, y)
    return _one_each(_nearest(d, positive), _nearest(d, negative), positive, negative)


@torch.no_grad()
def semi_hard_triplets(embeddings, labels, gallery=None, gallery_labels=None, *, margin=None):
    """For each positive pair the nearest negative that is farther away than the positive.

    Args:
        embeddings, labels, gallery, gallery_labels: as in `all_triplets`; compared by Euclidean distance, as they are.
        margin: > 0: only negatives less than this much farther away than the positive; by default any farther one.

    Returns:
        (anchor, positive, negative), at most one triplet per positive pair. Takes N M log M steps and room for a few N M numbers.

    Paper: Schroff, Kalenichenko and Philbin, "FaceNet", CVPR 2015.
    """
    x, y, positive, negative = _compared(embeddings, labels, gallery, gallery_labels)
    replace(above(0), optional=True).check("margin", margin)
    d = distances(x, y)
    by_distance, order = torch.where(negative, d, torch.inf).sort(-1)
    anchor, with_positive = positive.nonzero(as_tuple=True)
    farther = torch.searchsorted(by_distance, d, right=True)[anchor, with_positive].clamp(max=d.shape[-1] - 1)
    apart, reach = d[anchor, with_positive], by_distance[anchor, farther]
    limit = torch.inf if margin is None else apart + margin
    found = (reach > apart) & (reach < limit)
    return anchor[found], with_positive[found], order[anchor, farther][found]


@torch.no_grad()
def random_triplets(embeddings, labels, gallery=None, gallery_labels=None, *, generator=None):
    """For each positive pair a random negative, each with the same probability.

    Args:
        embeddings, labels, gallery, gallery_labels: as in `all_triplets`.
        generator: a `torch.Generator` on the device of the embeddings; by default torch's own.

    Returns:
        (anchor, positive, negative), one triplet per positive pair of an anchor with a negative.
    """
    _, _, positive, negative = _compared(embeddings, labels, gallery, gallery_labels)
    return _drawn(positive, negative, negative.double(), generator)


@torch.no_grad()
def distance_weighted_triplets(
    embeddings, labels, gallery=None, gallery_labels=None, *, cutoff=0.5, farthest=1.4, generator=None
):
    r"""For each positive pair a random negative, so drawn that all distances come up about equally often.

    On the unit sphere distances crowd around $\sqrt2$, with the density $q(d) \propto d^{D-2} (1 - d^2/4)^{(D-3)/2}$. A
    negative at distance d gets the weight $1/q(\max(d, c))$; beyond `farthest` it gets none.

    Args:
        embeddings, labels, gallery, gallery_labels: as in `all_triplets`; compared by Euclidean distance at unit length.
        cutoff: the distance c in (0, 2) below which the weight grows no more.
        farthest: distance in (0, 2] from which on a negative is not drawn; 1.4 is where the margin loss has no slope.
            An anchor all of whose negatives lie beyond has each with the same probability.
        generator: a `torch.Generator` on the device of the embeddings; by default torch's own.

    Returns:
        (anchor, positive, negative), one triplet per positive pair of an anchor with a negative.

    Paper: Wu et al., "Sampling matters in deep embedding learning", ICCV 2017. `farthest` is from the authors' code.
    """
    inside(0, 2).check("cutoff", cutoff)
    inside(0, 2, open_high=False).check("farthest", farthest)
    x, y, positive, negative = _compared(embeddings, labels, gallery, gallery_labels)
    d = distances(unit(x), unit(y)).double()
    dim, near = x.shape[-1], negative & (d < farthest)
    # Near the antipode the density of one or two dimensions has no bound, and its inverse is 0.
    below = (1 - d.clamp(min=cutoff).square() / 4).clamp(min=torch.finfo(d.dtype).tiny)
    log_weight = (2 - dim) * d.clamp(min=cutoff).log() - (dim - 3) / 2 * below.log()
    log_weight = torch.where(near, log_weight, -torch.inf)
    some = near.any(-1, keepdim=True)
    weight = (log_weight - torch.where(some, max_over(log_weight, near).unsqueeze(-1), 0)).exp()
    return _drawn(positive, negative, torch.where(some, weight, negative.double()), generator)


@torch.no_grad()
@without_autocast
def multi_similarity_mining(embeddings, labels, gallery=None, gallery_labels=None, *, epsilon=0.1):
    r"""Pairs that are worth a look: positives less similar than the best negative, and the other way round.

    $$ P_i' = \{k \in P_i : s_{ik} < \max_{j \in N_i} s_{ij} + \epsilon\}, \qquad
       N_i' = \{j \in N_i : s_{ij} > \min_{k \in P_i} s_{ik} - \epsilon\} $$

    Args:
        embeddings, labels, gallery, gallery_labels: as in `all_triplets`; compared by cosine similarity.
        epsilon: by how much a pair may be easier and still count.

    Returns:
        (anchor_p, positive, anchor_n, negative): the index tensors of the positive pairs, and of the negative pairs.
        An anchor without either side has neither.

    Paper: Wang et al., "Multi-similarity loss with general pair weighting for deep metric learning", 2019.

    For the loss on these pairs see `mined` with `multi_similarity_pairs`.
    """
    x, y, positive, negative = _compared(embeddings, labels, gallery, gallery_labels)
    kept, hard = multi_similarity_pairs(cosines(x, y), positive, negative, epsilon=epsilon)
    return (*kept.nonzero(as_tuple=True), *hard.nonzero(as_tuple=True))


def multi_similarity_pairs(s, positive, negative, *, epsilon=0.1):
    """The masks of the pairs that `multi_similarity_mining` keeps.

    Args:
        s: cosine similarities, shape (N, K).
        positive, negative: boolean masks over them.
        epsilon: as in `multi_similarity_mining`.

    Returns:
        (positive, negative), boolean masks, shape (N, K).
    """
    check_table("s", s, s)
    for name, mask in {"positive": positive, "negative": negative}.items():
        check_table(name, mask, s)
        if mask.dtype != torch.bool:
            raise wrong(name, "a boolean tensor", describe(mask), TypeError)
    real().check("epsilon", epsilon)
    hardest, easiest = max_over(s, negative), min_over(s, positive)
    return positive & (s < hardest.unsqueeze(-1) + epsilon), negative & (s > easiest.unsqueeze(-1) - epsilon)


def mined(loss, keep):
    """A loss on the pairs that are kept of those that it would look at.

    Args:
        loss: a registered loss, by function, entry or name, whose formula takes `positive` and `negative` masks.
        keep: function of what the formula takes, similarities or distances and the two masks, that gives the two masks
            of the pairs to keep, such as `multi_similarity_pairs`. Its choice is not differentiated.

    Returns:
        A function like the loss itself; anchors without a pair give what the loss gives them, and count in the mean.

    >>> import torch, lossatlas
    >>> hard = mined("multi_similarity_loss", lossatlas.losses.pair_metric_learning.multi_similarity_pairs)
    >>> hard(torch.eye(4), torch.arange(4) // 2, base=0.5)
    tensor(0.6566)
    """
    if not callable(keep):
        raise wrong("keep", "a function of (s, positive, negative) that gives two masks", describe(keep), TypeError)
    entry = get(loss)
    forms = entry.signature.forms
    narrowed = {name: replace(form, relate=_narrowed(form.relate, keep)) for name, form in forms.by_name.items()}
    return on(replace(entry.signature, forms=replace(forms, by_name=narrowed)), entry)


def _narrowed(relate, keep):
    def narrowed(inputs):
        *measured, positive, negative = relate(inputs)
        return *measured, *keep(*measured, positive, negative)

    return narrowed


def _compared(embeddings, labels, gallery, gallery_labels):
    """The checked vectors and gallery, and which pairs are positive and which negative: (N, D), (M, D), (N, M), (N, M)."""
    given = {"embeddings": embeddings, "labels": labels, "gallery": gallery, "gallery_labels": gallery_labels}
    inputs, _ = signature.inputs.completed(given, signature.inputs.check_shapes(given), None)
    return signature.vectors.form.relate(signature.inputs.prepared(inputs)[0])


def _nearest(d, where):
    """The row of the gallery at the least marked d of each anchor, (N, M) -> (N,); none where there are no rows."""
    return torch.where(where, d, torch.inf).argmin(-1) if d.shape[-1] else d.sum(-1).long()


def _one_each(with_positive, with_negative, positive, negative):
    """The triplets of the anchors that have both sides."""
    anchor = (positive.any(-1) & negative.any(-1)).nonzero().squeeze(-1)
    return anchor, with_positive[anchor], with_negative[anchor]


def _drawn(positive, negative, weight, generator):
    """One negative for each positive pair, by the weights (N, M) of the negatives of its anchor."""
    check_generator(generator)
    able = negative.any(-1, keepdim=True)
    anchor, with_positive = (positive & able).nonzero(as_tuple=True)
    most = max(1, int(positive.sum(-1).max()) if len(positive) else 1)
    # A row without a negative needs some weight to be drawn from; nothing of it is used.
    drawn = torch.where(able, weight, 1.0).multinomial(most, replacement=True, generator=generator)
    place = positive.cumsum(-1)[anchor, with_positive] - 1
    return anchor, with_positive, drawn[anchor, place]
