"""A mistake that shows as an exception or an odd shape: a function that takes its arguments in another order."""

from itertools import permutations

import torch

from ..contract import describe
from .exercise import NotAttempted, Wrong


def called(function, *arguments, order, shape):
    """What a reader's function returns; an error if only another order of the arguments gives the right shape.

    Args:
        function, arguments: the call.
        order: the names of the arguments in the expected order, such as `"distances, labels, margin"`.
        shape: what the tensor that it returns should have.

    Raises:
        Wrong: the function takes its arguments in another order.
    """
    try:
        found = function(*arguments)
    except (Wrong, NotAttempted):
        raise
    except Exception:
        _explain_if_another_order_works(function, arguments, order, shape)
        raise
    if isinstance(found, torch.Tensor) and found.shape != shape:
        _explain_if_another_order_works(function, arguments, order, shape)
    return found


def _explain_if_another_order_works(function, arguments, order, shape):
    for other in permutations(arguments):
        try:
            found = function(*other)
        except Exception:
            continue
        if isinstance(found, torch.Tensor) and found.shape == shape:
            raise Wrong(
                f"it works only with its arguments in another order. The check calls it with {order}, in this order."
            ) from None


def need_tensor(found):
    """Raise `Wrong` unless what a reader's function returned is a tensor."""
    if not isinstance(found, torch.Tensor):
        raise Wrong(f"it returned {describe(found)}. Return a PyTorch tensor; only that carries a gradient.")
