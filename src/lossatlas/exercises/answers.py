"""The forms an answer can take, and the message of each for an answer that is missing or of another form."""

import dis
import functools
import math
from types import SimpleNamespace

import torch

from ..contract import describe
from .exercise import NotAttempted, Wrong

STUB_OPCODES = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "LOAD_SMALL_INT"}


class Function:
    """A function with a given call form, such as `"my_loss(logits, target)"`."""

    def __init__(self, call):
        self.call = call
        self.name = call.partition("(")[0]

    def __str__(self):
        return f"the function `{self.call}`"

    def read(self, answer):
        """The function, wrapped so that a missing return value is explained."""
        if answer is None or answer is ... or is_stub(answer):
            raise NotAttempted(f"write `{self.call}`")
        if not callable(answer):
            raise Wrong(
                f"the answer must be the function `{self.name}` itself, but it is {describe(answer)}. "
                f"Pass `{self.name}` without brackets: the check will call it."
            )

        @functools.wraps(answer, updated=())
        def called(*args, **keywords):
            try:
                value = answer(*args, **keywords)
            except NotImplementedError as error:
                if str(error):  # from PyTorch, of something that it cannot do
                    raise
                raise NotAttempted(f"write `{self.call}`") from None
            if value is None or value is ...:
                raise Wrong(f"`{self.name}` returned nothing. Is the `return` missing?")
            return value

        return called


class Number:
    """One number, typed or computed: a Python or NumPy number or a tensor with one entry."""

    def __init__(self, name):
        self.name = name

    def __str__(self):
        return "a number"

    def read(self, answer):
        if answer is None or answer is ...:
            raise NotAttempted(f"`{self.name}` is still to be found")
        return _number(self.name, answer)


class Numbers:
    """Several numbers, as a list, tuple, array or one-dimensional tensor."""

    def __init__(self, name, count):
        self.name, self.count = name, count

    def __str__(self):
        return f"{self.count} numbers"

    def read(self, answer):
        if answer is None or answer is ...:
            raise NotAttempted(f"`{self.name}` is still to be found")
        try:
            entries = list(answer)
        except TypeError:
            raise Wrong(
                f"`{self.name}` must be a list of {self.count} numbers, but it is {describe(answer)}."
            ) from None
        if any(entry is None or entry is ... for entry in entries):
            raise NotAttempted(f"`{self.name}` is still to be found")
        if len(entries) != self.count:
            raise Wrong(f"`{self.name}` must have {self.count} numbers, but it has {len(entries)}.")
        return torch.tensor([_number(self.name, entry) for entry in entries], dtype=torch.float64)


class Parts:
    """Several answers in one dictionary."""

    def __init__(self, **forms):
        self.forms = forms

    def __str__(self):
        return "a dictionary with " + ", ".join(f"`{name}` ({form})" for name, form in self.forms.items())

    def read(self, answer):
        """The parts as attributes."""
        if answer is None or answer is ...:
            raise NotAttempted(f"give {self}")
        if not isinstance(answer, dict):
            raise Wrong(f"the answer must be {self}; it is {describe(answer)}.")
        strange = [name for name in answer if name not in self.forms]
        if strange:
            raise Wrong(
                f"the answer has an entry {strange[0]!r} that does not belong there; the entries are"
                f" {list(self.forms)}."
            )
        parts, missing = {}, []
        for name, form in self.forms.items():
            try:
                parts[name] = form.read(answer.get(name))
            except NotAttempted as still:
                missing.append(str(still))
        if missing:
            raise NotAttempted("; ".join(missing))
        return SimpleNamespace(**parts)


class OneOf:
    """One of a few words."""

    def __init__(self, name, *choices):
        self.name, self.choices = name, choices

    def __str__(self):
        return f"one of {', '.join(map(repr, self.choices))}"

    def read(self, answer):
        if answer is None or answer is ...:
            raise NotAttempted(f"choose `{self.name}`")
        if answer not in self.choices:
            raise Wrong(f"`{self.name}` must be one of {', '.join(map(repr, self.choices))}, but it is {answer!r}.")
        return answer


def is_stub(answer):
    """Whether a function does nothing but return None or `...`, as the stubs of the exercises do.

    A function that lives in another process has no code to look at here; its attribute `is_stub` is used instead.
    """
    elsewhere = getattr(answer, "is_stub", None)
    if elsewhere is not None:
        return bool(elsewhere)
    code = getattr(answer, "__code__", None)
    return (
        code is not None
        and {step.opname for step in dis.get_instructions(code)} <= STUB_OPCODES
        and not {type(c) for c in code.co_consts} - {type(None), type(...), str}
    )


def _number(name, value):
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"`{name}` must be made of numbers, but there is {describe(value)}.") from None
    if not math.isfinite(number):
        raise Wrong(f"`{name}` is {number}, which is not a finite number.")
    return number
