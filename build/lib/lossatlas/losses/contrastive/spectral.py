"""A contrastive loss whose minimum is known: a factorisation of the matrix of pairs."""

from ...contract import loss
from ...contract.pairwise import mean_over
from ...signatures import views
from ...signatures.compared import others


@loss(views, paper="haochen2021provable", invariances=("rotate",))
def spectral_contrastive_loss(view_a, view_b, gallery_a, gallery_b, own, gallery_mask):
    r"""Spectral contrastive loss: raises the inner products of views of one item and lowers the squares of all others.

    $$ \ell_n = -2\, a_n \cdot b_n + \tfrac12 \Big[ \operatorname*{mean}_{m \ne n} (a_n \cdot b_m)^2
       + \operatorname*{mean}_{m \ne n} (b_n \cdot a_m)^2 \Big] $$

    Use: When theory should carry over to training: its minimum is a known factorisation of the matrix of pairs. Not
    when cosine similarities are used afterwards, since lengths are part of the solution, and not when the nearest
    negatives should count most by a temperature; then `nt_xent`.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length matters.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.

    Returns:
        One value per item, shape (N,). It may be negative. Without others the squares give 0.

    Paper: Over a whole population it is, up to a constant, the squared error of the Gram matrix of the vectors
    as a factorisation of the normalised matrix of pairs: its minimum spans that matrix's leading eigenvectors.

    Differs: the official code first shortens vectors that are longer than a radius to it.
    """
    compared = others(own, gallery_mask)
    apart = mean_over((view_a @ gallery_b.mT).square(), compared) + mean_over(
        (view_b @ gallery_a.mT).square(), compared
    )
    return apart / 2 - 2 * (view_a * view_b).sum(-1)
