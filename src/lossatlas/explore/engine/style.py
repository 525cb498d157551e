"""How pictures look: named colours that follow the page's theme, dashes, and a quiet layout around them.

Traces name colours by token ("C1" … "C6", "ink", "muted", "grid", "paper") and colour scales by "level" or "signed".
On a page the tokens are custom properties of `explorer.css`, light and dark; elsewhere the light ones below.
"""

import copy
import re

COLORS = {
    "C1": "#0b62a8", "C2": "#c04a00", "C3": "#00785a", "C4": "#9c4489", "C5": "#806000", "C6": "#4d5563",
    "ink": "#1f2430", "muted": "#626a76", "grid": "#e4e7ec", "paper": "#ffffff",
}  # fmt: skip
SCALES = {
    "level": ["#f6f9fc", "#d3e3f1", "#a3c6e2", "#6ba2cf", "#3f7fb8"],
    "signed": ["#3f7fb8", "#a3c6e2", "#f6f9fc", "#efb48c", "#cf7238"],
}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star")

_AXIS = {
    "gridcolor": "grid",
    "zerolinecolor": "grid",
    "linecolor": "muted",
    "showline": True,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": "muted",
    "automargin": True,
    "title": {"standoff": 8, "font": {"size": 13}},
}
_LAYOUT = {
    "height": 380,
    "margin": {"l": 44, "r": 12, "t": 8, "b": 40},
    "font": {"size": 12.5, "color": "ink"},
    "paper_bgcolor": "paper",
    "plot_bgcolor": "paper",
    "dragmode": False,
    "hovermode": "closest",
    "hoverlabel": {"bgcolor": "paper", "bordercolor": "muted", "font": {"color": "ink"}},
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "font": {"size": 12.5}},
    "uirevision": "same",
}


def dressed(trace, position):
    """The trace with what it does not say itself: colour and dash (or marker) by its position in the figure."""
    trace = copy.copy(trace)
    kind = trace.setdefault("type", "scatter")
    color = f"C{position % 6 + 1}"
    if kind == "scatter":
        mode = trace.setdefault("mode", "lines")
        if "lines" in mode:
            trace["line"] = {
                "color": color,
                "width": 2.5,
                "dash": DASHES[position % 6],
                "simplify": False,
                **trace.get("line", {}),
            }
        if "markers" in mode:
            trace["marker"] = {"color": color, "size": 8, "symbol": SYMBOLS[position % 6], **trace.get("marker", {})}
    elif kind == "bar":
        trace["marker"] = {"color": color, **trace.get("marker", {})}
    elif kind in ("heatmap", "contour"):
        trace.setdefault("colorscale", "level")
    return trace


def framed(layout, traces):
    """The layout with quiet defaults for the figure and for every axis the traces use."""
    layout = _titled(merged(_LAYOUT, layout))
    for axis in {axis_of(trace, letter) for trace in traces for letter in "xy"} | {"xaxis", "yaxis"}:
        layout[axis] = merged(_AXIS, layout.get(axis, {}))
    for tied in [axis for key, axis in layout.items() if key.startswith(("xaxis", "yaxis")) and "scaleanchor" in axis]:
        # Axes of one scale take less room where the figure has another shape; their ranges stay.
        for axis in (tied, layout.get(f"{tied['scaleanchor'][0]}axis{tied['scaleanchor'][1:]}", {})):
            axis.setdefault("constrain", "domain")
    return layout


def axis_of(trace, letter):
    """The layout's key of the axis a trace is drawn on: "xaxis", "yaxis2" …"""
    return letter + "axis" + str(trace.get(f"{letter}axis", letter))[1:]


def merged(base, more):
    """Nested dictionaries laid over one another."""
    result = dict(base)
    for key, value in more.items():
        nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if nested else value
    return result


def light(tree):
    """The tree with tokens replaced by the colours of the light theme."""
    result = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            result[key] = light(value)
        elif key == "colorscale" and isinstance(value, str) and value in SCALES:
            stops = SCALES[value]
            result[key] = [[n / (len(stops) - 1), stop] for n, stop in enumerate(stops)]
        elif key.endswith("color") and isinstance(value, str):
            result[key] = COLORS.get(value, value)
        elif key.endswith("color") and isinstance(value, (list, tuple)) and value and isinstance(value[0], str):
            result[key] = [COLORS.get(one, one) for one in value]
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            result[key] = [light(item) for item in value]
        else:
            result[key] = value
    return result


def plain_text(html):
    """A label without the few HTML tags plotly understands."""
    return re.sub(r"<[^>]+>", "", html.replace("<br>", "\n"))


def _titled(layout):
    """Axis titles may be given as plain strings; plotly.js wants {"text": …}."""
    for key, value in layout.items():
        if re.fullmatch(r"[xy]axis\d*", key) and isinstance(value.get("title"), str):
            layout[key] = {**value, "title": {"text": value["title"]}}
    return layout
