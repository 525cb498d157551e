"""Exercise 5: a loss of one's own for images of classes that nobody trained on; and a question about wrong labels.

Nothing is compared with a known answer: networks are trained, and what they retrieve is measured.
"""

import functools
from dataclasses import replace

import torch

from ...contract.pairwise import cosines
from ...contract.safe import unit
from ...losses.pair_metric_learning import circle_loss, contrastive_loss, multi_similarity_loss
from ...measures import recall_at_k
from ...training import digits_by_class, fit_embeddings, flip_labels, mlp, per_class, shadowed
from ..answers import Function, OneOf, Parts
from ..arguments import called, need_tensor
from ..exercise import Exercise, Wrong, need
from ..probes import show
from ..result import Score

SEEDS, STEPS = 6, 100
GAIN = 0.02  # of Recall@1 on unseen classes
NOISE = 0.3
CALL = "my_loss(s, positive, negative)"

adam = functools.partial(torch.optim.Adam, lr=2e-3)


def on_sphere(loss):
    """The loss of vectors at length 1, whose length the network may choose as it likes."""
    return lambda z, labels: loss(unit(z), labels)


@functools.cache
def images():
    return shadowed(digits_by_class(range(5), range(5, 10)))


@functools.cache
def mislabelled():
    """The same images, 30 % of the training labels wrong."""
    return replace(images(), y_train=flip_labels(images().y_train, NOISE, classes=5, seeds=[0])[0])


def recall(loss, data):
    """Recall@1 on the unseen classes after training, one number per seed."""
    network = functools.partial(mlp, 64, 16)
    fitted = fit_embeddings(
        network, loss, data, seeds=range(SEEDS), steps=STEPS, batches=per_class(5, 8), optimizer=adam, label="exercise"
    )
    return recall_at_k(fitted.outputs(data.x_test), data.y_test, k=1)


@functools.cache
def of_rivals():
    """What losses of the chapter reach, with the parameters they come with."""
    rivals = {
        "contrastive": on_sphere(contrastive_loss),
        "multi-similarity": multi_similarity_loss,
        "circle": circle_loss,
    }
    return {name: recall(loss, images()) for name, loss in rivals.items()}


def values(loss, s, positive, negative):
    """One value per anchor; an error explains any other result."""
    n = len(s)
    found = called(loss, s, positive, negative, order="s, positive, negative", shape=(n,))
    need_tensor(found)
    need(
        found.ndim != 0,
        f"it returned a single number for {n} anchors, a mean or a sum over them. Return one value per anchor, shape"
        f" {(n,)}.",
    )
    need(
        found.shape == (n,),
        f"for {n} anchors it returned shape {tuple(found.shape)}. Return one value per anchor, shape {(n,)}.",
    )
    return found


def gradients(loss, s, positive, negative):
    s = s.clone().requires_grad_()
    found = values(loss, s, positive, negative)
    need(found.requires_grad, "the result does not depend on the similarities as far as autograd can see.")
    return torch.autograd.grad(found.sum(), s)[0]


def sample(draw):
    """Similarities of 6 anchors with one another, and who belongs with whom."""
    z = torch.randn(6, 3, generator=draw.generator, dtype=torch.float64)
    labels = torch.tensor([0, 0, 1, 1, 1, 0])
    same = labels.unsqueeze(1) == labels
    return cosines(z, z), same & ~torch.eye(6, dtype=torch.bool), ~same


def one_value_per_anchor(answer, draw):
    """It gives one value per anchor."""
    values(answer.loss, *sample(draw))


def right_direction(answer, draw):
    """Nowhere does it push a positive away or draw a negative in."""
    s, positive, negative = sample(draw)
    found = gradients(answer.loss, s, positive, negative)
    need(
        (found[positive] <= 1e-9).all(),
        f"with similarities {show(s[0])} your loss rises with that of a positive. Is a sign flipped, or do positives"
        " compete with one another, as they do in one softmax over all pairs?",
    )
    need(
        (found[negative] >= -1e-9).all(),
        f"with similarities {show(s[0])} your loss falls with that of a negative. Is a sign flipped?",
    )
    itself = found.diagonal()
    need(itself.abs().max() < 1e-9, "the similarity of an anchor with itself counts. It is in neither mask.")


