"""A sigmoid per pair in place of a softmax over all."""

from ...contract import above, loss, real
from ...contract.pairwise import sum_over
from ...contract.safe import softplus
from ...signatures import views


@loss(
    views.across,
    paper="zhai2023sigmoid",
    domains={"temperature": above(0, show=(0.05, 2.0)), "bias": real(show=(-20.0, 5.0))},
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
)
def siglip_loss(across, positive, negative, *, temperature=0.1, bias=-10.0):
    r"""SigLIP's loss: the logistic loss on every pair of an image and a caption, which belong together or do not.

    $$ \frac1N \sum_n \ell_n = \frac1N \sum_{n, m} \log\big(1 + e^{-y_{nm} (s_{nm}/\tau + b)}\big), \qquad
       y_{nn} = 1,\ y_{nm} = -1 $$

    Use: When batches of pairs, such as image and caption, are large or spread over machines: every pair is a yes-or-no
    question and needs no sum over a row. Not with a `bias` near 0 at the start, since the many wrong pairs then
    outweigh the right ones; to rank candidates see `clip_loss`.

    Args:
        view_a, view_b: the two sides of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: sides of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$.
        bias: $b$, which compensates for the many pairs that do not belong together.

    Returns:
        One value per item, shape (N,): its own pair, and half of each of its other pairs, whose other half is
        the partner's. So each pair of a batch counts once.

    Paper: Temperature and bias are learned from 0.1 and -10 on. It multiplies by $t = 1/\tau = e^{t'}$ and learns $t'$.
    """
    score = across / temperature + bias
    return sum_over(softplus(-score), positive) + sum_over(softplus(score), negative)
