"""Which checks a mutant is held to, and in what order: what is near and cheap comes first.

Before all mutants the library as it is goes through every check once. That run says how long each takes, and which
functions the checks of each loss, and each test of `tests/losses`, reach.
"""

import ast
import functools
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOW = 0.15  # seconds; slower are hypothesis and torch.compile
SLOW_CASES = 6
PATIENCE, LEAST = 20, 20  # a check may take so many times its usual time, and at least so many seconds


def measure():
    """Everything, on the library as it is: how long each check takes, what it reaches, what fails.

    It runs in the process that the mutants' children are forked from: exact reference numbers, once computed, are
    then there for all of them.
    """
    from . import checks

    found, failed = {}, {}
    for name, check in checks.by_name().items():
        started = time.process_time()
        with checks.Reached(but="test_compile" in name) as trace:
            why = check.failure()
        if why is not None:
            failed[name] = why
        found[name] = {"seconds": time.process_time() - started, "reached": trace.found, "loss": check.loss, "case": check.case}
    return found, failed


def measure_pytest(connection):
    """In a child: the same of the tests in files."""
    from . import checks  # in a child that was forked before any other import of it

    watch = checks.run_pytest(checks.FILES, trace=True)
    return {"end": "passed", "tests": watch.seen, "failed": watch.failed}


class Plans:
    """The plan of every mutant, from what was measured: lists of (name, seconds it may take, tests for pytest)."""

    def __init__(self, checks, tests):
        self.checks, self.pytest = checks, tests
        self.reached = defaultdict(set)  # case or loss -> the pieces of source that its checks reach
        for check in self.checks.values():
            self.reached[check["case"] or check["loss"]] |= _pieces_at(check["reached"])
        for about in self.pytest.values():
            about["pieces"] = _pieces_at(about["reached"])

    def of(self, mutant):
        pieces = _touched(mutant)
        own = mutant.function
        subjects = [s for s, reached in self.reached.items() if reached & pieces or s.partition("-")[0] == own]
        blocks = {(subject, slow): [] for subject in subjects for slow in (False, True)}
        for name, check in self.checks.items():
            block = blocks.get((check["case"] or check["loss"], check["seconds"] >= SLOW))
            if block is not None:
                block.append((check["seconds"], name))
        tests = [nodeid for nodeid, about in self.pytest.items() if about["pieces"] & pieces] or list(self.pytest)
        cost = {key: sum(seconds for seconds, _ in block) for key, block in blocks.items()}
        nearest = sorted((k for k in blocks if not k[1] and "-" in k[0]), key=lambda k: (k[0].partition("-")[0] != own, cost[k]))
        slow = [(subject, True) for subject, _ in nearest[:SLOW_CASES]] + [(s, True) for s in subjects if "-" not in s]
        blocks["pytest"] = [(sum(self.pytest[t]["seconds"] for t in tests), "pytest")]
        cost["pytest"] = 1 + blocks["pytest"][0][0]
        first, rest = nearest[:2], [k for k in blocks if k == "pytest" or not k[1] or k in slow]
        order = first + sorted((k for k in rest if k not in first), key=cost.get)
        limit = lambda seconds: max(LEAST, PATIENCE * seconds)  # noqa: E731
        return [
            (name, limit(seconds), tests if name == "pytest" else None)
            for key in order
            for seconds, name in sorted(blocks[key])
        ]


def pieces(body, names=()):
    """(first line, line after the last, names of the classes around) of each function or other statement, from 0."""
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from pieces(statement.body, (*names, statement.name))
        else:
            first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))]) - 1
            yield first, statement.end_lineno, names


@functools.cache
def _pieces_of(path):
    return list(pieces(ast.parse(Path(path).read_text(encoding="utf-8")).body))


def _piece(path, line):
    """The piece of a file that a line, from 1, lies in."""
    return next(((str(path), first) for first, last, _ in _pieces_of(path) if first < line <= last), None)


def _pieces_at(places):
    return {_piece(path, line) for path, line in places} - {None}


def _touched(mutant):
    """The piece that a mutant changes; of a constant, the pieces that use it."""
    piece = _piece(mutant.path, mutant.line)
    lines = mutant.path.read_text(encoding="utf-8").splitlines()
    if lines[piece[1]].startswith(("def ", "@", " ")):
        return {piece}
    names = set(mutant.function.split(","))
    found = set()
    for path in mutant.path.parent.glob("*.py"):
        for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(statement, ast.Name) and statement.id in names:
                found.add(_piece(path, statement.lineno))
    return found - {None}
