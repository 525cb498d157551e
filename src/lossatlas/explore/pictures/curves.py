"""A loss along the lines of its signature: value, derivative and curvature."""

import functools

import numpy as np

from ...contract import expect, get
from ..engine.controls import Choice
from ..engine.explorer import Explorer
from ..engine.wording import note_of, title_of, wrapped
from .hyper import CELLS, setting, sliders
from .probes import along


def curve(loss, **fixed):
    """The loss along each line of its signature: value above, derivative and curvature below.

    Sliders move the declared hyper-parameters; a thin line stays at their defaults. Derivative and curvature are what
    autograd gives through the line.

    Args:
        loss: a registered loss, by function, entry or name.
        **fixed: hyper-parameters to hold at a value, which then have no slider.

    Raises:
        ValueError: for a loss whose signature has no line.
    """
    entry = get(loss)
    lines = {line.name: line for line in entry.signature.probes.lines}
    expect(lines, "loss", "a loss whose signature has a line to look along", repr(entry))
    first = next(iter(lines))
    hyper = sliders(entry, fixed, CELLS // len(lines))

    below = "derivative" if "double_backward" in entry.exempt else "derivative, curvature"

    @functools.cache
    def probed(line, **values):
        return along(entry, lines[line], {**fixed, **values})

    def picture(line=first, **values):
        t, value, derivative, curvature = probed(line, **values)
        traces = [
            {"x": t, "y": value, "name": "loss", "line": {"color": "C1", "dash": "solid"}},
            {"x": t, "y": derivative, "name": "derivative", "yaxis": "y2", "line": {"color": "C2", "dash": "dash"}},
        ]
        if not np.isnan(curvature).all():
            look = {"color": "C3", "dash": "dot"}
            traces.append({"x": t, "y": curvature, "name": "curvature", "yaxis": "y2", "line": look})
        return traces

    def at_defaults(line=first):
        t, value, derivative, _ = probed(line)
        look = {"mode": "lines", "line": {"color": "muted", "width": 1.2, "dash": "solid"}, "hoverinfo": "skip"}
        shared = {"x": t, "meta": {"table": False}, **look}
        return [
            {**shared, "y": value, "name": "at the defaults"},
            {**shared, "y": derivative, "yaxis": "y2", "showlegend": False},
        ]

    def layout(line=first):
        return {
            "height": 440,
            "xaxis": {"title": wrapped(lines[line].axis), "anchor": "y2"},
            "yaxis": {"title": "loss", "domain": [0.44, 1.0]},
            "yaxis2": {"title": below, "domain": [0.0, 0.36]},
        }

    axis = lines[first].axis if len(lines) == 1 else "{line}"
    cuts = {"line": Choice({lines[name].axis: name for name in lines}, label="along")} if len(lines) > 1 else {}
    where = f"along the {first}" if not cuts else "along a line"
    return Explorer(
        *([at_defaults] if hyper else []),
        picture,
        title=f"{title_of(entry)} {where}",
        caption=note_of(lines.values()),
        alt=f"Curves of {entry.name}{setting(hyper)} against the {axis}: "
        "the loss above, its derivative and curvature below.",
        layout=layout,
        **cuts,
        **hyper,
    )
