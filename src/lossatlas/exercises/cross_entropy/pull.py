"""Exercise 3: choose the member of the comp-sum family that treats a lost example as you want, and recognise one.

Autograd measures how hard the member that an answer names pulls.
"""

import math

import torch

from ...losses.cross_entropy import comp_sum_loss
from ..answers import Function, Number, Parts
from ..exercise import Exercise, Wrong, need

READING = 0.02  # how far a curve may pass from the points: about 0.05 in τ


def numbers(draw):
    """The derivative in the true logit, measured at a few probabilities, of a member whose τ is not given."""
    tau = draw.integer(26, 48) / 20
    p = [0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98]
    return {"p": p, "derivative": [round(-derivative(tau, q), 2) + 0.0 for q in p]}


def derivative(tau, p):
    """Size of the derivative in the true logit of the comp-sum loss of an example with p_y = p."""
    logits = torch.tensor([[math.log(p), math.log1p(-p)]], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(comp_sum_loss(logits, torch.tensor([0]), tau=tau), logits)
    return gradient[0, 0].abs().item()


def share(tau, p):
    """How hard the member pulls, compared with cross-entropy on the same example."""
    return derivative(tau, p) / derivative(1.0, p)


def cases(draw):
    """Probabilities and shares of two digits, as messages can show them."""
    return [(float(f"{10 ** draw.uniform(-4, -0.5):.2g}"), float(f"{draw.uniform(0.02, 0.8):.2g}")) for _ in range(6)]


def named(tau, call):
    """The member's parameter as a number that the family has."""
    tau = Number(call).read(tau) + 0.0  # never shown as -0
    need(
        tau >= 0, f"`{call}` is {tau:.4g}. The family begins at 0. Is a sign flipped, or a logarithm the wrong way up?"
    )
    return tau


def shared(answer, p, at_most):
    """The call and its value; an error where the value belongs to the call with the arguments swapped."""
    call = f"tau_for_share({p}, {at_most})"
    try:
        tau = Number(call).read(answer.tau_for_share(p, at_most))
    except Exception:
        need(not _grants(answer, at_most, p, at_most), _swapped(call))
        raise
    if at_most < 1 and abs(_granted(tau, p) - at_most) > 1e-6:
        need(not _grants(answer, at_most, p, at_most), _swapped(call))
    return call, named(tau, call)


def _grants(answer, first, second, at_most):
    """Whether the call `(first, second)` gives the member that grants this share at the probability `second`."""
    try:
        return abs(_granted(float(answer.tau_for_share(first, second)), second) - at_most) < 1e-6
    except Exception:
        return False


def _granted(tau, p):
    return share(tau, p) if 0 <= tau < 50 else math.inf


def _swapped(call):
    return f"`{call}` is answered as if its two arguments were swapped. The probability comes first, the share second."


def all_of_it(answer, draw):
    """A share of 1 is cross-entropy itself."""
    call, tau = shared(answer, cases(draw)[0][0], 1.0)
    need(
        abs(tau - 1) < 1e-6,
        f"`{call}` is {tau:.4g}. Pulling exactly as hard as cross-entropy is what cross-entropy does. Which τ is it?",
    )


def not_more(answer, draw):
    """The member you name pulls at most as hard as required."""
    for p, at_most in cases(draw):
        call, tau = shared(answer, p, at_most)
        found = share(tau, p)
        if found > at_most * (1 + 1e-6):
            words = (
                f"`{call}` is {tau:.4g}. Measured at p = {p:g}, that member pulls {found:.3g} times as hard as"
                f" cross-entropy: more than {at_most:g}."
            )
            need(
                found <= 1,
                f"{words} It is even more than cross-entropy. On which side of 1 must τ lie? Is a sign flipped?",
            )
            raise Wrong(words + _factor(answer, draw))


def not_less(answer, draw):
    """No smaller τ would do."""
    for p, at_most in cases(draw):
        call, tau = shared(answer, p, at_most)
        found = share(tau, p)
        if found < at_most * (1 - 1e-6):
            raise Wrong(
                f"`{call}` is {tau:.4g}. Measured at p = {p:g}, that member pulls {found:.3g} times as hard as"
                f" cross-entropy: less than the {at_most:g} that is allowed. A smaller τ would do, and would be kinder"
                f" to the examples that are only hard.{_factor(answer, draw)}"
            )


def _factor(answer, draw):
    """Whether all exponents of the share are off by one factor, so that the pull is a power of the required one."""
    granted = [(share(shared(answer, p, at_most)[1], p), at_most) for p, at_most in cases(draw)]
    powers = [math.log(max(found, 1e-300)) / math.log(at_most) for found, at_most in granted]
    if max(powers) - min(powers) > 1e-6:
        return ""
    return f" For every p that was tried, τ − 1 is off by the same factor, {powers[0]:.4g}."


def peak(answer, draw):
    """`tau_for_peak` names the member whose derivative is largest at p."""
    for _ in range(6):
        p = float(f"{draw.uniform(0.05, 0.9):.2g}")
        if p == 0.5:
            continue  # p and 1 - p would look alike
        call = f"tau_for_peak({p})"
        tau = named(answer.tau_for_peak(p), call)
        rate = _rate(tau, p)
        seen = f"`{call}` is {tau:.4g}. Measured along p, the derivative of that member"
        if abs(rate) >= 1e-3:
            need(
                abs(_rate(tau, 1 - p)) >= 1e-3,
                f"{seen} is steepest at {1 - p:.2g}, that is at 1 − p. Which of the two does the pull fall to 0 with?",
            )
        need(rate < 1e-3, f"{seen} still rises at p = {p:g}: it is steepest further right.")
        need(rate > -1e-3, f"{seen} already falls at p = {p:g}: it is steepest further left.")


def _rate(tau, p):
    """How fast the derivative grows along p, relative to its size; at the top it is level."""
    return (derivative(tau, p + 1e-4) - derivative(tau, p - 1e-4)) / 2e-4 / derivative(tau, p)


def read_off(answer, draw):
    """The member `tau_read_off` goes through the points of your figure."""
    tau = named(answer.tau_read_off, "tau_read_off")
    gap, p, point = _miss(tau, draw.numbers)
    if abs(gap) < READING:
        return
    words = (
        f"the derivative of the member τ = {tau:.4g} misses your points, most at p = {p:g}: there it is"
        f" {point + gap:.2f}, and the point is at {point:g}."
    )
    if abs(_miss(tau + 1, draw.numbers)[0]) < READING:
        raise Wrong(f"{words} The exponent of p in the pull is τ − 1. Did you read off the exponent?")
    if tau >= 1 and abs(_miss(tau - 1, draw.numbers)[0]) < READING:
        raise Wrong(
            f"{words} The derivative is the pull times what is missing to certainty. Is the factor 1 − p forgotten?"
        )
    raise Wrong(
        f"{words} The figure in the chapter has a slider for τ: which way does the dashed curve move with it? The"
        " height of the point at p = 0.5 alone fixes τ."
    )


def _miss(tau, points):
    """Where the member passes furthest from the points: the signed distance, p, and the point's height."""
    gaps = [
        (-derivative(tau, p) - height, p, height) for p, height in zip(points["p"], points["derivative"], strict=True)
    ]
    return max(gaps, key=lambda gap: abs(gap[0]))


PULL = Exercise(
    key="cross_entropy/3",
    title="How hard should a lost example pull?",
    minutes=20,
    form=Parts(
        tau_for_share=Function("tau_for_share(p, share)"),
        tau_for_peak=Function("tau_for_peak(p)"),
        tau_read_off=Number("tau_read_off"),
    ),
    given=numbers,
    properties=(all_of_it, not_more, not_less, peak, read_off),
)