def finite_without_pairs(answer, draw):
    """Value and gradient are finite for an anchor without positives, or without negatives."""
    s, positive, negative = sample(draw)
    nothing = torch.zeros_like(positive)
    for masks in ((nothing, negative), (positive, nothing), (nothing, nothing)):
        names = " and no ".join(
            name for name, mask in zip(("positives", "negatives"), masks, strict=True) if mask is nothing
        )
        s_ = s.clone().requires_grad_()
        found = values(answer.loss, s_, *masks)
        need(
            found.isfinite().all(),
            f"with no {names} your loss is {show(found)}. Is a number divided by a count of 0, or a logarithm taken"
            " of 0?",
        )
        if found.requires_grad:
            (gradient,) = torch.autograd.grad(found.sum(), s_, allow_unused=True)
            need(
                gradient is None or gradient.isfinite().all(),
                f"with no {names} the gradient of your loss is not finite. Fill with a large number, not with"
                " infinity.",
            )


def trains_in_parallel(answer, draw):
    """It can train several networks at once."""
    several = [torch.stack(part) for part in zip(sample(draw), sample(draw), strict=True)]
    try:
        together = torch.vmap(functools.partial(values, answer.loss))(*several)
    except (RuntimeError, ValueError) as error:
        raise Wrong(
            "the harness trains its networks as one with `torch.vmap`, which your function does not allow. Avoid"
            " `.item()`, `if` on a tensor and selection by a mask, such as `s[positive]`; `torch.where` is fine."
            f" PyTorch says: {str(error).strip().splitlines()[0][:160]}"
        ) from None
    alone = torch.stack([values(answer.loss, *one) for one in zip(*several, strict=True)])
    need(torch.allclose(alone, together), "for two batches at once it gives other values than one after the other.")


@functools.lru_cache(maxsize=1)
def trained(loss):
    """Recall@1 with the reader's loss."""

    def of_batch(z, labels):
        same, itself = labels.unsqueeze(-1) == labels, torch.eye(len(labels), dtype=torch.bool)
        return values(loss, cosines(z, z), same & ~itself, ~same).mean()

    return recall(of_batch, images())


def on_the_board(answer, draw):
    """It has a place on the leaderboard."""
    own, others = trained(answer.loss), of_rivals()
    need(own.isfinite().all(), "training ended in numbers that are not finite.")
    ranked = sorted({"your loss": own, **others}.items(), key=lambda row: -row[1].mean())
    table = "\n".join(
        [
            f"Recall@1 on five unseen digits, mean of {SEEDS} networks:",
            *(f"{name}: {100 * row.mean():.1f} %" for name, row in ranked),
        ]
    )
    return Score(table, 100 * own.mean().item())


def beats_contrastive(answer, draw):
    """On unseen digits it retrieves better than contrastive loss, by two points."""
    gain = trained(answer.loss) - of_rivals()["contrastive"]
    error = gain.std() / SEEDS**0.5
    need(
        gain.mean() >= GAIN and gain.mean() > 2 * error,
        f"your gain on contrastive loss is {100 * gain.mean():.1f} ± {100 * error:.1f} points; it counts from"
        f" {100 * GAIN:g} points on, if it is more than twice what stands after ±. Which pairs does your loss still"
        " spend its gradient on, late in training?",
    )


@functools.cache
def fall(loss):
    """Points of recall that are lost when 30 % of the training labels are wrong."""
    return 100 * (recall(loss, images()) - recall(loss, mislabelled())).mean().item()


def wrong_labels(answer, draw):
    """What wrong labels do to a loss that looks for hard pairs."""
    hard, even = fall(circle_loss), fall(on_sphere(contrastive_loss))
    measured = "more" if hard > even + 1 else "less" if hard < even - 1 else "as much"
    need(
        answer.circle_loses == measured,
        f"{SEEDS} networks with each loss, trained with {NOISE:.0%} of the labels wrong, show something else. Among the"
        " positives of an anchor, which are the hard ones now?",
    )
    return f"Points of recall lost to wrong labels: circle loss {hard:.1f}, contrastive loss {even:.1f}."


OWN = Exercise(
    key="pair_metric_learning/5",
    title="A loss of your own, for classes nobody has seen",
    minutes=45,
    form=Parts(loss=Function(CALL), circle_loses=OneOf("circle_loses", "less", "as much", "more")),
    properties=(
        one_value_per_anchor,
        right_direction,
        finite_without_pairs,
        trains_in_parallel,
        on_the_board,
        beats_contrastive,
        wrong_labels,
    ),
    seconds=300.0,
)
