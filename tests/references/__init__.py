"""Naive references: every loss once more, as loops over plain numbers, written from its formula alone.

| file | idea |
|---|---|
| `numbers` | elementary functions on floats or on numbers of 75 digits, for the loops |
| `holding` | loops of losses that hold a quantity fixed in their gradient |
| `exact` | value and gradient of a loss from its loop, with 75 digits |
| `recorded` | files of such values and gradients, in `tests/families/<family>/golden/exact` |
| `comparing` | loops over anchors that see two short lists of numbers |
| `adapting` | makers of adapters, for files of official implementations |

The loops themselves are in `tests/families/<family>/references`, in tables called `REFERENCES`.
"""

import functools

from tests.families import collected


@functools.cache
def loops():
    """Name of a loss or an operation -> naive loop, of all families and of the measures."""
    from tests.measures import references as measures  # it takes its numbers from here

    tables = [*collected("references", "REFERENCES").values(), measures.REFERENCES]
    return {name: loop for table in tables for name, loop in table.items()}


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
