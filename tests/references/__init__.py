"""Naive references: every loss once more, as loops over plain numbers, written from its formula alone.

| file | idea |
|---|---|
| `numbers` | elementary functions on floats or on numbers of 75 digits, for the loops |
| `holding` | loops of losses that hold a quantity fixed in their gradient |
| `exact` | value and gradient of a loss from its loop, with 75 digits |
| `recorded` | files of such values and gradients, in `tests/golden` |
| all others | the loops, one file per family, listed in its `REFERENCES` |
"""

import functools
import importlib
import pkgutil


@functools.cache
def loops():
    """Loss name -> naive loop."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        found |= getattr(importlib.import_module(f"{__name__}.{module.name}"), "REFERENCES", {})
    return found


def loop(name):
    """The naive loop of the loss of this name, or None: (inputs as nested lists, **hyper) -> items as nested lists."""
    return loops().get(name)


def reference(name):
    """The same for inputs that may be tensors."""
    naive = loop(name)
    if naive is None:
        return None

    @functools.wraps(naive)
    def on_lists(**inputs):
        return naive(**{key: value.tolist() if hasattr(value, "tolist") else value for key, value in inputs.items()})

    return on_lists
