"""Embeddings during training: points on the circle, or on both halves of the sphere, scrubbed step by step."""

import numpy as np
import torch

from ...contract import expect
from ...measures import alignment, uniformity
from ..engine.controls import Choice, Slider
from ..engine.explorer import Explorer
from ..engine.table import number
from .arrows import GAP
from .hyper import symbol

#: Radius of the ring of the first class on the circle, and of the last.
INNER, OUTER = 0.62, 1.0
#: Between the centres of the two halves of the sphere; each has radius 1.
APART = 2.15


def film(runs, labels, *, seed=0, title="Embeddings during training", names=None):
    """Embeddings of a watched set while networks train, for each loss and each value of its hyper-parameter.

    Embeddings are scaled to length 1. In two dimensions each class has a ring of its own, so that classes do not hide
    one another; the angle is what counts. In three, the sphere is shown as its front and its back half, area for area.
    Below, alignment and uniformity over the steps.

    Args:
        runs: name -> `lossatlas.training.Embedded` with a film of outputs of dimension 2 or 3, all with the same steps,
            watched inputs, and number of values of a hyper-parameter (none, or one that may differ from run to run).
        labels: class of each watched input, shape (M,).
        seed: which of the seeds is shown, by position.
        title: above the figure.
        names: name of each class; by default the numbers.
    """
    runs, classes = dict(runs), np.unique(np.asarray(labels))
    some = next(iter(runs.values()))
    steps, variants = _checked(runs, len(labels), seed)
    points = {name: _directions(run, seed) for name, run in runs.items()}
    dims = points[next(iter(runs))].shape[-1]
    place = _on_rings if dims == 2 else _on_discs
    slider = frame_slider(steps)
    stops = slider.values
    rank = np.searchsorted(classes, np.asarray(labels))
    settings = {name: _settings(run) for name, run in runs.items()}
    same = len(set(map(tuple, settings.values()))) == 1
    curves = {name: [_alignment_and_uniformity(p[:, v], rank) for v in range(variants)] for name, p in points.items()}

    even = _even(dims)
    lowest, highest = _ends([value for of_run in curves.values() for pair in of_run for value in pair] + [[even]])

    def ground():
        quiet = {"hoverinfo": "skip", "meta": {"table": False}, "showlegend": False}
        turn = np.exp(1j * np.linspace(0, 2 * np.pi, 91))
        rims = [turn] if dims == 2 else [turn, turn + APART]
        path = np.concatenate([part for rim in rims for part in (rim, [GAP])])
        outline = {"x": path.real, "y": path.imag, "line": {"color": "grid", "width": 1.5, "dash": "solid"}, **quiet}
        if dims == 2:
            return [outline]
        words = {
            "x": [0, APART],
            "y": [1.03] * 2,
            "mode": "text",
            "text": ["front", "back"],
            "textposition": "top center",
            "textfont": {"size": 13, "color": "ink"},
            **quiet,
        }
        return [outline, words]

    def dots(loss, step, setting=0):
        here = points[loss][stops.index(step), setting]
        x, y = place(here, rank, len(classes))
        called = [str(names[c] if names else classes[c]) for c in range(len(classes))]
        tight = [float(np.linalg.norm(here[rank == c].mean(0))) for c in range(len(classes))]
        table = {"class": called, "length of its mean vector (1: one point)": tight}
        return [
            {
                "x": x[rank == c], "y": y[rank == c], "name": called[c], "mode": "markers", "hoverinfo": "name",
                "meta": {"table": table if c == 0 else False}, "marker": _mark(c),
            }
            for c in range(len(classes))
        ]  # fmt: skip

    def course(loss, setting=0):
        aligned, uniform = curves[loss][setting]
        text = settings[loss][setting]
        below = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        ends = [
            {
                "x": [steps[-1]],
                "y": [values[-1] + 0.03 * (highest - lowest)],
                "mode": "text",
                "text": [word],
                "textposition": "top left",
                "textfont": {"size": 12, "color": color},
                "hoverinfo": "skip",
                "meta": {"table": False},
                **below,
            }
            for word, values, color in (("alignment", aligned, "C1"), ("uniformity", uniform, "C2"))
        ]
        at = (-1.0, -1.0, "top right") if dims == 2 else (APART / 2, -1.17, "middle center")
        note = {
            "x": [at[0]],
            "y": [at[1]],
            "mode": "text",
            "text": [text],
            "textposition": at[2],
            "textfont": {"size": 13, "color": "ink"},
            "showlegend": False,
            "hoverinfo": "skip",
            "meta": {"table": False},
        }
        return [
            {
                "x": steps,
                "y": aligned,
                "name": "alignment",
                "mode": "lines",
                "line": {"color": "C1", "dash": "solid"},
                **below,
            },
            {
                "x": steps,
                "y": uniform,
                "name": "uniformity",
                "mode": "lines",
                "line": {"color": "C2", "dash": "dash"},
                **below,
            },
            {
                "x": [steps[0], steps[-1]],
                "y": [even, even],
                "name": "uniformity of an even cover",
                "line": {"color": "muted", "width": 1, "dash": "dot"},
                "hoverinfo": "name",
                "meta": {"table": False},
                **below,
            },
            *ends,
            *([] if same or not text else [note]),
        ]

    def now(step):
        at = steps[stops.index(step)]
        quiet = {"xaxis": "x2", "yaxis": "y2", "showlegend": False, "hoverinfo": "skip", "meta": {"table": False}}
        return [
            {"x": [at, at], "y": [lowest, highest], "line": {"color": "muted", "width": 1.5, "dash": "dot"}, **quiet}
        ]

    wide = 1.08 if dims == 2 else APART + 1.08
    layout = {
        "height": 640 if dims == 2 else 540,
        "margin": {"l": 60},
        "xaxis": {"visible": False, "range": [-1.08, wide], "constrain": "domain"},
        "yaxis": {
            "visible": False,
            "range": [-1.1, 1.1] if dims == 2 else [-1.3, 1.35],
            "scaleanchor": "x",
            "domain": [0.3, 1.0],
            "constrain": "domain",
        },
        "xaxis2": {"title": "training step", "range": [steps[0], steps[-1]], "anchor": "y2", "automargin": False},
        "yaxis2": {"range": [lowest, highest], "domain": [0.0, 0.22], "anchor": "x2", "nticks": 5, "automargin": False},
    }
    controls = {"loss": Choice(list(runs)), "setting": _choice(settings, same, some), "step": slider}
    if variants == 1:
        del controls["setting"]
    where = "circle" if dims == 2 else "sphere"
    values = " and ".join(f"{control.label or name} {{{name}}}" for name, control in controls.items() if name != "step")
    return Explorer(
        ground,
        dots,
        course,
        now,
        title=title,
        caption=f"Each point is the embedding of one item on the {where}. Below: alignment, the mean squared distance "
        "within a class, and uniformity, the logarithm of the mean of exp(−2 × squared distance) over all pairs; less "
        "is better for both. The dotted line is the uniformity of an even cover.",
        alt=f"Points on the {where}, coloured by class, at {slider.label} {{step}} of training with {values}; below, "
        "alignment and uniformity over the steps.",
        layout=layout,
        **controls,
    )


