"""What is no registered loss computes as the losses do: in float32 or more, and the same under autocast."""

import functools
import inspect

import torch
from torch.amp import is_autocast_available
from torch.utils._pytree import tree_map

from .checks import FLOATS


def under_autocast(device):
    """Whether autocast is on for a type of device. Formulas are computed without it, in the dtype of their inputs."""
    return is_autocast_available(device) and torch.is_autocast_enabled(device)


def without_autocast(function):
    """Let a function of tensors compute in the dtype of its inputs."""

    @functools.wraps(function)
    def computed(*args, **keywords):
        device = next((x.device.type for x in (*args, *keywords.values()) if isinstance(x, torch.Tensor)), "cpu")
        if not under_autocast(device):
            return function(*args, **keywords)
        with torch.autocast(device, enabled=False):
            return function(*args, **keywords)

    return computed


def in_one_precision(function):
    """Let a function of tensors compute in one dtype, at least float32, without autocast, and give the dtype that came.

    What counts are the floating-point tensors among the arguments that may be given by position; of several dtypes the
    widest is given back.
    """
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    plain = without_autocast(function)

    @functools.wraps(function)
    def computed(*args, **keywords):
        inputs = [*args, *(keywords[name] for name in names if name in keywords)]
        kinds = {x.dtype for x in inputs if _is_float(x)}
        if not kinds or kinds == {torch.float32} or kinds == {torch.float64}:
            return plain(*args, **keywords)
        dtype = functools.reduce(torch.promote_types, kinds)
        wide = torch.promote_types(dtype, torch.float32)
        named = {name: _to(wide, value) if name in names else value for name, value in keywords.items()}
        found = plain(*(_to(wide, x) for x in args), **named)
        return found if dtype == wide else tree_map(functools.partial(_to, dtype), found)

    return computed


def _is_float(x):
    return isinstance(x, torch.Tensor) and x.dtype in FLOATS


def _to(dtype, x):
    return x.to(dtype) if _is_float(x) else x
