"""Learning on without forgetting: the new and the old model are negatives of one another."""

import torch

from ...contract import above, wrong
from ...contract.precision import in_one_precision
from ...signatures import Field, Inputs
from .info_nce import info_nce

_both_models = Inputs(
    {
        "query": Field("N D"),
        "key": Field("N D"),
        "predicted": Field("N D"),
        "previous": Field("N D"),
        "negatives": Field("K D"),
        "previous_negatives": Field("L D"),
    },
    {"D": 1},
)


@in_one_precision
def symmetric_continual_contrastive_loss(
    query, key, predicted, previous, negatives, previous_negatives, *, temperature=0.2
):
    r"""Sy-CON: learn the new views, keep the old model's space, and tell both from what either model says of others.

    $$ -\log \frac{e^{q \cdot k/\tau}}{e^{q \cdot k/\tau} + \sum_{u \in N \cup N'} e^{q \cdot u/\tau}}
       - \log \frac{e^{p \cdot z'/\tau}}{e^{p \cdot z'/\tau} + \sum_{u \in N \cup N'} e^{p \cdot u/\tau}} $$

    The first term is InfoNCE with the old model's negatives besides, the second distils from the old model with the new
    model's negatives besides. There is nothing to weigh the two by. Take the mean over the two orders of the views.

    Args:
        query: $q$, one view by the model in training, shape (N, D); all lengths do not matter.
        key: $k$, the other view by it, or by its momentum encoder, shape (N, D).
        predicted: $p$, what a predictor makes of the query to match the old model, shape (N, D).
        previous: $z'$, the query's view by the frozen old model, shape (N, D); held fixed.
        negatives: $N$, other items by the model in training, shape (K, D): a queue, as a rule.
        previous_negatives: $N'$, other items by the old model, shape (L, D); held fixed. K + L >= 1.
        temperature: $\tau > 0$.

    Returns:
        A 0-d tensor, the mean over the items.

    Raises:
        ValueError, TypeError: naming the argument that is wrong.

    Paper: Cha, Cho & Moon 2023, *Sy-CON: Symmetric Contrastive Loss for Continual Self-Supervised Representation
    Learning*, later called *Regularizing with Pseudo-Negatives*. The formula is that of the authors' code for MoCo; the
    first version of the paper could not be compared word by word.

    Differs: the code for SimCLR leaves the positive out of the second denominator, and counts the item's own other
    view, by the other model, among the negatives.
    """
    inputs = {"query": query, "key": key, "predicted": predicted, "previous": previous}
    _both_models.check_shapes({**inputs, "negatives": negatives, "previous_negatives": previous_negatives})
    if len(negatives) + len(previous_negatives) == 0:
        raise wrong("negatives", "one row or more here or in `previous_negatives`", "none in either")
    above(0).check("temperature", temperature)
    gallery = torch.cat([negatives, previous_negatives.detach()])
    plasticity = info_nce(query, key, gallery, temperature=temperature)
    stability = info_nce(predicted, previous.detach(), gallery, temperature=temperature)
    return plasticity + stability
