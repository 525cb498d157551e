"""Exercise 5: a loss of one's own, tried out on digits with wrong labels; and a question about confidence.

Nothing is compared with a known answer: networks are trained, and what they do is measured.
"""

import functools
import inspect
from dataclasses import replace

import torch

from ...losses.cross_entropy import comp_sum_loss, cross_entropy, squentropy_loss
from ...training import digits, fit, flip_labels, mlp
from ..answers import Function, OneOf, Parts
from ..exercise import Exercise, Wrong, need
from ..probes import gradient, inputs_stay_as_they_are, items, items_do_not_mix, one_value_per_item, show
from ..result import Score

NOISE, SEEDS, EPOCHS = 0.4, 5, 40
GAIN, PRICE = 0.02, 0.01  # of accuracy: what must be won with wrong labels, what may be lost with right ones
EARLY, LATE = 20, 80  # epochs on 200 digits
ABOUT = 0.02

network = functools.partial(mlp, 64, 64, 10)
adam = functools.partial(torch.optim.Adam, lr=3e-3)


def trained(loss, **hyper):
    """Clean test accuracy (..., 2, seeds) after training on 40 % wrong labels, and on right ones."""
    data, seeds = digits(1000), range(2 * SEEDS)
    wrong = flip_labels(data.y_train, NOISE, classes=10, seeds=seeds[:SEEDS])
    data = replace(data, y_train=torch.cat([wrong, data.y_train.expand(SEEDS, -1)]))
    fitted = fit(
        network, loss, data, seeds=seeds, epochs=EPOCHS, batch_size=128, optimizer=adam, hyper=hyper, label="exercise"
    )
    return fitted.test_accuracy.unflatten(-1, (2, SEEDS))


@functools.cache
def family():
    """The comp-sum family at τ = 1 (cross-entropy), 1.7 and 2 (absolute error), for comparison."""
    return trained(comp_sum_loss, tau=(1.0, 1.7, 2.0))


def accuracies(loss):
    """Those of the reader's loss, trained once: two properties use them, in one check or in two."""
    return _accuracies(inspect.unwrap(loss))


@functools.lru_cache(maxsize=1)
def _accuracies(loss):
    return trained(mean_of(loss))


def mean_of(loss):
    """The mean of a loss of one value per item."""
    return lambda logits, target: items(loss, logits, target).mean()


def gain_where_misread(loss):
    """By how much accuracy (seeds,) it beats cross-entropy where 30 % of the labels name the next digit."""
    return misread(mean_of(loss)) - misread_by_cross_entropy()


@functools.cache
def misread_by_cross_entropy():
    return misread(cross_entropy)


def misread(loss):
    """Clean test accuracy (seeds,) of networks of other seeds, where wrong labels are always one too high."""
    data, seeds = digits(1000), range(100, 100 + SEEDS)
    moved = flip_labels(torch.zeros_like(data.y_train), 0.3, classes=2, seeds=seeds)
    data = replace(data, y_train=(data.y_train + moved) % 10)
    fitted = fit(network, loss, data, seeds=seeds, epochs=EPOCHS, batch_size=128, optimizer=adam, label="exercise")
    return fitted.test_accuracy


def falls_towards_the_label(answer, draw):
    """A right prediction costs less than a wrong one."""
    logits = 6.0 * torch.eye(10, dtype=torch.float64)
    right, wrong = items(answer.loss, logits, torch.arange(10)), items(answer.loss, logits, torch.arange(10).roll(1))
    i = int((wrong - right).argmin())
    need(
        wrong[i] > right[i],
        f"with one logit at 6 and nine at 0 your loss is {show(right[i])} when the high one is the label and"
        f" {show(wrong[i])} when it is not. Is a sign flipped?",
    )


def finite_gradient(answer, draw):
    """Its gradient is finite for confident predictions, right and wrong."""
    for size in (0.0, 5.0, 50.0, 200.0):
        logits = size * torch.eye(10)
        for target in (torch.arange(10), torch.arange(10).roll(1)):
            found = gradient(answer.loss, logits, target)
            need(
                found.isfinite().all(),
                f"with one logit at {size:g} and nine at 0 the gradient is not finite, and training would end in NaN."
                " Does a probability of 0 meet a power, a root, a logarithm or a division, or has an exponential no"
                " normaliser?",
            )


