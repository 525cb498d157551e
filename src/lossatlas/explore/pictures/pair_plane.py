"""Losses over the plane of one negative and one positive similarity, two of them over one another."""

import functools

import numpy as np
import torch

from ...contract import expect
from ..engine.controls import Choice
from ..engine.explorer import Explorer
from .arrows import GAP, arrow_path
from .on_pairs import on_pairs
from .strength import scaled, setting_at, times

POINTS, FINE, ARROWS, LONGEST = 49, 201, 8, 0.2


def pair_plane(losses, *, settings=5, title="Losses over the plane of two similarities"):
    """Two losses of a positive and a negative pair over one another: lines of equal loss, arrows downhill, boundary.

    The boundary is drawn where it has a meaning: where a hinge ends, or where a softmax gives both pairs the same
    share.

    Args:
        losses: two or more losses by function, entry or name, whose formula takes similarities or distances.
        settings: steps of the main hyper-parameter, from a quarter to four times its default.
        title: above the figure.
    """
    known = on_pairs(losses)
    expect(len(known) >= 2, "losses", "two or more losses", repr(list(known)))
    s = np.linspace(-1, 1, POINTS)
    spots = np.linspace(-1, 1, 2 * ARROWS + 1)[1::2]
    over, up = (a.ravel() for a in np.meshgrid(spots, spots))

    @functools.cache
    def drawn(loss, strength):
        """Paths in the plane: lines of equal loss, arrows and boundary."""
        entry, function = known[loss]
        hyper = scaled(entry, strength)
        z = _valued(function, *np.meshgrid(s, s), hyper)[0]
        lines = _paths(s, z, np.quantile(z, np.linspace(0, 1, 11)[1:-1]))
        _, right, rise = _valued(function, over, up, hyper)
        force = -(right + 1j * rise)
        size = np.abs(force)
        usual = np.median(size[size > 1e-9 * size.max()]) if size.max() > 0 else 1.0
        tail = over + 1j * up
        with np.errstate(invalid="ignore", divide="ignore"):
            tip = tail + np.where(size > 1e-9 * size.max(), LONGEST * force / (size + usual), np.nan)
        arrows = arrow_path(tail, tip, 0.035)
        table = {
            "similarity of the negative": over[::7],
            "of the positive": up[::7],
            f"{loss}: loss": _valued(function, over, up, hyper)[0][::7],
        }
        return lines, arrows, _boundary(entry, lambda x, y: _valued(function, x, y, hyper)[0]), table

    def overlay(loss, strength, color, dash):
        lines, arrows, edge, table = drawn(loss, strength)
        quiet = {"hoverinfo": "skip", "meta": {"table": False}}
        setting = setting_at(known[loss][0], strength)
        name = f"{loss} ({setting})" if setting else loss
        return [
            _line(lines, name, {"color": color, "width": 1.2, "dash": dash}, hoverinfo="skip", meta={"table": table}),
            _line(arrows, "downhill", {"color": color, "width": 1.8, "dash": "solid"}, showlegend=False, **quiet),
            _line(edge, "boundary", {"color": color, "width": 4, "dash": dash}, showlegend=False, **quiet),
        ]

    def one(first, strength):
        return overlay(first, strength, "C1", "solid")

    def other(second, strength):
        return overlay(second, strength, "C2", "dash")

    names = list(known)
    return Explorer(
        one,
        other,
        title=title,
        caption="Thin lines join equal losses, arrows point downhill, and the thick line is the boundary: where a "
        "hinge ends, or where the softmax gives both pairs the same share. The goal is the corner at the top left.",
        alt="The plane of a negative's similarity (across) and a positive's (up), with lines of equal loss and arrows "
        "downhill for {first}, solid, and {second}, dashed, at {strength} times their default hyper-parameters.",
        layout={
            "height": 500,
            "margin": {"l": 60},
            "xaxis": {
                "title": "similarity of the negative",
                "range": [-1.02, 1.02],
                "constrain": "domain",
                "showgrid": False,
                "automargin": False,
            },
            "yaxis": {
                "title": "similarity of the positive",
                "range": [-1.02, 1.02],
                "scaleanchor": "x",
                "constrain": "domain",
                "constraintoward": "top",
                "showgrid": False,
                "automargin": False,
            },
            "legend": {"orientation": "v"},
        },
        first=Choice(names, label="solid"),
        second=Choice(names, value=names[1], label="dashed"),
        strength=times(settings),
    )


def _valued(function, negative, positive, hyper):
    """The loss and its derivatives by the negative's and the positive's similarity, at arrays of one shape."""
    n, p = (torch.tensor(v, dtype=torch.float64).reshape(-1, 1).requires_grad_() for v in (negative, positive))
    value = function(p, n, **hyper)
    derivatives = torch.autograd.grad(value.sum(), (n, p), materialize_grads=True, allow_unused=True)
    return tuple(v.detach().numpy().reshape(np.shape(negative)) for v in (value, *derivatives))


def _boundary(entry, value):
    """Where a hinge ends or the exponent of a softmax changes sign, as a path in the plane; a gap for other losses."""
    s = np.linspace(-1, 1, FINE)
    z = value(*np.meshgrid(s, s))
    if entry.softplus:
        z = z + np.log(-np.expm1(-np.maximum(z, 1e-300)))  # the exponent, which is far less bent than the loss
        return _paths(s, z, [0.0])
    if 0.02 < (z == 0).mean() < 0.98:
        return _paths(s, z, [1e-3 * z.max()])
    return np.full(1, GAP)


def _paths(s, z, levels):
    """Lines of equal value in the complex plane, as one broken line with no more points than its bends need."""
    from contourpy import LineType, contour_generator

    generator = contour_generator(s, s, z, line_type=LineType.Separate)
    pieces = [np.full(1, GAP)]
    for level in np.unique(levels):
        for piece in generator.lines(level):
            pieces += [_straightened(piece[:, 0] + 1j * piece[:, 1], 0.003), pieces[0]]
    return np.concatenate(pieces)


def _straightened(path, tolerance):
    """The path without points that lie within `tolerance` of the chord over them (Ramer, Douglas and Peucker)."""
    if len(path) < 3:
        return path
    chord = path[-1] - path[0]
    away = np.abs(path - path[0]) if chord == 0 else np.abs(((path - path[0]) * chord.conjugate()).imag) / abs(chord)
    far = int(away.argmax())
    if away[far] <= tolerance or far in (0, len(path) - 1):
        return path[[0, -1]]
    return np.concatenate([_straightened(path[: far + 1], tolerance)[:-1], _straightened(path[far:], tolerance)])


def _line(path, name, line, **more):
    return {"x": path.real, "y": path.imag, "name": name, "line": line, **more}
