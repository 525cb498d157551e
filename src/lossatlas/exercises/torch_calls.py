"""Which PyTorch functions run in a block of code."""

import math

from torch.overrides import TorchFunctionMode


class TorchCalls(TorchFunctionMode):
    """Records the PyTorch functions that are called inside the block.

    Args:
        most: how many names are recorded; those that come later are left out.

    Attributes:
        names: of the functions, each once, in the order of their first calls.

    >>> import torch
    >>> with TorchCalls() as calls:
    ...     _ = torch.ones(2).exp().sum()
    >>> calls.names
    ['ones', 'exp', 'sum']
    """

    def __init__(self, most=math.inf):
        super().__init__()
        self.names, self.most = [], most

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = str(getattr(function, "__name__", ""))
        if name not in self.names and len(self.names) < self.most:
            self.names.append(name)
        return function(*args, **(kwargs or {}))
