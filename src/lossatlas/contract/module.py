"""The `nn.Module` of a pure loss: it stores the hyper-parameters and calls the function."""

import torch

from .checks import expect
from .reduction import check_reduction
from .registry import get


class LossModule(torch.nn.Module):
    """A registered loss whose hyper-parameters are fixed, or learned where they are parameters. Made by `as_module`."""

    def __init__(self, name, reduction, hyper):
        super().__init__()
        self.name, self.reduction, self.hyper = name, reduction, hyper
        for key, value in hyper.items():
            if isinstance(value, torch.nn.Parameter):
                self.register_parameter(key, value)

    def forward(self, *inputs, **keywords):
        """The loss of the inputs; `sample_weight`, `mask` and `normalizer` pass through."""
        hyper = {**self.hyper, **self._parameters}
        return get(self.name).function(*inputs, reduction=self.reduction, **hyper, **keywords)

    def extra_repr(self):
        settings = {"reduction": self.reduction, **self.hyper}
        return ", ".join([self.name, *(f"{key}={value!r}" for key, value in settings.items())])


def as_module(loss, *, reduction="mean", **hyper):
    """The module of a loss, given by function, entry or name.

    >>> import lossatlas
    >>> lossatlas.as_module("poly1_cross_entropy", epsilon=2.0)
    LossModule(poly1_cross_entropy, reduction='mean', epsilon=2.0)
    """
    entry = get(loss)
    check_reduction(reduction, None)
    for name, value in hyper.items():
        expect(
            name in entry.defaults,
            name,
            f"a hyper-parameter of {entry.name}: {sorted(entry.defaults)}",
            repr(value),
            TypeError,
        )
        if name in entry.limits:
            hyper[name] = entry.limits[name].check(name, value)
    return LossModule(entry.name, reduction, hyper)
