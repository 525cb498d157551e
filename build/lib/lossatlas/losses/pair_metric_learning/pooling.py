"""Pooling that keeps a part of an image: local features are transported to prototypes, as many as fit."""

import math
from typing import NamedTuple

import torch

from ...contract import above, at_least, describe, expect, inside
from ...contract.pairwise import distances
from ...contract.precision import without_autocast
from ...contract.safe import safe_norm
from ...signatures import ClassIndex, Field, Inputs

_sets = Inputs({"features": Field("B N D"), "prototypes": Field("M D")}, {"N": 1, "M": 1})
_attributes = Inputs(
    {"histograms": Field("N M"), "labels": ClassIndex("N"), "class_embeddings": Field("C D")},
    {"N": 2, "M": 1, "C": 1, "D": 1},
)
MASS, SHARPNESS = inside(0, 1), above(0)


class Pooled(NamedTuple):
    """What pooling B sets of N features by M prototypes gives: the result, and how it came about.

    `pooled` (B, D), `weights` (B, N) and `histogram` (B, M) sum to 1 in each set; `plan` (B, M, N) is the mass moved,
    `residual` (B, N) what stays; `cost` (B, M, N).
    """

    pooled: torch.Tensor
    weights: torch.Tensor
    histogram: torch.Tensor
    plan: torch.Tensor
    residual: torch.Tensor
    cost: torch.Tensor


def into_unit_ball(x):
    """Vectors along the last axis, those longer than 1 shortened to length 1."""
    return x / safe_norm(x, keepdim=True).clamp(min=1)


@without_autocast
def generalized_sum_pooling(features, prototypes, *, mass=0.3, gamma=0.1):
    r"""Generalized sum pooling: the mean of those local features that lie near prototypes.

    $$ \min_{\rho, \pi \ge 0} \sum_{ij} c_{ij} \pi_{ij} + \tfrac1\gamma \Big[ \sum_{ij} \pi_{ij} \log \pi_{ij}
       + \sum_j \rho_j \log \rho_j \Big] \ \text{ with } \ \rho_j + \sum_i \pi_{ij} = \tfrac1n, \
       \sum_{ij} \pi_{ij} = \mu $$

    Each feature holds $1/n$, a share $\mu$ of all moves to the prototypes, $\rho_j$ stays. The costs $c_{ij}$ are
    distances of features and prototypes, both brought into the unit ball. Weights are $p_j = (1/n - \rho_j)/\mu$, the
    result is $\sum_j p_j f_j$ of the features as they came. With $\mu \to 1$ or $\gamma \to 0$ it is the mean.

    Args:
        features: B sets of n local features, shape (B, N, D).
        prototypes: shape (M, D).
        mass: $\mu$, the share that is moved, in (0, 1).
        gamma: $\gamma > 0$, how sharply nearness decides.

    Returns:
        `Pooled`. All of it can be differentiated twice.

    Paper: *Generalized Sum Pooling for Metric Learning*, 2023. Defaults are those of its code.

    Differs: the code comes near the solution by 100 steps of a fixed-point iteration, which are too few near
    $\mu = 1$; here it is found to the last digits.
    """
    inputs = {"features": features, "prototypes": prototypes}
    _sets.check_shapes(inputs)
    MASS.check("mass", mass)
    SHARPNESS.check("gamma", gamma)
    inputs, dtype = _sets.prepared(inputs)
    features, prototypes = inputs["features"], inputs["prototypes"]
    n = features.shape[1]
    near = into_unit_ball(features).flatten(0, 1)
    cost = distances(into_unit_ball(prototypes), near).unflatten(1, features.shape[:2]).movedim(1, 0)
    scores = (-gamma * cost).logsumexp(1)
    scores = scores + _level(scores, mass).unsqueeze(-1)
    moved = scores.sigmoid()
    plan = (-gamma * cost).softmax(1) * moved.unsqueeze(1) / n
    weights = moved / (n * mass)
    found = Pooled(
        (weights.unsqueeze(-1) * features).sum(1), weights, plan.sum(-1) / mass, plan, (-scores).sigmoid() / n, cost
    )
    return Pooled(*(x.to(dtype) for x in found))


