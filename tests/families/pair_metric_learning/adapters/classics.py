"""How each file of golden/pair_metric_learning with a classic loss is computed here."""

import torch
from tests.references.adapting import of, partly

import lossatlas as la
from lossatlas.signatures import pairs


def whole_batch(embeddings, labels):
    """A batch that is its own gallery, said in full."""
    rows = torch.arange(len(labels))
    return {
        "embeddings": embeddings,
        "labels": labels,
        "gallery": embeddings,
        "gallery_labels": labels,
        "own": rows,
        "gallery_mask": rows >= 0,
    }


def relations(labels):
    """(positive, negative), (N, N) each."""
    same = labels.unsqueeze(-1) == labels
    return same & ~torch.eye(len(labels), dtype=torch.bool), ~same


def euclidean(params):
    assert not params["normalize_embeddings"] and not params["squared"]
    return {"margin": params["margin"]}


@partly(la.circle_loss)
def circle(params, **inputs):
    """All pairs of the batch together, or similarities as they are and the gradient with respect to them."""
    hyper = {"margin": params["m"], "gamma": params["gamma"]}
    pooled = la.on(pairs, la.circle_loss)
    if "embeddings" in inputs:
        rows, labels = inputs["embeddings"], inputs["labels"]
        rows = rows / rows.norm(dim=-1, keepdim=True)
        once = torch.ones(len(labels), len(labels), dtype=torch.bool).triu(1)
        positive, negative = (mask & once for mask in relations(labels))
        s = rows @ rows.T
        return pooled(s[positive].unsqueeze(0), s[negative].unsqueeze(0), **hyper)
    leaves = [inputs[name].requires_grad_() for name in ("sp", "sn")]
    value = pooled(*(leaf.unsqueeze(0) for leaf in leaves), **hyper)
    gradients = torch.autograd.grad(value, leaves)
    return {"loss": value.detach(), "grad_sp": gradients[0], "grad_sn": gradients[1]}


@partly(la.snr_contrastive_loss)
def snr_contrastive(params, embeddings, labels):
    """The recorded code averages over the terms of the whole batch that are not 0, the two sides apart."""
    assert not params["normalize_embeddings"]
    d, (positive, negative) = la.losses.pair_metric_learning.snr_distance(embeddings, embeddings), relations(labels)
    near, far = params["pos_margin"], params["neg_margin"]

    def total(side, **hyper):
        return la.snr_contrastive_loss(
            embeddings, labels, **hyper, sample_weight=side.sum(-1).double(), reduction="sum"
        )

    pull = total(positive, positive_margin=near, negative_margin=0.0)
    push = total(negative, positive_margin=1e9, negative_margin=far)
    return pull / (positive & (d > near)).sum() + push / (negative & (d < far)).sum().clamp(min=1)


@partly(la.snr_triplet_loss)
def snr_triplet(params, embeddings, labels):
    """A mean over the triplets of the batch: each anchor counts as often as it has triplets."""
    assert not params["normalize_embeddings"]
    positive, negative = relations(labels)
    triplets = (positive.sum(-1) * negative.sum(-1)).double()
    return la.snr_triplet_loss(embeddings, labels, margin=params["margin"], sample_weight=triplets)


def snr_distance(params, embeddings):
    assert not params["normalize_embeddings"]
    return la.losses.pair_metric_learning.snr_distance(embeddings, embeddings)


def as_points(embeddings):
    return {"points": embeddings}


ADAPTERS = {
    "batch_hard_triplet_loss": of(la.batch_hard_triplet_loss, "mean", hyper=euclidean, inputs=whole_batch),
    "circle_loss": circle,
    "snr_contrastive_loss": snr_contrastive,
    "snr_distance": snr_distance,
    "snr_triplet_loss": snr_triplet,
    "zero_mean_regularizer": of(la.zero_mean_regularizer, "mean", hyper=dict, inputs=as_points),
}
