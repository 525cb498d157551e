"""The part of the page *How fast* on memory and time where many rows are compared with many."""

import html

from ..build.records import joined
from ..build.wording import listed, machine_words, origins, raw
from .speed_tables import at_scale

COUNTED = """## At scale

A loss that compares all rows of a batch with all others keeps tables of N × N numbers, unless it is told to take some
rows at a time (`rows_at_once`): then value and gradient are added up part by part. {table}N are pairs of vectors, or
vectors where the loss takes labels, of width {width}.

Each line is a process of its own on one thread: value and gradient of one batch in float32. Memory is what the process
holds at most beyond what it held before, with the vectors and room for their gradients there already. Time is the
processor's.
"""


def scale_part(parts):
    """The part as pieces of MyST markdown; none without a record.

    Args:
        parts: family -> its part of the record of memory and time at scale.
    """
    rows = joined(parts, "rows")
    if not rows:
        return []
    most = max(row["n"] for row in rows)
    table = f"One table for N = {most:,} takes {4 * most**2 / 1e9:,.3g} GB in float32. "
    widths = listed([str(width) for width in sorted({part["width"] for part in parts.values()})])
    words = "\n".join(f"- {line}" for line in beside_peers(rows))
    pieces = [
        COUNTED.format(table=table, width=widths),
        raw(at_scale(rows)),
        words + "\n" if words else "",
        origins(parts, _origin),
    ]
    return [piece for piece in pieces if piece]


def _origin(part):
    packages = [f"{name} {version}" for name, version in sorted(part["packages"].items())]
    return f"Measured on {machine_words(part['machine'])}{html.escape(', '.join(['', *packages]))}."


def beside_peers(rows):
    """One line for each peer and each way in which ours did the same: its shares of the peer's memory and time."""
    for peer in rows:
        for ours in rows:
            if (
                peer["package"] != "lossatlas"
                and ours["package"] == "lossatlas"
                and (ours["loss"], ours["n"]) == (peer["loss"], peer["n"])
            ):
                way = "all rows at once" if ours["rows"] is None else f"{ours['rows']:,} rows at a time"
                memory = f"{_percent(ours['bytes'] / peer['bytes'])} of the memory and " if peer["bytes"] > 0 else ""
                yield (
                    f"`{ours['loss']}`, N = {ours['n']:,}, {way}: {memory}"
                    f"{ours['seconds'] / peer['seconds']:.2f} times the time of {html.escape(peer['package'])}."
                )


def _percent(share):
    return f"{100 * share:.2g}%" if share < 0.995 else f"{100 * share:.0f}%"
