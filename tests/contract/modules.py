"""The modules with state that families bring: what `tests/families/<family>/modules.py` declares of each.

`MODULES` is name of an exported `torch.nn.Module` -> function of no arguments that gives (module, inputs, steps): the
module as it is made, a tuple of inputs to call it with, and how many calls change its state (0 for parameters alone).
"""

from dataclasses import dataclass

from tests.families import collected

import lossatlas


@dataclass(frozen=True)
class Stateful:
    """A module of a family, made anew each time."""

    family: str
    name: str
    make: object

    @property
    def id(self):
        return self.name

    @property
    def kind(self):
        return getattr(getattr(lossatlas.losses, self.family), self.name)


def stateful():
    tables = collected("modules", "MODULES")
    return [Stateful(family, name, make) for family, table in tables.items() for name, make in table.items()]
