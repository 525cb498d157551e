"""Which pairs and triplets a loss looks at: miners that pick them by how far apart the vectors lie.

Miners of triplets give three index tensors `(anchor, positive, negative)`, each (T,), sorted by anchor: the first
counts among the embeddings, the others in the gallery. Use them as in

>>> import torch, lossatlas
>>> x, y = torch.randn(8, 3), torch.arange(8) % 2
>>> anchor, positive, negative = lossatlas.losses.pair_metric_learning.hard_triplets(x, y)
>>> value = lossatlas.triplet_margin_loss(x[anchor], x[positive], x[negative])
"""

from dataclasses import replace

import torch

from ...contract import above, get, inside, on, operation, real
from ...contract.domains import GENERATOR
from ...contract.pairwise import distances, max_over, min_over
from ...contract.safe import unit
from ...signatures import Field, Given, Mask, embeddings, takes
from .fields import LOSS

#: What makes the number of results depend on the values.
COUNTED = {"vmap": "How many pairs or triplets are found depends on the values."}
DRAWN = {**COUNTED, "loop": "Its negatives are drawn at random; tests of their distribution take the place of a loop."}


@operation(embeddings.vectors, differentiable=False, exempt=COUNTED)
def all_triplets(x, y, positive, negative):
    """Every anchor with every positive and every negative.

    Use: When batches are small, or a loss such as `triplet_margin_loss` should weigh all triplets itself. Not in large
    batches, whose triplets grow with the cube of their size and are mostly easy; then `semi_hard_triplets`.

    Args:
        embeddings: anchors, shape (N, D).
        labels: class of each, shape (N,).
        gallery: what they are compared with, shape (M, D); by default one another, each without itself.
        gallery_labels: class of each, shape (M,).
        own: which row of the gallery is the anchor itself, -1 for none, shape (N,).
        gallery_mask: boolean, which rows of the gallery are there, shape (M,).

    Returns:
        (anchor, positive, negative), index tensors of shape (T,) with T the sum over anchors of positives times
        negatives.
    """
    anchor, with_positive = positive.nonzero(as_tuple=True)
    counts = negative.sum(-1)
    starts, negatives = counts.cumsum(0) - counts, negative.nonzero(as_tuple=True)[1]
    repeats = counts[anchor]
    pair = torch.arange(len(anchor), device=anchor.device).repeat_interleave(repeats)
    # How many triplets of the same pair come before.
    place = torch.arange(len(pair), device=anchor.device) - (repeats.cumsum(0) - repeats)[pair]
    return anchor[pair], with_positive[pair], negatives[starts[anchor[pair]] + place]


@operation(embeddings.distance, paper="hermans2017defense", differentiable=False, exempt=COUNTED)
def hard_triplets(d, positive, negative):
    """For each anchor the farthest positive and the nearest negative ("batch hard").

    Use: When each class has several examples in a batch and labels are clean. Not with wrong labels, which are the
    hardest of all, nor at the start of training, when such triplets may draw all vectors into one point; then
    `semi_hard_triplets`.

    Args:
        embeddings, labels, gallery, gallery_labels, own, gallery_mask: as in `all_triplets`; compared by Euclidean
            distance, as they are.

    Returns:
        (anchor, positive, negative), at most one triplet per anchor; none for an anchor without either side. Of several
        that are equally far the first is taken.

    Paper: Hermans, Beyer and Leibe, "In defense of the triplet loss for person re-identification", 2017.
    """
    return _one_each(_nearest(-d, positive), _nearest(d, negative), positive, negative)


@operation(embeddings.distance, differentiable=False, exempt=COUNTED)
def easy_positive_triplets(d, positive, negative):
    """For each anchor the nearest positive and the nearest negative.

    Use: When classes have several modes that need not meet in one point: an anchor is drawn to its nearest example
    alone. Not when all examples of a class should be found by any of them; then `hard_triplets`.

    Args:
        embeddings, labels, gallery, gallery_labels, own, gallery_mask: as in `all_triplets`; compared by Euclidean
            distance, as they are.

    Returns:
        (anchor, positive, negative), at most one triplet per anchor; none for an anchor without either side. Of several
        that are equally near the first is taken.

    Paper: Xuan, Stylianou and Pless, "Improved embeddings with easy positive triplet mining", WACV 2020.
    """
    return _one_each(_nearest(d, positive), _nearest(d, negative), positive, negative)


