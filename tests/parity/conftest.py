"""`--parity-record FILE`: what the tests found out about every peer is written there, and no package may be missing."""

from pathlib import Path

import pytest
from tests.parity import record

RECORD = "parity_record"


def pytest_addoption(parser):
    parser.addoption(
        "--parity-record", dest=RECORD, metavar="FILE", help="write what was found out about every peer to this file"
    )


@pytest.fixture(scope="session")
def recording(request):
    """Whether a record is to be written."""
    return bool(request.config.getoption(RECORD, None))


@pytest.fixture(scope="session")
def noted(request):
    """What the tests noted, peer id -> {"digits", "slope_digits", "evidence"}; recorded at the end if all went well."""
    found = {}
    yield found
    path = request.config.getoption(RECORD, None)
    if path and not request.session.testsfailed:
        record.write(Path(path), found)
