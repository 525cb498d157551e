"""What pulls and pushes an anchor on the circle: the forces of positives and negatives, and the loss behind them."""

import functools

import numpy as np
import torch

from ..engine.controls import Choice, Slider
from ..engine.explorer import Explorer
from .arrows import GAP, arrow_path
from .on_pairs import on_pairs
from .strength import scaled, setting_at, times

POSITIVES, NEGATIVES = (60.0, 100.0), (20.0, 160.0, 215.0, 290.0)
#: From the circle to the first force beside it, and from one to the next: positives outside, negatives inside.
FIRST, NEXT = 0.1, 0.07
LONGEST, SHORTEST, SPIKE, REACH = 0.6, 0.015, 0.32, 1.42
AROUND = 145


def force_field(
    losses, *, positives=POSITIVES, negatives=NEGATIVES, anchors=24, settings=None, title="Forces on an anchor"
):
    """An anchor that moves on the circle, with the force that each positive and each negative exerts on it.

    The force of a pair is minus the gradient of the loss by its similarity, along the circle. All forces of a loss at
    one setting are drawn on one scale; the scale differs between losses and settings.

    Args:
        losses: losses by function, entry or name, whose formula takes similarities or distances; one or more.
        positives, negatives: angles in degrees where they lie.
        anchors: places of the anchor around the circle.
        settings: steps of the main hyper-parameter, from a quarter to four times its default; by default 5, or 3 for
            more than 7 losses, so that the data stay small.
        title: above the figure.
    """
    known = on_pairs(losses)
    settings = settings or (5 if len(known) <= 7 else 3)
    vectors = np.exp(1j * np.deg2rad([*positives, *negatives]))
    beside = np.array(
        [1 + FIRST + NEXT * n for n in range(len(positives))] + [1 - FIRST - NEXT * n for n in range(len(negatives))]
    )
    colors = ["C1"] * len(positives) + ["C2"] * len(negatives)
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 121))
    quiet = {"hoverinfo": "skip", "meta": {"table": False}}

    @functools.cache
    def around(loss, strength):
        """Angles, values, weights (A, K) and forces along the circle (A, K), and the largest weight and force."""
        entry, function = known[loss]
        angles = np.linspace(0, 360, AROUND)
        value, weights, forces = _forces(function, vectors, len(positives), angles, scaled(entry, strength))
        return angles, value, np.nanmax(np.abs(weights)) or 1.0, np.nanmax(np.abs([forces.sum(1), *forces.T])) or 1.0

    def still():
        there = {"mode": "markers", **quiet}
        return [
            _line(circle, "circle", {"color": "grid", "width": 1.5, "dash": "solid"}, showlegend=False, **quiet),
            _points(vectors[: len(positives)], "positives", {"color": "C1", "size": 12, "symbol": "circle"}, **there),
            _points(vectors[len(positives) :], "negatives", {"color": "C2", "size": 11, "symbol": "diamond"}, **there),
        ]

    def forces(loss, strength, anchor):
        entry, function = known[loss]
        _, _, heaviest, strongest = around(loss, strength)
        value, weights, force = (
            a[0] for a in _forces(function, vectors, len(positives), np.array([anchor]), scaled(entry, strength))
        )
        here = np.exp(1j * np.deg2rad(anchor))
        aside = here * beside
        tips = aside + LONGEST * force / strongest * 1j * here
        table = {
            "pair": [
                f"{kind} at {degrees:g}°"
                for kind, some in (("positive", positives), ("negative", negatives))
                for degrees in some
            ]
            + ["all"],
            "similarity": [*(vectors * here.conj()).real.tolist(), None],
            "force, counter-clockwise": [*force.tolist(), float(force.sum())],
        }
        found = []
        for color, kind in (("C1", "pull of positives"), ("C2", "push of negatives")):
            some = np.array(colors) == color
            reach = vectors[some] * (1 + SPIKE * np.abs(weights[some]) / heaviest)
            spikes = np.stack([vectors[some], reach, np.full(some.sum(), GAP)], -1).ravel()
            found.append(
                _line(
                    spikes,
                    f"weight of {kind.split()[-1]}",
                    {"color": color, "width": 5, "dash": "solid"},
                    showlegend=False,
                    **quiet,
                )
            )
            arrows = _arrows(aside[some], tips[some], 0.06)
            found.append(
                _line(arrows, kind, {"color": color, "width": 2.2, "dash": "solid"}, showlegend=False, **quiet)
            )
        total = _arrows(here[None], here[None] + LONGEST * force.sum() / strongest * 1j * here, 0.1)
        found.append(
            _line(
                total,
                "all together",
                {"color": "ink", "width": 4.5, "dash": "solid"},
                hoverinfo="skip",
                meta={"table": table},
            )
        )
        found.append(
            _points(here[None], "anchor", {"color": "ink", "size": 14, "symbol": "star"}, mode="markers", **quiet)
        )
        spot = {
            "x": [anchor],
            "y": [value],
            "mode": "markers",
            "marker": {"color": "ink", "size": 11, "symbol": "star"},
        }
        return [*found, {**spot, "xaxis": "x2", "yaxis": "y2", "showlegend": False, **quiet}]

    def course(loss, strength):
        angles, value, *_ = around(loss, strength)
        ground = float(np.nanmin(value))
        below = {"mode": "markers", "showlegend": False, "xaxis": "x2", "yaxis": "y2", **quiet}
        entry = known[loss][0]
        return [
            {
                "x": angles,
                "y": value,
                "name": "loss",
                "xaxis": "x2",
                "yaxis": "y2",
                "line": {"color": "C3", "dash": "solid"},
                "showlegend": False,
            },
            {
                "x": list(positives),
                "y": [ground] * len(positives),
                "marker": {"color": "C1", "size": 9, "symbol": "circle"},
                **below,
            },
            {
                "x": list(negatives),
                "y": [ground] * len(negatives),
                "marker": {"color": "C2", "size": 9, "symbol": "diamond"},
                **below,
            },
            {
                "x": [0],
                "y": [0],
                "mode": "text",
                "text": [setting_at(entry, strength)],
                "textfont": {"size": 13, "color": "ink"},
                "showlegend": False,
                **quiet,
            },
        ]

    def layout(loss, strength):
        _, value, *_ = around(loss, strength)
        low, high = float(np.nanmin(value)), float(np.nanmax(value))
        room = 0.08 * ((high - low) or 1.0)
        return {
            "height": 620,
            "meta": {"turn": "anchor"},
            "margin": {"l": 60},
            "xaxis": {"visible": False, "range": [-REACH, REACH], "constrain": "domain"},
            "yaxis": {
                "visible": False,
                "range": [-REACH, REACH],
                "scaleanchor": "x",
                "domain": [0.3, 1.0],
                "constrain": "domain",
            },
            "xaxis2": {
                "title": "angle of the anchor (degrees)",
                "range": [0, 360],
                "dtick": 90,
                "anchor": "y2",
                "automargin": False,
            },
            "yaxis2": {
                "title": "loss",
                "range": [low - room, high + room],
                "domain": [0.0, 0.22],
                "anchor": "x2",
                "nticks": 4,
                "automargin": False,
            },
        }

    names = list(known)
    return Explorer(
        still,
        forces,
        course,
        title=title,
        caption="Beside the anchor, the force of each pair along the circle, those of positives outside and of "
        "negatives inside; on the circle their sum. The spike on a positive or a negative is its weight in the "
        "gradient. Below, the loss that the anchor slides down. On a page without a kernel, the anchor also follows a "
        "click or the mouse.",
        alt="A circle with {loss}'s positives and negatives at fixed places and an anchor at {anchor} degrees; arrows "
        "show what pulls and pushes it, at {strength} times the default hyper-parameter. Below, the loss against the "
        "angle.",
        layout=layout,
        loss=Choice(names),
        strength=times(settings),
        anchor=Slider(0.0, 360.0 - 360.0 / anchors, anchors, value=_nearest(130.0, anchors), label="anchor (degrees)"),
    )


