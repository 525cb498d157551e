"""Exercise 3: choose the member of the comp-sum family that treats a lost example as you want.

An answer is tried out: autograd measures how hard the member it names pulls.
"""

import math

import torch

from ...losses.cross_entropy import comp_sum_loss
from ..answers import Function, Number, Parts
from ..exercise import Exercise, Wrong, need


def slope(tau, p):
    """Size of the derivative in the true logit of the comp-sum loss of an example with p_y = p."""
    logits = torch.tensor([[math.log(p), math.log1p(-p)]], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(comp_sum_loss(logits, torch.tensor([0]), tau=tau), logits)
    return gradient[0, 0].abs().item()


def share(tau, p):
    """How hard the member pulls, compared with cross-entropy on the same example."""
    return slope(tau, p) / slope(1.0, p)


def cases(draw):
    return [(10 ** draw.uniform(-4, -0.5), draw.uniform(0.02, 0.8)) for _ in range(6)]


def named(tau, call):
    """The member's parameter as a number that the family has."""
    tau = Number(call).read(tau) + 0.0  # never shown as -0
    need(tau >= 0, f"`{call}` is {tau:.4g}. The family begins at 0. Is a sign flipped, or a logarithm the wrong way up?")
    return tau


def shared(answer, p, at_most):
    p, at_most = float(f"{p:.2g}"), float(f"{at_most:.2g}")
    call = f"tau_for_share({p}, {at_most})"
    return p, at_most, call, named(answer.tau_for_share(p, at_most), call)


def all_of_it(answer, draw):
    """A share of 1 is cross-entropy itself."""
    _, _, call, tau = shared(answer, 10 ** draw.uniform(-4, -0.5), 1.0)
    need(abs(tau - 1) < 1e-6, f"`{call}` is {tau:.4g}. Pulling exactly as hard as cross-entropy is what cross-entropy does. Which τ is it?")


def not_more(answer, draw):
    """The member you name pulls at most as hard as asked."""
    for p, at_most in cases(draw):
        p, at_most, call, tau = shared(answer, p, at_most)
        found = share(tau, p)
        if found > at_most * (1 + 1e-6):
            raise Wrong(
                f"`{call}` is {tau:.4g}. Measured at p = {p:g}, that member pulls {found:.3g} times as hard as cross-entropy: more than {at_most:g}."
            )


def not_less(answer, draw):
    """No smaller τ would do."""
    for p, at_most in cases(draw):
        p, at_most, call, tau = shared(answer, p, at_most)
        found = share(tau, p)
        if found < at_most * (1 - 1e-6):
            raise Wrong(
                f"`{call}` is {tau:.4g}. Measured at p = {p:g}, that member pulls {found:.3g} times as hard as cross-entropy: less than the {at_most:g} "
                "that is allowed. A smaller τ would do, and would be kinder to the examples that are only hard."
            )


def peak(answer, draw):
    """`tau_for_peak` names the member whose slope is largest at p."""
    for _ in range(6):
        p = float(f"{draw.uniform(0.05, 0.9):.2g}")
        call = f"tau_for_peak({p})"
        tau = named(answer.tau_for_peak(p), call)
        here, below, above = (slope(tau, q) for q in (p, p - 1e-4, p + 1e-4))
        rate = (above - below) / 2e-4  # at the top the slope is level
        seen = f"`{call}` is {tau:.4g}. Measured along p, the slope of that member"
        need(rate < 1e-3 * here, f"{seen} still rises at p = {p:g}: it is steepest further right.")
        need(rate > -1e-3 * here, f"{seen} already falls at p = {p:g}: it is steepest further left.")


PULL = Exercise(
    key="cross_entropy/3",
    title="How hard should a lost example pull?",
    minutes=15,
    form=Parts(tau_for_share=Function("tau_for_share(p, share)"), tau_for_peak=Function("tau_for_peak(p)")),
    properties=(all_of_it, not_more, not_less, peak),
)
