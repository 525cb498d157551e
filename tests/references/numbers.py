"""Elementary functions for the naive loops, on Python's floats or on numbers of 75 digits.

The same loop then serves twice: quickly, and with so many digits that nothing which cancels, overflows or underflows
in floating-point numbers is lost. Which of the two is computed is chosen once, by `exactly()`, not in the loops.
"""

import contextlib
import math

import mpmath

INF = math.inf

DIGITS = 75
_precise = mpmath.MPContext()
_precise.dps = DIGITS
_now = {"exact": False}


def _refuse(number):
    raise TypeError(
        "a reference took a number of 75 digits for a float: take log, exp, sqrt ... from tests.references.numbers, not"
        " from math"
    )


_precise.mpf.__float__ = _refuse


@contextlib.contextmanager
def exactly(digits=DIGITS):
    """In this block the functions of this module give numbers of so many digits, also for whole numbers."""
    _now["exact"], _precise.dps = True, digits
    try:
        yield
    finally:
        _now["exact"], _precise.dps = False, DIGITS


def exact(value):
    """A float as the number of 75 digits that it is; lists entry by entry; whole numbers stay."""
    if isinstance(value, list | tuple):
        return [exact(v) for v in value]
    return _precise.mpf(value) if isinstance(value, float) else value


def is_real(number):
    """Whether it is a real number: outside of its domain a function of 75 digits gives a complex one."""
    return not isinstance(number, _precise.mpc)


def rounded(number):
    """The float nearest to a number of either kind; infinite where floats end."""
    if not isinstance(number, _precise.mpf):
        return float(number)
    try:
        return mpmath.libmp.to_float(number._mpf_, rnd="n")
    except OverflowError:
        return math.copysign(INF, mpmath.sign(number))


def _of_both(name):
    quick, precise = getattr(math, name), getattr(_precise, name)

    def function(*x):
        return precise(*x) if _now["exact"] else quick(*x)

    function.__name__ = name
    return function


exp, expm1, log, log1p, sqrt, fsum, atan2, tan = (
    _of_both(name) for name in ("exp", "expm1", "log", "log1p", "sqrt", "fsum", "atan2", "tan")
)


def hypot(*x):
    """The length of a vector."""
    return sqrt(fsum(v**2 for v in x)) if _now["exact"] else math.hypot(*x)


def log_sum_exp(values):
    top = max(values, default=-INF)
    if top == -INF:
        return -INF
    return top + log(fsum(exp(v - top) for v in values))


def softplus(x):
    return max(x, 0.0) + log1p(exp(-abs(x)))
