"""Classification by distance or angle to one vector per class, instead of by dot products with free weights."""

import torch

from ...contract import above, at_least, between, loss, operation
from ...contract.log_odds import negative_log_likelihood
from ...contract.safe import log_square_distances, unit
from ...signatures import Field, prototypes, takes
from .fields import OneClass

EXPONENT, EPS = above(0, show=(0.5, 16.0)), at_least(0, show=(0.0, 0.5))


def harmonic_logits(features, prototypes, n, eps):
    r"""$-\frac n2 \log(d_k^2 + \varepsilon)$ for all distances $d_k$ to the prototypes: (N, D), (C, D) -> (N, C).

    A distance 0 counts as the smallest positive number; it has no direction, so it passes no gradient.
    """
    return -n / 2 * log_square_distances(features, prototypes, eps)


def _on_a_prototype(inputs):
    """Every point on a prototype of its own, the last prototype on the first."""
    prototypes = inputs["prototypes"].clone()
    prototypes[-1] = prototypes[0]
    return {"features": prototypes[: len(inputs["features"])].clone(), "prototypes": prototypes}


@operation(
    takes({"features": Field("N D"), "prototypes": Field("C D")}, edges={"on a prototype": _on_a_prototype}),
    paper="harmonicloss2025",
    domains={"n": EXPONENT, "eps": EPS},
)
def harmax(features, prototypes, *, n=2.0, eps=0.0):
    r"""HarMax: class probabilities that fall with a power of the distance to each prototype.

    $$ p_k = \frac{(d_k^2 + \varepsilon)^{-n/2}}{\sum_j (d_j^2 + \varepsilon)^{-n/2}}, \qquad d_k = \|x - w_k\|_2 $$

    Use: For the predicted probabilities of a model trained with `harmonic_loss`. Not for its training: the loss takes
    the logarithm of probabilities without losing the digits of small ones.

    Args:
        features: $x$, shape (N, D).
        prototypes: $w$, one vector per class, shape (C, D).
        n: exponent $n > 0$ of the distance.
        eps: $\varepsilon \ge 0$, in squared distance units.

    Returns:
        Probabilities, shape (N, C). On a prototype, with eps = 0, its class has all of it; classes whose prototypes
        coincide there share it.

    Paper: Baek et al. 2025, *Harmonic Loss Trains Interpretable AI Models*.
    """
    return harmonic_logits(features, prototypes, n, eps).softmax(-1)


@loss(
    prototypes,
    paper="harmonicloss2025",
    domains={"n": EXPONENT, "eps": EPS},
    invariances=lambda n, eps: ("shift", "rotate", "scale_both") if eps == 0 else ("shift", "rotate"),
    bounds=(0.0, None),
    optimum=lambda n, eps: 0.0 if eps == 0 else None,
)
def harmonic_loss(features, prototypes, target, *, n=2.0, eps=0.0):
    r"""Harmonic loss: cross-entropy of probabilities that fall with a power of the distance to each prototype.

    $$ \ell = -\log p_y, \qquad p_k = \frac{(d_k^2 + \varepsilon)^{-n/2}}{\sum_j (d_j^2 + \varepsilon)^{-n/2}}, \qquad
       d_k = \|x - w_k\|_2 $$

    The minimum lies at a finite point, the true prototype, so prototypes become the centres of their classes.

    Use: When the weights of the last layer should be interpretable, since each prototype becomes the centre of its
    class. Not when distances between features mean nothing, nor when the exponent `n` cannot be tuned; then
    `cross_entropy` on ordinary logits.

    Args:
        features: $x$, shape (N, D).
        prototypes: $w$, one vector per class, shape (C, D).
        target: index of the true class, shape (N,).
        n: harmonic exponent $n > 0$, acting on the distance. The paper suggests about sqrt(D).
        eps: $\varepsilon \ge 0$, in squared distance units. Above 0 it keeps the loss smooth at the prototypes, for a
            minimum slightly above 0 and no exact invariance to scale.

    Returns:
        One value per item, shape (N,). On its prototype an item has loss 0 and gradient 0. On a wrong one the loss
        has no finite value with eps = 0: the smallest positive number stands for the distance, and gives a large
        finite one.

    Paper: Baek et al. 2025, *Harmonic Loss Trains Interpretable AI Models*.

    Differs: the code of the authors raises the squared distance to its n, so that n here is twice theirs, and adds
    eps = 1e-4 to it. Their default is n = 2 here; the paper has no eps, which is the default.
    """
    return negative_log_likelihood(harmonic_logits(features, prototypes, n, eps), target)


