"""The cross-entropy family as loops over plain numbers, one item at a time."""

import sys

import torch
from tests.references.holding import holding
from tests.references.numbers import INF, exp, expm1, fsum, hypot, log, log_sum_exp, rounded, softplus, sqrt


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


def negative_log_likelihood(f, y):
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
        return negative_log_likelihood(f, y)
    return -fsum(t * log_p(f, k) for k, t in enumerate(smoothed_target(f, y, label_smoothing)) if t > 0)


@per_item
def generalized_cross_entropy(f, y, q=0.7):
    return negative_log_likelihood(f, y) if q == 0 else -expm1(-q * negative_log_likelihood(f, y)) / q


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
        return negative_log_likelihood(f, y)
    return expm1((1 - tau) * negative_log_likelihood(f, y)) / (1 - tau)


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
    return negative_log_likelihood(f, y) + fsum(e * miss(f, y) ** (j + 1) for j, e in enumerate(epsilons))


@per_item
def focal_loss(f, y, gamma=2.0):
    return miss(f, y) ** gamma * negative_log_likelihood(f, y)


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
        return negative_log_likelihood(f, y) + log_miss(f, y)
    return negative_log_likelihood(f, y) + log(1 - log_end) - (p_of(f, y) - log_end) / (1 - log_end)


@binary
def halted_focal_loss(score, label, alpha=0.25, gamma=2.0):
    weight = 1.0 if alpha is None else alpha if label > 0 else 1 - alpha
    if label > 0 and score > 0:
        return weight * softplus(-score) - weight * log(2) * (1 - 0.5**gamma)
    return weight * sigmoid(-label * score) ** gamma * softplus(-label * score)


@per_item
def squentropy_loss(f, y):
    wrong = [v for v in others(f, y) if v > -INF]
    return negative_log_likelihood(f, y) + fsum(v**2 for v in wrong) / max(len(wrong), 1)


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


def aldr_kl_temperature(logits, lam, lam0=1.0, alpha=2.0):
    """One fixed-point step from `lam` for each item."""
    found = []
    for f, before in zip(logits, lam, strict=True):
        scaled = [v / before for v in f]
        p = [exp(log_p(scaled, k)) + 1e-5 for k in range(len(f))]
        p = [v / fsum(p) for v in p]
        divergence = fsum(v * log(v * len(f)) for v in p)
        found.append(lam0 - lam0 * divergence / (alpha * log(len(f))))
    return found


def temperature_of_a_batch(logits, target, lam0=1.0, alpha=2.0, lam=None, **_):
    """From `lam`, or from lam0 where none is given."""
    return aldr_kl_temperature(logits, [lam0] * len(logits) if lam is None else lam, lam0, alpha)


@holding(temperature=temperature_of_a_batch)
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
        found.append(negative_log_likelihood([-n / 2 * log(max(s, tiny)) for s in squares], y))
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


# operations


def dot(x, y):
    return fsum(a * b for a, b in zip(x, y, strict=True))


def distance(x, y):
    return hypot(*(a - b for a, b in zip(x, y, strict=True)))


def shares(costs):
    """Shares in proportion to 1 / cost; those that cost nothing have all of it."""
    if 0 in costs:
        return [(c == 0) / sum(c == 0 for c in costs) for c in costs]
    total = fsum(1 / c for c in costs)
    return [1 / c / total for c in costs]


def each(item, nested):
    """A function of rows on rows in nested lists."""
    return [each(item, row) for row in nested] if isinstance(nested[0], list) else item(nested)


def flat(nested):
    return [x for row in nested for x in flat(row)] if isinstance(nested, list) else [nested]


def margin_shift(logits, perturbed_logits, target):
    found = []
    for f, g, y in zip(logits, perturbed_logits, target, strict=True):
        possible = [k for k in range(len(f)) if f[k] > -INF and g[k] > -INF]
        found.append(hypot(*((g[y] - g[k]) - (f[y] - f[k]) for k in possible)))
    return found


def harmax(features, prototypes, n=2.0, eps=0.0):
    return [shares([(distance(x, w) ** 2 + eps) ** (n / 2) for w in prototypes]) for x in features]


def equiangular_basis_generation_loss(vectors, threshold=0.002):
    unit = [direction(v) for v in vectors]
    pairs = [(i, j) for i in range(len(unit)) for j in range(len(unit)) if i != j]
    return fsum(max(0.0, abs(dot(unit[i], unit[j])) - threshold) for i, j in pairs)


def costs_of_keys(x, keys, power, eps):
    return [eps + distance(x, k) ** power for k in keys]


def inverse_distance_weights(queries, keys, power=2.0, eps=1e-3):
    return [shares(costs_of_keys(x, keys, power, eps)) for x in queries]


def inverse_distance_weighting_attention(queries, keys, values, power=2.0, eps=1e-3):
    weights = inverse_distance_weights(queries, keys, power, eps)
    return [[dot(w, column) for column in zip(*values, strict=True)] for w in weights]