def _checked(runs, count, seed):
    """(steps, number of values of the hyper-parameter), the same for all runs."""
    expect(runs, "runs", "one or more trained runs", "none")
    shapes = {}
    for name, run in runs.items():
        expect(run.film is not None, "runs", "runs with a film", f"{name} without")
        of_variants = run.film if run.hyper else run.film.unsqueeze(1)
        shapes[name] = (run.film_steps, *of_variants.shape[:2], *of_variants.shape[3:])
        expect(seed < of_variants.shape[2], "seed", f"less than the {of_variants.shape[2]} seeds", str(seed))
    first = next(iter(shapes.values()))
    expect(
        all(shape == first for shape in shapes.values()),
        "runs",
        "runs with the same steps, values and sizes",
        repr(shapes),
    )
    steps, _, variants, items, dims = first
    expect(items == count, "labels", f"one for each of {items} watched inputs", str(count))
    expect(dims in (2, 3), "runs", "outputs of dimension 2 or 3", str(dims))
    return list(steps), variants


def _directions(run, seed):
    """(T, V, M, D) of length 1."""
    outputs = run.film if run.hyper else run.film.unsqueeze(1)
    return torch.nn.functional.normalize(outputs[:, :, seed].detach().cpu().double(), dim=-1).numpy()


def _settings(run):
    """The values of the hyper-parameter in words."""
    values = zip(*run.hyper.values(), strict=True)
    texts = [
        ", ".join(f"{symbol(name)} = {number(float(v))}" for name, v in zip(run.hyper, row, strict=True))
        for row in values
    ]
    return texts or [""]


def _choice(settings, same, run):
    """The control over the values: by their number where runs have different ones."""
    texts = next(iter(settings.values()))
    if same:
        label = " and ".join(symbol(name) for name in run.hyper)
        options = {text.split(" = ")[1] if len(run.hyper) == 1 else text: n for n, text in enumerate(texts)}
    else:
        label, options = "setting", {f"{n + 1} of {len(texts)}": n for n in range(len(texts))}
    return Choice(options, label=label or None)


def frame_slider(steps):
    """A slider over the steps; over their numbers, where they do not lie evenly."""
    if len(set(np.diff(steps).tolist())) == 1:
        return Slider(steps[0], steps[-1], len(steps), value=steps[-1], label="step")
    return Slider(0, len(steps) - 1, len(steps), value=len(steps) - 1, label="frame")


def _mark(c):
    """Six colours, filled and then open, so that twelve classes can be distinguished; symbols help."""
    symbols = ("circle", "diamond", "square", "triangle-up", "cross", "star")
    return {"color": f"C{c % 6 + 1}", "symbol": symbols[c % 6] + ("" if c < 6 else "-open"), "size": 7}


def _on_rings(points, rank, classes):
    radius = INNER + (OUTER - INNER) * rank / max(1, classes - 1)
    return points[:, 0] * radius, points[:, 1] * radius


def _on_discs(points, rank, classes):
    """Lambert's projection of each half of the sphere on a disc of radius 1, the back half seen from behind."""
    x, y, z = points.T
    reach = 1 / np.sqrt(1 + np.abs(z))
    front = z >= 0
    return np.where(front, x, -x) * reach + np.where(front, 0.0, APART), y * reach


def _alignment_and_uniformity(points, rank):
    """(T,) each, of points (T, M, D) of length 1: over the pairs of one class, and over all pairs."""
    points = torch.from_numpy(points)
    one, other = np.nonzero(np.triu(rank[:, None] == rank, 1))
    return alignment(points[:, one], points[:, other]).numpy(), uniformity(points).numpy()


def _even(dims):
    """Uniformity of the even distribution on the circle or the sphere."""
    four = torch.tensor(4.0, dtype=torch.float64)
    return float((torch.special.i0(four) if dims == 2 else four.sinh() / four).log() - four)


def _ends(curves):
    values = np.concatenate(curves)
    span = np.ptp(values) or 1.0
    return float(values.min() - 0.1 * span), float(values.max() + 0.3 * span)  # room for words at the top
