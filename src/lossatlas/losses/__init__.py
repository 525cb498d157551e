"""The losses, one family each.

`lossatlas.losses` is this package and, called, the registry: `lossatlas.losses(family="cross_entropy")`.
"""

import sys
import types

from ..contract import registry
from . import contrastive, cross_entropy, pair_metric_learning

FAMILIES = (cross_entropy, pair_metric_learning, contrastive)


class _Listing(types.ModuleType):
    """A package that can be called: a function of the same name would hide the package from `import`."""

    def __call__(self, *, family=None, signature=None, paper=None):
        return registry.losses(family=family, signature=signature, paper=paper)


sys.modules[__name__].__class__ = _Listing
