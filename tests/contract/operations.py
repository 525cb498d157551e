"""What the generated tests of operations run over, and how results in parts are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from tests.contract.cases import elsewhere

import lossatlas
from lossatlas.contract import Domain


@dataclass(frozen=True)
class OperationCase:
    """An operation at one setting of its hyper-parameters."""

    entry: object
    hyper: Mapping = field(default_factory=dict)

    @property
    def id(self):
        setting = ",".join(
            f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={getattr(value, '__name__', value)}"
            for name, value in self.hyper.items()
        )
        return f"{self.entry.name}-{setting or 'defaults'}"

    @property
    def signature(self):
        return self.entry.signature

    def __call__(self, inputs):
        torch.manual_seed(0)  # what is drawn is the same in each call
        return self.entry.function(**inputs, **self.hyper)

    def sample(self, seed=0, **options):
        return self.signature.sample(seed + 1, **options)


def operation_cases():
    return [case for entry in lossatlas.contract.operations() for case in settings_of(entry)]


def settings_of(entry):
    """Its example, which is empty where the defaults will do, and another setting of all that has one."""
    other = {name: another(limit, entry) for name, limit in entry.limits.items()}
    other = {**entry.example, **{name: value for name, value in other.items() if value is not None}}
    cases = [OperationCase(entry, dict(entry.example)), OperationCase(entry, other)]
    return cases if other != entry.example else cases[:1]


def another(limit, entry):
    """A value other than the one of the example or the default; None where there is none to be had."""
    name = next(name for name, known in entry.limits.items() if known is limit)
    usual = entry.example.get(name, entry.defaults[name])
    if not isinstance(limit, Domain):
        return limit.another
    if limit.whole:
        return next(
            (value for value in (usual or 0) + torch.tensor([1, -1]) if value.item() in limit), torch.tensor(usual)
        ).item()
    return elsewhere(limit, usual if isinstance(usual, (int, float)) else None)


def parts(found, name=""):
    """The tensors of a result by name: of a tuple by place, of a named tuple by field, of a dictionary by key."""
    if isinstance(found, torch.Tensor) or not isinstance(found, (tuple, dict)):
        return {name: found}
    named = (
        found._asdict() if hasattr(found, "_asdict") else found if isinstance(found, dict) else dict(enumerate(found))
    )
    return {key: part for label, value in named.items() for key, part in parts(value, f"{name}.{label}").items()}


def floating_parts(found):
    """Those of them that are tensors of floating point."""
    return {name: x for name, x in parts(found).items() if isinstance(x, torch.Tensor) and x.is_floating_point()}


def as_lists(inputs):
    """The inputs as naive loops take them: tensors as nested lists, all else as it is."""
    return {
        name: value.to_dense().tolist() if isinstance(value, torch.Tensor) else value for name, value in inputs.items()
    }
