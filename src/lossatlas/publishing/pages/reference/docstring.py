"""A docstring taken apart: what it says first, its formula, and its parts by name."""

import inspect
import re
from dataclasses import dataclass, field

#: Parts whose lines stand indented below their name, and parts that go on beside it.
BELOW, BESIDE = ("Args", "Returns", "Raises"), ("Use", "Paper", "Differs")
_INDENTED = re.compile(rf"^({'|'.join(BELOW)}):\n((?:[ \t]+[^\n]*(?:\n|\Z)|\n(?=[ \t]))+)", re.M)
_PARAGRAPH = re.compile(rf"^({'|'.join(BESIDE)}): (.+?)(?=\n\n|\Z)", re.M | re.S)
_EXAMPLE = re.compile(r"^>>> .+?(?=\n\n|\Z)", re.M | re.S)


@dataclass(frozen=True)
class Docstring:
    """The parts of a docstring.

    Args:
        purpose: the first paragraph on one line, with a full stop.
        text: everything between the first paragraph and the named parts, and after them, as Markdown: the formula too.
        arguments: ((names, description), …) in order; names that share a description stand together.
        parts: name of a part -> its text on one line.
        examples: what a reader may type, as a Python session.
    """

    purpose: str
    text: str
    arguments: tuple = ()
    parts: dict = field(default_factory=dict)
    examples: tuple = ()


def read(documented):
    """The docstring of a function or a class, taken apart.

    Args:
        documented: the function or class.
    """
    text = inspect.getdoc(documented) or ""
    parts, arguments = {}, ()
    for name, body in _INDENTED.findall(text):
        if name == "Args":
            arguments = tuple(_items(body))
        else:
            parts[name] = _line(body)
    parts.update({name: _line(body) for name, body in _PARAGRAPH.findall(text)})
    examples = tuple(_EXAMPLE.findall(text))
    for pattern in (_INDENTED, _PARAGRAPH, _EXAMPLE):
        text = pattern.sub("", text)
    first, _, rest = text.strip().partition("\n\n")
    return Docstring(_line(first), re.sub(r"\n{3,}", "\n\n", rest).strip(), arguments, parts, examples)


def _items(body):
    """(names, description) of the lines of a part; lines that stand further in go on with the one before."""
    indent = min(len(line) - len(line.lstrip()) for line in body.splitlines() if line.strip())
    for item in re.split(rf"^[ \t]{{{indent}}}(?=\S)", body, flags=re.M)[1:]:
        names, _, description = item.partition(":")
        yield tuple(name.strip().lstrip("*") for name in names.split(",")), _line(description)


def _line(text):
    return " ".join(text.split())
