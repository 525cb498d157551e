"""Random, hard and wrong inputs of a kind: what tests, pictures and benchmarks run on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

#: Sizes of axes that name none: all different, so that an axis taken for another is noticed.
USUAL = (4, 3, 5, 2, 6)


@dataclass(frozen=True)
class Bad:
    """Inputs that must be refused: with which exception, naming which argument."""

    name: str
    inputs: Mapping
    error: type
    argument: str


@dataclass(frozen=True, eq=False)
class Samples:
    """How inputs of a kind are drawn.

    Args:
        sizes: letter -> usual size of the axis; axes that are missing get one of `USUAL`.
        edges: case name -> function of a valid sample that gives a harder one (ties, huge, ruled-out classes).
        perfect: function of a valid sample that gives a perfect prediction, or None.
        borders: edges on the border of what the inputs may be, where the gradient of a right loss may be infinite.
        related: function of drawn inputs that makes them fit one another, where fields drawn one by one would not.
    """

    sizes: Mapping = field(default_factory=dict)
    edges: Mapping = field(default_factory=dict)
    perfect: Callable | None = None
    borders: tuple = ()
    related: Callable | None = None

    def drawn(self, inputs, generator=None, dtype=torch.float64, **sizes):
        """Random valid inputs as a dictionary; see `Signature.sample`."""
        if not isinstance(generator, torch.Generator):
            generator = torch.Generator().manual_seed(generator or 0)
        sizes = {**self.all_sizes(inputs), **sizes}
        found = {}
        for name, kind in inputs.fields.items():
            found[name] = kind.sample(_shape(kind.axes, sizes), sizes, generator, dtype)
        return self.related(found) if self.related else found

    def in_code(self, inputs):
        """The inputs that must be given, each as an expression of Python that makes a valid one."""
        sizes = self.all_sizes(inputs)
        return {
            name: inputs.fields[name].in_code(_shape(inputs.fields[name].axes, sizes), sizes)
            for name in inputs.required
        }

    def hard(self, inputs, generator=None, dtype=torch.float64):
        """Case name -> inputs that are valid and hard: few items, ties, huge values, ruled-out classes …"""
        fewest = max(1, inputs.least.get("N", 1))
        base = self.drawn(inputs, generator, dtype)
        cases = {name: make(dict(base)) for name, make in self.edges.items()}
        few = {"one item" if fewest == 1 else f"{fewest} items": self.drawn(inputs, generator, dtype, N=fewest)}
        return {**few, **cases}

    def wrong(self, inputs):
        """Inputs that must be refused, from what each field refuses and from shapes that do not fit."""
        base, sizes = self.drawn(inputs), self.all_sizes(inputs)
        found, seen = [], set(inputs.fixed)
        for name, kind in inputs.fields.items():
            for case, (value, error) in kind.bad(base[name], sizes).items():
                anew = "..." in kind.axes or (kind.axes[:1] == ("*",) and "*" not in seen)
                if case == "one axis too many" and anew:
                    continue  # any shape is right; where leading axes are the same, that of the second does not fit
                found.append(Bad(f"{name}: {case}", {**base, name: value}, error, name))
            for place, axis in enumerate(kind.axes):
                if axis in seen - {"..."}:
                    short = base[name].narrow(place, 0, base[name].shape[place] - 1)
                    found.append(Bad(f"{name}: one short along {axis}", {**base, name: short}, ValueError, name))
                seen.add(axis)
        for axis, least in inputs.least.items():
            if least > 1:
                name = inputs.first_with(axis)
                small = self.drawn(inputs, **{axis: least - 1})
                found.append(Bad(f"{axis} = {least - 1}", small, ValueError, name))
        return found

    def all_sizes(self, inputs):
        """letter -> size of every axis that the inputs have."""
        letters = dict.fromkeys(axis for kind in inputs.fields.values() for axis in kind.axes)
        known = {**inputs.fixed, **self.sizes}
        free = [axis for axis in letters if axis not in ("*", "...") and axis not in known]
        return {**dict(zip(free, USUAL * len(free), strict=False)), **known}


def _shape(axes, sizes):
    if axes == ("*",):
        return (sizes["N"],)
    return tuple(n for axis in axes for n in (sizes.get(axis, (2,)) if axis in ("*", "...") else (sizes[axis],)))
