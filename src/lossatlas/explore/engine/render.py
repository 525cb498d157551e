"""The still form of a figure: the same traces drawn by matplotlib, for print and for pages without a script."""

import io
import math

import numpy as np

from .packing import as_array
from .style import COLORS, axis_of, light, plain_text

WIDTH = 680  # CSS pixels; the height is the layout's
SCALE = 1.6  # image pixels to a CSS pixel
DASHES = {
    "solid": "-",
    "dash": (0, (5, 2.5)),
    "dot": (0, (1.2, 2)),
    "dashdot": (0, (5, 2, 1.2, 2)),
    "longdash": (0, (9, 3)),
    "longdashdot": (0, (9, 2.5, 1.2, 2.5)),
}
MARKERS = {"circle": "o", "diamond": "D", "square": "s", "triangle-up": "^", "x": "x", "star": "*", "cross": "P"}
COLORMAPS = {"viridis": "viridis", "cividis": "cividis", "rdbu": "RdBu", "greys": "Greys"}


def png(traces, layout):
    """The bytes of a PNG image of the figure, in the light theme."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layout = light(layout)
    height = layout["height"]
    figure = Figure((WIDTH / 100, height / 100), dpi=100 * SCALE, facecolor=COLORS["paper"])
    axes = {}
    traces = [t for t in map(light, traces) if t.get("visible") not in (False, "legendonly")]
    for trace in traces:
        trace["group"] = [t for t in traces if t["type"] == "bar" and axis_of(t, "x") == axis_of(trace, "x")]
    for n, trace in enumerate(traces):
        key = axis_of(trace, "x"), axis_of(trace, "y")
        if key not in axes:
            axes[key] = _axes(figure, layout, *key, WIDTH, height)
        _DRAWN_AS[trace["type"]](axes[key], trace, n + 1)
    for key, ax in axes.items():
        _finish(ax, layout, *key)
        lowest = layout.get(key[0], {}).get("anchor", "y")
        if key[1] != f"yaxis{lowest[1:]}" and any(
            other[0] == key[0] and other[1] == f"yaxis{lowest[1:]}" for other in axes
        ):
            ax.tick_params("x", labelbottom=False, length=0)
            ax.set_xlabel("")
            ax.spines["bottom"].set_visible(False)
    for note in layout.get("annotations", []):
        _annotate(figure, axes, note)
    handles = [h for ax in axes.values() for h in zip(*ax.get_legend_handles_labels(), strict=True)]
    if handles and layout.get("showlegend", len(handles) > 1):
        lines, labels = zip(*handles, strict=True)
        figure.legend(
            lines, labels, loc="upper left", ncols=4, frameon=False, fontsize=8.5, borderaxespad=0.3, handlelength=3.2
        )
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return _compressed(np.asarray(canvas.buffer_rgba()), shaded=any("z" in trace for trace in traces))


def _compressed(pixels, shaded):
    """PNG bytes of an image in a palette: a third of the size, and no difference that is seen in a diagram."""
    from PIL import Image

    picture, image = Image.fromarray(pixels).convert("RGB"), io.BytesIO()
    ways = Image.Quantize
    picture = (
        picture.quantize(256, ways.MEDIANCUT)
        if shaded
        else picture.quantize(128, ways.FASTOCTREE, dither=Image.Dither.NONE)
    )
    picture.save(image, "PNG")
    return image.getvalue()


def _axes(figure, layout, x, y, width, height):
    """Axes in the part of the figure that the layout's domains give, within margins for labels and legend."""
    left, right, bottom, top = 62 / width, 1 - 16 / width, 48 / height, 1 - 48 / height
    x0, x1 = layout.get(x, {}).get("domain", (0, 1))
    y0, y1 = layout.get(y, {}).get("domain", (0, 1))
    box = [
        left + x0 * (right - left),
        bottom + y0 * (top - bottom),
        (x1 - x0) * (right - left),
        (y1 - y0) * (top - bottom),
    ]
    ax = figure.add_axes(box)
    if layout.get(y, {}).get("overlaying"):
        ax.patch.set_visible(False)
        ax.yaxis.tick_right()
        ax.yaxis.set_label_position("right")
    return ax


