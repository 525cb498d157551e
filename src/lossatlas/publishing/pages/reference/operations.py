"""The operations of a family: what it exports beside its losses."""

import importlib
import inspect
import re
from dataclasses import dataclass
from functools import cached_property

from lossatlas.contract import losses
from lossatlas.contract.registry import operations


@dataclass(frozen=True)
class Exported:
    """A class or a function that is exported without being registered, with what a reference says of an operation."""

    name: str
    function: object
    family: str
    paper: str | None = None

    @property
    def body(self):
        return self.function

    @cached_property
    def source(self):
        """The code without the docstring, which the page shows already."""
        return re.sub(r'\n\s*r?""".*?"""', "", inspect.getsource(self.function), count=1, flags=re.S).rstrip()


def operations_of(family):
    """What a family exports beside its losses, in the order in which it is exported.

    Registered operations come as they are registered; classes with state, which are no functions of tensors, and
    functions that are not registered, as `Exported`.
    """
    module = importlib.import_module(f"lossatlas.losses.{family}")
    registered = {entry.name: entry for entry in operations(family=family)}
    known = {entry.name for entry in losses(family=family)}
    return [
        registered.get(name) or Exported(name, getattr(module, name), family)
        for name in module.__all__
        if name not in known
    ]
