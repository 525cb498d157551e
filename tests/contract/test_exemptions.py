"""Exemptions from promises: each is needed, so that none outlives its reason."""

import pytest
from tests.contract import battery
from tests.contract.cases import outcome, settings_of


def test_every_exemption_is_needed(entry):
    if not entry.exempt:
        pytest.skip("it keeps all promises")
    for name in entry.exempt:
        ends = {outcome(test, case) for test in battery.promised(name) for case in settings_of(entry)}
        assert "failed" in ends, f"{entry.name} is declared exempt from {name!r}, but no test of it fails"
