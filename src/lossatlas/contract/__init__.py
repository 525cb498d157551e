"""What a loss is: its checks, its reduction, its place in the registry."""

from .checks import describe, expect, is_number, value_checks, values_readable, wrong
from .decorator import loss, on
from .domains import Domain, above, at_least, between, inside, real
from .module import LossModule, as_module
from .registry import PROMISES, Entry, SpecialCase, get, losses

__all__ = [
    "PROMISES", "Domain", "Entry", "LossModule", "SpecialCase", "above", "as_module", "at_least", "between",
    "describe", "expect", "get", "inside", "is_number", "loss", "losses", "on", "real", "value_checks", "values_readable", "wrong",
]  # fmt: skip
