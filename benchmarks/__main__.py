"""`python -m benchmarks`: run the benchmarks, write their record and its tables."""

import argparse
import os
import time
from pathlib import Path

# Before torch and the peers are loaded: compiled code is kept, and no package counts on more than one thread.
BUILD = Path("_build").resolve()
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(BUILD / "inductor"))
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("KINETO_LOG_LEVEL", "99")
for library in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import torch  # noqa: E402

import lossatlas  # noqa: E402

from . import compiled, contest, contract, losses, output_layer  # noqa: E402
from .contest import SIZES  # noqa: E402
from .peers import peers  # noqa: E402
from .record import Journal, write  # noqa: E402
from .tables import TABLES, table  # noqa: E402

PACE = {"rounds": 31, "least_seconds": 0.002, "most_seconds": 2.0}
QUICK = {"rounds": 3, "least_seconds": 0.0}


def eager(journal, quick):
    sizes = ["small"] if quick else list(SIZES)
    cells = [(entry, size) for size in sizes for entry in lossatlas.registry()]
    return _rows("eager", cells, journal, lambda entry, size: losses.measure(entry, size, QUICK if quick else PACE))


def left_out(journal, quick):
    found = []
    for peer in peers():
        if times := contest.fills_memory(lossatlas.get(peer.loss), peer):
            found.append({"loss": peer.loss, "package": peer.package, "symbol": peer.symbol, "memory_ratio": times})
    return found


def compiled_forms(journal, quick):
    entries, sizes, pace, backend = lossatlas.registry(), list(SIZES), PACE, "inductor"
    if quick:  # does it run? Two losses, captured but not compiled further.
        entries, sizes, pace, backend = entries[:2], ["small"], QUICK, "eager"
    cells = [(entry, size) for size in sizes for entry in entries]
    rivals = {
        (e.name, size): journal(("rivals", e.name, size), lambda e=e, size=size: compiled.fastest_eager(e, size))
        for e, size in cells
    }
    if not quick:
        waiting = [(*cell, among) for cell, among in rivals.items() if ("compiled", *cell) not in journal.done]
        compiled.compile_ahead(waiting, _tell)
    return _rows(
        "compiled",
        cells,
        journal,
        lambda entry, size: compiled.measure(entry, size, pace, rivals[entry.name, size], backend=backend),
    )


def contract_cost(journal, quick):
    pace = QUICK if quick else {"rounds": 101, "least_seconds": 0.002}
    return [
        journal(("contract", kind.name), lambda kind=kind: contract.measure(kind, pace))
        for kind in contract.signatures()
    ]


def output_layers(journal, quick):
    classes, features, batch, seconds = (
        ((200, 2_000), (16,), 8, 0.05)
        if quick
        else (output_layer.CLASSES, output_layer.FEATURES, output_layer.BATCH, 4.0)
    )
    rows = []
    for c, d in [(c, d) for d in features for c in classes]:
        rows.append(
            journal(("output_layer", c, d), lambda c=c, d=d: output_layer.measure(c, d, batch=batch, seconds=seconds))
        )
        _tell(f"output layer {c} × {d}")
    return rows


#: what `--only` chooses -> the parts of the record that it measures
PARTS = {
    "losses": {"left_out": left_out, "eager": eager, "contract": contract_cost},
    "compiled": {"compiled": compiled_forms},
    "output_layer": {"output_layer": output_layers},
}


def _rows(form, cells, journal, measure):
    rows = []
    for count, (entry, size) in enumerate(cells, 1):
        found = journal((form, entry.name, size), lambda entry=entry, size=size: measure(entry, size))
        fastest = next(
            (
                f"{row['ratio']['median']:.2f} × {row['peer']['package']} {row['peer']['symbol']}"
                for row in found
                if row.get("fastest")
            ),
            "",
        )
        _tell(
            f"{form} {count}/{len(cells)}: {entry.name} {size} {1e3 * found[0]['seconds']['median']:.3g} ms {fastest}"
        )
        rows += found
    return rows


def _tell(words):
    print(f"{time.perf_counter() - START:6.0f} s  {words}", flush=True)


START = time.perf_counter()


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Side-by-side timings, on one thread.")
    parser.add_argument("--only", choices=PARTS, help="one of the benchmarks (default: all)")
    parser.add_argument("--quick", action="store_true", help="smallest sizes and few rounds: does it run?")
    parser.add_argument(
        "--out", type=Path, help="folder of the record and its tables (default: _build/measured; --quick: _build/quick)"
    )
    options = parser.parse_args(arguments)
    out = options.out or BUILD / ("quick" if options.quick else "measured")
    torch.set_num_threads(1)
    parts = {name: run for only, runs in PARTS.items() if options.only in (None, only) for name, run in runs.items()}
    journal = Journal(out / "benchmarks.part", {"quick": options.quick})
    record = write(out / "benchmarks.json", {name: run(journal, options.quick) for name, run in parts.items()})
    (out / "benchmarks").mkdir(exist_ok=True)
    for name in parts.keys() & TABLES.keys():
        page = table(record, name)
        (out / "benchmarks" / f"{name}.md").write_text(page)
        print(page)
    journal.close()


if __name__ == "__main__":
    main()
