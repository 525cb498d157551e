"""The classics of pair-based metric learning as loops over plain numbers."""

from tests.references.comparing import cosine, distance, dot, of_embeddings, others
from tests.references.holding import holding
from tests.references.numbers import exp, fsum, log_sum_exp, softplus, tan

DEGREES_40 = 0.6981317007977318


def mean(values):
    return fsum(values) / len(values) if values else 0.0


def hinge(x):
    return max(x, 0.0)


def contrastive_loss(positive, negative, positive_margin=0.0, negative_margin=1.0):
    pull = [hinge(d - positive_margin) ** 2 for d in positive]
    push = [hinge(negative_margin - d) ** 2 for d in negative]
    return mean(pull) + mean(push)


def margin_loss(positive, negative, margin=0.2, boundary=1.2):
    pull = [hinge(d - boundary + margin) for d in positive]
    push = [hinge(boundary - d + margin) for d in negative]
    return mean(pull) + mean(push)


def ranked_list_loss(positive, negative, margin=0.4, boundary=1.2, temperature=0.1, balance=0.5):
    outside = [d - boundary + margin for d in positive if d > boundary - margin]
    inside = [boundary - d for d in negative if d < boundary]
    deepest = max(inside, default=0.0)
    weights = [exp((depth - deepest) / temperature) for depth in inside]
    push = fsum(w * depth for w, depth in zip(weights, inside, strict=True)) / fsum(weights) if inside else 0.0
    return (1 - balance) * mean(outside) + balance * push


def triplet(item):
    """A loop over the inputs of `triplets`."""

    def batch(anchor, positive, negative, **hyper):
        return [item(a, p, n, **hyper) for a, p, n in zip(anchor, positive, negative, strict=True)]

    return batch


def triplet_margin_loss(a, p, n, margin=0.2):
    return hinge(distance(a, p) - distance(a, n) + margin)


def angular_loss(a, p, n, angle=DEGREES_40):
    spread = fsum((x - y) ** 2 for x, y in zip(a, p, strict=True))
    away = fsum((z - (x + y) / 2) ** 2 for x, y, z in zip(a, p, n, strict=True))
    return hinge(spread - 4 * tan(angle) ** 2 * away)


def batch_all_triplet_loss(positive, negative, margin=0.2):
    return mean([hinge(p - n + margin) for p in positive for n in negative])


def batch_hard_triplet_loss(positive, negative, margin=0.2):
    return hinge(max(positive) - min(negative) + margin) if positive and negative else 0.0


def soft_margin_triplet_loss(positive, negative):
    return softplus(max(positive) - min(negative)) if positive and negative else 0.0


def semi_hard_triplet_loss(positive, negative, margin=0.2):
    found = []
    for p in positive:
        beyond = [n for n in negative if n > p]
        found.append(hinge(p - min(beyond) + margin) if beyond else 0.0)
    return mean(found)


def n_pairs_loss(positive, negative):
    return mean([softplus(log_sum_exp([n - p for n in negative])) if negative else 0.0 for p in positive])


def lifted_structure_loss(positive, negative, margin=1.0):
    if not positive or not negative:
        return 0.0
    return hinge(log_sum_exp(positive) + log_sum_exp([margin - d for d in negative]))


def nca_loss(positive, negative):
    if not positive or not negative:
        return 0.0
    return softplus(log_sum_exp([-(d**2) for d in negative]) - log_sum_exp([-(d**2) for d in positive]))


def proxy_nca_loss(features, prototypes, target, temperature=1.0):
    found = []
    for x, y in zip(features, target, strict=True):
        s = [2 * cosine(x, p) / temperature for p in prototypes]
        found.append(log_sum_exp([v - s[y] for k, v in enumerate(s) if k != y]))
    return found


def proxy_anchor_loss(features, prototypes, target, margin=0.1, alpha=32.0):
    pull, push = [], []
    for k, p in enumerate(prototypes):
        own = [-alpha * (cosine(x, p) - margin) for x, y in zip(features, target, strict=True) if y == k]
        foreign = [alpha * (cosine(x, p) + margin) for x, y in zip(features, target, strict=True) if y != k]
        if own:
            pull.append(softplus(log_sum_exp(own)))
        push.append(softplus(log_sum_exp(foreign)) if foreign else 0.0)
    return [mean(pull) + mean(push)]


