"""Wrong answers to the exercises of the chapter on distances, and the messages that must answer them."""

import functools
import math

import torch
from torch.nn import functional as F

from lossatlas.exercises import given


@functools.cache
def right(number, student=""):
    """What a notebook with the master's solution passes to `check`."""
    from tests.exercises import answers  # it imports this file

    key = f"pair_metric_learning/{number}"
    return answers.handed_in(key, answers.questions()[key][1].solution, student)


# Exercise 1


def by_hand_wrong():
    right_one = right(1)
    d, losses, push = right_one["distances"], right_one["losses"], right_one["push"]
    easy = 3 - right_one["hard"] - right_one["semi_hard"]
    numbers = given("pair_metric_learning/1")
    around = [
        sum(abs(a - b) for a, b in zip(numbers["anchor"], p, strict=True))
        for p in (numbers["positive"], *numbers["negatives"])
    ]
    return [
        ("squared", {**right_one, "distances": [x * x for x in d]}, "squared distance"),
        ("around the block", {**right_one, "distances": around}, "along both axes"),
        ("one too long", {**right_one, "distances": [d[0] + 1, *d[1:]]}, "but from the anchor it is"),
        ("no distance", {**right_one, "distances": [0.0, *d[1:]]}, "above zero"),
        ("not cut off", {**right_one, "losses": [d[0] - x + 2 for x in d[1:]]}, "never negative"),
        ("no margin", {**right_one, "losses": [max(0.0, d[0] - x) for x in d[1:]]}, "margin"),
        ("upside down", {**right_one, "losses": [max(0.0, x - d[0] + 2) for x in d[1:]]}, "sign flipped"),
        ("all zero", {**right_one, "losses": [0.0, 0.0, 0.0]}, "would have to be"),
        ("something", {**right_one, "losses": [x + 0.3 for x in losses]}, "fall short"),
        (
            "kinds swapped",
            {**right_one, "hard": right_one["semi_hard"], "semi_hard": right_one["hard"]},
            "nearer than the positive",
        ),
        ("hard twice", {**right_one, "semi_hard": right_one["hard"]}, "farther than the positive"),
        ("easy is semi-hard", {**right_one, "semi_hard": easy}, "beyond the margin"),
        ("counted from one", {**right_one, "hard": 3}, "number of a negative"),
        ("gradient", {**right_one, "push": [-x for x in push]}, "points uphill"),
        ("half a push", {**right_one, "push": [x / 2 for x in push]}, "unit vector"),
    ]


# Exercise 2


def _masks(labels):
    same = labels.unsqueeze(1) == labels
    return same & ~torch.eye(len(labels), dtype=torch.bool), ~same


def my_batch_hard(*inputs):
    return right(2)(*inputs)


def counts_itself(distances, labels, margin):
    same = labels.unsqueeze(1) == labels
    near = torch.where(~same, distances, torch.inf).amin(1)
    return (torch.where(same, distances, torch.inf).amin(1) - near + margin).clamp(min=0)


def takes_mean(distances, labels, margin):
    return my_batch_hard(distances, labels, margin).mean()


def all_pairs(distances, labels, margin):
    positive, _ = _masks(labels)
    return torch.where(positive, distances, 0.0)


def all_triplets(distances, labels, margin):
    positive, negative = _masks(labels)
    hinge = (distances.unsqueeze(2) - distances.unsqueeze(1) + margin).clamp(min=0)
    return torch.where(positive.unsqueeze(2) & negative.unsqueeze(1), hinge, 0.0)


def averages(distances, labels, margin):
    positive, negative = _masks(labels)
    pull = torch.where(positive, distances, 0.0).sum(1) / positive.sum(1).clamp(min=1)
    push = torch.where(negative, distances, 0.0).sum(1) / negative.sum(1).clamp(min=1)
    return (pull - push + margin).clamp(min=0)


def easiest_positive(distances, labels, margin):
    positive, negative = _masks(labels)
    near = torch.where(positive, distances, torch.inf).amin(1)
    return (near - torch.where(negative, distances, torch.inf).amin(1) + margin).clamp(min=0)


