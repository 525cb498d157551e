"""A changed source file, tried in a child process: nothing on disk changes, nothing outlives the child.

The child forgets `lossatlas` and `tests.*`, imports them anew with the changed source in place of the file, and runs
the checks until one fails.
"""

import faulthandler
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEMORY = 12 * 2**30
KEPT = ("mutation", "references")
FORK = multiprocessing.get_context("fork")


class Standin(importlib.abc.MetaPathFinder):
    """Finds one module, with another source than its file has."""

    def __init__(self, path, source):
        self.path, self.source = Path(path).resolve(), source

    def find_spec(self, fullname, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.origin is None or Path(spec.origin).resolve() != self.path:
            return None
        loader = _Loader(fullname, spec.origin, self.source)
        linecache.cache[spec.origin] = (len(self.source), None, self.source.splitlines(keepends=True), spec.origin)
        return importlib.util.spec_from_file_location(
            fullname, spec.origin, loader=loader, submodule_search_locations=spec.submodule_search_locations
        )


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname, path, source):
        super().__init__(fullname, path)
        self.source = source

    def get_source(self, fullname):
        return self.source

    def get_code(self, fullname):
        return compile(self.source, self.path, "exec", dont_inherit=True)


def forget():
    """Let the next import of the library and of its tests load them anew; the naive loops do not know the library."""
    for name in list(sys.modules):
        head, _, rest = name.partition(".")
        if head == "lossatlas" or (head == "tests" and rest and not rest.startswith(KEPT)):
            del sys.modules[name]
    sys.modules.pop(f"{__package__}.checks", None)


def in_child(work, *arguments):
    """Start `work(*arguments)` in a forked child: (process, connection that its result comes through)."""
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_in_child, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    return process, ours


def result(process, connection):
    """What the child sent last, or how it died: {"end": "passed" | "failed" | "timed out" | "crashed", ...}."""
    found = None
    try:
        while True:
            found = connection.recv()
    except EOFError:
        pass
    process.join()
    connection.close()
    if process.exitcode == 0:
        return found
    by = found["check"] if found else "import"
    if process.exitcode == -signal.SIGALRM:
        return {"end": "timed out", "by": by}
    return {"end": "crashed", "by": by, "why": f"exit status {process.exitcode}"}


def _in_child(connection, work, arguments):
    faulthandler.disable()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    forget()
    signal.alarm(60)  # for the import of a mutant; each check sets its own
    try:
        connection.send(work(connection, *arguments))
    except BaseException:
        connection.send({"end": "failed", "by": "import", "why": traceback.format_exc(limit=-3)})


def run_checks(connection, path, source, plan):
    """Run the checks of a plan, as `plan.Plans.of` gives it, on a source: the first that fails ends it."""
    started = time.monotonic()
    sys.meta_path.insert(0, Standin(path, source))
    # Not `from . import`, which would find the one that was forgotten, on the package.
    checks = importlib.import_module(f"{__package__}.checks")
    limits, took = dict(plan), {}
    for name, check in checks.find(limits):
        connection.send({"check": name})
        signal.alarm(int(limits[name]) + 1)
        begun = time.monotonic()
        why = check.failure()
        took[name] = time.monotonic() - begun
        if why is not None:
            return {"end": "failed", "by": name, "why": why[:600], "seconds": time.monotonic() - started}
    slowest = dict(sorted(took.items(), key=lambda item: -item[1])[:5])
    return {"end": "passed", "seconds": time.monotonic() - started, "checks": len(plan), "slowest": slowest}
