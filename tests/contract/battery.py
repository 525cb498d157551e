"""The generated tests that take a `case`, as plain functions: to hold a loss to them outside of pytest's collection."""

import inspect

from tests.contract import (
    test_degenerate,
    test_edges,
    test_gradients,
    test_invariances,
    test_precision,
    test_reduction_algebra,
    test_reference,
    test_transforms,
)

MODULES = (
    test_degenerate, test_edges, test_gradients, test_invariances, test_precision, test_reduction_algebra,
    test_reference, test_transforms,
)  # fmt: skip


def tests():
    """name -> test, for all that need nothing but a case."""
    return {
        name: test
        for module in MODULES
        for name, test in vars(module).items()
        if name.startswith("test_") and list(inspect.signature(test).parameters) == ["case"]
    }


def promised(name):
    """The tests of a promise, without the leave that an exemption gives."""
    return [test.without_leave for test in tests().values() if getattr(test, "promise", None) == name]
