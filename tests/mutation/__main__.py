"""How many mutants of the losses the tests notice: `make mutation`.

    python -m tests.mutation [--only FILE ...] [--sample N] [--jobs N] [--fresh] [--keep-kills] [--declared]
                             [--despite-failures]

The report is `_build/mutation/report.json`, in words `_build/mutation/report.md`. A run that was stopped goes on where
it was, as long as library and tests are the same. Survivors that `equivalent.yml` explains count as survivors in the
score; the score without them stands beside it.

cosmic-ray makes the mutants: mutmut leaves decorated functions alone, and every loss is one.
"""

import argparse
import os
import random
import sys
import time
from multiprocessing import connection as connections
from pathlib import Path

from . import report, sandbox
from .mutants import mutants_of
from .plan import Plans, measure

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "lossatlas"
PRIMITIVES = [SOURCE / "contract" / name for name in report.PRIMITIVES]
FILES = (*sorted((SOURCE / "losses").rglob("*.py")), *PRIMITIVES)


def main():
    options = _options()
    state = report.State(ROOT, fresh=options.fresh, keep_kills=options.keep_kills)
    files = [f for f in FILES if not options.only or f.name in options.only or f.stem in options.only]
    if not files:
        sys.exit(f"no such file among {', '.join(f.name for f in FILES)}")
    sys.path.insert(0, str(ROOT / "src"))
    os.environ["PYTHONPATH"] = str(ROOT / "src")  # for tests that start a Python of their own
    plans = Plans(_measured(options.despite_failures))
    groups = ("body", "declared") if options.declared else ("body",)
    wanted = [m for f in files for m in mutants_of(f) if m.group in groups]
    report.check_equivalents(wanted, files)
    if options.sample:
        wanted = random.Random(0).sample(wanted, min(options.sample, len(wanted)))
    left = [m for m in wanted if m.key not in state.results]
    print(f"{len(wanted)} mutants, {len(left)} of them to try, {options.jobs} at a time", flush=True)
    _try(left, plans, state, options.jobs)
    text, enough = report.write(ROOT, wanted, state)
    print(text)
    return 0 if enough else f"less than {report.BAR:.0%} of the changes of the losses were noticed"


def _options():
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="FILE", help="files of losses, as softmax.py")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants, chosen at random")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (2)")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier run found")
    parser.add_argument(
        "--keep-kills", action="store_true", help="trust the kills of an earlier run though tests have changed since"
    )
    parser.add_argument(
        "--despite-failures", action="store_true", help="leave out the tests that fail on the library as it is"
    )
    parser.add_argument(
        "--declared", action="store_true", help="also change what decorators declare: domains, bounds, special cases"
    )
    return parser.parse_args()


def _measured(despite_failures):
    """What the library as it is shows of its tests; all of them must pass."""
    print("the library as it is ...", flush=True)
    started = time.monotonic()
    checks, failed = measure()
    if failed:
        print(
            "\n".join(["the library as it is fails:", *(f"{name}: {why[:300]}" for name, why in failed.items())]),
            flush=True,
        )
        if not despite_failures:
            sys.exit(1)
        checks = {name: check for name, check in checks.items() if name not in failed}
    print(f"passes {len(checks)} checks in {time.monotonic() - started:.0f} s", flush=True)
    return checks


def _try(mutants, plans, state, jobs):
    started, waiting, running, done = time.monotonic(), list(reversed(mutants)), {}, 0
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            process, ours = sandbox.in_child(sandbox.run_checks, mutant.path, mutant.source, plans.of(mutant))
            running[process.sentinel] = mutant, process, ours
        for sentinel in connections.wait(list(running)):
            mutant, process, ours = running.pop(sentinel)
            state.keep(mutant, sandbox.result(process, ours))
            done += 1
            if done % 50 == 0 or not (waiting or running):
                alive = sum(found["end"] == "passed" for found in state.results.values())
                print(f"{done}/{len(mutants)} tried in {time.monotonic() - started:.0f} s, {alive} alive", flush=True)


if __name__ == "__main__":
    sys.exit(main())
