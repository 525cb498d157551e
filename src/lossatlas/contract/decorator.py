"""`@loss`: turns a formula that gives one value per item into a checked, reduced, registered function."""

import functools
import inspect

import torch

from .checks import describe, expect, wrong
from .domains import Domain, around
from .reduction import check_mask, check_reduction, check_weight, over, reduce
from .registry import PROMISES, Entry, SpecialCase, register

HALF = (torch.float16, torch.bfloat16)

COMMON = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
    for name, default in [("reduction", "mean"), ("sample_weight", None), ("mask", None), ("normalizer", None)]
]


def loss(
    signature,
    *,
    paper=None,
    items=None,
    aliases=(),
    domains=None,
    special_cases=(),
    invariances=(),
    bounds=None,
    optimum=None,
    exempt=None,
):
    """Register the decorated formula as a loss with the inputs of `signature`.

    The body takes the signature's inputs by name and then keyword-only hyper-parameters, and returns
    one value per item. What it is decorated with adds, in this order: checks of the inputs; float32
    arithmetic for half precision; the body; `sample_weight`, `mask` and `reduction`; the input's dtype.

    Args:
        signature: the kind of input (see `lossatlas.signatures`).
        paper: key of the paper in `book/papers.yml` or `book/references.bib`.
        items: shape of what the body returns, in the signature's letters (`"N"`, `"N C"`), or
            `"batch"` for a loss that exists only for a whole batch. Default: the signature's own.
        domains: hyper-parameter name -> `Domain`.
        special_cases: `SpecialCase`s that the tests hold the loss to.
        invariances: names of the signature's transforms that leave every item unchanged.
        bounds: (low, high) of an item, or a function of the hyper-parameters that gives them.
        optimum: value of an item at a perfect prediction, where the signature knows one.
        exempt: promise -> reason, for what this loss cannot do (see `PROMISES`).
    """
    for promise in exempt or {}:
        expect(promise in PROMISES, "exempt", f"keys among {sorted(PROMISES)}", repr(promise))

    def decorate(body):
        names = signature.names
        parameters = list(inspect.signature(body).parameters.values())
        taken = [p.name for p in parameters[: len(names)]]
        expect(taken == list(names), body.__name__, f"leading arguments {list(names)}", taken)
        hyper_parameters = {p.name: p for p in parameters[len(names) :]}
        limits = _domains_of(hyper_parameters, domains or {})
        item_dims = items or signature.items
        known = {*names, *hyper_parameters}

        @functools.wraps(body)
        def function(*args, reduction="mean", sample_weight=None, mask=None, normalizer=None, **keywords):
            inputs = _bind(body.__name__, names, known, args, keywords)
            for name, domain in limits.items():
                if name in keywords:
                    domain.check(name, keywords[name])
            check_reduction(reduction, normalizer)
            sizes = signature.check_shapes(inputs)
            if item_dims == "batch":
                refused = sample_weight is not None or mask is not None or reduction == "none"
                expect(
                    not refused,
                    "reduction",
                    f"'mean' or 'sum' without weights or mask: {body.__name__} exists only for a whole batch",
                    repr(reduction),
                )
                keep = None
            else:
                inputs, keep = _keep(signature, inputs, item_dims, sizes, sample_weight, mask)
            signature.check_values(inputs)
            items_, dtype = _in_full_precision(body, inputs, keywords)
            return reduce(items_, reduction, sample_weight, keep, normalizer).to(dtype)

        function.__signature__ = inspect.Signature(parameters + COMMON)
        register(
            Entry(
                name=body.__name__,
                function=function,
                body=body,
                signature=signature,
                items=item_dims,
                family=_family_of(body),
                paper=paper,
                aliases=tuple(aliases),
                domains=limits,
                special_cases=_tuple_of(SpecialCase, special_cases),
                invariances=tuple(invariances),
                bounds=bounds,
                optimum=optimum,
                exempt=dict(exempt or {}),
            )
        )
        return function

    return decorate


def _bind(loss_name, names, known, args, keywords):
    """The inputs by name, taken out of what was passed; hyper-parameters stay in `keywords`."""
    if len(args) > len(names):
        raise wrong("arguments", f"{loss_name}({', '.join(names)}), the rest by keyword", f"{len(args)} positional arguments", TypeError)
    inputs = dict(zip(names, args))
    for name in names[len(args) :]:
        if name not in keywords:
            raise wrong(name, f"an input of {loss_name}({', '.join(names)})", "nothing", TypeError)
        inputs[name] = keywords.pop(name)
    for name in keywords:
        if name not in known or name in inputs:
            accepted = sorted(known.difference(names) | {p.name for p in COMMON})
            raise wrong(name, f"one of the keywords of {loss_name}: {', '.join(accepted)}", f"{name}={keywords[name]!r}", TypeError)
    return inputs


def _keep(signature, inputs, item_dims, sizes, weight, mask):
    """Which items count, and the inputs with harmless values where none does.

    An item that is masked, or has weight 0, must leave no trace: were its loss infinite, a product with
    zero would be NaN in the value or in the gradient. So it never reaches the formula.
    """
    if weight is None and mask is None:
        return inputs, None
    shape = signature.shape_of(item_dims, inputs, sizes)
    keep = None
    if mask is not None:
        check_mask(mask, shape)
        keep = mask
    if weight is not None:
        check_weight(weight, shape)
        counts = weight != 0
        if keep is None:
            keep = counts
        else:
            widest = shape[: max(keep.ndim, counts.ndim)]
            keep = over(keep, widest) & over(counts, widest)
    return signature.neutralized(inputs, keep), keep


def _in_full_precision(body, inputs, hyper):
    """Run the body with half precision lifted to float32, autocast off; and the dtype to return."""
    floats = [x.dtype for x in inputs.values() if x.is_floating_point()]
    dtype = functools.reduce(torch.promote_types, floats)
    if any(d in HALF for d in floats):
        inputs = {name: x.float() if x.dtype in HALF else x for name, x in inputs.items()}
    device = next(iter(inputs.values())).device.type
    if torch.is_autocast_enabled(device):
        with torch.autocast(device, enabled=False):
            return body(**inputs, **hyper), dtype
    return body(**inputs, **hyper), dtype


def _domains_of(hyper_parameters, declared):
    for name in declared:
        expect(name in hyper_parameters, "domains", f"names among {sorted(hyper_parameters)}", repr(name))
    found = {}
    for name, parameter in hyper_parameters.items():
        expect(parameter.kind is parameter.KEYWORD_ONLY, name, "a keyword-only hyper-parameter", str(parameter.kind))
        default = parameter.default
        number = isinstance(default, (int, float)) and not isinstance(default, bool)
        if name in declared:
            expect(isinstance(declared[name], Domain), name, "a Domain", describe(declared[name]), TypeError)
            found[name] = declared[name]
        elif number:
            found[name] = around(default)
    return found


def _family_of(body):
    parts = body.__module__.split(".")
    return parts[parts.index("losses") + 1] if "losses" in parts[:-1] else parts[-1]


def _tuple_of(kind, values):
    values = (values,) if isinstance(values, kind) else tuple(values)
    for value in values:
        expect(isinstance(value, kind), "special_cases", f"{kind.__name__} objects", describe(value), TypeError)
    return values
