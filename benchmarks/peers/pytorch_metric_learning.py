"""pytorch-metric-learning: losses on pairs and triplets that the labels, or indices, name, and softmaxes of cosines."""

import functools

import torch
from pytorch_metric_learning import losses
from pytorch_metric_learning.distances import LpDistance, SNRDistance
from pytorch_metric_learning.reducers import DoNothingReducer

from lossatlas.signatures.compared import others
from lossatlas.signatures.embeddings import relations

from .peer import Finding, Peer

PACKAGE = "pytorch-metric-learning"


@functools.cache
def made(symbol, euclidean=False, **settings):
    """A loss with a value for each pair, triplet or anchor; `euclidean`: on distances of the vectors as given."""
    distance = {"distance": LpDistance(normalize_embeddings=False)} if euclidean else {}
    return getattr(losses, symbol)(**settings, **distance, reducer=DoNothingReducer())


@functools.cache
def averaged(symbol, **settings):
    """A loss with a mean of its own."""
    return getattr(losses, symbol)(**settings)


def pairs(positive, negative):
    """Their name for pairs: anchors and positives, anchors and negatives."""
    return (*positive.nonzero(as_tuple=True), *negative.nonzero(as_tuple=True))


def triplets(positive, negative):
    return (positive.unsqueeze(2) & negative.unsqueeze(1)).nonzero(as_tuple=True)


def of_anchors(x, found, count):
    """The mean for each anchor of what they give for its pairs or triplets; 0 where it has none."""
    values, indices = found["losses"], found["indices"]
    if not isinstance(values, torch.Tensor):
        return x.sum(-1) * 0
    anchors = indices[0] if isinstance(indices, tuple) else indices
    shares = torch.zeros(count, dtype=x.dtype).index_add(0, anchors, torch.ones_like(values.flatten()))
    return torch.zeros(count, dtype=x.dtype).index_add(0, anchors, values.flatten()) / shares.clamp(min=1)


def of_rows(found, x, gallery):
    """Their values of all anchors, which are the number 0 where the batch has too few pairs."""
    values = found.squeeze(-1) if isinstance(found, torch.Tensor) else torch.zeros(len(x), dtype=x.dtype)
    return values + 0 * (x.sum() + gallery.sum())


def on_embeddings(loss, named, part=("loss",), change=lambda values: values):
    """Their loss of labelled vectors and a gallery, one value per anchor: the sum of its parts."""

    def call(embeddings, labels, gallery, gallery_labels, own, gallery_mask, **hyper):
        related = relations(labels, gallery_labels, own, gallery_mask)
        found = loss(**hyper)(embeddings, labels, named(*related), gallery, gallery_labels)
        if "loss" not in found and set(part) != set(found):
            return embeddings.sum(-1) * 0
        each = [
            of_anchors(embeddings, {**found[p], "losses": change(found[p]["losses"])}, len(embeddings)) for p in part
        ]
        return sum(each) + 0 * (embeddings.sum() + gallery.sum())

    return call


def multi_similarity(
    embeddings,
    labels,
    gallery=None,
    gallery_labels=None,
    own=None,
    gallery_mask=None,
    *,
    alpha=2.0,
    beta=50.0,
    base=1.0,
):
    loss = averaged("MultiSimilarityLoss", alpha=alpha, beta=beta, base=base)
    if gallery is None:
        return loss(embeddings, labels)
    related = pairs(*relations(labels, gallery_labels, own, gallery_mask))
    return loss(embeddings, labels, related, gallery, gallery_labels) + 0 * (embeddings.sum() + gallery.sum())


def circle(embeddings, labels, gallery, gallery_labels, own, gallery_mask, *, margin=0.25, gamma=256.0):
    related = pairs(*relations(labels, gallery_labels, own, gallery_mask))
    found = made("CircleLoss", m=margin, gamma=gamma)(embeddings, labels, related, gallery, gallery_labels)["loss"][
        "losses"
    ]
    return of_rows(found, embeddings, gallery)


