"""The numbers of a figure as small text tables, for readers who cannot use the picture.

Curves that share their x-values share a table; long ones are thinned evenly. A trace states its table by
`meta={"table": {column: values}}`, or `meta={"table": False}` for one that only decorates. The script of the page
follows the same rules (`tablesOf` in explorer.js); a test holds the two together.
"""

import math

from .packing import as_array
from .style import axis_of, plain_text

ROWS = 11
COLUMNS = 6


def tables(traces, layout):
    """[{"columns": [name, …], "rows": [[text, …], …]}, …] of the visible traces."""
    found, shared = [], {}
    for trace in traces:
        stated = trace.get("meta", {}).get("table")
        if trace.get("visible") is False or stated is False:
            continue
        if isinstance(stated, dict):
            found.append(_table([plain_text(c) for c in stated], [_column(v) for v in stated.values()]))
        elif "z" in trace:
            found.append(_map_table(trace, layout))
        elif "x" in trace and "y" in trace:
            x = _column(trace["x"])
            key = (axis_of(trace, "x"), *map(_key, x))
            name = plain_text(trace.get("name") or _title(layout, trace, "y"))
            if key not in shared:
                shared[key] = {"columns": [_title(layout, trace, "x")], "values": [x]}
                found.append(shared[key])
            shared[key]["columns"].append(name)
            shared[key]["values"].append(_column(trace["y"]))
    return [_table(t["columns"], t["values"]) if "values" in t else t for t in found]


def plain(table):
    """A table as lines of text."""
    rows = [table["columns"], *table["rows"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def html(table):
    """A table as HTML; the first column heads the rows."""
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in table["columns"])
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(c)}</td>" for c in rest) + "</tr>"
        for first, *rest in table["rows"]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def escape(text):
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = str(text).replace(sign, name)
    return text


def number(value):
    """A number to three or four digits; a dash for a gap."""
    if value is None or math.isnan(value):
        return "–"
    value = float(f"{value:.4g}")
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    text = f"{value:.4f}" if abs(value) < 1 else f"{value:.{max(0, 4 - len(str(int(abs(value)))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def thinned(count, most):
    """At most `most` of the positions 0 … count-1, evenly, with both ends."""
    if count <= most:
        return list(range(count))
    return [math.floor(k * (count - 1) / (most - 1) + 0.5) for k in range(most)]


def _map_table(trace, layout):
    z = as_array(trace["z"])
    x = _column(trace.get("x", range(z.shape[1])))
    y = _column(trace.get("y", range(z.shape[0])))
    over, down = thinned(len(x), COLUMNS), thinned(len(y), COLUMNS)
    corner = f"{_title(layout, trace, 'y')} \\ {_title(layout, trace, 'x')}"
    rows = [[_cell(y[i]), *(number(z[i, j]) for j in over)] for i in down]
    return {"columns": [corner, *(_cell(x[j]) for j in over)], "rows": rows}


def _table(columns, values):
    count = max((len(v) for v in values), default=0)
    rows = [[_cell(v[i]) if i < len(v) else "–" for v in values] for i in thinned(count, ROWS)]
    return {"columns": columns, "rows": rows}


def _title(layout, trace, letter):
    text = layout.get(axis_of(trace, letter), {}).get("title", {}).get("text")
    return plain_text(text).replace("\n", " ") if text else letter


def _column(values):
    array = as_array(values)
    return list(values) if array is None else array.tolist()


def _cell(value):
    return number(value) if isinstance(value, float) else str(value)


def _key(value):
    return "gap" if isinstance(value, float) and math.isnan(value) else value
