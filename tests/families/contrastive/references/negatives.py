"""Negatives that are weighed, made, remembered or of an old model, and temperatures, as loops over plain numbers."""

from tests.references.comparing import cosine
from tests.references.numbers import INF, exp, fsum, log, log_sum_exp, softplus

from .core import on_sphere


def contrastive_relative_penalty(negative_similarities, temperature=0.07):
    if negative_similarities and isinstance(negative_similarities[0], list):
        return [contrastive_relative_penalty(row, temperature) for row in negative_similarities]
    total = log_sum_exp([s / temperature for s in negative_similarities])
    return [exp(s / temperature - total) for s in negative_similarities]


# of graphs


def cluster_disagreement(clusterings):
    count = len(clusterings[0])
    return [[sum(c[i] != c[j] for c in clusterings) for j in range(count)] for i in range(count)]


def weighted_negative_info_nce(anchors, samples, weights, temperature=0.5):
    total = []
    for n, (a, row) in enumerate(zip(anchors, weights, strict=True)):
        s = [cosine(a, z) / temperature for z in samples]
        total.append(log_sum_exp([log(w) + v for w, v in zip(row, s, strict=True) if w > 0]) - s[n])
    return fsum(total) / len(total)


def pamc_loss(embeddings, adjacency, clusters, scale=1.0):
    count, tiny = len(embeddings), 1e-10
    near = []
    for i, row in enumerate(adjacency):
        s = [cosine(embeddings[i], z) if i != j else 0 for j, z in enumerate(embeddings)]
        near.append(log(fsum(w * exp(scale * v) for w, v in zip(row, s, strict=True)) + tiny))
    names = sorted(set(clusters))
    members = [[z for z, name in zip(embeddings, clusters, strict=True) if name == c] for c in names]
    sums = [[fsum(column) for column in zip(*group, strict=True)] for group in members]
    apart = [
        log(fsum(exp(scale * cosine(x, y) if c != d else scale * 0) for d, y in enumerate(sums)) + tiny)
        for c, x in enumerate(sums)
    ]
    return fsum(apart) / len(names) - fsum(near) / count


# made of others


def hardest_negatives(query, gallery, count):
    return [[on_sphere(g) for g in sorted(gallery, key=lambda g, q=q: -cosine(q, g))[:count]] for q in query]


def mix_hard_negatives(query, gallery, mixtures, hardest):
    first, second, share, partner, query_share = (x.tolist() for x in mixtures)
    found = []
    for n, (q, hard) in enumerate(zip(query, hardest_negatives(query, gallery, hardest), strict=True)):
        pairs = [(a, hard[i], hard[j]) for a, i, j in zip(share[n], first[n], second[n], strict=True)]
        pairs += [(b, on_sphere(q), hard[j]) for b, j in zip(query_share[n], partner[n], strict=True)]
        found.append([on_sphere([a * u + (1 - a) * v for u, v in zip(x, y, strict=True)]) for a, x, y in pairs])
    return found


def mean_info_nce(query, key, galleries, temperature):
    """The mean of InfoNCE, with a gallery for each query."""
    total = []
    for q, k, gallery in zip(query, key, galleries, strict=True):
        push = log_sum_exp([cosine(q, g) / temperature for g in gallery])
        total.append(softplus(push - cosine(q, k) / temperature))
    return fsum(total) / len(total) if total else 0.0


def mochi_loss(query, key, gallery, synthetic, temperature=0.2):
    return mean_info_nce(query, key, [gallery + made for made in synthetic], temperature)


def symmetric_continual_contrastive_loss(
    query, key, predicted, previous, negatives, previous_negatives, temperature=0.2
):
    both = [negatives + previous_negatives] * len(query)
    return mean_info_nce(query, key, both, temperature) + mean_info_nce(predicted, previous, both, temperature)


# temperatures


