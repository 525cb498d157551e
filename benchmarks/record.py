"""The record of a run, `benchmarks.json`.

{"machine": what `timing.machine` says,
 "packages": {package: version} of the peers,
 "sizes": {size: {axis: length}},
 "left_out": one for each peer that is met at the smallest size only: {"loss", "package", "symbol",
    "memory_ratio": to the loss there, which says that the other sizes would fill the memory},
 "rows": one for each loss, size, form and peer; for a loss without peers one for each size and form:
   {"loss", "family", "size", "form": "eager" | "compiled",
    "peer": null | {"package", "symbol"},
    "fastest": true at the one of these peers beside which the loss is slowest; else absent,
    "seconds": {"median", "low", "high"} (quartiles), "peer_seconds": median | null,
    "ratio": {"median", "low", "high"} of seconds / peer_seconds, round by round | null,
    "bytes": peak beyond the inputs, "peer_bytes" | null, "memory_ratio" | null: null where the peer is no torch function,
    "decorator_seconds": {"median", "low", "high"}, eager rows only,
    "peer_form": compiled rows with a peer only: "eager" where it cannot be compiled or is faster eager,
    "gradient": "own" where the peer has no torch gradient but its own (scikit-learn, JAX), else absent,
    "hyper": {name: value}, "dtype": only where they are not the defaults and float32},
 "summary": {form: {size or "all": {
    "cells": number of (loss, size) with peers, "geometric_mean": of their ratios to the fastest peer,
    "share_not_slower": of ratios <= 1, "not_slower": their number, "slower": {loss: worst ratio},
    "memory_geometric_mean": likewise of the memory ratios to the peer that needs least, "memory_share_not_more",
    "autograd": the same without the peers that bring their own gradient, where there are such}}},
 "contract": one for each signature:
   {"signature", "operation_seconds": spread of x + 1 of ten numbers,
    "checked" and "unchecked" (values not looked at): {"seconds": spread beyond the bare mean, "operations": the same in x + 1}},
 "output_layer": rows of `output_layer.measure`}

Numbers have four significant digits, quartiles three. A part that was not run is absent.
"""

import contextlib
import hashlib
import json
import math
from pathlib import Path

from .contest import SIZES
from .peers import packages
from .timing import machine

HERE = Path(__file__).parent
LIBRARY = HERE.parent / "src" / "lossatlas"


def rounded(value, digits=4):
    """The same with four significant digits in every float, quartiles with three."""
    if isinstance(value, dict):
        return {key: rounded(one, 3 if key in ("low", "high") else digits) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one, digits) for one in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def summary(rows):
    """form -> size, or "all" -> what the ratios to the fastest peers amount to."""
    found = {}
    for form in dict.fromkeys(row["form"] for row in rows):
        of_form = [row for row in rows if row["form"] == form and row["peer"]]
        sizes = list(dict.fromkeys(row["size"] for row in of_form))
        parts = {size: [row for row in of_form if row["size"] == size] for size in sizes} | {"all": of_form}
        found[form] = {size: _standing(part) for size, part in parts.items() if part}
    return found


def _standing(rows):
    found = _amount(rows)
    by_torch = [row for row in rows if row.get("gradient") != "own"]
    if 0 < len(by_torch) < len(rows):
        found["autograd"] = _amount(by_torch)
    return found


def _amount(rows):
    times, memory = _worst(rows, lambda row: row["ratio"]["median"]), _worst(rows, lambda row: row["memory_ratio"])
    slower = {}
    for (loss, _), ratio in times.items():
        if ratio > 1:
            slower[loss] = max(ratio, slower.get(loss, 0))
    not_slower = sum(ratio <= 1 for ratio in times.values())
    found = {
        "cells": len(times),
        "geometric_mean": geometric_mean(times.values()),
        "share_not_slower": not_slower / len(times),
        "not_slower": not_slower,
        "slower": slower,
    }
    if memory:
        found["memory_geometric_mean"] = geometric_mean(memory.values())
        found["memory_share_not_more"] = sum(ratio <= 1 for ratio in memory.values()) / len(memory)
    return found


def _worst(rows, ratio_of):
    """(loss, size) -> the highest of the ratios, which is the one to the best peer; None is no ratio."""
    found = {}
    for row in rows:
        if (ratio := ratio_of(row)) is not None:
            key = row["loss"], row["size"]
            found[key] = max(ratio, found.get(key, 0))
    return found


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))


def write(path, parts):
    """Write the parts that were run; other parts of a record from the same machine and packages stay.

    Args:
        path: of `benchmarks.json`.
        parts: among "eager" and "compiled" (rows), "left_out", "contract" and "output_layer".

    Returns:
        The whole record.
    """
    where = {"machine": machine(), "packages": {name: version for name, version in packages().items() if version}, "sizes": SIZES}
    before = json.loads(path.read_text()) if path.exists() else {}
    if any(before.get(key) != value for key, value in where.items()):
        before = {}
    rows = []
    for form in ("eager", "compiled"):
        rows += rounded(parts[form]) if form in parts else [row for row in before.get("rows", []) if row["form"] == form]
    record = {**where, "rows": rows, "summary": rounded(summary(rows))}
    for part in ("left_out", "contract", "output_layer"):
        if found := parts.get(part) or before.get(part):
            record[part] = rounded(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_text(record))
    return record


def _text(record):
    """JSON with one row a line."""
    parts = []
    for key, value in record.items():
        if isinstance(value, list):
            text = "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in value) + "\n]"
        else:
            text = json.dumps(value)
        parts.append(f"{json.dumps(key)}: {text}")
    return "{" + ",\n".join(parts) + "}\n"


class Journal:
    """What a run has measured so far, kept on disk: a run that was stopped goes on where it was.

    Only a run of the same code, packages and machine goes on from it.
    """

    def __init__(self, path, settings):
        self.path = path
        self.done = {}
        key = {"machine": machine(), "packages": packages(), "code": fingerprint(), "settings": settings}
        lines = path.read_text().splitlines() if path.exists() else []
        if lines[:1] == [json.dumps(key)]:
            with contextlib.suppress(ValueError):  # the last line may be torn
                for line in lines[1:]:
                    cell, found = json.loads(line)
                    self.done[tuple(cell)] = found
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(one) + "\n" for one in [key, *([list(cell), found] for cell, found in self.done.items())]))

    def __call__(self, cell, measure):
        """What was measured of a cell, now or before the run was stopped.

        Args:
            cell: tuple of strings and numbers.
            measure: function without arguments, whose result JSON can hold.
        """
        if cell not in self.done:
            self.done[cell] = rounded(measure())
            with self.path.open("a") as file:
                file.write(json.dumps([list(cell), self.done[cell]]) + "\n")
        return self.done[cell]

    def close(self):
        """The run is over: the next one measures everything anew."""
        self.path.unlink()


def fingerprint():
    """One name for the code that is measured and the code that measures."""
    digest = hashlib.sha256()
    for folder in (LIBRARY / "contract", LIBRARY / "signatures", LIBRARY / "losses", HERE):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
