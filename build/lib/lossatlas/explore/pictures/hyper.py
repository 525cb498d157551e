"""Sliders from what a loss declares of its hyper-parameters."""

import math
import unicodedata

from ...contract import expect
from ..engine.controls import Slider

#: Most cells of the grid of one picture: the steps of its sliders multiply.
CELLS = 250
#: Fewest values of a slider, its default among them, and most steps.
LEAST, MOST = 3, 21

#: Greek letters under the names that Python leaves them, and such as nobody writes out.
_SPELLED = {"lam": "lamda", "lambda": "lamda", "eps": "epsilon"}


def sliders(entry, fixed=None, cells=CELLS):
    """Hyper-parameter -> `Slider`, for those that are numbers with a declared domain and not fixed.

    Hyper-parameters that are no numbers (lists, None, functions) have no slider and stay at their default. The more
    sliders, the fewer steps each has, so that their grid has at most `cells` cells; those for which not even three
    values would fit stay at their default too.
    """
    for name in fixed or {}:
        known = ", ".join(entry.defaults) or "none"
        expect(
            name in entry.defaults, name, f"a hyper-parameter of {entry.name} ({known})", repr(fixed[name]), TypeError
        )
    free = [
        name
        for name, domain in entry.domains.items()
        if name not in (fixed or {}) and domain.slider and _is_number(entry.defaults[name])
    ]
    free = free[: int(math.log(cells, LEAST))]
    steps = min(MOST, int(cells ** (1 / max(1, len(free))) - 1))  # the default may come on top of them
    return {name: _slider(name, entry.domains[name], entry.defaults[name], steps) for name in free}


def setting(hyper):
    """ " with ε = {epsilon}": the part of an alternative text that names the sliders."""
    return "".join(f"{', ' if n else ' with '}{s.label} = {{{name}}}" for n, (name, s) in enumerate(hyper.items()))


def symbol(name):
    """`epsilon` as ε, `lam0` as λ₀, `label_smoothing` as label smoothing."""
    letter = name.rstrip("0123456789")
    try:
        greek = unicodedata.lookup(f"GREEK SMALL LETTER {_SPELLED.get(letter, letter)}")
    except KeyError:
        return name.replace("_", " ")
    return greek + "".join(
        unicodedata.lookup(unicodedata.name(d).replace("DIGIT", "SUBSCRIPT")) for d in name[len(letter) :]
    )


def _slider(name, domain, default, steps):
    low, high = domain.show or (domain.low, domain.high)
    reach = max(1.0, abs(default))
    low = default - reach if low == float("-inf") else low
    high = default + reach if high == float("inf") else high
    low, high = min(low, default), max(high, default)
    inset = (high - low) / 50  # an open end is no value: stop just short of it
    low = low if low in domain else low + inset
    high = high if high in domain else high - inset
    log = low > 0 and high / low >= 16 and domain.high == float("inf")
    return Slider(float(low), float(high), steps, value=float(default), label=symbol(name), log=log)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
