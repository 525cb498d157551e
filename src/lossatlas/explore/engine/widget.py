"""The live form of an explorer: ipywidgets controls beside a plotly FigureWidget, recomputed at any value."""

import math
import os
import sys

from .controls import Slider
from .style import light


def possible():
    """Whether a widget makes sense here: a kernel runs, the page is not being made, and the packages are there."""
    if os.environ.get("LOSSATLAS_STATIC") == "1":
        return False
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    if getattr(shell, "kernel", None) is None:
        return False
    try:
        import anywidget  # noqa: F401
        import ipywidgets  # noqa: F401
    except ImportError:
        return False
    if "google.colab" in sys.modules:
        sys.modules["google.colab"].output.enable_custom_widget_manager()
    return True


def view(box):
    """What a notebook stores to show a widget."""
    return {"version_major": 2, "version_minor": 0, "model_id": box.model_id}


def live(explorer):
    """A box of the controls and the figure. `box.controls` and `box.figure` are its parts."""
    import ipywidgets
    import plotly.graph_objects as go

    figure = go.FigureWidget([light(t) for t in explorer.traces()], light(explorer.layout()))
    controls = {name: _control(ipywidgets, name, control) for name, control in explorer.controls.items()}
    ends = [0]
    for number in range(len(explorer.pictures)):
        ends.append(ends[-1] + len(explorer.part(number)))

    def redraw(change):
        name = next(name for name, c in controls.items() if c is change["owner"])
        values = {name: control.value for name, control in controls.items()}
        with figure.batch_update():
            for number, picture in enumerate(explorer.pictures):
                if name in picture.names:
                    for trace, new in zip(figure.data[ends[number] :], explorer.part(number, **values), strict=False):
                        trace.update(light(new))
            if name in explorer.layout_names:
                figure.update_layout(light(explorer.layout(**values)))

    for control in controls.values():
        control.observe(redraw, "value")
    box = ipywidgets.VBox([ipywidgets.HTML(f"<b>{explorer.title}</b> {explorer.caption}"), *controls.values(), figure])
    box.controls, box.figure = controls, figure
    return box


def _control(ipywidgets, name, control):
    shared = {"description": control.label or name, "style": {"description_width": "initial"}}
    if not isinstance(control, Slider):
        options = list(zip(control.texts, control.values, strict=True))
        return ipywidgets.Dropdown(options=options, value=control.values[control.index], **shared)
    start = control.values[control.index]
    if control.counts:
        step = control.values[1] - control.values[0]
        return ipywidgets.IntSlider(start, control.start, control.stop, step, **shared)
    wide = {"layout": {"width": "22em"}, "readout_format": ".3g", **shared}
    if control.log:
        low, high = math.log10(control.start), math.log10(control.stop)
        return ipywidgets.FloatLogSlider(start, min=low, max=high, step=(high - low) / 100, **wide)
    reach = control.stop - control.start
    return ipywidgets.FloatSlider(start, min=control.start, max=control.stop, step=reach / 200, **wide)
