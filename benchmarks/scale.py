"""`python -m benchmarks.scale`: memory and time of losses that compare rows with rows, some at a time and all at once.

Each is measured in a process of its own, on one thread: value and gradient of one batch, after a small one that loads
what has to be loaded. Time is the processor's, which other work on the machine changes least. Memory is what the
process uses at
most beyond what it used before: the inputs and room for their gradients are there already.

The record, `scale.json`: {"machine", "packages": {package: version} of the peers, "width": of the vectors,
"whole": whether all that there is was measured, "rows": what `measure` gives}.
"""

import argparse
import functools
import json
import resource
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

WIDTH = 128
#: (loss, whose it is, pairs or vectors in the batch, rows at a time)
LARGE = [
    (loss, "lossatlas", 32_768, 64)
    for loss in (
        "info_nce",
        "clip_loss",
        "siglip_loss",
        "nt_xent",
        "decoupled_contrastive_loss",
        "multi_similarity_loss",
        "info_nce on embeddings",
    )
]
BESIDE = [
    ("nt_xent", "lossatlas", 2_048, 32),
    ("nt_xent", "lossatlas", 2_048, None),
    ("nt_xent", "lightly", 2_048, None),
    ("nt_xent", "lossatlas", 4_096, 64),
    ("nt_xent", "lightly", 4_096, None),
    ("nt_xent", "lossatlas", 256, 16),
    ("nt_xent", "pytorch-metric-learning", 256, None),
    ("multi_similarity_loss", "lossatlas", 4_096, 32),
    ("multi_similarity_loss", "pytorch-metric-learning", 4_096, None),
]
QUICK = [("nt_xent", "lossatlas", 64, 16), ("multi_similarity_loss", "lossatlas", 64, None)]


def loss_of(name, whose):
    """The loss as a function of a batch, and the name of its signature."""
    import lossatlas

    loss, _, kind = name.partition(" on ")
    signature = kind or lossatlas.get(loss).signature.name
    if whose == "lossatlas":
        return lossatlas.on(getattr(lossatlas.signatures, kind), loss) if kind else getattr(lossatlas, loss), signature
    from .peers import peers

    found = [peer for peer in peers(loss) if peer.package == whose]
    return functools.partial(found[0].call, **found[0].settings[0]), signature


def batch(signature, n):
    import torch

    generator = torch.Generator().manual_seed(n)
    vectors = [
        torch.randn(n, WIDTH, generator=generator).requires_grad_()
        for _ in range(1 if signature == "embeddings" else 2)
    ]
    return (
        [*vectors, torch.randint(0, max(n // 8, 2), (n,), generator=generator)]
        if signature == "embeddings"
        else vectors
    )


def measure(name, whose, n, rows, rounds=1):
    """Bytes and processor seconds of value and gradient. To be called in a fresh process: a peak is never forgotten."""
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    loss, signature = loss_of(name, whose)
    options = {} if rows is None else {"rows_at_once": rows}

    def run(inputs):
        start = time.process_time()
        loss(*inputs, **options).backward()
        return time.process_time() - start

    run(batch(signature, 64))
    inputs = batch(signature, n)
    for x in inputs:
        x.grad = torch.zeros_like(x) if x.requires_grad else None
    before = _peak()
    seconds = [run(inputs) for _ in range(rounds)]
    return {
        "loss": name,
        "package": whose,
        "n": n,
        "rows": rows,
        "bytes": _peak() - before,
        "seconds": statistics.median(seconds),
    }


def _peak():
    """Bytes that this process used at most so far. Linux's count `ru_maxrss` would begin with those of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measured_apart(cell, rounds=1):
    command = [sys.executable, "-m", "benchmarks.scale", "--cell", json.dumps([*cell, rounds])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def recorded(rows, whole):
    """What was measured, with where it was measured, and whether it is all that there is."""
    # Not at the top: what these load would raise the peak that a cell begins with.
    from .peers import packages
    from .record import rounded
    from .timing import machine

    met = {row["package"] for row in rows}
    return {
        "machine": machine(),
        "packages": {name: version for name, version in packages().items() if name in met},
        "width": WIDTH,
        "whole": whole,
        "rows": rounded(rows),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description="Memory and time of losses that compare, at scale."
    )
    parser.add_argument("--quick", action="store_true", help="small batches: does it run?")
    parser.add_argument("--beside", action="store_true", help="only what other packages are measured beside")
    parser.add_argument("--out", type=Path, help="file to write the record to")
    parser.add_argument("--cell", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.cell:
        print(json.dumps(measure(*options.cell)))
        return
    rows = []
    cells = QUICK if options.quick else BESIDE if options.beside else BESIDE + LARGE
    for cell in cells:
        rows.append(measured_apart(cell, 5 if cell in BESIDE else 1))
        row = rows[-1]
        at_once = "all" if row["rows"] is None else row["rows"]
        print(
            f"{row['loss']:<28}{row['package']:<26}N = {row['n']:<8}rows {at_once!s:<6}{row['bytes'] / 1e6:>8.0f}"
            f" MB{row['seconds']:>9.2f} s",
            flush=True,
        )
    if options.out:
        from .record import text

        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text(recorded(rows, cells == BESIDE + LARGE)))


if __name__ == "__main__":
    main()
