"""The page *How fast*: what a loss costs beside the packages that have it."""

import html
import math

from ..build.records import COMMANDS, joined
from ..build.wording import listed, machine_words, origins, raw
from .scale import scale_part
from .speed_plot import speed_plot
from .speed_tables import alone, beside, contract, cost, output_layer

OPENING = """(speed)=
# How fast

What does it cost that a loss checks its inputs, weighs and masks its items and stays exact at the edges? Here each one
is timed beside every package that computes the same, at several sizes, as it is (*eager*) and compiled
(`torch.compile`).
"""

READING = """Each mark is a loss at one size, each bar the quartiles. The line is the fastest peer: left of it ours
takes less time. Filled marks on the shaded side are slower. The losses with the slowest marks stand on top.

In a small batch there is little to compute, and what counts is how many steps Python takes: the checks, and several
operations where a peer that is built into torch is one. In a large batch the passes over the numbers count.
"""

TABLE = """## All ratios

The number in bold is the time of ours as a multiple of theirs, below it the quartiles and the time of ours. *Memory* is
the peak of what is allocated on the way, as a multiple too.
"""

MEASURED = """## How it was measured

What is timed is forward and backward of one batch on one thread, in float32 unless the table says otherwise. Ours and
theirs get the same numbers and run side by side: they take turns, round after round, so that a busy moment of the
machine hits both. Each round gives a ratio, ours divided by theirs. Shown are the median of the ratios and their
quartiles. A ratio below 1 means that ours is faster.{sizes}

Times depend on the machine. Ratios do so less; to see them on yours, run `make bench`.
"""

CHECKS = """## What the checks cost

Each call checks types and shapes, and looks at the values of labels and of whatever has a range. {cost}Where every call
counts and inputs are known to be right, look at the values no longer:

```python
with lossatlas.value_checks(False):
    ...  # types and shapes are still checked
```

On an accelerator a look at the values also makes the processor wait for the device, so there it pays most.
"""

LAYER = """## An output layer for many classes

A training step of a softmax over all classes, and one of the Z-loss with its scores written out, as multiples of the
same step with `FactoredSphericalLayer`, which never computes the scores.
"""


def speed_page(parts, scale):
    """The page as MyST markdown.

    Args:
        parts: family -> its part of the benchmarks' record; empty where there is none.
        scale: likewise of the record of memory and time at scale.
    """
    at_scale = scale_part(scale)
    if not parts:
        missing = f"No measurement is on record yet. `{COMMANDS['benchmarks']}` times every loss and leaves the record."
        return "\n".join([OPENING, missing, "", *at_scale, MEASURED.format(sizes=""), CHECKS.format(cost="")])
    rows = joined(parts, "rows")
    met, unmet = [row for row in rows if row["peer"]], [row for row in rows if not row["peer"]]
    pieces = [OPENING, *_plots(met)]
    if met:
        pieces += [TABLE, raw(beside(met))]
    if unmet:
        pieces += ["## Losses that nobody else has\n", raw(alone(unmet))]
    if layers := joined(parts, "output_layer"):
        pieces += [LAYER, raw(output_layer(layers))]
    pieces += [*at_scale, MEASURED.format(sizes=_sizes(parts)), _left_out(parts), CHECKS.format(cost=cost(rows))]
    if contracts := joined(parts, "contract"):
        pieces.append(raw(contract(contracts)))
    pieces += ["## Where it was run\n", origins(parts, _origin)]
    return "\n".join(piece for piece in pieces if piece)


def _origin(part):
    packages = [f"{name} {version}" for name, version in sorted(part.get("packages", {}).items())]
    return f"On {machine_words(part['machine'])}, with {html.escape(listed(packages or ['PyTorch']))}."


def _plots(rows):
    reading = READING
    for form in dict.fromkeys(row["form"] for row in rows):
        of_form = [row for row in rows if row["form"] == form]
        if cells := against_the_fastest(of_form):
            words = summary(of_form)
            alt = (
                f"{form.capitalize()} time of each loss as a multiple of the fastest peer's. "
                f"{words.replace('`', '').replace('*', '')} The table below has the numbers."
            )
            yield f"## {form.capitalize()}\n\n{words}\n\n{reading}"
            yield raw(f"<figure>{speed_plot(cells, form, alt)}</figure>")
            reading = ""


def against_the_fastest(rows, key="ratio"):
    """(loss, size) -> the highest of the ratios: that to the fastest peer (of memory, to the one that needs least)."""
    found = {}
    for row in rows:
        ratio = row.get(key)
        if row["peer"] and ratio is not None:
            ratio = ratio if isinstance(ratio, dict) else {"median": ratio}
            place = row["loss"], row["size"]
            found[place] = max(found.get(place, ratio), ratio, key=lambda one: one["median"])
    return found


def summary(rows):
    """What the ratios amount to, in a few sentences."""
    cells = against_the_fastest(rows)
    fast = sum(ratio["median"] <= 1 for ratio in cells.values())
    sizes = dict.fromkeys(size for _, size in cells)
    by_size = [
        f"{_mean({key: ratio for key, ratio in cells.items() if key[1] == size})} at size *{size}*" for size in sizes
    ]
    words = [
        f"Beside the fastest peer ours takes, in the geometric mean, {_mean(cells)} times as long"
        + (f": {listed(by_size)}." if len(by_size) > 1 else "."),
        f"In {fast} of {len(cells)} comparisons it takes no longer.",
    ]
    by_torch = against_the_fastest(row for row in rows if row.get("gradient") != "own")
    if by_torch and by_torch != cells:
        words.append(
            "Beside those that torch differentiates, without packages that bring a gradient of their own, it takes "
            f"{_mean(by_torch)} times as long."
        )
    if memory := against_the_fastest(rows, "memory_ratio"):
        words.append(f"It needs {_mean(memory)} times the memory of the peer that needs least.")
    return " ".join(words)


def _mean(cells):
    medians = [ratio["median"] for ratio in cells.values()]
    return f"{math.exp(sum(map(math.log, medians)) / len(medians)):.2f}" if min(medians) > 0 else "0"


def _sizes(parts):
    named = dict.fromkeys(
        f"*{size}* is {', '.join(f'${axis} = {n}$' for axis, n in axes.items())}"
        for part in parts.values()
        for size, axes in part.get("sizes", {}).items()
    )
    return f" Of the sizes, {listed(list(named))}: items, classes, features." if named else ""


def _left_out(parts):
    left_out = [f"{one['package']}'s `{one['symbol']}`" for one in joined(parts, "left_out")]
    return (
        f"Met at the smallest size only, because it would fill the memory at the others: {listed(left_out)}.\n"
        if left_out
        else ""
    )
