"""How something is called: its call on one line, its arguments one by one, and what it refuses."""

import html
import inspect
from itertools import groupby

from ...build.wording import code, listed
from .links import with_links

#: A call that is longer than this goes over several lines.
LONGEST = 72


def call_of(entry, where):
    """The call with every argument and its default, as Python.

    Args:
        entry: a loss or an operation.
        where: what stands before its name, as `lossatlas`.
    """
    try:
        parameters = list(inspect.signature(entry.function).parameters.values())
    except (TypeError, ValueError):
        return f"{where}.{entry.name}(...)"
    written, star = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            written.append("*")
            star = True
        default = "" if parameter.default is parameter.empty else f"={in_python(parameter.default)}"
        bare = parameter.replace(annotation=parameter.empty, default=parameter.empty)
        written.append(f"{bare}{default}")
    name = f"{where}.{entry.name}"
    whole = f"{name}({', '.join(written)})"
    if len(whole) <= LONGEST:
        return whole
    keywords = written.index("*") if "*" in written else len(written)
    rows = [written[:keywords], written[keywords:]]
    lines = [line for row in rows for line in _wrapped(row)]
    return f"{name}(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def in_python(value):
    """A default as it would be written: a function by its name, all else as Python shows it."""
    return value.__name__ if callable(value) and hasattr(value, "__name__") else repr(value)


def _wrapped(words):
    """The words on as few lines as fit, separated by commas."""
    lines = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 8 <= LONGEST:
            lines[-1] += f", {word}"
        else:
            lines.append(word)
    return lines


def arguments(entry, documented, page):
    """The arguments as a definition list in MyST: names, what they may be, and what the docstring says of them.

    Args:
        entry: a loss or an operation.
        documented: its `Docstring`.
        page: the page on which it stands.
    """
    if not documented.arguments:
        return ""
    items = "\n\n".join(
        f"{', '.join(f'`{name}`' for name in names)}{_may_be(entry, names)}\n"
        f": {with_links(description, page, entry.name)}"
        for names, description in documented.arguments
    )
    return f":::{{div}} atlas-arguments\n{items}\n:::\n"


def _may_be(entry, names):
    """What arguments that share a description may be, as far as it is declared and the same for all of them."""
    said = {words for name in names if (words := _declared(entry, name))}
    return f" <small>{html.escape(said.pop())}</small>" if len(said) == 1 else ""


def _declared(entry, name):
    """What an argument may be and what it is when it is not given."""
    signature, limits = getattr(entry, "signature", None), getattr(entry, "limits", {})
    if signature is not None and name in signature.names:
        kind = signature.inputs.fields[name]
        words = [kind.tensor.rstrip(",") if hasattr(kind, "tensor") and kind.axes else kind.what]
        words += ["optional"] if name in signature.inputs.optional else []
        return ", ".join(words)
    defaults = _defaults(entry)
    words = [f"default {defaults[name]}"] if name in defaults else []
    if name in limits:
        words.append(str(limits[name]) if hasattr(limits[name], "low") else limits[name].expected)
    return ", ".join(words)


def _defaults(entry):
    """argument -> its default as Python writes it."""
    try:
        parameters = inspect.signature(entry.function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: in_python(p.default) for p in parameters if p.default is not p.empty}


def refusals(entry):
    """What is refused with which exception, as HTML items: what the tests of its errors try."""
    bad = sorted(entry.signature.bad_samples(), key=lambda one: one.error.__name__)
    for error, found in groupby(bad, key=lambda one: one.error.__name__):
        cases = {}
        for one in found:
            cases.setdefault(one.argument, []).append(html.escape(one.name.removeprefix(f"{one.argument}: ")))
        yield f"{code(error)}: " + "; ".join(f"{code(name)}: {', '.join(words)}" for name, words in cases.items())
    outside = [f"{code(name)} that is not {html.escape(str(domain))}" for name, domain in entry.domains.items()]
    if outside:
        yield f"{code('ValueError')}: {listed(outside)}"
