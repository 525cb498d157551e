"""The Loss Atlas: loss functions, tested, pictured and put to the test."""

from . import contract, distributed, losses, signatures
from .contract import as_module, get, on, value_checks

__version__ = "0.1.0"
__all__ = ["as_module", "contract", "distributed", "get", "losses", "on", "signatures", "value_checks"]

for _family in losses.FAMILIES:
    globals().update({_name: getattr(_family, _name) for _name in _family.__all__})
    __all__ += _family.__all__
