"""Similarities themselves, without a softmax: positives are raised, negatives lowered beyond a margin or not at all."""

from ...contract import at_least, between, loss
from ...contract.pairwise import cosine, mean_over, sum_over
from ...signatures import pairs, two_views


@loss(
    pairs.cosine,
    paper="simplex2021",
    domains={"margin": between(-1, 1, show=(0.0, 0.9)), "negative_weight": at_least(0, show=(1.0, 300.0))},
    bounds=(0.0, None),
    optimum=0.0,
)
def cosine_contrastive_loss(s, positive, negative, *, margin=0.0, negative_weight=None):
    r"""Cosine contrastive loss of SimpleX: draws the positive to cosine 1, and pushes negatives only beyond a margin.

    $$ \ell_i = (1 - s_i) + \frac{w}{|N_i|} \sum_{j \in N_i} [\, s_{ij} - m \,]_+ $$

    Use: When each anchor has one positive and hundreds of mostly easy negatives, as in recommendation. Not when
    `margin` and `negative_weight` cannot be tuned to the data: they decide which negatives count and against how much,
    where `info_nce` weighs them by itself.

    Args:
        positive: cosine similarities to positives, shape (N, P); their mean counts.
        negative: cosine similarities to negatives, shape (N, K).
        margin: $m \in [-1, 1]$.
        negative_weight: $w \ge 0$; None for the plain sum over the negatives, $w = |N_i|$.

    Returns:
        One value per anchor, shape (N,).

    Paper: It takes $m$ between 0.4 and 0.9 and $w$ between 1 and 300 for 100 to 2000 negatives. The defaults are those
    of the official code.
    """
    beyond = (s - margin).clamp(min=0)
    push = sum_over(beyond, negative) if negative_weight is None else negative_weight * mean_over(beyond, negative)
    return mean_over(1 - s, positive) + push


@loss(two_views, paper="grill2020bootstrap", invariances=("rotate", "scale", "swap"), bounds=(0.0, 4.0), optimum=0.0)
def byol_loss(view_a, view_b):
    r"""BYOL's loss: the squared distance between a prediction and its target on the unit sphere.

    $$ \ell_n = 2 - 2 \cos(a_n, b_n) $$

    Use: When a predictor and a slowly moving target network are in place and no negatives are wanted. Not with both
    sides trained by gradient, since nothing pushes items apart and one constant vector is a perfect solution; then
    `cross_correlation_loss` or `nt_xent`.

    Args:
        view_a: predictions of the online network, shape (N, D); their length does not matter.
        view_b: targets, shape (N, D). Detach them: the target network is a moving average that is not trained.

    Returns:
        One value per item, shape (N,): 0 for parallel vectors, 2 at right angles, 4 for opposite ones.

    Paper: The loss of a batch is this one twice, the views exchanged, and added. "Self-Labeling Refinement"
    (arXiv 2204.04545) adds other samples of the batch that look alike as positives, by cosine or by a sigmoid of
    the inner product; its losses are missing from its published code, and are not given here.
    """
    return 2 - 2 * cosine(view_a, view_b)
