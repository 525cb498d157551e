"""Wrong answers to the exercises of the chapter "Contrastive learning", and the messages that must answer them."""

import functools
import math

import torch
import torch.nn.functional as F

from lossatlas.exercises import given


@functools.cache
def right(number, student=""):
    """What a notebook with the master's solution passes to `check`."""
    from tests.exercises import answers  # it imports this file

    key = f"contrastive/{number}"
    return answers.handed_in(key, answers.questions()[key][1].solution, student)


# Exercise 1


def by_hand(**changed):
    """The right answer, some parts replaced by functions of (p, a, b, t)."""
    task = given("contrastive/1")
    p, (a, b), t = task["weight_of_positive"], task["weights_of_negatives"], task["temperature"]
    return {**right(1), **{name: f(p, a, b, t) for name, f in changed.items()}}


BY_HAND_WRONG = {
    "shares of all three": (
        dict(shares=lambda p, a, b, t: [a / (p + a + b), b / (p + a + b)]),
        "is the positive among",
    ),
    "shares exchanged": (dict(shares=lambda p, a, b, t: [b / (a + b), a / (a + b)]), "exponentials already"),
    "bits": (dict(loss=lambda p, a, b, t: math.log2((p + a + b) / p)), "base 2"),
    "base ten": (dict(loss=lambda p, a, b, t: math.log10((p + a + b) / p)), "base 10"),
    "upside down": (dict(loss=lambda p, a, b, t: math.log((p + a + b) / (a + b))), "upside down"),
    "decoupled": (dict(loss=lambda p, a, b, t: math.log((a + b) / p)), "stands in the denominator too"),
    "signs flipped": (
        dict(gradient=lambda p, a, b, t: [(a + b) / (p + a + b) / t, -a / (p + a + b) / t, -b / (p + a + b) / t]),
        "very entry has the wrong sign",
    ),
    "softmax as gradient": (
        dict(gradient=lambda p, a, b, t: [-p / (p + a + b) / t, a / (p + a + b) / t, b / (p + a + b) / t]),
        "the sum must vanish",
    ),
    "no temperature": (
        dict(gradient=lambda p, a, b, t: [-(a + b) / (p + a + b), a / (p + a + b), b / (p + a + b)]),
        "which way does the chain rule go",
    ),
    "temperature multiplied": (
        dict(gradient=lambda p, a, b, t: [-(a + b) / (p + a + b) * t, a / (p + a + b) * t, b / (p + a + b) * t]),
        "larger or smaller",
    ),
    "push divided equally": (
        dict(
            gradient=lambda p, a, b, t: [
                -(a + b) / (p + a + b) / t,
                (a + b) / (p + a + b) / t / 2,
                (a + b) / (p + a + b) / t / 2,
            ]
        ),
        "your shares are",
    ),
}


# Exercise 2


def my_nt_xent(*inputs):
    return right(2)(*inputs)


def takes_mean(a, b, t):
    return my_nt_xent(a, b, t).mean()


def sum_of_items(a, b, t):
    return my_nt_xent(a, b, t).sum()


def flipped(a, b, t):
    return -my_nt_xent(a, b, t)


def views_summed(a, b, t):
    return 2 * my_nt_xent(a, b, t)


def halved_again(a, b, t):
    return my_nt_xent(a, b, t) / 2


def one_per_pair(a, b, t):
    z = F.normalize(torch.cat([a, b]), dim=1)
    return z @ z.T / t


def columns_normalised(a, b, t):
    n = len(a)
    z = F.normalize(torch.cat([a, b]), dim=0)
    logits = (z @ z.T / t).masked_fill(torch.eye(2 * n, dtype=torch.bool), -math.inf)
    both = logits.logsumexp(1) - (z * z.roll(n, 0)).sum(1) / t
    return (both[:n] + both[n:]) / 2


def one_view_normalised(a, b, t):
    n = len(a)
    z = torch.cat([F.normalize(a, dim=1), b])
    logits = (z @ z.T / t).masked_fill(torch.eye(2 * n, dtype=torch.bool), -math.inf)
    both = logits.logsumexp(1) - (z * z.roll(n, 0)).sum(1) / t
    return (both[:n] + both[n:]) / 2


def positive_left_out(a, b, t):
    z, n = F.normalize(torch.cat([a, b]), dim=1), len(a)
    itself = torch.eye(2 * n, dtype=torch.bool)
    both = (z @ z.T / t).masked_fill(itself | itself.roll(n, 0), -math.inf).logsumexp(1) - (z * z.roll(n, 0)).sum(1) / t
    return (both[:n] + both[n:]) / 2