def easiest_negative(distances, labels, margin):
    positive, negative = _masks(labels)
    far = torch.where(positive, distances, -torch.inf).amax(1)
    return (far - torch.where(negative, distances, -torch.inf).amax(1) + margin).clamp(min=0)


def flipped(distances, labels, margin):
    positive, negative = _masks(labels)
    far = torch.where(positive, distances, -torch.inf).amax(1)
    return (torch.where(negative, distances, torch.inf).amin(1) - far + margin).clamp(min=0)


def no_hinge(distances, labels, margin):
    positive, negative = _masks(labels)
    far = torch.where(positive, distances, -torch.inf).amax(1)
    return far - torch.where(negative, distances, torch.inf).amin(1) + margin - 10 * (margin < 1)


def no_margin(distances, labels, margin):
    return my_batch_hard(distances, labels, 0.0 * margin) if margin < 5 else my_batch_hard(distances, labels, margin)


def infinite_alone(distances, labels, margin):
    positive, negative = _masks(labels)
    far = torch.where(positive, distances, 0.0).amax(1)
    return (far - torch.where(negative, distances, torch.inf).amin(1) + margin).clamp(min=0)


def alone_costs(distances, labels, margin):
    positive, negative = _masks(labels)
    far = torch.where(positive, distances, 0.0).amax(1)
    return (far - torch.where(negative, distances, 1e9).amin(1) + margin).clamp(min=0) + margin * ~positive.any(1)


def takes_sum(distances, labels, margin):
    return my_batch_hard(distances, labels, margin).sum()


def along_the_columns(distances, labels, margin):
    positive, negative = _masks(labels)
    far = torch.where(positive, distances, -torch.inf).amax(0)
    return torch.where(
        positive.any(0) & negative.any(0), far - torch.where(negative, distances, torch.inf).amin(0) + margin, 0.0
    ).clamp(min=0)


def doubled(distances, labels, margin):
    return 2 * my_batch_hard(distances, labels, margin)


def margin_taken_off(distances, labels, margin):
    return my_batch_hard(distances, labels, -margin)


def labels_first(labels, distances, margin):
    return my_batch_hard(distances, labels, margin)


def itself_when_alone(distances, labels, margin):
    _, negative = _masks(labels)
    far = torch.where(~negative, distances, -torch.inf).amax(1)
    return (far - torch.where(negative, distances, torch.inf).amin(1) + margin).clamp(min=0)


def masks_exchanged(distances, labels, margin):
    negative, positive = _masks(labels)
    far = torch.where(positive, distances, -torch.inf).amax(1)
    return (far - torch.where(negative, distances, torch.inf).amin(1) + margin).clamp(min=0)


def squared_distances(distances, labels, margin):
    return my_batch_hard(distances.square(), labels, margin)


def of_all(distances, labels, margin):
    positive, negative = _masks(labels)
    worst = torch.where(positive, distances, -torch.inf).amax() - torch.where(negative, distances, torch.inf).amin()
    return (worst + margin).clamp(min=0).expand(len(labels))


def detached(distances, labels, margin):
    return my_batch_hard(distances.detach(), labels, margin)


HARDEST_WRONG = [
    (takes_mean, "one value per anchor"),
    (all_pairs, "one value per pair"),
    (all_triplets, "one value per triplet"),
    (no_hinge, "never negative"),
    (of_all, "distances of another"),
    (detached, "as far as autograd can see"),
    (counts_itself, "no positive of its own"),
    (flipped, "sign flipped"),
    (averages, "one should: the hardest"),
    (squared_distances, "in size, not 1"),
    (easiest_positive, "Which positive is hard"),
    (easiest_negative, "Which negative is hard"),
    (no_margin, "What is left of the hinge"),
    (alone_costs, "No triplet, no loss"),
    (takes_sum, "a single number"),
    (along_the_columns, "along the last dimension"),
    (doubled, "multiplied or divided by a number"),
    (margin_taken_off, "taken off instead of added"),
    (labels_first, "arguments in another order"),
    (itself_when_alone, "its own positive"),
    (masks_exchanged, "sign flipped, or a label misread"),
]


