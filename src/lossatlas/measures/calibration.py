"""Whether events of a stated probability happen that often."""

import torch

from ..contract import operation, whole
from ..signatures import Simplex, takes
from .fields import TARGET, aligned


@operation(
    takes({"probabilities": Simplex("... N C"), "target": TARGET}, least={"N": 1, "C": 1}), domains={"bins": whole(1)}
)
def calibration_error(probabilities, target, *, bins=15):
    r"""Expected calibration error of the most probable class, with bins of equal width.

    Items are sorted into bins by their confidence, the highest probability. In a bin the mean confidence is
    compared with the share of correct answers; bins count by their number of items:

    $$ \mathrm{ECE} = \sum_b \frac{n_b}{N} \, \bigl| \mathrm{acc}_b - \mathrm{conf}_b \bigr| $$

    Args:
        probabilities: (..., N, C), non-negative, each row sums to 1.
        target: class indices (N,) or (..., N).
        bins: number of bins on [0, 1], at least 1. With few items per bin the estimate is too high.

    Returns:
        (...), in [0, 1]; 0 is perfect.

    Paper: Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
    """
    probabilities, target = aligned(probabilities, target)
    confidence, chosen = probabilities.max(-1)
    gap = (chosen == target).to(confidence.dtype) - confidence
    # Bins are open on the left: a confidence of exactly 1 belongs to the last one.
    bin_of_item = (confidence * bins).ceil().long().sub(1).clamp(0, bins - 1)
    gaps = torch.zeros(*gap.shape[:-1], bins, dtype=gap.dtype, device=gap.device)
    return gaps.scatter_add(-1, bin_of_item, gap).abs().sum(-1) / gap.shape[-1]