def _level(scores, mass):
    r"""The number s with mean of sigmoid(scores + s) = mass, row by row: (B, N) -> (B,).

    Halving finds it; two Newton steps from there carry its first and second derivatives.
    """
    fixed = scores.detach()
    middle = math.log(mass) - math.log1p(-mass)
    low, high = middle - fixed.amax(-1), middle - fixed.amin(-1)
    for _ in range(64):
        s = (low + high) / 2
        enough = (fixed + s.unsqueeze(-1)).sigmoid().mean(-1) > mass
        low, high = torch.where(enough, low, s), torch.where(enough, s, high)
    s = (low + high) / 2
    for _ in range(2):
        moved = (scores + s.unsqueeze(-1)).sigmoid()
        slope = (moved * (1 - moved)).mean(-1)
        flat = slope < torch.finfo(slope.dtype).eps  # nothing decides between neighbours: the level is free
        s = s - torch.where(flat, 0.0, (moved.mean(-1) - mass) / torch.where(flat, 1.0, slope))
    return s


class GeneralizedSumPooling(torch.nn.Module):
    """`generalized_sum_pooling` with prototypes that are learned.

    Args:
        dimension: D, of the features.
        prototypes: how many.
        mass, gamma: as in the function.

    Forward: features (B, N, D) -> `Pooled`.
    """

    def __init__(self, dimension, prototypes=64, *, mass=0.3, gamma=0.1):
        super().__init__()
        for name, count in {"dimension": dimension, "prototypes": prototypes}.items():
            expect(type(count) is int and count >= 1, name, "a whole number >= 1", describe(count))
        self.mass, self.gamma = MASS.check("mass", mass), SHARPNESS.check("gamma", gamma)
        self.prototypes = torch.nn.Parameter(torch.randn(prototypes, dimension) * math.sqrt(2 / prototypes))

    def forward(self, features):
        return generalized_sum_pooling(features, self.prototypes, mass=self.mass, gamma=self.gamma)

    def extra_repr(self):
        count, dimension = self.prototypes.shape
        return f"dimension={dimension}, prototypes={count}, mass={self.mass}, gamma={self.gamma}"


@without_autocast
def zero_shot_regression_loss(histograms, labels, class_embeddings, *, ridge=0.05, scale=9.5):
    r"""Zero-shot regression loss: from the histograms of one half of a batch, the classes of the other are predicted.

    $$ A_2 = a_2^\top (a_2 a_2^\top + \varepsilon I)^{-1} U_{y_2}, \quad \hat u_1 = a_1 A_2 \ \text{ and vice versa}; \qquad
       L = -\frac1B \sum_b \log \operatorname{softmax}_c \big( s \langle U_c, \hat u_b \rangle \big)_{y_b} $$

    Args:
        histograms: $a$, how the features of each image spread over the prototypes, shape (N, M), N >= 2. The first
            N // 2 rows are the first half: batches have to come in mixed order.
        labels: class of each, shape (N,).
        class_embeddings: $U$, to be learned, shape (C, D).
        ridge: $\varepsilon > 0$ of the ridge regression.
        scale: $s \ge 0$ of the softmax.

    Returns:
        A 0-d tensor, the mean over the batch; log C where the class embeddings are all 0.

    Paper: *Generalized Sum Pooling for Metric Learning*, 2023, adds it to another loss.

    Differs: the code takes two halves of equal size; it adds 1e-16 to the probability, which is not needed here.
    """
    inputs = {"histograms": histograms, "labels": labels, "class_embeddings": class_embeddings}
    sizes = _attributes.check_shapes(inputs)
    _attributes.check_values(inputs, sizes)
    above(0).check("ridge", ridge)
    at_least(0).check("scale", scale)
    inputs, dtype = _attributes.prepared(inputs)
    a, y, u = inputs.values()
    half = len(a) // 2
    of_first = a[:half] @ _ridge_map(a[half:], u[y[half:]], ridge)
    of_second = a[half:] @ _ridge_map(a[:half], u[y[:half]], ridge)
    log_p = (scale * torch.cat([of_first, of_second]) @ u.mT).log_softmax(-1)
    return -log_p.gather(-1, y.unsqueeze(-1)).mean().to(dtype)


def _ridge_map(a, targets, ridge):
    """The matrix A with the least |a A - targets|^2 + ridge |A|^2: (N, M), (N, D) -> (M, D)."""
    gram = a @ a.mT + ridge * torch.eye(len(a), dtype=a.dtype, device=a.device)
    return a.mT @ torch.linalg.solve(gram, targets)