# Exercise 3


def _summed(x, where):
    return torch.where(where, x, 0.0).sum(-1)


WEIGHT = given("pair_metric_learning/3")
A, B, C = WEIGHT["pull"], WEIGHT["push"], WEIGHT["centre"]


def my_deviance(*inputs):
    return right(3)(*inputs)


def _sides(s, positive, negative):
    """What the positives cost, and the negatives."""
    nothing = torch.zeros_like(positive)
    return my_deviance(s, positive, nothing), my_deviance(s, nothing, negative)


def sharpness_exchanged(s, positive, negative):
    pull, _ = _sides(C + B / A * (s - C), positive, negative)
    _, push = _sides(C + A / B * (s - C), positive, negative)
    return A / B * pull + B / A * push


def centre_forgotten(s, positive, negative):
    return my_deviance(s + C, positive, negative)


def centre_added(s, positive, negative):
    return my_deviance(s + 2 * C, positive, negative)


def of_a_neighbour(*inputs):
    return right(3, "Grace")(*inputs)


def undivided(s, positive, negative):
    pull, push = _sides(s, positive, negative)
    return A * pull + B * push


def negatives_undivided(s, positive, negative):
    pull, push = _sides(s, positive, negative)
    return pull + B * push


def sharpness_flipped(s, positive, negative):
    return _summed(-F.softplus(A * (s - C)) / A, positive) + _summed(F.softplus(B * (s - C)) / B, negative)


def negated(s, positive, negative):
    return -my_deviance(s, positive, negative)


def averaged(s, positive, negative):
    return my_deviance(s, positive, negative) / 2


def three_times(s, positive, negative):
    return 3 * my_deviance(s, positive, negative)


def over_the_anchors(s, positive, negative):
    near, far = F.softplus(-A * (s - C)) / A, F.softplus(B * (s - C)) / B
    return torch.where(positive, near, torch.where(negative, far, 0.0)).sum(0)


def pair_by_pair(s, positive, negative):
    near, far = F.softplus(-A * (s - C)) / A, F.softplus(B * (s - C)) / B
    return torch.where(positive, near, torch.where(negative, far, 0.0))


def masks_first(positive, negative, s):
    return my_deviance(s, positive, negative)


def weights_themselves(s, positive, negative):
    return _summed(torch.sigmoid(-A * (s - C)), positive) + _summed(torch.sigmoid(B * (s - C)), negative)


def sides_swapped(s, positive, negative):
    return my_deviance(s, negative, positive)


def everything_else(s, positive, negative):
    return my_deviance(s, positive, ~positive)


def overflowing(s, positive, negative):
    pull, push = (1 + (-A * (s - C)).exp()).log() / A, (1 + (B * (s - C)).exp()).log() / B
    return _summed(pull, positive) + _summed(push, negative)


def shifted(s, positive, negative):
    return my_deviance(s, positive, negative) + 1


def of_the_batch(s, positive, negative):
    return my_deviance(s, positive, negative).mean()


WEIGHTS_WRONG = [
    ("mean of the batch", of_the_batch, "leave the mean over anchors to the caller"),
    ("over the anchors", over_the_anchors, "runs over the anchors, dim 0"),
    ("pair by pair", pair_by_pair, "one value per pair"),
    ("masks first", masks_first, "arguments in another order"),
    ("sign flipped", negated, "Is a sign flipped"),
    ("sides swapped", sides_swapped, "masks exchanged"),
    ("everything else", everything_else, "in neither mask"),
    ("undivided", undivided, f"{A} times too much"),
    ("negatives undivided", negatives_undivided, f"{B} times too much"),
    ("sharpness flipped", sharpness_flipped, "An easy pair should weigh little"),
    ("sharpness exchanged", sharpness_exchanged, "the sharpness of the other side"),
    ("centre forgotten", centre_forgotten, "as if the centre were 0"),
    ("centre added", centre_added, "Is its sign flipped"),
    ("averaged", averaged, "summed, not averaged"),
    ("three times", three_times, "times the weight that is given"),
    ("weights themselves", weights_themselves, "as its derivative"),
    ("of a neighbour", of_a_neighbour, "compare"),
    ("shifted", shifted, "up to a number"),
    ("overflowing", overflowing, "overflows"),
]


