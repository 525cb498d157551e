"""Forward and backward time of every registered loss: against torch's own loss where it has one, and against the
bare formula, which shows what checks and reduction cost. A new loss is measured without a line here.
"""

import torch

import lossatlas

from .peers import peers
from .timing import alternate, milliseconds, ratio, spread, times, write

#: size -> length of the axes by letter; an axis that is not named keeps the signature's usual length
SIZES = {
    "small": {"N": 32, "C": 10, "D": 16},
    "medium": {"N": 256, "C": 100, "D": 32},
    "large": {"N": 512, "C": 1000, "D": 64},
}


def inputs_of(signature, sizes):
    """Random inputs in float32, ready for gradients. Inputs of any shape get as many entries as N × C."""
    if all(field.axes == ("*",) for field in signature.fields.values()):
        sizes = {"N": sizes["N"] * sizes["C"]}
    inputs = signature.sample(0, dtype=torch.float32, **sizes)
    return {name: x.requires_grad_() if signature.fields[name].floating else x for name, x in inputs.items()}


def runs_of(entry, inputs):
    """name -> a function that goes forward and backward once."""
    wanted = [x for x in inputs.values() if x.requires_grad]

    def there_and_back(function):
        return lambda: torch.autograd.grad(function(**inputs), wanted, allow_unused=True)

    runs = {"loss": there_and_back(entry.function), "bare": there_and_back(lambda **x: entry.body(**x).mean())}
    if peer := peer_of(entry.name):
        runs["peer"] = there_and_back(lambda **x: peer.call(**x, **peer.settings[0]).mean())
    return runs


def peer_of(loss):
    """The first peer that torch's autograd runs through, or None."""
    return next((peer for peer in peers(loss) if peer.differentiable), None)


def measure(entry, size, *, rounds, least_seconds):
    """One row: a loss at a size."""
    samples = alternate(runs_of(entry, inputs_of(entry.signature, SIZES[size])), rounds=rounds, least_seconds=least_seconds)
    row = {
        "loss": entry.name,
        "family": entry.family,
        "size": size,
        "seconds": samples,
        "decorator_seconds": spread([a - b for a, b in zip(samples["loss"], samples["bare"], strict=True)]),
    }
    if "peer" in samples:
        row |= {"peer": peer_of(entry.name).symbol, "ratio": ratio(samples["loss"], samples["peer"])}
    return row


COLUMNS = {
    "loss": lambda row: f"`{row['loss']}`",
    "size": lambda row: row["size"],
    "ms": lambda row: milliseconds(row["seconds"]["loss"]),
    "decorator, µs": lambda row: f"{1e6 * row['decorator_seconds']['median']:.0f}",
    "peer": lambda row: f"`{row['peer']}`" if "peer" in row else "",
    "times the peer": lambda row: times(row["ratio"]) if "ratio" in row else "",
}

NOTES = """Forward and backward of one batch, float32, one thread; median (quartiles) over rounds in which loss, bare formula and peer
take turns. *Decorator* is what checks, weights and reduction add to the bare formula. A ratio below 1 is faster than the
peer. Sizes: {}.""".format("; ".join(f"{name} " + " ".join(f"{a}={n}" for a, n in sizes.items()) for name, sizes in SIZES.items()))


def run(out, *, quick):
    """Measure every registered loss and write `losses.json` and `losses.md`."""
    sizes = ["small"] if quick else list(SIZES)
    rounds, least_seconds = (3, 0.0) if quick else (15, 0.002)
    rows = [measure(entry, size, rounds=rounds, least_seconds=least_seconds) for entry in lossatlas.losses() for size in sizes]
    write(out, "losses", "Every loss, forward and backward", NOTES, rows, COLUMNS)
    return rows
