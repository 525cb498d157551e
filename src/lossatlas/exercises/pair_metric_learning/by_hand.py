"""Exercise 1: one anchor, one positive and three negatives in the plane, with pencil and paper.

Distances are checked against Pythagoras, losses against the distances, and the push on the anchor against the
effect of small moves.
"""

import math

from ..answers import Number, Numbers, Parts
from ..exercise import Exercise, Wrong, need
from ..probes import show

ROUNDING = 2e-3  # three decimals are enough
NEAR, BETWEEN, FAR = [(3, 0), (0, 4), (0, 3), (4, 0)], [(6, 0), (0, 6)], [(6, 8), (8, 6), (12, 5), (5, 12), (0, 10)]


def numbers(draw):
    """Points with whole coordinates, at whole distances from the anchor: one negative of each kind, in any order."""

    def turned(offsets):
        x, y = offsets[draw.integer(0, len(offsets) - 1)]
        return (1 - 2 * draw.integer(0, 1)) * x, (1 - 2 * draw.integer(0, 1)) * y

    anchor = (draw.integer(-5, 5), draw.integer(-5, 5))
    positive, *negatives = [turned(offsets) for offsets in ([(3, 4), (4, 3)], NEAR, BETWEEN, FAR)]
    first = draw.integer(0, 2)
    negatives = negatives[first:] + negatives[:first]
    moved = [[anchor[0] + x, anchor[1] + y] for x, y in (positive, *negatives)]
    return {"anchor": list(anchor), "positive": moved[0], "negatives": moved[1:], "margin": 2}


def offsets(draw):
    """From the anchor to the positive and to each negative."""
    x, y = draw.numbers["anchor"]
    return [(a - x, b - y) for a, b in [draw.numbers["positive"], *draw.numbers["negatives"]]]


def pythagoras(answer, draw):
    """`distances` are those of Pythagoras, the positive's first."""
    names = ["the positive", "negative 0", "negative 1", "negative 2"]
    for found, (x, y), name in zip(answer.distances.tolist(), offsets(draw), names, strict=True):
        need(
            found > 0, f"the distance to {name} is {found:.4g}. A distance between two different points is above zero."
        )
        if abs(found**2 - x * x - y * y) > ROUNDING * 30:
            need(
                abs(found - x * x - y * y) > ROUNDING,
                f"for {name} you gave the squared distance. In this exercise distances are not squared.",
            )
            need(
                abs(found - abs(x) - abs(y)) > ROUNDING,
                f"for {name} you added the steps along both axes. The straight way is shorter.",
            )
            raise Wrong(
                f"your distance to {name} is {found:.4g}, but from the anchor it is {x} along the first axis and {y}"
                " along the second."
            )


def hinges(answer, draw):
    """`losses` are 0, or what is missing to the margin."""
    margin = draw.numbers["margin"]
    near, *apart = answer.distances.tolist()
    for k, (loss, far) in enumerate(zip(answer.losses.tolist(), apart, strict=True)):
        seen = f"for negative {k}, with the positive at {near:.4g} and the negative at {far:.4g}, you gave {loss:.4g}"
        need(loss > -ROUNDING, f"{seen}. A hinge is never negative.")
        if abs(loss) < ROUNDING:
            need(
                far > near + margin - ROUNDING,
                f"{seen}. The negative would have to be {margin} farther than the positive for that.",
            )
        else:
            need(abs(loss - (near - far)) > ROUNDING, f"{seen}. Is the margin missing?")
            need(
                abs(loss - (far - near + margin)) > ROUNDING or abs(far - near) < ROUNDING,
                f"{seen}. Is a sign flipped?",
            )
            need(
                abs(loss + far - near - margin) < ROUNDING,
                f"{seen}. By how much does the negative fall short of the margin?",
            )


def kinds(answer, draw):
    """`hard` and `semi_hard` name the right negatives."""
    near, *apart = (math.dist((0, 0), offset) for offset in offsets(draw))
    for name, found in (("hard", answer.hard), ("semi_hard", answer.semi_hard)):
        need(found in (0, 1, 2), f"`{name}` is {found:g}; it must be the number of a negative, 0, 1 or 2.")
    hard, semi = apart[int(answer.hard)], apart[int(answer.semi_hard)]
    need(
        hard < near,
        f"you called a negative at {hard:.4g} hard, but the positive is at {near:.4g}. A hard negative is nearer than"
        " the positive.",
    )
    need(
        semi > near,
        f"you called a negative at {semi:.4g} semi-hard, but the positive is at {near:.4g}. A semi-hard negative is"
        " farther than the positive.",
    )
    margin = draw.numbers["margin"]
    need(
        semi < near + margin,
        f"you called a negative at {semi:.4g} semi-hard. It is beyond the margin, so its loss is 0 and it teaches"
        " nothing.",
    )


def small_moves(answer, draw):
    """`push` predicts what small steps of the anchor do to the loss with the hard negative."""
    (px, py), *apart = offsets(draw)
    nx, ny = apart[int(answer.hard)]
    h = 1e-4

    def violation(x, y):
        return math.dist((x, y), (px, py)) - math.dist((x, y), (nx, ny))

    rates = [(violation(h, 0) - violation(-h, 0)) / (2 * h), (violation(0, h) - violation(0, -h)) / (2 * h)]
    push = answer.push.tolist()
    need(
        max(abs(r - p) for r, p in zip(rates, push, strict=True)) > ROUNDING,
        "every entry has the wrong sign: this is the gradient, which points uphill. The push goes the other way.",
    )
    for axis, rate, given in zip(("first", "second"), rates, push, strict=True):
        need(
            abs(rate + given) < 2 * ROUNDING,
            f"your `push` is {show(answer.push)}, but a step of a thousandth along the {axis} axis does not lower the"
            f" loss by {given:.4g} thousandths. The positive draws the anchor with a unit vector, and the negative"
            " drives it off with another.",
        )


BY_HAND = Exercise(
    key="pair_metric_learning/1",
    title="Three negatives by hand",
    minutes=10,
    form=Parts(
        distances=Numbers("distances", 4),
        losses=Numbers("losses", 3),
        hard=Number("hard"),
        semi_hard=Number("semi_hard"),
        push=Numbers("push", 2),
    ),
    given=numbers,
    properties=(pythagoras, hinges, kinds, small_moves),
)
