"""How the recorded files on mixtures of pairs are computed here (see golden_cross_entropy)."""

import torch
from tests.references.adapting import partly

import lossatlas as la


@partly(la.metrix_contrastive_loss)
def metrix_contrastive(params, embeddings, labels):
    def at(weight):
        return la.metrix_contrastive_loss(
            embeddings, labels, lam=params["lam"], margin=params["neg_margin"], weight=weight
        )

    # A mixture for each pair of positives and each negative: as many as there are triplets.
    count = torch.tensor(len(la.losses.pair_metric_learning.all_triplets(embeddings, labels)[0]))
    return {"mixed": at(1.0) - at(0.0), "clean": at(0.0), "total": at(params["weight"]), "num_mixed_pairs": count}


ADAPTERS = {"metrix_contrastive_loss": metrix_contrastive}
