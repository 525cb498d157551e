"""The registry: every loss with what is declared of it. Tests, pictures, pages and benchmarks iterate over it."""

import difflib
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .checks import wrong
from .domains import Domain

#: What the generated tests check of every loss, and what an exemption (with its reason) may be declared from.
PROMISES = {
    "gradient": "its gradient is the derivative of its value",
    "double_backward": "its gradient can be differentiated again",
    "vmap": "it runs under torch.vmap",
    "compile": "torch.compile captures it as one graph",
    "half": "float16 and bfloat16 give the float32 result, rounded",
    "minus_inf": "a class ruled out by a logit of -inf leaves value and gradient finite",
    "extremes": "logits of size 1e4 give finite values and gradients equal to float64",
    "items": "one value per item, so that weights, masks and reduction='none' apply",
}


@dataclass(frozen=True)
class SpecialCase:
    """`this(inputs, **when) == scale * of(via(inputs), **then) + offset(inputs)`, item by item."""

    of: str
    when: Mapping = field(default_factory=dict)
    then: Mapping = field(default_factory=dict)
    scale: float = 1.0
    offset: Callable | None = None
    via: Callable | None = None
    tolerance: float = 1e-10


#: What the generated tests check of every operation, and what an exemption (with its reason) may be declared from.
PROMISES_OF_OPERATIONS = {
    "loop": "a naive loop, written from its formula, gives the same",
    "half": "float16 and bfloat16 give the float64 result, rounded",
    "empty": "an input without items gives a result without items, or 0 attached to the graph, never NaN",
    "single": "one item is enough",
    "gradient": "its gradient is the derivative of its value",
    "func": "torch.func.grad gives the same gradient",
    "vmap": "it runs under torch.vmap",
    "strides": "inputs may be views, and stay as they are",
    "optional": "inputs that need not be given may be left out at any setting",
}


@dataclass(frozen=True, eq=False)
class Operation:
    """One function of the library: what it is called, and everything declared about it."""

    name: str
    function: Callable
    body: Callable
    signature: object
    form: str | None
    family: str
    paper: str | None
    limits: Mapping
    exempt: Mapping
    differentiable: bool = True
    example: Mapping = field(default_factory=dict)

    def __call__(self, *inputs, **keywords):
        return self.function(*inputs, **keywords)

    def __repr__(self):
        return f"<operation {self.name} · {self.family}>"

    @property
    def domains(self):
        """Hyper-parameter -> `Domain`, for those that are numbers."""
        return {name: limit for name, limit in self.limits.items() if isinstance(limit, Domain)}

    @cached_property
    def summary(self):
        """The first sentence of the docstring."""
        text = inspect.getdoc(self.body) or ""
        return re.split(r"(?<=\.)\s", text.strip().split("\n\n")[0].replace("\n", " "))[0]

    @cached_property
    def formula(self):
        """The LaTeX between the first pair of double dollars of the docstring."""
        found = re.search(r"\$\$(.+?)\$\$", inspect.getdoc(self.body) or "", re.S)
        return found.group(1).strip() if found else ""

    @cached_property
    def use(self):
        """When to use it and when not: the docstring's paragraph "Use:", as one line."""
        found = re.search(r"^Use: (.+?)(?=\n\n|\Z)", inspect.getdoc(self.body) or "", re.M | re.S)
        return " ".join(found.group(1).split()) if found else ""

    @cached_property
    def source(self):
        """The body as it stands in the file, without decorator and docstring."""
        return _code_of(self.body)

    @property
    def defaults(self):
        """The hyper-parameters and their default values."""
        parameters = inspect.signature(self.body).parameters
        return {name: p.default for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}


