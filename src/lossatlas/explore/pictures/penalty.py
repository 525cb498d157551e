"""How a temperature shares the push among an anchor's negatives."""

import functools

import numpy as np
import torch

from ...contract import on
from ...signatures import pairs
from ..engine.controls import Choice, Slider
from ..engine.explorer import Explorer

NEGATIVES = {
    "evenly spread": tuple(np.linspace(-0.9, 0.9, 13).round(2).tolist()),
    "one hard negative": (-0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.9),
    "a duplicate among ties": (-0.4, -0.2, 0.0, 0.1, 0.2, 0.3, 0.68, 0.7, 0.72, 0.98),
}


def relative_penalty(negatives=None, *, positive=0.7, loss="info_nce", steps=15):
    """Each negative's share of the push on the anchor, by temperature.

    The share of a negative is the derivative of the loss by its similarity over the sum of all these derivatives.

    Args:
        negatives: name -> similarities of an anchor's negatives, each between -1 and 1.
        positive: similarity of the positive; InfoNCE's shares do not depend on it.
        loss: a loss with a temperature whose formula takes similarities.
        steps: of the temperature from 0.05 to 2, evenly in the logarithm.
    """
    chosen = NEGATIVES if negatives is None else {name: tuple(values) for name, values in negatives.items()}
    function = on(pairs, loss)

    @functools.cache
    def shares(which, temperature):
        s = torch.tensor([chosen[which]], dtype=torch.float64, requires_grad=True)
        value = function(torch.full((1, 1), positive, dtype=torch.float64), s, temperature=temperature)
        (gradient,) = torch.autograd.grad(value, s)
        return (gradient / gradient.sum())[0].numpy()

    def bars(which, temperature):
        s, share = np.array(chosen[which]), shares(which, temperature)
        order = s.argsort()
        table = {"similarity": s[order], "share of the push": share[order]}
        return [
            {
                "type": "bar",
                "x": s[order],
                "y": share[order],
                "width": 0.035,
                "name": "share of the push",
                "marker": {"color": "C2"},
                "meta": {"table": table},
            }
        ]

    def reference(which):
        even = 1 / len(chosen[which])
        return [
            {
                "x": [-1.05, 1.05],
                "y": [even, even],
                "name": "an equal share",
                "line": {"color": "muted", "width": 1.5, "dash": "dash"},
                "hoverinfo": "skip",
                "meta": {"table": False},
            }
        ]

    def count(which, temperature):
        share = shares(which, temperature)
        alike = float(np.exp(-(share * np.log(np.maximum(share, 1e-300))).sum()))
        text = f"as if {alike:.1f} of {len(share)} negatives counted"
        return [
            {
                "x": [-1.0],
                "y": [0.97],
                "mode": "text",
                "text": [text],
                "textposition": "middle right",
                "textfont": {"size": 13, "color": "ink"},
                "showlegend": False,
                "hoverinfo": "skip",
                "meta": {"table": False},
            }
        ]

    return Explorer(
        bars,
        reference,
        count,
        title="Which negatives push",
        caption="A low temperature gives nearly all of the push to the nearest negative, a high one shares it equally. "
        "The number in the corner is the exponential of the shares' entropy.",
        alt="Bars of the share of the push that each negative has, against its similarity, for negatives {which} at "
        "temperature {temperature}.",
        layout={
            "xaxis": {"title": "similarity of the negative to the anchor", "range": [-1.05, 1.05]},
            "yaxis": {"title": "share of the push", "range": [0, 1.04]},
            "showlegend": True,
        },
        which=Choice(list(chosen), label="negatives"),
        temperature=Slider(0.05, 2.0, steps, value=0.2, label="temperature", log=True),
    )
