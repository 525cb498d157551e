"""The registry: every loss with what is declared of it. Tests, pictures, pages and benchmarks iterate over it."""

import difflib
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .checks import wrong

#: What the generated tests ask of every loss, and what an exemption (with its reason) may be declared from.
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


@dataclass(frozen=True, eq=False)
class Entry:
    """One loss: the function, and everything declared about it."""

    name: str
    function: Callable
    body: Callable
    signature: object
    items: str
    family: str
    paper: str | None
    aliases: tuple
    domains: Mapping
    special_cases: tuple
    invariances: object
    bounds: object
    optimum: object
    exempt: Mapping

    def __call__(self, *inputs, **keywords):
        return self.function(*inputs, **keywords)

    def __repr__(self):
        return f"<loss {self.name} · {self.family} · {self.signature.name}>"

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
        """When to use the loss and when not: the docstring's paragraph "Use:", as one line."""
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


_entries: dict[str, Entry] = {}
_aliases: dict[str, str] = {}


def register(entry):
    """Enter a loss; a second one under the same name is an error unless it is the same function, loaded again."""
    for name in (entry.name, *entry.aliases):
        other = _entries.get(_aliases.get(name, name))
        if other is not None and (other.body.__module__, other.name) != (entry.body.__module__, entry.name):
            raise wrong("name", "a name not yet registered", f"{name!r}, which is {other!r}")
    _entries[entry.name] = entry
    _aliases.update({alias: entry.name for alias in entry.aliases})


def losses(*, family=None, signature=None, paper=None):
    """The registered losses as a list of entries, in order of registration, narrowed by what is given."""
    wanted = {"family": family, "paper": paper}
    return [
        entry
        for entry in _entries.values()
        if all(value is None or getattr(entry, key) == value for key, value in wanted.items())
        and (signature is None or entry.signature.name == getattr(signature, "name", signature))
    ]


def get(name):
    """The entry of a loss by its name, one of its aliases, or the function itself."""
    if isinstance(name, Entry):
        return name
    known = name if isinstance(name, str) else getattr(name, "__name__", None)
    found = _entries.get(_aliases.get(known, known))
    # Another library's function may bear the same name.
    if found is not None and callable(name) and name.__module__ != found.body.__module__:
        found = None
    if found is None:
        near = difflib.get_close_matches(str(known), [*_entries, *_aliases], n=3)
        hint = f" (near: {', '.join(near)})" if near else ""
        raise wrong("name", f"the name of a registered loss{hint}", repr(name))
    return found


def _code_of(function):
    lines = inspect.getsource(function).splitlines()
    start = next(n for n, line in enumerate(lines) if line.lstrip().startswith("def "))
    source = textwrap.dedent("\n".join(lines[start:]))
    return re.sub(r'\n\s*r?""".*?"""', "", source, count=1, flags=re.S)
