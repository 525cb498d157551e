"""Settings for all tests: one thread, and hypothesis examples that are the same in every run."""

import os
import shutil
import time
import zlib
from collections import Counter
from pathlib import Path

import hypothesis
import pytest
import torch

from tests.families import families

#: Named here, and not beside the tests that it listens to, so that it is there when all of `tests` is run in parts.
pytest_plugins = ["tests.contract.recorder"]

torch.set_num_threads(1)

hypothesis.settings.register_profile(
    "atlas",
    derandomize=True,
    deadline=None,
    max_examples=15,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("atlas")


#: Of the tests that are marked `rotating` every push runs one in so many, by the day; the nightly run has all of them.
SHARES = 3


def pytest_addoption(parser):
    parser.addoption("--family", metavar="NAME", help="run only what concerns this family, and say what that was")
    parser.addoption("--push", action="store_true", help="of the tests marked rotating run the share of this day alone")


def pytest_configure(config):
    # Before there are any workers: a run that crosses midnight keeps to the day on which it began.
    os.environ.setdefault("LOSSATLAS_TEST_DAY", str(int(time.time() // 86400)))
    config.addinivalue_line("markers", "rotating: slow and many alike, so that every push runs a share of them")


def pytest_collection_modifyitems(config, items):
    """With `--family`, keep what concerns it; with `--push`, of the rotating tests the share of this day."""
    if config.getoption("--push"):
        keep(config, items, lambda item: not item.get_closest_marker("rotating") or turn_of(item) == today())
    wanted = config.getoption("--family")
    if wanted is None:
        return
    if wanted not in families():
        raise pytest.UsageError(f"--family: expected one of {', '.join(families())}, got {wanted!r}")
    keep(config, items, lambda item: wanted in families_of(item))


def keep(config, items, wanted):
    """Deselect the tests that are not wanted."""
    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = [item for item in items if wanted(item)]


def turn_of(item):
    return zlib.crc32(item.nodeid.encode()) % SHARES


def today():
    """Which share it is the turn of."""
    return int(os.environ["LOSSATLAS_TEST_DAY"]) % SHARES


def families_of(item):
    """The families that a test concerns: that of its folder, and those of its parameters."""
    parts = item.path.relative_to(Path(__file__).parent).parts
    found = {parts[1]} if parts[0] == "families" and len(parts) > 2 else set()
    for value in item.callspec.params.values() if hasattr(item, "callspec") else ():
        family = getattr(getattr(value, "entry", value), "family", None)
        if family is None and isinstance(value, str):
            family = value.partition("/")[0]  # `contrastive`, or `contrastive/2-stub`
        if isinstance(family, str):
            found.add(family)
    return found


def pytest_terminal_summary(terminalreporter, config):
    """With `--family`, how many tests ran in each file."""
    wanted = config.getoption("--family")
    if wanted is None:
        return
    ran = Counter()
    for outcome in ("passed", "failed", "xfailed", "error"):
        ran.update(report.nodeid.partition("::")[0] for report in terminalreporter.stats.get(outcome, ()))
    terminalreporter.section(f"what was run of {wanted}")
    for name, count in sorted(ran.items()):
        terminalreporter.write_line(f"{count:6}  {name}")


@pytest.fixture
def scratch_registry(monkeypatch):
    """A registry that forgets, after the test, the losses that the test registers."""
    from lossatlas.contract import registry

    registry.losses()
    for table in ("_losses", "_operations", "_aliases"):
        monkeypatch.setattr(registry, table, dict(getattr(registry, table)))


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium for pages on disk: skipped on a machine without one, an error in continuous integration."""
    in_ci = os.environ.get("CI", "").lower() == "true"
    if not in_ci:
        pytest.importorskip("playwright.sync_api")
    from playwright.sync_api import Error, sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as driver:
        try:
            launched = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        except Error as problem:
            if in_ci:
                raise
            pytest.skip(f"no Chromium here: {problem}")
        yield launched
        launched.close()
