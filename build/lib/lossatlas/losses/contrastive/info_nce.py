"""The softmax over one positive and many negatives."""

import torch

from ...contract import above, loss
from ...contract.pairwise import log_sum_exp
from ...contract.safe import softplus
from ...signatures import queries, views


def negative_log_share(s, positive, negative):
    r"""$-\log$ of the positives' share of the softmax: scores and two masks, (N, K) each -> (N,); 0 without any."""
    found = softplus(log_sum_exp(s, negative) - log_sum_exp(s, positive))
    return torch.where(positive.any(-1), found, 0.0)


@loss(
    queries.cosine,
    softplus=True,
    paper="contrastivebehaviour2020",
    aliases=("moco_info_nce",),
    domains={"temperature": above(0, show=(0.05, 2.0))},
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
)
def info_nce(s, positive, negative, *, temperature=0.07):
    r"""InfoNCE: cross-entropy of picking the right key among all keys by similarity.

    $$ \ell_i = -\log \frac{e^{s_{i}/\tau}}{e^{s_{i}/\tau} + \sum_{j \in N_i} e^{s_{ij}/\tau}} $$

    Use: When each query has one right key among many: in a memory bank, a queue or the batch. Not with few negatives,
    where the positive soon wins and the gradient fades; then `decoupled_contrastive_loss` or `macl_loss`. Values for
    galleries of different sizes cannot be compared.

    Args:
        query: vectors, shape (N, D); their length does not matter.
        key: the key of each query, shape (N, D).
        gallery: negatives, shape (M, D): a bank, or by default the keys of the others.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$.

    Returns:
        One value per query, shape (N,).
    """
    return negative_log_share(s / temperature, positive, negative)


@loss(
    views.cosine,
    softplus=True,
    paper="contrastivebehaviour2020",
    domains={"temperature": above(0, show=(0.05, 2.0))},
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
)
def nt_xent(s, positive, negative, *, temperature=0.5):
    r"""NT-Xent, the loss of SimCLR: InfoNCE for both views, against both views of all others.

    $$ \ell_n = \tfrac12 \sum_{i \in \{a_n, b_n\}}
       -\log \frac{e^{s_i/\tau}}{e^{s_i/\tau} + \sum_{j \in N_i} e^{s_{ij}/\tau}} $$

    Use: When two augmented views of each item are at hand and the batch is large enough to supply the negatives. Not
    when many items of a batch are of one class, since they are pushed apart; then `debiased_contrastive_loss`, or with
    labels `multi_positive_nce`.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$.

    Returns:
        One value per item, the mean of its two views', shape (N,).
    """
    return negative_log_share(s / temperature, positive, negative)


@loss(
    views.across,
    paper="radford2021learning",
    domains={"temperature": above(0, show=(0.05, 2.0))},
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
)
def clip_loss(across, positive, negative, *, temperature=0.07):
    r"""CLIP's loss: the mean of InfoNCE from images to captions and of InfoNCE from captions to images.

    $$ \ell_n = \tfrac12\Big[-\log \frac{e^{s_{nn}/\tau}}{\sum_m e^{s_{nm}/\tau}}
       - \log \frac{e^{s_{nn}/\tau}}{\sum_m e^{s_{mn}/\tau}}\Big],
       \qquad s_{nm} = \cos(a_n, b_m) $$

    Use: When the two sides of an item come from different encoders, such as image and caption, and items of one side
    need not be compared. Not when a batch spread over machines makes the sum over a row costly; then `siglip_loss`,
    which treats every pair alone.

    Args:
        view_a, view_b: the two sides of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: sides of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$.

    Returns:
        One value per item, the mean of its two directions', shape (N,).

    Paper: The temperature is learned as the exponential of a parameter; it starts at 0.07 and is kept at 0.01 or more.

    Differs: `nt_xent` also has the views of the same side among the negatives.
    """
    return negative_log_share(across / temperature, positive, negative)
