"""Signal and noise: the variance of the difference of two vectors, relative to the variance of the anchor's entries."""

import torch

from ...contract import at_least, loss, operation
from ...contract.pairwise import distances, mean_over
from ...contract.safe import safe_norm
from ...signatures import Field, embeddings, points, takes
from .triplet import mean_over_triplets


def _centred(x):
    """The entries of each row less their mean; exactly 0 where all are equal."""
    from_first = x - x[..., :1]
    return from_first - from_first.mean(-1, keepdim=True)


def _noise_to_signal(x, y):
    signal, other = _centred(x), _centred(y)
    strength = safe_norm(signal, keepdim=True)
    silent = strength == 0
    ratio = distances(signal, other) / torch.where(silent, 1.0, strength)
    return torch.where(silent, 0.0, ratio.square())


@operation(takes({"x": Field("N D"), "y": Field("M D")}, least={"D": 1}), paper="signaltonoise2019")
def snr_distance(x, y):
    r"""Distance by signal-to-noise ratio: the variance of the difference over that of the anchor, entries as samples.

    $$ d(x, y) = \frac{\operatorname{Var}_k(y_k - x_k)}{\operatorname{Var}_k(x_k)} $$

    It is not symmetric. The same constant added to all entries of a vector changes nothing, nor does a factor on both.

    Use: When vectors are compared relative to how much the anchor varies, as by `snr_contrastive_loss`. Not where a
    distance must be symmetric, as in clustering.

    Args:
        x: anchors, shape (N, D).
        y: what they are compared with, shape (M, D).

    Returns:
        Shape (N, M). An anchor whose entries are all equal has no signal to measure by: its distances are set to 0,
        with gradient 0.

    Raises:
        TypeError, ValueError: if these are not two floating-point tensors of shapes (N, D) and (M, D), D at least 1.

    Paper: Yuan et al. 2019, *Signal-to-Noise Ratio: A Robust Distance Metric for Deep Metric Learning*.

    Differs: `SNRDistance` of pytorch-metric-learning first divides each vector by its length, unless that is off, and
    gives infinity or NaN for an anchor without signal.
    """
    return _noise_to_signal(x, y)


@loss(
    embeddings.vectors,
    paper="signaltonoise2019",
    domains={
        "positive_margin": at_least(0, show=(0.0, 1.0)),
        "negative_margin": at_least(0, show=(0.1, 4.0), main=True),
    },
    bounds=(0.0, None),
)
def snr_contrastive_loss(x, y, positive, negative, *, positive_margin=0.01, negative_margin=0.2):
    r"""Contrastive loss by signal-to-noise ratio: positives should differ from the anchor by little noise, negatives by
    much.

    $$ \ell_i = \frac1{|P_i|} \sum_{k \in P_i} [d_{ik} - m_p]_+ + \frac1{|N_i|} \sum_{j \in N_i} [m_n - d_{ij}]_+,
       \qquad d_{ij} = \frac{\operatorname{Var}(y_j - x_i)}{\operatorname{Var}(x_i)} $$

    Use: When vectors are not normalised and distances should be measured by the variance of the anchor. Not when
    retrieval needs a symmetric distance or uses cosine similarity, since the two ends of a pair disagree here; then
    `contrastive_loss`.

    Args:
        embeddings: anchors $x$, shape (N, D), not normalised; see `snr_distance`.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with, $y$; by default one another.
        positive_margin: distance $m_p \ge 0$ below which a positive is left alone.
        negative_margin: distance $m_n \ge 0$ beyond which a negative is left alone.

    Returns:
        One value per anchor, shape (N,); a side without pairs gives 0. So does an anchor whose entries are all equal,
        except for its negatives, which count as noiseless.

    Paper: It adds a multiple of `zero_mean_regularizer`. It could not be verified that the default margins are the
    paper's.

    Differs: pytorch-metric-learning has margins 0 and 1, normalises the vectors by default, and averages over the
    non-zero terms of all anchors together.
    """
    d = _noise_to_signal(x, y)
    pull = (d - positive_margin).clamp(min=0)
    push = (negative_margin - d).clamp(min=0)
    return mean_over(pull, positive) + mean_over(push, negative)


@loss(
    embeddings.vectors,
    paper="signaltonoise2019",
    domains={"margin": at_least(0, show=(0.0, 1.0))},
    bounds=(0.0, None),
)
def snr_triplet_loss(x, y, positive, negative, *, margin=0.2):
    r"""Triplet loss by signal-to-noise ratio: the negative should differ by more noise than the positive, by a margin.

    $$ \ell_i = \frac1{|P_i|\,|N_i|} \sum_{p \in P_i} \sum_{n \in N_i} [d_{ip} - d_{in} + m]_+,
       \qquad d_{ij} = \frac{\operatorname{Var}(y_j - x_i)}{\operatorname{Var}(x_i)} $$

    Use: When triplets should be ordered by noise relative to the anchor, whatever the common scale of the vectors. Not
    when search ranks by Euclidean distance, since the order by noise may be another; then `batch_all_triplet_loss`.

    Args:
        embeddings: anchors $x$, shape (N, D), not normalised; see `snr_distance`.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with, $y$; by default one another.
        margin: $m \ge 0$, a ratio of variances.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive or without a negative.

    Paper: It could not be verified that the default margin is the paper's.
    """
    return mean_over_triplets(_noise_to_signal(x, y), positive, negative, margin)


@loss(points, paper="signaltonoise2019", bounds=(0.0, None))
def zero_mean_regularizer(points):
    r"""Zero-mean regulariser: the entries of a vector should sum to 0, so that their variance is their mean square.

    $$ \ell_i = \Big|\sum_k x_{ik}\Big| $$

    Use: When vectors are trained by `snr_contrastive_loss` or `snr_triplet_loss`, so that variances are mean squares.
    Not alone, since it knows no labels and a vector of zeros satisfies it, nor beside a loss of cosines or Euclidean
    distances, which only loses a direction by it.

    Args:
        points: vectors $x$, shape (N, D).

    Returns:
        One value per vector, shape (N,).

    Paper: It is added with a small factor to the losses by signal-to-noise ratio.
    """
    return points.sum(-1).abs()
