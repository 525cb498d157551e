"""All right and typical wrong answers, of the files `answers_<family>.py` beside this one.

Such a file has `solutions(student)`, exercise -> right answer; `wrong_answers()`, a list of (exercise, name, answer, words
that the feedback must have); `STUBS`, exercise -> answers not attempted yet; and `ASKED`, file of checks -> names of
functions that it must not call, because they are what it asks for, or one step from it.
"""

import importlib
from pathlib import Path

MODULES = [importlib.import_module(f"tests.exercises.{path.stem}") for path in sorted(Path(__file__).parent.glob("answers_*.py"))]


def solutions(student=""):
    return {key: answer for module in MODULES for key, answer in module.solutions(student).items()}


def wrong_answers():
    return [case for module in MODULES for case in module.wrong_answers()]


def stubs():
    return {key: found for module in MODULES for key, found in module.STUBS.items()}


def asked():
    return {path: names for module in MODULES for path, names in module.ASKED.items()}
