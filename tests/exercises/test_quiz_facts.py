"""What the questions call right is computed again with the library; what tempts is computed to be wrong."""

import math
from functools import partial

import pytest
import torch

import lossatlas
from lossatlas import measures, on, signatures
from lossatlas.evidence import AtLeast, Within
from lossatlas.exercises.quiz import quiz
from lossatlas.explore import relative_penalty

ZERO = torch.tensor([0])
D = torch.float64


def row(*entries):
    return torch.tensor([entries], dtype=D)


def slopes(loss, logits, target=ZERO, **hyper):
    logits = logits.clone().requires_grad_()
    return torch.autograd.grad(loss(logits, target, reduction="sum", **hyper), logits)[0]


def pull(loss, p, **hyper):
    """-p times the slope of the loss by the probability of the true class, of two."""
    p = torch.tensor(p, dtype=D, requires_grad=True)
    value = loss(torch.stack([p.log(), torch.log1p(-p)]).unsqueeze(0), ZERO, **hyper)
    return (-p * torch.autograd.grad(value, p)[0]).item()


def at(angle):
    return torch.tensor([math.cos(angle), math.sin(angle)], dtype=D)


def on_pairs(loss, s_p, s_n, **hyper):
    """Pulls on positives and pushes on negatives of one anchor with these similarities."""
    s_p, s_n = (torch.tensor([s], dtype=D, requires_grad=True) for s in (s_p, s_n))
    by_p, by_n = torch.autograd.grad(on(signatures.pairs, loss)(s_p, s_n, **hyper), (s_p, s_n))
    return -by_p[0], by_n[0]


# ---- Numbers: the value of the question, and those of its mistakes where they are results of a wrong way ----


def lowest_with_smoothing(alpha, classes):
    p = torch.linspace(0.5, 0.9999, 5000, dtype=D)
    logits = torch.stack([p.log(), *[((1 - p) / (classes - 1)).log()] * (classes - 1)], -1)
    values = lossatlas.cross_entropy(
        logits, torch.zeros(len(p), dtype=torch.long), label_smoothing=alpha, reduction="none"
    )
    return p[values.argmin()].item()


def last_push():
    """The similarity at which the contrastive loss of one positive on the anchor and one negative starts to be above 0."""
    s = torch.linspace(0.4, 0.6, 101, dtype=D)
    values = [
        lossatlas.contrastive_loss(
            at(0.0)[None], ZERO, torch.stack([at(0.0), at(math.acos(x))]), torch.tensor([0, 1])
        ).item()
        for x in s
    ]
    return s[next(n for n, value in enumerate(values) if value > 1e-9)].item()


def triplets_of(items, classes):
    labels = torch.arange(items) % classes
    return len(lossatlas.all_triplets(torch.randn(items, 2), labels)[0])


def triplet(d_ap, d_an, margin):
    x = [torch.tensor([[d, 0.0]], dtype=D) for d in (0.0, d_ap, -d_an)]
    return lossatlas.triplet_margin_loss(*x, margin=margin).item()


def circle_pace():
    pull_p, push_n = on_pairs("circle_loss", [0.9], [0.8], margin=0.25, gamma=16.0)
    return (push_n / pull_p).item()


def pull_on_positive(shares, temperature):
    """Of InfoNCE, where the negatives have these softmax shares."""
    s_n = [temperature * math.log(share / (1 - sum(shares))) for share in shares]
    return on_pairs("info_nce", [0.0], s_n, temperature=temperature)[0].item()


def ratio_of_pushes(first, second, temperature):
    push = on_pairs("info_nce", [0.5], [first, second], temperature=temperature)[1]
    return (push[0] / push[1]).item()


def against_a_bank(negatives):
    one = torch.ones(1, 4, dtype=D)
    return lossatlas.info_nce(one, one, one.expand(negatives, -1)).item()


def width_for(temperature):
    """The width whose Gaussian on the sphere is the softmax of similarities over this temperature."""
    s = torch.rand(1, 9, dtype=D)
    widths = torch.linspace(0.1, 1, 1801, dtype=D)
    wanted = (s / temperature).softmax(-1)
    gaps = [
        (
            lossatlas.gaussian_neighbor_distribution(1 - s, sigma=w.item(), where=torch.ones_like(s, dtype=torch.bool))
            - wanted
        )
        .abs()
        .max()
        for w in widths
    ]
    return widths[torch.stack(gaps).argmin()].item()


