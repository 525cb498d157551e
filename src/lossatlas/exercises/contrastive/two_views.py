"""Exercise 2: NT-Xent from two batches of embeddings.

It is tied down by what it gives where geometry leaves no choice: one item alone, all embeddings equal, items at right
angles, and a temperature near zero.
"""

import math

import torch

from ..answers import Function
from ..arguments import called, need_tensor
from ..exercise import Exercise, Wrong, need
from ..probes import STEP, close, show


def views(draw, items=4, width=3):
    """Two batches of embeddings (items, width) in float64."""
    return tuple(torch.randn(items, width, generator=draw.generator, dtype=torch.float64) for _ in range(2))


def items_of(loss, a, b, temperature=0.5):
    """One value per item from a reader's loss; an error explains any other result."""
    n = len(a)
    value = called(loss, a, b, temperature, order="view_a, view_b, temperature", shape=(n,))
    need_tensor(value)
    need(
        value.ndim != 0 or n == 1,
        f"it returned a single number for {n} items, a mean or a sum over all. Return one value per item, shape {(n,)}:"
        " the mean over the item's two views.",
    )
    need(
        value.shape != (2 * n, 2 * n),
        f"it returned one value per pair of views, shape {(2 * n, 2 * n)}. For each anchor, sum over what it is"
        " compared with, along the last dimension.",
    )
    need(
        value.shape != (2 * n,),
        f"it returned {2 * n} values, one per view. Take the mean over the two views of an item: one value per item,"
        f" shape {(n,)}.",
    )
    need(
        value.shape == (n,),
        f"for two views of shape {tuple(a.shape)} it returned shape {tuple(value.shape)}. Return one value per item,"
        f" shape {(n,)}.",
    )
    return value


def one_value_per_item(loss, draw):
    """It gives one value per item, as a tensor."""
    items_of(loss, *views(draw))


def inputs_stay(loss, draw):
    """It leaves its inputs unchanged."""
    a, b = views(draw)
    kept = a.clone(), b.clone()
    items_of(loss, a, b)
    need(
        torch.equal(a, kept[0]) and torch.equal(b, kept[1]),
        "calling it changed its inputs in place. Look for `+=`, `/=`, `x[...] = ...` or a method ending in `_`.",
    )


def lengths_do_not_count(loss, draw):
    """Only directions count, not lengths."""
    a, b = views(draw)
    before, after = items_of(loss, a, b), items_of(loss, 3 * a, b * torch.tensor([[1.0], [2.0], [5.0], [0.5]]))
    if close(before, after).all():
        return
    seen = f"making embeddings longer changed your loss from {show(before)} to {show(after)}"
    need(
        not close(before, items_of(loss, 3 * a, 3 * b)).all(),
        f"{seen}; making all of them longer by one factor did not. Each *row* has its own length: does the norm run"
        " along dim 0?",
    )
    raise Wrong(f"{seen}. Are both views divided by their length?")


def alone(loss, draw):
    """An item without others costs nothing."""
    a, b = views(draw, items=1)
    value = items_of(loss, a, b).reshape(()).item()
    need(not math.isnan(value), "a batch of one item gives NaN. What is left in the denominator?")
    need(
        abs(value) < 1e-9,
        f"a batch of one item has the loss {value:.4g}. There is nothing to confuse it with. Does an anchor meet itself"
        " in the denominator, or is the positive missing there?",
    )


def all_equal(loss, draw):
    """Where all embeddings are equal, the positive is one of all but the anchor."""
    n = 5
    one = torch.randn(1, 3, generator=draw.generator, dtype=torch.float64).expand(n, 3)
    value = items_of(loss, one, one)[0].item()
    need(
        value > 0,
        f"with {n} items whose embeddings are all equal, your loss is {value:.4g}. A loss is above 0 where no item can"
        " be distinguished from another. Is a sign flipped, or the fraction upside down?",
    )
    chances = math.exp(value)
    if abs(chances - (2 * n - 1)) < 1e-6:
        return
    need(
        abs(value - 2 * math.log(2 * n - 1)) > 1e-6,
        "with all embeddings equal, your loss is twice what it should be. The two views of an item are *averaged*, not"
        " summed.",
    )
    need(
        abs(value - math.log(2 * n - 1) / 2) > 1e-6,
        "with all embeddings equal, your loss is half of what it should be. Is it divided by 2 once too often?",
    )
    seen = f"with {n} items whose embeddings are all equal, your loss is that of a guess among {chances:.4g}"
    need(
        abs(chances - n) > 1e-6,
        f"{seen}. Only the other view's embeddings are compared with; NT-Xent compares with those of both views.",
    )
    need(abs(chances - 2 * n) > 1e-6, f"{seen}. An anchor is compared with itself; leave the diagonal out.")
    need(
        abs(chances - (2 * n - 2)) > 1e-6,
        f"{seen}. The positive is missing in the denominator (that is the decoupled loss).",
    )
    raise Wrong(f"{seen}. How many embeddings are there, without the anchor itself?")


