"""Learning on without forgetting: the new and the old model are negatives of one another."""

import torch

from ...contract import above, operation
from ...signatures import Field, takes
from .fields import OneOrMore
from .info_nce import info_nce


@operation(
    takes(
        {
            "query": Field("N D"),
            "key": Field("N D"),
            "predicted": Field("N D"),
            "previous": Field("N D"),
            "negatives": OneOrMore("K D", beside="L"),
            "previous_negatives": Field("L D"),
        },
        least={"D": 1},
        edges={
            "no items": lambda s: {**s, **{name: s[name][:0] for name in ("query", "key", "predicted", "previous")}},
            "no new negatives": lambda s: {**s, "negatives": s["negatives"][:0]},
            "no old negatives": lambda s: {**s, "previous_negatives": s["previous_negatives"][:0]},
        },
    ),
    paper="sycon2023",
    domains={"temperature": above(0, show=(0.05, 2.0))},
    exempt={"gradient": "What the old model says is held fixed, as it is not trained."},
)
def symmetric_continual_contrastive_loss(
    query, key, predicted, previous, negatives, previous_negatives, *, temperature=0.2
):
    r"""Sy-CON: learn the new views, keep the old model's space, and tell both from what either model says of others.

    $$ -\log \frac{e^{q \cdot k/\tau}}{e^{q \cdot k/\tau} + \sum_{u \in N \cup N'} e^{q \cdot u/\tau}}
       - \log \frac{e^{p \cdot z'/\tau}}{e^{p \cdot z'/\tau} + \sum_{u \in N \cup N'} e^{p \cdot u/\tau}} $$

    The first term is InfoNCE with the old model's negatives besides, the second distils from the old model with the new
    model's negatives besides. There is nothing to weigh the two by. Take the mean over the two orders of the views.

    Use: When training goes on with new data and the old data are gone, but a frozen copy of the old model is kept. Not
    when old data can be kept and mixed in, which needs no second model; then `info_nce`.

    Args:
        query: $q$, one view by the model in training, shape (N, D); all lengths do not matter.
        key: $k$, the other view by it, or by its momentum encoder, shape (N, D).
        predicted: $p$, what a predictor makes of the query to match the old model, shape (N, D).
        previous: $z'$, the query's view by the frozen old model, shape (N, D); held fixed.
        negatives: $N$, other items by the model in training, shape (K, D): a queue, as a rule.
        previous_negatives: $N'$, other items by the old model, shape (L, D); held fixed. K + L >= 1.
        temperature: $\tau > 0$.

    Returns:
        A 0-d tensor, the mean over the items; 0 for no items.

    Paper: Cha, Cho & Moon 2023, *Sy-CON: Symmetric Contrastive Loss for Continual Self-Supervised Representation
    Learning*, later called *Regularizing with Pseudo-Negatives*. The formula is that of the authors' code for MoCo; the
    first version of the paper could not be compared word by word.

    Differs: the code for SimCLR leaves the positive out of the second denominator, and counts the item's own other
    view, by the other model, among the negatives.
    """
    gallery = torch.cat([negatives, previous_negatives.detach()])
    plasticity = info_nce(query, key, gallery, temperature=temperature)
    stability = info_nce(predicted, previous.detach(), gallery, temperature=temperature)
    return plasticity + stability
