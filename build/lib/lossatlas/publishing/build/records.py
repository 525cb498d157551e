"""The records of what was measured: certificates, parity, benchmarks. A run writes them fresh; `lossatlas record` keeps them.

The site shows the fresh record where there is one, else the one that was kept in `book/measured`.
"""

import json
import os
import shutil
from pathlib import Path

from .book import BookError
from .keys import fingerprint

#: record -> the command that makes it
COMMANDS = {"certificates": "make unit", "parity": "make parity", "benchmarks": "make bench", "scale": "make scale"}
#: All records together: they are committed.
MOST_BYTES = 500_000


def newest(book, name):
    """The record of this name, the fresh one first; None where there is none."""
    return next((record for record in both(book, name) if record is not None), None)


def both(book, name):
    """The fresh record and the one that was kept, None for one that is not there."""
    return [_read(folder / f"{name}.json") for folder in (book.fresh, book.measured)]


def certificates(book):
    """What was proven of each loss, from the run that knows these sources, else from the latest that knows the loss.

    Returns:
        loss -> its part of the record, with `machine`, with `tests` (test -> how it ended, for all of them), with
        `promises` (test -> promise or None), and with `current`: whether it was run with the sources as they now are.
    """
    now, found = fingerprint(book.root), {}
    records = [record for record in both(book, "certificates") if record is not None]
    for record in sorted(records, key=lambda record: record["fingerprint"] != now):
        shared = {"machine": record["machine"], "current": record["fingerprint"] == now, "promises": record["tests"]}
        for loss, facts in record["losses"].items():
            tests = {**dict.fromkeys(record["tests"], "passed"), **facts["tests"]}
            found.setdefault(loss, {**facts, **shared, "tests": tests})
    return found


def keep(book, losses):
    """Copy the fresh records into the sources of the book.

    Args:
        book: the `Book`.
        losses: names of all losses, which certificates must cover to be kept.

    Returns:
        The paths that were written.

    Raises:
        BookError: where there is no fresh record, or certificates are not those of all losses as they now are.
    """
    fresh = {name: record for name in COMMANDS if (record := _read(book.fresh / f"{name}.json")) is not None}
    if not fresh:
        raise BookError(f"no record in {book.fresh}; run one or more of: {', '.join(COMMANDS.values())}")
    if "certificates" in fresh:
        _whole(fresh["certificates"], book, losses)
    paths = [
        folder / f"{name}.json" for name in COMMANDS for folder in [book.fresh if name in fresh else book.measured]
    ]
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if size > MOST_BYTES:
        raise BookError(f"the records together take {size / 1000:.0f} kB, more than {MOST_BYTES / 1000:.0f}")
    book.measured.mkdir(exist_ok=True)
    return [Path(shutil.copyfile(book.fresh / f"{name}.json", book.measured / f"{name}.json")) for name in fresh]


def _whole(record, book, losses):
    again = f"run: {COMMANDS['certificates']}"
    if record["fingerprint"] != fingerprint(book.root):
        raise BookError(f"certificates: the sources have changed since the tests were run; {again}")
    missing = sorted(set(losses) - set(record["losses"]))
    if missing:
        raise BookError(
            f"certificates: of {len(losses)} losses {len(missing)} are not in the fresh record ({', '.join(missing)}); {again}"
        )


def _read(path):
    try:
        return json.loads(path.read_text(encoding="utf8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BookError(f"{os.path.relpath(path)}: {error}; remove it, or make it anew") from error
