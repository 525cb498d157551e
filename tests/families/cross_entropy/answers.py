"""The wrong answers that readers give to the chapter's exercises, with the messages that must answer them.

The right ones stand in the master; many a wrong one is the right one with a mistake.
"""

import functools
import math

import torch
from torch.nn import functional as F

from lossatlas.exercises import given


@functools.cache
def right(number, student=""):
    """What a notebook with the master's solution passes to `check`."""
    from tests.exercises import answers  # it imports this file

    key = f"cross_entropy/{number}"
    return answers.handed_in(key, answers.questions()[key][1].solution, student)


# Exercise 1


def by_hand(student=""):
    return right(1, student)


def by_hand_wrong():
    right = by_hand()
    numbers = given("cross_entropy/1")
    weights, y = numbers["exp_of_logits"], numbers["true_class"]
    p, gradient = right["p"], right["gradient"]
    logits = [math.log(w) for w in weights]
    other = (y + 1) % 3
    return [
        ("not normalised", {**right, "p": weights}, "sum to"),
        ("no exponential", {**right, "p": [f / sum(logits) + 1e-3 * (f == 0) for f in logits]}, "logits themselves"),
        ("reversed", {**right, "p": p[::-1]}, "mix up their order"),
        ("no minus", {**right, "loss": -right["loss"]}, "negative"),
        ("bits", {**right, "loss": right["loss"] / math.log(2)}, "base 2"),
        ("base 10", {**right, "loss": right["loss"] / math.log(10)}, "base 10"),
        ("another class", {**right, "loss": -math.log(p[other])}, f"of class {other}"),
        ("no logarithm", {**right, "loss": 1 - p[y]}, "without a logarithm"),
        ("some loss", {**right, "loss": right["loss"] + 0.5}, "Compare that with your own"),
        ("label forgotten", {**right, "gradient": p}, "What does the label take away"),
        ("gradient flipped", {**right, "gradient": [-g for g in gradient]}, "wrong sign"),
        (
            "gradient of another class",
            {**right, "gradient": [q - (k == other) for k, q in enumerate(p)]},
            "counted from 0",
        ),
        ("half the gradient", {**right, "gradient": [g / 2 for g in gradient]}, "off by one factor, about 0.5"),
        (
            "a gradient of a little more",
            {**right, "gradient": [gradient[0] + 0.02, gradient[1] - 0.01, gradient[2] - 0.01]},
            "does not change the loss by",
        ),
        ("does not balance", {**right, "gradient": [-1 / p[y] if k == y else 0.0 for k in range(3)]}, "must vanish"),
        ("two numbers", {**right, "p": p[:2]}, "must have 3 numbers"),
        ("words", {**right, "loss": "small"}, "must be made of numbers"),
        ("infinite", {**right, "loss": math.inf}, "not a finite number"),
        ("not a dictionary", [p, 1.0, gradient], "a dictionary"),
        ("unknown entry", {**right, "logloss": 1.0}, "does not belong there"),
    ]


# Exercise 2


def my_cross_entropy(logits, target):
    return right(2)(logits, target)


def pick(x, target):
    return x.gather(-1, target.unsqueeze(-1)).squeeze(-1)


def soft(logits):
    shifted = logits - logits.amax(-1, keepdim=True)
    return shifted.exp() / shifted.exp().sum(-1, keepdim=True)


def takes_mean(logits, target):
    return my_cross_entropy(logits, target).mean()


def takes_sum(logits, target):
    return my_cross_entropy(logits, target).sum()


def python_float(logits, target):
    return my_cross_entropy(logits, target).mean().item()


def forgets_to_pick(logits, target):
    return -soft(logits).log()


def sums_over_items(logits, target):
    return -(soft(logits).log() * F.one_hot(target, logits.shape[1])).sum(0)


def numpy_array(logits, target):
    return my_cross_entropy(logits, target).numpy()


def column(logits, target):
    return my_cross_entropy(logits, target).unsqueeze(1)


def in_place(logits, target):
    logits -= logits.amax(-1, keepdim=True)
    return my_cross_entropy(logits, target)


def random_value(logits, target):
    return my_cross_entropy(logits, target) + torch.rand(len(logits))


