"""Files of exact values and gradients, and of the defaults of operations, recorded from the naive loops.

They are `tests/families/<family>/golden/exact/<loss>.json`.

`python -m tests.references.recorded` writes them anew, for every registered loss that has a naive loop, or for those
named on the command line. They change only where a loop, a default or the other setting of the tests changed: look at
the difference before committing it.
"""

import functools
import inspect
import json
import sys
from pathlib import Path

import torch

from lossatlas.signatures import Field

from .exact import exact_of
from .numbers import exact

TESTS = Path(__file__).parents[1]
FAMILIES = TESTS / "families"
RENEW = "`python -m tests.references.recorded` records anew; look at what changed"
#: The rows of the recorded inputs: two of usual size, a small and a large one.
SIZES = (1.0, 1.0, 0.01, 8.0)


def path_of(entry):
    home = FAMILIES / entry.family
    return (home if home.is_dir() else TESTS / entry.family) / "golden" / "exact" / f"{entry.name}.json"


def numbers_of(case):
    """Inputs, values and gradient of a case: as recorded, or computed now where nothing is recorded. None: no loop."""
    for record in of(case.entry).get("cases", ()):
        if record["hyper"] == _plain(case.hyper):
            return record
    return computed(case)


def computed(case, inputs=None):
    """The same, computed now, at these inputs or at those that a new file gets."""
    inputs = inputs or _inputs_of(case)
    exact = exact_of(case, inputs)
    if exact is None:
        return None
    for name, low in exact.low.items():
        torch.testing.assert_close(
            low, exact.high[name], rtol=1e-15, atol=1e-15, msg=f"{case.id}: a kink among the inputs"
        )
    return {
        "hyper": _plain(case.hyper),
        "inputs": {name: value.tolist() for name, value in inputs.items()},
        "items": exact.items.tolist(),
        "gradient": {name: gradient.tolist() for name, gradient in exact.low.items()},
    }


@functools.cache
def _read(path):
    return json.loads(path.read_text()) if path.exists() else {}


def of(entry):
    """What stands in the file of a loss; nothing where there is none."""
    return _read(path_of(entry))


def defaults_of(entry):
    return _plain(entry.defaults)


def inputs_as_tensors(case, record):
    """The inputs of a record, as the signature takes them."""
    sample = case.signature.sample()
    return {name: torch.tensor(values, dtype=sample[name].dtype) for name, values in record["inputs"].items()}


def _inputs_of(case):
    inputs = case.sample(20, N=len(SIZES))
    for name, kind in case.signature.inputs.fields.items():
        if type(kind) is Field and kind.axes[0] in ("N", "*"):
            size = torch.tensor(SIZES, dtype=inputs[name].dtype)
            inputs[name] = inputs[name] * size.reshape(-1, *[1] * (inputs[name].ndim - 1))
    return inputs


def _plain(values):
    """Hyper-parameters as JSON gives them back; what it does not know, in words."""
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value):
    if value is inspect.Parameter.empty:
        return "none: it must be given"
    if isinstance(value, tuple):
        return list(value)
    if callable(value):
        return getattr(value, "__name__", repr(value))
    return value if value is None or isinstance(value, (bool, int, float, str, list)) else repr(value)


def exact_inputs(inputs):
    """Inputs or hyper-parameters as loops take them in `exactly()`: each float as its number of 75 digits."""
    return {
        name: exact(value.to_dense().tolist() if isinstance(value, torch.Tensor) else value)
        for name, value in inputs.items()
    }


def _write(names):
    import lossatlas
    from tests.contract.cases import settings_of

    for entry in lossatlas.contract.operations():
        if not names or entry.name in names:
            path_of(entry).parent.mkdir(parents=True, exist_ok=True)
            path_of(entry).write_text(json.dumps({"defaults": defaults_of(entry)}) + "\n")
    for entry in lossatlas.registry():
        if names and entry.name not in names:
            continue
        found = [computed(case) for case in settings_of(entry)]
        if None in found:
            continue
        lines = ",\n".join(json.dumps(record) for record in found)
        text = f'{{"defaults": {json.dumps(defaults_of(entry))},\n"cases": [\n{lines}\n]}}\n'
        path_of(entry).parent.mkdir(parents=True, exist_ok=True)
        path_of(entry).write_text(text)


if __name__ == "__main__":
    _write(sys.argv[1:])
