"""`@operation`: turns a formula into a checked, registered function that computes in one precision."""

import functools
import inspect
from dataclasses import replace

import torch
from torch.utils._pytree import tree_map

from .checks import FLOATS, describe, expect, is_number, wrong
from .domains import Domain, Kind, around
from .precision import under_autocast
from .registry import PROMISES_OF_OPERATIONS, Operation, register


def operation(kind, *, paper=None, domains=None, differentiable=True, example=None, exempt=None):
    """Register the decorated formula as an operation: a distance, a miner, an update, a weight, a schedule, a measure.

    The body takes the inputs by name, or the arguments of a form, and then keyword-only hyper-parameters; `**hyper`
    where it passes those of a loss on. The decorator adds, in this order: checks of the hyper-parameters and of the
    inputs; one dtype for all of them, float32 for half precision; the body, without autocast; the dtype that came in.

    Args:
        kind: what it takes: a signature, one of its forms such as `lossatlas.signatures.embeddings.vectors`, or
            `lossatlas.signatures.takes(...)` for inputs of its own.
        paper: key of the paper in the catalogue or the bibliography.
        domains: hyper-parameter name -> `Domain`, or `Kind` for what is no number.
        differentiable: whether results carry gradients. If not, the body runs without history.
        example: hyper-parameters for samples, where one has no default or the default has little effect at small sizes.
        exempt: promise -> reason, for what this operation cannot do (see `registry.PROMISES_OF_OPERATIONS`).
    """
    signature, form = parts_of(kind)
    check_exemptions(exempt or {}, PROMISES_OF_OPERATIONS)

    def decorate(body):
        hyper_parameters = hyper_parameters_of(body, signature, form)
        limits = limits_of(hyper_parameters, domains or {})
        function = _checked(body, signature, form, hyper_parameters, limits, differentiable)
        register(
            Operation(
                name=body.__name__,
                function=function,
                body=body,
                signature=signature,
                form=form,
                family=family_of(body),
                paper=paper,
                limits=limits,
                exempt=dict(exempt or {}),
                differentiable=differentiable,
                example=dict(example or {}),
            )
        )
        return function

    return decorate


def _checked(body, signature, form, hyper_parameters, limits, differentiable):
    """The body with checks before it, in one precision."""
    formula, once = formula_of(body, signature, form)
    taken, rest = signature.inputs, rest_of(body)

    @functools.wraps(body)
    def function(*args, **keywords):
        inputs, hyper = bind(body.__name__, taken, hyper_parameters, rest, args, keywords)
        check_limits(limits, hyper)
        for name, parameter in hyper_parameters.items():
            if parameter.default is parameter.empty and name not in hyper:
                raise wrong(name, f"a keyword of {body.__name__}", "nothing", TypeError)
        sizes = taken.check_shapes(inputs)
        if taken.completed is not None:
            inputs, sizes = taken.completed(inputs, sizes, None)
        taken.check_values(inputs, sizes)
        inputs, dtype = taken.prepared(inputs)
        device = next((value.device.type for value in inputs.values() if isinstance(value, torch.Tensor)), "cpu")
        with torch.set_grad_enabled(differentiable and torch.is_grad_enabled()):
            if under_autocast(device):
                with torch.autocast(device, enabled=False):
                    found = formula(inputs if once is None else once(inputs), hyper)
            else:
                found = formula(inputs if once is None else once(inputs), hyper)
        if dtype is None or dtype.itemsize >= 4:
            return found
        return tree_map(lambda value: value.to(dtype) if _is_float(value) else value, found)

    function.__signature__ = inspect.Signature([*arguments_of(taken), *hyper_parameters.values(), *rest])
    return function


def _is_float(value):
    return isinstance(value, torch.Tensor) and value.dtype in FLOATS


def check_exemptions(exempt, promises):
    """Whether all exemptions are from promises that there are."""
    for promise in exempt:
        expect(promise in promises, "exempt", f"keys among {sorted(promises)}", repr(promise))


def parts_of(kind):
    """(signature, name of a form or None) of what a loss or an operation is decorated with."""
    signature = getattr(kind, "signature", kind)
    wanted = "a signature or one of its forms, as in @loss(logits, ...) or @loss(queries.cosine, ...)"
    expect(hasattr(signature, "inputs"), "signature", wanted, describe(kind), TypeError)
    return signature, None if signature is kind else kind.name


