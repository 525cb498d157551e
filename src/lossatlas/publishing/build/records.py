"""The records of what was measured: a run writes them fresh, and `lossatlas record` keeps them.

Fresh records are a file for each kind in `_build/measured`. Kept ones are a file for each family in `book/measured`,
with the family's part of each kind: `{"certificates": {...}, "parity": {...}, "benchmarks": {...}, "scale": {...}}`.
What belongs to no family is in `general.json`. The site shows the fresh part of a family, else the kept one.
"""

import json
import os

from lossatlas.contract import losses

from .book import BookError
from .keys import fingerprints

#: record -> the command that makes it
COMMANDS = {"certificates": "make unit", "parity": "make parity", "benchmarks": "make bench", "scale": "make scale"}
#: Holds what belongs to no family, such as the cost of the checks by kind of input.
GENERAL = "general"
#: What follows from the rows, and would have to be computed again for a part of them.
DERIVED = ("families", "summary")
#: A file that is committed stays below this.
MOST_BYTES = 1_000_000


def parts(book, kind):
    """family -> its part of the records of a kind, the fresh one first; none for a family without a record."""
    return dict(sorted({**kept(book, kind), **fresh(book, kind)}.items()))


def kept(book, kind):
    """family -> its part of the records of a kind as committed."""
    contents = {path.stem: _read(path) for path in sorted(book.measured.glob("*.json"))}
    return {family: content[kind] for family, content in contents.items() if kind in content}


def fresh(book, kind):
    """family -> its part of the record that the latest run left."""
    record = _read(book.fresh / f"{kind}.json")
    return record.get("families", {}) if kind == "certificates" else divided(record)


def divided(record):
    """family -> its part of a record: its own rows, and all that holds for the whole run."""
    families = {entry.name: entry.family for entry in losses()}
    lists = {field: rows for field, rows in record.items() if isinstance(rows, list)}
    shared = {field: value for field, value in record.items() if field not in lists and field not in DERIVED}
    found = {}
    for field, rows in lists.items():
        for row in rows:
            family = _family(row, families)
            if family:
                found.setdefault(family, {**shared}).setdefault(field, []).append(row)
    return found


def _family(row, families):
    """The family that a row is about; None where its loss is gone."""
    if "loss" in row:
        return families.get(row["loss"].partition(" ")[0])
    return row.get("family", GENERAL)


def joined(parts, field):
    """The rows of all parts under a field, family by family."""
    return [row for part in parts.values() for row in part.get(field, ())]


def certificates(book):
    """What was proven of each loss, from the run that knows these sources, else from the latest that knows the loss.

    Returns:
        loss -> its part of the record, with `machine`, with `tests` (test -> how it ended, for all of them), with
        `promises` (test -> promise or None), and with `current`: whether it was run with the sources as they now are.
    """
    now, found = fingerprints(book.root), {}
    both = [pair for source in (fresh, kept) for pair in source(book, "certificates").items()]
    for family, record in sorted(both, key=lambda pair: pair[1]["fingerprint"] != now.get(pair[0])):
        current = record["fingerprint"] == now.get(family)
        shared = {"machine": record["machine"], "current": current, "promises": record["tests"]}
        for loss, facts in record["losses"].items():
            tests = {**dict.fromkeys(record["tests"], "passed"), **facts["tests"]}
            found.setdefault(loss, {**facts, **shared, "tests": tests})
    return found


def keep(book, family=None):
    """Put the fresh records into the sources of the book, of each family those that are whole.

    Args:
        book: the `Book`.
        family: only this one, whose fresh records must all be whole; by default every family.

    Returns:
        The paths that were written, and a line for each record that was left because something is missing in it.

    Raises:
        BookError: where there is nothing to keep, or not all of it is whole for the one family asked for.
    """
    found = {kind: fresh(book, kind) for kind in COMMANDS}
    families = sorted({name for of_kind in found.values() for name in of_kind} if family is None else {family})
    whole, left = {}, []
    for name in families:
        for kind, part in [(kind, found[kind][name]) for kind in COMMANDS if name in found[kind]]:
            missing = lacking(book, kind, name, part)
            if missing:
                left.append(f"{name}, {kind}: {missing}; run: {COMMANDS[kind]}")
            else:
                whole.setdefault(name, {})[kind] = part
    if family is not None and left:
        raise BookError("\n".join(left))
    if not whole:
        of = f" of {family}" if family else ""
        nothing = f"no record{of} in {book.fresh}; run one or more of: {', '.join(COMMANDS.values())}"
        raise BookError("\n".join(left) or nothing)
    return [_write(book, name, found) for name, found in whole.items()], left


def lacking(book, kind, family, part):
    """What a fresh part of a family lacks to be kept, in words; an empty text where it is whole."""
    if kind == "certificates" and part["fingerprint"] != fingerprints(book.root).get(family):
        return "the sources have changed since the tests were run"
    own = {entry.name for entry in losses(family=family)}
    there = {
        "certificates": lambda: set(part["losses"]),
        "parity": lambda: own - {row["loss"] for row in part["rows"] if row["digits"] is None},
        "benchmarks": lambda: _timed(own, part),
        "scale": lambda: own if part.get("whole") else set(),
    }[kind]()
    missing = sorted(own - there)
    if missing:
        return f"of {len(own)} losses {len(missing)} are not measured in full ({', '.join(missing)})"
    gone = set(kept(book, kind).get(family, ())) - set(part) - {"left_out"}
    return f"{', '.join(sorted(gone))} was not measured, which is on record" if gone else ""


def _timed(own, part):
    """The losses that were timed in both forms at every size."""
    timed = {(row["loss"], row["form"], row["size"]) for row in part.get("rows", ())}
    forms = [(form, size) for form in ("eager", "compiled") for size in part["sizes"]]
    return {loss for loss in own if all((loss, *form) in timed for form in forms)}


def _write(book, family, found):
    """Put what was found of a family into its file; kinds of record that were not made anew stay."""
    path = book.measured / f"{family}.json"
    record = {**_read(path), **found}
    text = laid_out({kind: record[kind] for kind in COMMANDS if kind in record}) + "\n"
    if len(text.encode()) >= MOST_BYTES:
        raise BookError(
            f"{path.name}: expected less than {MOST_BYTES / 1e6:.0f} MB, got {len(text.encode()) / 1e6:.2f}"
        )
    book.measured.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf8")
    return path


def laid_out(value, depth=3):
    """JSON with a line for each kind, each field of it, and each row, so that a change shows where it is."""
    if not depth or not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        lines = [f"{json.dumps(key)}: {laid_out(one, depth - 1)}" for key, one in value.items()]
        return "{\n" + ",\n".join(lines) + "\n}"
    return "[\n" + ",\n".join(laid_out(one, depth - 1) for one in value) + "\n]"


def _read(path):
    """A record as it stands; an empty one where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BookError(f"{os.path.relpath(path)}: {error}; remove it, or make it anew") from error
