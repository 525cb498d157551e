"""What a student's function raised, as an exception of the grader's own."""

import builtins

from .frames import FrameError, readable


class RemoteError(Exception):
    """What a student's function raised.

    Attributes:
        explanation: what happened, with the student's line, in words.
    """

    def __str__(self):
        return str(self.args[0]) if self.args else ""


#: Exceptions that checks may look for; all others arrive as a `RemoteError` with the name of their class.
_KNOWN = (
    "ArithmeticError", "AssertionError", "AttributeError", "IndexError", "KeyError", "LookupError", "MemoryError",
    "NameError", "NotImplementedError", "OverflowError", "RecursionError", "RuntimeError", "TypeError", "ValueError",
    "ZeroDivisionError",
)  # fmt: skip


def error_of(raised, name, message, explanation):
    """The exception that a child's reply describes."""
    if not all(isinstance(part, str) for part in (raised, name, message, explanation)):
        raise FrameError("an exception without words")
    bases = (RemoteError, getattr(builtins, raised)) if raised in _KNOWN else (RemoteError,)
    error = type("".join(c for c in name if c.isidentifier() or c.isdigit()) or "Error", bases, {})(readable(message))
    error.explanation = readable(explanation) or f"Your code raised {readable(name)}"
    return error
