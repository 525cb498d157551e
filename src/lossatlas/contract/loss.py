"""`@loss`: turns a formula that gives one value per item into a checked, reduced, registered function."""

import functools
import inspect

import torch

from .checks import describe, expect, wrong
from .operation import (
    arguments_of,
    bind,
    check_exemptions,
    check_limits,
    family_of,
    formula_of,
    hyper_parameters_of,
    limits_of,
    parts_of,
)
from .precision import under_autocast
from .reduction import check_mask, check_reduction, check_weight, divisor, over, reduce
from .registry import PROMISES, Loss, SpecialCase, get, register
from .rows import check_rows, in_rows, sum_in_rows

ROWS = inspect.Parameter("rows_at_once", inspect.Parameter.KEYWORD_ONLY, default=None)
#: names that no hyper-parameter has, for what counts how much
WEIGHT, KEEP = "sample_weight", "mask"
COMMON = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
    for name, default in [("reduction", "mean"), ("sample_weight", None), ("mask", None), ("normalizer", None)]
]


#: What every loss takes besides its own arguments, in words for its readers.
COMMON_ARGUMENTS = {
    "reduction": '`"mean"` divides the weighted sum of the items by the sum of the weights of those that count, '
    '`"sum"` does not divide, and `"none"` returns one value per item.',
    "sample_weight": "A floating-point tensor of finite weights $w \\ge 0$ over the items or their leading axes: an "
    "item of weight 2 counts like the item given twice. For weights of classes give `class_weight[target]`.",
    "mask": "A boolean tensor over the items or their leading axes; items where it is False leave no trace in value or "
    "gradient, whatever stands there.",
    "normalizer": "A positive number that the mean divides by in place of the sum of the weights, such as the number "
    "of items in all processes together.",
    "rows_at_once": "Of losses that compare embeddings: how many rows are computed together. Value and first gradient "
    "are the same, and the memory that of these rows.",
}


def loss(
    kind,
    *,
    paper=None,
    items=None,
    aliases=(),
    domains=None,
    special_cases=(),
    invariances=(),
    bounds=None,
    optimum=None,
    softplus=False,
    exempt=None,
):
    """Register the decorated formula as a loss: an operation with items and a reduction.

    The body takes the inputs by name, or the arguments of a form, and then keyword-only hyper-parameters,
    and returns one value per item. What it is decorated with adds, in this order: checks of the inputs; one
    dtype for all of them, float32 for half precision; the body, where `rows_at_once` is given for so many rows
    at a time; `sample_weight`, `mask` and `reduction`; the dtype that came in.

    Args:
        kind: the kind of input, a signature such as `lossatlas.signatures.logits`, or one of its forms such as
            `lossatlas.signatures.queries.cosine`.
        paper: key of the paper in `book/papers` or `book/references`.
        items: shape of what the body returns, in the signature's letters (`"N"`, `"N C"`), or
            `"batch"` for a loss that exists only for a whole batch. Default: the signature's own.
            An item depends on its own part of the inputs alone: item (n, c) on row n, and in it on
            entry c of what has entries per class.
        domains: hyper-parameter name -> `Domain`.
        special_cases: `SpecialCase`s that the tests check.
        invariances: names of the signature's transforms that leave every item unchanged, or a function of
            the hyper-parameters that gives them.
        bounds: (low, high) of an item, or a function of the hyper-parameters that gives them.
        optimum: value of an item at a perfect prediction, where the signature knows one; a number, or a
            function of the hyper-parameters that gives it, or None where there is none.
        softplus: whether the loss of one positive and one negative pair is $\\log(1 + e^z)$; pictures draw where z = 0.
        exempt: promise -> reason, for what this loss cannot do (see `PROMISES`).
    """
    signature, form = parts_of(kind)
    check_exemptions(exempt or {}, PROMISES)
    known = sorted(signature.transforms)
    for transform in () if callable(invariances) else invariances:
        expect(transform in known, "invariances", f"names among {known}", repr(transform))
    if optimum is not None:
        perfect = signature.samples.perfect
        expect(perfect is not None, "optimum", f"None: {signature!r} knows no perfect prediction", repr(optimum))

    def decorate(body):
        item_dims = items or signature.items
        limits = limits_of(_hyper_parameters(body, signature, form), domains or {})
        function = _checked(body, signature, form, item_dims, limits)
        register(
            Loss(
                name=body.__name__,
                function=function,
                body=body,
                signature=signature,
                form=form,
                family=family_of(body),
                paper=paper,
                limits=limits,
                exempt=dict(exempt or {}),
                items=item_dims,
                aliases=tuple(aliases),
                special_cases=_tuple_of(SpecialCase, special_cases),
                invariances=invariances if callable(invariances) else tuple(invariances),
                bounds=bounds,
                optimum=optimum,
                softplus=softplus,
            )
        )
        return function

    return decorate


