"""What is passed to a loss or an operation: how it is checked, brought to one precision, and neutralized by masks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from ..contract import wrong
from ..contract.reduction import over
from .fields import shape_text


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of a loss or an operation, by name.

    Args:
        fields: argument name -> field, in the order of the arguments.
        least: letter -> smallest allowed size of that axis.
        optional: names of inputs that need not be given; `completed` then provides what stands in for them.
        completed: function of (inputs, sizes, mask) that gives all inputs, and their sizes. Without one, an optional
            input that is not given is None.
    """

    fields: Mapping
    least: Mapping = field(default_factory=dict)
    optional: tuple = ()
    completed: Callable | None = None

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(self.fields))
        object.__setattr__(self, "floating", tuple(name for name, kind in self.fields.items() if kind.floating))
        read = tuple((name, kind) for name, kind in self.fields.items() if kind.reads_values)
        object.__setattr__(self, "read", read)
        object.__setattr__(self, "required", tuple(name for name in self.fields if name not in self.optional))
        fixed = {axis: int(axis) for kind in self.fields.values() for axis in kind.axes if axis.isdigit()}
        object.__setattr__(self, "fixed", fixed)
        by_item = tuple(name for name, kind in self.fields.items() if kind.axes[:1] in (("N",), ("*",)))
        object.__setattr__(self, "by_item", by_item)

    def check_shapes(self, inputs):
        """Types, dtypes, shapes and devices, which cost no look at the values.

        Returns letter -> size, and for "*" and "..." the whole shape that they stand for.
        """
        sizes, device = dict(self.fixed), None
        for name, kind in self.fields.items():
            value = inputs.get(name)
            if value is None and name in self.optional:
                continue
            kind.check_type(name, value)
            axes = kind.axes
            if not axes and not isinstance(value, torch.Tensor):
                continue
            shape = value.shape
            if not _fits(axes, shape, sizes):
                raise wrong(name, _wanted(axes, sizes), str(tuple(shape)))
            if device is None:
                device = value.device
            elif value.device != device:
                raise wrong(name, f"a tensor on {device}", f"one on {value.device}")
        for axis, least in self.least.items():
            if sizes.get(axis, least) < least:
                name = self.first_with(axis)
                wanted = f"at least {least} along {axis} in {shape_text(self.fields[name].axes)}"
                raise wrong(name, wanted, str(tuple(inputs[name].shape)))
        return sizes

    def check_values(self, inputs, sizes):
        """The checks that read values; each skips itself where values cannot be read."""
        for name, kind in self.read:
            value = inputs.get(name)
            if value is not None:
                kind.check_values(name, value, sizes)

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

        Labels do not count in the choice: scores in float32 with labels in float64 give a loss in float32. The dtype is
        None where no input is of floating point; then the formula meets torch's default one.
        """
        dtype = None
        for name in self.floating:
            value = inputs.get(name)
            if value is not None and value.is_floating_point():
                own = value.dtype
                dtype = own if dtype is None or dtype == own else torch.promote_types(dtype, own)
        wide = dtype or torch.get_default_dtype()
        if wide.itemsize < 4:
            wide = torch.float32
        found = {}
        for name, kind in self.fields.items():
            value = inputs.get(name)
            found[name] = None if value is None else kind.prepared(value, wide)
        return found, dtype

    def shape_of(self, dims, sizes):
        """The shape that the axes `dims` have at these sizes."""
        return tuple(sizes["*"]) if dims == "*" else tuple(sizes[a] for a in dims.split())

    def first_with(self, axis):
        """The first input that has this axis."""
        return next(name for name, kind in self.fields.items() if axis in kind.axes)


def _fits(axes, shape, sizes):
    """Whether a shape has these axes, at the sizes seen so far; enters those that are new."""
    if len(axes) > 1 and axes[-1] == "...":
        axes, shape = axes[:-1], shape[: len(axes) - 1]
    if axes[:1] == ("*",):
        leading = len(shape) - len(axes) + 1
        if leading < 0 or sizes.setdefault("*", shape[:leading]) != shape[:leading]:
            return False
        axes, shape = axes[1:], shape[leading:]
    elif axes[:1] == ("...",):
        leading = len(shape) - len(axes) + 1
        return leading >= 0 and _fits(axes[1:], shape[leading:], sizes) and _broadcast(shape[:leading], sizes)
    elif len(shape) != len(axes):
        return False
    return all([sizes.setdefault(axis, n) == n for axis, n in zip(axes, shape, strict=True)])  # enter all of them


def _broadcast(shape, sizes):
    """Whether leading axes broadcast with those seen so far; enters what they give together."""
    try:
        sizes["..."] = torch.broadcast_shapes(sizes.get("...", ()), shape)
    except RuntimeError:
        return False
    return True


def _wanted(axes, sizes):
    """The shape that these axes have at the sizes seen so far, in words."""
    known = [axis if axis == "..." else sizes.get(axis, axis) for axis in axes]
    others = f", its leading axes broadcasting with {tuple(sizes['...'])}" if "..." in axes and sizes.get("...") else ""
    return shape_text(_flat(known)) + others


def _flat(axes):
    """Axes and sizes with the shape that "*" stands for in its place."""
    return tuple(part for axis in axes for part in (axis if isinstance(axis, tuple) else (axis,)))
