"""Properties that every per-item loss on logits has, and what typical mistakes look like from outside."""

import torch

from .arguments import need_tensor
from .exercise import NotAttempted, Wrong, need

STEP = 1e-5


def items(loss, logits, target, **hyper):
    """One value per item from a reader's loss; an error explains any other result."""
    value = _called(loss, logits, target, hyper)
    n, classes = logits.shape
    if isinstance(value, (int, float)):
        raise Wrong(
            "it returned a Python number. Return a tensor: `.item()` and `float()` cut a value off from its gradient."
        )
    need_tensor(value)
    if value.ndim == 0:
        raise Wrong(_collapsed(loss, logits, target, value, hyper))
    if value.shape == (n, classes) and n != 1:
        raise Wrong(f"it returned one value per item and class, shape {(n, classes)}. Keep one per item, shape {(n,)}.")
    if value.shape == (classes,) and n != classes:
        raise Wrong(
            f"it returned {classes} values, one per class, for {n} items. Does a sum run along dim 0, over the items?"
        )
    need(
        value.shape == (n,),
        f"for logits of shape {(n, classes)} it returned shape {tuple(value.shape)}. Return one value per item, shape"
        f" {(n,)}.",
    )
    return value


def _called(loss, logits, target, hyper):
    """The value of a reader's loss; where it raises, whether its arguments are in the other order."""
    try:
        return loss(logits, target, **hyper)
    except (Wrong, NotAttempted):
        raise
    except Exception:
        if _takes(loss, target, logits, hyper):
            raise Wrong(
                "it works only with its two arguments swapped. The check calls it with the logits first and the class"
                " indices second."
            ) from None
        raise


def _takes(loss, first, second, hyper):
    try:
        return isinstance(loss(first, second, **hyper), torch.Tensor)
    except Exception:
        return False


def _collapsed(loss, logits, target, value, hyper):
    """Which reduction was taken, seen from what the loss gives for each item alone."""
    alone = torch.stack([loss(logits[i : i + 1], target[i : i + 1], **hyper).reshape(()) for i in range(len(logits))])
    words = f"it returned a single number for {len(logits)} items"
    if torch.allclose(value, alone.mean()):
        return f"{words}: their mean. Leave the mean to the caller and return one value per item."
    if torch.allclose(value, alone.sum()):
        return f"{words}: their sum. Leave the sum to the caller and return one value per item."
    return f"{words}. Return one value per item."


def gradient(loss, logits, target, **hyper):
    """Gradient of a reader's loss in the logits, (N, C)."""
    logits = logits.clone().requires_grad_()
    value = items(loss, logits, target, **hyper)
    cut = (
        "the result does not depend on the logits as far as autograd can see. Look for `detach()`, `.item()`, `.data`,"
        " NumPy, `argmax`, or `torch.tensor(...)` around a result."
    )
    need(value.requires_grad, cut)
    (found,) = torch.autograd.grad(value.sum(), logits, allow_unused=True)
    need(found is not None, cut)
    return found


def one_value_per_item(loss, draw):
    """It gives one value per item, as a tensor."""
    items(loss, *draw.batch(4, 3))


def items_do_not_mix(loss, draw):
    """An item's value does not depend on the other items."""
    logits, target = draw.batch(4, 3)
    together = items(loss, logits, target)
    for i in range(len(logits)):
        alone = items(loss, logits[i : i + 1], target[i : i + 1])
        need(
            close(alone[0], together[i]),
            f"item {i} has the value {show(together[i])} within a batch of 4 and {show(alone[0])} on its own. "
            "Something runs over the items (dim 0) instead of over the classes (the last dim).",
        )


def inputs_stay_as_they_are(loss, draw):
    """It leaves its inputs unchanged."""
    logits, target = draw.batch(4, 3)
    kept = logits.clone(), target.clone()
    first = items(loss, logits, target)
    changed = [
        name for name, x, y in zip(("logits", "target"), kept, (logits, target), strict=True) if not torch.equal(x, y)
    ]
    need(
        not changed,
        f"calling it changed `{''.join(changed[:1])}` in place. Look for `+=`, `-=`, `x[...] = ...` or a method ending"
        " in `_`.",
    )
    need(close(first, items(loss, logits, target)).all(), "two calls with the same inputs gave different values.")


