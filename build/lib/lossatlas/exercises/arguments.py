"""A mistake that shows itself as an exception or as an odd shape: a reader's function takes its arguments in another order."""

from itertools import permutations

import torch

from .exercise import NotAttempted, Wrong


def called(function, *arguments, order, shape):
    """What a reader's function returns; says so if only another order of its arguments gives a tensor of the right shape.

    Args:
        function, arguments: the call.
        order: the names of the arguments in the order asked for, such as `"distances, labels, margin"`.
        shape: what the tensor that it returns should have.

    Raises:
        Wrong: the function takes its arguments in another order.
    """
    try:
        found = function(*arguments)
    except (Wrong, NotAttempted):
        raise
    except Exception:
        _say_if_another_order_works(function, arguments, order, shape)
        raise
    if isinstance(found, torch.Tensor) and found.shape != shape:
        _say_if_another_order_works(function, arguments, order, shape)
    return found


def _say_if_another_order_works(function, arguments, order, shape):
    for other in permutations(arguments):
        try:
            found = function(*other)
        except Exception:
            continue
        if isinstance(found, torch.Tensor) and found.shape == shape:
            raise Wrong(
                f"it works only with its arguments in another order. The check calls it with {order}, in this order."
            ) from None
