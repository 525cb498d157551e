"""Losses that weigh pairs by a softmax: hard pairs have most of the weight, easy ones little."""

import torch

from ...contract import above, inside, loss, real
from ...contract.pairwise import log_sum_exp
from ...contract.safe import softplus
from ...signatures import embeddings


@loss(
    embeddings.cosine,
    paper="multisimilarity2019",
    domains={
        "alpha": above(0, show=(0.5, 10.0)),
        "beta": above(0, show=(1.0, 80.0), main=True),
        "base": real(show=(0.0, 1.0)),
    },
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
)
def multi_similarity_loss(s, positive, negative, *, alpha=2.0, beta=50.0, base=1.0):
    r"""Multi-similarity loss: a soft hinge on the hardest positives, and another on the hardest negatives.

    $$ \ell_i = \frac1\alpha \log\Big[1 + \sum_{k \in P_i} e^{-\alpha (s_{ik} - \lambda)}\Big]
       + \frac1\beta \log\Big[1 + \sum_{j \in N_i} e^{\beta (s_{ij} - \lambda)}\Big] $$

    Use: When retrieval is fine-grained, labels are clean and a batch has several items per class. Not with wrong
    labels, since `beta` gives the hardest pairs most weight and a mislabelled item makes hard pairs; then
    `batch_all_triplet_loss` or `contrastive_loss`.

    Args:
        embeddings: vectors, shape (N, D); their length does not matter.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        alpha: sharpness among the positives, $\alpha > 0$.
        beta: sharpness among the negatives, $\beta > 0$.
        base: the similarity $\lambda$ that both sides are measured from.

    Returns:
        One value per anchor, shape (N,); a side without pairs gives 0.

    Paper: The defaults are the paper's.

    Differs: the official code has beta = 40 and base = 0.5, and mines pairs first
    (`multi_similarity_mining`); it drops positives of similarity 1.
    """
    pull = softplus(log_sum_exp(-alpha * (s - base), positive)) / alpha
    push = softplus(log_sum_exp(beta * (s - base), negative)) / beta
    return pull + push


@loss(
    embeddings.cosine,
    softplus=True,
    paper="circleloss2020",
    domains={"margin": inside(0, 1, show=(0.05, 0.6)), "gamma": above(0, show=(1.0, 256.0), main=True)},
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
    exempt={
        "gradient": "The weights of the pairs are held fixed in the gradient, as the paper defines it.",
        "double_backward": "The weights of the pairs are held fixed in the gradient, so it is not a derivative of the "
        "value.",
    },
)
def circle_loss(s, positive, negative, *, margin=0.25, gamma=256.0):
    r"""Circle loss: moves each similarity to its goal with a weight that grows with its distance from it.

    $$ \ell_i = \log\Big[1 + \sum_{j \in N_i} e^{\gamma \alpha_n^j (s_n^j - m)}
       \sum_{k \in P_i} e^{-\gamma \alpha_p^k (s_p^k - 1 + m)}\Big],
       \qquad \alpha_p = [1 + m - s_p]_+,\ \alpha_n = [s_n + m]_+ \text{ held fixed} $$

    Use: When pairs should be moved the more, the farther their similarity is from its goal, instead of all at one pace.
    Not with the default `gamma` and noisy labels, since scales of some hundreds leave nearly all weight to the hardest
    pairs; lower it, or take `n_pairs_loss`.

    Args:
        embeddings: vectors, shape (N, D); their length does not matter.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        margin: $m \in (0, 1)$; goals are $1 + m$ and $-m$, the boundary a circle of radius $\sqrt2\, m$.
        gamma: scale, $\gamma > 0$.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive or without a negative.

    Paper: The defaults are those for faces. For re-identification it takes gamma = 128, for fine-grained retrieval
    margin = 0.4 and gamma = 80.

    Differs: much used code takes all pairs of a batch together: `on(pairs, circle_loss)` with one row.
    """
    weight = torch.where(positive, 1 + margin - s, s + margin).clamp(min=0).detach()
    easy = log_sum_exp(-gamma * weight * (s - 1 + margin), positive)
    hard = log_sum_exp(gamma * weight * (s - margin), negative)
    return softplus(hard + easy)