def slope_in_true_logit():
    p = 0.04
    return -slopes(lossatlas.generalized_cross_entropy, row(math.log(p), math.log(1 - p)), q=0.5)[0, 0].item()


def value_at(p):
    return lossatlas.generalized_cross_entropy(row(math.log(p), math.log(1 - p)), ZERO, q=0.5).item()


NUMBERS = {
    "cross_entropy/pull-of-a-lost-example": lambda: [
        pull(lossatlas.generalized_cross_entropy, 0.04, q=0.5), pull(lossatlas.cross_entropy, 0.04),
        pull(lossatlas.generalized_cross_entropy, 0.04, q=1.0), slope_in_true_logit(), value_at(0.04),
    ],
    "cross_entropy/smoothed-minimum": lambda: [lowest_with_smoothing(0.1, 5)],
    "cross_entropy/adversary-spread-out": lambda: [(row(1.5, 0.5, 0.0) / 1e6).softmax(-1).max().item(), (row(1.5, 0.5, 0.0) / 1e-6).softmax(-1).max().item()],
    "pair_metric_learning/where-the-push-ends": lambda: [last_push()],
    "pair_metric_learning/number-of-triplets": lambda: [triplets_of(24, 3)],
    "pair_metric_learning/semi-hard-price": lambda: [triplet(0.5, 0.6, 0.2)],
    "pair_metric_learning/soft-margin-settled": lambda: [lossatlas.soft_margin_triplet_loss(torch.zeros(6, 2, dtype=D), torch.arange(6) % 2).item()],
    "pair_metric_learning/pace-of-the-circle": lambda: [circle_pace()],
    "contrastive/pull-of-the-positive": lambda: [pull_on_positive([0.3, 0.1], 0.5)],
    "contrastive/ratio-of-the-pushes": lambda: [ratio_of_pushes(0.6, 0.4, 0.1), 0.6 / 0.4, ratio_of_pushes(0.6, 0.4, 1.0)],
    "contrastive/uniformity-of-a-point": lambda: [lossatlas.uniformity_loss(torch.ones(8, 16, dtype=D)).item()],
    "contrastive/untrained-with-a-bank": lambda: [against_a_bank(999), math.log10(1000), math.log2(1000)],
    "contrastive/width-for-temperature": lambda: [width_for(0.32)],
}  # fmt: skip


# ---- Choices: which options are right, in the order of the file, found by computing ----


def harder_than_cross_entropy():
    asked = [
        partial(lossatlas.focal_loss, gamma=2.0), lossatlas.encouraging_loss, lossatlas.generalized_cross_entropy,
        partial(lossatlas.poly1_cross_entropy, epsilon=2.0), partial(lossatlas.poly1_cross_entropy, epsilon=-1.0),
    ]  # fmt: skip
    return [pull(loss, 0.7) > pull(lossatlas.cross_entropy, 0.7) + 0.05 for loss in asked]


def same_direction():
    """Only lengths differ among gradients of losses of the true probability."""
    logits = torch.randn(1, 5, dtype=D, generator=torch.Generator().manual_seed(0))
    found = [
        slopes(loss, logits) for loss in (lossatlas.cross_entropy, lossatlas.focal_loss, lossatlas.encouraging_loss)
    ]
    directions = torch.cat([torch.nn.functional.normalize(g, dim=1) for g in found])
    lengths = torch.cat(found).norm(dim=1)
    same = bool((directions - directions[0]).abs().max() < 1e-9)
    differ = bool((lengths - lengths[0]).abs().max() > 1e-2)
    return [not same and not differ, same and differ, not same and differ, same and not differ]


def floor_of_double_softmax():
    best = lossatlas.cross_entropy((1e3 * torch.eye(10, dtype=D)).softmax(-1), torch.arange(10)).item()
    return [False, False, round(best, 2) == 1.46, False]