def trains_in_parallel(answer, draw):
    """It can train several networks at once."""
    logits, target = draw.batch(8, 10)
    alone = items(answer.loss, logits, target)
    try:
        together = torch.vmap(functools.partial(items, answer.loss))(logits.view(2, 4, 10), target.view(2, 4)).flatten()
    except (RuntimeError, ValueError) as error:
        raise Wrong(
            "the harness trains five networks as one with `torch.vmap`, which your function does not allow. Avoid"
            " `.item()`, `if` on a tensor and selection by a mask; `torch.where`, `gather` and `one_hot` are fine."
            f" PyTorch says: {str(error).strip().splitlines()[0][:160]}"
        ) from None
    need(
        torch.allclose(alone, together),
        "for two batches at once it gives other values than one after the other. Does it keep something between calls?",
    )


def robust(answer, draw):
    """With 40 % wrong labels it beats cross-entropy by two points of accuracy; its accuracy in percent is the score."""
    own, others = accuracies(answer.loss)[0], family()[:, 0]
    gain = own - others[0]
    error = gain.std() / SEEDS**0.5
    table = leaderboard(own, others)
    need(
        gain.mean() >= GAIN and gain.mean() > 2 * error,
        f"{table}\nYour gain is {100 * gain.mean():.1f} ± {100 * error:.1f} points."
        f" {_guesses(own) or 'Which examples does your loss listen to that it should not trust?'}",
    )
    return Score(table, 100 * own.mean().item())


EARLY_PULL = (
    "Robust, but at a price. A fresh network gives every class a probability near one tenth: how hard does your loss"
    " pull there?"
)


def learns_from_clean(answer, draw):
    """With right labels it loses at most one point against cross-entropy."""
    own, others = accuracies(answer.loss)[1], family()[:, 1]
    table = leaderboard(own, others)
    need(
        own.mean() >= others[0].mean() - PRICE,
        f"{table}\n{_guesses(own) or EARLY_PULL}",
    )
    return table


def _guesses(own):
    """A remark on networks that learned next to nothing, or ""."""
    nothing = own.mean() < 0.3
    return (
        "Its networks do little better than guessing: has a gradient become NaN, or is a normaliser missing?"
        if nothing
        else ""
    )


def leaderboard(own, others):
    """Accuracies of the reader's loss and of the family, best first."""
    rows = {
        "your loss": own,
        **dict(zip(("cross-entropy", "comp-sum, τ = 1.7", "absolute error, τ = 2"), others, strict=True)),
    }
    ranked = sorted(rows.items(), key=lambda row: -row[1].mean())
    lines = [f"{name}: {100 * row.mean():.1f} %, worst network {100 * row.min():.1f} %" for name, row in ranked]
    return "\n".join(["Accuracy on clean test data, mean of five networks:", *lines])


@functools.cache
def confidence_gap(loss, epochs):
    """Mean confidence minus accuracy on the test set, after training on 200 digits."""
    data = digits(200)
    fitted = fit(network, loss, data, seeds=range(SEEDS), epochs=epochs, optimizer=adam, label="exercise")
    confidence = fitted.scores(data.x_test).softmax(-1).amax(-1).mean(-1)
    return (confidence - fitted.test_accuracy).mean().item()


def early_confidence(answer, draw):
    """What early stopping does to the confidence of squentropy."""
    early = confidence_gap(squentropy_loss, EARLY)
    measured = "about equal to accuracy" if abs(early) < ABOUT else "above accuracy" if early > 0 else "below accuracy"
    need(
        answer.squentropy_stopped_early == measured,
        f"five networks, trained on 200 digits for {EARLY} epochs, show something else. Squentropy keeps the wrong"
        " logits near zero: what must the true logit do before the softmax is confident, and has it had the time?",
    )
    rows = [
        f"{name} after {epochs} epochs: {100 * confidence_gap(loss, epochs):+.1f} points"
        for name, loss in [("squentropy", squentropy_loss), ("cross-entropy", cross_entropy)]
        for epochs in (EARLY, LATE)
    ]
    return "\n".join(["Mean confidence minus accuracy on the test set:", *rows])


def _of_the_loss(a_property):
    """A property of per-item losses, checked for the part `loss`."""

    @functools.wraps(a_property)
    def checked(answer, draw):
        return a_property(answer.loss, draw)

    return checked


ROBUST = Exercise(
    key="cross_entropy/5",
    title="A loss of your own, against wrong labels",
    minutes=45,
    form=Parts(
        loss=Function("my_loss(logits, target)"),
        squentropy_stopped_early=OneOf(
            "squentropy_stopped_early", "below accuracy", "about equal to accuracy", "above accuracy"
        ),
    ),
    properties=(
        *map(_of_the_loss, (one_value_per_item, inputs_stay_as_they_are, items_do_not_mix)),
        falls_towards_the_label,
        finite_gradient,
        trains_in_parallel,
        robust,
        learns_from_clean,
        early_confidence,
    ),
    seconds=300.0,
)
