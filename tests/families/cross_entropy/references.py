"""The cross-entropy family as loops over plain numbers, one item at a time."""

import sys

from tests.references.holding import holding
from tests.references.numbers import INF, exp, expm1, fsum, hypot, log, log_sum_exp, softplus, sqrt


def per_item(item):
    """A loss of a batch from the loss of one item; hyper-parameters go through."""

    def batch(logits, target, **hyper):
        return [item(f, y, **hyper) for f, y in zip(logits, target, strict=True)]

    batch.__name__ = item.__name__
    return batch


def binary(item):
    """A loss of scores and labels of any shape from the loss of one score."""

    def batch(score, label, **hyper):
        if isinstance(score, list):
            return [batch(s, t, **hyper) for s, t in zip(score, label, strict=True)]
        return item(score, label, **hyper)

    batch.__name__ = item.__name__
    return batch


def log_p(f, k):
    return f[k] - log_sum_exp(f)


def others(f, y):
    return [v for k, v in enumerate(f) if k != y]


def p_of(f, y):
    return exp(log_p(f, y))


def miss(f, y):
    """1 - p_y, as the sum of the other probabilities."""
    return fsum(exp(v - log_sum_exp(f)) for v in others(f, y))


def log_miss(f, y):
    return log_sum_exp(others(f, y)) - log_sum_exp(f)


def surprise(f, y):
    """-log p_y, as log(1 + sum of exp(f_k - f_y)), which keeps its digits near 0."""
    lag = log_sum_exp([v - f[y] for v in others(f, y)])
    return softplus(lag)


def sigmoid(x):
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def smoothed_target(f, y, smoothing):
    """Shares of the classes that a logit of -inf does not rule out."""
    possible = [v > -INF for v in f]
    return [(1 - smoothing) * (k == y) + smoothing * possible[k] / sum(possible) for k in range(len(f))]


def differences(f, y, margin):
    return [v - f[y] + margin * (k != y) for k, v in enumerate(f)]


@per_item
def cross_entropy(f, y, label_smoothing=0.0):
    if label_smoothing == 0:
        return surprise(f, y)
    return -fsum(t * log_p(f, k) for k, t in enumerate(smoothed_target(f, y, label_smoothing)) if t > 0)


@per_item
def generalized_cross_entropy(f, y, q=0.7):
    return surprise(f, y) if q == 0 else -expm1(-q * surprise(f, y)) / q


@per_item
def mean_absolute_error(f, y):
    return fsum(abs(exp(log_p(f, k)) - (k == y)) if k != y else miss(f, y) for k in range(len(f)))


@per_item
def logit_z_loss(f, y):
    return log_sum_exp(f) ** 2


@per_item
def softmax_regression_loss(f, y):
    return 0.5 * fsum((exp(log_p(f, k)) - (k == y)) ** 2 for k in range(len(f)))


def comp_sum(f, y, tau):
    if tau == 1:
        return surprise(f, y)
    return expm1((1 - tau) * surprise(f, y)) / (1 - tau)


@per_item
def comp_sum_loss(f, y, tau=1.0):
    return comp_sum(f, y, tau)


def smooth_adversarial_comp_sum_loss(logits, target, perturbed_logits, tau=1.0, rho=1.0, nu=1.0):
    found = []
    for f, y, g in zip(logits, target, perturbed_logits, strict=True):
        moves = [(g[y] - g[k]) - (f[y] - f[k]) for k in range(len(f)) if k != y and f[k] > -INF and g[k] > -INF]
        found.append(comp_sum([v / rho for v in f], y, tau) + nu * hypot(*moves))
    return found


@per_item
def poly1_cross_entropy(f, y, epsilon=1.0, label_smoothing=0.0):
    target = smoothed_target(f, y, label_smoothing)
    missed = fsum(t * miss(f, k) for k, t in enumerate(target))
    return cross_entropy([f], [y], label_smoothing=label_smoothing)[0] + epsilon * missed


@per_item
def poly_n_cross_entropy(f, y, epsilons=(1.0,)):
    return surprise(f, y) + fsum(e * miss(f, y) ** (j + 1) for j, e in enumerate(epsilons))


@per_item
def focal_loss(f, y, gamma=2.0):
    return miss(f, y) ** gamma * surprise(f, y)


@per_item
def poly1_focal_loss(f, y, epsilon=1.0, alpha=0.25, gamma=2.0):
    found = []
    for k, score in enumerate(f):
        z = score if k == y else -score
        weight = 1.0 if alpha is None else alpha if k == y else 1 - alpha
        wrong = sigmoid(-z)
        found.append(weight * wrong**gamma * softplus(-z) + epsilon * wrong ** (gamma + 1))
    return found


@per_item
def encouraging_loss(f, y, log_end=0.75):
    if p_of(f, y) <= log_end:
        return surprise(f, y) + log_miss(f, y)
    return surprise(f, y) + log(1 - log_end) - (p_of(f, y) - log_end) / (1 - log_end)


@binary
def halted_focal_loss(score, label, alpha=0.25, gamma=2.0):
    weight = 1.0 if alpha is None else alpha if label > 0 else 1 - alpha
    if label > 0 and score > 0:
        return weight * softplus(-score) - weight * log(2) * (1 - 0.5**gamma)
    return weight * sigmoid(-label * score) ** gamma * softplus(-label * score)


