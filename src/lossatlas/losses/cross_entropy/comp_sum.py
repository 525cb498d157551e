"""The comp-sum family: functions of the probability of the true class, of which cross-entropy is one."""

import torch

from ...contract import SpecialCase, above, at_least, loss, operation, whole
from ...contract.domains import GENERATOR
from ...contract.log_odds import negative_log_likelihood
from ...contract.safe import expm1_over, safe_norm
from ...signatures import ClassIndex, Field, Given, Label, logits, perturbed, takes
from .fields import ModelInput

OVERFLOW = {"extremes": "For tau < 1 the loss grows like a power of 1/p, and p = exp(-1e4) is too small for any float."}


@loss(
    logits,
    paper="crossentropyfunctions2023",
    domains={"tau": at_least(0, show=(0.0, 2.5))},
    special_cases=[
        SpecialCase("cross_entropy", when={"tau": 1.0}),
        SpecialCase("generalized_cross_entropy", when={"tau": 1.7}, then={"q": 0.7}),
        SpecialCase("mean_absolute_error", when={"tau": 2.0}, scale=0.5),
    ],
    invariances=("shift",),
    bounds=lambda tau: (0.0, 1 / (tau - 1) if tau > 1 else None),
    optimum=0.0,
    exempt=OVERFLOW,
)
def comp_sum_loss(logits, target, *, tau=1.0):
    r"""The comp-sum family: a generalisation of cross-entropy in which one number sets the weight of hopeless examples.

    $$ \ell_\tau = \frac{p_y^{\tau - 1} - 1}{1 - \tau}, \qquad \ell_1 = -\log p_y $$

    Its gradient is that of cross-entropy times $p_y^{\tau - 1}$.

    Use: When one number, tuned on clean validation data, should set how much hopeless examples weigh; `tau` above 1
    suits noisy labels. Not below 1 when labels may be wrong, since the gradient is then unbounded, and not near 2 with
    many classes, where a fresh network has next to no gradient.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).
        tau: $\tau \ge 0$. 0 is the sum-exponential loss $1/p_y - 1$, 1 cross-entropy, between 1 and 2 generalized
            cross-entropy with $q = \tau - 1$, 2 half the mean absolute error.

    Returns:
        One value per item, shape (N,), in [0, 1/(tau - 1)] for tau > 1, else unbounded. For tau < 1 it grows like a
        power of $1/p_y$ and overflows where a wrong logit leads by hundreds.

    Paper: Mao, Mohri & Zhong 2023, *Cross-Entropy Loss Functions*.
    """
    return expm1_over(1 - tau, negative_log_likelihood(logits, target))


def _ruled_out_somewhere(inputs):
    """A class that is ruled out before the perturbation, one after it, and one at both times; none is the target."""
    before, after = (inputs[name].clone() for name in ("logits", "perturbed_logits"))
    before[:, 1], after[:, 2] = -torch.inf, -torch.inf
    before[:, 3], after[:, 3] = -torch.inf, -torch.inf
    return {"logits": before, "perturbed_logits": after, "target": torch.zeros_like(inputs["target"])}


@operation(
    takes(
        {"logits": Field("N C"), "perturbed_logits": Field("N C"), "target": ClassIndex("N")},
        sizes={"N": 4, "C": 5},
        edges={"ruled out": _ruled_out_somewhere},
    ),
    paper="crossentropyfunctions2023",
)
def margin_shift(logits, perturbed_logits, target):
    r"""Margin shift: how far a perturbation moves the margins of the true class over the others.

    $$ \| \Delta(x') - \Delta(x) \|_2, \qquad \Delta_k = f_y - f_k $$

    Use: To measure what a perturbation does to a prediction, or as a penalty on it, as in
    `smooth_adversarial_comp_sum_loss`. Not to judge whether the prediction changes: a shift that widens every margin
    counts as well.

    Args:
        logits: scores $f(x)$, shape (N, C).
        perturbed_logits: scores $f(x')$ at the perturbed input, shape (N, C).
        target: index of the true class, shape (N,).

    Returns:
        One value per item, shape (N,), in logit units. A class that is ruled out by -inf in either has no margin and
        does not count.

    Paper: Mao, Mohri & Zhong 2023, *Cross-Entropy Loss Functions*, section on adversarial comp-sum losses.
    """
    return _norm_of_the_shift(logits, perturbed_logits, target)


def _norm_of_the_shift(logits, perturbed_logits, target):
    out = logits.isneginf() | perturbed_logits.isneginf()
    moved = torch.where(out, 0.0, perturbed_logits) - torch.where(out, 0.0, logits)
    lead = moved.gather(-1, target.unsqueeze(-1)) - moved
    return safe_norm(torch.where(out, 0.0, lead))


