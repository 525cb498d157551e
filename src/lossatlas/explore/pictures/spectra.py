"""How many directions embeddings use while networks train: singular values, effective rank and spread."""

import numpy as np
import torch

from ...contract import expect
from ...measures import effective_rank
from ..engine.controls import Choice
from ..engine.explorer import Explorer
from ..engine.style import DASHES
from .film import frame_slider

#: Singular values below this part of the largest one of all are drawn at it.
FLOOR = 1e-6


def spectra(runs, *, seed=0, title="Directions in use"):
    """Singular values of the embeddings of a watched set, and their effective rank or spread over training.

    A network that gives one point for all inputs has collapsed: the spread falls to 0. One whose singular values fall
    to 0 but for a few has collapsed in dimension.

    Args:
        runs: name -> `lossatlas.training.Embedded` with a film, or (steps, outputs (T, S, M, D)); up to six, all with
            the same steps and dimension. Runs with a hyper-parameter appear once for each of its values.
        seed: which of the seeds is shown, by position.
        title: above the figure.
    """
    films = _films(dict(runs))
    (steps, shape), *others = [(tuple(steps), outputs.shape[-1]) for steps, outputs in films.values()]
    expect(
        all(other == (steps, shape) for other in others),
        "runs",
        "runs with the same steps and dimension",
        repr([*others]),
    )
    expect(len(films) <= 6, "runs", "at most six, one for each line", str(len(films)))
    slider = frame_slider(steps)
    stops = slider.values
    found = {name: _measured(outputs[:, seed]) for name, (_, outputs) in films.items()}
    colors = {name: {"color": f"C{n + 1}", "dash": DASHES[n]} for n, name in enumerate(found)}
    top = max(float(values.max()) for values, *_ in found.values())
    floor, places = top * FLOOR, np.arange(1, shape + 1)
    measures = {"effective rank": 1, "spread": 2}

    def spectrum(step):
        frame = stops.index(step)
        return [
            {
                "x": places, "y": np.maximum(values[frame], floor), "name": name, "mode": "lines+markers",
                "line": colors[name], "marker": {"color": colors[name]["color"], "size": 6},
            }
            for name, (values, *_) in found.items()
        ]  # fmt: skip

    def course(measure):
        return [
            {
                "x": list(steps),
                "y": of_run[measures[measure]],
                "name": f"{name}: {measure}",
                "line": colors[name],
                "xaxis": "x2",
                "yaxis": "y2",
                "showlegend": False,
            }
            for name, of_run in found.items()
        ]

    def now(step, measure):
        at = steps[stops.index(step)]
        return [
            {
                "x": [at, at],
                "y": _reach(found, measures[measure]),
                "line": {"color": "muted", "width": 1.5, "dash": "dot"},
                "xaxis": "x2",
                "yaxis": "y2",
                "showlegend": False,
                "hoverinfo": "skip",
                "meta": {"table": False},
            }
        ]

    def layout(measure):
        return {
            "height": 560,
            "xaxis": {"title": "direction, by size", "range": [0.5, shape + 0.5], "nticks": 10},
            "yaxis": {
                "title": "singular value",
                "type": "log",
                "range": [float(np.log10(floor)) - 0.2, float(np.log10(top)) + 0.3],
                "domain": [0.46, 1.0],
                "exponentformat": "power",
                "dtick": 1,
            },
            "xaxis2": {"title": "training step", "range": [steps[0], steps[-1]], "anchor": "y2"},
            "yaxis2": {
                "title": measure,
                "range": _reach(found, measures[measure]),
                "domain": [0.0, 0.28],
                "anchor": "x2",
                "nticks": 5,
            },
        }

    return Explorer(
        spectrum,
        course,
        now,
        title=title,
        caption="Above, the singular values of the centred embeddings at one step, the largest first, on a logarithmic "
        "axis. Below, the effective rank (how many directions count) or the spread (root of the mean squared distance "
        "from the mean).",
        alt=f"Singular values of embeddings at {slider.label} {{step}} of training for {', '.join(found)}; below, "
        f"their {{measure}} over the steps.",
        layout=layout,
        step=slider,
        measure=Choice(list(measures), label="below"),
    )


def _films(runs):
    """name -> (steps, (T, S, M, D)); one for each value of a hyper-parameter."""
    expect(runs, "runs", "one or more trained runs", "none")
    found = {}
    for name, run in runs.items():
        if isinstance(run, tuple):
            found[name] = run
            continue
        expect(run.film is not None, "runs", "runs with a film", f"{name} without")
        if not run.hyper:
            found[name] = run.film_steps, run.film
            continue
        for v, values in enumerate(zip(*run.hyper.values(), strict=True)):
            setting = ", ".join(f"{value:g}" for value in values)
            found[f"{name} {setting}"] = run.film_steps, run.film[:, v]
    return found


def _measured(outputs):
    """(singular values (T, D), effective rank (T,), spread (T,)) of outputs (T, M, D), about their mean."""
    x = outputs.detach().cpu().double()
    centred = (x - x.mean(1, keepdim=True)) / x.shape[1] ** 0.5
    values = torch.linalg.svdvals(centred)
    values = torch.nn.functional.pad(values, (0, x.shape[2] - values.shape[1]))
    return values.numpy(), effective_rank(centred).numpy(), centred.square().sum((1, 2)).sqrt().numpy()


def _reach(found, measure):
    top = max(float(of_run[measure].max()) for of_run in found.values())
    return [0.0, 1.08 * top]
