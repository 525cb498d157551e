"""Several positives for an anchor: weighted, contrasted one by one, or compared in a subspace that a gate selects."""

import torch

from ...contract import above, loss, operation
from ...contract.pairwise import log_sum_exp, mean_over
from ...contract.safe import softplus, unit
from ...signatures import Field, Label, NonNegative, embeddings, pairs, takes
from .fields import PairWeight, check_all

TEMPERATURE = above(0, show=(0.05, 2.0))


@loss(pairs, paper="collossl2022", domains={"temperature": above(0, show=(0.1, 4.0))}, bounds=(0.0, None))
def multi_view_contrastive_loss(positive, negative, *, temperature=2.0, positive_weights=None, negative_weights=None):
    r"""ColloSSL: InfoNCE with several positives, summed inside the logarithm, and with a weight for each pair.

    $$ \ell = -\log \frac{\sum_p a_p e^{s_p/\tau}}{\sum_p a_p e^{s_p/\tau} + \sum_n b_n e^{s_n/\tau}} $$

    The positives are summed inside the logarithm, so one near positive is enough. Multiplying all weights by one number
    changes nothing.

    Use: When one moment is seen by several devices, weighted by how much each counts, and one positive that is near may
    suffice. Not when every positive must come near, since the sum inside the logarithm is dominated by the nearest;
    then `multi_positive_nce`.

    Args:
        positive: similarities to the same moment seen by other devices, shape (N, P).
        negative: similarities to other moments, shape (N, K).
        temperature: $\tau > 0$.
        positive_weights: $a \ge 0$, not all 0, shape (P,); by default all 1.
        negative_weights: $b \ge 0$, not all 0, shape (K,); by default all 1. The paper's fall with the distance of the
            devices' distributions.

    Returns:
        One value per anchor, shape (N,).

    Paper: With one positive and no weights it is InfoNCE.

    Differs: the published code takes a similarity that is minus the cosine; the text, and this, have plus.
    """
    pull = _total("positive_weights", positive_weights, positive / temperature)
    push = _total("negative_weights", negative_weights, negative / temperature)
    return softplus(push - pull)


def _total(name, weights, logits):
    r"""$\log \sum_j w_j e^{x_j}$ along the last axis."""
    if weights is None:
        return logits.logsumexp(-1)
    check_all({name: PairWeight(str(logits.shape[-1]))}, {name: weights})
    counts = weights > 0
    return log_sum_exp(logits + torch.where(counts, weights, 1.0).to(logits).log(), counts.expand_as(logits))


@loss(
    embeddings.cosine,
    paper="positivepairs2024",
    domains={"temperature": TEMPERATURE},
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
)
def multi_positive_nce(s, positive, negative, *, temperature=0.1):
    r"""Multi-positive NCE: each positive against the negatives alone; positives do not compete with one another.

    $$ \ell_i = \frac1{|P_i|} \sum_{j \in P_i}
       -\log \frac{e^{s_{ij}/\tau}}{e^{s_{ij}/\tau} + \sum_{k \in N_i} e^{s_{ik}/\tau}} $$

    Use: When labels or pairings give an anchor several positives, and each should be contrasted with the negatives on
    its own. Not when positives should have weights, or one near positive is enough; then `multi_view_contrastive_loss`.

    Args:
        embeddings: vectors, shape (N, D); their length does not matter.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        temperature: $\tau > 0$.

    Returns:
        One value per anchor, shape (N,); a side without pairs gives 0.

    Paper: Positives may be of any class that an anchor is to be near to, as in `gated_contrastive_loss`.

    Differs: the code of the authors takes the mean over all positive pairs of a batch. For the same, let
    `sample_weight` be the number of positives of each anchor.
    """
    logits = s / temperature
    return mean_over(_negative_log_shares(logits, negative), positive)


def _negative_log_shares(logits, negative):
    r"""$-\log$ of the share of each entry among itself and the negatives of its row: (N, K) -> (N, K)."""
    return softplus(log_sum_exp(logits, negative).unsqueeze(-1) - logits)


@operation(
    takes(
        {
            "embeddings": Field("N D"),
            "labels": Label("N"),
            "partner_labels": Label("N"),
            "gate": NonNegative("N D"),
        },
        least={"D": 1},
        sizes={"N": 6},
        edges={
            "no positives": lambda s: {**s, "partner_labels": s["labels"] + 7},
            "no negatives": lambda s: {**s, "labels": 0 * s["labels"], "partner_labels": 0 * s["labels"]},
            "a closed gate": lambda s: {**s, "gate": s["gate"].index_fill(0, torch.tensor(0), 0.0)},
            "a zero vector": lambda s: {**s, "embeddings": s["embeddings"].index_fill(0, torch.tensor(1), 0.0)},
            "gates of size 1e200": lambda s: {**s, "gate": 1e200 * s["gate"]},
        },
    ),
    paper="positivepairs2024",
    domains={"temperature": TEMPERATURE},
)
def gated_contrastive_loss(embeddings, labels, partner_labels, gate, *, temperature=0.1):
    r"""SimLAP: items of any two classes are pulled together, in a subspace that a gate opens for the two.

    $$ \frac1{\sum_i |P_i|} \sum_i \sum_{j \in P_i}
       -\log \frac{e^{s_{ij}/\tau}}{e^{s_{ij}/\tau} + \sum_{k \in N_i} e^{s_{ik}/\tau}},
       \qquad s_{ij} = \cos(g_i \odot z_i,\ g_i \odot z_j) $$

    $P_i$ are the items of the partner class, $N_i$ those of neither class. In the paper the gate is the sigmoid of a
    small network, applied to the mean of two learned vectors, one for each class.

    Use: When items of two different classes should share some properties, and a learned gate may choose which. Not for
    plain classification, where nothing says what two classes have in common; then `multi_positive_nce`.

    Args:
        embeddings: $z$, shape (N, D); their length does not matter.
        labels: class of each, shape (N,).
        partner_labels: the class that each anchor is to be near to, shape (N,): a permutation of the labels, say.
        gate: $g$, numbers >= 0, shape (N, D), one row per anchor; a row's length does not matter.
        temperature: $\tau > 0$.

    Returns:
        A 0-d tensor, the mean over all pairs of an anchor and a positive; 0 where there is none.

    Paper: Wu et al. 2024, *Rethinking Positive Pairs in Contrastive Learning*. An anchor whose partner class is its
    own is a positive of its own, as in the code of the authors.
    """
    s = _gated_cosines(embeddings, gate)
    positive = partner_labels.unsqueeze(-1) == labels
    negative = ~positive & (labels.unsqueeze(-1) != labels)
    each = torch.where(positive, _negative_log_shares(s / temperature, negative), 0.0)
    return each.sum() / positive.sum().clamp(min=1)


def _gated_cosines(z, gate):
    """Cosine of g_i z_i and g_i z_j, (N, D), (N, D) -> (N, N), from products of matrices alone; 0 for a zero vector."""
    z = unit(z)
    largest = gate.detach().amax(-1, keepdim=True)
    square = (gate / torch.where(largest > 0, largest, 1.0)).square()
    squared_length = square @ z.square().mT
    product = squared_length.diagonal().unsqueeze(-1) * squared_length
    some = product != 0
    return torch.where(some, (square * z) @ z.mT / torch.where(some, product, 1.0).sqrt(), 0.0)
