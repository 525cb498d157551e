"""The core of contrastive learning as loops over plain numbers, one anchor at a time where there are anchors."""

from tests.references.comparing import cosine, distance, dot, of_pairs, of_queries, of_views, others
from tests.references.holding import holding
from tests.references.numbers import exp, fsum, hypot, log, log_sum_exp, softplus, sqrt


def clip_loss(positive, negative, temperature=0.07):
    return softplus(log_sum_exp([(s - positive[0]) / temperature for s in negative])) if negative else 0.0


def decoupled_contrastive_loss(positive, negative, temperature=0.1):
    apart = log_sum_exp([s / temperature for s in negative]) if negative else 0.0
    return apart - positive[0] / temperature


def hard_negative_contrastive_loss(positive, negative, temperature=0.5, concentration=1.0, positive_prior=0.1):
    """All exponentials relative to the positive's."""
    if not negative:
        return 0.0
    gaps = [(s - positive[0]) / temperature for s in negative]
    weights = [exp(concentration * (g - max(gaps))) for g in gaps]
    mean = fsum(w * exp(g) for w, g in zip(weights, gaps, strict=True)) / fsum(weights)
    found = max((mean - positive_prior) / (1 - positive_prior), exp((-1 - positive[0]) / temperature))
    return log(1 + len(negative) * found)


def debiased_contrastive_loss(positive, negative, temperature=0.5, positive_prior=0.1):
    return hard_negative_contrastive_loss(positive, negative, temperature, 0.0, positive_prior)


def simple_contrastive_loss(positive, negative, lam=1.0):
    return -positive[0] + lam * fsum(negative)


def hard_contrastive_loss(positive, negative, temperature=0.5, alpha=0.1):
    most = 0
    while most < alpha * len(negative) - 1e-6:
        most += 1
    return clip_loss(positive, sorted(negative, reverse=True)[:most], temperature)


def siglip_loss(positive, negative, temperature=0.1, bias=-10.0):
    return softplus(-(positive[0] / temperature + bias)) + fsum(softplus(s / temperature + bias) for s in negative)


def spectral_contrastive_loss(view_a, view_b, gallery_a, gallery_b, own, gallery_mask):
    found = []
    for n, (a, b) in enumerate(zip(view_a, view_b, strict=True)):
        there = others(n, own, gallery_mask)
        squares = [dot(a, gallery_b[m]) ** 2 for m in there] + [dot(b, gallery_a[m]) ** 2 for m in there]
        found.append(-2 * dot(a, b) + (fsum(squares) / len(squares) if squares else 0.0))
    return found


def soft_triplet_loss(anchor, positive, negative, temperature=1.0, margin=0.0):
    found = []
    for x, p, q in zip(anchor, positive, negative, strict=True):
        near, far = (fsum((a - b) ** 2 for a, b in zip(x, y, strict=True)) / 2 for y in (p, q))
        found.append(temperature * softplus((near - far + margin) / temperature))
    return found


def macl_temperature(positive, negative, temperature=0.1, alpha=0.5, base=0.0):
    values = [s for row in positive for s in row]
    return temperature * (1 + alpha * (fsum(values) / len(values) - base))


def macl_weights(positive, negative, temperature=0.1, alpha=0.5, base=0.0):
    """1 / (1 - P) per anchor, the miss 1 - P as a softmax's share of the negatives."""
    t = macl_temperature(positive, negative, temperature, alpha, base)
    logs = [
        (log_sum_exp([s / t for s in q]), log_sum_exp([s / t for s in p + q]))
        for p, q in zip(positive, negative, strict=True)
    ]
    return [exp(whole - miss) for miss, whole in logs]


@holding(adapted=macl_temperature, weights=macl_weights)
def macl_loss(positive, negative, adapted, weights, temperature=0.1, alpha=0.5, base=0.0):
    total = 0.0
    for p, q, weight in zip(positive, negative, weights, strict=True):
        scores = [[s / adapted for s in side] for side in (p, q)]
        total += weight * softplus(log_sum_exp(scores[1]) - log_sum_exp(scores[0]))
    return [total / len(positive)]


def global_contrastive_loss(positive, negative, temperature=0.1):
    if not negative:
        return 0.0
    return temperature * (log_sum_exp([(s - positive[0]) / temperature for s in negative]) - log(len(negative)))


def robust_global_contrastive_loss(positive, negative, temperature=0.1, rho=0.3):
    return global_contrastive_loss(positive, negative, temperature) + temperature * rho


def cosine_contrastive_loss(positive, negative, margin=0.0, negative_weight=None):
    beyond = fsum(max(s - margin, 0.0) for s in negative)
    push = beyond if negative_weight is None else negative_weight * beyond / len(negative)
    return fsum(1 - s for s in positive) / len(positive) + push