def wrong_axis(logits, target):
    p = logits.exp() / logits.exp().sum(0, keepdim=True)
    return -pick(p, target).log()


def ready_made(logits, target):
    return F.cross_entropy(logits, target, reduction="none")


def log_softmax_method(logits, target):
    return -pick(logits.log_softmax(-1), target)


def sign_flipped(logits, target):
    return -my_cross_entropy(logits, target)


def pushed_away(logits, target):
    return my_cross_entropy(logits, target) + 1.5 * pick(logits, target).clamp(-3, 3)


def softmax_twice(logits, target):
    return my_cross_entropy(soft(logits), target)


def probability_only(logits, target):
    return 1 - pick(soft(logits), target)


def epsilon_inside(logits, target):
    return -(pick(soft(logits), target) + 1e-8).log()


def bits(logits, target):
    return my_cross_entropy(logits, target) / math.log(2)


def base_ten(logits, target):
    return my_cross_entropy(logits, target) / math.log(10)


def mean_over_classes(logits, target):
    return my_cross_entropy(logits, target) / logits.shape[1]


def doubled(logits, target):
    return 2 * my_cross_entropy(logits, target)


def squared(logits, target):
    return my_cross_entropy(logits, target) ** 2


def without_normaliser(logits, target):
    return 30 - pick(logits, target)


def others_only(logits, target):
    shifted = logits - logits.amax(-1, keepdim=True)
    one_hot = F.one_hot(target, logits.shape[1])
    return (shifted.exp() * (1 - 0.5 * one_hot.any(-1, keepdim=True))).sum(-1).log() - pick(shifted, target)


def too_large(logits, target):
    return my_cross_entropy(logits, target) + 0.5


def detached(logits, target):
    return my_cross_entropy(logits.detach(), target)


def half_detached(logits, target):
    shifted = logits - logits.amax(-1, keepdim=True)
    return shifted.exp().sum(-1).log().detach() - pick(shifted, target)


def overflows(logits, target):
    return -pick(logits.exp() / logits.exp().sum(-1, keepdim=True), target).log()


def underflows(logits, target):
    return -pick(soft(logits), target).log()


def swapped_arguments(target, logits):
    return my_cross_entropy(logits, target)


def unnormalised(logits, target):
    return -pick(logits, target)


def normalised_over_items(logits, target):
    shifted = logits - logits.amax(0, keepdim=True)
    return -pick(shifted.exp() / shifted.exp().sum(0, keepdim=True), target).log()


def no_return(logits, target):
    my_cross_entropy(logits, target)


def raises(logits, target):
    return logits.no_such_method()


def exits(logits, target):
    raise SystemExit("done")


STABLE_WRONG = [
    (takes_mean, "their mean"),
    (takes_sum, "their sum"),
    (python_float, "Python number"),
    (forgets_to_pick, "one value per item and class"),
    (sums_over_items, "one per class"),
    (numpy_array, "Return a PyTorch tensor"),
    (column, "shape (4, 1)"),
    (in_place, "in place"),
    (random_value, "different values"),
    (wrong_axis, "dim 0"),
    (ready_made, "`cross_entropy`"),
    (log_softmax_method, "`log_softmax`"),
    (sign_flipped, "Is a sign flipped"),
    (pushed_away, "A loss should go down then"),
    (softmax_twice, "softmax taken twice"),
    (probability_only, "logarithm of the probability"),
    (epsilon_inside, "`clamp`"),
    (bits, "base 2"),
    (base_ten, "base 10"),
    (mean_over_classes, "mean taken over the classes"),
    (doubled, "off by one factor, 2"),
    (squared, "not the logarithms of two probabilities"),
    (without_normaliser, "the normaliser missing"),
    (others_only, "normaliser missing"),
    (too_large, "normaliser complete"),
    (detached, "`detach()`"),
    (half_detached, "detached"),
    (overflows, "overflowed"),
    (underflows, "rounded to zero"),
    (swapped_arguments, "two arguments swapped"),
    (unnormalised, "the normaliser missing"),
    (normalised_over_items, "dim 0"),
    (no_return, "`return` missing"),
    (raises, "no_such_method"),
    (exits, "SystemExit"),
]


# Exercise 3


