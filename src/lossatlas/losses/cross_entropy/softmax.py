r"""Cross-entropy and its nearest relatives.

A logit of $-\infty$ rules a class out: it has probability 0 and takes no share in means over classes.
"""

import torch

from ...contract import SpecialCase, between, loss
from ...contract.fused import fused
from ...contract.log_odds import log_odds, negative_log_likelihood
from ...contract.safe import expm1_over
from ...signatures import logits


def signs(target, logits):
    """1 for the true class, -1 for the others, in the dtype of the logits: (N,), (N, C) -> (N, C)."""
    return torch.full_like(logits, -1.0).scatter(-1, target.unsqueeze(-1), 1.0)


def _log_normalizer_forward(logits):
    highest = logits.amax(-1, keepdim=True)
    powers = (logits - highest).exp_()
    total = powers.sum(-1, keepdim=True)
    return (total.log() + highest).squeeze(-1), powers, total


def _log_normalizer_backward(gradient, powers, total):
    return (powers * (gradient.unsqueeze(-1) / total),)


@fused(_log_normalizer_forward, _log_normalizer_backward)
def log_normalizer(logits):
    r"""$\log \sum_k e^{f_k}$, counted from the highest logit, so that the gradient of large logits keeps its digits.

    Its gradient is the vector of softmax probabilities.
    """
    highest = logits.detach().amax(-1, keepdim=True)
    return (logits - highest).logsumexp(-1) + highest.squeeze(-1)


def possible_classes(logits):
    """How many classes are not ruled out by a logit of -inf: (N, C) -> (N,)."""
    return (~logits.isneginf()).to(logits.dtype).sum(-1).clamp(min=1)


def _lead_over_mean_forward(logits, target):
    true, out = target.unsqueeze(-1), logits.isneginf()
    finite, shares = logits.masked_fill(out, 0), (~out).to(logits.dtype)
    shares /= shares.sum(-1, keepdim=True).clamp_(min=1)
    return finite.gather(-1, true).squeeze(-1) - torch.linalg.vecdot(finite, shares), shares, true


def _lead_over_mean_backward(gradient, shares, true):
    gradient = gradient.unsqueeze(-1)
    return (shares * -gradient).scatter_add_(-1, true, gradient * shares.gather(-1, true).sign()), None


@fused(_lead_over_mean_forward, _lead_over_mean_backward)
def lead_over_mean(logits, target):
    """The true logit minus the mean of the logits that are not -inf: (N, C), (N,) -> (N,).

    Its gradient is 1 in the true logit, less the share 1 / (number of classes that are not ruled out) in each of them.
    """
    finite = torch.where(logits.isneginf(), 0.0, logits)
    return finite.gather(-1, target.unsqueeze(-1)).squeeze(-1) - finite.sum(-1) / possible_classes(logits)


def smooths(label_smoothing):
    """Whether there is smoothing to do; without it, the mean over the classes need not be taken."""
    return isinstance(label_smoothing, torch.Tensor) or label_smoothing != 0


def smoothed_cross_entropy(logits, target, label_smoothing):
    r"""$-\sum_k t_k \log p_k$ with $t = (1 - \alpha)\,\mathrm{onehot}(y) + \alpha / C$: (N, C), (N,) -> (N,).

    As $\log p_y - \log p_k = f_y - f_k$, smoothing adds $\alpha$ times the lead of the true logit over the mean.
    """
    if not smooths(label_smoothing):
        return negative_log_likelihood(logits, target)
    return negative_log_likelihood(logits, target) + label_smoothing * lead_over_mean(logits, target)


@loss(
    logits,
    paper="good1952rational",
    aliases=("nll", "log_loss"),
    domains={"label_smoothing": between(0, 1, show=(0.0, 0.5))},
    invariances=("shift",),
    bounds=(0.0, None),
    optimum=lambda label_smoothing: 0.0 if label_smoothing == 0 else None,
)
def cross_entropy(logits, target, *, label_smoothing=0.0):
    r"""Cross-entropy: the negative log-likelihood of the true class under the softmax probabilities, in nats.

    $$ \ell = -\sum_k t_k \log p_k, \qquad t = (1 - \alpha)\,\mathrm{onehot}(y) + \frac{\alpha}{C}, \qquad
       p = \mathrm{softmax}(f) $$

    Without smoothing this is $-\log p_y$.

    Use: When labels are clean and calibrated probabilities matter; it is the natural first choice. Not when a share of
    the labels is wrong, since an example keeps its full gradient however hopeless its label looks; then
    `generalized_cross_entropy` or `ldr_kl_loss`.

    Args:
        logits: scores $f$ before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,), in [0, C).
        label_smoothing: $\alpha$ in [0, 1], the share of the target spread evenly over the classes.

    Returns:
        One value per item, shape (N,), in nats. With smoothing the smallest value is the entropy of $t$.

    Paper: Good 1952 for the logarithmic score; Szegedy et al. 2016 for label smoothing.

    Differs: `torch.nn.functional.cross_entropy` spreads the smoothing over ruled-out classes too and returns
    infinity there; here they take no share. On finite logits both agree.
    """
    return smoothed_cross_entropy(logits, target, label_smoothing)


