"""Every loss of pairs as a weighting of pairs: how hard each is pulled together or pushed apart."""

from torch.func import grad

from ...contract import on, operation
from ...signatures import pairs, takes
from .fields import LOSS


@operation(
    takes({"loss": LOSS, **pairs.inputs.fields}, least=pairs.inputs.least, sizes=pairs.samples.sizes),
    paper="multisimilarity2019",
    differentiable=False,
)
def general_pair_weights(loss, positive, negative, **hyper):
    r"""How hard a loss pulls on each positive pair and pushes on each negative pair.

    $$ w^+_{ik} = -\frac{\partial \ell_i}{\partial s_{ik}}, \qquad w^-_{ij} = \frac{\partial \ell_i}{\partial s_{ij}} $$

    Losses with the same weights have the same gradient, whatever their values.

    Use: To compare what losses of pairs do, which their values do not show. Not in training, where the gradient of the
    loss itself is all that is needed.

    Args:
        loss: a registered loss, by function, entry or name, that is written on similarities or on distances; the
            latter are then those of vectors of unit length.
        positive: cosine similarities to positives, shape (N, P).
        negative: cosine similarities to negatives, shape (N, K).
        hyper: hyper-parameters of the loss, by name.

    Returns:
        ($w^+$, $w^-$), shapes (N, P) and (N, K); a negative weight means that the pair is moved the other way.

    Paper: Wang et al., "Multi-similarity loss with general pair weighting for deep metric learning", 2019.
    """
    formula = on(pairs, loss)

    def total(positive, negative):
        return formula(positive, negative, reduction="sum", **hyper)

    pull, push = grad(total, argnums=(0, 1))(positive, negative)
    return -pull, push
