"""Proxies: each class has a learned vector that stands for its members."""

import torch

from ...contract import above, loss, real
from ...contract.pairwise import cosines, log_sum_exp
from ...contract.safe import softplus
from ...signatures import prototypes


def of_the_class(target, classes):
    """Which class each item belongs to, as a mask: (N,) -> (N, C)."""
    return target.unsqueeze(-1) == torch.arange(classes, device=target.device)


@loss(
    prototypes,
    paper="movshovitz2017no",
    domains={"temperature": above(0, show=(0.1, 2.0))},
    invariances=("rotate", "scale_features", "scale_both"),
    bounds=lambda temperature: (-4 / temperature, None),
)
def proxy_nca_loss(features, prototypes, target, *, temperature=1.0):
    r"""Proxy-NCA: draws an item to the proxy of its class and away from the proxies of all other classes.

    $$ \ell = -\log \frac{e^{-\|x - p_y\|^2 / \tau}}{\sum_{k \ne y} e^{-\|x - p_k\|^2 / \tau}}
       = \log \sum_{k \ne y} e^{2 (\cos(x, p_k) - \cos(x, p_y)) / \tau}, \qquad \|x\| = \|p_k\| = 1 $$

    The true proxy is not in the sum, so it may be negative.

    Use: When classes are many and have few items each, so that a batch hardly holds two of a kind: items meet only
    proxies. Not when classes come and go, since each needs a learned vector, nor when items of a batch should be
    weighed against one another; then `n_pairs_loss` or `proxy_anchor_loss`.

    Args:
        features: $x$, shape (N, D); normalised here. A zero vector is at right angles to all.
        prototypes: the proxies $p$, one per class, shape (C, D); normalised here.
        target: index of the true class, shape (N,).
        temperature: $\tau > 0$; the paper has 1.

    Returns:
        One value per item, shape (N,).

    Differs: pytorch-metric-learning keeps the true proxy in the sum, as in a softmax; its `softmax_scale` is $1/\tau$.
    """
    true = of_the_class(target, len(prototypes))
    s = 2 * cosines(features, prototypes) / temperature
    return log_sum_exp(s, ~true) - torch.where(true, s, 0.0).sum(-1)


@loss(
    prototypes,
    paper="kim2020proxy",
    items="batch",
    domains={"margin": real(show=(0.0, 0.5)), "alpha": above(0, show=(1.0, 64.0))},
    invariances=("rotate", "scale_features", "scale_both"),
    bounds=(0.0, None),
    exempt={"items": "Each proxy looks at all items of the batch together."},
)
def proxy_anchor_loss(features, prototypes, target, *, margin=0.1, alpha=32.0):
    r"""Proxy-Anchor: every proxy pulls its own items and pushes the others, the hardest of each most.

    $$ \ell = \frac1{|\mathcal P^+|} \sum_{p \in \mathcal P^+}
       \log\Big[1 + \sum_{x \in X_p} e^{-\alpha (s(x, p) - m)}\Big]
       + \frac1{|\mathcal P|} \sum_{p \in \mathcal P} \log\Big[1 + \sum_{x \notin X_p} e^{\alpha (s(x, p) + m)}\Big] $$

    $s$ is the cosine similarity, $X_p$ the items of the proxy's class, and $\mathcal P^+$ the proxies that have any.

    Use: When classes may have learned vectors, and the hardest items of a batch should count most for each. Not with
    wrong labels at a large `alpha`, since they are the hardest items, nor when every item needs a value of its own;
    then `proxy_nca_loss`.

    Args:
        features: $x$, shape (N, D); their length does not matter.
        prototypes: the proxies $p$, one per class, shape (C, D); their length does not matter.
        target: index of the true class, shape (N,).
        margin: $m$, in units of cosine.
        alpha: sharpness, $\alpha > 0$.

    Returns:
        One value for the batch.
    """
    belongs = of_the_class(target, len(prototypes)).mT
    s = cosines(prototypes, features)
    pull = softplus(log_sum_exp(-alpha * (s - margin), belongs))
    push = softplus(log_sum_exp(alpha * (s + margin), ~belongs))
    return pull.sum() / belongs.any(-1).sum().clamp(min=1) + push.mean()
