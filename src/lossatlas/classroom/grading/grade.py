"""Grade one submission: every check of every question, each point with the reason it was given or not.

What goes wrong is kept apart. A property that fails costs points and is explained. A part that is not attempted costs
points kindly. The record of a submission whose process is lost shows that. And an error in the check itself is shown to
the instructor, who must
look at it: it could be the master that is wrong.
"""

import contextlib
import math
import signal
import threading
import time
import traceback
from decimal import Decimal

import torch

from ...exercises import EXERCISES, NotSolved
from ...exercises.answers import is_stub
from ...exercises.run import OutOfTime, collected_results
from .cells import NotANotebook, sources
from .copies import code_of_questions
from .limits import SessionLost
from .session import Session

#: One check may take this long, however its calls share it out.
CHECK_SECONDS = 300.0
LONGEST_WORDS = 4000
SMALL = 100  # entries of an answer that is kept, to be compared with other students' numbers


def grade(notebook, student, master, *, isolation, limits, check_seconds=CHECK_SECONDS):
    """What a submission is worth, as a dictionary that fits into JSON.

    Args:
        notebook: the submission, bytes.
        student: whose it is; decides the numbers of the exercises, whatever name the notebook states.
        master: the `Master` with the checks.
        isolation, limits: for the `Session` that runs the notebook.
        check_seconds: time limit of one check.

    Returns:
        `student`, `declared` (the name the notebook gives, or None), `notebook` (whether it is one), `ran` (whether its
        first cell was reached), `lost` (why its process ended, or ""), `cells` (those that failed), `questions`,
        `seconds`.
    """
    began = time.monotonic()
    record = {
        "student": student,
        "declared": None,
        "lost": "",
        "ran": False,
        "notebook": True,
        "cells": [],
        "questions": [],
    }
    codes, session = {}, None
    try:
        sources(notebook)
        codes = code_of_questions(notebook, master.questions)
        session = Session(notebook, student=student, isolation=isolation, limits=limits)
        with session:
            for question in master.questions:
                record["questions"].append(_question(question, session.answers, student, check_seconds))
            record["declared"] = str(session.declared_student or "")
            record["ran"] = True
    except NotANotebook as reason:
        record["lost"], record["notebook"] = _cut(reason), False
    except SessionLost as lost:
        record["lost"], record["ran"] = _cut(lost), bool(session.cells)
    record["cells"] = [_cell(cell) for cell in session.cells if cell.error] if session else []
    for question in master.questions[len(record["questions"]) :]:
        checks = [_outcome(check, "lost", record["lost"]) for check in question.checks]
        record["questions"].append(_summed(question, checks))
    for question, done in zip(master.questions, record["questions"], strict=True):
        done["code"] = codes.get(question.name)
    record["lost"] = record["lost"] or next(
        (c["words"] for q in record["questions"] for c in q["checks"] if c["state"] == "lost"), ""
    )
    record["seconds"] = round(time.monotonic() - began, 1)
    return record


def exact(points):
    """Points as a decimal number, so that tenths add up."""
    return Decimal(str(points))


def _question(question, answers, student, check_seconds):
    found, missing = {}, set()
    for name in question.answers:
        try:
            found[name] = answers[name]
        except KeyError:
            missing.add(name)
        except SessionLost as lost:
            return _summed(question, [_outcome(check, "lost", _cut(lost)) for check in question.checks])
    untouched = not any(_attempted(value) for value in found.values())
    checks = []
    for check in question.checks:
        needed = [name for name in check.needs if name != "student"]
        absent = [name for name in needed if name in missing]
        if absent or (untouched and needed):
            words = (
                f"the notebook defines no {_listed(absent)}"
                if absent
                else f"{_listed(needed)} {'is' if len(needed) == 1 else 'are'} as handed out"
            )
            checks.append(_outcome(check, "not attempted", words))
            continue
        given = {name: student if name == "student" else found[name] for name in check.needs}
        outcome = try_check(check, given, check_seconds)
        if outcome["state"] == "grader error" and any(done["state"] == "not attempted" for done in checks):
            # A check of the master's own may stumble over a part that is still a stub.
            outcome = _outcome(
                check, "not attempted", next(done["words"] for done in checks if done["state"] == "not attempted")
            )
        checks.append(outcome)
    done = _summed(question, checks)
    done["answer"] = (
        _small(found)
        if len(found) == len(question.answers) and getattr(EXERCISES.get(question.key), "given", None)
        else None
    )
    return done


def _listed(names):
    return ", ".join(f"`{name}`" for name in names)


def _attempted(value):
    if isinstance(value, dict):
        return any(map(_attempted, value.values()))
    try:
        return not (value is None or value is ... or is_stub(value))
    except SessionLost:
        return True