def shift_is_seen_by_z_loss_alone():
    logits = torch.randn(3, 5, dtype=D)
    target = torch.tensor([0, 1, 2])
    unseen = torch.allclose(lossatlas.cross_entropy(logits + 5, target), lossatlas.cross_entropy(logits, target))
    seen = not torch.isclose(lossatlas.logit_z_loss(logits + 5, target), lossatlas.logit_z_loss(logits, target))
    return [unseen and seen, not (unseen and seen)]


def small_lambda_is_a_hinge():
    lead = torch.linspace(-3, 3, 121, dtype=D)
    logits = torch.stack([lead, torch.zeros_like(lead), torch.full_like(lead, -0.8)], -1)
    y = lossatlas.ldr_kl_loss(logits, torch.zeros(121, dtype=torch.long), lam=0.05, margin=0.5, reduction="none")
    slope = y.diff() / lead.diff()
    hinge = bool((slope[:60] + 1).abs().max() < 0.02 and slope[80:].abs().max() < 0.02)
    return [False, False, hinge, False]


def constant_apart():
    logits, target = torch.randn(6, 7, dtype=D), torch.arange(6)
    gap = lossatlas.cross_entropy(logits, target, reduction="none") - lossatlas.ldr_kl_loss(
        logits, target, lam=1.0, margin=0.0, reduction="none"
    )
    return [bool((gap - math.log(7)).abs().max() < 1e-12), False, bool(gap.abs().max() < 1e-6), False]


def unseen_by_z_loss():
    logits = torch.randn(1, 6, dtype=D, generator=torch.Generator().manual_seed(1))
    true = torch.nn.functional.one_hot(ZERO, 6)
    changed = [logits + 3, -logits, logits + 3 * true, 2 * logits]
    here = lossatlas.spherical_z_loss(logits, ZERO)
    return [bool(torch.isclose(lossatlas.spherical_z_loss(new, ZERO), here)) for new in changed]


def saturated():
    logits = row(0.0, 8.0)
    one, two = (
        slopes(loss, logits)[0, 1].abs().item() for loss in (lossatlas.cross_entropy, lossatlas.softmax_regression_loss)
    )
    assert one > 0.999 and two < 0.001
    return [one < 0.1 and two < 0.1, one > 0.99 and two < 0.01, two > one, 0.3 < two / one < 3]


def functions_of_three_sums():
    """Two rows with the same sum, sum of squares and true logit: does the loss tell them apart?"""
    wrong = torch.tensor([1.0, -2.0, 0.5], dtype=D)
    centre, axis = wrong.mean(), torch.ones(3, dtype=D) / 3**0.5
    a = wrong - centre
    turned = a * math.cos(1.0) + torch.linalg.cross(axis, a) * math.sin(1.0) + centre  # about the line of equal entries
    rows = torch.stack([torch.cat([row(0.7)[0], w]) for w in (wrong, turned)])
    assert torch.allclose(rows.sum(1), rows.sum(1)[:1]) and torch.allclose(
        rows.square().sum(1), rows.square().sum(1)[:1]
    )
    losses = [
        lossatlas.spherical_z_loss, lossatlas.cross_entropy, lossatlas.taylor_softmax_loss, lossatlas.crammer_singer_hinge, lossatlas.rescaled_square_loss,
    ]  # fmt: skip
    values = [loss(rows, torch.tensor([0, 0]), reduction="none") for loss in losses]
    return [bool((v[0] - v[1]).abs() < 1e-9) for v in values]


def far_away():
    p = lossatlas.harmax(
        torch.tensor([[1e7, 3e6]], dtype=D), torch.tensor([[0.0, 1.0], [-1.0, -0.6], [1.0, -0.6]], dtype=D), n=4.0
    )[0, 0].item()
    return [p > 0.9, p < 0.1, abs(p - 1 / 3) < 1e-4, False]


def single_precision():
    logits = torch.tensor([[0.0, 110.0]])
    naive, stable = -logits.softmax(-1)[0, 0].log(), lossatlas.cross_entropy(logits, ZERO)
    finite = bool(torch.tensor([[1e30, 0.0]]).softmax(-1).isfinite().all())
    return [not finite, bool(naive.isinf() and stable == 110), False, False]


