"""What the questions of the quiz call right, computed again with the library; what tempts is computed to be wrong.

`NUMBERS` and `CHOICES` are by the name of a question: its value and those of its mistakes, and which options are right.
"""

import math

import torch

import lossatlas
from lossatlas import measures, on, signatures
from lossatlas.explore import relative_penalty

D = torch.float64


def row(*entries):
    return torch.tensor([entries], dtype=D)


def at(angle):
    return torch.tensor([math.cos(angle), math.sin(angle)], dtype=D)


def on_pairs(loss, s_p, s_n, **hyper):
    """Pulls on positives and pushes on negatives of one anchor with these similarities."""
    s_p, s_n = (torch.tensor([s], dtype=D, requires_grad=True) for s in (s_p, s_n))
    by_p, by_n = torch.autograd.grad(on(signatures.pairs, loss)(s_p, s_n, **hyper), (s_p, s_n))
    return -by_p[0], by_n[0]


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
            lossatlas.losses.contrastive.gaussian_neighbor_distribution(
                1 - s, sigma=w.item(), where=torch.ones_like(s, dtype=torch.bool)
            )
            - wanted
        )
        .abs()
        .max()
        for w in widths
    ]
    return widths[torch.stack(gaps).argmin()].item()


def level_at_the_right_end():
    picture = relative_penalty()
    end = float(picture.controls["temperature"].values[-1])
    s = torch.linspace(-0.9, 0.9, 13, dtype=D)
    share = lossatlas.losses.contrastive.contrastive_relative_penalty(s.unsqueeze(0), temperature=end)[0]
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
    change = [abs(m(flat) - m(cloud)) / abs(m(cloud)) for m in (measures.uniformity, measures.wasserstein_to_uniform)]
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
        others, total = x.detach() if keys_fixed else x, 0.0
        for start in range(0, 16, 4):
            own = slice(start, start + 4)
            keys = torch.cat([others[:start], x[own], others[start + 4 :]])
            where = torch.arange(start, start + 4)
            total = total + lossatlas.info_nce(x[own], b[own], keys, where, temperature=0.2, reduction="sum")
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
    gradient = torch.autograd.grad(
        lossatlas.decoupled_contrastive_loss(view_a, view_b, temperature=0.1, reduction="none")[0], view_a
    )[0]
    return [kept < 1e-4 and gradient[0].norm().item() > 1e-2, False, False, False]


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


#: The value of the question, and those of its mistakes where they are results of a wrong way.
NUMBERS = {
    "pull-of-the-positive": lambda: [pull_on_positive([0.3, 0.1], 0.5)],
    "ratio-of-the-pushes": lambda: [ratio_of_pushes(0.6, 0.4, 0.1), 0.6 / 0.4, ratio_of_pushes(0.6, 0.4, 1.0)],
    "uniformity-of-a-point": lambda: [lossatlas.uniformity_loss(torch.ones(8, 16, dtype=D)).item()],
    "untrained-with-a-bank": lambda: [against_a_bank(999), math.log10(1000), math.log2(1000)],
    "width-for-temperature": lambda: [width_for(0.32)],
}

#: Which options are right, in the order of the file, found by computing.
CHOICES = {
    "end-of-the-slider": level_at_the_right_end,
    "easy-anchor": pushes_without_pull,
    "loss-to-zero": zero_for_a_constant,
    "quiet-collapse": half_of_the_dimensions,
    "cures": cures,
    "loss-across-batch-sizes": sizes_of_the_question,
    "gathered-without-gradients": detached_keys,
    "half-precision": fits_half_precision,
    "nothing-but-itself": diagonal_left_in,
    "flat-near-the-positive": damped,
    "price-of-a-worst-case": best_temperature_by_radius,
}
