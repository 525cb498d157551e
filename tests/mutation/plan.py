"""Which checks a mutant goes through, and in what order: what is near and cheap comes first.

Before all mutants the library as it is goes through every check once. That run shows how long each takes and which
functions it reaches: a mutant goes through the checks that reach what it changes. Of those that are slow and generated,
to the checks of six cases; which can only lower the score.
"""

import ast
import functools
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOW = 0.15  # seconds; slower are hypothesis and torch.compile
SLOW_CASES = 6
COMPILED = "test_compile["
PATIENCE, LEAST = 20, 120  # a check may take so many times its usual time, and at least so many seconds


def measure():
    """Everything, on the library as it is: how long each check takes, what it reaches, and what fails.

    It runs in the process that the mutants' children are forked from: exact reference numbers, once computed, are
    then there for all of them.
    """
    from . import checks

    found, failed = {}, {}
    for name, check in {**checks.generated(), **checks.in_files()}.items():
        started = time.process_time()
        with checks.Reached(but=COMPILED in name) as trace:
            why = check.failure()
        if why is not None:
            failed[name] = why
        seconds = time.process_time() - started
        found[name] = {"seconds": seconds, "pieces": _pieces_at(trace.found), "subject": check.subject}
    return found, failed


class Plans:
    """The plan of every mutant, from what was measured: lists of (check's name, seconds it may take)."""

    def __init__(self, checks):
        self.checks = checks
        self.reached = defaultdict(set)  # subject -> the pieces of source that its checks reach
        for check in checks.values():
            self.reached[check["subject"]] |= check["pieces"]
        for name, check in checks.items():
            if COMPILED in name:
                check["pieces"] = self.reached[check["subject"]]

    def of(self, mutant):
        pieces, own = _touched(mutant), mutant.function
        blocks = defaultdict(list)  # what is tried in one go: (subject, whether its checks are slow)
        for name, check in self.checks.items():
            # A loss's own checks in any case: its defaults are seen where its formula goes the short way.
            if check["pieces"] & pieces or _loss(check["subject"]) == own:
                blocks[check["subject"], check["seconds"] >= SLOW].append((check["seconds"], name))
        cost = {key: sum(seconds for seconds, _ in block) for key, block in blocks.items()}
        near = sorted(blocks, key=lambda key: (key[1], _loss(key[0]) != own, cost[key]))
        slow = [key for key in near if key[1] and "." not in key[0]][:SLOW_CASES]
        order = near[:2] + sorted((k for k in near[2:] if not k[1] or "." in k[0] or k in slow), key=cost.get)
        return [(name, max(LEAST, PATIENCE * seconds)) for key in order for seconds, name in sorted(blocks[key])]


def _loss(subject):
    """The loss that a case or a loss is of."""
    return subject.partition("-")[0]


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
