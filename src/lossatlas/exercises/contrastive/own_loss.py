"""Exercise 5: a loss of one's own for two views, compared with NT-Xent on digits.

Nothing is compared with a known answer: networks are trained, and where they put the test images is measured.
"""

import functools

import torch

from ...losses.contrastive import decoupled_contrastive_loss, nt_xent
from ...measures import effective_rank, knn_accuracy
from ...training import chain, digits, fit_views, mlp, noise, rotate, shift, shuffled
from ..answers import Function
from ..arguments import need_tensor
from ..exercise import Exercise, Wrong, need
from ..probes import close, show
from ..result import Score

SEEDS, STEPS, BATCH = 5, 120, 32
GAIN = 0.02  # of accuracy over NT-Xent at its usual temperature of 0.5
DIRECTIONS = 4.0  # that the embeddings must at least spread over, of 16

network = functools.partial(mlp, 64, 64, 16)
adam = functools.partial(torch.optim.Adam, lr=3e-3)
views = chain(rotate(15), shift(1), noise(0.3))


def value_of(loss, a, b):
    """The value of a batch from a reader's loss; an error explains any other result."""
    value = loss(a, b)
    need_tensor(value)
    need(value.ndim == 0, f"it returned shape {tuple(value.shape)}. Return one number for the batch.")
    return value


def batch(draw, items=6):
    return tuple(torch.randn(items, 4, generator=draw.generator, dtype=torch.float64) for _ in range(2))


def one_number(loss, draw):
    """It gives one number with a finite gradient, also where views coincide."""
    a, b = batch(draw)
    for second in (b, a.clone()):
        leaf = a.clone().requires_grad_()
        value = value_of(loss, leaf, second)
        need(
            value.requires_grad,
            "the result does not depend on the embeddings as far as autograd can see. Look for `detach()`, `.item()` or"
            " NumPy.",
        )
        (gradient,) = torch.autograd.grad(value, leaf)
        need(
            gradient.isfinite().all(),
            "its gradient is not finite. Does a length or a distance of 0 meet a root or a division?",
        )


def order_does_not_count(loss, draw):
    """The order of the items does not matter."""
    a, b = batch(draw)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    one, other = value_of(loss, a, b), value_of(loss, a[order], b[order])
    need(
        close(one, other),
        f"with the items in another order the value goes from {show(one)} to {show(other)}. Is a view compared with its"
        " neighbour in the batch?",
    )


def likes_agreement(loss, draw):
    """Views that agree cost less than views that are exchanged between items."""
    a, b = batch(draw)
    near = a + 0.1 * b
    right, wrong = value_of(loss, a, near), value_of(loss, a, near.roll(1, 0))
    need(
        right < wrong,
        f"with each view near its partner your loss is {show(right)}, with partners exchanged {show(wrong)}. Is a sign"
        " flipped, or is the pairing not used?",
    )


def trains_in_parallel(loss, draw):
    """It can train several networks at once."""
    a, b = (x.view(2, 3, 4) for x in batch(draw))
    alone = torch.stack([value_of(loss, a[n], b[n]) for n in range(2)])
    try:
        together = torch.vmap(functools.partial(value_of, loss))(a, b)
    except (RuntimeError, ValueError) as error:
        raise Wrong(
            "the harness trains five networks as one with `torch.vmap`, which your function does not allow. Avoid"
            " `.item()`, `if` on a tensor and selection by a mask; `torch.where` and `masked_fill` are fine. PyTorch"
            f" says: {str(error).strip().splitlines()[0][:160]}"
        ) from None
    need(
        torch.allclose(alone, together),
        "for two batches at once it gives other values than one after the other. Does it keep something between calls?",
    )


@functools.lru_cache(maxsize=8)
def trained(loss):
    """(accuracy of the neighbours, effective number of directions) of each seed's test images."""
    data = digits(1000)
    fitted = fit_views(
        network,
        loss,
        data,
        views,
        seeds=range(SEEDS),
        steps=STEPS,
        batches=shuffled(BATCH),
        optimizer=adam,
        label="exercise",
    )
    train, test = fitted.outputs(data.x_train), fitted.outputs(data.x_test)
    return knn_accuracy(train, data.y_train, test, data.y_test), effective_rank(
        torch.nn.functional.normalize(test, dim=-1)
    )


RIVALS = {
    "NT-Xent, τ = 0.5": functools.partial(nt_xent, temperature=0.5),
    "NT-Xent, τ = 1": functools.partial(nt_xent, temperature=1.0),
    "decoupled, τ = 0.5": functools.partial(decoupled_contrastive_loss, temperature=0.5),
}


def board(loss):
    rows = {"your loss": trained(loss), **{name: trained(rival) for name, rival in RIVALS.items()}}
    ranked = sorted(rows.items(), key=lambda row: -row[1][0].mean())
    lines = [f"{name}: {100 * right.mean():.1f} %, over {rank.mean():.1f} directions" for name, (right, rank) in ranked]
    return "\n".join(["Neighbours of test images that are right, mean of five networks:", *lines])


def spread(loss, draw):
    """It does not collapse."""
    right, rank = trained(loss)
    need(
        not right.isnan().any() and rank.isfinite().all(),
        "training ended in NaN. What happens to your loss when two embeddings coincide, or get long?",
    )
    need(
        rank.mean() >= DIRECTIONS,
        f"{board(loss)}\nThe embeddings of the test images spread over {rank.mean():.1f} of 16 directions. What in your"
        " loss keeps different images apart?",
    )


def on_the_board(loss, draw):
    """It has a place on the leaderboard."""
    return Score(board(loss), 100 * trained(loss)[0].mean().item())


def beats(loss, draw):
    """Neighbours are right more often than with NT-Xent at a temperature of 0.5."""
    gain = trained(loss)[0] - trained(RIVALS["NT-Xent, τ = 0.5"])[0]
    error = gain.std() / SEEDS**0.5
    need(
        gain.mean() >= GAIN and gain.mean() > 2 * error,
        f"your gain is {100 * gain.mean():.1f} ± {100 * error:.1f} points; it counts from {100 * GAIN:g} points on, if"
        " it is more than twice what stands after ±. Which pairs carry your gradient late in training, and are they"
        " the ones that teach?",
    )


OWN_LOSS = Exercise(
    key="contrastive/5",
    title="A loss of your own for two views",
    minutes=45,
    form=Function("my_loss(view_a, view_b)"),
    properties=(one_number, order_does_not_count, likes_agreement, trains_in_parallel, spread, on_the_board, beats),
    seconds=300.0,
)