def lifted(embeddings, labels, gallery, gallery_labels, own, gallery_mask, *, margin=1.0):
    positive, negative = relations(labels, gallery_labels, own, gallery_mask)
    loss = made("GeneralizedLiftedStructureLoss", euclidean=True, neg_margin=margin)
    found = loss(embeddings, labels, pairs(positive, negative), gallery, gallery_labels)["loss"]["losses"]
    found = of_rows(found, embeddings, gallery)
    return torch.where(positive.any(-1) & negative.any(-1), found, 0.0)


@functools.cache
def noise(positive_margin, negative_margin):
    distance = SNRDistance(normalize_embeddings=False)
    return losses.SignalToNoiseRatioContrastiveLoss(
        pos_margin=positive_margin, neg_margin=negative_margin, distance=distance, reducer=DoNothingReducer()
    )


@functools.cache
def neighbours():
    return losses.NCALoss(distance=LpDistance(power=2, normalize_embeddings=False), reducer=DoNothingReducer())


def nca(embeddings, labels):
    return of_anchors(embeddings, neighbours()(embeddings, labels)["loss"], len(embeddings))


def info_nce(query, key, gallery, own, gallery_mask, *, temperature=0.07):
    count = len(query)
    belongs = torch.arange(count)
    anchors, rows = others(own, gallery_mask).nonzero(as_tuple=True)
    loss = made("NTXentLoss", temperature=temperature)
    found = loss(
        query,
        None,
        (belongs, belongs, anchors, rows + count),
        torch.cat([key, gallery]),
        torch.zeros(count + len(gallery)),
    )
    return of_anchors(query, found["loss"], count)


def nt_xent(view_a, view_b, gallery_a=None, gallery_b=None, own=None, gallery_mask=None, *, temperature=0.5):
    if gallery_a is None:
        return averaged_views(temperature)(view_a, view_b)
    views = torch.cat([view_a, view_b]), torch.cat([view_b, view_a])
    compared = torch.cat([others(own, gallery_mask).repeat(1, 2)] * 2)
    return _both(views, torch.cat([gallery_a, gallery_b]), compared, temperature)


@functools.cache
def averaged_views(temperature):
    return losses.SelfSupervisedLoss(losses.NTXentLoss(temperature=temperature))


def _both(views, gallery, compared, temperature):
    query, key = views
    belongs, (anchors, rows) = torch.arange(len(query)), compared.nonzero(as_tuple=True)
    loss = made("NTXentLoss", temperature=temperature)
    found = loss(
        query,
        None,
        (belongs, belongs, anchors, rows + len(query)),
        torch.cat([key, gallery]),
        torch.zeros(len(query) + len(gallery)),
    )
    return of_anchors(query, found["loss"], len(query)).unflatten(0, (2, -1)).mean(0)


def triplet_margin(anchor, positive, negative, *, margin=0.2):
    n = torch.arange(len(anchor))
    vectors = torch.cat([positive, negative])
    found = made("TripletMarginLoss", euclidean=True, margin=margin)(
        anchor, n, (n, n, n + len(n)), vectors, torch.cat([n, n])
    )
    return found["loss"]["losses"]


def threshold_consistent(
    embeddings, labels, *, positive_margin=0.9, negative_margin=0.5, positive_weight=1.0, negative_weight=1.0
):
    loss = averaged(
        "ThresholdConsistentMarginLoss",
        lambda_plus=positive_weight,
        lambda_minus=negative_weight,
        margin_plus=positive_margin,
        margin_minus=negative_margin,
    )
    return loss(embeddings, labels)


@functools.cache
def with_proxies(symbol, classes, dimensions, **settings):
    loss = getattr(losses, symbol)(classes, dimensions, **settings)
    for name in ("W", "proxies"):
        if hasattr(loss, name):
            delattr(loss, name)
    loss.cast_types = lambda dtype, device: None
    return loss


def normalized_softmax(features, prototypes, target, *, label_smoothing, temperature=0.07):
    loss = with_proxies("NormalizedSoftmaxLoss", len(prototypes), features.shape[1], temperature=temperature)
    loss.W = prototypes.T  # a tensor, not their parameter, so that the gradient comes back to the prototypes
    return loss(features, target)


