"""Arrows as one broken line, so that a picture of many is a single trace."""

import numpy as np

#: Breaks a line.
GAP = complex(np.nan, np.nan)


def arrow_path(tail, tip, head):
    """The points of arrows in the complex plane, six for each, NaN after the last; flat.

    Args:
        tail, tip: complex arrays of one shape; an arrow without length, or with NaN, is not drawn.
        head: length of the barbs, a number or an array.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        direction = np.where(tip != tail, (tip - tail) / np.abs(tip - tail), np.nan)
    barbs = [tip - direction * head * np.exp(sign * 0.5j) for sign in (1, -1)]
    return np.stack([tail, tip, barbs[0], tip, barbs[1], np.full_like(tip, GAP)], -1).ravel()
