"""Discrete codes that separate the classes: words of symbols instead of vectors."""

from dataclasses import replace

import torch

from ...contract import at_least, loss, operation
from ...contract.safe import xlogy
from ...signatures import codes, takes

_words = takes({"logits": codes.inputs.fields["logits"]}, least=codes.inputs.least, sizes=codes.samples.sizes)


@loss(
    codes,
    paper="discreteinfomax2019",
    items="batch",
    # The picture has words of one symbol, of which none repeats another.
    domains={"redundancy": replace(at_least(0, show=(0.0, 2.0)), slider=False)},
    invariances=("permute_positions",),
    exempt={"items": "Information is a property of the distribution over the whole batch, not of one word."},
)
def discrete_infomax_loss(logits, labels, *, redundancy=1.0):
    r"""Discrete infomax loss: makes each symbol of a code informative of the class, and the symbols independent.

    $$ \ell = -\sum_i I(X_i; Y) + \lambda \sum_{i \ne l} I(X_i; X_l) $$

    The information is that of the batch: $p_i(j)$ is the mean probability of symbol j at position i, $p_i(j \mid c)$
    that over class c, and $p_{il}(j, j')$ the mean of the products at two positions.

    Use: When items should be stored and found as short words of symbols instead of vectors. Not in small batches, from
    which the information of the symbols is estimated with a bias, nor for long codes, since every pair of positions has
    a table of its own; for vectors see `n_pairs_loss`.

    Args:
        logits: scores of the K symbols at each of L positions of W words, shape (W, L, K); a softmax makes them
            probabilities.
        labels: class of each word, shape (W,).
        redundancy: weight $\lambda \ge 0$ of the information that positions share.

    Returns:
        A 0-d tensor in nats, at least $-L \log \min(K, \text{number of classes})$; 0 for an empty batch.

    Paper: *Discrete Infomax Codes for Supervised Representation Learning*, 2019.

    Differs: the abstracts leave open how the positions are kept apart and how strongly; sums over pairs and
    $\lambda = 1$ are what is computed here, not checked against code of the authors.
    """
    shared = _shared(logits)
    between = shared.sum() - shared.diagonal().sum()
    return redundancy * between - _about_labels(logits, labels).sum()


@operation(codes, paper="discreteinfomax2019")
def code_mutual_information(logits, labels):
    r"""How much each symbol of a code tells of the class, in nats, estimated on a batch.

    $$ I(X_i; Y) = H(p_i) - \sum_c \pi_c\, H(p_i(\cdot \mid c)) $$

    Use: To see which positions of a code carry the class, as `discrete_infomax_loss` maximises their sum. Not on small
    batches, whose estimate is too high.

    Args:
        logits: scores of the K symbols at each of L positions of W words, shape (W, L, K).
        labels: class of each word, shape (W,).

    Returns:
        Shape (L,), each in [0, log min(K, number of classes)] up to rounding.

    Paper: *Discrete Infomax Codes for Supervised Representation Learning*, 2019.
    """
    return _about_labels(logits, labels)


@operation(_words, paper="discreteinfomax2019")
def shared_code_information(logits):
    r"""How much each two positions of a code tell of each other, in nats, estimated on a batch.

    $$ I(X_i; X_l) = H(p_i) + H(p_l) - H(p_{il}), \qquad p_{il}(j, j') = \tfrac1W \sum_n p_{n,i}(j)\, p_{n,l}(j') $$

    Given its input the symbols of a word are drawn independently; so for $i = l$ this is the information between two
    draws of one symbol, and the entropy of the symbol only where words are certain.

    Use: To see which positions of a code repeat each other, as `discrete_infomax_loss` penalises. Not for long codes,
    since every pair of positions has a table of its own.

    Args:
        logits: scores of the K symbols at each of L positions of W words, shape (W, L, K).

    Returns:
        Shape (L, L), symmetric, each in [0, log K] up to rounding.
    """
    return _shared(logits)


def _about_labels(logits, labels):
    excess, p = _excess(logits)
    same = (labels.unsqueeze(-1) == labels).to(p)
    of_class = torch.einsum("nm,mij->nij", same / same.sum(-1, keepdim=True), excess)
    return (p * _surplus(of_class)).sum((0, -1)) / max(1, len(labels))


def _shared(logits):
    excess, p = _excess(logits)
    together = torch.einsum("nij,nlk->iljk", excess, excess) / max(1, len(logits))
    return torch.einsum("ij,lk,iljk->il", p, p, _surplus(together))


def _excess(logits):
    r"""$p_{n,i}(j) / p_i(j) - 1$ and $p_i(j)$: (W, L, K) -> (W, L, K), (L, K).

    The information of words is of second order in how they differ. Entropies would lose it; these ratios keep all
    digits.
    """
    if len(logits) == 0:
        return logits, logits.sum(0)
    log_p = logits - _log_mean_exp(logits, -1)  # of p K
    level = _log_mean_exp(log_p, 0)
    return torch.expm1(log_p - level), level.squeeze(0).exp() / logits.shape[-1]


def _log_mean_exp(x, axis):
    top = x.detach().amax(axis, keepdim=True)
    return top + torch.log1p(torch.expm1(x - top).mean(axis, keepdim=True))


def _surplus(x):
    r"""$(1 + x) \log(1 + x) - x$ for $x \ge -1$.

    Near 0, where that cancels, by its series $\sum_m (-1)^m x^m / (m (m - 1))$.
    """
    near = x.abs() < 0.1
    small, ratio = torch.where(near, x, 0.0), torch.where(near, 1.0, 1 + x).clamp(min=0)
    series = torch.zeros_like(x)
    for m in range(17, 1, -1):
        series = 1 / (m * (m - 1)) - small * series
    return torch.where(near, small.square() * series, xlogy(ratio, ratio) - (ratio - 1))
