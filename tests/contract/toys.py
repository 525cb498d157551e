"""Losses for the tests of the tests: one that is right, and some that are each wrong in one way."""

import torch
from tests.families.cross_entropy.references import log_p, negative_log_likelihood
from tests.references.holding import holding
from tests.references.numbers import exp

from lossatlas.contract import SpecialCase, at_least, loss
from lossatlas.signatures import logits


def _log_p(logits, target):
    return logits.log_softmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1)


def right():
    @loss(
        logits,
        paper="good1952rational",
        domains={"weight": at_least(0, show=(0.5, 2.0))},
        special_cases=SpecialCase("cross_entropy", when={"weight": 3.0}, scale=3.0),
        invariances=("shift",),
        bounds=(0.0, None),
        optimum=0.0,
    )
    def toy_loss(logits, target, *, weight=1.0):
        r"""Weighted cross-entropy: the negative log-likelihood times a number.

        $$ \ell = -w \log p_y $$

        Use: When a test needs a loss that is right in everything. Not for training, where a number in front of a loss
        only rescales its gradient.

        Args:
            weight: the number $w \ge 0$.
        """
        return -weight * _log_p(logits, target)

    return toy_loss


def upside_down():
    @loss(logits, bounds=(0.0, None))
    def toy_loss(logits, target):
        return _log_p(logits, target)


def half_detached():
    @loss(logits)
    def toy_loss(logits, target):
        log_p = _log_p(logits, target)
        return -log_p * (1 - log_p.exp()).detach()


def already_averaged():
    @loss(logits)
    def toy_loss(logits, target):
        return -_log_p(logits, target).mean()


def divided_by_the_batch():
    @loss(logits)
    def toy_loss(logits, target):
        return -_log_p(logits, target) / len(logits)


def leaking_across_the_batch():
    @loss(logits)
    def toy_loss(logits, target):
        return -_log_p(logits - 0.1 * logits.mean(0), target)


def naive_exponentials():
    @loss(logits)
    def toy_loss(logits, target):
        p = logits.exp() / logits.exp().sum(-1, keepdim=True)
        return -p.gather(-1, target.unsqueeze(-1)).squeeze(-1).log()


def always_float32():
    @loss(logits)
    def toy_loss(logits, target):
        return -_log_p(logits.float(), target)


def changing_its_inputs():
    @loss(logits)
    def toy_loss(logits, target):
        with torch.no_grad():
            logits -= logits.amax(-1, keepdim=True)
        return -_log_p(logits, target)


def branching_on_values():
    @loss(logits)
    def toy_loss(logits, target):
        scale = 2.0 if logits.sum() > 0 else 1.0
        return -scale * _log_p(logits, target)


def favouring_a_class():
    @loss(logits)
    def toy_loss(logits, target):
        return -_log_p(logits, target) * torch.where(target == 0, 2.0, 1.0).to(logits)


def moved_by_a_shift():
    @loss(logits, invariances=("shift",))
    def toy_loss(logits, target):
        return -logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)


def missing_its_optimum():
    @loss(logits, optimum=0.0)
    def toy_loss(logits, target):
        return 1 - _log_p(logits, target)


def needless_exemption():
    @loss(logits, exempt={"vmap": "It is declared to look at the values of its inputs."})
    def toy_loss(logits, target):
        return -_log_p(logits, target)


def _gradient_of_cross_entropy(ctx):
    logits, target = ctx.saved_tensors
    return logits.softmax(-1) - torch.nn.functional.one_hot(target, logits.shape[-1])


class _FirstGradientForAll(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, target):
        ctx.save_for_backward(logits, target)
        return -_log_p(logits, target)

    @staticmethod
    def backward(ctx, above):
        return _gradient_of_cross_entropy(ctx) * above[:1].unsqueeze(-1), None


def careless_backward():
    @loss(logits)
    def toy_loss(logits, target):
        return _FirstGradientForAll.apply(logits, target)


def wrong_special_case():
    @loss(logits, special_cases=SpecialCase("cross_entropy"))
    def toy_loss(logits, target):
        return -1.001 * _log_p(logits, target)


def cross_entropy_loop(logits, target, weight=1.0):
    return [weight * negative_log_likelihood(f, y) for f, y in zip(logits, target, strict=True)]


def _share_of_the_true_class(logits, target, **_):
    return [exp(log_p(f, y)) for f, y in zip(logits, target, strict=True)]


@holding(share=_share_of_the_true_class)
def held_share_loop(logits, target, share):
    return [negative_log_likelihood(f, y) * (1 - s) for f, y, s in zip(logits, target, share, strict=True)]


def free_share_loop(logits, target):
    return held_share_loop.__wrapped__(logits, target, _share_of_the_true_class(logits, target))


HELD = {
    "gradient": "The share of the true class is held fixed in the gradient.",
    "double_backward": "The share of the true class is held fixed in the gradient.",
}


def detached_as_in_the_loop():
    @loss(logits, exempt=HELD)
    def toy_loss(logits, target):
        log_p = _log_p(logits, target)
        return -log_p * (1 - log_p.exp()).detach()


def not_detached():
    @loss(logits, exempt=HELD)
    def toy_loss(logits, target):
        log_p = _log_p(logits, target)
        return -log_p * (1 - log_p.exp())


def epsilon_inside_the_logarithm():
    @loss(logits)
    def toy_loss(logits, target):
        return -(_log_p(logits, target).exp() + 1e-8).log()


def clamped_probability():
    @loss(logits)
    def toy_loss(logits, target):
        return -_log_p(logits, target).clamp(min=-50.0)


def another_default():
    @loss(logits, domains={"weight": at_least(0, show=(0.5, 2.0))})
    def toy_loss(logits, target, *, weight=1.1):
        return -weight * _log_p(logits, target)


def weighing_by_the_square():
    @loss(logits, domains={"weight": at_least(0, show=(0.5, 2.0))})
    def toy_loss(logits, target, *, weight=1.0):
        return -(weight**2) * _log_p(logits, target)


def overflowing_powers():
    @loss(logits)
    def toy_loss(logits, target):
        highest = logits.amax(-1, keepdim=True).clamp(max=700)
        return -(logits - highest).gather(-1, target.unsqueeze(-1)).squeeze(-1) + (logits - highest).exp().sum(-1).log()


class _TwoWays(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, target):
        ctx.save_for_backward(logits, target)
        return -_log_p(logits, target)

    @staticmethod
    def backward(ctx, above):
        gradient = _gradient_of_cross_entropy(ctx) * above.unsqueeze(-1)
        return (gradient * 1.001 if torch.is_grad_enabled() else gradient), None


def another_gradient_for_the_second():
    @loss(logits)
    def toy_loss(logits, target):
        return _TwoWays.apply(logits, target)


class _SignFlipped(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, target):
        ctx.save_for_backward(logits, target)
        return -_log_p(logits, target)

    @staticmethod
    def backward(ctx, above):
        logits, target = ctx.saved_tensors
        chosen = torch.nn.functional.one_hot(target, logits.shape[-1])
        return (logits.softmax(-1) + chosen) * above.unsqueeze(-1), None


def sign_flipped_in_the_gradient():
    @loss(logits)
    def toy_loss(logits, target):
        return _SignFlipped.apply(logits, target)


def another_way_for_large_batches():
    @loss(logits)
    def toy_loss(logits, target):
        items = -_log_p(logits, target)
        return torch.cat([items[:32], 1.01 * items[32:]])