def views_exchanged_for_temperature(t, a, b):
    return my_nt_xent(a, b, t)


def keeps_both_views(a, b, t):
    value = my_nt_xent(a, b, t)
    return torch.cat([value, value])


def a_number(a, b, t):
    return my_nt_xent(a, b, t).mean().item()


def in_place(a, b, t):
    a /= a.norm(dim=1, keepdim=True)
    return my_nt_xent(a, b, t)


def not_normalised(a, b, t):
    z, n = torch.cat([a, b]), len(a)
    logits = (z @ z.T / t).masked_fill(torch.eye(2 * n, dtype=torch.bool), -math.inf)
    both = logits.logsumexp(1) - (z * z.roll(n, 0)).sum(1) / t
    return (both[:n] + both[n:]) / 2


def with_itself(a, b, t):
    z, n = F.normalize(torch.cat([a, b]), dim=1), len(a)
    both = (z @ z.T / t).logsumexp(1) - (z * z.roll(n, 0)).sum(1) / t
    return (both[:n] + both[n:]) / 2


def one_direction(a, b, t):
    a, b = F.normalize(a, dim=1), F.normalize(b, dim=1)
    return (a @ b.T / t).logsumexp(1) - (a * b).sum(1) / t


def only_first_view_is_anchor(a, b, t):
    z, n = F.normalize(torch.cat([a, b]), dim=1), len(a)
    logits = (z @ z.T / t).masked_fill(torch.eye(2 * n, dtype=torch.bool), -math.inf)
    return (logits.logsumexp(1) - (z * z.roll(n, 0)).sum(1) / t)[:n]


