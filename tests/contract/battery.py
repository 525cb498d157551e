"""The generated tests as plain functions: to hold a loss to them outside of pytest's collection. Quick ones first."""

import inspect

from tests.contract import (
    test_degenerate,
    test_edges,
    test_exact,
    test_gradients,
    test_invariances,
    test_precision,
    test_recorded,
    test_reduction_algebra,
    test_reference,
    test_stability,
    test_transforms,
    test_watched_edges,
)

MODULES = (
    test_recorded, test_exact, test_reduction_algebra, test_edges, test_stability, test_degenerate, test_gradients,
    test_reference, test_invariances, test_precision, test_transforms, test_watched_edges,
)  # fmt: skip


def tests(modules=MODULES):
    """name -> test, for all that need nothing but a case."""
    return {
        name: test
        for module in modules
        for name, test in vars(module).items()
        if name.startswith("test_") and list(inspect.signature(test).parameters) == ["case"]
    }


def promised(name):
    """The tests of a promise, without the leave that an exemption gives."""
    return [test.without_exemption for test in tests().values() if getattr(test, "promise", None) == name]