def on(signature, loss):
    """The formula of a loss on another kind of input: circle loss on pairs, say, or InfoNCE on labelled embeddings.

    Args:
        signature: a kind of input that has the form in which the loss is written (see `lossatlas.signatures.compared`).
        loss: a registered loss, by function, entry or name, that is written in such a form.

    Returns:
        A function like the loss itself, with the inputs of `signature`. It is not entered in the registry.

    >>> import torch, lossatlas
    >>> on(lossatlas.signatures.pairs, "circle_loss")(torch.tensor([[0.9]]), torch.tensor([[0.1]]), gamma=1.0)
    tensor(0.6319)
    """
    entry = get(loss)
    forms = signature.forms.by_name
    if not forms:
        wanted = "one with forms that losses are written in, such as lossatlas.signatures.pairs"
        raise wrong("signature", wanted, repr(signature))
    if entry.form not in forms:
        found = "on its inputs themselves" if entry.form is None else f"in the form {entry.form!r}"
        raise wrong(
            "loss", f"one that is written in the form {' or '.join(map(repr, forms))}", f"{entry.name}, {found}"
        )
    items = "batch" if entry.items == "batch" else signature.items
    return _checked(entry.body, signature, entry.form, items, entry.limits)


def _hyper_parameters(body, signature, form):
    found = hyper_parameters_of(body, signature, form)
    added = {p.name for p in [*COMMON, ROWS]} & set(found)
    expect(not added, body.__name__, "arguments other than those that @loss adds", sorted(added))
    for name, parameter in found.items():
        expect(parameter.default is not parameter.empty, name, "a default value", "none")
    return found


def _checked(body, signature, form, item_dims, limits):
    """The body with checks before it, and with weights, masks and reduction after it."""
    taken = signature.inputs
    names = taken.names
    hyper_parameters = _hyper_parameters(body, signature, form)
    values_of, once = formula_of(body, signature, form)
    collected = signature.forms.collected
    formula = values_of if form is None else lambda inputs, hyper: collected(values_of(inputs, hyper))
    in_parts = bool(signature.forms.by_name) and item_dims != "batch"
    common = [*COMMON, ROWS] if in_parts else COMMON

    @functools.wraps(body)
    def function(*args, reduction="mean", sample_weight=None, mask=None, normalizer=None, **keywords):
        rows = keywords.pop(ROWS.name, None) if in_parts else None
        inputs, hyper = bind(body.__name__, taken, hyper_parameters, common, args, keywords)
        check_limits(limits, hyper)
        check_reduction(reduction, normalizer)
        if rows is not None:
            check_rows(rows)
        sizes = taken.check_shapes(inputs)
        keep = None
        if sample_weight is not None or mask is not None or reduction == "none":
            if item_dims == "batch":
                _refuse_items(body.__name__, reduction, sample_weight, mask)
            keep = _keep(taken.shape_of(item_dims, sizes), inputs[names[0]].device, sample_weight, mask)
        if taken.completed is not None:
            inputs, sizes = taken.completed(inputs, sizes, mask)
        if keep is not None:
            inputs = taken.neutralized(inputs, keep)
        taken.check_values(inputs, sizes)
        inputs, dtype = taken.prepared(inputs)
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
        return _some_at_a_time(formula, inputs, hyper, taken.by_item, rows, *counting)

    function.__signature__ = inspect.Signature([*arguments_of(taken), *hyper_parameters.values(), *common])
    return function


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


def _tuple_of(kind, values):
    values = (values,) if isinstance(values, kind) else tuple(values)
    for value in values:
        expect(isinstance(value, kind), "special_cases", f"{kind.__name__} objects", describe(value), TypeError)
    return values
