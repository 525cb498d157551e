"""What a loss is: its checks, its reduction, its place in the registry. `README.md` here explains it on one page."""

from .checks import describe, expect, is_number, value_checks, values_readable, wrong
from .domains import Domain, Kind, above, at_least, between, inside, real, whole
from .loss import loss, on
from .module import LossModule, as_module
from .operation import operation
from .registry import (
    PROMISES,
    PROMISES_OF_OPERATIONS,
    Loss,
    Operation,
    SpecialCase,
    get,
    get_operation,
    losses,
    operations,
)

__all__ = [
    "PROMISES", "PROMISES_OF_OPERATIONS", "Domain", "Kind", "Loss", "LossModule", "Operation", "SpecialCase", "above",
    "as_module", "at_least", "between", "describe", "expect", "get", "get_operation", "inside", "is_number", "loss",
    "losses", "on", "operation", "operations", "real", "value_checks", "values_readable", "whole", "wrong",
]  # fmt: skip
