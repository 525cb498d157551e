"""`@loss`: turns a formula that gives one value per item into a checked, reduced, registered function."""

import functools
import inspect
from dataclasses import replace

import torch

from .checks import describe, expect, is_number, wrong
from .domains import Domain, around
from .precision import under_autocast
from .reduction import check_mask, check_reduction, check_weight, divisor, over, reduce
from .registry import PROMISES, Entry, SpecialCase, get, register
from .rows import check_rows, in_rows, sum_in_rows

ROWS = inspect.Parameter("rows_at_once", inspect.Parameter.KEYWORD_ONLY, default=None)
#: names that no hyper-parameter has, for what counts how much
WEIGHT, KEEP = "sample_weight", "mask"
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

    The body takes the signature's inputs by name, or one of its forms, and then keyword-only hyper-parameters,
    and returns one value per item. What it is decorated with adds, in this order: checks of the inputs; one
    dtype for all of them, float32 for half precision; the body, where `rows_at_once` is given for so many rows
    at a time; `sample_weight`, `mask` and `reduction`; the dtype that came in.

    Args:
        signature: the kind of input (see `lossatlas.signatures`).
        paper: key of the paper in `book/papers` or `book/references`.
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
        expect(
            transform in signature.transforms,
            "invariances",
            f"names among {sorted(signature.transforms)}",
            repr(transform),
        )
    if optimum is not None:
        expect(
            signature.perfect is not None, "optimum", f"None: {signature!r} knows no perfect prediction", repr(optimum)
        )

    def decorate(body):
        hyper_parameters = _hyper_parameters(body, signature)
        limits = _domains_of(hyper_parameters, domains or {})
        item_dims = items or signature.items
        function = _checked(body, signature, item_dims, limits)
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


def on(signature, loss):
    """The formula of a loss on another kind of input: circle loss on pairs, say, or InfoNCE on labelled embeddings.

    Args:
        signature: a kind of input whose forms include the one that the formula takes (see `lossatlas.signatures.compared`).
        loss: a registered loss, by function, entry or name, that is written in such a form.

    Returns:
        A function like the loss itself, with the inputs of `signature`. It is not entered in the registry.

    >>> import torch, lossatlas
    >>> on(lossatlas.signatures.pairs, "circle_loss")(torch.tensor([[0.9]]), torch.tensor([[0.1]]), gamma=1.0)
    tensor(0.6319)
    """
    entry = get(loss)
    form = _leading(entry.body)
    if not signature.forms:
        raise wrong(
            "signature",
            "one with forms that losses are written in, such as lossatlas.signatures.pairs",
            repr(signature),
        )
    able = " or ".join(sorted(str(list(f)) for f in signature.forms))
    expect(form in signature.forms, "loss", f"one that takes {able}", f"{entry.name}, which takes {list(form)}")
    return _checked(entry.body, signature, "batch" if entry.items == "batch" else signature.items, entry.domains)


def _leading(body):
    """The arguments of a body that are not hyper-parameters."""
    return tuple(p.name for p in inspect.signature(body).parameters.values() if p.kind is not p.KEYWORD_ONLY)


def _hyper_parameters(body, signature):
    taken, forms = _leading(body), [signature.names, *signature.forms]
    for p in inspect.signature(body).parameters.values():
        expect(p.kind is p.KEYWORD_ONLY or p.default is p.empty, p.name, "a keyword-only hyper-parameter", str(p.kind))
    expect(taken in forms, body.__name__, f"leading arguments {' or '.join(str(list(f)) for f in forms)}", list(taken))
    found = {p.name: p for p in inspect.signature(body).parameters.values() if p.kind is p.KEYWORD_ONLY}
    added = {p.name for p in [*COMMON, ROWS]} & set(found)
    expect(not added, body.__name__, "arguments other than those that @loss adds", sorted(added))
    return found


