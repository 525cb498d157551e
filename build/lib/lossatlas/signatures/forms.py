"""Forms: what the body of a loss may take in place of the inputs themselves, such as a table of similarities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Form:
    """Leading arguments of a body, and how they are made of the inputs.

    Args:
        arguments: their names.
        relate: function of the inputs that gives them; each row depends on its own item's part of the inputs and on
            what belongs to no item, so that it can be computed some rows at a time.
        once: function of the inputs that is done before `relate`, and once where that is done some rows at a time.
    """

    arguments: tuple
    relate: Callable
    once: Callable = lambda inputs: inputs


@dataclass(frozen=True)
class Forms:
    """The forms of a signature.

    Args:
        by_name: name -> `Form`. Forms of one name in two signatures mean the same, so that a loss that is written in
            one can be computed on the other (`lossatlas.on`).
        collected: function of what a body returns that gives one value per item, where it returns more.
    """

    by_name: Mapping = field(default_factory=dict)
    collected: Callable = lambda values: values


@dataclass(frozen=True)
class Written:
    """A signature in one of its forms, as in `@loss(queries.cosine)`."""

    signature: object
    name: str

    @property
    def form(self):
        return self.signature.forms.by_name[self.name]

    def __repr__(self):
        return f"<signature {self.signature.name}.{self.name}({', '.join(self.form.arguments)})>"
