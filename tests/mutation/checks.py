"""The tests that a mutant is held to, one by one, without a run of pytest where that can be avoided.

Imported in a child process only, after the changed source is in place: it imports the library.
"""

import inspect
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import tests.conftest  # noqa: F401  (the profile of hypothesis)
import torch
from tests.contract import (
    battery,
    cases,
    test_declared,
    test_errors,
    test_exemptions,
    test_reference,
    test_special_cases,
)

ROOT = Path(__file__).parents[2]
LOSSES = str(ROOT / "src" / "lossatlas" / "losses")
SAFE = str(ROOT / "src" / "lossatlas" / "contract")
OF_ENTRIES = (test_declared, test_errors, test_exemptions, test_reference, test_special_cases)
FILES = ("tests/losses", "tests/contract/test_safe.py")


@dataclass
class Check:
    """One generated test, of one case or of one loss."""

    test: object
    subject: object
    loss: str
    case: str | None = None  # None: it takes the loss at all its settings

    def failure(self):
        """None where the test passes (or is skipped, or fails with leave), else the first words of its complaint."""
        torch.manual_seed(0)
        try:
            self.test(self.subject)
        except (pytest.skip.Exception, pytest.xfail.Exception):
            return None
        except (Exception, pytest.fail.Exception) as error:
            return f"{type(error).__name__}: {error}"
        return None


def by_name():
    """name -> check, for every generated test of every loss."""
    found = {}
    of_cases = battery.tests()
    for case in cases.cases():
        for name, test in of_cases.items():
            found[f"{name}[{case.id}]"] = Check(test, case, case.entry.name, case.id)
    for module in OF_ENTRIES:
        for name, test in vars(module).items():
            if name.startswith("test_") and list(inspect.signature(test).parameters) == ["entry"]:
                for entry in cases.entries():
                    found[f"{name}[{entry.name}]"] = Check(test, entry, entry.name)
    return found


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
        if code.co_filename.startswith((LOSSES, SAFE)):
            self.found.add((code.co_filename, code.co_firstlineno))


class _Watch:
    """A pytest plugin: how long each test takes and what it reaches, and an alarm for each."""

    def __init__(self, limit=None, trace=False):
        self.limit, self.trace, self.seen, self.failed = limit, trace, {}, None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        if self.limit:
            signal.alarm(int(self.limit) + 1)
        torch.manual_seed(0)
        if not self.trace:
            return (yield)
        started = time.process_time()
        with Reached() as reached:
            outcome = yield
        self.seen[item.nodeid] = {"reached": reached.found, "seconds": time.process_time() - started}
        return outcome

    def pytest_runtest_logreport(self, report):
        if report.failed and self.failed is None:
            self.failed = f"{report.nodeid}: {report.longreprtext.splitlines()[-1] if report.longreprtext else ''}"
        if report.failed:
            self.seen.pop(report.nodeid, None)


def run_pytest(names, *options, **watching):
    watch = _Watch(**watching)
    options = [*options, "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT)]
    code = pytest.main([*options, *names], plugins=[watch])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) and watch.failed is None:
        watch.failed = f"pytest ended with {code!r}"
    return watch

