"""Any two losses of one signature over one another: a file of curves for each signature, and the figure's HTML."""

import hashlib
import html
import json
from pathlib import Path

import numpy as np

from lossatlas.explore.pictures.compare import comparable

#: The script of the figure; it is loaded beside the explorers' own.
OVERLAY = Path(__file__).with_name("overlay.js")


def overlay(groups, write):
    """The figure, folded; its script unfolds it, and loads curves and plotting script when they are wanted.

    Args:
        groups: name of a signature -> its losses, two or more.
        write: (name, bytes) -> address of the file as seen from the page.
    """
    sources = {signature: _written(signature, entries, write) for signature, entries in groups.items()}
    options = "".join(_group(*group) for group in groups.items())
    template = Path(__file__).with_name("overlay.html").read_text(encoding="utf8")
    parts = {"sources": html.escape(json.dumps(sources)), "options": options}
    for name, text in parts.items():
        template = template.replace(f"{{{{{name}}}}}", text)
    return template


def _group(signature, entries):
    options = "".join(f"<option>{entry.name}</option>" for entry in entries)
    return f'<optgroup label="{html.escape(signature)}">{options}</optgroup>'


def curves(entries):
    """The lines of a signature, and value and gradient of each of its losses along them, as JSON can hold them."""
    return [
        {
            "name": line.name,
            "axis": line.axis,
            "note": line.note,
            "losses": {entry.name: _rounded(comparable(entry, line)) for entry in entries},
        }
        for line in entries[0].signature.probes.lines
    ]


def _rounded(curve):
    """(t, value, gradient) to five digits, None for a gap."""
    return [[None if np.isnan(x) else float(f"{x:.5g}") for x in numbers] for numbers in curve]


def _written(signature, entries, write):
    data = json.dumps(curves(entries), separators=(",", ":"))
    key = f"overlay-{signature}"
    name = f"{key}-{hashlib.sha256(data.encode()).hexdigest()[:12]}.js"
    return write(name, f'LossAtlas.receive("{key}",{data});\n')