def pull_wrong():
    pull = right(3)
    return [
        ("the exponent", {**pull, "tau_for_share": lambda p, share: math.log(share) / math.log(p)}, "Which τ is it"),
        ("upside down", {**pull, "tau_for_share": lambda p, share: 1 + math.log(share) * math.log(p)}, "pulls"),
        (
            "wrong sign",
            {**pull, "tau_for_share": lambda p, share: 1 - math.log(share) / math.log(p)},
            "Is a sign flipped",
        ),
        ("far below the family", {**pull, "tau_for_share": lambda p, share: 1 + 99 * math.log(share)}, "begins at 0"),
        (
            "always absolute error",
            {**pull, "tau_for_share": lambda p, share: 2.0 if share < 1 else 1.0},
            "kinder to the examples",
        ),
        (
            "too much",
            {**pull, "tau_for_share": lambda p, share: 1 + 2 * math.log(share) / math.log(p)},
            "off by the same factor, 2",
        ),
        (
            "too little",
            {**pull, "tau_for_share": lambda p, share: 1 + math.log(share) / math.log(p) / 2},
            "off by the same factor, 0.5",
        ),
        (
            "swapped arguments",
            {**pull, "tau_for_share": lambda share, p: pull["tau_for_share"](p, share)},
            "arguments were swapped",
        ),
        (
            "swapped logarithms",
            {**pull, "tau_for_share": lambda p, share: 1 + math.log(p) / (math.log(share) or 1e99)},
            "arguments were swapped",
        ),
        ("peak left", {**pull, "tau_for_peak": lambda p: 1 + p}, "steepest further left"),
        ("peak right", {**pull, "tau_for_peak": lambda p: 1 / (1 - p) + 0.2}, "steepest further right"),
        ("peak at 1 - p", {**pull, "tau_for_peak": lambda p: 1 / p}, "that is at 1 − p"),
        ("peak with the sign flipped", {**pull, "tau_for_peak": lambda p: 1 / (p - 1)}, "Is a sign flipped"),
        ("no number", {**pull, "tau_for_peak": lambda p: "2"[1:]}, "must be made of numbers"),
        ("the exponent read off", {**pull, "tau_read_off": pull["tau_read_off"] - 1}, "Did you read off the exponent"),
        (
            "the height taken for the pull",
            {**pull, "tau_read_off": pull["tau_read_off"] + 1},
            "Is the factor 1 − p forgotten",
        ),
        ("misread", {**pull, "tau_read_off": pull["tau_read_off"] + 0.2}, "misses your points"),
        ("the height itself", {**pull, "tau_read_off": -0.3}, "begins at 0"),
        ("a neighbour's number", {**pull, "tau_read_off": right(3, "Ada")["tau_read_off"]}, "misses your points"),
    ]


# Exercise 4


def _violations(logits, target, margin):
    wrong = 1 - F.one_hot(target, logits.shape[1]).to(logits)
    return logits - pick(logits, target).unsqueeze(1) + margin * wrong


def squared_worst_case(logits, target, *, lam=1.0, margin=1.0):
    return right(4)(logits, target, lam=lam, margin=margin)


@functools.cache
def _projection():
    from tests.exercises import answers  # it imports this file

    return answers.names("cross_entropy/4", answers.questions()["cross_entropy/4"][1].solution)["nearest_weights"]


def _projected(d):
    return _projection()(d)


def entropic_price(logits, target, *, lam=1.0, margin=1.0):
    d = _violations(logits, target, margin)
    return lam * ((d / lam).logsumexp(-1) - math.log(d.shape[1]))


def price_unpaid(logits, target, *, lam=1.0, margin=1.0):
    d = _violations(logits, target, margin)
    return (_projected(d.detach() / lam) * d).sum(-1)


def plain_hinge(logits, target, *, lam=1.0, margin=1.0):
    return _violations(logits, target, margin).amax(-1)


def no_half(logits, target, *, lam=1.0, margin=1.0):
    d = _violations(logits, target, margin)
    q = _projected(d.detach() / (2 * lam))
    return (q * d).sum(-1) - lam * (q - 1 / d.shape[1]).square().sum(-1)


def half_of_half(logits, target, *, lam=1.0, margin=1.0):
    return squared_worst_case(logits, target, lam=lam / 2, margin=margin)


