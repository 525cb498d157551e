"""A loss over the planes of its signature: a map of its value, with arrows that point downhill."""

import functools
import math

import numpy as np

from ...contract import expect, get
from ..engine.explorer import Explorer
from ..engine.ranges import bounds
from ..engine.style import SYMBOLS
from ..engine.table import number
from ..engine.wording import note_of, title_of, wrapped
from .arrows import arrow_path
from .hyper import setting, sliders
from .probes import over

CELLS = 30
ARROW = 0.085  # longest arrow, as a part of the width of the map
HEIGHT = math.sqrt(3) / 2  # of a triangle with sides of 1
EDGE = 0.004  # least probability that is looked at: at 0 a logarithm has no value

ROUND = [(1, 1, 1), (8, 1, 1), (1, 8, 1), (1, 1, 8), (5, 4, 1), (5, 1, 4), (1, 5, 4), (9, 9, 2), (9, 2, 9), (2, 9, 9)]


def simplex(loss, **fixed):
    """The loss over all probabilities of three classes, as a map on the triangle; arrows point downhill.

    Args:
        loss: a registered loss, by function, entry or name.
        **fixed: hyper-parameters to hold at a value, which then have no slider.

    Raises:
        ValueError: for a loss whose signature has no plane of probabilities.
    """
    entry = get(loss)
    return _of_kind(entry, "simplex", "over the probabilities of three classes", _on_triangle, fixed)


def plane(loss, **fixed):
    """The loss over the plane of its signature, as a map; arrows point downhill. See `simplex` for probabilities.

    Args:
        loss: a registered loss, by function, entry or name.
        **fixed: hyper-parameters to hold at a value, which then have no slider.

    Raises:
        ValueError: for a loss whose signature has no such plane.
    """
    entry = get(loss)
    return _of_kind(entry, "plane", "over a plane", _on_rectangle, fixed)


def planes_of(loss):
    """The kinds of map that a loss has: functions among `simplex` and `plane`."""
    kinds = {plane.kind for plane in get(loss).signature.probes.planes}
    return [draw for kind, draw in (("simplex", simplex), ("plane", plane)) if kind in kinds]


def _of_kind(entry, kind, where, drawn, fixed):
    cut = next((plane for plane in entry.signature.probes.planes if plane.kind == kind), None)
    expect(cut is not None, "loss", f"a loss whose signature has a {kind} to look at", repr(entry))
    hyper = sliders(entry, fixed, CELLS)
    sheet = drawn(entry, cut, fixed)
    cells = [_without_poles(sheet.map(**cell)[sheet.inside]) for cell in _grid(hyper)]
    first = _without_poles(sheet.map(**{name: s.value for name, s in hyper.items()})[sheet.inside])
    levels = _levels(*bounds([first], cells))

    def picture(**values):
        return sheet.traces(sheet.map(**values), levels, values)

    return Explorer(
        picture,
        title=f"{title_of(entry)} {where}",
        caption=f"{note_of([cut])} Lines join equal losses, and arrows point downhill.".strip(),
        alt=f"Map of {entry.name}{setting(hyper)} {where}, with arrows that point to smaller loss.",
        layout=sheet.layout,
        **hyper,
    )


def _grid(hyper):
    cells = [{}]
    for name, slider in hyper.items():
        cells = [{**cell, name: value} for cell in cells for value in slider.values]
    return cells