@dataclass(frozen=True, eq=False)
class Loss(Operation):
    """One loss: an operation with items and a reduction, and what is declared of it as a loss."""

    items: str = "batch"
    aliases: tuple = ()
    special_cases: tuple = ()
    invariances: object = ()
    bounds: object = None
    optimum: object = None
    softplus: bool = False

    def __repr__(self):
        return f"<loss {self.name} · {self.family} · {self.signature.name}>"

    @property
    def supports(self):
        """Promise by promise: True, or the declared reason why not."""
        return {promise: self.exempt.get(promise, True) for promise in PROMISES}

    def bounds_at(self, **hyper):
        """(low, high) of an item's value at these hyper-parameters; None where unbounded."""
        if callable(self.bounds):
            return self.bounds(**{**self.defaults, **hyper})
        return self.bounds or (None, None)

    def invariances_at(self, **hyper):
        """Names of the transforms that leave every item unchanged: those declared, and those of the whole signature."""
        own = self.invariances(**{**self.defaults, **hyper}) if callable(self.invariances) else self.invariances
        return tuple(dict.fromkeys((*self.signature.always, *own)))

    def optimum_at(self, **hyper):
        """The value of an item at a perfect prediction with these hyper-parameters; None where none is declared."""
        if callable(self.optimum):
            return self.optimum(**{**self.defaults, **hyper})
        return self.optimum


_losses: dict[str, Loss] = {}
_operations: dict[str, Operation] = {}
_aliases: dict[str, str] = {}


def register(entry):
    """Enter a loss or an operation; a second one under the same name is an error.

    The same function, loaded again, takes its own place.
    """
    for name in (entry.name, *getattr(entry, "aliases", ())):
        known = _aliases.get(name, name)
        other = _losses.get(known) or _operations.get(known)
        if other is not None and (other.body.__module__, other.name) != (entry.body.__module__, entry.name):
            raise wrong("name", "a name not yet registered", f"{name!r}, which is {other!r}")
    if isinstance(entry, Loss):
        _losses[entry.name] = entry
        _aliases.update({alias: entry.name for alias in entry.aliases})
    else:
        _operations[entry.name] = entry


def losses(*, family=None, signature=None, paper=None):
    """The registered losses as a list of entries, in order of registration, narrowed by what is given.

    >>> import lossatlas
    >>> lossatlas.registry(family="contrastive", signature="queries")[0]
    <loss info_nce · contrastive · queries>
    """
    _load()
    return [
        entry
        for entry in _narrowed(_losses, family=family, paper=paper)
        if signature is None or entry.signature.name == getattr(signature, "name", signature)
    ]


def operations(*, family=None, paper=None):
    """The registered operations that are no losses, as a list of entries, narrowed by what is given."""
    _load()
    return _narrowed(_operations, family=family, paper=paper)


def get(name):
    """The entry of a loss by its name, one of its aliases, or the function itself."""
    return _entry(name, Loss, _losses, "loss")


def get_operation(name):
    """The entry of an operation that is no loss by its name, or the function itself."""
    return _entry(name, Operation, _operations, "operation")


def _entry(name, kind, entries, what):
    if isinstance(name, kind):
        return name
    known = name if isinstance(name, str) else getattr(name, "__name__", None)
    if _aliases.get(known, known) not in entries:
        _load()
    found = entries.get(_aliases.get(known, known))
    # Another library's function may bear the same name.
    if found is not None and callable(name) and name.__module__ != found.body.__module__:
        found = None
    if found is None:
        near = difflib.get_close_matches(str(known), [*entries, *_aliases], n=3)
        hint = f" (near: {', '.join(near)})" if near else ""
        raise wrong("name", f"the name of a registered {what}{hint}", repr(name))
    return found


def is_loss(function):
    """Whether a function of a family that is loaded is a registered loss."""
    return any(entry.function is function for entry in _losses.values())


def _load():
    """Import the families and the measures: their functions enter themselves."""
    importlib.import_module("lossatlas.losses").load()
    importlib.import_module("lossatlas.measures")


def _narrowed(entries, **wanted):
    return [
        entry
        for entry in entries.values()
        if all(value is None or getattr(entry, key) == value for key, value in wanted.items())
    ]


def _code_of(function):
    lines = inspect.getsource(function).splitlines()
    start = next(n for n, line in enumerate(lines) if line.lstrip().startswith("def "))
    source = textwrap.dedent("\n".join(lines[start:]))
    return re.sub(r'\n\s*r?""".*?"""', "", source, count=1, flags=re.S)
