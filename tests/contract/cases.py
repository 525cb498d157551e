"""What the generated tests run over, and the few things that all of them do with a loss."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
import torch

import lossatlas
from lossatlas.contract import PROMISES, PROMISES_OF_OPERATIONS, is_number
from lossatlas.signatures import ClassIndex, Field, Label, Mask, MultiHot, Positive, Row, Sign, Simplex

PROMISED = {**PROMISES_OF_OPERATIONS, **PROMISES}


@dataclass(frozen=True)
class Case:
    """A loss at one setting of its hyper-parameters."""

    entry: object
    hyper: Mapping = field(default_factory=dict)

    def _repr_pretty_(self, printer, cycle):
        printer.text(f"<{self.id}>")  # as hypothesis shows it

    @property
    def id(self):
        setting = ",".join(
            f"{name}={value:.4g}" if is_number(value) else f"{name}={value}" for name, value in self.hyper.items()
        )
        return f"{self.entry.name}-{setting or 'defaults'}"

    @property
    def signature(self):
        return self.entry.signature

    @property
    def by_item(self):
        return self.entry.items != "batch"

    def __call__(self, inputs, **keywords):
        return self.entry.function(**inputs, **self.hyper, **keywords)

    def each(self, inputs):
        """One value per item; of a loss for whole batches, its one value."""
        return self(inputs, reduction="none" if self.by_item else "mean")

    def sample(self, seed=0, **options):
        return self.signature.sample(seed + 1, **options)


def entries():
    return lossatlas.registry()


def cases():
    """Every registered loss at its defaults and, where it has hyper-parameters, at another setting.

    What is not a number has no domain to find another setting in: the last of the special cases may have one.
    """
    return [case for entry in entries() for case in settings_of(entry)]


def settings_of(entry):
    found = [Case(entry)]
    if entry.domains:
        found.append(Case(entry, {name: elsewhere(d, entry.defaults[name]) for name, d in entry.domains.items()}))
    elif entry.defaults:
        found += [Case(entry, special.when) for special in entry.special_cases[-1:] if special.when]
    return found


def elsewhere(domain, default):
    """A number of the domain, inside what pictures show of it, that is not the default."""
    low, high = shown(domain, default)
    value = low + 0.37 * (high - low)
    return value if value != default else low + 0.61 * (high - low)


def shown(domain, default):
    if domain.show is not None:
        return domain.show
    start = default if default is not None else 0.0
    low = domain.low if domain.low > -float("inf") else min(start, domain.high) - 1.0
    high = domain.high if domain.high < float("inf") else max(start, low) + 1.0
    return low, high


def ends_of(domain, default):
    """The ends of what pictures show of a domain, and where it is open, a number a thousand times closer to its end."""
    found = list(shown(domain, default))
    start = default if default is not None else found[0]
    if domain.open_low:
        found.append(domain.low + 1e-3 * (start - domain.low))
    if domain.open_high and domain.high < float("inf"):
        found.append(domain.high - 1e-3 * (domain.high - start))
    return [value for value in found if value in domain]


def promise(name):
    """A test of a promise that a loss may be declared exempt from: then it may fail, with the declared reason.

    `test_exemptions.py` sees to it that no exemption is declared that is not needed.
    """

    def decorate(test):
        @functools.wraps(test)
        def checked(*given, **named):
            (case,) = (*given, *named.values())
            reason = case.entry.exempt.get(name)
            if reason is not None and outcome(test, case) == "failed":
                pytest.xfail(f"{name}: {reason}")
            try:
                return test(case)
            except (Exception, pytest.fail.Exception) as error:
                error.add_note(
                    f"The promise {name!r}: {PROMISED[name]}. What cannot keep it declares that: exempt={{{name!r}:"
                    " 'why'}."
                )
                raise

        checked.promise, checked.without_exemption = name, test
        return checked

    return decorate


def outcome(test, case):
    """How a test of one case ends: "passed", "failed", "skipped" or "xfailed"."""
    try:
        test(case)
    except pytest.skip.Exception:
        return "skipped"
    except pytest.xfail.Exception:
        return "xfailed"
    except (Exception, pytest.fail.Exception):
        return "failed"
    return "passed"


def needs_items(case):
    if not case.by_item:
        pytest.skip("the loss exists only for a whole batch")


def tracked(inputs, names):
    """The inputs with those of the given names as fresh leaves that want gradients."""
    return {k: v.detach().clone().requires_grad_() if k in names else v for k, v in inputs.items()}


def value_and_gradients(case, inputs, **keywords):
    """A value and the gradients of its sum with respect to every floating-point input."""
    leaves = tracked(inputs, case.signature.inputs.floating)
    value = case(leaves, **keywords)
    return value.detach(), gradients(value.sum(), leaves, case)


def gradients(total, leaves, case, **options):
    names = case.signature.inputs.floating
    found = torch.autograd.grad(total, [leaves[n] for n in names], allow_unused=True, materialize_grads=True, **options)
    return dict(zip(names, found, strict=True))


def has_items(kind):
    """Whether the first axis of a field runs over the items."""
    return kind.axes[0] in ("N", "*")


def take(signature, inputs, index):
    """The inputs of the items with these indices, in this order."""
    return {n: inputs[n][index] if has_items(kind) else inputs[n] for n, kind in signature.inputs.fields.items()}


def cast(signature, inputs, dtype):
    """The inputs with all floating-point ones (labels too) in another dtype."""

    def as_dtype(value):
        return value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value

    return {name: as_dtype(inputs[name]) for name in signature.names}


GARBAGE = {
    ClassIndex: (-100, 10**6),
    Label: (-100, 10**6),
    Row: (-7, 10**6),
    Mask: (True, False),
    Sign: (0, 7),
    MultiHot: (-1, 9),
    Positive: (-1.0, float("nan")),
}


def garbage(kind, which):
    """Two values of a field that no item may hold: masked items may."""
    return GARBAGE.get(type(kind), (float("nan"), float("inf")))[which]


PLAIN = ("usual", "one item", "one class")
RANDOM = (*PLAIN, "ties", "extreme", "mixed")
LABELS = (ClassIndex, Label, Sign, MultiHot)


@st.composite
def inputs_of(draw, signature, kinds=RANDOM, most=6):
    """Valid inputs of random sizes (up to `most`), seeds and scales, of one of the kinds.

    Ties: whole numbers, or all 0. Extreme: all tiny or all huge. Mixed: from 1e-6 to 1e4 within a row.
    """
    kind = draw(st.sampled_from(kinds), label="kind")
    sizes = {
        axis: draw(st.integers(max(1, signature.inputs.least.get(axis, 1)), most), label=axis)
        for axis in signature.samples.sizes
    }
    if kind == "one item":
        sizes["N"] = 1
    seed = draw(st.integers(1, 10**6), label="seed")
    scale = draw(st.sampled_from([1e-6, 1e3, 1e4] if kind == "extreme" else [1.0, 0.03, 4.0, 25.0]), label="scale")
    inputs = signature.sample(seed, **sizes)
    generator = torch.Generator().manual_seed(seed)
    for name, kind_of_field in signature.inputs.fields.items():
        value = inputs[name]
        if isinstance(kind_of_field, LABELS) and kind == "one class":
            inputs[name] = value.flatten()[0].expand(value.shape).clone()
        elif isinstance(kind_of_field, Simplex) and kind == "ties":
            inputs[name] = torch.full_like(value, 1 / value.shape[-1])
        elif type(kind_of_field) is Field:
            inputs[name] = value * scale * (_sizes(value, generator) if kind == "mixed" else 1)
            if kind == "ties":
                inputs[name] = inputs[name].round()
    return inputs


def _sizes(like, generator):
    return 10.0 ** torch.randint(-6, 5, like.shape, generator=generator).to(like)


def close(got, wanted, *, rtol=1e-9, atol=1e-11, note=""):
    """Assert closeness, saying what was compared."""
    torch.testing.assert_close(
        got,
        wanted,
        rtol=rtol,
        atol=atol,
        equal_nan=False,
        check_dtype=False,
        msg=lambda text: f"{note}\n{text}" if note else text,
    )


def all_close(got, wanted, **options):
    for name in wanted:
        close(got[name], wanted[name], **{**options, "note": f"{options.get('note', '')} gradient of {name}"})
