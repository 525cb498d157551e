"""A signature: a kind of input, composed of its inputs, samples, probes, transforms and forms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from .forms import Forms, Written
from .inputs import Inputs
from .probes import Probes
from .samples import Samples


@dataclass(frozen=True)
class Transform:
    """A change of the inputs that leaves every item of an invariant loss as it is."""

    name: str
    apply: Callable
    note: str = ""


@dataclass(frozen=True, eq=False)
class Signature:
    """What a kind of loss takes, and how it is sampled, looked at and transformed.

    Args:
        name: as pages and messages call it.
        inputs: what is passed, and how it is checked.
        items: axes of what a loss of this kind returns, by default.
        samples: random, hard and wrong inputs.
        probes: the cuts along which pictures are drawn.
        transforms: invariances worth testing, by name.
        always: names of the transforms under which every loss of this kind is invariant.
        forms: what the body of a loss may take in place of the inputs. Each is an attribute, as `queries.cosine`.
    """

    name: str
    inputs: Inputs
    items: str = "batch"
    samples: Samples = field(default_factory=Samples)
    probes: Probes = field(default_factory=Probes)
    transforms: Mapping = field(default_factory=dict)
    always: tuple = ()
    forms: Forms = field(default_factory=Forms)

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.forms.by_name:
            known = ", ".join(self.forms.by_name) if "forms" in self.__dict__ else ""
            raise AttributeError(
                f"signature {self.__dict__.get('name')!r} has no form {name!r}; it has: {known or 'none'}"
            )
        return Written(self, name)

    def __repr__(self):
        return f"<signature {self.name}({', '.join(self.inputs.names)})>"

    @property
    def names(self):
        """The names of the inputs."""
        return self.inputs.names

    def sample(self, generator=None, dtype=torch.float64, **sizes):
        """Random valid inputs as a dictionary.

        Args:
            generator: a `torch.Generator`, an integer seed, or None for seed 0.
            dtype: dtype of the floating-point inputs.
            **sizes: sizes of the axes by letter, where they should differ from the usual ones.
        """
        return self.samples.drawn(self.inputs, generator, dtype, **sizes)

    def edge_samples(self, generator=None, dtype=torch.float64):
        """Case name -> inputs that are valid and hard: one item, ties, huge values, ruled-out classes …"""
        return self.samples.hard(self.inputs, generator, dtype)

    def bad_samples(self):
        """Inputs that must be refused, from what each field refuses and from shapes that do not fit."""
        return self.samples.wrong(self.inputs)


def takes(fields, *, least=None, optional=(), completed=None, **samples):
    """The inputs of a single operation: a signature without a name and without pictures.

    Args:
        fields: argument name -> field, in the order of the arguments.
        least, optional, completed: as for `Inputs`.
        **samples: `sizes`, `edges`, `related`, as for `Samples`.

    >>> from lossatlas.signatures import Field, takes
    >>> takes({"query": Field("N D"), "gallery": Field("M D")}, least={"M": 1})
    <signature (query, gallery)>
    """
    return Signature("", Inputs(fields, least or {}, tuple(optional), completed), samples=Samples(**samples))
