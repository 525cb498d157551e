"""The HTML of a figure: labelled controls, the plot with a still image in its place, and the numbers as a table."""

import base64
import json
import struct

from . import table
from .render import SCALE
from .table import escape

ALONE = """<!doctype html>
<html lang="en"{theme}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{static}explorer.css">
<script defer src="{static}explorer.js"></script>
</head>
<body class="atlas-alone">
<main>
{body}
</main>
</body>
</html>
"""


def figure(explorer):
    """An explorer as `<figure>`. Its payload and image are inlined; `static_page.externalize` moves them to files."""
    name = explorer.id
    controls = "".join(_control(name, key, control) for key, control in explorer.controls.items())
    tables = "".join(table.html(found) for found in explorer.tables())
    caption = f" <span>{escape(explorer.caption)}</span>" if explorer.caption else ""
    payload = json.dumps(explorer.payload, separators=(",", ":")).replace("<", "\\u003c")
    return f"""<figure class="atlas-explorer" id="{name}" role="group" aria-label="{escape(explorer.title)}">
<figcaption><strong>{escape(explorer.title)}</strong>{caption}</figcaption>
<div class="atlas-controls">{controls}</div>
<div class="atlas-plot" data-height="{explorer.layout()["height"]}">{image(explorer.png(), explorer.alt_text())}</div>
<p class="atlas-announcement" aria-live="polite"></p>
<div class="atlas-foot">
<details class="atlas-values"><summary>The numbers</summary><div class="atlas-tables" tabindex="0" role="region"
 aria-label="{escape(explorer.title)}: the numbers">{tables}</div></details>
<div class="atlas-tools" hidden>
<button type="button" data-save="png" aria-label="Save the figure as PNG">PNG</button>
<button type="button" data-save="svg" aria-label="Save the figure as SVG">SVG</button>
<button type="button" data-save="csv" aria-label="Save the numbers as CSV">CSV</button>
</div>
</div>
<script type="application/json" class="atlas-payload">{payload}</script>
</figure>"""


def image(data, alt):
    """An inlined PNG with its size on the page and its alternative text."""
    width, height = struct.unpack(">II", data[16:24])
    size = f'width="{width / SCALE:.0f}" height="{height / SCALE:.0f}"'
    return f'<img class="dark-light" src="data:image/png;base64,{base64_text(data)}" alt="{escape(alt)}" {size}>'


def alone(body, title, static="", theme=None):
    """A page of its own with these figures; `static` is the path to the folder of explorer.js."""
    theme = f' data-theme="{theme}"' if theme else ""
    return ALONE.format(body=body, title=escape(title), static=static, theme=theme)


def base64_text(data):
    return base64.b64encode(data).decode()


def _control(figure_id, name, control):
    label = escape(control.label or name)
    key, reads = f"{figure_id}-{name}", escape(control.texts[control.index])
    if hasattr(control, "options"):
        options = "".join(
            f"<option{' selected' if n == control.index else ''}>{escape(text)}</option>"
            for n, text in enumerate(control.texts)
        )
        field = f'<select id="{key}" data-control="{name}" disabled>{options}</select>'
    else:
        field = (
            f'<input type="range" id="{key}" data-control="{name}" min="0" max="{len(control.values) - 1}" step="1" '
            f'value="{control.index}" aria-valuetext="{reads}" autocomplete="off" disabled>'
            f'<output for="{key}">{reads}</output>'
        )
    return f'<div class="atlas-control"><label for="{key}">{label}</label>{field}</div>'
