"""A regularizer that asks the similarities of all classes to keep the same two margins."""

from ...contract import at_least, loss, real
from ...contract.pairwise import sum_over
from ...signatures import embeddings


@loss(
    embeddings.cosine,
    paper="thresholdconsistent2023",
    items="batch",
    domains={
        "positive_margin": real(show=(0.5, 1.0)),
        "negative_margin": real(show=(0.0, 0.8), main=True),
        "positive_weight": at_least(0, show=(0.0, 2.0)),
        "negative_weight": at_least(0, show=(0.0, 2.0)),
    },
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
    exempt={"items": "The mean is over the violating pairs of the whole batch, not over those of an anchor."},
)
def threshold_consistent_margin_loss(
    s, positive, negative, *, positive_margin=0.9, negative_margin=0.5, positive_weight=1.0, negative_weight=1.0
):
    r"""Threshold-consistent margin: the mean violation of one margin for all positives and of one for all negatives.

    $$ L = \lambda^+ \frac{\sum_{s \in P,\, s \le m^+} (m^+ - s)}{\#\{s \in P : s \le m^+\}}
         + \lambda^- \frac{\sum_{s \in N,\, s \ge m^-} (s - m^-)}{\#\{s \in N : s \ge m^-\}} $$

    over all positive pairs P and all negative pairs N of the batch. The means are over violating pairs only: the value
    does not shrink because few are left.

    Use: When one threshold of similarity must serve all classes, as in verification: beside another loss, such as
    `multi_similarity_loss`. Not alone, since pairs that keep their margin have no gradient, nor when only the ranking
    of each query matters.

    Args:
        embeddings: vectors, shape (N, D); their length does not matter.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        positive_margin: $m^+$, the similarity that positives should exceed.
        negative_margin: $m^-$, the similarity that negatives should stay below.
        positive_weight, negative_weight: $\lambda^+, \lambda^- \ge 0$.

    Returns:
        One value for the batch; a side without violating pairs gives 0.

    Paper: It is added to another loss, which it makes usable with one threshold for all classes. The defaults are the
    paper's.
    """
    short, over = positive & (s <= positive_margin), negative & (s >= negative_margin)
    pull = sum_over(positive_margin - s, short).sum() / short.sum().clamp(min=1)
    push = sum_over(s - negative_margin, over).sum() / over.sum().clamp(min=1)
    return positive_weight * pull + negative_weight * push