@loss(
    perturbed,
    paper="crossentropyfunctions2023",
    domains={
        "tau": at_least(0, show=(0.0, 2.0)),
        "rho": above(0, show=(0.25, 4.0)),
        "nu": at_least(0, show=(0.0, 2.0)),
    },
    special_cases=SpecialCase(
        "comp_sum_loss",
        when={"nu": 0.0, "rho": 1.0, "tau": 1.5},
        then={"tau": 1.5},
        via=lambda inputs: {"logits": inputs["logits"], "target": inputs["target"]},
    ),
    invariances=("shift",),
    bounds=lambda tau, rho, nu: (0.0, 1 / (tau - 1) if tau > 1 and nu == 0 else None),
    optimum=0.0,
    exempt=OVERFLOW,
)
def smooth_adversarial_comp_sum_loss(logits, target, perturbed_logits, *, tau=1.0, rho=1.0, nu=1.0):
    r"""The smooth adversarial comp-sum loss: a comp-sum loss plus a penalty on how far an adversary moves the margins.

    $$ \ell = \frac{(1 + S)^{1 - \tau} - 1}{1 - \tau} + \nu \, \| \Delta(x') - \Delta(x) \|_2, \qquad
       S = \sum_{k \ne y} e^{(f_k - f_y)/\rho}, \quad \Delta_k = f_y - f_k $$

    Use: When predictions should not change under small perturbations of the input, and every training step can pay for
    the search of one, as in `worst_perturbation`. Not when no attack is feared: then `comp_sum_loss` needs a single
    pass and leaves the margins free to move.

    Args:
        logits: scores $f(x)$, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).
        perturbed_logits: scores $f(x')$ at the worst perturbed input, shape (N, C); `worst_perturbation` finds one.
        tau: $\tau \ge 0$, the member of the comp-sum family.
        rho: $\rho > 0$, temperature of the logits, in logit units.
        nu: $\nu \ge 0$, weight of the adversarial term, per logit unit.

    Returns:
        One value per item, shape (N,). Without perturbation it is the comp-sum loss of the logits over rho.

    Paper: Mao, Mohri & Zhong 2023, *Cross-Entropy Loss Functions*, section on adversarial comp-sum losses.

    Differs: the maximum over $x'$ is left to the caller. Where $\rho$ stands and how $\nu$ is scaled could not be
    compared with code of the authors: the form is the published one as far as it is known here.
    """
    clean = expm1_over(1 - tau, negative_log_likelihood(logits / rho, target))
    return clean + nu * _norm_of_the_shift(logits, perturbed_logits, target)


def _some_model(sizes, generator, dtype):
    """Logits of three classes, from inputs with two entries."""
    return lambda x: torch.stack([x[:, 0], x[:, 1].tanh(), x.square().sum(-1)], -1)


@operation(
    takes(
        {
            "model": Given(what="a function from inputs to logits", example=_some_model),
            "x": ModelInput("N ..."),
            "target": Label("N"),
        }
    ),
    paper="crossentropyfunctions2023",
    domains={"gamma": at_least(0), "steps": whole(1), "generator": GENERATOR},
    differentiable=False,
    example={"gamma": 0.3},
    exempt={
        "loop": "It starts at random.",
        "half": "The model computes in the dtype of the inputs, and the start is drawn in it.",
        "vmap": "It starts at random, and climbs by torch.autograd.",
    },
)
def worst_perturbation(model, x, target, *, gamma, steps=10, generator=None):
    r"""Inputs near x that move the margins of a model far: projected gradient ascent on $\|\Delta(x') - \Delta(x)\|_2$.

    $$ x' \leftarrow \Pi \bigl( x' + \tfrac{2.5\,\gamma}{m} \operatorname{sign} \nabla_{x'} \|\Delta(x') - \Delta(x)\|_2
       \bigr), \ \text{repeated } m \text{ times}, \qquad \Pi \text{ onto } \|x' - x\|_\infty \le \gamma $$

    Use: For the perturbed inputs of `smooth_adversarial_comp_sum_loss`, once in every training step. Not as a test of
    robustness: it moves margins and does not look for a wrong prediction, and a few steps may miss the worst one.

    Args:
        model: function from inputs (N, ...) to logits (N, C).
        x: inputs, shape (N, ...), floating point, in the dtype that the model takes.
        target: index of the true class, shape (N,).
        gamma: radius of the ball $\|x' - x\|_\infty \le \gamma$, in units of x, >= 0.
        steps: $m \ge 1$, the number of steps.
        generator: `torch.Generator` of the random start in the ball; None uses the global one.

    Returns:
        The perturbed inputs, shaped like x, detached: a local maximum, if the steps suffice. The start is random,
        because at x itself the distance is 0 and has no direction of ascent.

    Paper: Mao, Mohri & Zhong 2023, *Cross-Entropy Loss Functions*, leaves the search open. The steps are those of
    projected gradient descent on other objectives.
    """
    x = x.detach()
    logits = model(x).detach()
    noise = torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    moved = gamma * (2 * noise - 1)
    for _ in range(steps):
        moved.requires_grad_()
        with torch.enable_grad():
            shift = margin_shift(logits, model(x + moved), target).sum()
        (uphill,) = torch.autograd.grad(shift, moved)
        moved = (moved.detach() + 2.5 * gamma / steps * uphill.sign()).clamp(-gamma, gamma)
    return x + moved