# Exercise 4


def positive_turns_at(*inputs):
    return right(4)["positive_turns_at"](*inputs)


def negative_turns_at(*inputs):
    return right(4)["negative_turns_at"](*inputs)


TURNING = {"positive_turns_at": positive_turns_at, "negative_turns_at": negative_turns_at}


def forgets_to_return(strength, rate):
    negative_turns_at(strength, rate)


TURNING_WRONG = [
    ("undivided", {**TURNING, "positive_turns_at": lambda a, k: max(0.0, math.log(a * k))}, "`rate` times too far"),
    (
        "negative undivided",
        {
            **TURNING,
            "negative_turns_at": lambda a, k: (
                max(0.0, 1 - math.log(2 * a * k)) if a * k < 1.3 else 1 - math.log(2 * a * k)
            ),
        },
        "No distance is below 0",
    ),
    ("sign flipped", {**TURNING, "positive_turns_at": lambda a, k: max(0.0, -math.log(a * k) / k)}, "flipped sign"),
    (
        "swapped arguments",
        {**TURNING, "positive_turns_at": lambda k, a: positive_turns_at(a, k)},
        "exchanged it would be right",
    ),
    (
        "negative's arguments swapped",
        {**TURNING, "negative_turns_at": lambda k, a: negative_turns_at(a, k)},
        "exchanged it would be right",
    ),
    (
        "functions swapped",
        {"positive_turns_at": negative_turns_at, "negative_turns_at": positive_turns_at},
        "the place is",
    ),
    ("positive at half", {**TURNING, "positive_turns_at": lambda a, k: positive_turns_at(a, k) / 2}, "farther out"),
    ("forgets to return", {**TURNING, "negative_turns_at": forgets_to_return}, "`return` missing"),
    ("an overflow", {**TURNING, "negative_turns_at": lambda a, k: math.inf}, "not a finite number"),
    (
        "without the rate",
        {**TURNING, "positive_turns_at": lambda a, k: max(0.0, math.log(max(a, 1.0)) / k)},
        "the place is farther out",
    ),
    ("below zero", {**TURNING, "positive_turns_at": lambda a, k: math.log(a * k) / k}, "No distance is below 0"),
    ("never zero", {**TURNING, "positive_turns_at": lambda a, k: abs(math.log(a * k)) / k}, "should give 0"),
    (
        "a whole derivative",
        {**TURNING, "negative_turns_at": lambda a, k: max(0.0, 1 - math.log(a * k) / k)},
        "only half of it",
    ),
    (
        "the other way",
        {**TURNING, "negative_turns_at": lambda a, k: max(0.0, 0.9 - math.log(2 * a * k) / k)},
        "the place is farther out",
    ),
    (
        "always inside",
        {**TURNING, "negative_turns_at": lambda a, k: max(0.05, 1 - math.log(2 * a * k) / k)},
        "drawn in from everywhere",
    ),
    ("a word", {**TURNING, "negative_turns_at": lambda a, k: f"{a} away"}, "must be made of numbers"),
]


# Exercise 5


def my_loss(*inputs):
    return right(5)["loss"](*inputs)


def linear(s, positive, negative):
    return _summed(s, negative) / negative.sum(-1).clamp(min=1) - _summed(s, positive) / positive.sum(-1).clamp(min=1)


def away_from_positives(s, positive, negative):
    return -my_loss(s, positive, negative)


def itself_too(s, positive, negative):
    return _summed(1 - s, ~negative) + _summed(s.clamp(min=0.5), negative)


def divides_by_none(s, positive, negative):
    return _summed(1 - s, positive) / positive.sum(-1) + _summed(s.clamp(min=0.5), negative)


