"""The explorer: pictures and controls, alive in a kernel and on a page without one."""

import json
import re
import string
import zlib
from functools import cached_property

from ...contract import describe, expect
from . import page, render, table, widget
from .controls import Choice, Slider
from .grid import Controlled
from .packing import Pool
from .ranges import with_ranges
from .style import dressed, framed

#: Most bytes that the data of one explorer may take, compressed.
BUDGET = 200_000


class Explorer:
    """A figure of one or more pictures with a few controls.

    Each picture is a function that returns plotly traces (dictionaries, or `plotly.graph_objects` traces). The names
    of its arguments are the names of the controls it depends on, so it is computed in advance only over the grid of
    those: a picture of `tau` and another of `q` cost a sum of cells, not a product.

    >>> import torch
    >>> x = torch.linspace(-3, 3, 61)
    >>> def power(p):
    ...     return [{"x": x, "y": x.abs() ** p, "name": f"|x|^{p:g}"}]
    >>> Explorer(power, p=Slider(1.0, 3.0), title="Powers", alt="|x| to the power {p}: a V that becomes a bowl.")
    Explorer('Powers', p=11 values)

    Args:
        *pictures: the functions.
        alt: what the figure shows, for a reader who does not see it; `{name}` stands for a control's value.
        title: short, above the figure; also what links to it are made of.
        layout: plotly layout, or a function of controls that returns one. Axes without `range` or `autorange` get a
            fixed range over the whole grid, so that they hold still while a control moves.
        caption: a sentence or two on what to look at.
        **controls: name -> `Slider` or `Choice`.

    Raises:
        ValueError: without alt text; when a picture asks for something that is no control; when a control is asked
            for by no picture; when the data of the whole grid exceed 200 kB compressed.
    """

    def __init__(self, *pictures, alt=None, title=None, layout=None, caption="", **controls):
        expect(pictures, "pictures", "at least one function that returns traces", "none")
        for name, control in controls.items():
            expect(isinstance(control, (Slider, Choice)), name, "a Slider or a Choice", describe(control), TypeError)
        self.controls = controls
        self.pictures = [Controlled(picture, controls) for picture in pictures]
        self._layout = Controlled(layout if callable(layout) else lambda: layout or {}, controls)
        used = {name for picture in (*self.pictures, self._layout) for name in picture.names}
        for name in controls:
            expect(name in used, name, "a control that a picture has as an argument", "one that none asks for")
        self.title = title or self.pictures[0].name.replace("_", " ").capitalize()
        self.caption = caption
        self.alt = _checked_alt(alt, controls)
        self.layout_names = self._layout.names
        self.start = {name: control.values[control.index] for name, control in controls.items()}
        self._compute()

    def __repr__(self):
        inside = "".join(f", {name}={len(c.values)} values" for name, c in self.controls.items())
        return f"Explorer({self.title!r}{inside})"

    @property
    def id(self):
        """The explorer's name in links."""
        return "ex-" + (re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "figure")

    def part(self, number, **values):
        """The traces of one picture, computed at these values; always as many as it has anywhere on the grid."""
        return self._dressed(number, self.pictures[number].traces({**self.start, **values}))

    def traces(self, **values):
        """The traces of the whole figure, computed at these values of the controls (first ones where not given)."""
        return [trace for number in range(len(self.pictures)) for trace in self.part(number, **values)]

    def layout(self, **values):
        """The layout at these values of the controls."""
        layout = self._layout.at({**self.start, **values})
        return framed(with_ranges(layout, self._first, self._everywhere), self._first)

    def alt_text(self, **values):
        """The alternative text at these values of the controls."""
        values = {**self.start, **values}
        return self.alt.format(**{name: control.text(values[name]) for name, control in self.controls.items()})

    def setting(self, **values):
        """The values of the controls in words."""
        values = {**self.start, **values}
        return ", ".join(f"{c.label or name} = {c.text(values[name])}" for name, c in self.controls.items())

    def _compute(self):
        """Every picture over the grid of its controls, packed."""
        raw = [[picture.traces(values) for values in picture.grid()] for picture in self.pictures]
        self._counts = [max(map(len, cells)) for cells in raw]
        parts = [[self._dressed(n, traces) for traces in cells] for n, cells in enumerate(raw)]
        self._first = [
            trace for picture, cells in zip(self.pictures, parts, strict=True) for trace in cells[picture.first]
        ]
        self._everywhere = [traces for cells in parts for traces in cells]

        pool = Pool()
        pictures = [
            {"controls": picture.names, "traces": [pool.table(column) for column in zip(*cells, strict=True)]}
            for picture, cells in zip(self.pictures, parts, strict=True)
        ]
        layouts = [self.layout(**values) for values in self._layout.grid()]
        self.payload = {
            "format": 1,
            "controls": [
                {"name": name, "label": c.label or name, "texts": c.texts, "start": c.index}
                for name, c in self.controls.items()
            ],
            "pictures": pictures,
            "layout": {"controls": self._layout.names, "leaves": pool.table(layouts)},
            "alt": [[text, name] for text, name, *_ in string.Formatter().parse(self.alt)],
            "pool": pool.pack(),
        }
        self._check_size(parts)

    def _dressed(self, number, traces):
        """The traces of a picture with their style, filled up with invisible ones to its greatest number."""
        offset = sum(self._counts[:number])
        missing = [{"type": "scatter", "visible": False}] * (self._counts[number] - len(traces))
        return [dressed(trace, offset + k) for k, trace in enumerate([*traces, *missing])]

    def _check_size(self, parts):
        self.size = len(zlib.compress(json.dumps(self.payload, separators=(",", ":")).encode(), 9))
        cells = ", ".join(
            f"{picture.name}: {len(part)} cells" for picture, part in zip(self.pictures, parts, strict=True)
        )
        wanted = f"at most {BUDGET // 1000} kB of compressed data over the whole grid of controls"
        got = f"{self.size / 1000:.0f} kB ({cells}): take fewer steps or fewer points"
        expect(self.size <= BUDGET, f"{self.title}", wanted, got)

    def html(self):
        """The figure as a piece of a page; alive where `explorer.js` is loaded."""
        return page.figure(self)

    def png(self):
        """The figure at the first setting, drawn by matplotlib."""
        return self._png

    @cached_property
    def _png(self):
        return render.png(self._first, self.layout())

    def text(self):
        """The figure at the first setting in words and numbers."""
        tables = [table.plain(found) for found in self.tables()]
        return "\n\n".join(filter(None, [self.title, self.setting(), self.alt_text(), *tables]))

    def tables(self):
        """The numbers at the first setting: see `table.tables`."""
        return table.tables(self._first, self.layout())

    def widget(self):
        """The live figure: an ipywidgets box; pictures are computed anew at every value of the controls."""
        return widget.live(self)

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {"text/plain": self.text(), "text/html": self.html(), "image/png": page.base64_text(self.png())}
        if widget.possible():
            bundle["application/vnd.jupyter.widget-view+json"] = widget.view(self.widget())
        return bundle, {"image/png": {"alt": self.alt_text()}}


def _checked_alt(alt, controls):
    wanted = "alternative text: what the figure shows, in words"
    expect(isinstance(alt, str) and alt.strip(), "alt", wanted, describe(alt) if alt else "nothing")
    for _, name, spec, change in string.Formatter().parse(alt):
        plain = name is None or (name in controls and not spec and not change)
        expect(
            plain, "alt", f"braces only around the name of a control ({', '.join(controls) or 'none'})", f"{{{name}}}"
        )
    return alt