def adaptive_temperature_regularizer(temperature, width):
    if isinstance(temperature, list):
        return [adaptive_temperature_regularizer(t, width) for t in temperature]
    return width / 2 * log(temperature) + 1 / temperature


def amcl_nt_xent(positive, negative, positive_temperature, negative_temperature, width, beta=0.1):
    found = []
    for s, rows, pull, pushes in zip(positive, negative, positive_temperature, negative_temperature, strict=True):
        heads = []
        for c, t in enumerate(pull):
            nearest, push = max(zip(rows[c], pushes[c], strict=True))
            price = adaptive_temperature_regularizer(t, width) - adaptive_temperature_regularizer(push, width)
            heads.append(nearest / push - s[c] / t + beta * price)
        found.append(fsum(heads))
    return found


def of_one_view(negatives, log_u, temperature, share):
    """log u after a step, and the weights of the negatives, for one anchor; without negatives its u only fades."""
    parts = [log(share) + s / temperature - log(len(negatives)) for s in negatives]
    if share < 1:
        parts.append(log(1 - share) + log_u)
    moved = log_sum_exp(parts)
    return moved, [exp(s / temperature - moved) / len(negatives) for s in negatives]


def isogclr_update(
    scores, where, log_u, temperature, slope, rho=0.3, gamma=0.9, step=0.01, momentum=0.9, low=0.05, high=0.7
):
    weights = [[[0.0] * len(row) for row in view] for view in scores]
    new_u, new_temperature, new_slope = list(log_u), list(temperature), list(slope)
    for n, tau in enumerate(temperature):
        sizes, gradients = [], []
        for v, view in enumerate(scores):
            places = [z for z, there in enumerate(where[v][n]) if there]
            negatives = [view[n][z] for z in places]
            size, shares = of_one_view(negatives, log_u[n], tau, 1 if log_u[n] == -INF else gamma)
            for z, share in zip(places, shares, strict=True):
                weights[v][n][z] = share
            sizes.append(size)
            gradients.append(size + rho - fsum(p * s / tau for p, s in zip(shares, negatives, strict=True)))
        if all(any(view[n]) for view in where):
            new_u[n] = log_sum_exp(sizes) - log(len(scores))
            new_slope[n] = (1 - momentum) * slope[n] + momentum * fsum(gradients) / len(scores)
            new_temperature[n] = min(max(tau - step * new_slope[n], low), high)
    return weights, new_u, new_temperature, new_slope


def isogclr_step(view_a, view_b, log_u, temperature, slope, **settings):
    count = len(view_a)
    scores, where = [], []
    for mine, other in ((view_a, view_b), (view_b, view_a)):
        scores.append([[cosine(x, z) for z in other + mine] for x in mine])
        where.append([[j % count != n for j in range(2 * count)] for n in range(count)])
    weights, *state = isogclr_update(scores, where, log_u, temperature, slope, **settings)
    total = []
    for n, (a, b) in enumerate(zip(view_a, view_b, strict=True)):
        pushes = [fsum(p * s for p, s in zip(weights[v][n], scores[v][n], strict=True)) for v in range(2)]
        total.append(fsum(pushes) / 2 - cosine(a, b))
    return fsum(total) / count, *state


REFERENCES = {
    "contrastive_relative_penalty": contrastive_relative_penalty,
    "cluster_disagreement": cluster_disagreement,
    "weighted_negative_info_nce": weighted_negative_info_nce,
    "pamc_loss": pamc_loss,
    "hardest_negatives": hardest_negatives,
    "mix_hard_negatives": mix_hard_negatives,
    "mochi_loss": mochi_loss,
    "symmetric_continual_contrastive_loss": symmetric_continual_contrastive_loss,
    "adaptive_temperature_regularizer": adaptive_temperature_regularizer,
    "amcl_nt_xent": amcl_nt_xent,
    "isogclr_update": isogclr_update,
    "isogclr_step": isogclr_step,
}