def _scatter(ax, trace, order):
    x, y = as_array(trace.get("x", ())), as_array(trace.get("y", ()))
    x = list(trace.get("x", ())) if x is None else x
    y = list(trace.get("y", ())) if y is None else y
    mode, line, marker = trace["mode"], trace.get("line", {}), trace.get("marker", {})
    style = {"color": line.get("color", marker.get("color")), "alpha": trace.get("opacity", 1), "zorder": order}
    if "lines" in mode:
        style |= {"linewidth": line.get("width", 2) * 0.72, "linestyle": DASHES.get(line.get("dash", "solid"), "-")}
    else:
        style |= {"linestyle": "none"}
    label = plain_text(trace["name"]) if trace.get("name") and trace.get("showlegend", True) else None
    several = not isinstance(marker.get("color"), (str, type(None))) or not isinstance(
        marker.get("size", 8), (int, float)
    )
    if "markers" in mode and several:
        size = np.asarray(marker.get("size", 8), float)
        one_color = isinstance(marker.get("color"), (str, type(None)))
        scale = {"cmap": _colormap(marker.get("colorscale")), "vmin": marker.get("cmin"), "vmax": marker.get("cmax")}
        scale = {} if one_color else scale
        symbol = MARKERS.get(marker.get("symbol"), "o")
        ax.scatter(x, y, (size * 0.72) ** 2, marker.get("color"), zorder=order, marker=symbol, label=label, **scale)
        style |= {"color": line.get("color")}
    elif "markers" in mode:
        face = marker.get("color") if not str(marker.get("symbol")).endswith("-open") else "none"
        symbol = str(marker.get("symbol", "circle")).removesuffix("-open")
        style |= {"marker": MARKERS.get(symbol, "o"), "markersize": marker.get("size", 8) * 0.72}
        style |= {"markerfacecolor": face, "markeredgecolor": marker.get("color")}
    if "lines" in mode or ("markers" in mode and not several):
        ax.plot(x, y, label=label, **style)
    if trace.get("fill") in ("toself", "tozeroy", "tonexty"):
        color = _color(trace.get("fillcolor", line.get("color")))
        if trace["fill"] == "toself":
            ax.fill(x, y, color=color, linewidth=0, zorder=order)
        elif trace["fill"] == "tozeroy":
            ax.fill_between(x, y, color=color, alpha=0.3, linewidth=0, zorder=order)
        else:
            ax.fill_between(
                ax.lines[-1].get_xdata(), ax.lines[-1].get_ydata(), ax.lines[-2].get_ydata(), color=color, linewidth=0
            )
    if "text" in mode:
        _words(ax, trace, x, y, order)


def _words(ax, trace, x, y, order):
    places = trace.get("textposition", "middle center")
    places = [places] * len(x) if isinstance(places, str) else places
    color = trace.get("textfont", {}).get("color", COLORS["ink"])
    for px, py, text, place in zip(x, y, trace["text"], places, strict=True):
        vertical, horizontal = [*place.split(), "center"][:2]
        vertical = {"top": "bottom", "bottom": "top"}.get(vertical, "center")
        horizontal = {"left": "right", "right": "left"}.get(horizontal, "center")
        ax.text(px, py, plain_text(text), color=color, fontsize=9.5, va=vertical, ha=horizontal, zorder=order)


def _heatmap(ax, trace, order):
    z, x, y = _map(trace)
    shading = "gouraud" if trace.get("zsmooth") else "nearest"
    mesh = ax.pcolormesh(
        x,
        y,
        z,
        cmap=_colormap(trace["colorscale"]),
        vmin=trace.get("zmin"),
        vmax=trace.get("zmax"),
        shading=shading,
        zorder=order,
    )
    _colorbar(ax, trace, mesh)


def _contour(ax, trace, order):
    z, x, y = _map(trace)
    contours = trace.get("contours", {})
    low, high = trace.get("zmin", np.nanmin(z)), trace.get("zmax", np.nanmax(z))
    step = contours.get("size") or (high - low) / 10
    levels = np.arange(contours.get("start", low), contours.get("end", high) + step / 2, step)
    if contours.get("coloring") != "none":
        mesh = ax.pcolormesh(
            x, y, z, cmap=_colormap(trace["colorscale"]), vmin=low, vmax=high, shading="gouraud", zorder=order
        )
        _colorbar(ax, trace, mesh)
    if contours.get("showlines", True) and np.nanmax(z) > np.nanmin(z):
        line = trace.get("line", {})
        ax.contour(
            x,
            y,
            z,
            levels,
            colors=[line.get("color", COLORS["muted"])],
            linewidths=line.get("width", 1) * 0.72,
            zorder=order,
        )


