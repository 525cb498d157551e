"""One way to say that an input is wrong: the argument, what was expected, what came."""

import contextlib
import contextvars
import numbers

import torch
from torch._C._functorch import is_functorch_wrapped_tensor

FLOATS = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
INTEGERS = frozenset({torch.int8, torch.int16, torch.int32, torch.int64})
#: what indexes a tensor
INDICES = frozenset({torch.int32, torch.int64})

_value_checks = contextvars.ContextVar("lossatlas_value_checks", default=True)


def wrong(argument, expected, got, error=ValueError):
    """The exception for a bad argument, in the one message style of the library."""
    return error(f"`{argument}`: expected {expected}, got {got}")


def expect(condition, argument, expected, got, error=ValueError):
    """Raise `wrong(...)` unless the condition holds.

    The words are made up before the condition is looked at. Where every call passes, write
    `if not condition: raise wrong(...)` instead, which costs nothing when all is well.
    """
    if not condition:
        raise wrong(argument, expected, got, error)


def describe(value):
    """A value in a few words for a message: tensors by dtype and shape, others by their repr."""
    if isinstance(value, torch.Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        if value.layout is not torch.strided:
            kind = f"{str(value.layout).removeprefix('torch.')} {kind}"
        return f"a {kind} tensor of shape {tuple(value.shape)}"
    text = repr(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{type(value).__name__} {text}"


def is_number(value):
    """A real number, Python's or NumPy's; True and False are not numbers here."""
    return isinstance(value, (int, float, numbers.Real)) and not isinstance(value, bool)


@contextlib.contextmanager
def value_checks(enabled):
    """Switch the checks that read values (label ranges, simplex sums) on or off in a block.

    Reading a value makes the CPU wait for the GPU. Shapes and dtypes are always checked;
    they cost no wait.

    >>> with value_checks(False):
    ...     pass
    """
    token = _value_checks.set(bool(enabled))
    try:
        yield
    finally:
        _value_checks.reset(token)


def values_readable(tensor):
    """Whether the values of a tensor may be looked at here: not under vmap, compile or on meta."""
    return (
        not torch.compiler.is_compiling()
        and _value_checks.get()
        and not tensor.is_meta
        and not is_functorch_wrapped_tensor(tensor)
        and tensor.numel() > 0
    )
