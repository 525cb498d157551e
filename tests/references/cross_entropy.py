"""The cross-entropy family as loops over Python floats, one item at a time."""

import math
import sys

INF = math.inf
TINY = sys.float_info.min


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


def log_sum_exp(values):
    top = max(values, default=-INF)
    if top == -INF:
        return -INF
    return top + math.log(math.fsum(math.exp(v - top) for v in values))


def log_p(f, k):
    return f[k] - log_sum_exp(f)


def others(f, y):
    return [v for k, v in enumerate(f) if k != y]


def p_of(f, y):
    return math.exp(log_p(f, y))


def miss(f, y):
    """1 - p_y, as the sum of the other probabilities."""
    return math.fsum(math.exp(v - log_sum_exp(f)) for v in others(f, y))


def log_miss(f, y):
    return log_sum_exp(others(f, y)) - log_sum_exp(f)


def surprise(f, y):
    """-log p_y, as log(1 + sum of exp(f_k - f_y)), which keeps its digits near 0."""
    lag = log_sum_exp([v - f[y] for v in others(f, y)])
    return softplus(lag)


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


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
    return -math.fsum(t * log_p(f, k) for k, t in enumerate(smoothed_target(f, y, label_smoothing)) if t > 0)


@per_item
def generalized_cross_entropy(f, y, q=0.7):
    return surprise(f, y) if q == 0 else -math.expm1(-q * surprise(f, y)) / q


@per_item
def mean_absolute_error(f, y):
    return math.fsum(abs(math.exp(log_p(f, k)) - (k == y)) if k != y else miss(f, y) for k in range(len(f)))


@per_item
def logit_z_loss(f, y):
    return log_sum_exp(f) ** 2


@per_item
def softmax_regression_loss(f, y):
    return 0.5 * math.fsum((math.exp(log_p(f, k)) - (k == y)) ** 2 for k in range(len(f)))


def comp_sum(f, y, tau):
    if tau == 1:
        return surprise(f, y)
    return math.expm1((1 - tau) * surprise(f, y)) / (1 - tau)


@per_item
def comp_sum_loss(f, y, tau=1.0):
    return comp_sum(f, y, tau)


def smooth_adversarial_comp_sum_loss(logits, target, perturbed_logits, tau=1.0, rho=1.0, nu=1.0):
    found = []
    for f, y, g in zip(logits, target, perturbed_logits, strict=True):
        moves = [(g[y] - g[k]) - (f[y] - f[k]) for k in range(len(f)) if k != y and f[k] > -INF and g[k] > -INF]
        found.append(comp_sum([v / rho for v in f], y, tau) + nu * math.hypot(*moves))
    return found


@per_item
def poly1_cross_entropy(f, y, epsilon=1.0, label_smoothing=0.0):
    target = smoothed_target(f, y, label_smoothing)
    missed = math.fsum(t * miss(f, k) for k, t in enumerate(target))
    return cross_entropy([f], [y], label_smoothing=label_smoothing)[0] + epsilon * missed


@per_item
def poly_n_cross_entropy(f, y, epsilons=(1.0,)):
    return surprise(f, y) + math.fsum(e * miss(f, y) ** (j + 1) for j, e in enumerate(epsilons))


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
    return surprise(f, y) + math.log(1 - log_end) - (p_of(f, y) - log_end) / (1 - log_end)


@binary
def halted_focal_loss(score, label, alpha=0.25, gamma=2.0):
    weight = 1.0 if alpha is None else alpha if label > 0 else 1 - alpha
    if label > 0 and score > 0:
        return weight * softplus(-score) - weight * math.log(2) * (1 - 0.5**gamma)
    return weight * sigmoid(-label * score) ** gamma * softplus(-label * score)


@per_item
def squentropy_loss(f, y):
    wrong = [v for v in others(f, y) if v > -INF]
    return surprise(f, y) + math.fsum(v**2 for v in wrong) / max(len(wrong), 1)


@per_item
def rescaled_square_loss(f, y, k=1.0, M=1.0):
    return (k * (f[y] - M) ** 2 + math.fsum(v**2 for v in others(f, y))) / len(f)


@per_item
def spherical_z_loss(f, y, a=1.0, b=0.0):
    mean = math.fsum(f) / len(f)
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in f) / len(f))
    z = 0.0 if max(f) == min(f) else (f[y] - mean) / deviation
    return softplus(a * (b - z)) / a


@per_item
def spherical_softmax_loss(f, y, eps=1e-4):
    return -math.log((f[y] ** 2 + eps) / math.fsum(v**2 + eps for v in f))


@per_item
def taylor_softmax_loss(f, y):
    return -math.log((1 + f[y] + f[y] ** 2 / 2) / math.fsum(1 + v + v**2 / 2 for v in f))


@per_item
def ldr_kl_loss(f, y, lam=1.0, margin=0.1):
    d = differences(f, y, margin)
    return lam * (log_sum_exp([v / lam for v in d]) - math.log(len(f)))


def aldr_kl_loss(logits, target, margin=0.1, lam0=1.0, alpha=2.0, lam=None):
    found = []
    for n, (f, y) in enumerate(zip(logits, target, strict=True)):
        before = lam0 if lam is None else lam[n]
        scaled = [v / before for v in f]
        p = [math.exp(log_p(scaled, k)) + 1e-5 for k in range(len(f))]
        p = [v / math.fsum(p) for v in p]
        divergence = math.fsum(v * math.log(v * len(f)) for v in p)
        now = lam0 - lam0 * divergence / (alpha * math.log(len(f)))
        held = alpha * math.log(len(f)) / (2 * lam0) * (now - lam0) ** 2
        found.append(ldr_kl_loss([f], [y], lam=now, margin=margin)[0] - held)
    return found


@per_item
def crammer_singer_hinge(f, y, margin=1.0):
    return max(differences(f, y, margin))


@per_item
def weston_watkins_hinge(f, y, margin=1.0):
    return math.fsum(max(0.0, d) for d in differences(f, y, margin)) / len(f)


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
    return math.exp(-label * score)


def harmonic_loss(features, prototypes, target, n=2.0, eps=0.0):
    found = []
    for x, y in zip(features, target, strict=True):
        squares = [math.fsum((a - b) ** 2 for a, b in zip(x, w, strict=True)) + eps for w in prototypes]
        found.append(surprise([-n / 2 * math.log(max(s, TINY)) for s in squares], y))
    return found


def direction(v):
    length = math.hypot(*v)
    return v if length == 0 else [a / length for a in v]


def equiangular_basis_loss(features, prototypes, target, temperature=0.07, label_smoothing=0.1):
    basis = [direction(b) for b in prototypes]
    found = []
    for x, y in zip(features, target, strict=True):
        v = direction(x)
        logits = [math.fsum(a * c for a, c in zip(v, b, strict=True)) / temperature for b in basis]
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


_HELPERS = {
    "per_item", "binary", "log_sum_exp", "log_p", "others", "p_of", "miss", "log_miss", "surprise", "softplus",
    "sigmoid", "smoothed_target", "differences", "comp_sum", "direction",
}  # fmt: skip

REFERENCES = {
    name: f for name, f in list(globals().items()) if callable(f) and not name.startswith("_") and name not in _HELPERS
}