class _on_triangle:
    """The triangle of three probabilities, the first at the top, on a rectangle of points around it."""

    def __init__(self, entry, cut, fixed):
        self.entry, self.cut, self.fixed = entry, cut, fixed
        self.x, self.y = np.linspace(0, 1, 57), np.linspace(0, HEIGHT, 50)
        x, y = np.meshgrid(self.x, self.y)
        p = np.stack([y / HEIGHT, 1 - x - y / HEIGHT / 2, x - y / HEIGHT / 2])
        self.inside = (p >= 0).all(0)
        p = np.maximum(p, EDGE)
        self.p = p / p.sum(0)  # outside the triangle: near the nearest probabilities inside
        self.map = functools.cache(self._map)
        self.table_at = np.array(ROUND) / np.sum(ROUND, axis=1, keepdims=True)
        n = 10
        inner = [(i, j, n - i - j) for i in range(1, n) for j in range(1, n - i)]
        self.arrows_at = np.array(inner) / n
        self.layout = {
            "xaxis": {"visible": False, "range": [-0.06, 1.06]},
            "yaxis": {"visible": False, "range": [-0.07, HEIGHT + 0.07], "scaleanchor": "x"},
            "height": 420,
            "showlegend": False,
        }

    def _map(self, **values):
        return over(self.entry, self.cut, self.p[0], self.p[1], {**self.fixed, **values})[0]

    def traces(self, z, levels, values):
        hyper = {**self.fixed, **values}
        p = self.arrows_at
        _, du, dv = over(self.entry, self.cut, p[:, 0], p[:, 1], hyper)
        x, y = p[:, 2] + p[:, 0] / 2, p[:, 0] * HEIGHT
        # Along x the second probability falls by as much as the third grows; along y the first grows at their cost.
        arrows = _arrows(x, y, dv, (dv / 2 - du) / HEIGHT, 1.0, 1.0)
        q = self.table_at
        table = dict(zip(self.cut.axes, q.T, strict=True)) | {
            "loss": over(self.entry, self.cut, q[:, 0], q[:, 1], hyper)[0]
        }
        lines, marks = _isolines(self.x, self.y, z, levels, _in_triangle, "middle right")
        rim = [
            [0.5, 1.1, 1.1, -0.1, -0.1, 0.5, 0.5, 0, 1, 0.5, 0.5],
            [HEIGHT + 0.1] * 2 + [-0.1] * 2 + [HEIGHT + 0.1] * 2 + [HEIGHT, 0, 0, HEIGHT, HEIGHT + 0.1],
        ]
        quiet = {"hoverinfo": "skip", "meta": {"table": False}}
        return [
            _filled(self.x, self.y, z, levels, meta={"table": table}),
            lines,
            {
                "x": rim[0], "y": rim[1], "fill": "toself", "fillcolor": "paper",
                "line": {"width": 0, "color": "paper"}, **quiet,
            },
            {
                "x": [0, 1, 0.5, 0], "y": [0, 0, HEIGHT, 0],
                "line": {"color": "ink", "width": 1.5, "dash": "solid"}, **quiet,
            },
            arrows,
            marks,
            {
                "x": [0.5, 0, 1], "y": [HEIGHT, -0.02, -0.02], "mode": "text", "text": list(self.cut.axes),
                "textposition": ["top center", "bottom center", "bottom center"],
                "textfont": {"size": 14, "color": "ink"}, **quiet,
            },
        ]  # fmt: skip


class _on_rectangle:
    """A plane of two coordinates."""

    def __init__(self, entry, cut, fixed):
        self.entry, self.cut, self.fixed = entry, cut, fixed
        self.x, self.y = np.linspace(*cut.u, 41), np.linspace(*cut.v, 41)
        self.inside = np.ones((len(self.y), len(self.x)), bool)
        self.map = functools.cache(self._map)
        across, up = np.linspace(*cut.u, 10)[1:-1], np.linspace(*cut.v, 10)[1:-1]
        self.arrows_at = [a.ravel() for a in np.meshgrid(across, up)]
        one_scale = {"scaleanchor": "x"} if cut.points else {}
        self.layout = {
            "xaxis": {"title": wrapped(cut.axes[0]), "range": list(cut.u), "showgrid": False},
            "yaxis": {"title": cut.axes[1], "range": list(cut.v), "showgrid": False, **one_scale},
            "height": 420,
            "showlegend": bool(cut.points),
        }

    def _map(self, **values):
        x, y = np.meshgrid(self.x, self.y)
        return over(self.entry, self.cut, x, y, {**self.fixed, **values})[0]

    def traces(self, z, levels, values):
        x, y = self.arrows_at
        _, du, dv = over(self.entry, self.cut, x, y, {**self.fixed, **values})
        arrows = _arrows(x, y, -du, -dv, np.ptp(self.x), np.ptp(self.y))
        lines, marks = _isolines(self.x, self.y, z, levels, _in_sight(self.cut), "top center")
        return [_filled(self.x, self.y, z, levels), lines, arrows, marks, *_fixed(self.cut.points)]


def _fixed(points):
    """What stays where it is in the plane."""
    return [
        {
            "x": [x for x, _ in places],
            "y": [y for _, y in places],
            "name": name,
            "mode": "markers",
            "marker": {"color": f"C{n + 1}", "size": 12, "symbol": SYMBOLS[n]},
        }
        for n, (name, places) in enumerate(points.items())
    ]