def gradient_fits_the_values(loss, draw):
    """Its gradient agrees with finite differences of its values."""
    logits, target = draw.batch(3, 4)
    found = gradient(loss, logits, target)
    need(
        found.isfinite().all(),
        f"for logits {show(logits)} and target {show(target)} the gradient contains {_odd(found)}.",
    )
    for k in range(4):
        step = torch.zeros_like(logits)
        step[:, k] = STEP
        rate = (items(loss, logits + step, target) - items(loss, logits - step, target)) / (2 * STEP)
        off = (rate - found[:, k]).abs()
        i = int(off.argmax())
        need(
            off[i] < 1e-4 * (1 + rate[i].abs()),
            f"for logits {show(logits[i : i + 1])} and target {show(target[i : i + 1])}, moving logit {k} changes your"
            f" loss at the rate {show(rate[i])}, but the entry of its gradient is {show(found[i, k])}. Is a part of the"
            " formula detached?",
        )


def moves_the_right_way(loss, draw):
    """It falls when the true logit rises, and does not fall when a wrong one does."""
    logits, target = draw.batch(3, 3)
    before = items(loss, logits, target)
    for k in range(3):
        raised = logits.clone()
        raised[:, k] += 1.0
        after = items(loss, raised, target)
        for i in range(3):
            true = int(target[i]) == k
            seen = (
                f"for logits {show(logits[i : i + 1])} and target {show(target[i : i + 1])} your loss went from"
                f" {show(before[i])} to {show(after[i])}"
            )
            tiny = 1e-9 * (1 + before[i].abs())
            if true:
                need(
                    after[i] < before[i] + tiny,
                    f"{seen} when the true logit, number {k}, went up. A loss should go down then. Is a sign flipped?",
                )
            else:
                need(
                    after[i] > before[i] - tiny,
                    f"{seen} when the wrong logit, number {k}, went up. A loss should not go down then. Is a sign"
                    " flipped?",
                )


def same_after_a_shift(loss, draw):
    """It stays the same when one number is added to all logits of an item."""
    logits, target = draw.batch(3, 4)
    before, after = items(loss, logits, target), items(loss, logits + 2.5, target)
    i = int((after - before).abs().argmax())
    need(
        close(before[i], after[i]),
        f"for logits {show(logits[i : i + 1])} adding 2.5 to all of them changed your loss from {show(before[i])} to"
        f" {show(after[i])}. Only differences of logits should count.",
    )


def survives_extremes(loss, draw):
    """Value and gradient are finite for logits of size 10 000."""
    for dtype in (torch.float64, torch.float32):
        logits, target = draw.batch(4, 3)
        logits = (logits.sign() + (logits == 0)) * 1e4
        logits[0], logits[1] = 1e4, -1e4
        logits[2, int(target[2])] = -1e4
        logits = logits.to(dtype)
        for what, found in [
            ("your loss is", items(loss, logits, target)),
            ("its gradient contains", gradient(loss, logits, target)),
        ]:
            bad = ~found.isfinite()
            if bad.any():
                i = int(bad.nonzero()[0, 0])
                raise Wrong(
                    f"for logits {show(logits[i : i + 1])} and target {show(target[i : i + 1])} {what}"
                    f" {_odd(found[i : i + 1])}. {_why(found[i : i + 1])}"
                )


def _odd(found):
    return "NaN" if found.isnan().any() else "infinity" if found.isinf().any() else "no odd values"


def _why(found):
    if found.isnan().any():
        return (
            "An exponential has overflowed, and infinity divided by infinity, or minus infinity, is not a number. Only"
            " differences matter: which number can you take off first?"
        )
    return (
        "A probability has been rounded to zero before its logarithm was taken, or an exponential has overflowed. Can"
        " the logarithm be taken before the numbers get that small?"
    )


def close(a, b):
    return (a - b).abs() <= 1e-7 * (1 + b.abs())


def show(value):
    """A tensor as numbers of at most four digits."""
    if isinstance(value, torch.Tensor):
        value = value.detach().tolist()
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    return f"{value + 0.0:.4g}" if isinstance(value, float) else str(value)