@operation(
    embeddings.distance,
    paper="schroff2015facenet",
    domains={"margin": above(0, show=(0.1, 2.0))},
    differentiable=False,
    exempt=COUNTED,
)
def semi_hard_triplets(d, positive, negative, *, margin=None):
    """For each positive pair the nearest negative that is farther away than the positive.

    Use: When training with a triplet loss begins, or labels are noisy: negatives nearer than the positive, which are
    often mistakes, are left out. Not when few negatives lie beyond the positives, since such pairs get no triplet; then
    `distance_weighted_triplets`.

    Args:
        embeddings, labels, gallery, gallery_labels, own, gallery_mask: as in `all_triplets`; compared by Euclidean
            distance, as they are.
        margin: > 0: only negatives less than this much farther away than the positive; by default any farther one.

    Returns:
        (anchor, positive, negative), at most one triplet per positive pair; of several negatives that are equally near
        the first. Takes N M log M steps and room for a few N M numbers.

    Paper: Schroff, Kalenichenko and Philbin, "FaceNet", CVPR 2015.
    """
    by_distance, order = torch.where(negative, d, torch.inf).sort(dim=-1, stable=True)
    anchor, with_positive = positive.nonzero(as_tuple=True)
    farther = torch.searchsorted(by_distance, d, right=True)[anchor, with_positive].clamp(max=d.shape[-1] - 1)
    apart, reach = d[anchor, with_positive], by_distance[anchor, farther]
    limit = torch.inf if margin is None else apart + margin
    found = (reach > apart) & (reach < limit)
    return anchor[found], with_positive[found], order[anchor, farther][found]


@operation(embeddings.vectors, domains={"generator": GENERATOR}, differentiable=False, exempt=DRAWN)
def random_triplets(x, y, positive, negative, *, generator=None):
    """For each positive pair a random negative, each with the same probability.

    Use: As the baseline that other miners are compared with, and where negatives must not be chosen by the model that
    is trained. Not late in training, when most negatives are far away and give no gradient; then
    `distance_weighted_triplets`.

    Args:
        embeddings, labels, gallery, gallery_labels, own, gallery_mask: as in `all_triplets`.
        generator: a `torch.Generator` on the device of the embeddings; by default torch's own.

    Returns:
        (anchor, positive, negative), one triplet per positive pair of an anchor with a negative.
    """
    return _drawn(positive, negative, negative.double(), generator)


@operation(
    embeddings.vectors,
    paper="wu2017sampling",
    domains={"cutoff": inside(0, 2), "farthest": inside(0, 2, open_high=False), "generator": GENERATOR},
    differentiable=False,
    exempt=DRAWN,
)
def distance_weighted_triplets(x, y, positive, negative, *, cutoff=0.5, farthest=1.4, generator=None):
    r"""For each positive pair a random negative, drawn such that all distances come up about equally often.

    On the unit sphere distances crowd around $\sqrt2$, with the density $q(d) \propto d^{D-2} (1 - d^2/4)^{(D-3)/2}$. A
    negative at distance d gets the weight $1/q(\max(d, c))$; beyond `farthest` it gets none.

    Use: When vectors have unit length and many dimensions, with `margin_loss` or `triplet_margin_loss`. Not for vectors
    compared as they are, whose distances have another density; then `semi_hard_triplets`.

    Args:
        embeddings, labels, gallery, gallery_labels, own, gallery_mask: as in `all_triplets`; compared by Euclidean
            distance at unit length.
        cutoff: the distance c in (0, 2) below which the weight grows no more.
        farthest: distance in (0, 2] from which on a negative is not drawn; at 1.4 the margin loss has no gradient.
            An anchor all of whose negatives lie beyond has each with the same probability.
        generator: a `torch.Generator` on the device of the embeddings; by default torch's own.

    Returns:
        (anchor, positive, negative), one triplet per positive pair of an anchor with a negative.

    Paper: Wu et al., "Sampling matters in deep embedding learning", ICCV 2017. `farthest` is from the authors' code.
    """
    d = distances(unit(x), unit(y)).double()
    dim, near = x.shape[-1], negative & (d < farthest)
    # Near the antipode the density of one or two dimensions has no bound, and its inverse is 0.
    below = (1 - d.clamp(min=cutoff).square() / 4).clamp(min=torch.finfo(d.dtype).tiny)
    log_weight = (2 - dim) * d.clamp(min=cutoff).log() - (dim - 3) / 2 * below.log()
    log_weight = torch.where(near, log_weight, -torch.inf)
    some = near.any(-1, keepdim=True)
    weight = (log_weight - torch.where(some, max_over(log_weight, near).unsqueeze(-1), 0)).exp()
    return _drawn(positive, negative, torch.where(some, weight, negative.double()), generator)


EPSILON = real(show=(0.0, 0.5))


