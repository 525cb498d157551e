"""The cuts along which a kind of loss is looked at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """A one-dimensional cut through the inputs: `inputs(t)` makes one item for each number in t."""

    name: str
    axis: str
    start: float
    stop: float
    inputs: Callable
    note: str = ""


@dataclass(frozen=True)
class Plane:
    """A two-dimensional cut: `inputs(u, v)` makes one item for each pair of coordinates.

    `kind` is how it is drawn: "plane" on u × v, "simplex" in the triangle of three probabilities,
    where (u, v) are the first two and the third is 1 - u - v. `points` are those that stay where they are
    while (u, v) moves, as name -> ((u, v), …): the plane is then one of vectors, and both axes have one scale.
    """

    name: str
    axes: tuple
    u: tuple
    v: tuple
    inputs: Callable
    kind: str = "plane"
    note: str = ""
    points: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Probes:
    """The lines and planes of a signature, the most telling first."""

    lines: tuple = ()
    planes: tuple = ()
