"""What a loss becomes in special cases, in words: those that it declares, and those that others declare of it."""

from lossatlas.contract import losses

from ...build.wording import call, code, listed
from .links import canonical, link


def becomes(entry, page):
    """A sentence for each special case that the loss declares, as HTML, with a link to what it becomes."""
    return [f"{_when(case)} equals {_value(case, page)}." for case in entry.special_cases]


def becomes_this(entry, page):
    """A sentence for each special case in which another loss becomes this one, as HTML, with a link to the other."""
    return [
        f"{link(other.name, page)} {_setting(case)}equals {_value(case, page, this=True)}."
        for other in losses()
        for case in other.special_cases
        if canonical(case.of) == entry.name and other is not entry
    ]


def _when(case):
    return f"At {_hyper(case.when)} it" if case.when else "It"


def _setting(case):
    return f"at {_hyper(case.when)} " if case.when else ""


def _hyper(values):
    return listed([code(f"{name} = {_plain(value)}") for name, value in values.items()])


def _plain(value):
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def _value(case, page, this=False):
    """What a special case equals, with everything that is done to it."""
    name = canonical(case.of)
    other = (
        f"this loss{f' at {_hyper(case.then)}' if case.then else ''}"
        if this
        else link(name, page, call(name, case.then))
    )
    scale = "" if case.scale == 1 else f"{case.scale:g} × "
    inputs = " of changed inputs" if case.via else ""
    shift = ", plus an offset" if case.offset else ""
    return f"{scale}{other}{inputs}{shift}"
