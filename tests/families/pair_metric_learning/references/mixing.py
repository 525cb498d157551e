"""Losses of mixtures, thresholds and confusion of classes, as loops over plain numbers."""

from tests.references.comparing import cosine, distance, others
from tests.references.numbers import exp, hypot, log, log_sum_exp, softplus


def unit(x):
    length = hypot(*x)
    return [v / length if length > 0 else 0.0 * v for v in x]


def mean(values):
    return sum(values) / len(values) if values else 0.0


def mean_of_nonzero(values):
    return mean([v for v in values if v != 0])


def sides(labels, gallery, gallery_labels, own, gallery_mask):
    """For each anchor the rows of its positives and of its negatives."""
    for n, y in enumerate(labels):
        there = others(n, own, gallery_mask)
        yield (
            [gallery[m] for m in there if gallery_labels[m] == y],
            [gallery[m] for m in there if gallery_labels[m] != y],
        )


def mixtures(positive, negative, lam):
    """The first positive mixed with each negative."""
    return (
        [[lam * p + (1 - lam) * n for p, n in zip(positive[0], row, strict=True)] for row in negative]
        if positive
        else []
    )


def metrix_contrastive_loss(
    embeddings, labels, gallery, gallery_labels, own, gallery_mask, lam=0.5, margin=0.5, weight=0.4
):
    pulled, pushed, mixed_pulled, mixed_pushed = [], [], [], []
    for x, (positive, negative) in zip(
        embeddings, sides(labels, gallery, gallery_labels, own, gallery_mask), strict=True
    ):
        here = unit(x)
        pulled += [distance(here, unit(p)) for p in positive]
        pushed += [max(0.0, margin - distance(here, unit(n))) for n in negative]
        for v in mixtures(positive, negative, lam):
            d = distance(here, unit(v))
            mixed_pulled += [lam * d] * len(positive)
            mixed_pushed += [(1 - lam) * max(0.0, margin - d)] * len(positive)
    clean = mean_of_nonzero(pulled) + mean_of_nonzero(pushed)
    return [clean + weight * (mean_of_nonzero(mixed_pulled) + mean_of_nonzero(mixed_pushed))]


def soft_hinge(values, share=1.0):
    return softplus(log_sum_exp(values) + log(share)) if values and share > 0 else 0.0


def metrix_multi_similarity_loss(
    embeddings, labels, gallery, gallery_labels, own, gallery_mask, lam=0.5, alpha=2.0, beta=50.0, base=1.0, weight=0.4
):
    found = []
    for x, (positive, negative) in zip(
        embeddings, sides(labels, gallery, gallery_labels, own, gallery_mask), strict=True
    ):
        pull = soft_hinge([-alpha * (cosine(x, p) - base) for p in positive])
        push = soft_hinge([beta * (cosine(x, n) - base) for n in negative])
        mixed = [cosine(x, v) for v in mixtures(positive, negative, lam)]
        mixed_pull = soft_hinge([-alpha * (s - base) for s in mixed], lam)
        mixed_push = soft_hinge([beta * (s - base) for s in mixed], 1 - lam)
        found.append((pull + weight * mixed_pull) / alpha + (push + weight * mixed_push) / beta)
    return found


def threshold_consistent_margin_loss(
    embeddings, labels, gallery, gallery_labels, own, gallery_mask,
    positive_margin=0.9, negative_margin=0.5, positive_weight=1.0, negative_weight=1.0,
):  # fmt: skip
    short, over = [], []
    for x, (positive, negative) in zip(
        embeddings, sides(labels, gallery, gallery_labels, own, gallery_mask), strict=True
    ):
        short += [positive_margin - s for s in (cosine(x, p) for p in positive) if s <= positive_margin]
        over += [s - negative_margin for s in (cosine(x, n) for n in negative) if s >= negative_margin]
    return [positive_weight * mean(short) + negative_weight * mean(over)]


def energy_confusion_regularizer(embeddings, labels, gallery, gallery_labels, own, gallery_mask):
    total, pairs_of_classes = 0.0, 0.0
    there = [y for y, is_there in zip(gallery_labels, gallery_mask, strict=True) if is_there]
    for first in sorted(set(labels)):
        for second in sorted(set(there) - {first}):
            of_first = [n for n, y in enumerate(labels) if y == first]
            squares = [
                distance(embeddings[n], gallery[m]) ** 2
                for n in of_first
                for m in others(n, own, gallery_mask)
                if gallery_labels[m] == second
            ]
            count = len(of_first) * there.count(second)
            total += sum(squares) / count
            pairs_of_classes += len(squares) / count
    return [total / pairs_of_classes if pairs_of_classes else 0.0 * embeddings[0][0]]


def generic_pair_loss(
    s,
    positive,
    negative,
    rho_positive,
    rho_negative,
    sigma_positive=lambda x: x,
    sigma_negative=lambda x: x,
    tau=lambda x: x,
):
    found = []
    for row, ys, others_ in zip(s, positive, negative, strict=True):
        pull = sum(y * rho_positive(v) for v, y in zip(row, ys, strict=True))
        push = sum(y * rho_negative(v) for v, y in zip(row, others_, strict=True))
        found.append(tau(sigma_positive(pull) + sigma_negative(push)))
    return found


def mixed_pair_labels(label, other, lam):
    return [lam * y + (1 - lam) * z for y, z in zip(label, other, strict=True)]


def general_pair_weights(loss, positive, negative):
    """Of the multi-similarity loss at its defaults, in closed form."""
    assert loss == "multi_similarity_loss"

    def shares(rows, sharpness, base=1.0):
        weights = [[exp(sharpness * (s - base)) for s in row] for row in rows]
        return [[w / (1 + sum(row)) for w in row] for row in weights]

    return shares(positive, -2.0), shares(negative, 50.0)


REFERENCES = {
    "generic_pair_loss": generic_pair_loss,
    "mixed_pair_labels": mixed_pair_labels,
    "general_pair_weights": general_pair_weights,
    "metrix_contrastive_loss": metrix_contrastive_loss,
    "metrix_multi_similarity_loss": metrix_multi_similarity_loss,
    "threshold_consistent_margin_loss": threshold_consistent_margin_loss,
    "energy_confusion_regularizer": energy_confusion_regularizer,
}