def below_zero():
    logits = 6 * torch.randn(400, 5, dtype=D, generator=torch.Generator().manual_seed(2))
    target = logits.argmax(-1)
    losses = [
        lossatlas.cross_entropy,
        lossatlas.encouraging_loss,
        lossatlas.crammer_singer_hinge,
        lossatlas.ldr_kl_loss,
        lossatlas.spherical_z_loss,
    ]
    return [bool(loss(logits, target, reduction="none").min() < -0.8) for loss in losses]


def fading():
    """Slope of both losses just inside the end of the push, against deep inside."""

    def slope(loss, d, **hyper):
        x = torch.tensor([[d, 0.0]], dtype=D, requires_grad=True)
        gallery = torch.tensor([[0.0, 0.0]], dtype=D)
        return torch.autograd.grad(loss(x, ZERO, gallery, torch.tensor([1]), **hyper), x)[0][0, 0].item()

    springs = slope(lossatlas.contrastive_loss, 0.98) / slope(lossatlas.contrastive_loss, 0.5)
    hinges = slope(lossatlas.margin_loss, 0.98) / slope(lossatlas.margin_loss, 0.5)
    said = springs < 0.1 and abs(hinges - 1) < 1e-9
    return [said, not said]


def signal_to_noise():
    anchor, noise = (torch.randn(1, 6, dtype=D, generator=torch.Generator().manual_seed(n)) for n in (3, 4))
    other = anchor + noise
    cases = [(anchor, other + 2), (other, anchor), (2 * anchor, 2 * other), (2 * anchor, 2 * anchor + noise)]
    here = lossatlas.snr_distance(anchor, other)
    return [bool(torch.isclose(lossatlas.snr_distance(a, b), here).all()) for a, b in cases]


def crushed():
    """The positive part of contrastive loss is lowest, at zero, for a class at one point, and above it for a ball."""
    labels = torch.zeros(5, dtype=torch.long)
    ball = torch.randn(5, 3, dtype=D, generator=torch.Generator().manual_seed(5))
    point = lossatlas.contrastive_loss(torch.zeros(5, 3, dtype=D), labels).item()
    return [lossatlas.contrastive_loss(0.1 * ball, labels).item() == 0, point == 0, False, False]


def hardest_by_batch():
    """The points of the figure *Which triplets a miner takes*."""

    def mean_loss(items):
        labels = torch.arange(items) % 3
        centre = torch.tensor([[0.0, 1.0], [-0.9, -0.6], [0.9, -0.6]], dtype=D)[labels]
        x = centre + 0.55 * torch.randn(items, 2, dtype=D, generator=torch.Generator().manual_seed(3))
        a, p, n = lossatlas.hard_triplets(x, labels)
        return lossatlas.triplet_margin_loss(x[a], x[p], x[n], margin=0.5).item()

    change = mean_loss(48) - mean_loss(12)
    return [change < -0.05, abs(change) <= 0.05, change > 0.05]


def collapsed():
    labels = torch.arange(12) % 3
    point = lossatlas.batch_hard_triplet_loss(torch.zeros(12, 4, dtype=D), labels, margin=0.2).item()
    apart = lossatlas.batch_hard_triplet_loss(10 * torch.eye(3, 4, dtype=D)[labels], labels, margin=0.2).item()
    return [apart == pytest.approx(0.2), point == pytest.approx(0.2), False, False]


def noticed_by_positives():
    before, after = [0.7, 0.3, 0.0], [0.8, 0.3, 0.0]
    asked = [
        ("contrastive_loss", {}), ("multi_similarity_loss", {"base": 0.5}), ("lifted_structure_loss", {}), ("nca_loss", {}),
    ]  # fmt: skip
    found = []
    for name, hyper in asked:
        s_p = torch.tensor([[0.8, 0.5]], dtype=D)
        weights = [
            lossatlas.general_pair_weights(name, s_p, torch.tensor([s_n], dtype=D), **hyper)[0]
            for s_n in (before, after)
        ]
        found.append(bool((weights[0] - weights[1]).abs().max() > 1e-4))
    return found


