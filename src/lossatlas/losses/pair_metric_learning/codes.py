"""Discrete codes that tell the classes apart: words of symbols instead of vectors."""

import torch

from ...contract import at_least, loss
from ...contract.safe import xlogy
from ...signatures import Signature, codes

_words = Signature("words", {"logits": codes.fields["logits"]}, "N", {}, codes.least)


@loss(
    codes,
    paper="discreteinfomax2019",
    items="batch",
    domains={"redundancy": at_least(0, show=(0.0, 2.0))},
    invariances=("permute_positions",),
    exempt={"items": "Information is a property of the distribution over the whole batch, not of one word."},
)
def discrete_infomax_loss(logits, labels, *, redundancy=1.0):
    r"""Discrete infomax loss: every symbol tells of the class, and no two symbols of a word tell the same.

    $$ \ell = -\sum_i I(X_i; Y) + \lambda \sum_{i \ne l} I(X_i; X_l) $$

    The information is that of the batch: $p_i(j)$ is the mean probability of symbol j at position i, $p_i(j \mid c)$
    that over class c, and $p_{il}(j, j')$ the mean of the products at two positions.

    Args:
        logits: scores of the K symbols at each of L positions, shape (N, L, K); a softmax makes them probabilities.
        labels: class of each word, shape (N,).
        redundancy: weight $\lambda \ge 0$ of the information that positions share.

    Returns:
        A 0-d tensor in nats, at least $-L \log \min(K, \text{number of classes})$; 0 for an empty batch.

    Paper: *Discrete Infomax Codes for Supervised Representation Learning*, 2019.

    Differs: the abstracts leave open how the positions are kept apart and how strongly; sums over pairs and
    $\lambda = 1$ are what is computed here, not checked against code of the authors.
    """
    p = logits.softmax(-1)
    shared = _shared(p)
    between = shared.sum() - shared.diagonal().sum()
    return redundancy * between - _about_labels(p, labels).sum()


def code_mutual_information(logits, labels):
    r"""How much each symbol of a code tells of the class, in nats, estimated on a batch.

    $$ I(X_i; Y) = H(p_i) - \sum_c \pi_c\, H(p_i(\cdot \mid c)) $$

    Args:
        logits: scores of the K symbols at each of L positions, shape (N, L, K).
        labels: class of each word, shape (N,).

    Returns:
        Shape (L,), each in [0, log min(K, number of classes)] up to rounding.

    Paper: *Discrete Infomax Codes for Supervised Representation Learning*, 2019.
    """
    inputs = _checked(logits, labels)
    return _about_labels(inputs["logits"].softmax(-1), inputs["labels"])


def shared_code_information(logits):
    r"""How much each two positions of a code tell of each other, in nats, estimated on a batch.

    $$ I(X_i; X_l) = H(p_i) + H(p_l) - H(p_{il}), \qquad p_{il}(j, j') = \tfrac1N \sum_n p_{n,i}(j)\, p_{n,l}(j') $$

    Given its input the symbols of a word are drawn independently; so for $i = l$ this is the information between two
    draws of one symbol, and the entropy of the symbol only where words are certain.

    Args:
        logits: scores of the K symbols at each of L positions, shape (N, L, K).

    Returns:
        Shape (L, L), symmetric, each in [0, log K] up to rounding.
    """
    _words.check_shapes({"logits": logits})
    return _shared(_words.prepared({"logits": logits})[0]["logits"].softmax(-1))


def _checked(logits, labels):
    inputs = {"logits": logits, "labels": labels}
    codes.check_values(inputs, codes.check_shapes(inputs))
    return codes.prepared(inputs)[0]


def _entropy(p, axes=(-1,)):
    return -xlogy(p, p).sum(axes)


def _mean(p):
    return p.sum(0) / max(1, len(p))


def _about_labels(p, labels):
    same = (labels.unsqueeze(-1) == labels).to(p)
    of_class = torch.einsum("nm,mij->nij", same / same.sum(-1, keepdim=True), p)
    return _entropy(_mean(p)) - _mean(_entropy(of_class))


def _shared(p):
    joint = torch.einsum("nij,nlk->iljk", p, p) / max(1, len(p))
    single = _entropy(_mean(p))
    return single.unsqueeze(-1) + single - _entropy(joint, (-2, -1))
