"""Small explorers that the tests share."""

import numpy as np

from lossatlas.explore import Choice, Explorer, Slider

X = np.linspace(-3, 3, 41)


def power(p):
    return [{"x": X, "y": np.abs(X) ** p, "name": "power"}]


def wave(kind, phase):
    return [{"x": X, "y": {"sin": np.sin, "cos": np.cos}[kind](X + phase), "name": kind}]


def powers(**more):
    """Two pictures with a control each, a third control of its own, and one still picture."""
    return Explorer(
        power,
        wave,
        title="Powers & waves",
        caption="A bowl and a wave.",
        alt="|x| to the power {p} and a {kind}.",
        layout={"xaxis": {"title": "x"}, "yaxis": {"title": "height"}},
        p=Slider(1.0, 3.0, 9, value=2.0),
        kind=Choice(["sin", "cos"]),
        phase=Slider(0, 3, 4, label="φ"),
        **more,
    )


def hill(width):
    y = np.linspace(-2, 2, 31)
    z = np.exp(-(X[None, :] ** 2 + y[:, None] ** 2) / width**2)
    z[0, 0] = np.nan
    return [
        {"type": "heatmap", "x": X, "y": y, "z": z, "zmin": 0, "zmax": 1},
        {"x": X, "y": X * 0.5, "name": "a ridge"},
    ]


def hills():
    layout = {"xaxis": {"title": "east"}, "yaxis": {"title": "north"}}
    return Explorer(
        hill, title="A hill", alt="A round hill of width {width}.", layout=layout, width=Slider(0.5, 2.0, 4)
    )


def bars(year):
    heights = {"a": [1.0, 2.0, 3.0], "b": [3.0, 1.0, 2.0]}[year]
    return {"type": "bar", "x": ["x", "y", "z"], "y": heights, "marker": {"color": ["C1", "C2", "C3"]}}


def still():
    return Explorer(lambda: [{"x": X, "y": X**2}], title="No control", alt="A parabola.", layout={"height": 250})
