"""Pooling that keeps a part of an image: local features are transported to prototypes, as many as fit."""

import math
from typing import NamedTuple

import torch

from ...contract import above, at_least, inside, operation, whole
from ...contract.operation import check_limits
from ...contract.pairwise import distances
from ...contract.safe import safe_norm
from ...signatures import ClassIndex, Field, takes

LIMITS = {"mass": inside(0, 1, show=(0.05, 0.95)), "gamma": above(0, show=(0.1, 20.0))}
COUNTS = {"dimension": whole(1), "prototypes": whole(1)}


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


@operation(
    takes({"features": Field("B N D"), "prototypes": Field("M D")}, least={"N": 1, "M": 1}),
    paper="generalizedsumpooling2023",
    domains=LIMITS,
)
def generalized_sum_pooling(features, prototypes, *, mass=0.3, gamma=0.1):
    r"""Generalized sum pooling: the mean of those local features that lie near prototypes.

    $$ \min_{\rho, \pi \ge 0} \sum_{ij} c_{ij} \pi_{ij} + \tfrac1\gamma \Big[ \sum_{ij} \pi_{ij} \log \pi_{ij}
       + \sum_j \rho_j \log \rho_j \Big] \ \text{ with } \ \rho_j + \sum_i \pi_{ij} = \tfrac1n, \
       \sum_{ij} \pi_{ij} = \mu $$

    Each feature holds $1/n$, a share $\mu$ of all moves to the prototypes, $\rho_j$ stays. The costs $c_{ij}$ are
    distances of features and prototypes, both brought into the unit ball. Weights are $p_j = (1/n - \rho_j)/\mu$, the
    result is $\sum_j p_j f_j$ of the features as they came. With $\mu \to 1$ or $\gamma \to 0$ it is the mean.

    Use: When an image is pooled from local features of which only a part matters, such as an object before a
    background. Not for features without a common scale, since all are brought into the unit ball, nor for a plain mean,
    to which it comes at far more cost when `mass` is near 1.

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
    n = features.shape[1]
    near = into_unit_ball(features).flatten(0, 1)
    cost = distances(into_unit_ball(prototypes), near).unflatten(1, features.shape[:2]).movedim(1, 0)
    scores = (-gamma * cost).logsumexp(1)
    scores = scores + _level(scores, mass).unsqueeze(-1)
    moved = scores.sigmoid()
    plan = (-gamma * cost).softmax(1) * moved.unsqueeze(1) / n
    weights = moved / (n * mass)
    pooled = (weights.unsqueeze(-1) * features).sum(1)
    return Pooled(pooled, weights, plan.sum(-1) / mass, plan, (-scores).sigmoid() / n, cost)


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
        derivative = (moved * (1 - moved)).mean(-1)
        flat = derivative < torch.finfo(derivative.dtype).eps  # nothing decides between neighbours: the level is free
        s = s - torch.where(flat, 0.0, (moved.mean(-1) - mass) / torch.where(flat, 1.0, derivative))
    return s


class GeneralizedSumPooling(torch.nn.Module):
    """Generalized sum pooling with prototypes that are learned: see `generalized_sum_pooling`.

    Args:
        dimension: D, of the features.
        prototypes: how many.
        mass, gamma: as in the function.

    Forward: features (B, N, D) -> `Pooled`.
    """

    def __init__(self, dimension, prototypes=64, *, mass=0.3, gamma=0.1):
        super().__init__()
        given = {"dimension": dimension, "prototypes": prototypes, "mass": mass, "gamma": gamma}
        check_limits({**COUNTS, **LIMITS}, given)
        self.mass, self.gamma = given["mass"], given["gamma"]
        self.prototypes = torch.nn.Parameter(torch.randn(prototypes, dimension) * math.sqrt(2 / prototypes))

    def forward(self, features):
        return generalized_sum_pooling(features, self.prototypes, mass=self.mass, gamma=self.gamma)

    def extra_repr(self):
        count, dimension = self.prototypes.shape
        return f"dimension={dimension}, prototypes={count}, mass={self.mass}, gamma={self.gamma}"


@operation(
    takes(
        {"histograms": Field("N M"), "labels": ClassIndex("N"), "class_embeddings": Field("C D")},
        least={"N": 2, "M": 1, "C": 1, "D": 1},
    ),
    paper="generalizedsumpooling2023",
    domains={"ridge": above(0, show=(0.01, 1.0)), "scale": at_least(0, show=(0.0, 20.0))},
)
def zero_shot_regression_loss(histograms, labels, class_embeddings, *, ridge=0.05, scale=9.5):
    r"""Zero-shot regression loss: from the histograms of one half of a batch, the classes of the other are predicted.

    $$ A_2 = a_2^\top (a_2 a_2^\top + \varepsilon I)^{-1} U_{y_2}, \quad
       \hat u_1 = a_1 A_2 \ \text{ and vice versa}; \qquad
       L = -\frac1B \sum_b \log \operatorname{softmax}_c \big( s \langle U_c, \hat u_b \rangle \big)_{y_b} $$

    Use: Beside a loss of pairs, so that what features spread over carries to classes that were not seen. Not with
    batches ordered by class, whose halves share none, nor as the only loss.

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
    a, y, u = histograms, labels, class_embeddings
    half = len(a) // 2
    of_first = a[:half] @ _ridge_map(a[half:], u[y[half:]], ridge)
    of_second = a[half:] @ _ridge_map(a[:half], u[y[:half]], ridge)
    log_p = (scale * torch.cat([of_first, of_second]) @ u.mT).log_softmax(-1)
    return -log_p.gather(-1, y.unsqueeze(-1)).mean()


def _ridge_map(a, targets, ridge):
    """The matrix A with the least |a A - targets|^2 + ridge |A|^2: (N, M), (N, D) -> (M, D)."""
    gram = a @ a.mT + ridge * torch.eye(len(a), dtype=a.dtype, device=a.device)
    return a.mT @ torch.linalg.solve(gram, targets)