@loss(
    prototypes,
    paper="equiangularbasis2023",
    domains={"temperature": above(0, show=(0.05, 1.0)), "label_smoothing": between(0, 1, show=(0.0, 0.5))},
    invariances=("scale_features", "scale_both", "rotate"),
    bounds=(0.0, None),
)
def equiangular_basis_loss(features, prototypes, target, *, temperature=0.07, label_smoothing=0.1):
    r"""Equiangular basis loss: cross-entropy of cosines with fixed class vectors that are nearly orthogonal.

    $$ \ell = -\sum_k t_k \log p_k, \qquad p = \mathrm{softmax}\Bigl( \frac{v \cdot b_k}{T} \Bigr), \quad
       v = \frac{x}{\|x\|}, \quad t = (1 - \alpha)\,\mathrm{onehot}(y) + \frac{\alpha}{C} $$

    The class vectors are not learned; `equiangular_basis_generation_loss` makes them beforehand.

    Use: When the classifier should be fixed beforehand and only the features trained, for instance with more classes
    than feature dimensions. Not when related classes should have similar features, for which nearly orthogonal vectors
    leave no room; then `harmonic_loss`, whose prototypes are learned.

    Args:
        features: $x$, shape (N, D); only their direction counts. A zero vector is equally far from all classes.
        prototypes: $b$, one vector per class, shape (C, D); normalised here.
        target: index of the true class, shape (N,).
        temperature: $T > 0$, in units of cosine.
        label_smoothing: $\alpha$ in [0, 1].

    Returns:
        One value per item, shape (N,).

    Paper: Shen, Sun & Wei 2023, *Equiangular Basis Vectors*; label smoothing as in the code of the authors.
    """
    scaled, basis = unit(features) / temperature, unit(prototypes)
    # The logits' mean is the logit of the mean vector: no pass over all classes for the lead of the true one.
    lead = (scaled * (basis - basis.mean(0))[target]).sum(-1)
    return negative_log_likelihood(scaled @ basis.T, target) + label_smoothing * lead


def _parallel(inputs):
    """Two vectors that are parallel, two that are opposite, and one that is zero."""
    vectors = inputs["vectors"].clone()
    vectors[1], vectors[2], vectors[3] = 2 * vectors[0], -vectors[0], 0
    return {"vectors": vectors}


@operation(
    takes({"vectors": Field("C D")}, sizes={"C": 5, "D": 3}, edges={"parallel": _parallel}),
    paper="equiangularbasis2023",
    domains={"threshold": between(0, 1)},
)
def equiangular_basis_generation_loss(vectors, *, threshold=0.002):
    r"""How far a set of vectors is from being equiangular: the cosines beyond a threshold, summed over ordered pairs.

    $$ \sum_{i \ne j} \max\bigl(0,\ |b_i \cdot b_j| - \theta\bigr), \qquad b_i = \frac{v_i}{\|v_i\|} $$

    Use: To make the fixed class vectors of `equiangular_basis_loss` before training, by gradient descent from random
    vectors. Not when C is at most D: there orthogonal vectors are known without a search.

    Args:
        vectors: $v$, shape (C, D); D may be less than C.
        threshold: $\theta$ in [0, 1], the largest cosine that costs nothing. Below the Welch bound
            $\sqrt{(C - D) / (D (C - 1))}$ no set of vectors costs nothing.

    Returns:
        A 0-d tensor. Two parallel vectors have gradient 0: start again if the largest cosine stays at 1.

    Paper: Shen, Sun & Wei 2023, *Equiangular Basis Vectors*.
    """
    cosines = unit(vectors) @ unit(vectors).T
    excess = torch.relu(cosines.abs() - threshold)
    return (excess - excess.diag().diag()).sum()


def _log_distances(queries, keys, power, eps):
    r"""$\log(\varepsilon + d^{\mathrm{power}})$, with the smallest positive number for $d^2 = 0$."""
    log_power = -harmonic_logits(queries, keys, power, 0.0)
    return torch.logaddexp(log_power, torch.as_tensor(eps, dtype=log_power.dtype, device=log_power.device).log())


def _weights(queries, keys, power, eps):
    return (-_log_distances(queries, keys, power, eps)).softmax(-1)


def _on_a_key(inputs):
    """Every query on a key of its own."""
    return {**inputs, "queries": inputs["keys"][: len(inputs["queries"])].clone()}


