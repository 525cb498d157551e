"""The page of all losses, as MyST."""

import html

import numpy as np

from lossatlas.contract import losses
from lossatlas.explore.engine.table import number
from lossatlas.explore.pictures.overview import small_picture
from lossatlas.explore.pictures.probes import along

from ....catalogue.filter import filtered, table
from ...build.wording import code, inline, raw
from ..reference.docstring import read
from ..reference.entry import beside
from ..reference.links import address
from ..reference.notebook import title_of
from .overlay import overlay

POINTS = 41
OPENING = "# All losses\n"


def losses_page(families, write):
    """The page: a figure for any two losses of one signature, and the table of all of them.

    Style and script are part of the page or lie beside it; without the script the whole table is there.

    Args:
        families: those whose losses have an entry in the reference, to which their names lead.
        write: (name, bytes) -> address of a file beside the page.
    """
    entries = losses()
    groups = {}
    for entry in entries:
        groups.setdefault(entry.signature.name, []).append(entry)
    alike = {name: found for name, found in groups.items() if len(found) > 1 and found[0].signature.probes.lines}
    choices = {
        "family": {family: title_of(family) for family in dict.fromkeys(entry.family for entry in entries)},
        "signature": {name: name for name in sorted({entry.signature.name for entry in entries})},
    }
    listing = filtered(
        table(("Loss", "What it is", "Use"), [_row(entry, families) for entry in entries], kind="losses-table"),
        noun="losses",
        name="the losses",
        count=len(entries),
        choices=choices,
        none="No loss matches. Use fewer words, or set a filter back to “all”.",
        opens=True,
    )
    figure = overlay(alike, write) if alike else ""
    return f"(all-losses)=\n{OPENING}\n{raw(figure + listing)}"


def _row(entry, families):
    documented = read(entry.body)
    name = code(entry.name)
    name = f'<a href="{address(entry.name)}">{name}</a>' if entry.family in families else name
    return (
        f'<tr role="row" data-row id="loss-{entry.name}" data-family="{entry.family}" '
        f'data-signature="{entry.signature.name}" data-words="{html.escape(" ".join(entry.aliases))}">'
        f'<th role="rowheader" scope="row">{name}{_small(entry)}</th>'
        f'<td role="cell"><p>{inline(documented.purpose)}</p>'
        f'<p class="atlas-of">{code(entry.signature.name)} · {title_of(entry.family)}{_over(entry)}</p></td>'
        f'<td role="cell"><p>{inline(documented.parts.get("Use", ""))}</p></td></tr>'
    )


def _over(entry):
    other = beside(entry)
    if other is None:
        return ""
    label = html.escape(f"Lay {entry.name} over another loss")
    return f' · <a data-overlay href="#a={entry.name}&amp;b={other}" aria-label="{label}">compare</a>'


def _small(entry):
    """Value and gradient along the first line of the signature; nothing for a loss without a line."""
    if not entry.signature.probes.lines:
        return ""
    line = entry.signature.probes.lines[0]
    t, value, gradient, _ = along(entry, line, points=POINTS)
    ends = np.flatnonzero(~np.isnan(value))[[0, -1]]
    said = " and ".join(f"{number(value[n])} at {number(t[n])}" for n in ends)
    words = f"Value and gradient of {entry.name} along the {line.axis}: the value is {said}."
    return f'<span class="atlas-small">{small_picture((t, value, gradient), words)}</span>'
