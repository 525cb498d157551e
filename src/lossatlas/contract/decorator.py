"""`@loss`: turns a formula that gives one value per item into a checked, reduced, registered function."""

import functools
import inspect
from dataclasses import replace

import torch
from torch.amp import is_autocast_available

from .checks import describe, expect, is_number, wrong
from .domains import Domain, around
from .reduction import check_mask, check_reduction, check_weight, over, reduce
from .registry import PROMISES, Entry, SpecialCase, register

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
    one value per item. What it is decorated with adds, in this order: checks of the inputs; one dtype
    for all of them, float32 for half precision; the body; `sample_weight`, `mask` and `reduction`; the
    dtype that came in.

    Args:
        signature: the kind of input (see `lossatlas.signatures`).
        paper: key of the paper in `book/papers.yml` or `book/references.bib`.
        items: shape of what the body returns, in the signature's letters (`"N"`, `"N C"`), or
            `"batch"` for a loss that exists only for a whole batch. Default: the signature's own.
            An item depends on its own part of the inputs alone: item (n, c) on row n, and in it on
            entry c of what has entries per class.
        domains: hyper-parameter name -> `Domain`.
        special_cases: `SpecialCase`s that the tests hold the loss to.
        invariances: names of the signature's transforms that leave every item unchanged, or a function of
            the hyper-parameters that gives them.
        bounds: (low, high) of an item, or a function of the hyper-parameters that gives them.
        optimum: value of an item at a perfect prediction, where the signature knows one; a number, or a
            function of the hyper-parameters that gives it, or None where there is none.
        exempt: promise -> reason, for what this loss cannot do (see `PROMISES`).
    """
    wanted = "a signature such as lossatlas.signatures.logits, as in @loss(logits, ...)"
    expect(hasattr(signature, "fields"), "signature", wanted, describe(signature), TypeError)
    for promise in exempt or {}:
        expect(promise in PROMISES, "exempt", f"keys among {sorted(PROMISES)}", repr(promise))
    for transform in () if callable(invariances) else invariances:
        expect(transform in signature.transforms, "invariances", f"names among {sorted(signature.transforms)}", repr(transform))
    if optimum is not None:
        expect(signature.perfect is not None, "optimum", f"None: {signature!r} knows no perfect prediction", repr(optimum))

    def decorate(body):
        names = signature.names
        parameters = list(inspect.signature(body).parameters.values())
        taken = [p.name for p in parameters[: len(names)]]
        expect(taken == list(names), body.__name__, f"leading arguments {list(names)}", taken)
        hyper_parameters = {p.name: p for p in parameters[len(names) :]}
        added = {p.name for p in COMMON} & {p.name for p in parameters}
        expect(not added, body.__name__, "arguments other than those that @loss adds", sorted(added))
        limits = _domains_of(hyper_parameters, domains or {})
        item_dims = items or signature.items

        @functools.wraps(body)
        def function(*args, reduction="mean", sample_weight=None, mask=None, normalizer=None, **keywords):
            inputs, hyper = _bind(body.__name__, names, hyper_parameters, args, keywords)
            for name in hyper:
                if name in limits:
                    hyper[name] = limits[name].check(name, hyper[name])
            check_reduction(reduction, normalizer)
            sizes = signature.check_shapes(inputs)
            keep = None
            if sample_weight is not None or mask is not None or reduction == "none":
                if item_dims == "batch":
                    _refuse_items(body.__name__, reduction, sample_weight, mask)
                keep = _keep(signature.shape_of(item_dims, sizes), inputs[names[0]].device, sample_weight, mask)
                if keep is not None:
                    inputs = signature.neutralized(inputs, keep)
            signature.check_values(inputs, sizes)
            inputs, dtype = signature.prepared(inputs)
            value = reduce(_without_autocast(body, inputs, hyper), reduction, sample_weight, keep, normalizer)
            return value if value.dtype == dtype else value.to(dtype)

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
                invariances=invariances if callable(invariances) else tuple(invariances),
                bounds=bounds,
                optimum=optimum,
                exempt=dict(exempt or {}),
            )
        )
        return function

    return decorate


def _bind(loss_name, names, hyper_parameters, args, keywords):
    """(inputs by name, hyper-parameters by name) out of what was passed."""
    if len(args) > len(names):
        wanted = f"{loss_name}({', '.join(names)}), the rest by keyword"
        raise wrong("arguments", wanted, f"{len(args)} positional arguments", TypeError)
    inputs = dict(zip(names, args, strict=False))
    for name in names[len(args) :]:
        if name not in keywords:
            raise wrong(name, f"an input of {loss_name}({', '.join(names)})", "nothing", TypeError)
        inputs[name] = keywords.pop(name)
    for name in keywords:
        if name not in hyper_parameters:
            accepted = ", ".join([*hyper_parameters, *(p.name for p in COMMON)])
            got = f"{name} twice" if name in inputs else f"{name}={describe(keywords[name])}"
            raise wrong(name, f"one of the keywords of {loss_name}: {accepted}", got, TypeError)
    return inputs, keywords


def _refuse_items(loss_name, reduction, weight, mask):
    """A loss that exists only for a whole batch has no items to weigh, mask or list."""
    for name, value in {"sample_weight": weight, "mask": mask}.items():
        if value is not None:
            raise wrong(name, f"None: {loss_name} exists only for a whole batch", describe(value))
    raise wrong("reduction", f"'mean' or 'sum': {loss_name} exists only for a whole batch", repr(reduction))


def _keep(shape, device, weight, mask):
    """Which items count, or None where all do.

    An item that is masked, or has weight 0, must leave no trace: were its loss infinite, a product with
    zero would be NaN in the value or in the gradient. So it never reaches the formula.
    """
    if mask is not None:
        check_mask(mask, shape, device)
    if weight is None or check_weight(weight, shape, device):
        return mask
    counts = weight != 0
    if mask is None:
        return counts
    widest = shape[: max(mask.ndim, counts.ndim)]
    return over(mask, widest) & over(counts, widest)


def _without_autocast(body, inputs, hyper):
    """The body's result, in the dtype of its inputs even where autocast is on."""
    device = next(iter(inputs.values())).device.type
    if is_autocast_available(device) and torch.is_autocast_enabled(device):
        with torch.autocast(device, enabled=False):
            return body(**inputs, **hyper)
    return body(**inputs, **hyper)


def _domains_of(hyper_parameters, declared):
    for name in declared:
        expect(name in hyper_parameters, "domains", f"names among {sorted(hyper_parameters)}", repr(name))
    found = {}
    for name, parameter in hyper_parameters.items():
        expect(parameter.kind is parameter.KEYWORD_ONLY, name, "a keyword-only hyper-parameter", str(parameter.kind))
        default = parameter.default
        expect(default is not parameter.empty, name, "a default value", "none")
        if name in declared:
            expect(isinstance(declared[name], Domain), name, "a Domain", describe(declared[name]), TypeError)
            found[name] = replace(declared[name], optional=declared[name].optional or default is None)
        elif is_number(default):
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
