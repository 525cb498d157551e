"""What the contract costs a call: a loss that does nothing, decorated and bare, and one small operation of torch."""

import inspect
import sys
from unittest.mock import patch

import torch

import lossatlas
from lossatlas.signatures import SIGNATURES

from .contest import SIZES, inputs_of
from .timing import alternate, difference, spread

#: Calls in one run: the switch of the checks is thrown once for all of them.
CALLS = 50


def identity(signature):
    """A decorated loss that returns the first input as it is, and is not registered."""

    def doing_nothing(**inputs):
        """The first input."""
        return inputs[signature.names[0]]

    names = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in signature.names]
    doing_nothing.__signature__ = inspect.Signature(names)
    with patch.object(sys.modules["lossatlas.contract.loss"], "register"):
        return lossatlas.contract.loss(signature, items=" ".join(signature.inputs.fields[signature.names[0]].axes))(
            doing_nothing
        )


def measure(signature, pace):
    """Seconds that a call takes beyond the bare mean, with the checks of values and without, and in small operations.

    Args:
        pace: arguments of `timing.alternate`.
    """
    inputs = inputs_of(signature, SIZES["small"])
    first, function, x = inputs[signature.names[0]], identity(signature), torch.ones(10)

    def calls(one, checks=True):
        def run():
            with lossatlas.value_checks(checks):
                for _ in range(CALLS):
                    one()

        return run

    def call():
        return function(**inputs)

    runs = {
        "operation": calls(lambda: x + 1),
        "bare": calls(first.mean),
        "checked": calls(call),
        "unchecked": calls(call, False),
    }
    samples = {name: [seconds / CALLS for seconds in found] for name, found in alternate(runs, **pace).items()}
    row = {"signature": signature.name, "operation_seconds": spread(samples["operation"])}
    for name in ("checked", "unchecked"):
        extra = difference(samples[name], samples["bare"])
        row[name] = {"seconds": extra, "operations": extra["median"] / row["operation_seconds"]["median"]}
    return row


def signatures():
    """The signatures that losses have."""
    used = {entry.signature.name for entry in lossatlas.registry()}
    return [signature for name, signature in SIGNATURES.items() if name in used]