def both_views_alike(loss, draw):
    """Exchanging the two views changes nothing."""
    a, b = views(draw)
    one, other = items_of(loss, a, b), items_of(loss, b, a)
    need(
        close(one, other).all(),
        f"with the views exchanged your losses go from {show(one)} to {show(other)}. Is only one of the two views an"
        " anchor?",
    )


def items_stay_in_order(loss, draw):
    """Value n belongs to item n."""
    a, b = views(draw)
    order = torch.tensor([2, 0, 3, 1])
    need(
        close(items_of(loss, a[order], b[order]), items_of(loss, a, b)[order]).all(),
        "with the items in another order, your values are not the same values in that order. How are the two views"
        " stacked, and how taken apart again?",
    )


def right_angles(loss, draw):
    """Items at right angles have the loss that the temperature determines."""
    n, temperature = 4, 0.4
    corners = torch.eye(n, dtype=torch.float64)
    value = items_of(loss, corners, corners, temperature)[0].item()
    odds = math.expm1(value)  # of all negatives together, against the positive
    right = (2 * n - 2) * math.exp(-1 / temperature)
    if abs(odds - right) < 1e-7:
        return
    need(
        abs(odds - (2 * n - 2) * math.exp(-temperature)) > 1e-7,
        "the temperature multiplies the similarities; it should divide them.",
    )
    need(abs(odds - (2 * n - 2) * math.exp(-1)) > 1e-7, "the temperature makes no difference.")
    need(
        abs(odds - (2 * n - 2) * math.exp(1 / temperature)) > 1e-7,
        "the loss grows when positives come nearer. Is a sign flipped?",
    )
    raise Wrong(
        f"for {n} items at right angles, both views alike, the negatives together weigh {odds:.4g} of the positive in"
        f" your loss; at τ = {temperature} each of the {2 * n - 2} should weigh e to the power of minus 1/τ."
    )


def sharp(loss, draw):
    """At a temperature of 0.001, τ times the loss is by how much the nearest negative is nearer than the positive."""
    a, b = (torch.nn.functional.normalize(x, dim=1) for x in views(draw))
    temperature = 1e-3
    value = items_of(loss, a, b, temperature)
    need(
        value.isfinite().all(),
        f"at τ = 0.001 your loss is {show(value)}. Exponentials of 1000 overflow: which number can be taken off first,"
        " or which function does that?",
    )
    both = torch.cat([a, b])
    similar = both @ both.T
    for i in range(len(a)):
        behind = []
        for anchor, partner in ((i, i + len(a)), (i + len(a), i)):
            rivals = [similar[anchor, j] for j in range(len(both)) if j not in (anchor, partner)]
            behind.append(max(max(rivals) - similar[anchor, partner], 0.0))
        wanted = float(sum(behind)) / 2
        need(
            abs(temperature * value[i] - wanted) < 0.01,
            f"at τ = 0.001, τ times the loss of item {i} is {show(temperature * value[i])}, while the nearest negatives"
            f" are nearer than the positive by {wanted:.4g}.",
        )


def gradient_fits_the_values(loss, draw):
    """Its gradient agrees with finite differences of its values."""
    a, b = views(draw, items=3)
    a.requires_grad_()
    value = items_of(loss, a, b).sum()
    need(
        value.requires_grad,
        "the result does not depend on the embeddings as far as autograd can see. Look for `detach()`, `.item()` or"
        " NumPy.",
    )
    (found,) = torch.autograd.grad(value, a)
    need(found.isfinite().all(), "its gradient is not finite.")
    a = a.detach()
    for place in [(0, 0), (1, 2), (2, 1)]:
        step = torch.zeros_like(a)
        step[place] = STEP
        rate = (items_of(loss, a + step, b).sum() - items_of(loss, a - step, b).sum()) / (2 * STEP)
        need(
            abs(rate - found[place]) < 1e-4 * (1 + abs(rate)),
            f"moving entry {place} of the first view changes your losses at the rate {show(rate)}, but the entry of the"
            f" gradient is {show(found[place])}. Is a part detached?",
        )


TWO_VIEWS = Exercise(
    key="contrastive/2",
    title="NT-Xent in a few lines",
    minutes=20,
    form=Function("my_nt_xent(view_a, view_b, temperature)"),
    properties=(
        one_value_per_item,
        inputs_stay,
        lengths_do_not_count,
        alone,
        all_equal,
        both_views_alike,
        items_stay_in_order,
        right_angles,
        gradient_fits_the_values,
        sharp,
    ),
)
