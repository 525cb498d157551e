"""The plot of the speed page: for every loss how its time compares with that of the fastest peer, as inline SVG.

It is drawn with fixed colours that are then exchanged for those of the page, so that it is right on light and dark
ground.
"""

import html
import io
import re

#: colour in the drawing -> what the page puts in its place
INK = {
    "#101010": "var(--pst-color-text-base)",
    "#202020": "var(--pst-color-text-muted)",
    "#303030": "var(--pst-color-border)",
    "#404040": "var(--atlas-faster)",
    "#505050": "var(--atlas-slower)",
    "#606060": "var(--atlas-slower-ground)",
}
TEXT, MUTED, GRID, FASTER, SLOWER, GROUND = INK
MARKERS = "os^Dv"
INCHES_A_ROW = 0.44


def speed_plot(cells, name, alt):
    """SVG of ratios with spread on a logarithmic axis.

    Args:
        cells: (loss, size) -> {"median", "low", "high"}, the ratio to the fastest peer.
        name: a word that makes the identifiers of this drawing its own.
        alt: what it shows, in words.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    losses = sorted(
        {loss for loss, _ in cells}, key=lambda loss: -max(r["median"] for (one, _), r in cells.items() if one == loss)
    )
    sizes = list(dict.fromkeys(size for _, size in cells))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10, "axes.edgecolor": GRID}):
        figure = Figure(figsize=(4.6, INCHES_A_ROW * len(losses) + 1.1), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _draw(axes, cells, losses, sizes)
        content = io.BytesIO()
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_the_page(content.getvalue().decode(), name, alt)


def _draw(axes, cells, losses, sizes):
    ends = [number for ratio in cells.values() for number in (ratio["low"], ratio["high"])]
    low, high = min(0.5, *ends) / 1.15, max(2.0, *ends) * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(losses) - 0.35, -0.75)
    axes.axvspan(1, high, color=GROUND, linewidth=0)
    axes.axvline(1, color=TEXT, linewidth=1.2)
    for row, loss in enumerate(losses):
        axes.axhline(row + 0.5, color=GRID, linewidth=0.5)
        axes.text(0.01, row - 0.3, loss, transform=axes.get_yaxis_transform(), va="center", color=TEXT)
        for place, size in enumerate(sizes):
            if (loss, size) in cells:
                ratio, y = cells[loss, size], row + 0.06 + 0.26 * place / max(1, len(sizes) - 1)
                colour = SLOWER if ratio["median"] > 1 else FASTER
                axes.plot([ratio["low"], ratio["high"]], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
                face = colour if ratio["median"] > 1 else "none"
                axes.plot(
                    ratio["median"],
                    y,
                    MARKERS[place % len(MARKERS)],
                    color=colour,
                    markerfacecolor=face,
                    markersize=4.5,
                )
    for place, size in enumerate(sizes):
        axes.plot(
            [], [], MARKERS[place % len(MARKERS)], color=MUTED, markerfacecolor="none", markersize=4.5, label=size
        )
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=len(sizes),
        frameon=False,
        labelcolor=TEXT,
        handletextpad=0.1,
    )
    ticks = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks([])
    axes.tick_params(colors=MUTED)
    axes.set_xlabel("time, as a multiple of the fastest peer's", color=TEXT)
    axes.spines[["left", "right", "top"]].set_visible(False)


def _for_the_page(svg, name, alt):
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for drawn, wanted in INK.items():
        svg = svg.replace(drawn, wanted)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]+", r"font-size: \1", svg)
    opening = f'<svg class="atlas-speed" role="img" aria-label="{html.escape(alt)}"'
    return re.sub(r"\n\s*\n+", "\n", svg.replace("<svg", opening, 1))
