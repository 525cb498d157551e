"""A family at a glance: every loss as a small pair of curves."""

import numpy as np

from ...contract import get
from ..engine.ranges import robust
from ..engine.table import escape, number
from ..engine.wording import title_of
from .probes import along

WIDTH, HEIGHT = 160, 90


def family(losses):
    """The losses side by side, each with value (solid) and derivative (dashed) along the first line of its signature.

    Args:
        losses: losses by function, entry or name, for example `lossatlas.registry(family="cross_entropy")`. A loss
            whose signature has no line is left out.
    """
    return Family([entry for entry in map(get, losses) if entry.signature.probes.lines])


class Family:
    """What `family` returns: small multiples that flow into as many columns as fit."""

    def __init__(self, entries):
        self.entries = entries
        self.curves = [along(entry, entry.signature.probes.lines[0], points=61)[:3] for entry in entries]

    def __repr__(self):
        width = max((len(entry.name) for entry in self.entries), default=0)
        return "\n".join(
            f"{entry.name:<{width}}  {self._ends(curve)}"
            for entry, curve in zip(self.entries, self.curves, strict=True)
        )

    def html(self):
        items = "".join(self._item(entry, curve) for entry, curve in zip(self.entries, self.curves, strict=True))
        key = (
            '<p class="atlas-key"><span class="atlas-value">value</span> '
            '<span class="atlas-derivative">derivative</span></p>'
        )
        return f'<div class="atlas-family">{key}<ul>{items}</ul></div>'

    def _item(self, entry, curve):
        line = entry.signature.probes.lines[0]
        return (
            f"<li>{small_picture(curve, f'{title_of(entry)}: {self._ends(curve)}')}"
            f"<strong>{escape(title_of(entry))}</strong><small>{escape(line.axis)}: "
            f"{_minus(line.start)} to {_minus(line.stop)}</small></li>"
        )

    @staticmethod
    def _ends(curve):
        t, value, _ = curve
        return f"{number(value[0])} at {number(t[0])}, {number(value[-1])} at {number(t[-1])}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self.html()}


def small_picture(curve, words):
    """Value and gradient as a small SVG on one scale, with a line at zero.

    Args:
        curve: (t, value, gradient), as `along` gives them.
        words: what it shows, for a reader who does not see it.
    """
    t, value, derivative = curve
    low, high = robust([value, derivative, np.zeros(1)])
    zero = _height(0.0, low, high)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">'
        f'<path class="atlas-zero" d="M0 {zero:.1f}H{WIDTH}"/>'
        f'<path class="atlas-derivative" d="{_path(t, derivative, low, high)}"/>'
        f'<path class="atlas-value" d="{_path(t, value, low, high)}"/></svg>'
    )


def _minus(value):
    return number(value).replace("-", "−")


def _height(value, low, high):
    return HEIGHT - 4 - (value - low) / ((high - low) or 1.0) * (HEIGHT - 8)


def _path(t, values, low, high):
    """An SVG path that breaks where the values have gaps or leave the picture."""
    across = (t - t[0]) / (t[-1] - t[0]) * WIDTH
    pieces, pen = [], "M"
    for x, value in zip(across, values, strict=True):
        seen = low <= value <= high
        if seen:
            pieces.append(f"{pen}{x:.1f} {_height(value, low, high):.1f}")
        pen = "L" if seen else "M"
    return "".join(pieces)