def proxy_anchor(features, prototypes, target, *, margin=0.1, alpha=32.0):
    loss = with_proxies("ProxyAnchorLoss", len(prototypes), features.shape[1], margin=margin, alpha=alpha)
    loss.proxies = prototypes
    return loss(features, target)


def proxy_nca(features, prototypes, target, *, temperature=1.0):
    loss = with_proxies("ProxyNCALoss", len(prototypes), features.shape[1], softmax_scale=1 / temperature)
    loss.proxies = prototypes
    return loss(features, target)


ONE_PAIR_OF_EACH = {
    "embeddings": [[1.0, 0.0]], "labels": [0], "gallery": [[0.0, 1.0], [0.5, 0.5]], "gallery_labels": [0, 1],
    "own": [-1], "gallery_mask": [True, True],
}  # fmt: skip
COUNTS_AS_NONE = Finding(
    "A batch with one positive pair and one negative pair counts as a batch without pairs: the loss is 0.",
    at=ONE_PAIR_OF_EACH,
)
FAR = {
    "query": [[1.0, 0.0]],
    "key": [[-1.0, 0.0]],
    "gallery": [[1.0, 0.0], [0.0, 1.0]],
    "own": [-1],
    "gallery_mask": [True, True],
}
FLOOR = (
    "The share of the key is kept above the smallest normal number before its logarithm is taken: in float64 no query"
    " costs more than 708, which at temperature 0.001 is less than a difference of similarities of 0.71 (in float16,"
    " 9.7, at temperature 0.07 a difference of 0.68), and beyond it the gradient is 0."
)
PER_PAIR = "They average over all pairs of the batch; here their values are averaged for each anchor"

