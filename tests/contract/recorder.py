"""The record of what the generated tests prove: a pytest plugin, loaded by `tests/conftest.py` in every run of them.

Of each loss for which a run includes all generated tests it writes how every test ended, and the numbers that the
tests noted, into `_build/measured/certificates.json`, family by family. The book's certificates are made of that file.
"""

import importlib
import inspect
import json
import os
from pathlib import Path

import pytest
from tests.contract import measured
from tests.contract.cases import settings_of

import lossatlas
from lossatlas.publishing.build.keys import fingerprints

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROPERTY = "lossatlas"
#: From the least informative to what must not be overlooked.
RANKS = ("skipped", "passed", "xfailed", "failed")


def pytest_addoption(parser):
    where = ROOT / "_build" / "measured" / "certificates.json"
    parser.addoption(
        "--certificates", type=Path, default=where, metavar="FILE", help="record of what the generated tests prove"
    )


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config.getoption("--certificates")), "certificates")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Send along, from whichever process runs the test, what it was about and what it measured."""
    report = yield
    numbers = measured.taken()
    # Other tests may have an argument of the same name, that is something else.
    given = item.callspec.params if item.path.parent == HERE and hasattr(item, "callspec") else {}
    case = given.get("case")
    entry = case.entry if case else given.get("entry")
    if entry is not None:
        about = {"loss": entry.name, "case": case.id if case else None, "test": name_of(item.module, item.originalname)}
        report.user_properties.append((PROPERTY, about))
    if numbers:
        report.user_properties.append((f"{PROPERTY}.measured", numbers))
    return report


class Recorder:
    """Gathers the reports of a session and writes what they prove. It never makes a run fail."""

    def __init__(self, target):
        self.target, self.message = Path(target), ""
        self.before = fingerprints(ROOT)
        self.outcomes, self.numbers, self.runs, self.reasons = {}, {}, {}, {}

    def pytest_runtest_logreport(self, report):
        for name, value in report.user_properties:
            if name == PROPERTY:
                key = (value["loss"], value["test"], value["case"])
                end = outcome_of(report)
                self.outcomes[key] = worst([self.outcomes.get(key), end])
                if end == "xfailed":
                    self.reasons[key[:2]] = report.wasxfail.removeprefix("reason: ")
                self.runs[value["loss"]] = self.runs.get(value["loss"], 0) + (end not in (None, "skipped"))
            elif name == f"{PROPERTY}.measured":
                for case, found in value.items():
                    kept = self.numbers.setdefault(case.partition("-")[0], {})
                    kept.update({what: min(number, kept.get(what, number)) for what, number in found.items()})

    def pytest_sessionfinish(self, session):
        try:
            self.message = self.write()
        except Exception as error:  # whatever it is, it is not what the tests are about
            self.message = f"no record of what was proven: {type(error).__name__}: {error}"

    def pytest_terminal_summary(self, terminalreporter):
        if self.message:
            terminalreporter.write_line(self.message)

    def write(self):
        """Put what was proven in full into the record; returns a message about it."""
        ran = {loss for loss, _, _ in self.outcomes}
        entries = [entry for entry in lossatlas.registry() if entry.name in ran and belongs(entry)]
        tests = generated_tests() if entries else {}
        proven = {entry.name: self.certificate(entry, tests) for entry in entries if self.is_complete(entry, tests)}
        if not proven:
            return ""
        if fingerprints(ROOT) != self.before:
            return "no record of what was proven: the sources changed while the tests ran"
        from benchmarks.timing import machine

        record, where = read(self.target).get("families", {}), machine()
        promises = {name: promise for name, (_, promise) in tests.items()}
        for family in dict.fromkeys(entry.family for entry in entries if entry.name in proven):
            head = {"machine": where, "fingerprint": self.before[family], "tests": promises}
            former = record.get(family, {})
            same = {key: former.get(key) for key in head} == head
            losses = {**(former["losses"] if same else {})}
            for name in [entry.name for entry in entries if entry.family == family and entry.name in proven]:
                known = losses.get(name, {}).get("measured", {})
                losses[name] = {**proven[name], "measured": {**known, **proven[name]["measured"]}}
            record[family] = {**head, "losses": dict(sorted(losses.items()))}
        write_atomically(self.target, {"families": dict(sorted(record.items()))})
        return f"what was proven of {len(proven)} loss{'es' * (len(proven) > 1)}: {os.path.relpath(self.target)}"

    def is_complete(self, entry, tests):
        """Whether each generated test was run at each setting of the loss."""
        cases = [case.id for case in settings_of(entry)]
        wanted = [(name, case) for name, (kind, _) in tests.items() for case in (cases if kind == "case" else [None])]
        return all((entry.name, name, case) in self.outcomes for name, case in wanted)

    def certificate(self, entry, tests):
        """The results of the run for one loss. A test that is not listed with how it ended has passed."""
        ends = {
            name: worst(end for (loss, test, _), end in self.outcomes.items() if (loss, test) == (entry.name, name))
            for name in tests
        }
        settings = settings_of(entry)
        return {
            "cases": [case.id for case in settings],
            "runs": self.runs[entry.name],
            "tests": {name: end for name, end in ends.items() if end != "passed"},
            "exempt": dict(entry.exempt),
            "reasons": {
                test: reason
                for (loss, test), reason in self.reasons.items()
                if loss == entry.name and tests[test][1] not in entry.exempt
            },
            "invariances": sorted({name for case in settings for name in entry.invariances_at(**case.hyper)}),
            "special_cases": [special(case) for case in entry.special_cases],
            "measured": {
                what: round(float(number), 2) for what, number in sorted(self.numbers.get(entry.name, {}).items())
            },
        }


def generated_tests():
    """name -> ("case" or "entry", promise or None) of every test that runs for each loss."""
    found = {}
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(f"tests.contract.{path.stem}")
        for name, test in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(test) and test.__module__ == module.__name__:
                kinds = {"case", "entry"} & set(inspect.signature(test).parameters)
                if kinds:
                    found[name_of(module, name)] = (*kinds, getattr(test, "promise", None))
    return found


def name_of(module, function):
    """`edges/ordinary_edges` for `test_edges.py::test_ordinary_edges`."""
    return f"{module.__name__.rpartition('.')[2].removeprefix('test_')}/{function.removeprefix('test_')}"


def belongs(entry):
    """Whether a loss is the library's own: tests register others."""
    return entry.body.__module__.startswith("lossatlas.losses.")


def outcome_of(report):
    """How one phase of a test ended; a setup that went well decides nothing yet."""
    if report.failed:
        return "failed"
    if report.skipped:
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    return "passed" if report.when == "call" else None


def worst(outcomes):
    return max((outcome for outcome in outcomes if outcome), key=RANKS.index, default=None)


def special(case):
    """A declared special case in plain data."""
    facts = {"when": dict(case.when), "of": case.of, "then": dict(case.then), "scale": case.scale}
    return {**facts, "of_other_inputs": case.via is not None, "shifted": case.offset is not None}


def read(path):
    """A record as it stands; an empty one where there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}


def write_atomically(path, record):
    """Put a record in its place in one step, so that nobody reads half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        part.write_text(json.dumps(record, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