@loss(
    logits,
    paper="zhang2018generalized",
    aliases=("gce",),
    domains={"q": between(0, 1, show=(0.0, 1.0))},
    special_cases=[
        SpecialCase("cross_entropy", when={"q": 0.0}),
        SpecialCase("mean_absolute_error", when={"q": 1.0}, scale=0.5),
        SpecialCase("comp_sum_loss", when={"q": 0.3}, then={"tau": 1.3}),
    ],
    invariances=("shift",),
    bounds=lambda q: (0.0, 1 / q if q > 0 else None),
    optimum=0.0,
)
def generalized_cross_entropy(logits, target, *, q=0.7):
    r"""Generalized cross-entropy: a bounded form of cross-entropy, so that no single wrong label can outweigh the rest.

    $$ \ell_q = \frac{1 - p_y^q}{q}, \qquad \ell_0 = -\log p_y $$

    Its gradient is that of cross-entropy times $p_y^q$: examples that look mislabelled get less weight.

    Use: When some of the labels are wrong: the factor $p_y^q$ takes weight from examples that contradict their label.
    Not at the start of training with many classes and `q` near 1, when every example looks like that and the gradient
    is tiny; begin with `cross_entropy`.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).
        q: in [0, 1]; 0 is cross-entropy, 1 is half the mean absolute error.

    Returns:
        One value per item, shape (N,), in [0, 1/q].

    Paper: Zhang & Sabuncu 2018. The truncated variant, which drops items with small $p_y$, is a `mask` here.
    """
    return expm1_over(-q, negative_log_likelihood(logits, target))


@loss(
    logits,
    paper="ghosh2017robust",
    aliases=("mae",),
    special_cases=SpecialCase("comp_sum_loss", then={"tau": 2.0}, scale=2.0),
    invariances=("shift",),
    bounds=(0.0, 2.0),
    optimum=0.0,
)
def mean_absolute_error(logits, target):
    r"""Mean absolute error: the sum of absolute differences between the softmax and the true distribution.

    $$ \ell = \| p - \mathrm{onehot}(y) \|_1 = 2 (1 - p_y) $$

    Summed over all possible labels it is constant, which makes it robust to uniform label noise and slow to learn.

    Use: When labels are wrong uniformly at random and the classes are few: value and gradient are bounded. Not with
    many classes, where a fresh network gives every example a weight of only $2 p_y$; `generalized_cross_entropy` lies
    between this loss and `cross_entropy`.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).

    Returns:
        One value per item, shape (N,), in [0, 2].

    Paper: Ghosh, Kumar & Sastry 2017. The sum over classes is not divided by C.
    """
    return 2 * torch.sigmoid(-log_odds(logits, target))


@loss(logits, paper="chowdhery2022palm", bounds=(0.0, None))
def logit_z_loss(logits, target):
    r"""Logit z-loss: a penalty that keeps the normaliser of the softmax near 1, so that the logits do not drift.

    $$ \ell = \Bigl( \log \sum_k e^{f_k} \Bigr)^2 $$

    A regulariser, added to cross-entropy with a small weight; it does not look at the label.

    Use: When the logits of a long run, above all in low precision, may drift by a common number, which `cross_entropy`
    does not see. Not alone, since it ignores the label, and not beside a loss that fixes the level of the logits
    itself, such as `squentropy_loss`.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,); not used, and here only so that all losses on logits are called
            alike.

    Returns:
        One value per item, shape (N,).

    Paper: Chowdhery et al. 2022, with weight 1e-4, which is left to the caller here. Another loss of this name is the
    shift- and scale-invariant `spherical_z_loss`.
    """
    return log_normalizer(logits).square()


def _square_error_forward(logits, target):
    true = target.unsqueeze(-1)
    others = logits.softmax(-1)
    p = others.gather(-1, true)
    miss = others.scatter_(-1, true, 0).sum(-1, keepdim=True)
    squares = torch.linalg.vecdot(others, others).unsqueeze(-1)
    value = miss.square() + squares
    return value.squeeze(-1), others, squares - miss * p, p * value, true


def _square_error_backward(gradient, others, mean, true_gradient, true):
    gradient = 2 * gradient.unsqueeze(-1)
    return torch.addcmul(others * (-gradient * mean), others, others * gradient).scatter_(
        -1, true, -gradient * true_gradient
    ), None


@fused(_square_error_forward, _square_error_backward)
def square_error(logits, target):
    r"""$\| p - \mathrm{onehot}(y) \|^2$ of the softmax, where $1 - p_y$ keeps its digits: (N, C), (N,) -> (N,).

    Its derivative in $f_k$ is $2 p_k (d_k - \sum_j p_j d_j)$ with $d = p - \mathrm{onehot}(y)$.
    """
    others = logits.softmax(-1).scatter(-1, target.unsqueeze(-1), 0.0)
    miss = others.sum(-1)
    return miss.square() + others.square().sum(-1)


@loss(
    logits,
    paper="softmaxregression2023",
    aliases=("half_brier_loss",),
    invariances=("shift",),
    bounds=(0.0, 1.0),
    optimum=0.0,
)
def softmax_regression_loss(logits, target):
    r"""Softmax regression: half the squared distance between softmax probabilities and the true class.

    $$ \ell = \tfrac12 \| \mathrm{softmax}(f) - \mathrm{onehot}(y) \|_2^2 $$

    Not convex in the logits: where the softmax is certain and wrong, the gradient vanishes and learning stalls.

    Use: When the squared error of the probabilities, the Brier score, is what counts, and no single example may have a
    large influence. Not from a start that is certain and wrong, where its gradient vanishes; there `cross_entropy`
    keeps its full gradient.

    Args:
        logits: scores $f = A x$ before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).

    Returns:
        One value per item, shape (N,), in [0, 1]. It is half the Brier score.

    Paper: Li et al. 2023, *The Closeness of In-Context Learning and Weight Shifting for Softmax Regression*.

    Differs: the paper takes any vector $b$ in place of the one-hot vector and states the norm itself; its half
    square has the same minimisers.
    """
    return 0.5 * square_error(logits, target)
