"""Every test here with an argument `case` runs for every registered loss, at each of its settings."""

import pytest
from tests.contract.cases import cases, entries
from tests.contract.modules import stateful
from tests.contract.operations import operation_cases


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", [pytest.param(case, id=case.id) for case in cases()])
    if "operation" in metafunc.fixturenames:
        metafunc.parametrize("operation", [pytest.param(case, id=case.id) for case in operation_cases()])
    if "module" in metafunc.fixturenames:
        metafunc.parametrize("module", [pytest.param(module, id=module.id) for module in stateful()])
    if "entry" in metafunc.fixturenames:
        metafunc.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in entries()])
