"""Values of official implementations, recorded in tests/golden, against the losses here."""

import functools
import json
from pathlib import Path

import pytest
import torch
from tests.losses import golden_cross_entropy

FOLDER = Path(__file__).parents[1] / "golden"
ADAPTERS = {"cross_entropy": golden_cross_entropy.ADAPTERS}


def recorded():
    for path in sorted(FOLDER.glob("*/*.json")):
        for case in json.loads(path.read_text())["cases"]:
            yield pytest.param(path.parent.name, path.stem, case, id=f"{path.parent.name}/{case['name']}")


def as_tensor(values):
    """A number or nested lists as a tensor: integers as integers, all else in float64."""
    first = values
    while isinstance(first, list):
        first = first[0]
    return torch.tensor(values, dtype=torch.int64 if isinstance(first, int) else torch.float64)


@pytest.mark.parametrize(("family", "name", "case"), list(recorded()))
def test_a_recorded_value_is_reproduced(family, name, case):
    assert name in ADAPTERS[family], f"no adapter says how tests/golden/{family}/{name}.json is computed here"
    inputs = {key: as_tensor(value) for key, value in case["inputs"].items()}
    got = ADAPTERS[family][name](case["params"], **inputs)
    wanted = case["output"] if isinstance(case["output"], dict) else {"output": case["output"]}
    got = got if isinstance(got, dict) else {"output": got}
    assert got.keys() == wanted.keys()
    for key in wanted:
        torch.testing.assert_close(
            got[key], as_tensor(wanted[key]), rtol=1e-10, atol=1e-14, msg=functools.partial("{}: {}".format, key)
        )


def test_every_adapter_has_a_file():
    for family, adapters in ADAPTERS.items():
        assert set(adapters) == {path.stem for path in (FOLDER / family).glob("*.json")}