def variance(x):
    """Measured from the first entry, which changes nothing, so that equal entries give exactly 0."""
    centre = mean([v - x[0] for v in x])
    return mean([(v - x[0] - centre) ** 2 for v in x])


def noise_to_signal(x, y):
    signal = variance(x)
    return variance([b - a for a, b in zip(x, y, strict=True)]) / signal if signal > 0 else 0.0 * signal


def snr_contrastive_loss(positive, negative, positive_margin=0.01, negative_margin=0.2):
    pull = [hinge(d - positive_margin) for d in positive]
    push = [hinge(negative_margin - d) for d in negative]
    return mean(pull) + mean(push)


def zero_mean_regularizer(points):
    return [abs(fsum(x)) for x in points]


def circle_weights(embeddings, labels, gallery, gallery_labels, own, gallery_mask, margin=0.25, gamma=256.0):
    """By anchor and by row of the gallery, what the force on a pair grows with."""
    found = []
    for x, y in zip(embeddings, labels, strict=True):
        s = [cosine(x, row) for row in gallery]
        found.append([hinge(1 + margin - v if k == y else v + margin) for v, k in zip(s, gallery_labels, strict=True)])
    return found


@holding(weights=circle_weights)
def circle_loss(embeddings, labels, gallery, gallery_labels, own, gallery_mask, weights, margin=0.25, gamma=256.0):
    found = []
    for n, (x, y) in enumerate(zip(embeddings, labels, strict=True)):
        pull, push = [], []
        for m in others(n, own, gallery_mask):
            s, weight = cosine(x, gallery[m]), gamma * weights[n][m]
            if gallery_labels[m] == y:
                pull.append(-weight * (s - 1 + margin))
            else:
                push.append(weight * (s - margin))
        found.append(softplus(log_sum_exp(pull) + log_sum_exp(push)) if pull and push else 0.0)
    return found


def multi_similarity_loss(positive, negative, alpha=2.0, beta=50.0, base=1.0):
    pull = softplus(log_sum_exp([-alpha * (s - base) for s in positive])) / alpha if positive else 0.0
    push = softplus(log_sum_exp([beta * (s - base) for s in negative])) / beta if negative else 0.0
    return pull + push


def snr_distance(x, y):
    def variance(entries):
        middle = mean(entries)
        return mean([(v - middle) ** 2 for v in entries])

    def one(anchor, other):
        signal = variance(anchor)
        return variance([b - a for a, b in zip(anchor, other, strict=True)]) / signal if signal > 0 else 0.0 * signal

    return [[one(anchor, other) for other in y] for anchor in x]


REFERENCES = {
    "snr_distance": snr_distance,
    "multi_similarity_loss": of_embeddings(cosine, multi_similarity_loss),
    "angular_loss": triplet(angular_loss),
    "batch_all_triplet_loss": of_embeddings(distance, batch_all_triplet_loss),
    "batch_hard_triplet_loss": of_embeddings(distance, batch_hard_triplet_loss),
    "circle_loss": circle_loss,
    "contrastive_loss": of_embeddings(distance, contrastive_loss),
    "lifted_structure_loss": of_embeddings(distance, lifted_structure_loss),
    "margin_loss": of_embeddings(distance, margin_loss),
    "n_pairs_loss": of_embeddings(dot, n_pairs_loss),
    "nca_loss": of_embeddings(distance, nca_loss),
    "proxy_anchor_loss": proxy_anchor_loss,
    "proxy_nca_loss": proxy_nca_loss,
    "ranked_list_loss": of_embeddings(distance, ranked_list_loss),
    "semi_hard_triplet_loss": of_embeddings(distance, semi_hard_triplet_loss),
    "snr_contrastive_loss": of_embeddings(noise_to_signal, snr_contrastive_loss),
    "snr_triplet_loss": of_embeddings(noise_to_signal, batch_all_triplet_loss),
    "soft_margin_triplet_loss": of_embeddings(distance, soft_margin_triplet_loss),
    "triplet_margin_loss": triplet(triplet_margin_loss),
    "zero_mean_regularizer": zero_mean_regularizer,
}
