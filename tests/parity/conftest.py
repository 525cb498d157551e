"""`--parity-record FILE`: what the tests found out about every peer is written there, and no package may be missing."""

import json
import math
from pathlib import Path

import pytest
from benchmarks.peers import packages, peers
from benchmarks.timing import machine

RECORD = "parity_record"


def pytest_addoption(parser):
    parser.addoption("--parity-record", dest=RECORD, metavar="FILE", help="write what was found out about every peer to this file")


@pytest.fixture(scope="session")
def recording(request):
    """Whether a record is asked for."""
    return bool(request.config.getoption(RECORD, None))


@pytest.fixture(scope="session")
def noted(request):
    """peer id -> {"digits", "slope_digits", "evidence"}: what the tests noted; at the end, it becomes the record."""
    found = {}
    yield found
    if path := request.config.getoption(RECORD, None):
        _write(Path(path), found)


def _write(path, found):
    versions = packages()
    rows = [_row(peer, versions[peer.package], found.get(peer.id, {})) for peer in peers()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), "packages": versions, "rows": rows}, indent=1, allow_nan=False) + "\n")


def _row(peer, version, noted):
    row = {
        "loss": peer.loss,
        "package": peer.package,
        "version": version,
        "symbol": peer.symbol,
        "transform": peer.transform,
        "settings": list(peer.settings),
        "digits": _shown(noted.get("digits")),
        "slope_digits": _shown(noted.get("slope_digits")),
        "verdict": "agrees" if peer.agrees else "differs",
        "finding": peer.finding and peer.finding.what,
        "evidence": noted.get("evidence"),
    }
    return row | ({"dtype": "float32"} if "float64" not in peer.dtypes else {})


def _shown(digits):
    """To a tenth, downwards: a record promises no digit that was not there."""
    return None if digits is None else math.floor(10 * digits) / 10