def wrong_way_round():
    """The colleague's loss of fresh embeddings, and the same with the difference turned round."""
    labels = torch.arange(30) % 3
    z = torch.nn.functional.normalize(torch.randn(30, 8, dtype=D, generator=torch.Generator().manual_seed(6)), dim=1)
    same, itself = labels.unsqueeze(1) == labels, torch.eye(30, dtype=torch.bool)
    hardest_positive = (z @ z.T).masked_fill(~(same & ~itself), 2.0).min(1).values
    hardest_negative = (z @ z.T).masked_fill(same, -2.0).max(1).values
    theirs, turned = ((sign * (hardest_positive - hardest_negative) + 0.2).clamp(min=0) for sign in (1, -1))
    assert bool((hardest_positive <= 1).all() and (hardest_negative >= -1).all())  # no filled entry has won
    return [False, False, bool(theirs.max() == 0 and turned.min() > 0), False]


def confusion():
    x = torch.randn(12, 2, dtype=D, generator=torch.Generator().manual_seed(7)).requires_grad_()
    labels = torch.arange(12) % 2
    step = -torch.autograd.grad(lossatlas.energy_confusion_regularizer(x, labels), x)[0]
    x = x.detach()
    other = x[labels == 1].mean(0) - x[labels == 0]
    along = torch.cosine_similarity(step[labels == 0], other).min().item()
    return [False, along > 1 - 1e-9, False, False]


def needles():
    def apart(distance, thin):
        turn = torch.tensor([[math.cos(0.17), -math.sin(0.17)], [math.sin(0.17), math.cos(0.17)]], dtype=D)
        a = torch.diag(torch.tensor([1.0, thin], dtype=D))
        return float(distance(a, turn @ a @ turn.T))

    kinds = [lossatlas.bures_wasserstein_distance, lambda a, b: (a - b).norm(), lossatlas.affine_invariant_distance]
    return [apart(d, 1e-8) > 1.5 * apart(d, 1e-4) for d in kinds]


def level_at_the_right_end():
    picture = relative_penalty()
    end = float(picture.controls["temperature"].values[-1])
    s = torch.linspace(-0.9, 0.9, 13, dtype=D)
    share = lossatlas.contrastive_relative_penalty(s.unsqueeze(0), temperature=end)[0]
    alike = share.max() / share.min() < 3
    return [bool(share.max() > 0.5), bool(alike), bool(torch.allclose(share, s / s.sum())), bool(share.sum() < 0.5)]


def pushes_without_pull():
    pull_p, push_n = on_pairs("info_nce", [0.9], [-0.9, -0.5], temperature=0.07)
    said = pull_p.item() < 1e-6 < push_n.sum().item()
    return [said, not said]


def zero_for_a_constant():
    x = torch.ones(6, 4, dtype=D)
    return [False, lossatlas.alignment_loss(x, x).item() == 0, False, False]


def half_of_the_dimensions():
    cloud = torch.randn(1000, 64, dtype=D, generator=torch.Generator().manual_seed(0))
    flat = torch.cat([cloud[:, :32], torch.zeros(1000, 32, dtype=D)], 1)
    change = [abs(m(flat) - m(cloud)) / abs(m(cloud)) for m in (measures.uniformity, measures.wasserstein_uniformity)]
    return [bool(change[0] > change[1]), bool(change[1] > 10 * change[0]), False]


def directions_gained(term, steps, lr):
    """Growth of the effective rank when alignment and a term train a linear map that starts out rather flat."""
    drawn = torch.Generator().manual_seed(0)
    x, weight = (torch.randn(n, 6, dtype=D, generator=drawn) for n in (64, 6))
    weight = (torch.outer(torch.ones(6, dtype=D), weight[0]) + 0.3 * weight).requires_grad_()
    ranks, optimizer = [], torch.optim.Adam([weight], lr=lr)
    for step in range(steps + 1):
        if step in (0, steps):
            ranks.append(measures.effective_rank(torch.nn.functional.normalize(x @ weight.detach().T, dim=1)).item())
        views = [(x + 0.5 * torch.randn(64, 6, dtype=D, generator=drawn)) @ weight.T for _ in range(2)]
        optimizer.zero_grad()
        (lossatlas.alignment_loss(*views) + term(*views)).backward()
        optimizer.step()
    return ranks[1] - ranks[0]