def no_margin(logits, target, *, lam=1.0, margin=1.0):
    return squared_worst_case(logits, target, lam=lam, margin=0.0)


def margin_for_all(logits, target, *, lam=1.0, margin=1.0):
    d = logits - pick(logits, target).unsqueeze(1) + margin
    q = _projected(d.detach() / lam)
    return (q * d).sum(-1) - lam / 2 * (q - 1 / d.shape[1]).square().sum(-1)


def true_minus_wrong(logits, target, *, lam=1.0, margin=1.0):
    return squared_worst_case(-logits, target, lam=lam, margin=margin)


def softmax_weights(logits, target, *, lam=1.0, margin=1.0):
    d = _violations(logits, target, margin)
    q = (d / lam).softmax(-1).detach()
    return (q * d).sum(-1) - lam / 2 * (q - 1 / d.shape[1]).square().sum(-1)


def linear_formula(logits, target, *, lam=1.0, margin=1.0):
    d = _violations(logits, target, margin)
    q = 1 / d.shape[1] + (d - d.mean(-1, keepdim=True)) / lam
    return (q * d).sum(-1) - lam / 2 * (q - 1 / d.shape[1]).square().sum(-1)


def scaled(logits, target, *, lam=1.0, margin=1.0):
    return 3 * squared_worst_case(logits, target, lam=lam, margin=margin)


def one_price_only(logits, target, *, lam=1.0, margin=1.0):
    return squared_worst_case(logits, target, lam=1.0, margin=margin)


def best_of_class(logits, target, *, lam=1.0, margin=1.0):
    return _violations(logits, target, margin).clamp_max(0.5).amax(-1)


def negated(logits, target, *, lam=1.0, margin=1.0):
    return -squared_worst_case(logits, target, lam=lam, margin=margin)


def halved(logits, target, *, lam=1.0, margin=1.0):
    return squared_worst_case(logits, target, lam=lam, margin=margin) / 2


def mean_of_items(logits, target, *, lam=1.0, margin=1.0):
    return squared_worst_case(logits, target, lam=lam, margin=margin).mean()


def sum_of_items(logits, target, *, lam=1.0, margin=1.0):
    return squared_worst_case(logits, target, lam=lam, margin=margin).sum()


def not_summed(logits, target, *, lam=1.0, margin=1.0):
    d = _violations(logits, target, margin)
    q = _projected(d.detach() / lam)
    return q * d - lam / 2 * (q - 1 / d.shape[1]).square()


def projected_over_items(logits, target, *, lam=1.0, margin=1.0):
    d = _violations(logits, target, margin)
    q = _projected(d.detach().mT / lam).mT
    return (q * d).sum(-1) - lam / 2 * (q - 1 / d.shape[1]).square().sum(-1)


def weights_not_normalised(logits, target, *, lam=1.0, margin=1.0):
    d = _violations(logits, target, margin)
    q = (1 / d.shape[1] + d.detach() / lam).clamp_min(0)
    return (q * d).sum(-1) - lam / 2 * (q - 1 / d.shape[1]).square().sum(-1)


def labels_first(target, logits, *, lam=1.0, margin=1.0):
    return squared_worst_case(logits, target, lam=lam, margin=margin)


def lam_for_margin(logits, target, *, lam=1.0, margin=1.0):
    return squared_worst_case(logits, target, lam=margin, margin=lam)


ADVERSARY_WRONG = [
    (negated, "is a sign flipped"),
    (halved, "off by one factor, about 0.5"),
    (mean_of_items, "their mean"),
    (sum_of_items, "their sum"),
    (not_summed, "one value per item and class"),
    (projected_over_items, "dim 0"),
    (weights_not_normalised, "Are the weights normalised"),
    (labels_first, "two arguments swapped"),
    (lam_for_margin, "exchanged"),
    (entropic_price, "price of LDR-KL"),
    (price_unpaid, "is their price paid"),
    (plain_hinge, "The difference is the price"),
    (no_half, "factor ½"),
    (half_of_half, "the price too low"),
    (no_margin, "Without the margin"),
    (margin_for_all, "margin added for the true class"),
    (true_minus_wrong, "a sign flipped"),
    (softmax_weights, "are the weights the best ones"),
    (linear_formula, "let below 0"),
    (scaled, "off by one factor, about 3"),
    (one_price_only, "λ ="),
    (best_of_class, "mean of the two ends"),
]


