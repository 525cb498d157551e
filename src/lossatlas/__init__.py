"""The Loss Atlas: loss functions, tested, pictured and put to the test.

Every registered loss is an attribute, as `lossatlas.cross_entropy`; operations (distances, miners, updates) stand in
their family, as `lossatlas.losses.contrastive.draw_mixtures`. Families are imported when something of theirs is first
asked for.
"""

import importlib

from .contract import as_module, get, on, value_checks
from .contract import losses as registry
from .contract.registry import is_loss

__version__ = "0.1.0"
__all__ = ["as_module", "get", "on", "registry", "value_checks"]

#: Packages and modules that are attributes without an import of their own.
_PARTS = ("contract", "distributed", "losses", "signatures")


def __getattr__(name):
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    family = importlib.import_module(f"{__name__}.losses").family_with(name)
    if family is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.losses.{family}"), name)
    if not is_loss(found):
        raise AttributeError(f"module {__name__!r} has no loss {name!r}; it is lossatlas.losses.{family}.{name}")
    globals()[name] = found
    return found


def __dir__():
    return sorted({*globals(), *_PARTS, *(entry.name for entry in registry())})