@operation(
    embeddings.cosine,
    paper="multisimilarity2019",
    domains={"epsilon": EPSILON},
    differentiable=False,
    exempt=COUNTED,
)
def multi_similarity_mining(s, positive, negative, *, epsilon=0.1):
    r"""Pairs that are worth a look: positives less similar than the best negative, and the other way round.

    $$ P_i' = \{k \in P_i : s_{ik} < \max_{j \in N_i} s_{ij} + \epsilon\}, \qquad
       N_i' = \{j \in N_i : s_{ij} > \min_{k \in P_i} s_{ik} - \epsilon\} $$

    Use: When the indices of informative pairs are wanted, to look at them or to give them to a loss of one's own. For
    a registered loss on these pairs use `mined` with `multi_similarity_pairs`. Not with a single example of each class,
    where no anchor has a positive.

    Args:
        embeddings, labels, gallery, gallery_labels, own, gallery_mask: as in `all_triplets`; compared by cosine
            similarity.
        epsilon: by how much a pair may be easier and still count.

    Returns:
        (anchor_p, positive, anchor_n, negative): the index tensors of the positive pairs, and of the negative pairs.
        An anchor without either side has neither.

    Paper: Wang et al., "Multi-similarity loss with general pair weighting for deep metric learning", 2019.
    """
    kept, hard = multi_similarity_pairs(s, positive, negative, epsilon=epsilon)
    return (*kept.nonzero(as_tuple=True), *hard.nonzero(as_tuple=True))


@operation(
    takes({"s": Field("N K"), "positive": Mask("N K"), "negative": Mask("N K")}),
    paper="multisimilarity2019",
    domains={"epsilon": EPSILON},
    differentiable=False,
)
def multi_similarity_pairs(s, positive, negative, *, epsilon=0.1):
    r"""The masks of the pairs that `multi_similarity_mining` keeps.

    $$ P_i' = \{k \in P_i : s_{ik} < \max_{j \in N_i} s_{ij} + \epsilon\}, \qquad
       N_i' = \{j \in N_i : s_{ij} > \min_{k \in P_i} s_{ik} - \epsilon\} $$

    Use: When a loss should see informative pairs alone: `mined("multi_similarity_loss", multi_similarity_pairs)`. Not
    on distances, where more means farther apart.

    Args:
        s: cosine similarities, shape (N, K).
        positive: boolean, which pairs belong together, shape (N, K).
        negative: boolean, which do not, shape (N, K).
        epsilon: as in `multi_similarity_mining`.

    Returns:
        (positive, negative), boolean masks, shape (N, K).

    Paper: Wang et al., "Multi-similarity loss with general pair weighting for deep metric learning", 2019.
    """
    hardest, easiest = max_over(s, negative), min_over(s, positive)
    return positive & (s < hardest.unsqueeze(-1) + epsilon), negative & (s > easiest.unsqueeze(-1) - epsilon)


@operation(
    takes({"loss": LOSS, "keep": Given(what="a function of (s, positive, negative)", example=lambda *_: _all_of_them)}),
    differentiable=False,
    exempt={"loop": "It returns a loss, whose values tests compare with those on the pairs that are kept."},
)
def mined(loss, keep):
    """A loss on the pairs that are kept of those that it would look at.

    Use: When a registered loss should see the pairs that a miner keeps, with weights, masks and reductions as ever. Not
    to weigh pairs, which are kept or not; `circle_loss` and `multi_similarity_loss` do that themselves.

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
    entry = get(loss)
    forms = entry.signature.forms
    narrowed = {name: replace(form, relate=_narrowed(form.relate, keep)) for name, form in forms.by_name.items()}
    return on(replace(entry.signature, forms=replace(forms, by_name=narrowed)), entry)


def _narrowed(relate, keep):
    def narrowed(inputs):
        *measured, positive, negative = relate(inputs)
        return *measured, *keep(*measured, positive, negative)

    return narrowed


def _all_of_them(s, positive, negative):
    return positive, negative


def _nearest(d, where):
    """The row of the gallery at the least marked d of each anchor, (N, M) -> (N,); none where there are no rows."""
    return torch.where(where, d, torch.inf).argmin(-1) if d.shape[-1] else d.sum(-1).long()


def _one_each(with_positive, with_negative, positive, negative):
    """The triplets of the anchors that have both sides."""
    anchor = (positive.any(-1) & negative.any(-1)).nonzero().squeeze(-1)
    return anchor, with_positive[anchor], with_negative[anchor]


def _drawn(positive, negative, weight, generator):
    """One negative for each positive pair, by the weights (N, M) of the negatives of its anchor."""
    able = negative.any(-1, keepdim=True)
    anchor, with_positive = (positive & able).nonzero(as_tuple=True)
    most = max(1, int(positive.sum(-1).max()) if len(positive) else 1)
    # A row without a negative needs some weight to be drawn from; nothing of it is used.
    drawn = torch.where(able, weight, 1.0).multinomial(most, replacement=True, generator=generator)
    place = positive.cumsum(-1)[anchor, with_positive] - 1
    return anchor, with_positive, drawn[anchor, place]