def byol_loss(view_a, view_b):
    return [2 - 2 * cosine(a, b) for a, b in zip(view_a, view_b, strict=True)]


def on_sphere(x):
    length = hypot(*x)
    return [v / length if length > 0 else 0.0 * v for v in x]


def alignment_loss(view_a, view_b, alpha=2.0):
    return [distance(on_sphere(a), on_sphere(b)) ** alpha for a, b in zip(view_a, view_b, strict=True)]


def uniformity_loss(points, t=2.0):
    pairs = [(x, y) for n, x in enumerate(points) for y in points[:n]]
    if not pairs:
        return [0.0]
    return [log_sum_exp([-t * (2 - 2 * cosine(x, y)) for x, y in pairs]) - log(len(pairs))]


def singular_values(columns):
    """By rotating pairs of columns until all are at right angles; their lengths then are the singular values."""
    columns = [list(c) for c in columns]
    total = fsum(v**2 for c in columns for v in c)
    least = total * (1e-18 if isinstance(total, float) else 1e-72)
    turned = True
    while turned:
        turned = False
        for p in range(len(columns)):
            for q in range(p):
                one, two = columns[p], columns[q]
                between = dot(one, two)
                if abs(between) <= least + 1e-16 * isinstance(total, float) * hypot(*one) * hypot(*two):
                    continue
                turned = True
                ratio = (dot(two, two) - dot(one, one)) / (2 * between)
                tangent = (1 if ratio >= 0 else -1) / (abs(ratio) + sqrt(1 + ratio**2))
                c = 1 / sqrt(1 + tangent**2)
                s = c * tangent
                columns[p] = [c * x - s * y for x, y in zip(one, two, strict=True)]
                columns[q] = [s * x + c * y for x, y in zip(one, two, strict=True)]
    return [hypot(*c) for c in columns]


def wasserstein_uniformity(points):
    """The squared lengths, in place of the roots that cancel: mean squared plus (singular value - 1/sqrt D) squared."""
    z = [on_sphere(x) for x in points]
    count, width = len(z), len(z[0])
    mean = [fsum(x[d] for x in z) / count for d in range(width)]
    spread = singular_values([[(x[d] - mean[d]) / sqrt(count) for x in z] for d in range(width)])
    return [hypot(*mean, *(s - 1 / sqrt(width) for s in spread))]


def standard(view, eps):
    """Columns of mean 0 and variance 1."""
    found = []
    for d in range(len(view[0])):
        column = [x[d] for x in view]
        centred = [v - fsum(column) / len(column) for v in column]
        size = sqrt(fsum(v**2 for v in centred) / len(column) + eps)
        found.append([v / size for v in centred])
    return found


def cross_correlation_loss(view_a, view_b, lam=0.005, eps=1e-5):
    total = 0.0
    for i, a in enumerate(standard(view_a, eps)):
        for j, b in enumerate(standard(view_b, eps)):
            correlation = dot(a, b) / len(view_a)
            total += (1 - correlation) ** 2 if i == j else lam * correlation**2
    return [total]


def info_nce(positive, negative, temperature=0.07):
    if not negative:
        return 0.0
    return softplus(log_sum_exp([s / temperature for s in negative]) - positive[0] / temperature)


def nt_xent(positive, negative, temperature=0.5):
    return info_nce(positive, negative, temperature)


REFERENCES = {
    "info_nce": of_queries(cosine, info_nce),
    "nt_xent": of_views(cosine, nt_xent),
    "clip_loss": of_views(cosine, clip_loss, across=True),
    "decoupled_contrastive_loss": of_views(cosine, decoupled_contrastive_loss),
    "debiased_contrastive_loss": of_views(cosine, debiased_contrastive_loss),
    "hard_negative_contrastive_loss": of_views(cosine, hard_negative_contrastive_loss),
    "simple_contrastive_loss": of_views(cosine, simple_contrastive_loss),
    "hard_contrastive_loss": of_views(cosine, hard_contrastive_loss),
    "siglip_loss": of_views(cosine, siglip_loss, across=True),
    "spectral_contrastive_loss": spectral_contrastive_loss,
    "soft_triplet_loss": soft_triplet_loss,
    "macl_loss": macl_loss,
    "global_contrastive_loss": of_views(cosine, global_contrastive_loss),
    "robust_global_contrastive_loss": of_views(cosine, robust_global_contrastive_loss),
    "cosine_contrastive_loss": of_pairs(cosine_contrastive_loss),
    "byol_loss": byol_loss,
    "alignment_loss": alignment_loss,
    "uniformity_loss": uniformity_loss,
    "wasserstein_uniformity": wasserstein_uniformity,
    "cross_correlation_loss": cross_correlation_loss,
}