# Exercise 5


def my_loss(logits, target):
    return right(5)["loss"](logits, target)


def absolute_error(logits, target):
    return 1 - pick(soft(logits), target)


def uses_a_mask(logits, target):
    value = my_cross_entropy(logits, target)
    value[value > 3] = 3.0
    return value


def nan_when_confident(logits, target):
    return (1 - pick(soft(logits), target)).sqrt()


def mean_taken(logits, target):
    return my_loss(logits, target).mean()


def sum_taken(logits, target):
    return my_loss(logits, target).sum()


def softmax_over_items(logits, target):
    return 1 - pick(logits.softmax(0), target) ** 0.7


def unnormalised_power(logits, target):
    return 1 - pick(logits, target).exp() ** 0.7


def my_loss_swapped(target, logits):
    return my_loss(logits, target)


def pulled_up(logits, target):
    return -my_loss(logits, target)


def robust_wrong():
    robust = right(5)
    return [
        ("cross-entropy", {**robust, "loss": my_cross_entropy}, "Which examples does your loss listen to"),
        ("absolute error", {**robust, "loss": absolute_error}, "A fresh network gives every class"),
        ("upside down", {**robust, "loss": pulled_up}, "a sign flipped"),
        ("the mean", {**robust, "loss": mean_taken}, "their mean"),
        ("the sum", {**robust, "loss": sum_taken}, "their sum"),
        ("softmax over the items", {**robust, "loss": softmax_over_items}, "dim 0"),
        ("not normalised", {**robust, "loss": unnormalised_power}, "normaliser"),
        ("swapped arguments", {**robust, "loss": my_loss_swapped}, "two arguments swapped"),
        ("a mask", {**robust, "loss": uses_a_mask}, "torch.vmap"),
        ("NaN in the gradient", {**robust, "loss": nan_when_confident}, "end in NaN"),
        ("the other guess", {**robust, "squentropy_stopped_early": "above accuracy"}, "show something else"),
        ("no guess among the three", {**robust, "squentropy_stopped_early": "yes"}, "must be one of"),
    ]


def empty(logits, target):
    """A stub."""


def dots(logits, target): ...


def refuses(logits, target):
    raise NotImplementedError


#: Answers that are not attempted yet.
STUBS = {
    "cross_entropy/1": [None, ..., {}, {"p": ..., "loss": ..., "gradient": ...}, {"p": [..., ..., ...], "loss": None}],
    "cross_entropy/2": [None, ..., empty, dots, refuses],
    "cross_entropy/3": [None, {"tau_for_share": dots, "tau_for_peak": dots, "tau_read_off": ...}],
    "cross_entropy/4": [None, dots],
    "cross_entropy/5": [None, {"loss": dots, "squentropy_stopped_early": ...}],
}


#: What each exercise asks for, or what is one step from it. `softmax` alone is no answer to the last two.
FORBIDDEN = {
    "cross_entropy/by_hand.py": {"cross_entropy", "softmax", "log_softmax", "logsumexp", "log"},
    "cross_entropy/stable.py": {
        "cross_entropy",
        "softmax",
        "log_softmax",
        "logsumexp",
        "nll_loss",
        "target_log_probability",
    },
    "cross_entropy/pull.py": {"probability_of_true_class"},
    "cross_entropy/adversary.py": {"ldr_kl_loss", "sort", "topk", "softmax", "relu", "cumsum"},
    "cross_entropy/robust.py": {"generalized_cross_entropy", "mean_absolute_error"},
    "probes.py": {"cross_entropy", "softmax", "log_softmax", "logsumexp"},
}


def wrong_answers():
    """(key, name, answer, words that the feedback must have)."""
    named = {
        "cross_entropy/1": by_hand_wrong(),
        "cross_entropy/2": [(f.__name__, f, words) for f, words in STABLE_WRONG],
        "cross_entropy/3": pull_wrong(),
        "cross_entropy/4": [(f.__name__, f, words) for f, words in ADVERSARY_WRONG],
        "cross_entropy/5": robust_wrong(),
    }
    return [(key, *case) for key, cases in named.items() for case in cases]