PEERS = [
    Peer(
        "equiangular_basis_loss",
        PACKAGE,
        "NormalizedSoftmaxLoss",
        normalized_softmax,
        "Only label_smoothing = 0 is theirs; the prototypes are the columns of their weight W.",
        ({"label_smoothing": 0.0}, {"label_smoothing": 0.0, "temperature": 0.5}),
        reduction="mean",
    ),
    Peer(
        "multi_similarity_loss",
        PACKAGE,
        "MultiSimilarityLoss",
        multi_similarity,
        "Their base is 0.5 by default; pairs are named by indices, the gallery is their ref_emb.",
        ({}, {"alpha": 0.7, "beta": 20.0, "base": 0.4}),
        reduction="mean",
        finding=COUNTS_AS_NONE,
    ),
    Peer(
        "circle_loss",
        PACKAGE,
        "CircleLoss",
        circle,
        "Their margin is m, by default 0.4 with gamma = 80, and their mean is over the anchors whose loss is not 0;"
        " from a loss of 20 on, which a larger gamma soon reaches, they keep nine digits.",
        ({"gamma": 2.0}, {"margin": 0.4, "gamma": 3.0}),
        finding=COUNTS_AS_NONE,
    ),
    Peer(
        "contrastive_loss",
        PACKAGE,
        "ContrastiveLoss",
        on_embeddings(
            lambda positive_margin=0.0, negative_margin=1.0: made(
                "ContrastiveLoss", euclidean=True, pos_margin=positive_margin, neg_margin=negative_margin
            ),
            pairs,
            ("pos_loss", "neg_loss"),
            lambda values: values**2,
        ),
        f"Their hinges are squared here, of vectors as they are and not of length 1. {PER_PAIR}.",
        ({}, {"positive_margin": 0.3, "negative_margin": 1.7}),
    ),
    Peer(
        "snr_contrastive_loss",
        PACKAGE,
        "SignalToNoiseRatioContrastiveLoss",
        on_embeddings(
            lambda positive_margin=0.01, negative_margin=0.2: noise(positive_margin, negative_margin),
            pairs,
            ("pos_loss", "neg_loss"),
        ),
        f"Vectors as they are, without their regularizer. {PER_PAIR}.",
        ({}, {"positive_margin": 0.1, "negative_margin": 1.5}),
    ),
    Peer(
        "batch_all_triplet_loss",
        PACKAGE,
        "TripletMarginLoss",
        on_embeddings(lambda margin=0.2: made("TripletMarginLoss", euclidean=True, margin=margin), triplets),
        "Vectors as they are and not of length 1; they average over the triplets whose loss is not 0, here over all of"
        " an anchor's.",
        ({}, {"margin": 1.0}),
    ),
    Peer(
        "triplet_margin_loss",
        PACKAGE,
        "TripletMarginLoss",
        triplet_margin,
        "Vectors as they are and not of length 1; triplets are named by indices.",
        ({}, {"margin": 1.0}),
    ),
    Peer(
        "lifted_structure_loss",
        PACKAGE,
        "GeneralizedLiftedStructureLoss",
        lifted,
        "Vectors as they are and not of length 1; anchors without a positive or without a negative count 0.",
        ({}, {"margin": 0.5}),
        finding=COUNTS_AS_NONE,
    ),
    Peer(
        "nca_loss",
        PACKAGE,
        "NCALoss",
        nca,
        "Vectors as they are and not of length 1; anchors that they leave out count 0.",
        alone=True,
        finding=Finding(
            "An anchor whose neighbours of its class are so far that their share rounds to 0, and which costs most, is"
            " left out of the loss.",
            at={"embeddings": [[0.0, 0.0], [40.0, 0.0], [1.0, 0.0]], "labels": [0, 0, 1]},
        ),
    ),
    Peer(
        "multi_positive_nce",
        PACKAGE,
        "NTXentLoss",
        on_embeddings(lambda temperature=0.1: made("NTXentLoss", temperature=temperature), pairs),
        f"Their temperature is 0.07 by default. {PER_PAIR}.",
        ({}, {"temperature": 0.5}),
        finding=COUNTS_AS_NONE,
    ),
    Peer(
        "info_nce",
        PACKAGE,
        "NTXentLoss",
        info_nce,
        "The keys and the gallery together are their ref_emb; pairs are named by indices.",
        ({}, {"temperature": 0.5}),
        finding=Finding(FLOOR, FAR, {"temperature": 0.001}),
    ),
    Peer(
        "nt_xent",
        PACKAGE,
        "NTXentLoss",
        nt_xent,
        "Their temperature is 0.07 by default; both views are anchors, and an item is the mean of its two.",
        ({}, {"temperature": 0.07}),
        finding=Finding(
            FLOOR,
            {
                "view_a": [[1.0, 0.0]],
                "view_b": [[-1.0, 0.0]],
                "gallery_a": [[0.8, 0.6]],
                "gallery_b": [[-0.6, 0.8]],
                "own": [-1],
                "gallery_mask": [True],
            },
            {"temperature": 0.001},
        ),
    ),
    Peer(
        "threshold_consistent_margin_loss",
        PACKAGE,
        "ThresholdConsistentMarginLoss",
        threshold_consistent,
        "Their gallery can only be the batch: with another, ref_emb, they take its indices for the batch's.",
        ({}, {"positive_margin": 0.7, "negative_margin": 0.2}),
        reduction="mean",
        alone=True,
    ),
    Peer(
        "proxy_anchor_loss",
        PACKAGE,
        "ProxyAnchorLoss",
        proxy_anchor,
        "The prototypes are their proxies.",
        ({}, {"margin": 0.2, "alpha": 8.0}),
        reduction="mean",
    ),
    Peer(
        "proxy_nca_loss",
        PACKAGE,
        "ProxyNCALoss",
        proxy_nca,
        "The prototypes are their proxies, 1 / temperature is their softmax_scale.",
        ({}, {"temperature": 0.3}),
        reduction="mean",
        agrees=False,
        finding=Finding(
            "Their denominator contains the proxy of the true class too, as in a softmax; in the paper, and here, it"
            " contains the others alone.",
            at={"features": [[1.0, 0.0]], "prototypes": [[0.6, 0.8], [0.0, 1.0]], "target": [0]},
        ),
    ),
]