def cures():
    terms = [
        (lambda a, b: lossatlas.uniformity_loss(a) + lossatlas.uniformity_loss(b), 80, 0.05),
        (lambda a, b: 10 * lossatlas.alignment_loss(a, b), 80, 0.05),
        (lambda a, b: lossatlas.cross_correlation_loss(a, b, lam=0.05), 80, 0.05),
        (lambda a, b: lossatlas.nt_xent(a, b, temperature=0.3), 80, 0.05),
        (lambda a, b: 0.0 * a.sum(), 160, 0.005),
    ]
    return [directions_gained(*term) > 0.8 for term in terms]


def sizes_of_the_question():
    """For the same kind of vectors the loss grows with the batch, so it cannot compare batches."""
    small, large = (
        lossatlas.nt_xent(*torch.randn(2, n, 32, dtype=D, generator=torch.Generator().manual_seed(8))).item()
        for n in (64, 512)
    )
    return [False, False, large > small + 1.5]


def detached_keys():
    """A quarter of the batch with the other keys held fixed, summed over four machines, against the whole."""
    a, b = torch.randn(2, 16, 8, dtype=D, generator=torch.Generator().manual_seed(9))

    def loss(keys_fixed):
        x = a.clone().requires_grad_()
        total = sum(
            lossatlas.info_nce(x[p], b[p], torch.cat([(x.detach() if keys_fixed else x)[:p.start], x[p], (x.detach() if keys_fixed else x)[p.stop:]]), torch.arange(p.start, p.stop), temperature=0.2, reduction="sum")
            for p in (slice(n, n + 4) for n in range(0, 16, 4))
        )  # fmt: skip
        return total.item(), torch.autograd.grad(total, x)[0].norm().item()

    (value, length), (fixed_value, fixed_length) = loss(False), loss(True)
    same = abs(value - fixed_value) < 1e-9
    return [not same, False, same and fixed_length == length, same and fixed_length < length]


def fits_half_precision():
    fits = bool(torch.tensor(math.exp(1 / 0.07)).half().isfinite())
    return [fits, not fits]


def diagonal_left_in():
    """Even a perfect pair of views costs more with the diagonal left in, the more so at a small temperature."""
    v = torch.nn.functional.normalize(
        torch.randn(2, 8, 16, dtype=D, generator=torch.Generator().manual_seed(10)), dim=-1
    )
    z = torch.cat([v[0], torch.nn.functional.normalize(v[0] + 0.2 * v[1], dim=-1)])
    partner = torch.arange(16).roll(8)

    def cost(temperature, masked):
        logits = z @ z.T / temperature
        logits = logits.masked_fill(torch.eye(16, dtype=torch.bool), -torch.inf) if masked else logits
        return torch.nn.functional.cross_entropy(logits, partner).item()

    tight = [cost(t, False) for t in (0.1, 0.001)]
    return [False, tight[1] > tight[0] > cost(0.1, True) and cost(0.001, True) < 1e-3, False, False]


def damped():
    """Force on the positive near it: gone for InfoNCE, there without the positive in the denominator."""
    kept = on_pairs("info_nce", [0.99], [-0.5, -0.9], temperature=0.1)[0].item()
    angles = [0.0, 0.02, 2.0, 4.0]
    view_a, view_b = (
        torch.stack([at(angles[0]), at(angles[2])]).requires_grad_(),
        torch.stack([at(angles[1]), at(angles[3])]),
    )
    slope = torch.autograd.grad(
        lossatlas.decoupled_contrastive_loss(view_a, view_b, temperature=0.1, reduction="none")[0], view_a
    )[0]
    return [kept < 1e-4 and slope[0].norm().item() > 1e-2, False, False, False]