def leading(body):
    """The arguments of a body that are not hyper-parameters."""
    parameters = inspect.signature(body).parameters.values()
    return tuple(p.name for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD))


def rest_of(body):
    """The parameter `**hyper` of a body that passes other keywords on to a loss, which checks them; else nothing."""
    return [p for p in inspect.signature(body).parameters.values() if p.kind is p.VAR_KEYWORD]


def hyper_parameters_of(body, signature, form):
    """The keyword-only parameters of a body, which otherwise takes the inputs or the arguments of the form."""
    parameters = inspect.signature(body).parameters.values()
    for p in parameters:
        fits = p.kind is p.KEYWORD_ONLY or p.default is p.empty or p.name in signature.inputs.optional
        expect(fits, p.name, "a keyword-only hyper-parameter", str(p.kind))
    wanted = signature.inputs.names if form is None else signature.forms.by_name[form].arguments
    expect(leading(body) == wanted, body.__name__, f"leading arguments {list(wanted)}", list(leading(body)))
    return {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}


def limits_of(hyper_parameters, declared):
    """Hyper-parameter -> `Domain` or `Kind`: the declared one, else of a number any finite number."""
    for name in declared:
        expect(name in hyper_parameters, "domains", f"names among {sorted(hyper_parameters)}", repr(name))
    found = {}
    for name, parameter in hyper_parameters.items():
        default = parameter.default
        if name in declared:
            limit = declared[name]
            expect(isinstance(limit, (Domain, Kind)), name, "a Domain", describe(limit), TypeError)
            if isinstance(limit, Domain):
                limit = replace(limit, optional=limit.optional or default is None)
            found[name] = limit
        elif is_number(default):
            found[name] = around(default)
    return found


def check_limits(limits, hyper):
    """Check the given hyper-parameters, in place."""
    for name in hyper:
        if name in limits:
            hyper[name] = limits[name].check(name, hyper[name])


def arguments_of(taken):
    """The inputs as parameters; those that need not be given default to None."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    optional = {name: {"default": None} for name in taken.optional}
    return [inspect.Parameter(name, kind, **optional.get(name, {})) for name in taken.names]


def formula_of(body, signature, form):
    """The body as a function of inputs and hyper-parameters by name, and what is done to the inputs before, or None."""
    if form is None:
        return lambda inputs, hyper: body(**inputs, **hyper), None
    written = signature.forms.by_name[form]
    return lambda inputs, hyper: body(*written.relate(inputs), **hyper), written.once


def bind(name_of_function, taken, hyper_parameters, common, args, keywords):
    """(inputs by name, hyper-parameters by name) out of what was passed; `common` are further parameters: keywords that
    @loss adds, or `**hyper`."""
    names = taken.names
    if len(args) > len(names):
        wanted = f"{name_of_function}({', '.join(names)}), the rest by keyword"
        raise wrong("arguments", wanted, f"{len(args)} positional arguments", TypeError)
    inputs = dict(zip(names, args, strict=False))
    for name in names[len(args) :]:
        if name in keywords:
            inputs[name] = keywords.pop(name)
        elif name not in taken.optional:
            raise wrong(name, f"an input of {name_of_function}({', '.join(names)})", "nothing", TypeError)
    open_ended = any(p.kind is p.VAR_KEYWORD for p in common)
    for name in keywords:
        if name not in hyper_parameters and (name in inputs or not open_ended):
            accepted = ", ".join([*hyper_parameters, *(p.name for p in common)])
            got = f"{name} twice" if name in inputs else f"{name}={describe(keywords[name])}"
            raise wrong(name, f"one of the keywords of {name_of_function}: {accepted}", got, TypeError)
    return inputs, keywords


def family_of(body):
    """The family of a body, from the folder of `losses` that it stands in; `measures` for what stands there."""
    parts = body.__module__.split(".")
    if parts[:2] == ["lossatlas", "measures"]:
        return "measures"
    return parts[parts.index("losses") + 1] if "losses" in parts[:-1] else parts[-1]
