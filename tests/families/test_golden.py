"""Values of official implementations, recorded in the family's `golden`, against the losses here; and exact records."""

import functools
import json
import math
from pathlib import Path

import pytest
import torch

import lossatlas
from tests.contract.cases import Case, settings_of
from tests.contract.measured import note
from tests.contract.right import assert_right
from tests.families import collected
from tests.references import recorded as exact_records

FOLDER = Path(__file__).parent
OPERATIONS = {entry.name for entry in lossatlas.contract.operations()}
ADAPTERS = collected("adapters", "ADAPTERS")


def recorded():
    for path in sorted(FOLDER.glob("*/golden/*.json")):
        for case in json.loads(path.read_text())["cases"]:
            family = path.parts[-3]
            yield pytest.param(family, path.stem, case, id=f"{family}/{case['name']}")


def as_tensor(values):
    """A number or nested lists as a tensor: integers as integers, all else in float64."""
    first = values
    while isinstance(first, list):
        first = first[0]
    return torch.tensor(values, dtype=torch.int64 if isinstance(first, int) else torch.float64)


@pytest.mark.parametrize(("family", "name", "case"), list(recorded()))
def test_a_recorded_value_is_reproduced(family, name, case):
    assert name in ADAPTERS[family], f"no adapter says how {family}/golden/{name}.json is computed here"
    adapter = ADAPTERS[family][name]
    inputs = {key: as_tensor(value) for key, value in case["inputs"].items()}
    got = adapter(case["params"], **inputs)
    wanted, got = flat(case["output"]), flat(got)
    assert got.keys() == wanted.keys()
    for key in wanted:
        right = as_tensor(wanted[key])
        if hasattr(adapter, "loss"):
            note(Case(lossatlas.get(adapter.loss)), official=digits(got[key], right))
        torch.testing.assert_close(got[key], right, rtol=1e-10, atol=1e-14, msg=functools.partial("{}: {}".format, key))


def flat(output, name="output"):
    """An output in parts, which may have parts themselves, as one dictionary."""
    if not isinstance(output, dict):
        return {name: output}
    parts = [flat(part, f"{name} {key}") for key, part in output.items()]
    return {key: value for part in parts for key, value in part.items()}


def digits(got, wanted):
    """How many decimal digits agree, at most 16, in the worst entry, measured by the largest one."""
    off = (got - wanted).abs().max().item() / wanted.abs().max().item()
    return min(16.0, -math.log10(off)) if off > 0 else 16.0


@pytest.mark.parametrize(("family", "name", "case"), list(recorded()))
def test_the_gradient_there_is_exact(family, name, case):
    """Official files hold values only: at their inputs the gradient is that of the naive loop with 75 digits."""
    adapter = ADAPTERS[family][name]
    if not hasattr(adapter, "settings"):
        pytest.skip("the file holds more than a value of the loss itself")
    inputs = adapter.inputs(**{key: as_tensor(value) for key, value in case["inputs"].items()})
    entry = lossatlas.get(adapter.loss)
    assert_right(Case(entry, adapter.settings(case["params"])), inputs, dtypes=[torch.float64])


def test_every_adapter_has_a_file():
    for family, adapters in ADAPTERS.items():
        assert set(adapters) == {path.stem for path in (FOLDER / family / "golden").glob("*.json")}


def test_every_exact_record_is_of_a_loss():
    """Those of a loss that is no more, or of a setting that no test takes, would be compared with nothing."""
    for path in FOLDER.glob("*/golden/exact/*.json"):
        if path.stem in OPERATIONS:
            continue  # its defaults alone are recorded
        entry = lossatlas.get(path.stem)
        assert path == exact_records.path_of(entry)
        taken = [dict(case.hyper) for case in settings_of(entry)]
        kept = [record["hyper"] for record in exact_records.of(entry)["cases"]]
        assert kept == json.loads(json.dumps(taken)), exact_records.RENEW
