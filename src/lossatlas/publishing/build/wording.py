"""Numbers and names of the records in words, as HTML."""

import html
import math
import re

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power(exponent):
    """10⁻⁸ for -8."""
    return "10" + f"{exponent:.0f}".translate(SUPERSCRIPTS)


def scales(measured):
    """From which to which scale of the inputs value and gradient were found right; None where it was not measured."""
    if "grows_to" not in measured or "shrinks_to" not in measured:
        return None
    return f"{power(-math.floor(measured['shrinks_to']))} to {power(math.floor(measured['grows_to']))}"


def whole_digits(number):
    """Right digits, rounded down: `15 digits`."""
    count = math.floor(number)
    return f"{count} digit{'s' * (count != 1)}"


def code(text):
    """Code that may break after an underscore where a column is narrow."""
    return f"<code>{html.escape(text).replace('_', '_<wbr>')}</code>"


def inline(text):
    """A line of a docstring as HTML: code set as code, formulas as the page sets them."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    return re.sub(r"\$([^$]+)\$", r'<span class="math notranslate nohighlight">\\(\1\\)</span>', text)


def call(name, hyper):
    """A loss with its hyper-parameters, as code."""
    return code(name + (f"({', '.join(f'{key}={value}' for key, value in hyper.items())})" if hyper else ""))


def sentence(name):
    """The name of a test as words: `a mask removes the item` for `a_mask_removes_the_item`."""
    return html.escape(name.replace("_", " "))


def listed(words):
    """a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def machine_words(machine):
    """One line about where numbers come from."""
    cores = (
        f"{machine['cores']} core{'s' * (machine['cores'] != 1)}, {machine['threads']} in use"
        if "cores" in machine
        else ""
    )
    known = [machine.get("cpu"), cores, machine.get("system")]
    versions = [
        f"{name} {machine[key]}" for key, name in (("python", "Python"), ("torch", "PyTorch")) if key in machine
    ]
    return html.escape(", ".join(str(part) for part in [*known, *versions] if part))


def origins(parts, sentence):
    """Where the parts of a record were measured: once, or by family where they differ.

    Args:
        parts: family -> its part.
        sentence: function of a part that says it.
    """
    said = {}
    for family, part in parts.items():
        said.setdefault(sentence(part), []).append(f"`{family}`")
    if len(said) == 1:
        return f"{next(iter(said))}\n"
    return "".join(f"- {listed(families)}: {words}\n" for words, families in said.items())


def table(head, rows, *, label, kind):
    """A table that scrolls inside itself where the screen is narrow; the first cell of each row is its heading.

    Args:
        head: the headings of the columns.
        rows: lists of cells, as HTML.
        label: what the table is about, for those who do not see it.
        kind: a further class.
    """
    headings = "".join(f'<th role="columnheader" scope="col">{cell}</th>' for cell in head)
    body = "\n".join(
        f'<tr role="row"><th role="rowheader" scope="row">{first}</th>'
        f'{"".join(f"""<td role="cell">{cell}</td>""" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    # The roles keep it a table where a narrow screen shows its rows one below the other.
    return (
        f'<div class="atlas-record {kind}" role="region" aria-label="{html.escape(label)}" tabindex="0">\n'
        f'<table role="table"><thead role="rowgroup"><tr role="row">{headings}</tr></thead>\n'
        f'<tbody role="rowgroup">{body}</tbody></table>\n</div>'
    )


def raw(markup):
    """HTML as part of a page in MyST."""
    return f"````{{raw}} html\n{markup}\n````\n"