def _in_triangle(points):
    """Which points lie in the triangle, and not at its foot."""
    x, y = points.T
    return (y > 0.05) & (x - y / HEIGHT / 2 > 0) & (1 - x - y / HEIGHT / 2 > 0)


def _in_sight(cut):
    """Function of points: which lie in the plane, and not at its rim."""
    middle, half = np.mean([cut.u, cut.v], 1), np.ptp([cut.u, cut.v], axis=1) / 2
    return lambda points: (np.abs(points - middle) < 0.9 * half).all(1)


def _filled(x, y, z, levels, **more):
    """The map of values; beyond the levels the colour stays at its end."""
    low, high, _ = levels
    return {
        "type": "heatmap", "x": x, "y": y, "z": z, "zmin": low, "zmax": high, "colorscale": "level", "zsmooth": "fast",
        "hoverinfo": "z", "showscale": False, **more,
    }  # fmt: skip


def _isolines(x, y, z, levels, inside, beside):
    """Lines of equal value as one broken line, and the values at their right ends."""
    from contourpy import LineType, contour_generator

    low, high, step = levels
    generator = contour_generator(x, y, np.ma.masked_invalid(z), line_type=LineType.Separate)
    gap = np.full((1, 2), np.nan)
    pieces, marks = [gap], []
    for level in (
        np.arange(math.floor(low / step) + 1, high / step) * step
    ):  # none at the lowest value: around a plain it would follow the grid
        found = generator.lines(level)
        pieces += [part for piece in found for part in (piece, gap)]
        seen = [piece[inside(piece)] for piece in found]
        seen = np.concatenate([gap[:0], *seen])
        if len(seen) >= 5:
            marks.append((level, *seen[seen[:, 0].argmax()]))  # at the right, where the arrows end
    path = np.concatenate(pieces)
    aside = 0.02 * np.ptp(x) if beside.endswith("right") else 0.0
    marks = _apart(marks, 0.06 * np.ptp(x), 0.05 * np.ptp(y))
    quiet = {"hoverinfo": "skip", "showlegend": False, "meta": {"table": False}}
    return [
        {
            "x": path[:, 0], "y": path[:, 1], "name": "lines of equal loss",
            "line": {"color": "muted", "width": 0.8, "dash": "solid"}, **quiet,
        },
        {
            "x": [m[1] + aside for m in marks], "y": [m[2] for m in marks], "text": [number(m[0]) for m in marks],
            "mode": "text", "textposition": beside, "textfont": {"size": 11, "color": "ink"}, **quiet,
        },
    ]  # fmt: skip


def _apart(marks, across, up):
    """Those marks that do not lie on one another, the lowest values first."""
    kept = []
    for mark in marks:
        if all(abs(mark[1] - other[1]) > across or abs(mark[2] - other[2]) > up for other in kept):
            kept.append(mark)
    return kept


def _without_poles(z):
    """The values with the few most extreme ones pulled in, so that a pole does not take all the colours."""
    z = z[np.isfinite(z)]
    return np.clip(z, *np.quantile(z, [0.005, 0.96])) if z.size else z


def _arrows(x, y, right, up, width, height):
    """Arrows as one broken line: their direction is exact, their length grows with the gradient and levels off."""
    right, up = right / width, up / height
    size = np.hypot(right, up)
    usual = np.nanmedian(size[size > 0]) if (size > 0).any() else 1.0
    length = ARROW * size / (size + usual)
    with np.errstate(invalid="ignore", divide="ignore"):
        direction = np.where(size > 0, (right + 1j * up) / size, np.nan)
    middle = x / width + 1j * y / height
    tip, tail = middle + direction * length / 2, middle - direction * length / 2
    path = arrow_path(tail, tip, np.minimum(0.35 * length, 0.016))
    return {
        "x": path.real * width, "y": path.imag * height, "name": "downhill", "hoverinfo": "skip", "showlegend": False,
        "meta": {"table": False}, "line": {"color": "ink", "width": 1.3, "dash": "solid"},
    }  # fmt: skip


def _levels(low, high):
    """(low, high, step): about ten contour lines at round numbers."""
    span = (high - low) or 1.0
    size = 10.0 ** math.floor(math.log10(span / 10))
    step = next(size * nice for nice in (1, 2, 5, 10) if span / (size * nice) <= 12)
    return low, high, step
