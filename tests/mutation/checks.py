"""The tests that a mutant goes through, one by one and without a run of pytest, which would take longer than they do.

Imported where the library is to be imported: in a child, after the changed source is in place.
"""

import importlib
import inspect
import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tests.conftest  # noqa: F401  (the profile of hypothesis)
import torch
from tests.contract import (
    battery,
    cases,
    modules,
    operations,
    test_declared,
    test_errors,
    test_exemptions,
    test_modules,
    test_operations,
    test_reference,
    test_special_cases,
)

ROOT = Path(__file__).parents[2]
WATCHED = (str(ROOT / "src" / "lossatlas" / "losses"), str(ROOT / "src" / "lossatlas" / "contract"))
OF_ENTRIES = (test_declared, test_errors, test_exemptions, test_reference, test_special_cases)
#: Written by hand, for losses and what they compute with.
FILES = ("families/test_golden.py", "families/*/test_*.py", "contract/test_safe.py")


@dataclass
class Check:
    """One test with its arguments. `subject` is what it is about: a case, a loss, or a file of tests."""

    test: object
    arguments: dict
    subject: str

    def failure(self):
        """None where the test passes (or is skipped, or fails with leave), else the first words of its complaint."""
        torch.manual_seed(0)
        try:
            self.test(**self.arguments)
        except (pytest.skip.Exception, pytest.xfail.Exception):
            return None
        except (Exception, pytest.fail.Exception) as error:
            return f"{type(error).__name__}: {error}"
        return None


def generated():
    """name -> check, for every generated test of every loss, operation and module."""
    found = {}
    for module, argument, subjects in (
        (test_operations, "operation", operations.operation_cases()),
        (test_modules, "module", modules.stateful()),
    ):
        for name, test in vars(module).items():
            if name.startswith("test_") and list(inspect.signature(test).parameters) == [argument]:
                for subject in subjects:
                    found[f"{name}[{subject.id}]"] = Check(test, {argument: subject}, subject.id)
    of_cases = battery.tests()
    for case in cases.cases():
        for name, test in of_cases.items():
            found[f"{name}[{case.id}]"] = Check(test, {"case": case}, case.id)
    for module in OF_ENTRIES:
        for name, test in vars(module).items():
            if name.startswith("test_") and list(inspect.signature(test).parameters) == ["entry"]:
                for entry in cases.entries():
                    found[f"{name}[{entry.name}]"] = Check(test, {"entry": entry}, entry.name)
    return found


def in_files():
    """name -> check, for every test in the files."""
    files = sorted(file for pattern in FILES for file in (ROOT / "tests").glob(pattern))
    return {name: check for file in files for name, check in in_file(module_of(file)).items()}


def module_of(file):
    """The name under which a file of tests is imported."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def in_file(name):
    """The tests of a module, each at all its parameters."""
    module = importlib.import_module(name)
    found = {}
    for test in vars(module).values():
        if inspect.isfunction(test) and test.__name__.startswith("test_") and test.__module__ == name:
            for number, arguments in enumerate(_parameters(test)):
                found[f"{name}::{test.__name__}::{number}"] = Check(test, arguments, name)
    return found


def _parameters(test):
    """The arguments that pytest's `parametrize` gives to a test, one dictionary for each of its runs."""
    choices = []
    for mark in getattr(test, "pytestmark", ()):
        if mark.name != "parametrize":
            continue
        names, values = mark.args[:2]
        names = [n.strip() for n in names.split(",")] if isinstance(names, str) else names
        choices.append([dict(zip(names, _each(value, len(names)), strict=True)) for value in values])
    runs = [{k: v for choice in each for k, v in choice.items()} for each in itertools.product(*choices)]
    if set(inspect.signature(test).parameters) != set(runs[0]):
        raise TypeError(f"{test.__name__} takes fixtures, which only pytest can give: put it elsewhere")
    return runs


def _each(value, count):
    """The values of one run: of `pytest.param`, of a tuple, or one alone."""
    if hasattr(value, "marks"):
        return value.values
    return value if count > 1 else [value]


def find(names):
    """The checks of these names, in order; files are loaded as they come."""
    known = generated()
    for name in names:
        if name not in known:
            known.update(in_file(name.partition("::")[0]))
        yield name, known[name]


class Reached:
    """The functions of the losses that run: {(file, line of the function)}. torch.compile is better left alone."""

    def __init__(self, but=False):
        self.found, self.but = set(), but

    def __enter__(self):
        if not self.but:
            sys.settrace(self._called)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    def _called(self, frame, event, argument):
        code = frame.f_code
        if code.co_filename.startswith(WATCHED):
            self.found.add((code.co_filename, code.co_firstlineno))