def augmented_memory(keys, values, point, target, power=2.0, eps=1e-3):
    (output,) = inverse_distance_weighting_attention([point], keys, values, power, eps)
    behind = max(output) - output[target]
    if behind == 0:
        return keys, values
    eta = (1 + eps * fsum(1 / u for u in costs_of_keys(point, keys, power, eps))) * behind
    return [*keys, point], [*values, [eta * (k == target) for k in range(len(output))]]


def softplus_mean_normalize(logits):
    def normalized(f):
        positive = [softplus(v) for v in f]
        return [p / (fsum(positive) / len(f)) for p in positive]

    return each(normalized, logits)


def mean_abs_normalize(logits):
    def normalized(f):
        size = fsum(abs(v) for v in f) / len(f)
        return [v / size for v in f] if size > 0 else f

    return each(normalized, logits)


def l2_svm_objective(logits, target, weight, penalty=1.0):
    errors = [
        max(0.0, 1 - (v if k == y else -v)) ** 2 for f, y in zip(logits, target, strict=True) for k, v in enumerate(f)
    ]
    return fsum(w**2 for w in flat(weight)) / 2 + penalty * fsum(errors)


def z_loss_from_sums(total, squares, true, classes, a=1.0, b=0.0):
    found = []
    for q, s, o in zip(total, squares, true, strict=True):
        deviation = sqrt(s / classes - (q / classes) ** 2)
        found.append(softplus(a * (b - (o - q / classes) / deviation)) / a)
    return found


def squared_error_from_sums(total, squares, true, classes):
    """The squares of all outputs, but that of the true one counted from 1."""
    return [s - o**2 + (o - 1) ** 2 for s, o in zip(squares, true, strict=True)]


def spherical_softmax_from_sums(total, squares, true, classes, eps=1e-4):
    return [-log((o**2 + eps) / (s + classes * eps)) for s, o in zip(squares, true, strict=True)]


def taylor_softmax_from_sums(total, squares, true, classes):
    return [-log((1 + o + o**2 / 2) / (classes + q + s / 2)) for q, s, o in zip(total, squares, true, strict=True)]


def class_similarity(features, target, weight):
    found = []
    for y in range(len(weight)):
        mine = [direction(x) for x, label in zip(features, target, strict=True) if label == y]
        found.append([fsum(dot(x, direction(w)) for x in mine) / max(len(mine), 1) for w in weight])
    return found


def relational_target(similarity, target, label_set=None, threshold=None):
    found = []
    for n, y in enumerate(target):
        own = [False] * len(similarity) if label_set is None else label_set[n]
        found.append([1.0 if k == y or (s > threshold and not own[k]) else 0.0 for k, s in enumerate(similarity[y])])
    return found


def target_surrogate_loss(outputs, anchor, gradient, eta=1.0, anchor_loss=0.0):
    entries = zip(flat(outputs), flat(anchor), flat(gradient), strict=True)
    return anchor_loss + fsum(g * (f - z) + (f - z) ** 2 / (2 * eta) for f, z, g in entries)


def sso_step(parameters, forward, objective, eta=1.0, inner_steps=1, learning_rate=1.0):
    """The functions are torch's, and so are their derivatives; the steps are taken here."""
    eta, rate = rounded(eta), rounded(learning_rate)
    anchor = forward(parameters).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(objective(anchor), anchor)
    for _ in range(inner_steps):
        leaves = {name: p.detach().requires_grad_() for name, p in parameters.items()}
        moved = forward(leaves) - anchor.detach()
        surrogate = sum(g * d + d * d / (2 * eta) for g, d in zip(gradient.tolist(), moved, strict=True))
        downhill = torch.autograd.grad(surrogate, list(leaves.values()))
        parameters = {name: p - rate * d for (name, p), d in zip(parameters.items(), downhill, strict=True)}
    return {name: p.tolist() for name, p in parameters.items()}


def pulls_and_margins(weight, features, label):
    pulls = [[y * a for a in row] for row, y in zip(features, label, strict=True)]
    return pulls, [dot(pull, weight) for pull in pulls]


def batch_perceptron_step(weight, features, label, step_size=1.0):
    pulls, margins = pulls_and_margins(weight, features, label)
    counted = [1.0 if m < 0 else 0.5 if m == 0 else 0.0 for m in margins]
    return [
        u + step_size * dot(counted, column) / len(pulls)
        for u, column in zip(weight, zip(*pulls, strict=True), strict=True)
    ]


def normalized_logistic_gd_step(weight, features, label, step_size=1.0):
    pulls, margins = pulls_and_margins(weight, features, label)
    weights = [sigmoid(-m) for m in margins]
    return [
        w + step_size * dot(weights, column) / fsum(weights)
        for w, column in zip(weight, zip(*pulls, strict=True), strict=True)
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
        class_relational_bce_loss, margin_shift, harmax, equiangular_basis_generation_loss, inverse_distance_weights,
        inverse_distance_weighting_attention, augmented_memory, aldr_kl_temperature, softplus_mean_normalize,
        mean_abs_normalize, l2_svm_objective, z_loss_from_sums, squared_error_from_sums, spherical_softmax_from_sums,
        taylor_softmax_from_sums, class_similarity, relational_target, target_surrogate_loss, sso_step,
        batch_perceptron_step, normalized_logistic_gd_step,
    )
}  # fmt: skip
