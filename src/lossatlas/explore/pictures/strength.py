"""One slider for the main hyper-parameter of any of several losses: so many times its default."""

import math

from ..engine.controls import Slider
from ..engine.table import number
from .hyper import symbol


def times(steps=5):
    """The slider: from a quarter of the default to four times it."""
    return Slider(0.25, 4.0, steps, value=1.0, label="× its default", log=True)


def main_hyper(entry):
    """The name of a loss's main hyper-parameter: the one declared as such, else its first; None where it has none."""
    able = [name for name in entry.domains if _scales(entry.defaults[name])]
    return next((name for name in able if entry.domains[name].main), next(iter(able), None))


def scaled(entry, factor):
    """{main hyper-parameter: its default times `factor`}, within its domain; {} for a loss that has none."""
    name = main_hyper(entry)
    if name is None:
        return {}
    domain, value = entry.domains[name], entry.defaults[name] * factor
    low, high = domain.low, domain.high
    if not math.isinf(high):
        inside = low if not math.isinf(low) else entry.defaults[name]
        value = min(value, high - (high - inside) / 20 if domain.open_high else high)
    return {name: max(value, low) if not math.isinf(low) else value}


def setting_at(entry, factor):
    """The scaled hyper-parameter in words, as `temperature = 0.07`; empty for a loss that has none."""
    return ", ".join(f"{symbol(name)} = {number(float(value))}" for name, value in scaled(entry, factor).items())


def _scales(default):
    return isinstance(default, (int, float)) and not isinstance(default, bool) and default != 0
