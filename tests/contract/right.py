"""Whether value and gradient of a loss are right: those of its naive loop with 75 digits, but for rounding.

Where no naive loop is written for a loss, its own float64 stands in, and only float32 is compared with that.
"""

import inspect
import math

import torch
from tests.contract.cases import cast, gradients, tracked
from tests.references.exact import Exact, exact_of

DTYPES = (torch.float64, torch.float32)


def items_and_gradients(case, inputs, **options):
    """One value per item, and the gradients of their sum with respect to every floating-point input."""
    leaves = tracked(inputs, case.signature.inputs.floating)
    items = case.each(leaves)
    grads = gradients(items.sum(), leaves, case, **options)
    return items.detach(), {name: grad.detach() for name, grad in grads.items()}


def _with_a_graph_of_the_gradient(case, inputs):
    """The same, the gradients such that they can be differentiated again."""
    return items_and_gradients(case, inputs, create_graph=True)


def _by_torch_func(case, inputs):
    """The same by a transform of `torch.func`."""
    free = {name: inputs[name] for name in case.signature.inputs.floating}
    items, pull = torch.func.vjp(lambda free: case.each({**inputs, **free}), free)
    return items, pull(torch.ones_like(items))[0]


#: A loss may compute in one way where only autograd looks on and in another elsewhere: all must be right.
WAYS = {
    "": items_and_gradients,
    " with a graph of the gradient": _with_a_graph_of_the_gradient,
    " by torch.func": _by_torch_func,
}


def truth(case, inputs, dtype):
    """What the loss ought to give in this dtype, and whether that comes from the naive loop."""
    exact = exact_of(case, inputs, dtype)
    if exact is not None:
        return exact, True
    items, grads = items_and_gradients(case, cast(case.signature, inputs, torch.float64))
    return Exact(items.flatten(), grads, grads), False


def rounding(case, inputs, dtype):
    """How far a right result may be off, as a share of it.

    A hundred roundings; and where a number of size s enters, every sum with it is rounded by s times epsilon,
    which an exponential turns into a share of its result. Dividing by a small hyper-parameter makes s larger, and
    so does multiplying by a large one.
    """
    sizes = [
        v[v.isfinite()].abs().max().item() for v in inputs.values() if v.is_floating_point() and v.isfinite().any()
    ]
    largest = 1.0 if by_direction(case) else max(sizes, default=0.0)
    return torch.finfo(dtype).eps * (128 + largest * steepness(case))


def steepness(case):
    """What hyper-parameters may multiply a number by before it enters an exponential.

    Temperatures of similarities count at their defaults too. Elsewhere a small default is as a rule one that keeps a
    sum from 0, and multiplies nothing.
    """
    given = {**case.entry.defaults, **case.hyper} if by_direction(case) else case.hyper
    numbers = [abs(h) for h in given.values() if isinstance(h, float)]
    numbers += _room_above(case)
    small, large = [h for h in numbers if 0 < h < 0.1], [h for h in numbers if h > 10]
    return max(large, default=1.0) / min(small, default=1.0)


def _room_above(case):
    """How far hyper-parameters are from an open end of their domain, such as a share from 1: formulas divide by it."""
    given = {**case.entry.defaults, **case.hyper}
    ends = {name: d.high for name, d in case.entry.domains.items() if d.open_high and math.isfinite(d.high)}
    return [end - given[name] for name, end in ends.items() if given[name] is not None]


def by_direction(case):
    """Whether the loss looks at cosine similarities alone."""
    return any(name in inspect.signature(case.entry.body).parameters for name in ("s", "across"))


def _floor_of_gradient(case, value, floor):
    """A gradient along a direction is the rest of one of size 1 / length, whose part along the vector has cancelled."""
    if not by_direction(case) or value.ndim < 2:
        return floor
    length = value.double().norm(dim=-1, keepdim=True)
    return torch.where(length > 0, steepness(case) / length, 1.0).clamp(min=floor)


def assert_right(case, inputs, note="", dtypes=DTYPES, gradients_too=True, floor=1.0):
    """Value and gradient at these inputs, whose numbers all of the dtypes hold exactly, are right and finite.

    `floor` is the size below which an error is no longer measured by what is right: differences such as 1 - p are
    known to the rounding of their parts, which are of size 1.
    """
    for dtype in dtypes:
        wanted, from_loop = truth(case, inputs, dtype)
        if dtype == torch.float64 and not from_loop:
            continue
        here = cast(case.signature, inputs, dtype)
        share = rounding(case, inputs, dtype)
        where = f"{case.id}, {note}, {dtype}" if note else f"{case.id}, {dtype}"
        for way, computed in WAYS.items():
            items, grads = computed(case, here)
            _assert_near(items.flatten(), wanted.items, wanted.items, share, floor, f"{where}: value{way}")
            for key in grads if gradients_too else ():
                least = _floor_of_gradient(case, inputs[key], floor)
                _assert_near(
                    grads[key], wanted.low[key], wanted.high[key], share, least, f"{where}: gradient of {key}{way}"
                )


def _assert_near(got, low, high, share, floor, what):
    assert got.isfinite().all(), f"{what} is not finite: {got}"
    off, allowed = error(got, low, high), share * torch.maximum(size_of(low, high), torch.as_tensor(floor))
    assert (off <= allowed).all(), (
        f"{what}: {got} is not between {low} and {high}, but off by {off} where {allowed} is allowed"
    )


def error(got, low, high):
    """How far numbers lie outside of what is right."""
    got = got.double()
    return torch.maximum(low - got, got - high).clamp(min=0)


def size_of(low, high):
    """The size that errors are measured by: of the largest number in a row, as a gradient is used as a vector."""
    size = _finite_size(low, high)
    return size.amax(-1, keepdim=True) if size.ndim > 1 and size.numel() else size


def digits(got, low, high, most):
    """How many decimal digits are right, in the worst entry, measured by the largest one."""
    if got.numel() == 0:
        return most
    off, largest = error(got, low, high).max().item(), _finite_size(low, high).max().item()
    if off == 0:
        return most
    return max(0.0, min(most, -math.log10(off / largest))) if largest > 0 and math.isfinite(off) else 0.0


def _finite_size(low, high):
    size = torch.minimum(low.abs(), high.abs())
    return torch.where(size.isfinite(), size, 0.0)
