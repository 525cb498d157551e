"""Any two losses of one kind over one another, and all pictures of a loss."""

import functools

import numpy as np

from ...contract import expect, get
from ...contract import losses as registered
from ..engine.controls import Choice
from ..engine.explorer import Explorer
from ..engine.ranges import robust
from ..engine.wording import note_of, wrapped
from .curves import curve
from .gallery import Gallery
from .planes import planes_of
from .probes import along


def compare(losses=None):
    """Any two losses over one another, at their default hyper-parameters: two choices, and value or derivative.

    Args:
        losses: losses by function, entry or name. Default: all that are registered.

    Returns:
        A gallery with one explorer for each line of each signature that two or more of the losses share.

    Raises:
        ValueError: where no two of the losses share a signature with a line.
    """
    entries = registered() if losses is None else [get(loss) for loss in losses]
    groups = {}
    for entry in entries:
        groups.setdefault(entry.signature.name, []).append(entry)
    groups = [group for group in groups.values() if len(group) > 1 and group[0].signature.probes.lines]
    expect(groups, "losses", "two or more losses of one signature that has a line", repr([e.name for e in entries]))
    return Gallery(_overlay(group, line) for group in groups for line in group[0].signature.probes.lines)


def pictures_of(loss):
    """All pictures that a loss has by its signature: along its lines, and over its planes."""
    entry = get(loss)
    lines = [curve(entry)] if entry.signature.probes.lines else []
    return Gallery([*lines, *(draw(entry) for draw in planes_of(entry))])


def comparable(loss, line):
    """(t, value, gradient) of a loss along a line at its defaults, with gaps where they would squeeze the rest flat."""
    t, value, gradient, _ = along(get(loss), line)
    return t, _clipped(value), _clipped(gradient)


def _overlay(entries, line):
    by_name = {entry.name: entry for entry in entries}

    @functools.cache
    def probed(name):
        t, value, derivative = comparable(by_name[name], line)
        return t, {"value": value, "shape": _shape(value), "derivative": derivative}

    def one(first, show):
        return _trace(*probed(first), first, show, {"color": "C1", "dash": "solid"})

    def other(second, show):
        return _trace(*probed(second), second, show, {"color": "C2", "dash": "dash"})

    def layout(show):
        return {
            "xaxis": {"title": wrapped(line.axis), "range": [line.start, line.stop]},
            "yaxis": {
                "title": {"shape": "value, from its least (0) to its largest (1)"}.get(show, show),
                "autorange": True,
            },
        }

    names = list(by_name)
    return Explorer(
        one,
        other,
        title=f"Two {entries[0].signature.name} losses along the {line.name}",
        caption=note_of([line]),
        alt=f"The {{show}} of {{first}}, solid, and of {{second}}, dashed, against the {line.axis}.",
        layout=layout,
        first=Choice(names, label="solid"),
        second=Choice(names, value=names[1], label="dashed"),
        show=Choice(["value", "shape", "derivative"]),
    )


def _trace(t, curves, name, show, line):
    return {"x": t, "y": curves[show], "name": name, "line": line}


def _shape(values):
    """The curve between 0 and 1, for losses whose values are of different size."""
    low, high = np.nanmin(values), np.nanmax(values)
    return (values - low) / ((high - low) or 1.0)


def _clipped(values):
    """The curve without what would squeeze the rest of it flat."""
    low, high = robust([values]) or (0.0, 0.0)
    return np.where((values >= low) & (values <= high), values, np.nan)