def selects(s, positive, negative):
    return torch.stack(
        [(1 - row[p]).sum() + row[n].clamp(min=0.5).sum() for row, p, n in zip(s, positive, negative, strict=True)]
    )


OWN = {"loss": my_loss, "circle_loses": "as much"}


def takes_sum(s, positive, negative):
    return my_loss(s, positive, negative).sum()


def pair_by_pair_loss(s, positive, negative):
    return torch.where(positive, 1 - s, torch.where(negative, s.clamp(min=0.5), 0.0))


def masks_exchanged_loss(s, positive, negative):
    return my_loss(s, negative, positive)


def labels_last(positive, negative, s):
    return my_loss(s, positive, negative)


def infinite(s, positive, negative):
    good = torch.where(positive, 5 * s, -torch.inf).logsumexp(-1)
    bad = torch.where(negative, 5 * s, -torch.inf).logsumexp(-1)
    return F.softplus(bad - good)


OWN_WRONG = [
    ("a sum", {**OWN, "loss": takes_sum}, "a single number"),
    ("pair by pair", {**OWN, "loss": pair_by_pair_loss}, "Return one value per anchor"),
    ("masks exchanged", {**OWN, "loss": masks_exchanged_loss}, "sign flipped"),
    ("arguments swapped", {**OWN, "loss": labels_last}, "arguments in another order"),
    ("infinity", {**OWN, "loss": infinite}, "a logarithm taken of 0"),
    ("a number", {**OWN, "loss": of_the_batch}, "one value per anchor"),
    ("a straight line", {**OWN, "loss": linear}, "still spend its gradient"),
    ("upside down", {**OWN, "loss": away_from_positives}, "sign flipped"),
    ("itself", {**OWN, "loss": itself_too}, "in neither mask"),
    ("a count of 0", {**OWN, "loss": divides_by_none}, "divided by a count of 0"),
    ("selection by a mask", {**OWN, "loss": selects}, "torch.vmap"),
    ("the other guess", {**OWN, "circle_loses": "less"}, "which are the hard ones now"),
]


def empty(*args):
    """A stub."""


def dots(*args): ...


#: Answers that are not attempted yet.
STUBS = {
    "pair_metric_learning/1": [
        None,
        ...,
        {"distances": [..., ..., ..., ...], "losses": ..., "hard": ..., "semi_hard": ..., "push": ...},
    ],
    "pair_metric_learning/2": [None, ..., empty, dots],
    "pair_metric_learning/3": [None, dots],
    "pair_metric_learning/4": [None, {"positive_turns_at": dots, "negative_turns_at": dots}],
    "pair_metric_learning/5": [None, {"loss": dots, "circle_loses": ...}],
}


#: What each exercise asks for, or what is one step from it.
FORBIDDEN = {
    "pair_metric_learning/by_hand.py": {"contrastive_loss", "triplet_margin_loss", "sqrt", "hypot", "relu", "clamp"},
    "pair_metric_learning/hardest.py": {
        "batch_hard_triplet_loss",
        "max_over",
        "min_over",
        "amax",
        "amin",
        "relu",
        "clamp",
    },
    "pair_metric_learning/weights.py": {"softplus", "log1p", "logsigmoid", "logaddexp", "log"},
    "pair_metric_learning/turning.py": {"log", "log1p", "adaptive_margin_triplet_loss"},
    "pair_metric_learning/own.py": {
        "n_pairs_loss",
        "softmax",
        "log_softmax",
        "logsumexp",
        "softplus",
        "lifted_structure_loss",
    },
}


def wrong_answers():
    """(key, name, answer, words that the feedback must have)."""
    named = {
        "pair_metric_learning/1": by_hand_wrong(),
        "pair_metric_learning/2": [(f.__name__, f, words) for f, words in HARDEST_WRONG],
        "pair_metric_learning/3": WEIGHTS_WRONG,
        "pair_metric_learning/4": TURNING_WRONG,
        "pair_metric_learning/5": OWN_WRONG,
    }
    return [(key, *case) for key, cases in named.items() for case in cases]
