"""Whether one threshold of distance serves all classes: per-class utilities, and how far they lie apart."""

import math

import torch

from ..contract import inside, operation, whole, wrong
from ..contract.pairwise import distances
from ..contract.safe import unit
from ..signatures import Field, Label, takes
from .fields import LABELS, TWO_SHARES, VECTORS, aligned, two_classes
from .vectors import blocks, diagonal, same

RANGE = {"false_acceptance": TWO_SHARES, "thresholds": whole(2)}
SEVERAL_SETS = takes(
    {"x": VECTORS, "labels": LABELS}, least={"N": 3, "D": 1}, sizes={"N": 8, "D": 3}, related=two_classes
)
DEPENDS = {"vmap": "How many classes there are depends on the labels."}
FALSE_ACCEPTANCE = (1e-2, 1e-1)


@operation(
    takes(
        {"x": Field("N D", "vectors"), "labels": Label("N")},
        least={"N": 3, "D": 1},
        sizes={"N": 8, "D": 3},
        related=two_classes,
    ),
    domains=RANGE,
    differentiable=False,
    exempt=DEPENDS,
)
def class_utilities(x, labels, *, false_acceptance=FALSE_ACCEPTANCE, thresholds=101):
    r"""How well each class is verified at each threshold of a calibration range.

    Two vectors count as one class where their distance at unit length is at most the threshold d. For class i the
    sensitivity $\varphi_i(d)$ is the share accepted of its pairs, the specificity $\psi_i(d)$ the share refused of the
    pairs with one end in it, and the utility their harmonic mean

    $$ U_i(d) = \frac{2 \varphi_i \psi_i}{\varphi_i + \psi_i}. $$

    The range goes from the smallest distance at which the first share of all pairs of different classes is accepted
    to that of the second.

    Args:
        x: vectors, (N, D); their length does not matter.
        labels: class of each, (N,). A class with a single vector has no pairs and is left out.
        false_acceptance: the two shares, in (0, 1], the smaller first.
        thresholds: number T of thresholds, evenly spaced, at least 2.

    Returns:
        thresholds (T,) and utilities (classes, T), the classes in the order of their labels; NaN where a vector is.
    """
    low, high = false_acceptance
    classes, index, counts = labels.unique(return_inverse=True, return_counts=True)
    kept = counts >= 2
    if len(classes) < 2 or not kept.any():
        raise wrong(
            "labels",
            "at least two classes, one of them with two vectors",
            f"{len(classes)} classes of up to {counts.max().item()}",
        )
    u = unit(x)
    strangers = _distances_of_strangers(u, index).sort().values
    # A product such as 0.07 * 100 is a little too large; that must not take one pair more.
    ends = [strangers[max(1, math.ceil(share * len(strangers) * (1 - 1e-12))) - 1] for share in (low, high)]
    steps = torch.linspace(0, 1, thresholds, dtype=x.dtype, device=x.device)
    at = ends[0] + (ends[1] - ends[0]) * steps
    at[-1] = ends[1]
    accepted, total = _accepted(u, index, len(classes), at)
    shares = accepted / total.clamp(min=1).unsqueeze(-1)
    sensitivity, specificity = shares[1], 1 - shares[0]
    both = sensitivity + specificity
    utility = 2 * sensitivity * specificity / torch.where(both > 0, both, 1.0)
    return at, utility[kept].to(x.dtype).masked_fill(u.isnan().any(), torch.nan)


@operation(SEVERAL_SETS, domains=RANGE, differentiable=False, exempt=DEPENDS)
def opis(x, labels, *, false_acceptance=FALSE_ACCEPTANCE, thresholds=101):
    r"""Operating-point inconsistency: the variance of the utility over the classes, averaged over a calibration range.

    $$ \frac{1}{T} \sum_i \frac{1}{d_1 - d_0} \int_{d_0}^{d_1} \big(U_i(d) - \bar U(d)\big)^2 \,\mathrm{d}d $$

    Args:
        x: vectors, (..., N, D); their length does not matter.
        labels, false_acceptance, thresholds: as in `class_utilities`; labels (N,) or (..., N).

    Returns:
        (...), in [0, 1/4]; 0 where one threshold suits all classes alike.

    Paper: Zhang et al., "Threshold-consistent margin loss for open-world deep metric learning", 2023.

    Differs: an estimator of our own: the text leaves open how the range and the integral are computed; here the
    distances at the two false-acceptance shares over all pairs, and the trapezoidal rule.
    """
    return _of_each(
        x,
        labels,
        lambda one, own: _variance(
            class_utilities(one, own, false_acceptance=false_acceptance, thresholds=thresholds)[1]
        ),
    )


@operation(
    SEVERAL_SETS,
    domains={**RANGE, "epsilon": inside(0, 0.5, open_high=False)},
    differentiable=False,
    exempt=DEPENDS,
)
def epsilon_opis(x, labels, *, epsilon=0.1, false_acceptance=FALSE_ACCEPTANCE, thresholds=101):
    r"""The same for the worst classes against the best: the squared difference of their mean utilities over the range.

    Args:
        x, labels, false_acceptance, thresholds: as in `opis`.
        epsilon: share of the classes that are worst, and that are best, by mean utility over the range; in (0, 1/2];
            at least one class each.

    Returns:
        (...), in [0, 1].

    Paper: as `opis`, and as uncertain.
    """

    def gap(one, own):
        utility = class_utilities(one, own, false_acceptance=false_acceptance, thresholds=thresholds)[1]
        ordered = utility[_over_range(utility).argsort()]
        few = max(1, int(epsilon * len(utility)))
        return _over_range((ordered[-few:].mean(0) - ordered[:few].mean(0)).square())

    return _of_each(x, labels, gap)


def _distances_of_strangers(u, index):
    """The distances of all pairs of different classes, once each."""
    count, found = len(u), []
    for rows in blocks(u, count):
        later = torch.arange(count, device=u.device) > torch.arange(rows.start, rows.stop, device=u.device).unsqueeze(
            -1
        )
        found.append(distances(u[rows], u)[later & ~same(index[rows], index)])
    return torch.cat(found)


def _accepted(u, index, classes, at):
    """Pairs with a first end in each class, of different and of one class: accepted (2, C, T), and all (2, C)."""
    steps, count = len(at), len(u)
    tally = torch.zeros(2 * classes * (steps + 1), dtype=torch.long, device=u.device)
    for rows in blocks(u, count):
        # From which threshold on a pair is accepted; T for never.
        first = torch.searchsorted(at, distances(u[rows], u))
        kind = same(index[rows], index) * classes + index[rows].unsqueeze(-1)
        cell = (kind * (steps + 1) + first)[~diagonal(rows, count, u.device)]
        tally += torch.bincount(cell, minlength=len(tally))
    tally = tally.reshape(2, classes, steps + 1).double()
    return tally[..., :-1].cumsum(-1), tally.sum(-1)


def _over_range(values):
    """The mean over the range by the trapezoidal rule, along the last axis."""
    return torch.trapezoid(values, dim=-1) / (values.shape[-1] - 1)


def _variance(utility):
    return _over_range((utility - utility.mean(0)).square()).mean()


def _of_each(x, labels, measure):
    """A measure of one set of vectors, for every set along the leading axes."""
    x, labels = aligned(x, labels)
    sets = zip(x.reshape(-1, *x.shape[-2:]), labels.reshape(-1, x.shape[-2]), strict=True)
    return torch.stack([measure(one, own) for one, own in sets]).reshape(x.shape[:-2])
