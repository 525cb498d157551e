"""Axes that hold still while a control moves, and that a pole or an explosion does not flatten."""

import numpy as np

from .packing import as_array
from .style import axis_of, merged

MARGIN = 0.06


def robust(values):
    """(low, high) of the finite values, without the few that would squeeze all others together; None without any."""
    values = np.concatenate([np.ravel(v) for v in values] or [np.zeros(0)])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    low, high = values.min(), values.max()
    inner_low, inner_high = np.quantile(values, [0.1, 0.9])
    reach = 6 * (inner_high - inner_low)
    if reach > 0:
        low, high = max(low, inner_low - reach), min(high, inner_high + reach)
    return float(low), float(high)


def with_ranges(layout, first, cells):
    """The layout with a fixed range for every numeric axis of line, marker and bar traces that names none.

    Args:
        layout: of the figure; axes with `range` or `autorange` keep what they say.
        first: the traces where the controls stand at first.
        cells: the traces of all cells of the grid.
    """
    blocked = {axis_of(t, letter) for t in first if t["type"] in ("heatmap", "contour") for letter in "xy"}
    axes = {axis_of(t, letter): letter for t in first for letter in "xy"}
    for axis, letter in axes.items():
        given = layout.get(axis, {})
        if axis in blocked or "range" in given or "autorange" in given or "matches" in given:
            continue
        logarithmic = given.get("type") == "log"
        here = _numbers(first, axis, letter, logarithmic)
        everywhere = [v for traces in cells for v in _numbers(traces, axis, letter, logarithmic)]
        if not here or not everywhere:
            continue
        low, high = bounds(here, everywhere)
        bars = any(t["type"] == "bar" and axis_of(t, letter) == axis for t in first)
        if bars and letter == "y" and not logarithmic:
            low, high = min(low, 0.0), max(high, 0.0)
        tight = letter == "x" and not any("markers" in t.get("mode", "") or t["type"] == "bar" for t in first)
        pad = 0.0 if tight else MARGIN * ((high - low) or abs(high) or 1.0)
        layout = merged(layout, {axis: {"range": [low - pad, high + pad]}})
    return layout


def bounds(here, everywhere):
    """A range that shows the first setting wholly, and of all the others what lies within one more span of it."""
    all_low, all_high = robust(everywhere) or (0.0, 1.0)
    found = robust(here)
    if found is None or found[0] == found[1]:
        return all_low, all_high
    low, high = found
    span = high - low
    everything = np.concatenate([np.ravel(v) for v in everywhere])
    everything = everything[np.isfinite(everything)]
    return max(min(low, everything.min()), low - span), min(max(high, everything.max()), high + span)


def _numbers(traces, axis, letter, logarithmic):
    """The arrays that traces put on an axis; none at all if one of them holds names instead of numbers."""
    found = []
    for trace in traces:
        if axis_of(trace, letter) != axis or trace.get("visible") is False or letter not in trace:
            continue
        array = as_array(trace[letter])
        if array is None:
            if len(trace[letter]):
                return []
            continue
        if logarithmic:
            array = np.log10(np.where(array > 0, array, np.nan))
        found.append(array)
    return found
