"""The record of a run, `benchmarks.json`.

{"machine": what `timing.machine` returns,
 "packages": {package: version} of the peers,
 "sizes": {size: {axis: length}},
 "left_out": one for each peer that is met at the smallest size only: {"loss", "package", "symbol",
    "memory_ratio": to the loss there, which shows that the other sizes would fill the memory},
 "rows": one for each loss, size, form and peer; for a loss without peers one for each size and form:
   {"loss", "size", "form": "eager" | "compiled",
    "peer": {"package", "symbol"} | null,
    "fastest": true at the one of these peers beside which the loss is slowest,
    "seconds": {"median"}, where the loss is by itself with the quartiles "low" and "high",
    "peer_seconds": median,
    "ratio": {"median", "low", "high"} of the seconds of loss and peer, round by round,
    "bytes": peak beyond the inputs, "memory_ratio": of this to the peer's, where the peer's tensors are torch's,
    "decorator_seconds": median, in one eager row for each loss and size,
    "peer_form": "eager" | "compiled", in compiled rows: eager where it cannot be compiled or is faster eager,
    "compiled_ratio": median of the ratio to the peer's compiled form, where the eager one is faster,
    "gradient": "own" where the peer is not differentiated by torch, but brings its own gradient (scikit-learn, JAX),
    "dtype", "hyper": {name: value} where they are not float32 and the defaults},
   what does not apply is absent,
 "families": {loss: family},
 "summary": {form: {size or "all": {
    "cells": number of (loss, size) with peers, "geometric_mean": of their ratios to the fastest peer,
    "share_not_slower": of ratios <= 1, "not_slower": their number, "slower": {loss: worst ratio} (in "all"),
    "memory_geometric_mean": likewise of the memory ratios to the peer that needs least, "memory_share_not_more",
    "like_for_like": in the compiled form: geometric mean of the ratios to the fastest peer's compiled form,
    "autograd": the same without the peers that bring their own gradient, where there are such}}},
 "contract": one for each signature:
   {"signature", "operation_seconds": spread of x + 1 of ten numbers,
    "checked" and "unchecked" (values not looked at): {"seconds": spread beyond the bare mean, "operations": the same in
    x + 1}},
 "output_layer": rows of `output_layer.measure`, each with the "family" that the layer is of}

Numbers have four significant digits. A part that was not run is absent.
"""

import contextlib
import hashlib
import json
import math
from pathlib import Path

import lossatlas

from .contest import SIZES
from .peers import packages
from .timing import machine

HERE = Path(__file__).parent
LIBRARY = HERE.parent / "src" / "lossatlas"


def rounded(value):
    """The same with four significant digits in every float."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def summary(rows):
    """form -> size, or "all" -> what the ratios to the fastest peers amount to."""
    found = {}
    for form in dict.fromkeys(row["form"] for row in rows):
        of_form = [row for row in rows if row["form"] == form and row["peer"]]
        sizes = list(dict.fromkeys(row["size"] for row in of_form))
        parts = {size: [row for row in of_form if row["size"] == size] for size in sizes} | {"all": of_form}
        found[form] = {size: _standing(part) for size, part in parts.items() if part}
        if of_form:
            worst = _worst([row for row in of_form if row["ratio"]["median"] > 1], lambda row: row["ratio"]["median"])
            found[form]["all"]["slower"] = {
                loss: max(r for (one, _), r in worst.items() if one == loss) for loss, _ in worst
            }
    return found


def _standing(rows):
    found = _amount(rows)
    by_torch = [row for row in rows if row.get("gradient") != "own"]
    if 0 < len(by_torch) < len(rows):
        found["autograd"] = _amount(by_torch)
    return found


def _amount(rows):
    times, memory = _worst(rows, lambda row: row["ratio"]["median"]), _worst(rows, lambda row: row.get("memory_ratio"))
    not_slower = sum(ratio <= 1 for ratio in times.values())
    found = {
        "cells": len(times),
        "geometric_mean": geometric_mean(times.values()),
        "share_not_slower": not_slower / len(times),
        "not_slower": not_slower,
    }
    both_compiled = [row for row in rows if "compiled_ratio" in row or row.get("peer_form") == "compiled"]
    if compiled := _worst(both_compiled, lambda row: row.get("compiled_ratio", row["ratio"]["median"])):
        found["like_for_like"] = geometric_mean(compiled.values())
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
    where = {
        "machine": machine(),
        "packages": {name: version for name, version in packages().items() if version},
        "sizes": SIZES,
    }
    before = json.loads(path.read_text()) if path.exists() else {}
    if any(before.get(key) != value for key, value in where.items()):
        before = {}
    rows = []
    for form in ("eager", "compiled"):
        rows += (
            rounded(parts[form]) if form in parts else [row for row in before.get("rows", []) if row["form"] == form]
        )
    families = {entry.name: entry.family for entry in lossatlas.registry()}
    record = {**where, "families": families, "rows": rows, "summary": rounded(summary(rows))}
    for part in ("left_out", "contract", "output_layer"):
        if found := parts.get(part, before.get(part)):
            record[part] = rounded(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(record))
    return record


def text(record):
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
        path.write_text(
            "".join(
                json.dumps(one) + "\n" for one in [key, *([list(cell), found] for cell, found in self.done.items())]
            )
        )

    def __call__(self, cell, measure):
        """What was measured of a cell, now or before the run was stopped.

        Args:
            cell: tuple of strings and numbers.
            measure: function without arguments, whose result fits into JSON.
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
