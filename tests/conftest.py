"""Settings for all tests: one thread, and hypothesis examples that are the same in every run."""

import os
import shutil

import hypothesis
import pytest
import torch

#: Named here, and not beside the tests that it listens to, so that it is there as well when all of `tests` is run in parts.
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
