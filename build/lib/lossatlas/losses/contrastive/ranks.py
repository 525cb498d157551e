"""Triplets with a smooth hinge: the positive should be nearer than the negative."""

from ...contract import above, loss, real
from ...contract.safe import softplus
from ...signatures import triplets


@loss(
    triplets,
    paper="dualdeep2020",
    domains={"temperature": above(0, show=(0.1, 3.0)), "margin": real(show=(-1.0, 2.0))},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
)
def soft_triplet_loss(anchor, positive, negative, *, temperature=1.0, margin=0.0):
    r"""Soft triplet loss: a smooth hinge on how much farther the positive is than the negative.

    $$ \ell = \tau \log\big(1 + e^{(r_+ - r_- + r_0)/\tau}\big), \qquad
       r_+ = \tfrac12 \|x - x_+\|^2,\ r_- = \tfrac12 \|x - x_-\|^2 $$

    Use: When triplets of an anchor, a positive and a negative are given and the hinge should be smooth. Not when each
    anchor has many negatives, which `info_nce` compares in one softmax, nor for vectors of uncontrolled length, which
    sets the scale of the squared distances.

    Args:
        anchor, positive, negative: $x$, $x_+$ and $x_-$, shape (N, D) each; their length matters.
        temperature: $\tau > 0$; towards 0 the loss becomes the hinge $\max(r_+ - r_- + r_0, 0)$.
        margin: $r_0$.

    Returns:
        One value per triplet, shape (N,).

    Paper: For unit vectors $r = 1 - \cos$, and with $r_0 = 0$ the loss is $\tau$ times InfoNCE with one negative.
    """
    apart = ((anchor - positive).square() - (anchor - negative).square()).sum(-1) / 2
    return temperature * softplus((apart + margin) / temperature)