@operation(
    takes({"queries": Field("N D"), "keys": Field("M D")}, edges={"on a key": _on_a_key}),
    paper="inversedistance2023",
    domains={"power": EXPONENT, "eps": EPS},
)
def inverse_distance_weights(queries, keys, *, power=2.0, eps=1e-3):
    r"""The attention weights of `inverse_distance_weighting_attention`: shares that fall with the distance to a key.

    $$ w_m = \frac{1/u_m}{\sum_j 1/u_j}, \qquad u_m = \varepsilon + \|x - k_m\|_2^{\,\mathrm{power}} $$

    Use: To see which keys a query attends to. Not to compute the output, which
    `inverse_distance_weighting_attention` gives at once.

    Args:
        queries: $x$, shape (N, D).
        keys: $k$, shape (M, D).
        power: exponent of the distance, > 0.
        eps: $\varepsilon \ge 0$, added after the power, in units of its result.

    Returns:
        Shape (N, M); rows sum to 1. On a key, with eps = 0, the key has all of it.

    Paper: McCarter 2023, *Inverse distance weighting attention*.
    """
    return _weights(queries, keys, power, eps)


@operation(
    takes({"queries": Field("N D"), "keys": Field("M D"), "values": Field("M C")}, least={"M": 1}),
    paper="inversedistance2023",
    domains={"power": EXPONENT, "eps": EPS},
)
def inverse_distance_weighting_attention(queries, keys, values, *, power=2.0, eps=1e-3):
    r"""Attention by inverse distance: the mean of the values, weighted by how near their keys are.

    $$ o = \sum_m w_m v_m, \qquad w_m = \frac{1/u_m}{\sum_j 1/u_j}, \qquad
       u_m = \varepsilon + \|x - k_m\|_2^{\,\mathrm{power}} $$

    Trained with cross-entropy on $o$. With one key and one-hot value per class and eps = 0 the weights are `harmax`.

    Use: When keys should be prototypes in the space of the queries that one can look at, and a memory is to be extended
    by hand, as in `augmented_memory`. Not when the length of a vector carries meaning: dot products see it, distances
    mix it with the direction.

    Args:
        queries: $x$, shape (N, D).
        keys: $k$, shape (M, D).
        values: $v$, shape (M, C).
        power: exponent of the distance, > 0.
        eps: $\varepsilon \ge 0$, added after the power; with 0 the output on a key is its value.

    Returns:
        Outputs, shape (N, C).

    Paper: McCarter 2023, *Inverse distance weighting attention*. Power 1 without eps is the abstract's form; 2 and
    1e-3 are the defaults of the author's code.
    """
    return _weights(queries, keys, power, eps) @ values


@operation(
    takes(
        {"keys": Field("M D"), "values": Field("M C"), "point": Field("D"), "target": OneClass()},
        least={"M": 1},
        sizes={"M": 5, "D": 3, "C": 4},
    ),
    paper="inversedistance2023",
    domains={"power": EXPONENT, "eps": above(0)},
    exempt={"vmap": "How many rows come back depends on the values."},
)
def augmented_memory(keys, values, point, target, *, power=2.0, eps=1e-3):
    r"""Keys and values with one more of each, so that the point is given the class `target`.

    $$ k_{M+1} = x, \qquad v_{M+1} = \eta\,\mathrm{onehot}(c), \qquad
       \eta = \Bigl(1 + \varepsilon \sum_m \frac1{u_m}\Bigr) \bigl(\max_k o_k - o_c\bigr) $$

    Afterwards class c leads the old winner at the point by $(\max_k o_k - o_c) / (1 + \varepsilon \sum_m 1/u_m)$. On
    the other keys little changes while eps is small. Where c leads already, nothing is added.

    Use: When a single answer of `inverse_distance_weighting_attention` is to be corrected by hand, without training.
    Not for many corrections, each of which is one more key for every later query.

    Args:
        keys: shape (M, D).
        values: shape (M, C).
        point: $x$, shape (D,).
        target: the class c, an int in [0, C).
        power: exponent of the distance, > 0, as in `inverse_distance_weighting_attention`.
        eps: $\varepsilon > 0$, as there.

    Returns:
        (keys, values), one row longer, or as they were.

    Paper: McCarter 2023, *Inverse distance weighting attention*.
    """
    query = point.unsqueeze(0)
    log_distances = _log_distances(query, keys, power, eps)
    output = ((-log_distances).softmax(-1) @ values)[0]
    behind = output.max() - output[target]
    if behind == 0:
        return keys, values
    inverse_sum = (-log_distances).exp().sum()
    row = torch.zeros_like(values[:1])
    row[0, target] = (1 + eps * inverse_sum) * behind
    return torch.cat([keys, query]), torch.cat([values, row])