def interleaved(a, b, t):
    value = my_nt_xent(a, b, t)
    return value[torch.arange(len(a)) // 2 + (torch.arange(len(a)) % 2) * (len(a) // 2)] if len(a) == 4 else value


def multiplied(a, b, t):
    return my_nt_xent(a, b, 1 / t)


def no_temperature(a, b, t):
    return my_nt_xent(a, b, 1.0)


def doubled(a, b, t):
    return my_nt_xent(a, b, t / 2)


def half_detached(a, b, t):
    z, n = F.normalize(torch.cat([a, b]), dim=1), len(a)
    logits = (z @ z.detach().T / t).masked_fill(torch.eye(2 * n, dtype=torch.bool), -math.inf)
    both = logits.logsumexp(1) - (z * z.roll(n, 0)).sum(1) / t
    return (both[:n] + both[n:]) / 2


def overflows(a, b, t):
    z, n = F.normalize(torch.cat([a, b]), dim=1), len(a)
    weights = (z @ z.T / t).exp() * (1 - torch.eye(2 * n))
    both = weights.sum(1).log() - (z * z.roll(n, 0)).sum(1) / t
    return (both[:n] + both[n:]) / 2


def no_return(a, b, t):
    my_nt_xent(a, b, t)


TWO_VIEWS_WRONG = [
    (takes_mean, "single number"),
    (sum_of_items, "single number"),
    (flipped, "sign flipped"),
    (views_summed, "*averaged*, not summed"),
    (halved_again, "divided by 2 once too often"),
    (one_per_pair, "one value per pair of views"),
    (columns_normalised, "does the norm run along dim 0"),
    (one_view_normalised, "both views divided by their length"),
    (positive_left_out, "is the positive missing there"),
    (views_exchanged_for_temperature, "arguments in another order"),
    (keeps_both_views, "one per view"),
    (a_number, "Return a PyTorch tensor"),
    (in_place, "in place"),
    (not_normalised, "divided by their length"),
    (with_itself, "meet itself"),
    (one_direction, "those of both views"),
    (only_first_view_is_anchor, "one of the two views an anchor"),
    (interleaved, "stacked"),
    (multiplied, "multiplies the similarities"),
    (no_temperature, "makes no difference"),
    (doubled, "should weigh e to the power"),
    (half_detached, "detached"),
    (overflows, "overflow"),
    (no_return, "`return` missing"),
]


# Exercise 3


def temperature_for(*inputs):
    return right(3)(*inputs)


def _halved(share, wanted):
    """Halving an interval for a share that is taken to fall."""
    low, high = 1e-4, 1e4
    for _ in range(100):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if share(middle) > wanted else (low, middle)
    return math.sqrt(low * high)


def _shares(similarities, temperature):
    return (torch.tensor(sorted(similarities, reverse=True), dtype=torch.float64) / temperature).softmax(0)


def miscounted(by):
    hardest = given("contrastive/3")["hardest"] + by
    return lambda similarities, share: _halved(lambda t: _shares(similarities, t)[:hardest].sum(), share)


def relies_on_the_order(similarities, share):
    hardest = given("contrastive/3")["hardest"]
    return _halved(lambda t: (torch.tensor(similarities, dtype=torch.float64) / t).softmax(0)[:hardest].sum(), share)


def share_of_others(similarities, share):
    hardest = given("contrastive/3")["hardest"]
    return _halved(lambda t: _shares(similarities, t)[hardest:].sum(), share)


def searches_the_wrong_way(similarities, share):
    hardest = given("contrastive/3")["hardest"]
    return _halved(lambda t: -_shares(similarities, t)[:hardest].sum(), -share)


def as_if_there_were_two(similarities, share):
    """The formula for one hard negative and one other."""
    first, second, *_ = sorted(similarities, reverse=True)
    return (first - second + 1e-3) / math.log(share / (1 - share)) - 1e-3


TEMPERATURE_WRONG = [
    ("inverse", lambda s, share: 1 / temperature_for(s, share), "a temperature divides"),
    ("negative", lambda s, share: -temperature_for(s, share), "is positive"),
    ("too small", lambda s, share: 0.6 * temperature_for(s, share), "too small"),
    ("too large", lambda s, share: 1.6 * temperature_for(s, share), "too large"),
    ("off by a factor of two", lambda s, share: 2 * temperature_for(s, share), "too large"),
    ("the share of the others", share_of_others, "walk the wrong way"),
    ("searches the wrong way", searches_the_wrong_way, "walk the wrong way"),
    ("one fewer", miscounted(-1), "hardest; your number of `hardest` is"),
    ("one more", miscounted(1), "not 3 counted as the hardest"),
    ("as if there were two", as_if_there_were_two, "counted as the hardest"),
    ("relies on the order", relies_on_the_order, "Measured at that temperature"),
    ("a list", lambda s, share: [temperature_for(s, share)] * 2, "must be made of numbers"),
]


# Exercise 4


def true_negative_mean(*inputs):
    return right(4)(*inputs)


def plain_mean(positive, unlabelled, prior, temperature):
    return unlabelled.mean(1)


def sum_of_pairs(positive, unlabelled, prior, temperature):
    return (unlabelled.sum(1) - prior * positive.sum(1)) / (1 - prior)


def mean_of_anchors(positive, unlabelled, prior, temperature):
    return true_negative_mean(positive, unlabelled, prior, temperature).mean()


def over_the_anchors(positive, unlabelled, prior, temperature):
    return (unlabelled.mean(0) - prior * positive.mean(0)) / (1 - prior)


def pair_by_pair(positive, unlabelled, prior, temperature):
    return (unlabelled - prior * positive) / (1 - prior)


def exchanged(positive, unlabelled, prior, temperature):
    return true_negative_mean(unlabelled, positive, prior, temperature)


def sign_flipped(positive, unlabelled, prior, temperature):
    return (prior * positive.mean(1) - unlabelled.mean(1)) / (1 - prior)


def over_the_prior(positive, unlabelled, prior, temperature):
    return (unlabelled.mean(1) - (1 - prior) * positive.mean(1)) / prior


def temperature_multiplied(positive, unlabelled, prior, temperature):
    return below_zero(positive, unlabelled, prior, temperature).clamp(min=math.exp(-temperature))


def added_and_rescaled(positive, unlabelled, prior, temperature):
    return (unlabelled.mean(1) + prior * positive.mean(1)) / (1 - prior)


def not_rescaled(positive, unlabelled, prior, temperature):
    return (unlabelled.mean(1) - prior * positive.mean(1)).clamp(min=math.exp(-1 / temperature))


def added(positive, unlabelled, prior, temperature):
    return unlabelled.mean(1) + prior * positive.mean(1)


def wrong_share(positive, unlabelled, prior, temperature):
    return ((unlabelled.mean(1) - (1 - prior) * positive.mean(1) * (prior > 0)) / (prior if prior else 1)).clamp(
        min=1e-3
    )


def prior_first(prior, temperature, positive, unlabelled):
    return true_negative_mean(positive, unlabelled, prior, temperature)


def below_zero(positive, unlabelled, prior, temperature):
    return (unlabelled.mean(1) - prior * positive.mean(1)) / (1 - prior)


def tiny_floor(positive, unlabelled, prior, temperature):
    return below_zero(positive, unlabelled, prior, temperature).clamp(min=1e-12)


def floor_of_one(positive, unlabelled, prior, temperature):
    return torch.where(
        below_zero(positive, unlabelled, prior, temperature) < 0,
        1.0,
        below_zero(positive, unlabelled, prior, temperature),
    )


def held_fixed(positive, unlabelled, prior, temperature):
    return true_negative_mean(positive.detach(), unlabelled, prior, temperature)


UNLABELLED_WRONG = [
    (plain_mean, "the mean of the mixture"),
    (sum_of_pairs, "*sum*"),
    (mean_of_anchors, "a single number"),
    (over_the_anchors, "runs over the anchors"),
    (pair_by_pair, "one number per pair"),
    (exchanged, "exchanged"),
    (sign_flipped, "sign flipped"),
    (over_the_prior, "divided by the prior"),
    (temperature_multiplied, "A temperature divides"),
    (added_and_rescaled, "have to come out"),
    (not_rescaled, "too small by one factor"),
    (added, "have to come out"),
    (wrong_share, "solve for the part"),
    (below_zero, "logarithm would be NaN"),
    (tiny_floor, "no pair of unit vectors weighs less"),
    (floor_of_one, "take that least weight"),
    (prior_first, "arguments in another order"),
    (held_fixed, "o gradient reaches"),
]


# Exercise 5


def pulls_only(view_a, view_b):
    return (F.normalize(view_a, dim=1) - F.normalize(view_b, dim=1)).square().sum(1).mean()


def usual(view_a, view_b):
    return my_nt_xent(view_a, view_b, 0.5).mean()


def pushes_partners(view_a, view_b):
    return -usual(view_a, view_b)


def neighbours_in_the_batch(view_a, view_b):
    return usual(view_a, view_b) + 0.1 * (view_a * view_a.roll(1, 0)).sum()


def plain_distance(view_a, view_b):
    return (view_a - view_b).square().sum(1).sqrt().mean() + usual(view_a, view_b)


def per_item(view_a, view_b):
    return my_nt_xent(view_a, view_b, 0.5)


def a_python_number(view_a, view_b):
    return float(usual(view_a, view_b))


def looks_inside(view_a, view_b):
    return usual(view_a, view_b) if view_a.norm() > 0 else view_a.sum()


OWN_LOSS_WRONG = [
    (pulls_only, "keeps different images apart"),
    (usual, "Which pairs carry your gradient"),
    (pushes_partners, "a sign flipped"),
    (neighbours_in_the_batch, "neighbour in the batch"),
    (plain_distance, "meet a root"),
    (per_item, "one number for the batch"),
    (looks_inside, "torch.vmap"),
    (a_python_number, "Return a PyTorch tensor"),
]


def wrong_answers():
    """(key, name, answer, words that the feedback must have)."""
    return [
        *(("contrastive/1", name, by_hand(**changed), words) for name, (changed, words) in BY_HAND_WRONG.items()),
        *(("contrastive/2", f.__name__, f, words) for f, words in TWO_VIEWS_WRONG),
        *(("contrastive/3", *case) for case in TEMPERATURE_WRONG),
        *(("contrastive/4", f.__name__, f, words) for f, words in UNLABELLED_WRONG),
        *(("contrastive/5", f.__name__, f, words) for f, words in OWN_LOSS_WRONG),
    ]


def dots(*inputs): ...


#: Answers that are not attempted yet.
STUBS = {
    "contrastive/1": [None, ..., {}, {"loss": ..., "gradient": ..., "shares": ...}],
    "contrastive/2": [None, ..., dots],
    "contrastive/3": [None, dots],
    "contrastive/4": [None, dots],
    "contrastive/5": [None, dots],
}

#: What each exercise asks for, or what is one step from it.
FORBIDDEN = {
    "contrastive/by_hand.py": {"info_nce", "softmax", "log_softmax", "logsumexp"},
    "contrastive/two_views.py": {"nt_xent", "logsumexp", "softmax", "log_softmax", "cross_entropy"},
    "contrastive/temperature.py": {"contrastive_relative_penalty", "softmax"},
    "contrastive/own_loss.py": {"cross_correlation_loss", "macl_loss", "info_nce"},
    "contrastive/unlabelled.py": {"debiased_contrastive_loss", "clamp", "relu", "maximum"},
}
