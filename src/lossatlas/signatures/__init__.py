"""The kinds of input a loss can take: how each is checked, sampled, looked at and transformed.

A signature is found because a module here has its name: `queries.py` defines `queries`.
"""

import importlib
import pkgutil

from .fields import (
    ClassIndex,
    Field,
    Given,
    Label,
    Mask,
    MultiHot,
    NonNegative,
    Positive,
    Row,
    Share,
    Sign,
    Simplex,
)
from .forms import Form, Forms
from .inputs import Inputs
from .probes import Line, Plane, Probes
from .samples import Bad, Samples
from .signature import Signature, Transform, takes


def _found():
    for module in pkgutil.iter_modules(__path__):
        signature = getattr(importlib.import_module(f"{__name__}.{module.name}"), module.name, None)
        if isinstance(signature, Signature):
            yield module.name, signature


#: name -> signature
SIGNATURES = dict(_found())
globals().update(SIGNATURES)

__all__ = [
    "SIGNATURES", "Bad", "ClassIndex", "Field", "Form", "Forms", "Given", "Inputs", "Label", "Line", "Mask", "MultiHot",
    "NonNegative", "Plane", "Positive", "Probes", "Row", "Samples", "Share", "Sign", "Signature", "Simplex",
    "Transform", "takes",
]  # fmt: skip
__all__ += SIGNATURES
