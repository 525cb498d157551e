"""Draws docs/losses.svg, the picture in the README, with the library's own losses: python docs/draw_losses.py"""

import sys
from pathlib import Path

import matplotlib

import lossatlas

matplotlib.use("svg")
import matplotlib.pyplot as plt
import torch

LOSSES = {
    "cross-entropy": lossatlas.cross_entropy,
    "Poly-1, ε = 2": lambda *inputs, **how: lossatlas.poly1_cross_entropy(*inputs, epsilon=2.0, **how),
    "focal, γ = 2": lossatlas.focal_loss,
    "encouraging": lossatlas.encouraging_loss,
    "generalized cross-entropy, q = 0.7": lossatlas.generalized_cross_entropy,
    "absolute error": lossatlas.mean_absolute_error,
}
COLORS = ["#0b62a8", "#c04a00", "#00785a", "#9c4489", "#806000", "#4d5563"]
DASHES = ["-", "--", "-.", ":", (0, (7, 2)), (0, (3, 1, 1, 1, 1, 1))]


def value_and_pull(loss, p):
    """The loss at probability p of the true class among two, and how hard its gradient raises the true logit."""
    true_logit = torch.logit(p).requires_grad_()
    logits = torch.stack([true_logit, torch.zeros_like(p)], -1)
    value = loss(logits, torch.zeros(len(p), dtype=torch.long), reduction="none")
    (gradient,) = torch.autograd.grad(value.sum(), true_logit)
    return value.detach(), -gradient


def draw():
    """The figure: values on the left, pulls on the right."""
    p = torch.linspace(0.005, 0.995, 199, dtype=torch.float64)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.9), layout="constrained")
    for (name, loss), color, dash in zip(LOSSES.items(), COLORS, DASHES, strict=True):
        value, pull = value_and_pull(loss, p)
        left.plot(p, value, color=color, linestyle=dash, linewidth=2, label=name)
        right.plot(p, pull, color=color, linestyle=dash, linewidth=2)
    left.set(title="loss", xlabel="probability of the true class", xlim=(0, 1), ylim=(-1.5, 5))
    right.set(title="pull on the true logit", xlabel="probability of the true class", xlim=(0, 1), ylim=(0, None))
    for axes in (left, right):
        axes.grid(color="#e4e7ec")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("losses.svg")
    # The same curves give the same file, so that a change of the picture is a change of a loss.
    plt.rcParams.update({"svg.hashsalt": "lossatlas", "font.size": 11, "axes.titlesize": 12})
    draw().savefig(target, metadata={"Date": None, "Title": "Six losses and their pulls"}, facecolor="white")
