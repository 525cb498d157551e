"""The page *How fast*: what a loss costs beside the fastest package that has it."""

import html
import math
from itertools import product

from .records import COMMANDS
from .speed_plot import speed_plot
from .wording import code, listed, machine_words, raw, table

OPENING = """(speed)=
# How fast

A loss that checks its input and stays exact at the edges need not be slow. Here each one is timed beside every package that
computes the same, at several sizes, as it is (*eager*) and compiled (`torch.compile`).
"""

MEASURED = """## How it was measured

What is timed is forward and backward of one batch in float32 on one thread. Ours and theirs run side by side: they take
turns, round after round, so that a busy moment of the machine hits both. Each round gives a ratio, ours divided by
theirs. The tables show the median of the ratios and, behind it, the quartiles. A ratio below 1 means that ours is faster.
Memory is the peak of what is allocated on the way, as a ratio as well.

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


def speed_page(record):
    """The page as MyST markdown.

    Args:
        record: the benchmarks' record; None where there is none.
    """
    if record is None:
        missing = f"No measurement is on record yet. `{COMMANDS['benchmarks']}` times every loss and leaves the record."
        return "\n".join([OPENING, missing, "", MEASURED, CHECKS.format(cost="")])
    rows = record["rows"]
    forms = list(dict.fromkeys(row["form"] for row in rows))
    parts = [OPENING]
    for form in forms:
        cells = against_the_fastest(row for row in rows if row["form"] == form)
        if cells:
            words = summary(cells)
            alt = f"{form.capitalize()} time of each loss as a multiple of the fastest peer's. {words} The table below has the numbers."
            parts += [f"## {form.capitalize()}\n", f"{words}\n", *([READING] if form == forms[0] else []), raw(f"<figure>{speed_plot(cells, form, alt)}</figure>")]
    alone = [row for row in rows if not row["peer"]]
    parts += ["## All ratios\n", raw(_beside([row for row in rows if row["peer"]]))]
    if alone:
        parts += ["## Losses that nobody else has\n", raw(_alone(alone))]
    parts += [MEASURED, CHECKS.format(cost=_cost(rows)), "## Where it was run\n", f"On {machine_words(record['machine'])}.\n"]
    return "\n".join(parts)


READING = """Each mark is a loss at one size, each bar the quartiles. The line is the fastest peer: left of it ours takes less time. Filled
marks on the shaded side are slower. The slowest stand on top.
"""


def against_the_fastest(rows):
    """(loss, size) -> the ratio to the fastest peer: the highest of the ratios."""
    found = {}
    for row in rows:
        if row["peer"] and row["ratio"]:
            key = row["loss"], row["size"]
            found[key] = max(found.get(key, row["ratio"]), row["ratio"], key=lambda ratio: ratio["median"])
    return found


def summary(cells):
    """What the ratios amount to, in a sentence or two."""
    medians = [ratio["median"] for ratio in cells.values()]
    mean = math.exp(sum(map(math.log, medians)) / len(medians))
    fast = sum(median <= 1 for median in medians)
    slower = sorted({loss for (loss, _), ratio in cells.items() if ratio["median"] > 1})
    words = f"Beside the fastest peer at each size ours takes {mean:.2f} times as long in the geometric mean; in {fast} of {len(medians)} comparisons no longer."
    return f"{words} Slower somewhere: {listed([f'`{loss}`' for loss in slower])}." if slower else words


def _beside(rows):
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    found = {(row["loss"], _peer(row), row["form"], row["size"]): row for row in rows}
    groups = sorted({key[:3] for key in found}, key=lambda key: (key[0], key[2] != "eager", key[1]))
    body = [
        [code(loss), peer, html.escape(form), *(_cell(found[(loss, peer, form, size)]) if (loss, peer, form, size) in found else "" for size in sizes)]
        for loss, peer, form in groups
    ]
    head = ["Loss", "Peer", "Form", *map(html.escape, sizes)]
    return table(head, body, label="Time and memory beside each peer", kind="atlas-ratios")


def _peer(row):
    return f"{html.escape(row['peer']['package'])} {code(row['peer']['symbol'])}"


def _cell(row):
    ratio = row["ratio"]
    memory = "" if row.get("memory_ratio") is None else f"<br>memory {_number(row['memory_ratio'])}"
    word = ' <span class="atlas-sign failed">slower</span>' if ratio["median"] > 1 else ""
    return f"<b>{ratio['median']:.2f}</b> ({ratio['low']:.2f}–{ratio['high']:.2f}){word}<br>{_time(row['seconds']['median'])}{memory}"


def _number(value):
    return f"{value['median'] if isinstance(value, dict) else value:.2f}"


def _alone(rows):
    sizes, forms = (list(dict.fromkeys(row[key] for row in rows)) for key in ("size", "form"))
    found = {(row["loss"], row["form"], row["size"]): row for row in rows}
    losses = list(dict.fromkeys(row["loss"] for row in rows))
    body = [
        [code(loss), html.escape(form), *(_time(found[loss, form, size]["seconds"]["median"]) if (loss, form, size) in found else "" for size in sizes)]
        for loss, form in product(losses, forms)
        if any((loss, form, size) in found for size in sizes)
    ]
    return table(["Loss", "Form", *map(html.escape, sizes)], body, label="Time of losses without a peer", kind="atlas-ratios")


def _cost(rows):
    """What the decorator adds to the bare formula, by the record."""
    seconds = [row["decorator_seconds"] for row in rows if row["form"] == "eager" and row.get("decorator_seconds") is not None]
    seconds = sorted(cost["median"] if isinstance(cost, dict) else cost for cost in seconds)
    if not seconds:
        return ""
    return f"With weights, masks and reduction that adds {_time(seconds[len(seconds) // 2])} to the bare formula in the median, {_time(seconds[-1])} at most. "


def _time(seconds):
    return f"{1e3 * seconds:.3g} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.3g} µs"
