"""The page *Beside other libraries*: every loss next to the packages that have it."""

import html
import math

from ..build.records import COMMANDS, joined
from ..build.wording import code, listed, machine_words, origins, raw, table

OPENING = """(parity)=
# Beside other libraries

Many of these losses exist elsewhere. Where a package computes one on a CPU, its function is called here with the same
numbers, and the results are compared, value and gradient.

Conventions differ: an argument may be a probability here and a logit there, a temperature may multiply or divide, a
mean may run over other things. The *transform* says what leads from their convention to ours. After it, nothing may be
left but rounding. *Digits* are how many decimal digits agree at the worst of the settings that were compared.
"""

DIFFERING = """## Where packages differ

Two functions under one name may disagree because the name means two things, or because one of them loses digits where
it matters. Each finding comes with its numbers, so that you can judge: what went in, what came out of both, and what
the formula gives with many more digits.
"""

OTHERWISE = """### Not the same function

Here the results differ on ordinary inputs.
"""

SOMEWHERE = """### The same function, but not everywhere

On ordinary inputs these agree. At the inputs below they do not.
"""


def parity_page(names, parts):
    """The page as MyST markdown.

    Args:
        names: all losses.
        parts: family -> its part of the parity record; empty where there is none.
    """
    if not parts:
        return (
            f"{OPENING}\nNo comparison is on record yet. `{COMMANDS['parity']}` sets up the packages in an environment "
            "of their own and makes it.\n"
        )
    rows = sorted(joined(parts, "rows"), key=lambda row: (row["loss"], row["package"], row["symbol"]))
    alone = sorted(set(names) - {row["loss"] for row in rows})
    pieces = [OPENING, _tally(rows), "## Function by function\n", raw(_table(rows)), DIFFERING, *_findings(rows)]
    if alone:
        pieces += [
            "## Nobody to compare with\n",
            f"No package that was compared has {listed([f'`{name}`' for name in alone])}.\n",
        ]
    pieces += ["## Where it was run\n", origins(parts, _origin)]
    return "\n".join(pieces)


def _tally(rows):
    losses, packages = ({row[key] for row in rows} for key in ("loss", "package"))
    agreeing = [row for row in rows if row["verdict"] == "agrees"]
    least = min((row["digits"] for row in agreeing if in_float64(row) and row["digits"] is not None), default=None)
    said = (
        f"{len(rows)} functions of {len(packages)} packages stand beside {len(losses)} losses: {len(agreeing)} agree "
        "on ordinary inputs"
    )
    said += "" if least is None else f", in float64 to at least {math.floor(least)} digits"
    found = sum(bool(row.get("finding")) for row in agreeing)
    said += f", but {found} of them not everywhere" if found else ""
    return f"{said}; {len(rows) - len(agreeing)} differ.\n"


def in_float64(row):
    return row.get("dtype", "float64") == "float64"


def precision(row):
    """In what was compared, where that is not float64."""
    return "" if in_float64(row) else f" in {row['dtype']}"


def _table(rows):
    cells = [
        [
            code(row["loss"]),
            f"{html.escape(row['package'])} {html.escape(row['version'])} "
            f"{code(row['symbol'])}<p>{html.escape(row['transform'])}</p>",
            _digits(row) + (f'<br><a href="#{anchor(row)}">{_verdict(row)}</a>' if _noteworthy(row) else ""),
        ]
        for row in rows
    ]
    head = ["Loss", "Their function, and the transform", "Digits: value / gradient"]
    return table(head, cells, label="Every loss beside its peers", kind="atlas-parity")


def _noteworthy(row):
    """Whether there is more to say of a row than its digits."""
    return row["verdict"] != "agrees" or row.get("finding")


def _verdict(row):
    return "not everywhere" if row["verdict"] == "agrees" else "<strong>differs</strong>"


def _digits(row):
    value = "none" if row["digits"] is None else f"{row['digits']:.1f}"
    gradient = "no gradient" if row.get("slope_digits") is None else f"{row['slope_digits']:.1f}"
    return f"{value} / {gradient}{precision(row)}"


def _findings(rows):
    """What was found, by kind, and once for all functions of which it is true."""
    noteworthy = [row for row in rows if _noteworthy(row)]
    if not noteworthy:
        yield "Nothing was found: all that were compared agree.\n"
    for heading, verdict in ((OTHERWISE, "differs"), (SOMEWHERE, "agrees")):
        findings = {}
        for row in noteworthy:
            if row["verdict"] == verdict:
                findings.setdefault(row.get("finding") or "The results differ.", []).append(row)
        if findings:
            yield heading
            yield raw("\n".join(_finding(words, found) for words, found in findings.items()))


def _finding(words, rows):
    cases = "".join(
        f'<li id="{anchor(row)}">{html.escape(row["package"])} {html.escape(row["version"])} {code(row["symbol"])}, '
        f"beside {code(row['loss'])}"
        f"{_numbers(row.get('evidence') or {})}</li>"
        for row in rows
    )
    return f'<div class="atlas-finding"><p>{html.escape(words)}</p><ul>{cases}</ul></div>'


def _numbers(evidence):
    """What went in and what came out, as a list of terms."""
    of = evidence.get("slope_of")
    shown = {key: value for key, value in evidence.items() if key != "slope_of" and value not in (None, {}, [])}
    terms = "".join(
        f"<dt>{html.escape(_heading(key, of))}</dt><dd>{_shown(value)}</dd>" for key, value in shown.items()
    )
    return f"<dl>{terms}</dl>" if terms else ""


HEADINGS = {"inputs": "Inputs", "hyper": "At", "theirs": "They give", "ours": "We give", "exact": "The formula gives"}
GRADIENTS = {"theirs": "Their gradient in {}", "ours": "Our gradient in {}", "exact": "The formula's gradient in {}"}


def _heading(key, of):
    """The heading of a number; `of` is the input whose gradient it is, None for a value."""
    if of and key in GRADIENTS:
        return GRADIENTS[key].format(of)
    return HEADINGS.get(key, key.replace("_", " ").capitalize())


def _shown(value):
    if isinstance(value, dict):
        return ", ".join(f"{html.escape(str(name))} = {_shown(part)}" for name, part in value.items())
    return code(repr(value) if isinstance(value, float) else str(value))


def anchor(row):
    """Where the page tells what was found of a function."""
    text = f"{row['loss']}-{row['package']}-{row['symbol']}".lower()
    return "differs-" + "".join(letter if letter.isalnum() else "-" for letter in text)


def _origin(part):
    packages = [f"{name} {version}" for name, version in sorted(part["packages"].items()) if version]
    return f"On {machine_words(part['machine'])}, with {html.escape(listed(packages))}."