def _nearest(angle, anchors):
    step = 360.0 / anchors
    return step * round(angle / step)


def _forces(function, vectors, positives, angles, hyper):
    """Value (A,), derivative by similarity (A, K) and counter-clockwise force (A, K), at angles in degrees."""
    here = np.exp(1j * np.deg2rad(angles))[:, None]
    turned = vectors * here.conj()  # its imaginary part is the derivative of the similarity along the circle
    similar = torch.tensor(turned.real, dtype=torch.float64).requires_grad_()
    value = function(similar[:, :positives], similar[:, positives:], **hyper)
    (gradient,) = torch.autograd.grad(value.sum(), similar)
    weights = gradient.numpy()
    return value.detach().numpy(), weights, -weights * turned.imag


def _arrows(tail, tip, head):
    """Arrows whose barbs are never longer than a third of them; the shortest are left out."""
    tip = np.where(np.abs(tip - tail) > SHORTEST, tip, GAP)
    return arrow_path(tail, tip, np.minimum(head, 0.35 * np.abs(tip - tail)))


def _line(path, name, line, **more):
    return {"x": path.real, "y": path.imag, "name": name, "line": line, **more}


def _points(path, name, marker, **more):
    return {"x": path.real, "y": path.imag, "name": name, "marker": marker, **more}
