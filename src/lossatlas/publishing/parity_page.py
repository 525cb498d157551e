"""The page *Beside other libraries*: every loss next to the packages that have it."""

import html
import math

from .records import COMMANDS
from .wording import code, listed, machine_words, raw, table

OPENING = """(parity)=
# Beside other libraries

Many of these losses exist elsewhere. Where a package computes one on a CPU, its function is called here with the same
numbers, and the results are compared, value and gradient.

Conventions differ: an argument may be a probability here and a logit there, a temperature may multiply or divide, a
mean may run over other things. The *transform* says what leads from their convention to ours. After it, nothing may be
left but rounding. *Digits* are how many decimal digits agree at the worst of the settings that were compared.
"""

DIFFERING = """## Where packages differ

Two functions under one name may disagree because the name means two things, or because one of them is wrong. Each row
below gives the numbers, so that you can judge: what went in, what came out of both, and what the formula gives exactly.
"""


def parity_page(names, record):
    """The page as MyST markdown.

    Args:
        names: all losses.
        record: the parity record; None where there is none.
    """
    if record is None:
        return f"{OPENING}\nNo comparison is on record yet. `{COMMANDS['parity']}` sets up the packages in an environment of their own and makes it.\n"
    rows = sorted(record["rows"], key=lambda row: (row["loss"], row["package"], row["symbol"]))
    agreeing = [row for row in rows if row["verdict"] == "agrees"]
    differing = [row for row in rows if row["verdict"] != "agrees"]
    noted = [row for row in agreeing if row.get("finding")]
    alone = sorted(set(names) - {row["loss"] for row in rows})
    parts = [OPENING, _tally(rows, agreeing, differing), "## Function by function\n", raw(_table(rows))]
    parts.append(DIFFERING if differing else "## Where packages differ\n")
    parts += [raw("\n".join(map(_difference, differing)))] if differing else ["None of them does: all that were compared agree.\n"]
    if noted:
        parts += ["## What else was noticed\n", raw("\n".join(map(_difference, noted)))]
    if alone:
        parts += ["## Nobody to compare with\n", f"No package that was compared has {listed([f'`{name}`' for name in alone])}.\n"]
    parts += ["## Where it was run\n", f"On {machine_words(record['machine'])}, with {html.escape(_versions(record['packages']))}.\n"]
    return "\n".join(parts)


def _tally(rows, agreeing, differing):
    losses, packages = ({row[key] for row in rows} for key in ("loss", "package"))
    said = f"{len(rows)} functions of {len(packages)} packages stand beside {len(losses)} losses: {len(agreeing)} agree"
    least = min((row["digits"] for row in agreeing if row.get("dtype", "float64") == "float64"), default=None)
    said += "" if least is None else f", in float64 to at least {math.floor(least)} digits"
    return f"{said}; {len(differing)} differ{'s' * (len(differing) == 1)}.\n"


def _table(rows):
    cells = [
        [
            code(row["loss"]),
            f"{html.escape(row['package'])} {html.escape(row['version'])} {code(row['symbol'])}<p>{html.escape(row['transform'])}</p>",
            _digits(row) + (f'<br><a href="#{_anchor(row)}">{_verdict(row)}</a>' if _told(row) else ""),
        ]
        for row in rows
    ]
    head = ["Loss", "Their function, and the transform", "Digits: value / gradient"]
    return table(head, cells, label="Every loss beside its peers", kind="atlas-parity")


def _told(row):
    """Whether there is more to say of a row than its digits."""
    return row["verdict"] != "agrees" or row.get("finding")


def _verdict(row):
    return "agrees, but" if row["verdict"] == "agrees" else "<strong>differs</strong>"


def _digits(row):
    gradient = "no gradient" if row.get("slope_digits") is None else f"{row['slope_digits']:.1f}"
    dtype = row.get("dtype", "float64")
    return f"{row['digits']:.1f} / {gradient}{'' if dtype == 'float64' else f' in {dtype}'}"


def _difference(row):
    """What was found, with its numbers."""
    heading = f"{html.escape(row['package'])} {html.escape(row['version'])}, {code(row['symbol'])}, beside {code(row['loss'])}"
    finding = html.escape(row.get("finding") or "")
    numbers = "".join(f"<dt>{html.escape(_heading(key))}</dt><dd>{_shown(value)}</dd>" for key, value in (row.get("evidence") or {}).items())
    return f'<div class="atlas-finding" id="{_anchor(row)}"><p><strong>{heading}.</strong> {finding}</p>{f"<dl>{numbers}</dl>" if numbers else ""}</div>'


HEADINGS = {"inputs": "Inputs", "theirs": "They give", "ours": "We give", "exact": "The formula gives"}


def _heading(key):
    return HEADINGS.get(key, key.replace("_", " ").capitalize())


def _shown(value):
    if isinstance(value, dict):
        return ", ".join(f"{html.escape(str(name))} = {_shown(part)}" for name, part in value.items())
    return code(repr(value) if isinstance(value, float) else str(value))


def _anchor(row):
    text = f"{row['loss']}-{row['package']}-{row['symbol']}".lower()
    return "differs-" + "".join(letter if letter.isalnum() else "-" for letter in text)


def _versions(packages):
    return listed([f"{name} {version}" for name, version in sorted(packages.items())])