@per_item
def squentropy_loss(f, y):
    wrong = [v for v in others(f, y) if v > -INF]
    return surprise(f, y) + fsum(v**2 for v in wrong) / max(len(wrong), 1)


@per_item
def rescaled_square_loss(f, y, k=1.0, M=1.0):
    return (k * (f[y] - M) ** 2 + fsum(v**2 for v in others(f, y))) / len(f)


@per_item
def spherical_z_loss(f, y, a=1.0, b=0.0):
    mean = fsum(f) / len(f)
    deviation = sqrt(fsum((v - mean) ** 2 for v in f) / len(f))
    z = 0.0 if max(f) == min(f) else (f[y] - mean) / deviation
    return softplus(a * (b - z)) / a


@per_item
def spherical_softmax_loss(f, y, eps=1e-4):
    return -log((f[y] ** 2 + eps) / fsum(v**2 + eps for v in f))


@per_item
def taylor_softmax_loss(f, y):
    return -log((1 + f[y] + f[y] ** 2 / 2) / fsum(1 + v + v**2 / 2 for v in f))


@per_item
def ldr_kl_loss(f, y, lam=1.0, margin=0.1):
    d = differences(f, y, margin)
    return lam * (log_sum_exp([v / lam for v in d]) - log(len(f)))


def aldr_kl_temperature(logits, target, lam0=1.0, alpha=2.0, lam=None, **_):
    """One fixed-point step from `lam`, or from lam0, for each item."""
    found = []
    for n, f in enumerate(logits):
        before = lam0 if lam is None else lam[n]
        scaled = [v / before for v in f]
        p = [exp(log_p(scaled, k)) + 1e-5 for k in range(len(f))]
        p = [v / fsum(p) for v in p]
        divergence = fsum(v * log(v * len(f)) for v in p)
        found.append(lam0 - lam0 * divergence / (alpha * log(len(f))))
    return found


@holding(temperature=aldr_kl_temperature)
def aldr_kl_loss(logits, target, temperature, margin=0.1, lam0=1.0, alpha=2.0, lam=None):
    found = []
    for f, y, now in zip(logits, target, temperature, strict=True):
        price = alpha * log(len(f)) / (2 * lam0) * (now - lam0) ** 2
        found.append(ldr_kl_loss([f], [y], lam=now, margin=margin)[0] - price)
    return found


@per_item
def crammer_singer_hinge(f, y, margin=1.0):
    return max(differences(f, y, margin))


@per_item
def weston_watkins_hinge(f, y, margin=1.0):
    return fsum(max(0.0, d) for d in differences(f, y, margin)) / len(f)


@per_item
def l2_svm_loss(f, y):
    return [max(0.0, 1 - (v if k == y else -v)) ** 2 for k, v in enumerate(f)]


@binary
def logistic_loss(score, label):
    return softplus(-label * score)


@binary
def hinge_loss(score, label):
    return max(0.0, 1 - label * score)


@binary
def squared_hinge_loss(score, label):
    return max(0.0, 1 - label * score) ** 2


@binary
def perceptron_loss(score, label):
    return max(0.0, -label * score)


@binary
def exponential_loss(score, label):
    return exp(-label * score)


def harmonic_loss(features, prototypes, target, n=2.0, eps=0.0, tiny=sys.float_info.min):
    """`tiny`, the smallest positive number of the floats in use, stands for a distance 0."""
    found = []
    for x, y in zip(features, target, strict=True):
        squares = [fsum((a - b) ** 2 for a, b in zip(x, w, strict=True)) + eps for w in prototypes]
        found.append(surprise([-n / 2 * log(max(s, tiny)) for s in squares], y))
    return found


def direction(v):
    length = hypot(*v)
    return v if length == 0 else [a / length for a in v]


def equiangular_basis_loss(features, prototypes, target, temperature=0.07, label_smoothing=0.1):
    basis = [direction(b) for b in prototypes]
    found = []
    for x, y in zip(features, target, strict=True):
        v = direction(x)
        logits = [fsum(a * c for a, c in zip(v, b, strict=True)) / temperature for b in basis]
        found.append(cross_entropy([logits], [y], label_smoothing=label_smoothing)[0])
    return found


@per_item
def null_bce_loss(f, y):
    return [softplus(-v) if k == y else softplus(v) for k, v in enumerate(f)]


def class_relational_bce_loss(logits, target):
    return [
        [t * softplus(-v) + (1 - t) * softplus(v) for v, t in zip(f, row, strict=True)]
        for f, row in zip(logits, target, strict=True)
    ]


REFERENCES = {
    f.__name__: f
    for f in (
        cross_entropy, generalized_cross_entropy, mean_absolute_error, logit_z_loss, softmax_regression_loss,
        comp_sum_loss, smooth_adversarial_comp_sum_loss, poly1_cross_entropy, poly_n_cross_entropy, focal_loss,
        poly1_focal_loss, encouraging_loss, halted_focal_loss, squentropy_loss, rescaled_square_loss,
        spherical_z_loss, spherical_softmax_loss, taylor_softmax_loss, ldr_kl_loss, aldr_kl_loss,
        crammer_singer_hinge, weston_watkins_hinge, l2_svm_loss, logistic_loss, hinge_loss, squared_hinge_loss,
        perceptron_loss, exponential_loss, harmonic_loss, equiangular_basis_loss, null_bce_loss,
        class_relational_bce_loss,
    )
}  # fmt: skip