def _bar(ax, trace, order):
    """Bars on named places; those of one group stand side by side."""
    flat = trace.get("orientation") == "h"
    names, size = (trace["y"], trace["x"]) if flat else (trace["x"], trace["y"])
    names = [plain_text(str(name)) for name in names]
    position = next(n for n, other in enumerate(trace["group"]) if other is trace)
    width = 0.8 / len(trace["group"])
    places = np.arange(len(names)) + (position - (len(trace["group"]) - 1) / 2) * width
    look = {
        "color": trace["marker"]["color"],
        "hatch": "//" if "pattern" in trace["marker"] else None,
        "edgecolor": COLORS["paper"],
    }
    error = trace.get("error_y", {}).get("array")
    look |= {} if error is None else {"xerr" if flat else "yerr": error}
    draw = ax.barh if flat else ax.bar
    draw(
        places,
        as_array(size),
        width,
        label=plain_text(trace["name"]) if trace.get("name") else None,
        zorder=order,
        **look,
    )
    (ax.set_yticks if flat else ax.set_xticks)(range(len(names)), names)


_DRAWN_AS = {"scatter": _scatter, "scattergl": _scatter, "heatmap": _heatmap, "contour": _contour, "bar": _bar}


def _map(trace):
    z = as_array(trace["z"])
    x = as_array(trace["x"]) if "x" in trace else np.arange(z.shape[1])
    y = as_array(trace["y"]) if "y" in trace else np.arange(z.shape[0])
    return np.ma.masked_invalid(z), x, y


def _colorbar(ax, trace, mesh):
    if trace.get("showscale", True):
        flat = trace.get("colorbar", {}).get("orientation") == "h"
        place = (
            {"orientation": "horizontal", "fraction": 0.04, "pad": 0.1, "aspect": 40}
            if flat
            else {"fraction": 0.04, "pad": 0.02}
        )
        bar = ax.figure.colorbar(mesh, ax=ax, **place)
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, color=COLORS["muted"], labelcolor=COLORS["ink"])
        bar.set_label(plain_text(trace.get("colorbar", {}).get("title", {}).get("text", "")), fontsize=9)


def _colormap(scale):
    from matplotlib.colors import LinearSegmentedColormap

    if scale is None or isinstance(scale, str):
        return COLORMAPS.get(str(scale).lower(), "viridis")
    return LinearSegmentedColormap.from_list("scale", [tuple(stop) for stop in scale])


def _color(color):
    """A colour for matplotlib, which does not read rgba(…)."""
    if isinstance(color, str) and color.startswith("rgba("):
        red, green, blue, alpha = (float(part) for part in color[5:-1].split(","))
        return red / 255, green / 255, blue / 255, alpha
    return color


def _finish(ax, layout, x, y):
    for key, letter in ((x, "x"), (y, "y")):
        settings, axis = layout.get(key, {}), getattr(ax, f"{letter}axis")
        if not settings.get("visible", True):
            axis.set_visible(False)
        if settings.get("type") == "log":
            getattr(ax, f"set_{letter}scale")("log")
        if "range" in settings:
            ends = [10**v for v in settings["range"]] if settings.get("type") == "log" else settings["range"]
            getattr(ax, f"set_{letter}lim")(*ends)
        elif letter == "y" and settings.get("autorange") == "reversed":
            ax.invert_yaxis()
        if settings.get("tickvals") is not None:
            ticks = list(settings["tickvals"])
            axis.set_ticks(ticks, [plain_text(str(t)) for t in settings.get("ticktext", ticks)])
        axis.set_label_text(plain_text(settings.get("title", {}).get("text") or ""), fontsize=9.5, color=COLORS["ink"])
        ax.tick_params(letter, labelsize=8.5, color=COLORS["muted"], labelcolor=COLORS["ink"], length=3)
        if not settings.get("showticklabels", True):
            axis.set_tick_params(length=0, labelbottom=False, labelleft=False)
        if settings.get("visible", True) and settings.get("showgrid", True):
            ax.grid(True, axis=letter, color=COLORS["grid"], linewidth=0.7, zorder=0)
        if settings.get("scaleanchor"):
            ax.set_aspect("equal", adjustable="box")
        side = "bottom" if letter == "x" else "left"
        ax.spines[side].set_visible(settings.get("visible", True))
        ax.spines[side].set_color(COLORS["muted"])
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)


def _annotate(figure, axes, note):
    """Annotations on axes or on the paper, without arrows."""
    key = note.get("xref", "paper"), note.get("yref", "paper")
    ax = axes.get(tuple(f"{ref[0]}axis{ref[1:]}" for ref in key))
    place = {
        "ha": note.get("xanchor", "center"),
        "va": {"middle": "center"}.get(note.get("yanchor"), note.get("yanchor", "center")),
    }
    style = {
        "fontsize": note.get("font", {}).get("size", 12) * 0.72,
        "color": note.get("font", {}).get("color", COLORS["ink"]),
    }
    if "auto" in place.values() or math.isnan(style["fontsize"]):
        place = {}
    text = plain_text(note.get("text", ""))
    (ax.text if ax else figure.text)(note["x"], note["y"], text, **place, **style)
