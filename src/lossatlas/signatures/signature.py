"""A signature: the inputs of a kind of loss, and with them its checks, samples, probes and transforms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from ..contract import wrong
from ..contract.reduction import over
from .fields import Field, shape_text

ANY = ("*",)


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

    `kind` says how it is drawn: "plane" on u × v, "simplex" in the triangle of three probabilities,
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
class Transform:
    """A change of the inputs that leaves every item of an invariant loss as it is."""

    name: str
    apply: Callable
    note: str = ""


@dataclass(frozen=True)
class Bad:
    """Inputs that must be refused: with which exception, naming which argument."""

    name: str
    inputs: Mapping
    error: type
    argument: str


@dataclass(frozen=True)
class Form:
    """Leading arguments that the body of a loss may take in place of the inputs, and how they are made of these.

    Args:
        relate: function of the inputs that gives the arguments; each row of them depends on its own item's part of the
            inputs and on what belongs to no item.
        once: function of the inputs, done before `relate`, and once where that is done some rows at a time.
    """

    relate: Callable
    once: Callable = lambda inputs: inputs


@dataclass(frozen=True, eq=False)
class Signature:
    """What a kind of loss takes, and how it is checked, sampled, looked at and transformed.

    Args:
        name: as pages and messages call it.
        fields: argument name -> field, in the order of the arguments.
        items: axes of what a loss of this kind returns, by default.
        sizes: usual sizes of the axes, for samples.
        least: smallest allowed sizes.
        lines, planes: the cuts along which pictures are drawn.
        transforms: invariances worth testing, by name.
        edges: case name -> function of a valid sample that gives a harder one (ties, huge, ruled-out classes).
        perfect: function of a valid sample that gives a perfect prediction, or None.
        always: transforms under which every loss of this kind is invariant.
        borders: edges on the border of what the inputs may be, where the slope of a right loss may be infinite.
        optional: names of inputs that need not be given; `completed` then says what stands in for them.
        completed: function of (inputs, sizes, mask) that gives all inputs, and their sizes.
        forms: leading arguments that the body of a loss may take in place of the inputs -> `Form`, which makes them.
            A loss of such a signature can be computed some rows at a time.
        collected: function of what the body returns that gives one value per item, where it returns more.
    """

    name: str
    fields: Mapping
    items: str
    sizes: Mapping
    least: Mapping = field(default_factory=dict)
    lines: tuple = ()
    planes: tuple = ()
    transforms: Mapping = field(default_factory=dict)
    edges: Mapping = field(default_factory=dict)
    perfect: Callable | None = None
    always: tuple = ()
    borders: tuple = ()
    optional: tuple = ()
    completed: Callable | None = None
    forms: Mapping = field(default_factory=dict)
    collected: Callable | None = None

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(self.fields))
        object.__setattr__(self, "floating", tuple(name for name, kind in self.fields.items() if kind.floating))
        read = tuple(
            (name, kind) for name, kind in self.fields.items() if type(kind).check_values is not Field.check_values
        )
        object.__setattr__(self, "read", read)
        object.__setattr__(self, "required", tuple(name for name in self.fields if name not in self.optional))
        object.__setattr__(
            self, "by_item", tuple(name for name, kind in self.fields.items() if kind.axes[0] in ("N", "*"))
        )

    def __repr__(self):
        return f"<signature {self.name}({', '.join(self.names)})>"

    def check_shapes(self, inputs):
        """Types, dtypes, shapes and devices, which cost no look at the values.

        Returns letter -> size, and for "*" the whole shape.
        """
        sizes, device = {}, None
        for name, kind in self.fields.items():
            value = inputs.get(name)
            if value is None and name in self.optional:
                continue
            kind.check_type(name, value)
            shape, axes = value.shape, kind.axes
            if axes == ANY:
                fits = sizes.setdefault("*", shape) == shape
            else:
                fits = len(shape) == len(axes)
                for axis, n in zip(axes, shape, strict=True) if fits else ():
                    if sizes.setdefault(axis, n) != n:
                        fits = False
            if not fits:
                wanted = sizes["*"] if axes == ANY else tuple(sizes.get(a, a) for a in axes)
                raise wrong(name, shape_text(tuple(wanted)), str(tuple(shape)))
            if device is None:
                device = value.device
            elif value.device != device:
                raise wrong(name, f"a tensor on {device}", f"one on {value.device}")
        for axis, least in self.least.items():
            if sizes.get(axis, least) < least:
                name = self._first_with(axis)
                wanted = f"at least {least} along {axis} in {shape_text(self.fields[name].axes)}"
                raise wrong(name, wanted, str(tuple(inputs[name].shape)))
        return sizes

    def check_values(self, inputs, sizes):
        """The checks that read values; each skips itself where values cannot be read."""
        for name, kind in self.read:
            kind.check_values(name, inputs[name], sizes)

    def shape_of(self, dims, sizes):
        """The shape that the axes `dims` have at these sizes."""
        return tuple(sizes["*"]) if dims == "*" else tuple(sizes[a] for a in dims.split())

    def neutralized(self, inputs, keep):
        """The inputs with harmless values wherever `keep` (over the leading axes of the items) is False."""
        changed = dict(inputs)
        for name, kind in self.fields.items():
            value, here = inputs.get(name), keep
            if value is None or kind.axes[0] not in ("N", "*"):
                continue
            while here.ndim > value.ndim - kind.joint:
                here = here.any(-1)
            changed[name] = torch.where(over(here, value.shape), value, kind.neutral(value))
        return changed

    def prepared(self, inputs):
        """The inputs as the formula meets them, all in one dtype of at least float32; and the dtype to return.

        Labels do not count in the choice: scores in float32 with labels in float64 give a loss in float32.
        """
        dtype = None
        for name in self.floating:
            own = inputs[name].dtype
            dtype = own if dtype is None or dtype == own else torch.promote_types(dtype, own)
        wide = torch.float32 if dtype.itemsize < 4 else dtype
        return {name: kind.prepared(inputs[name], wide) for name, kind in self.fields.items()}, dtype

    def sample(self, generator=None, dtype=torch.float64, **sizes):
        """Random valid inputs as a dictionary.

        Args:
            generator: a `torch.Generator`, an integer seed, or None for seed 0.
            dtype: dtype of the floating-point inputs.
            **sizes: sizes of the axes by letter, where they should differ from the usual ones.
        """
        if not isinstance(generator, torch.Generator):
            generator = torch.Generator().manual_seed(generator or 0)
        sizes = {**self.sizes, **sizes}
        inputs = {}
        for name, kind in self.fields.items():
            shape = (sizes["N"],) if kind.axes == ANY else tuple(sizes[a] for a in kind.axes)
            inputs[name] = kind.sample(shape, sizes, generator, dtype)
        return inputs

    def edge_samples(self, generator=None, dtype=torch.float64):
        """Case name -> inputs that are valid and hard: one item, ties, huge values, ruled-out classes …"""
        base = self.sample(generator, dtype)
        cases = {name: make(dict(base)) for name, make in self.edges.items()}
        return {"one item": self.sample(generator, dtype, N=1), **cases}

    def bad_samples(self):
        """Inputs that must be refused, from what each field refuses and from shapes that do not fit."""
        base, sizes = self.sample(), self.sizes
        found, seen = [], {"*"}
        for position, (name, kind) in enumerate(self.fields.items()):
            for case, (value, error) in kind.bad(base[name], sizes).items():
                if position == 0 and case == "one axis too many" and kind.axes == ANY:
                    continue  # any shape is right for the first; the second then does not fit it
                found.append(Bad(f"{name}: {case}", {**base, name: value}, error, name))
            if position > 0 and kind.axes[0] in seen:
                found.append(Bad(f"{name}: one item short", {**base, name: base[name][:-1]}, ValueError, name))
            seen.add(kind.axes[0])
        for axis, least in self.least.items():
            small = self.sample(**{axis: least - 1}) if least > 1 else None
            if small is not None:
                name = self._first_with(axis)
                found.append(Bad(f"{axis} = {least - 1}", small, ValueError, name))
        return found

    def _first_with(self, axis):
        return next(name for name, kind in self.fields.items() if axis in kind.axes)