def try_check(check, given, seconds):
    """The outcome of one check.

    Args:
        check: a `Check`.
        given: its arguments by name.
        seconds: the time it may take.

    Returns:
        A dictionary with `state` ("passed", "failed", "not attempted", "out of time", "lost" or "grader error"),
        `earned`, `words`, `lines` (one for each property that was tried) and `score`.
    """
    torch.manual_seed(0)
    with collected_results() as results:
        try:
            with deadline(seconds):
                check.function()(**given)
            return _outcome(check, "passed", results=results)
        except OutOfTime:
            return _outcome(
                check, "out of time", f"Stopped after {seconds:g} seconds. Is there a loop that does not end?", results
            )
        except NotSolved as unsolved:
            result = unsolved.result
            if result.to_do:
                return _outcome(check, "not attempted", result.to_do)
            if result.error is not None:
                return _after(check, result.error, results)
            return _outcome(check, "failed", results=results)
        except (Exception, SystemExit) as error:
            return _after(check, error, results)


def _after(check, error, results):
    """The outcome of a check that an exception ended: whose exception was it?"""
    if isinstance(error, SessionLost):
        return _outcome(check, "lost", _cut(error), results)
    if explanation := getattr(error, "explanation", ""):
        return _outcome(check, "failed", "" if results else _cut(explanation), results)
    if isinstance(error, AssertionError):
        return _outcome(check, "failed", _cut(error) or "It does not hold.", results)
    lines = traceback.format_exception_only(error) + traceback.format_tb(error.__traceback__)[-2:]
    return _outcome(check, "grader error", _cut("".join(lines)))


def _outcome(check, state, words="", results=()):
    """One check as it goes into the record; a property that is met more than once is listed once."""
    lines = list(
        dict.fromkeys((line.name, line.state, _cut(line.words)) for result in results for line in result.feedback)
    )
    scores = [float(result.score) for result in results if result.score is not None and math.isfinite(result.score)]
    return {
        "name": check.name,
        "title": check.words[:1].upper() + check.words[1:].rstrip("."),
        "hidden": check.hidden,
        "points": str(exact(check.points)),
        "earned": str(exact(check.points)) if state == "passed" else "0",
        "state": state,
        "words": words,
        "lines": [dict(zip(("name", "state", "words"), line, strict=True)) for line in lines],
        "score": scores[-1] if scores and state == "passed" else None,
    }


def _summed(question, checks):
    states = {check["state"] for check in checks}
    earned = sum(map(Decimal, (check["earned"] for check in checks)), Decimal(0))
    if states == {"passed"}:
        state = "full"
    elif states == {"not attempted"}:
        state = "not attempted"
    else:
        state = "partial" if earned else "none"
    # Hidden checks draw inputs of their own: a score that is reached there counts.
    scores = [
        check["score"] for check in sorted(checks, key=lambda check: check["hidden"]) if check["score"] is not None
    ]
    return {
        "name": question.name,
        "key": question.key,
        "number": question.number,
        "title": question.title,
        "earned": str(earned),
        "out_of": str(sum((exact(check.points) for check in question.checks), Decimal(0))),
        "state": state,
        "score": scores[-1] if scores else None,
        "checks": checks,
        "answer": None,
        "code": None,
    }


def _cell(cell):
    return {"index": cell.index, "source_head": _cut(cell.source_head), "error": _cut(cell.error)}


def _small(value):
    """An answer of a few numbers and words, as JSON has them; None for all others, and for those with a function."""
    if isinstance(value, torch.Tensor):
        value = value.tolist() if value.numel() <= SMALL else None
    if isinstance(value, list | tuple) and len(value) <= SMALL:
        entries = [_small(entry) for entry in value]
        return None if None in entries else entries
    if isinstance(value, dict) and len(value) <= SMALL:
        entries = {str(name): _small(entry) for name, entry in value.items()}
        return None if None in entries.values() else entries
    return value if isinstance(value, int | float) or (isinstance(value, str) and len(value) <= 200) else None


def _cut(words):
    words = str(words).strip()
    return words if len(words) <= LONGEST_WORDS else words[:LONGEST_WORDS] + " …"


@contextlib.contextmanager
def deadline(seconds):
    """Raise `OutOfTime` in the main thread when the block takes longer.

    `time_limit` inside a property uses the alarm clock of the process, and there is only one.
    """
    running = True

    def stop(number, frame):
        if running:
            raise OutOfTime

    signal.signal(signal.SIGUSR1, stop)
    timer = threading.Timer(seconds, signal.pthread_kill, (threading.main_thread().ident, signal.SIGUSR1))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        running = False
        timer.cancel()