def _checked(body, signature, item_dims, limits):
    """The body with checks before it, and with weights, masks and reduction after it."""
    names = signature.names
    hyper_parameters = _hyper_parameters(body, signature)
    formula, once = formula_of(body, signature)
    in_parts = bool(signature.forms) and item_dims != "batch"
    common = [*COMMON, ROWS] if in_parts else COMMON

    @functools.wraps(body)
    def function(*args, reduction="mean", sample_weight=None, mask=None, normalizer=None, **keywords):
        rows = keywords.pop(ROWS.name, None) if in_parts else None
        inputs, hyper = _bind(body.__name__, signature, hyper_parameters, common, args, keywords)
        for name in hyper:
            if name in limits:
                hyper[name] = limits[name].check(name, hyper[name])
        check_reduction(reduction, normalizer)
        if rows is not None:
            check_rows(rows)
        sizes = signature.check_shapes(inputs)
        keep = None
        if sample_weight is not None or mask is not None or reduction == "none":
            if item_dims == "batch":
                _refuse_items(body.__name__, reduction, sample_weight, mask)
            keep = _keep(signature.shape_of(item_dims, sizes), inputs[names[0]].device, sample_weight, mask)
        if signature.completed is not None:
            inputs, sizes = signature.completed(inputs, sizes, mask)
        if keep is not None:
            inputs = signature.neutralized(inputs, keep)
        signature.check_values(inputs, sizes)
        inputs, dtype = signature.prepared(inputs)
        counting = (reduction, sample_weight, keep, normalizer)
        if under_autocast(inputs[names[0]].device.type):
            with torch.autocast(inputs[names[0]].device.type, enabled=False):
                value = reduced(inputs, hyper, rows, counting)
        else:
            value = reduced(inputs, hyper, rows, counting)
        return value if value.dtype == dtype else value.to(dtype)

    def reduced(inputs, hyper, rows, counting):
        """What the formula gives, all rows at once or some at a time, weighed and summed up."""
        if once is not None:
            inputs = once(inputs)
        if rows is None:
            return reduce(formula(inputs, hyper), *counting)
        return _some_at_a_time(formula, inputs, hyper, signature.by_item, rows, *counting)

    parameters = [*_arguments(signature), *hyper_parameters.values(), *common]
    function.__signature__ = inspect.Signature(parameters)
    return function


def _arguments(signature):
    """The inputs as parameters; those that need not be given default to None."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    optional = {name: {"default": None} for name in signature.optional}
    return [inspect.Parameter(name, kind, **optional.get(name, {})) for name in signature.names]


def formula_of(body, signature):
    """The body as a function of the inputs by name and the hyper-parameters, and what is done to the inputs before, or None."""
    form = signature.forms.get(_leading(body))
    if form is None:
        return lambda inputs, hyper: body(**inputs, **hyper), None
    collected = signature.collected or (lambda items: items)
    return lambda inputs, hyper: collected(body(*form.relate(inputs), **hyper)), form.once


def _bind(loss_name, signature, hyper_parameters, common, args, keywords):
    """(inputs by name, hyper-parameters by name) out of what was passed; `common` are the keywords that @loss adds."""
    names = signature.names
    if len(args) > len(names):
        wanted = f"{loss_name}({', '.join(names)}), the rest by keyword"
        raise wrong("arguments", wanted, f"{len(args)} positional arguments", TypeError)
    inputs = dict(zip(names, args, strict=False))
    for name in names[len(args) :]:
        if name in keywords:
            inputs[name] = keywords.pop(name)
        elif name not in signature.optional:
            raise wrong(name, f"an input of {loss_name}({', '.join(names)})", "nothing", TypeError)
    for name in keywords:
        if name not in hyper_parameters:
            accepted = ", ".join([*hyper_parameters, *(p.name for p in common)])
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


def _some_at_a_time(formula, inputs, hyper, by_item, rows, reduction, weight, keep, normalizer):
    """What the formula and then the reduction give, with so many rows of the formula in memory."""

    def items(values):
        return formula({name: values[name] for name in inputs}, {name: values[name] for name in hyper})

    if reduction == "none":
        found = in_rows(items, {**inputs, **hyper}, by_item, rows)
        return reduce(found, reduction, weight, keep)

    def total(values):
        return reduce(items(values), "sum", values[WEIGHT], values[KEEP])

    values = {**inputs, **hyper, WEIGHT: weight, KEEP: keep}
    found = sum_in_rows(total, values, (*by_item, WEIGHT, KEEP), rows)
    return found if reduction == "sum" else found / divisor(found, len(inputs[by_item[0]]), weight, keep, normalizer)


def _domains_of(hyper_parameters, declared):
    for name in declared:
        expect(name in hyper_parameters, "domains", f"names among {sorted(hyper_parameters)}", repr(name))
    found = {}
    for name, parameter in hyper_parameters.items():
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
