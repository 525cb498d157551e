"""Value and gradient of a loss from its naive loop, with 75 digits, for inputs taken as exactly the floats they are.

A derivative is the quotient of differences over a step of 1e-32, once to the left and once to the right. With 75 digits
both are right to far more digits than floats have. Where they agree, that is the gradient; at a kink every number
between the two is one that a gradient may have, and where the value itself jumps, or ends, any number is.
"""

import functools
import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass

import mpmath
import torch

from . import loop
from .numbers import DIGITS, INF, exact, exactly, is_real, rounded

STEP = exact(1e-32)
JUMP = 1e-16  # a change by this share over one step is none that a gradient explains


@dataclass(frozen=True)
class Exact:
    """One value per item, flat, and the gradient of their sum by input, between `low` and `high`; all in float64."""

    items: torch.Tensor
    low: Mapping[str, torch.Tensor]
    high: Mapping[str, torch.Tensor]


def exact_of(case, inputs, dtype=torch.float64, gradients=True):
    """What a case, a loss at a setting of its hyper-parameters, gives at these inputs; None where it has no naive loop.

    Without `gradients` only the values, which are had sooner. A loop that has an argument `tiny` is given the smallest
    positive normal number of `dtype`, the dtype of what the result is compared with.
    """
    naive = loop(case.entry.name)
    if naive is None:
        return None
    settings = {**case.entry.defaults, **case.hyper}
    if "tiny" in inspect.signature(naive).parameters:
        settings["tiny"] = torch.finfo(dtype).tiny
    kinds = case.signature.inputs.fields
    by_row = tuple(name for name in kinds if case.by_item and kinds[name].axes[0] in ("N", "*"))
    frozen = {name: _tuple(value.tolist()) for name, value in inputs.items()}
    floating = case.signature.inputs.floating if gradients else ()
    items, low, high = _exact(naive, _pairs(frozen), _pairs(settings), by_row, floating)
    shaped = ({name: _tensor(side[name]).reshape(inputs[name].shape) for name in side} for side in (low, high))
    return Exact(_tensor(items), *shaped)


@functools.lru_cache(maxsize=10_000)
def _exact(naive, inputs, settings, by_row, floating):
    """Items and gradients, as floats in flat lists; kept, because several tests look at the same numbers."""
    inputs = {name: exact(values) for name, values in inputs}
    settings = {name: exact(value) for name, value in settings}
    rows = _rows(inputs, by_row)
    with exactly():
        at = [_with_its_settings(naive, row, settings) for row in rows]
        items = [of_row() for of_row in at]
    low, high = {}, {}
    with exactly(DIGITS + _digits_before_the_point(items)):  # a difference of large values needs as many more
        for name in floating:
            if name in by_row:
                gradients = [pair for n, row in enumerate(rows) for pair in _gradients(at[n : n + 1], row[name])]
            else:
                gradients = _gradients(at, inputs[name])
            low[name], high[name] = ([rounded(pick(pair)) for pair in gradients] for pick in (min, max))
    return [rounded(v) for values in items for v in values], low, high


def _rows(inputs, by_row):
    """The inputs item by item; what has no axis of items is the same list in all of them."""
    if not by_row:
        return [inputs]
    return [
        {name: values[n : n + 1] if name in by_row else values for name, values in inputs.items()}
        for n in range(len(inputs[by_row[0]]))
    ]


def _with_its_settings(naive, row, settings):
    """The items of a row, as a function of nothing: of what stands in the row's lists when it is called."""
    fixed = naive.fixed(**row, **settings) if hasattr(naive, "fixed") else {}
    return lambda: list(_flat(naive(**row, **settings, **fixed)))


def _digits_before_the_point(items):
    """At most 400: beyond, the value is larger than any float."""
    largest = max((abs(v) for values in items for v in values if abs(v) < INF), default=0)
    return math.ceil(min(400, mpmath.log10(1 + largest)))


def _gradients(functions, values):
    """(left, right) derivative of the sum of the functions at each number in nested lists."""

    def total():
        return sum(sum(function()) for function in functions)

    found, here = [], total()
    for box, place in _places(values):
        x = box[place]
        ends = []
        for step in (-STEP, STEP):
            box[place] = x + step
            ends.append((total() - here) / step)
        box[place] = x
        smooth = all(is_real(gradient) and abs(gradient * STEP) <= JUMP * (1 + abs(here)) for gradient in ends)
        found.append(ends if smooth else (-INF, INF))
    return found


def _places(nested):
    for n, value in enumerate(nested):
        if isinstance(value, list):
            yield from _places(value)
        else:
            yield nested, n


def _flat(nested):
    if isinstance(nested, list):
        for value in nested:
            yield from _flat(value)
    else:
        yield nested


def _tuple(nested):
    return tuple(_tuple(v) for v in nested) if isinstance(nested, list | tuple) else nested


def _pairs(mapping):
    return tuple((name, _tuple(value)) for name, value in mapping.items())


def _tensor(values):
    return torch.tensor(values, dtype=torch.float64)