def best_temperature_by_radius():
    gaps = torch.tensor([[0.3, -0.2, 0.1, -0.6]], dtype=D)
    robust = on(signatures.pairs, lossatlas.robust_global_contrastive_loss)
    taus = torch.logspace(-1.6, 0.5, 80, dtype=D)

    def best(rho):
        return taus[
            torch.stack([robust(row(0.4), 0.4 + gaps, temperature=t.item(), rho=rho) for t in taus]).argmin()
        ].item()

    found = [best(rho) for rho in (0.1, 0.5, 1.0)]
    return [found[0] < found[1] < found[2], found[0] > found[1] > found[2], found[0] == found[2]]


CHOICES = {
    "cross_entropy/what-the-bracket-says": same_direction,
    "cross_entropy/who-still-pulls": harder_than_cross_entropy,
    "cross_entropy/softmax-twice": floor_of_double_softmax,
    "cross_entropy/shift-of-the-logits": shift_is_seen_by_z_loss_alone,
    "cross_entropy/small-lambda": small_lambda_is_a_hinge,
    "cross_entropy/cross-entropy-in-disguise": constant_apart,
    "cross_entropy/what-the-z-loss-ignores": unseen_by_z_loss,
    "cross_entropy/wrong-and-saturated": saturated,
    "cross_entropy/cheap-with-many-classes": functions_of_three_sums,
    "cross_entropy/far-from-all-prototypes": far_away,
    "cross_entropy/log-of-softmax": single_precision,
    "cross_entropy/negative-loss": below_zero,
    "cross_entropy/inconclusive": lambda: [
        False,
        AtLeast(0).judge(-1.0, 1.0) == "inconclusive",
        False,
        AtLeast(0).judge(-2.0, -1.0) == "inconclusive",
    ],
    "pair_metric_learning/fading-force": fading,
    "pair_metric_learning/signal-to-noise": signal_to_noise,
    "pair_metric_learning/a-class-with-variety": crushed,
    "pair_metric_learning/hardest-in-a-large-batch": hardest_by_batch,
    "pair_metric_learning/settled-at-the-margin": collapsed,
    "pair_metric_learning/who-notices": noticed_by_positives,
    "pair_metric_learning/similarity-for-distance": wrong_way_round,
    "pair_metric_learning/where-confusion-pulls": confusion,
    "pair_metric_learning/flat-ellipses": needles,
    "pair_metric_learning/within-one-point": lambda: [
        Within(1).judge(2.1, 3.4) == word for word in ("supported", "not supported", "inconclusive")
    ],
    "contrastive/end-of-the-slider": level_at_the_right_end,
    "contrastive/easy-anchor": pushes_without_pull,
    "contrastive/loss-to-zero": zero_for_a_constant,
    "contrastive/quiet-collapse": half_of_the_dimensions,
    "contrastive/cures": cures,
    "contrastive/loss-across-batch-sizes": sizes_of_the_question,
    "contrastive/gathered-without-gradients": detached_keys,
    "contrastive/half-precision": fits_half_precision,
    "contrastive/nothing-but-itself": diagonal_left_in,
    "contrastive/flat-near-the-positive": damped,
    "contrastive/price-of-a-worst-case": best_temperature_by_radius,
}

QUESTIONS = {
    f"{family}/{q.name}": q
    for family in ("cross_entropy", "pair_metric_learning", "contrastive")
    for q in quiz(family).questions
}


@pytest.mark.parametrize("name", NUMBERS)
def test_number_is_what_the_library_computes(name):
    question, found = QUESTIONS[name], NUMBERS[name]()
    told = [question.value, *(mistake.value for mistake in question.mistakes)]
    for computed, value in zip(found, told, strict=False):
        assert computed == pytest.approx(value, abs=question.tolerance)


@pytest.mark.parametrize("name", CHOICES)
def test_right_options_are_those_that_hold(name):
    assert [option.right for option in QUESTIONS[name].options] == CHOICES[name]()


def test_nothing_is_left_unchecked():
    """Only pairs of a situation and a loss, which are advice, have no computation behind them."""
    advice = {name for name, question in QUESTIONS.items() if question.kind == "match"}
    assert set(NUMBERS) == {name for name, question in QUESTIONS.items() if question.kind == "number"}
    assert set(NUMBERS) | set(CHOICES) | advice == set(QUESTIONS)
