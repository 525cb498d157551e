"""What papers say of the core of contrastive learning: limits, gradients, identities, states."""

import math

import pytest
import torch
from tests.contract.cases import Case, tracked
from tests.contract.test_errors import refused
from tests.references.exact import exact_of

import lossatlas as la
from lossatlas.contract.pairwise import cosine, cosines
from lossatlas.signatures import embeddings, pairs, points, queries, views

F64 = torch.float64


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def of(values):
    return torch.tensor(values, dtype=F64)


def gradient_of(value, *leaves):
    return torch.autograd.grad(value, leaves)


def close(got, wanted, rtol=1e-10, atol=1e-12):
    torch.testing.assert_close(
        torch.as_tensor(got, dtype=F64), torch.as_tensor(wanted, dtype=F64), rtol=rtol, atol=atol
    )


# Low precision and low temperatures, where a softmax with a floor is silently wrong.

SHARP = [la.info_nce, la.nt_xent, la.clip_loss, la.decoupled_contrastive_loss, la.debiased_contrastive_loss]
SHARP += [la.hard_negative_contrastive_loss, la.hard_contrastive_loss, la.global_contrastive_loss, la.siglip_loss]


def compared_with_75_digits(loss, inputs, temperature, dtype):
    """(value, gradients) of the loss in this dtype, and of the naive loop with 75 digits at the very same numbers."""
    case = Case(la.get(loss), {"temperature": temperature})
    exact = exact_of(
        case, {name: value.double() if value.is_floating_point() else value for name, value in inputs.items()}
    )
    leaves = tracked(inputs, case.signature.inputs.floating)
    items = case.each(leaves)
    items.sum().backward()
    return items.detach(), {n: leaves[n].grad for n in case.signature.inputs.floating}, exact


@pytest.mark.parametrize("loss", SHARP, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_at_temperature_007(loss, dtype):
    inputs = la.get(loss).signature.sample(4, dtype=dtype, N=2, M=5, D=3)
    items, gradients, exact = compared_with_75_digits(loss, inputs, 0.07, dtype)
    unit = torch.finfo(dtype).eps
    torch.testing.assert_close(items.double(), exact.items, rtol=unit, atol=unit * 1e-2)
    for name, found in gradients.items():
        wanted = exact.low[name]
        assert (found.double() - wanted).norm() <= 2 * unit * wanted.norm(), name


@pytest.mark.parametrize("loss", SHARP, ids=lambda loss: loss.__name__)
def test_double_precision_at_temperature_0001(loss):
    inputs = la.get(loss).signature.sample(5, N=2, M=4, D=3)
    items, gradients, exact = compared_with_75_digits(loss, inputs, 1e-3, F64)
    torch.testing.assert_close(items, exact.items, rtol=1e-12, atol=1e-10)
    for name, found in gradients.items():
        wanted = exact.low[name]
        assert (found - wanted).norm() <= 1e-10 * wanted.norm() + 1e-10, name


# Understanding the behaviour of contrastive loss.

NEGATIVES, POSITIVE = of([[0.9, 0.5, 0.0, -0.5]]), of([[0.8]])
INFO_NCE = la.on(pairs, la.info_nce)


@pytest.mark.parametrize("temperature", [0.01, 0.3, 2.0])
def test_identical_embeddings_give_the_logarithm_of_all_others(temperature):
    same = of([1.0, 2.0, -1.0]).expand(4, 3)
    close(la.nt_xent(same, same, temperature=temperature), math.log(7))
    close(la.nt_xent(same, same), 1.9459101490553132)


@pytest.mark.parametrize(("temperature", "value"), [(0.07, 1.6460607461), (0.3, 1.0459493010), (1.0, 1.2719631443)])
def test_the_papers_example(temperature, value):
    close(INFO_NCE(POSITIVE, NEGATIVES, temperature=temperature), value, atol=6e-11)


def test_pull_equals_push_and_the_penalties_are_their_shares():
    for temperature in (0.07, 0.3, 1.0):
        leaves = POSITIVE.clone().requires_grad_(), NEGATIVES.clone().requires_grad_()
        at_positive, at_negative = gradient_of(INFO_NCE(*leaves, temperature=temperature), *leaves)
        close(-at_positive.sum(), at_negative.sum())
        penalty = la.losses.contrastive.contrastive_relative_penalty(NEGATIVES, temperature=temperature)
        close(at_negative / -at_positive, penalty)
        close(penalty.sum(), 1.0)
        assert penalty.argsort().equal(NEGATIVES.argsort())
    close(
        la.losses.contrastive.contrastive_relative_penalty(NEGATIVES)[0],
        of([0.99670975, 0.00328765, 2.599e-6, 2.05e-9]),
        atol=6e-9,
    )


def test_low_temperatures_leave_the_hardest_negative_and_high_ones_a_plain_mean():
    close(1e-4 * INFO_NCE(POSITIVE, NEGATIVES, temperature=1e-4), 0.1)
    close(1e-4 * INFO_NCE(of([[0.95]]), NEGATIVES, temperature=1e-4), 0.0)
    tau, n = 1e4, NEGATIVES.shape[1]
    level = math.log(n + 1) + (-POSITIVE.sum() + (NEGATIVES.sum() + POSITIVE.sum()) / (n + 1)) / tau
    close(INFO_NCE(POSITIVE, NEGATIVES, temperature=tau), level, atol=1e-8)


def test_the_hard_loss_keeps_the_nearest_negatives():
    hard = la.on(pairs, la.hard_contrastive_loss)
    for alpha, kept in ((0.1, 1), (0.25, 1), (0.26, 2), (0.5, 2), (0.75, 3), (1.0, 4)):
        close(hard(POSITIVE, NEGATIVES, alpha=alpha), INFO_NCE(POSITIVE, NEGATIVES[:, :kept], temperature=0.5))
    ties = of([[0.5, 0.5, 0.5, 0.1]])
    close(hard(POSITIVE, ties, alpha=0.5), INFO_NCE(POSITIVE, ties[:, :2], temperature=0.5))


@pytest.mark.parametrize("alpha", [0.07, 0.29, 0.57, 0.58])
def test_rounding_adds_no_negative(alpha):
    """0.29 * 100 and its like come out a little beside the whole number that they are."""
    hard, row = la.on(pairs, la.hard_contrastive_loss), torch.linspace(-1, 1, 100, dtype=F64).flip(0).unsqueeze(0)
    for dtype in (F64, torch.float32):
        wanted = INFO_NCE(POSITIVE, row[:, : round(100 * alpha)], temperature=0.5)
        close(hard(POSITIVE.to(dtype), row.to(dtype), alpha=alpha), wanted, rtol=1e-6)


def test_the_simple_loss_pushes_all_alike():
    leaf = NEGATIVES.clone().requires_grad_()
    value = la.on(pairs, la.simple_contrastive_loss)(POSITIVE, leaf, lam=0.5)
    close(value.detach(), -0.8 + 0.5 * 0.9)
    close(gradient_of(value, leaf)[0], 0.5 * torch.ones_like(leaf))


# CLIP, DCL, debiased, hard.


def test_clip_is_cross_entropy_both_ways():
    a, b = normal(6, 4), normal(6, 4, seed=1)
    scores, each = cosines(a, b) / 0.07, torch.arange(6)
    wanted = (torch.nn.functional.cross_entropy(scores, each) + torch.nn.functional.cross_entropy(scores.mT, each)) / 2
    close(la.clip_loss(a, b), wanted)


def test_decoupled_is_the_negative_log_likelihood_without_the_positive():
    a, b = normal(5, 4), normal(5, 4, seed=1)
    x, scores = torch.cat([a, b]), None
    scores = (cosines(x, x) / 0.1).masked_fill(torch.eye(5, dtype=torch.bool).repeat(2, 2), -torch.inf)
    wanted = (scores.logsumexp(-1) - cosine(a, b).repeat(2) / 0.1).mean()
    close(la.decoupled_contrastive_loss(a, b), wanted)
    positive, negative = POSITIVE.clone().requires_grad_(), NEGATIVES
    value = la.on(pairs, la.decoupled_contrastive_loss)(positive, negative, temperature=0.25)
    close(gradient_of(value, positive)[0], -4.0 * torch.ones(1, 1))


def official_hard(a, b, temperature, prior, beta):
    """The formula with plain exponentials, as published: right at mild temperatures."""
    x, n = torch.nn.functional.normalize(torch.cat([a, b])), len(a)
    keep = ~torch.eye(n, dtype=torch.bool).repeat(2, 2)
    negative = (x @ x.mT / temperature).exp()[keep].reshape(2 * n, -1)
    positive = (cosine(a, b) / temperature).exp().repeat(2)
    importance = negative**beta
    weighed = (importance * negative).sum(-1) / importance.mean(-1)
    count = 2 * n - 2
    found = ((weighed - prior * count * positive) / (1 - prior)).clamp(min=count * math.exp(-1 / temperature))
    return -(positive / (positive + found)).log().mean()


@pytest.mark.parametrize(
    ("temperature", "prior", "beta"), [(0.5, 0.1, 1.0), (0.5, 0.0, 2.0), (0.2, 0.3, 0.5), (1.0, 0.6, 0.0)]
)
def test_hard_and_debiased_are_the_published_formulas(temperature, prior, beta):
    a, b = normal(6, 4), normal(6, 4) + 0.5 * normal(6, 4, seed=1)
    settings = {"temperature": temperature, "positive_prior": prior}
    close(
        la.hard_negative_contrastive_loss(a, b, concentration=beta, **settings),
        official_hard(a, b, temperature, prior, beta),
    )
    close(la.debiased_contrastive_loss(a, b, **settings), official_hard(a, b, temperature, prior, 0.0))


def test_where_the_correction_eats_all_negatives_the_least_is_left():
    value = la.on(pairs, la.debiased_contrastive_loss)(
        of([[1.0]]), of([[-0.5, -0.6]]), positive_prior=0.5, temperature=0.5
    )
    close(value, math.log1p(2 * math.exp(-4.0)))


def test_an_anchor_without_a_positive_gives_zero_in_a_softmax():
    x, labels = normal(5, 3), torch.tensor([0, 0, 1, 2, 2])
    items = la.on(embeddings, la.nt_xent)(x.requires_grad_(), labels, reduction="none")
    assert items[2] == 0 and (items[[0, 1, 3, 4]] > 0).all()
    assert gradient_of(items.sum(), x)[0].isfinite().all()


# SigLIP: each pair once.


def test_siglip_is_the_sum_over_pairs_divided_by_their_items():
    a, b = normal(6, 4), normal(6, 4, seed=1)
    for temperature, bias in ((0.1, -10.0), (1.0, 0.5)):
        sign = 2 * torch.eye(6, dtype=F64) - 1
        scores = cosines(a, b) / temperature + bias
        wanted = -torch.nn.functional.logsigmoid(sign * scores).sum() / 6
        close(la.siglip_loss(a, b, temperature=temperature, bias=bias), wanted)


# The spectral loss.


def spectral(f, joint):
    """Its population value: vectors of points, and how often two points are views of one thing."""
    each = joint.sum(-1)
    gram = f @ f.mT
    return -2 * (joint * gram).sum() + (each.unsqueeze(-1) * each * gram.square()).sum()


def test_the_spectral_loss_of_a_batch():
    a, b = normal(5, 3), normal(5, 3, seed=1)
    squares = (a @ b.mT).square().masked_fill(torch.eye(5, dtype=torch.bool), 0.0)
    close(la.spectral_contrastive_loss(a, b), -2 * (a * b).sum(-1).mean() + squares.sum() / 20)


def test_its_minimum_spans_the_leading_eigenvectors_of_the_pairs():
    joint = normal(6, 6).abs()
    joint = joint @ joint.mT / (joint @ joint.mT).sum()
    each = joint.sum(-1)
    normalised = joint / (each.unsqueeze(-1) * each).sqrt()
    values, vectors = torch.linalg.eigh(normalised)
    best = vectors[:, -2:] * values[-2:].sqrt() / each.sqrt().unsqueeze(-1)
    least = spectral(best, joint)
    close(least, -values[-2:].square().sum())
    leaf = best.clone().requires_grad_()
    close(gradient_of(spectral(leaf, joint), leaf)[0], torch.zeros_like(best), atol=1e-12)
    assert all(spectral(best + 0.1 * normal(6, 2, seed=s), joint) > least for s in range(5))


def trained_in_two_layers(first, second, rate):
    """Weights of a linear network after gradient descent on the spectral loss of Gaussian data, for a time of 1."""
    x = normal(60, 4, seed=1) * of([2.0, 1.5, 1.0, 0.7])
    for _ in range(round(1 / rate)):
        first, second = first.detach().requires_grad_(), second.detach().requires_grad_()
        out = x @ first.mT @ second.mT
        at_first, at_second = gradient_of(
            -2 * out.square().sum(-1).mean() + (out @ out.mT).square().mean(), first, second
        )
        first, second = first - rate * at_first, second - rate * at_second
    return first.detach(), second.detach()


def imbalance(first, second):
    return first @ first.mT - second.mT @ second


def test_the_balance_of_two_layers_changes_only_by_the_size_of_the_steps():
    start = 0.2 * normal(4, 4), 0.2 * normal(4, 4, seed=2)
    drift = [
        (imbalance(*trained_in_two_layers(*start, rate)) - imbalance(*start)).norm().item() for rate in (4e-3, 2e-3)
    ]
    assert 0 < drift[1] < 0.6 * drift[0] < 0.1


def test_of_two_balanced_layers_the_first_carries_the_roots():
    start = 0.3 * torch.linalg.qr(normal(4, 4))[0]
    turn = torch.linalg.qr(normal(4, 4, seed=3))[0]
    first, second = trained_in_two_layers(start, turn @ start.mT, 2e-3)
    one, both = (torch.linalg.svdvals(w) for w in (first, second @ first))
    assert both[0] / both[-1] > 1.2
    close(one[0] / one[-1], (both[0] / both[-1]).sqrt(), rtol=1e-8)


# Dual deep networks.


def test_soft_triplet_limits_and_gradients():
    x, p, q = (normal(6, 3, seed=s) for s in range(3))
    gap = ((x - p).square().sum(-1) - (x - q).square().sum(-1)) / 2
    close(
        la.soft_triplet_loss(x, p, q, temperature=1e-5, margin=0.3, reduction="none"),
        (gap + 0.3).clamp(min=0),
        atol=1e-4,
    )
    unit = [torch.nn.functional.normalize(v) for v in (x, p, q)]
    one = la.on(pairs, la.info_nce)(
        cosine(unit[0], unit[1]).unsqueeze(-1),
        cosine(unit[0], unit[2]).unsqueeze(-1),
        temperature=0.4,
        reduction="none",
    )
    close(la.soft_triplet_loss(*unit, temperature=0.4, reduction="none"), 0.4 * one)


def test_a_pull_on_the_positive_is_as_large_as_the_push_on_the_negatives():
    """With the anchor at 0 the gradient at a vector v is v times the derivative at its r = |v|^2 / 2."""
    anchor, p, q = torch.zeros(1, 3, dtype=F64), normal(1, 3).requires_grad_(), normal(1, 3, seed=1).requires_grad_()
    at_p, at_q = gradient_of(la.soft_triplet_loss(anchor, p, q, temperature=0.3, margin=0.2), p, q)
    close((at_p / p).mean().item(), -(at_q / q).mean().item())
    for loss, settings in ((la.info_nce, {"temperature": 0.3}), (la.simple_contrastive_loss, {"lam": 0.25})):
        leaves = POSITIVE.clone().requires_grad_(), NEGATIVES.clone().requires_grad_()
        at_positive, at_negative = gradient_of(la.on(pairs, loss)(*leaves, **settings), *leaves)
        close(at_positive.sum(), -at_negative.sum())


def test_the_simple_loss_of_a_linear_network_amplifies_what_varies_between_samples():
    """Gradient of E[r_+ - r_-] in W, with f = W x: -2 W V, where V is the covariance of the samples' means."""
    weight, views_of = normal(2, 3).requires_grad_(), normal(5, 4, 3, seed=1)  # samples, augmentations
    f = views_of @ weight.mT
    near = (f.unsqueeze(2) - f.unsqueeze(1)).square().sum(-1).mean() / 2
    every = f.reshape(-1, 2)
    far = (every.unsqueeze(1) - every).square().sum(-1).mean() / 2
    means = views_of.mean(1) - views_of.mean((0, 1))
    close(gradient_of(near - far, weight)[0], (-2 * weight @ (means.mT @ means / 5)).detach())


# Temperatures.


def test_the_gradient_of_macl_does_not_fade():
    positive, negative = of([[0.99], [0.2], [-0.9]]).requires_grad_(), normal(3, 5).tanh().requires_grad_()
    at_positive, at_negative = gradient_of(la.macl_loss(positive, negative), positive, negative)
    tau = 0.1 * (1 + 0.5 * positive.detach().mean())
    close(at_positive, (-1 / (3 * tau)).expand(3, 1))
    close(at_negative.sum(-1), (1 / (3 * tau)).expand(3))


def test_macl_with_level_similarities_and_its_temperature():
    close(la.macl_loss(torch.full((4, 1), 0.3), torch.full((4, 6), 0.3)), 2.2702285072311987, rtol=1e-6)
    level = torch.full((4, 1), 0.3, dtype=F64), torch.full((4, 6), 0.3, dtype=F64)
    close(la.macl_loss(*level), 7 / 6 * math.log(7))
    ones = torch.ones(2, 1, dtype=F64).requires_grad_()
    at_positive = gradient_of(la.macl_loss(ones, normal(2, 3).tanh(), temperature=0.5, alpha=1.0, base=0.2), ones)[0]
    close(-1 / (2 * at_positive.mean()), 0.9)


def test_macl_weighs_the_negative_log_likelihood():
    positive, negative = normal(4, 1).tanh(), normal(4, 5, seed=1).tanh()
    nll = INFO_NCE(positive, negative, temperature=0.2, reduction="none")
    close(la.macl_loss(positive, negative, temperature=0.2, alpha=0.0), (nll / (1 - (-nll).exp())).mean())


def test_macl_where_the_positive_has_won():
    positive, negative = torch.ones(2, 1, dtype=F64), -torch.ones(2, 3, dtype=F64)
    for temperature in (1e-3, 1e-5):
        close(la.macl_loss(positive, negative, temperature=temperature), 1.0)
    assert la.macl_loss(-positive, negative, alpha=1.0).isnan()


def test_a_positive_that_is_sure_still_has_a_gradient():
    """However far ahead: at a similarity of 1 and a temperature of 0.001 the odds of a miss underflow."""
    s = torch.tensor([[1.0]], dtype=torch.float64, requires_grad=True)
    loss = la.on(la.signatures.pairs, "macl_loss")(
        s, -torch.ones(1, 1, dtype=torch.float64), temperature=1e-3, alpha=0.0
    )
    (gradient,) = torch.autograd.grad(loss, s)
    assert loss.item() == 1.0 and gradient.item() == pytest.approx(-1e3)


def test_an_anchor_with_nothing_to_tell_apart_adds_nothing():
    """The first has no negative, the second no positive."""
    x, y, labels = normal(4, 3), normal(4, 3, seed=1), torch.tensor([0, 0, 1, 1])
    loss = la.on(la.signatures.embeddings, "macl_loss")
    only, pair = torch.zeros(4, dtype=torch.long), torch.tensor([0, 1])
    assert loss(y[:2], pair, x, only).item() == 0
    three = loss(y[:3], torch.tensor([0, 1, 2]), x, labels * 2, alpha=0.0)
    two = loss(y[[0, 2]], torch.tensor([0, 2]), x, labels * 2, alpha=0.0)
    torch.testing.assert_close(3 * three, 2 * two)


def test_global_losses_between_the_mean_and_the_largest_gap():
    positive, negative = normal(6, 1).tanh(), normal(6, 5, seed=1).tanh()
    gaps = negative - positive
    value = la.on(pairs, la.global_contrastive_loss)
    for tau in (1e-3, 0.1, 1.0, 1e3):
        robust = la.on(pairs, la.robust_global_contrastive_loss)(
            positive, negative, temperature=tau, rho=0.3, reduction="none"
        )
        assert ((robust >= gaps.mean(-1) + 0.3 * tau - 1e-9) & (robust <= gaps.amax(-1) + 0.3 * tau + 1e-9)).all()
        close(value(positive, negative, temperature=tau, reduction="none") + 0.3 * tau, robust)
    close(value(positive, negative, temperature=1e5, reduction="none"), gaps.mean(-1), atol=1e-5)
    level = la.on(pairs, la.robust_global_contrastive_loss)(of([[0.5]]), of([[0.2, 0.2]]), temperature=0.4, rho=0.3)
    close(level, -0.3 + 0.12)


def test_the_best_temperature_is_that_of_the_worst_case_within_reach():
    gaps, rho = of([0.3, -0.2, 0.1, -0.6]), 0.3

    def objective(tau):
        return la.on(pairs, la.robust_global_contrastive_loss)(of([[0.0]]), gaps.unsqueeze(0), temperature=tau, rho=rho)

    low, high = 0.05, 2.0
    for _ in range(60):
        tau = of((low + high) / 2).requires_grad_()
        low, high = (low, tau.item()) if gradient_of(objective(tau), tau)[0] > 0 else (tau.item(), high)
    close(low, 0.34709, atol=5e-6)
    close(objective(low), 0.1408850569, atol=6e-11)
    worst = (gaps / low).softmax(-1)
    close((worst * (4 * worst).log()).sum(), rho)
    close((worst * gaps).sum(), 0.1408850569, atol=6e-11)


def test_global_is_decoupled_up_to_scale_and_count():
    a, b = normal(5, 3), normal(5, 3, seed=1)
    wanted = 0.2 * la.decoupled_contrastive_loss(a, b, temperature=0.2) - 0.2 * math.log(8)
    close(la.global_contrastive_loss(a, b, temperature=0.2), wanted)


def state(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_temperatures_are_remembered_example_by_example_and_saved():
    module = la.losses.contrastive.GlobalContrastiveTemperatures(6).double()
    a, b = normal(3, 4).requires_grad_(), normal(3, 4, seed=1)
    value = module(a, b, torch.tensor([4, 0, 2]))
    value.backward()
    assert a.grad.isfinite().all() and not module.temperature.requires_grad
    before = state(module)
    assert before["log_u"].isneginf().tolist() == [False, True, False, True, False, True]
    copy = la.losses.contrastive.GlobalContrastiveTemperatures(6).double()
    copy.load_state_dict(before)
    again = torch.tensor([0, 1, 2])
    close(module(b, a, again).detach(), copy(b, a, again).detach())
    assert all(torch.equal(module.state_dict()[name], value) for name, value in state(copy).items())
    assert not torch.equal(module.temperature, before["temperature"])
    now = state(module.eval())
    module(a, b, again)
    assert all(torch.equal(now[name], value) for name, value in module.state_dict().items())


def test_an_example_is_new_whatever_else_is_in_its_batch():
    a, b = normal(3, 4), normal(3, 4, seed=1)
    seen, fresh = (
        la.losses.contrastive.GlobalContrastiveTemperatures(4).double(),
        la.losses.contrastive.GlobalContrastiveTemperatures(4).double(),
    )
    seen(a, b, torch.tensor([0, 1, 2]))
    seen(a, b, torch.tensor([0, 1, 3]))
    fresh(a, b, torch.tensor([0, 1, 3]))
    close(seen.log_u[3], fresh.log_u[3])


def test_at_first_sight_the_gradient_is_that_of_the_objective_also_at_low_temperature():
    for temperature in (0.1, 1e-3):
        a, b = normal(4, 3).requires_grad_(), normal(4, 3, seed=1)
        module = la.losses.contrastive.GlobalContrastiveTemperatures(4, temperature=temperature, low=1e-4).double()
        module.temperature.fill_(temperature)
        got = gradient_of(module(a, b, torch.arange(4)), a)[0]
        close(got, gradient_of(la.global_contrastive_loss(a, b, temperature=temperature), a)[0], rtol=1e-9)


def test_the_derivative_in_the_temperature_is_that_of_the_robust_objective():
    scores = normal(1, 4, 6).tanh()
    tau = of([0.1, 0.2, 0.3, 0.4])
    _, _, _, found = la.losses.contrastive.isogclr_update(
        scores, scores == scores, torch.full((4,), -torch.inf, dtype=F64), tau, torch.zeros(4, dtype=F64), momentum=1.0
    )
    for n in range(4):
        leaf = tau[n].clone().requires_grad_()
        value = la.on(pairs, la.robust_global_contrastive_loss)(of([[0.0]]), scores[:, n], temperature=leaf, rho=0.3)
        close(gradient_of(value, leaf)[0], found[n])


def test_what_a_batch_does_not_tell_leaves_the_state_of_an_example():
    """An item alone has no negatives; vectors that overflowed say nothing: a memory of them would never recover."""
    module = la.losses.contrastive.GlobalContrastiveTemperatures(6).double()
    a, b = normal(3, 4), normal(3, 4, seed=1)
    module(a, b, torch.arange(3))
    before = state(module)
    for example in (0, 5):
        alone = module(a[:1], b[:1], torch.tensor([example]))
        close(alone, -torch.cosine_similarity(a[0], b[0], dim=0))
    assert module(a[:1] * torch.nan, b[:1], torch.tensor([1])).isnan()
    assert module(a * torch.nan, b, torch.arange(3)).isnan()
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_temperatures_without_items_and_in_half_precision():
    module = la.losses.contrastive.GlobalContrastiveTemperatures(6)
    nothing = torch.zeros(0, 4, requires_grad=True)
    value = module(nothing, nothing, torch.zeros(0, dtype=torch.long))
    value.backward()
    assert value == 0
    a, b = normal(3, 4).half(), normal(3, 4, seed=1).half()
    index, again = torch.arange(3), la.losses.contrastive.GlobalContrastiveTemperatures(6).half()
    assert again(a, b, index) == module(a.float(), b.float(), index).half()


def test_temperatures_say_what_is_wrong():
    module, a = la.losses.contrastive.GlobalContrastiveTemperatures(4), torch.ones(2, 3)
    refused(ValueError, "examples", la.losses.contrastive.GlobalContrastiveTemperatures, 0)
    refused(ValueError, "temperature", la.losses.contrastive.GlobalContrastiveTemperatures, 4, temperature=0.9)
    refused(ValueError, "high", la.losses.contrastive.GlobalContrastiveTemperatures, 4, low=0.5, high=0.4)
    refused(ValueError, "gamma", la.losses.contrastive.GlobalContrastiveTemperatures, 4, gamma=0.0)
    refused(TypeError, "index", module, a, a, torch.tensor([0.0, 1.0]))
    refused(TypeError, "index", module, a, a, torch.tensor([0, 1]).to_sparse())
    refused(TypeError, "examples", la.losses.contrastive.GlobalContrastiveTemperatures, True)
    refused(ValueError, "index", module, a, a, torch.tensor([0, 4]))
    refused(ValueError, "index", module, a, a, torch.tensor([1, 1]))
    refused(ValueError, "view_b", module, a, a[:1], torch.tensor([0, 1]))
    scores, one = torch.ones(1, 2, 3), torch.ones(2)
    refused(ValueError, "where", la.losses.contrastive.isogclr_update, scores, scores[0] > 0, one, one, one)
    refused(ValueError, "slope", la.losses.contrastive.isogclr_update, scores, scores > 0, one, one, one[:1])
    refused(ValueError, "temperature", la.losses.contrastive.isogclr_update, scores, scores > 0, one, 0 * one, one)
    refused(TypeError, "negative_similarities", la.losses.contrastive.contrastive_relative_penalty, [0.1])
    refused(ValueError, "temperature", la.losses.contrastive.contrastive_relative_penalty, one, temperature=0.0)


def test_the_module_takes_no_part_in_autocast():
    a, b, values = normal(6, 4).float(), normal(6, 4, seed=1).float(), []
    for enabled in (False, True):
        module = la.losses.contrastive.GlobalContrastiveTemperatures(6)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            values.append(module(a, b, torch.arange(6)))
    assert torch.equal(*values)


def test_the_module_starts_with_the_defaults_of_the_step():
    """Those of libauc for one modality."""
    module = la.losses.contrastive.GlobalContrastiveTemperatures(2)
    wanted = {"rho": 0.3, "gamma": 0.9, "step": 0.01, "momentum": 0.9, "low": 0.05, "high": 0.7}
    assert module.settings == wanted
    for name in ("isogclr_step", "isogclr_update"):
        assert la.contract.get_operation(name).defaults == wanted
    assert module.temperature.tolist() == pytest.approx([0.1, 0.1])


# Adaptive multi-head.


def test_the_price_of_a_temperature_is_least_at_two_over_the_width():
    tau = of(2 / 16).requires_grad_()
    close(gradient_of(la.losses.contrastive.adaptive_temperature_regularizer(tau, width=16), tau)[0], 0.0)
    close(la.losses.contrastive.adaptive_temperature_regularizer(of(0.5), width=4), 2 * math.log(0.5) + 2)


def test_one_head_without_price_is_the_hardest_negative_less_the_positive():
    same = torch.full((1, 1, 4), 0.2, dtype=F64)
    got = la.losses.contrastive.amcl_nt_xent(POSITIVE, NEGATIVES.unsqueeze(1), same[..., 0], same, width=8, beta=0.0)
    close(got, of([0.1 / 0.2]))


def test_heads_add():
    positive, negative = normal(3, 2).tanh(), normal(3, 2, 5, seed=1).tanh()
    temperatures = normal(3, 2, seed=2).exp(), normal(3, 2, 5, seed=3).exp()
    whole = la.losses.contrastive.amcl_nt_xent(positive, negative, *temperatures, width=8)
    parts = [
        la.losses.contrastive.amcl_nt_xent(*(v[:, c : c + 1] for v in (positive, negative, *temperatures)), width=8)
        for c in range(2)
    ]
    close(whole, parts[0] + parts[1])
    hardest = negative[0, 0].argmax()
    tau_p, tau_n = temperatures[0][0, 0], temperatures[1][0, 0, hardest]
    price = la.losses.contrastive.adaptive_temperature_regularizer(
        tau_p, width=8
    ) - la.losses.contrastive.adaptive_temperature_regularizer(tau_n, width=8)
    close(parts[0][0], negative[0, 0, hardest] / tau_n - positive[0, 0] / tau_p + 0.1 * price)


def test_adaptive_heads_say_what_is_wrong():
    one, three = torch.ones(2, 1), torch.ones(2, 1, 3)
    refused(ValueError, "negative", la.losses.contrastive.amcl_nt_xent, one, one, one, three, width=8)
    refused(ValueError, "negative_temperature", la.losses.contrastive.amcl_nt_xent, one, three, one, one, width=8)
    refused(ValueError, "positive_temperature", la.losses.contrastive.amcl_nt_xent, one, three, -one, three, width=8)
    refused(ValueError, "beta", la.losses.contrastive.amcl_nt_xent, one, three, one, three, width=8, beta=-1.0)
    refused(TypeError, "temperature", la.losses.contrastive.adaptive_temperature_regularizer, 0.1, width=8)
    refused(ValueError, "width", la.losses.contrastive.adaptive_temperature_regularizer, one, width=0)


# SimpleX and BYOL.


def test_simplex_examples():
    row = of([[1.0, 0.9, 0.5]])
    close(la.cosine_contrastive_loss(row[:, :1], row[:, 1:], margin=0.8, negative_weight=10.0), 0.5)
    leaf = of([[0.7, 0.1], [0.3, -0.5]]).requires_grad_()
    ones = torch.ones(2, 1, dtype=F64)
    nothing = la.cosine_contrastive_loss(ones, leaf, margin=0.8, negative_weight=10.0)
    assert nothing == 0 and not gradient_of(nothing, leaf)[0].any()
    got = gradient_of(la.cosine_contrastive_loss(ones, leaf, margin=0.2, negative_weight=3.0), leaf)[0]
    close(got, 3.0 / (2 * 2) * (leaf > 0.2))
    positive = of([[0.4], [0.9]])
    linear = la.cosine_contrastive_loss(positive, leaf, margin=-1.0, negative_weight=2.0, reduction="none")
    close(linear.detach(), 2 - (positive[:, 0] + 1) + 2.0 * (leaf.detach().mean(-1) + 1))


def test_byol_by_angle():
    a = of([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    close(la.byol_loss(a, of([[3.0, 0.0], [0.0, 2.0], [-5.0, 0.0]]), reduction="none"), of([0.0, 2.0, 4.0]))


# Alignment, uniformity, redundancy.


def test_identical_views_are_aligned_and_alignment_is_that_of_byol_at_two():
    a, b = normal(5, 3), normal(5, 3, seed=1)
    assert la.alignment_loss(a, a) == 0
    close(la.alignment_loss(a, b, reduction="none"), la.byol_loss(a, b, reduction="none"))
    unit = torch.nn.functional.normalize
    close(la.alignment_loss(a, b, alpha=3.0), (unit(a) - unit(b)).norm(dim=-1).pow(3).mean())


def test_uniformity_is_that_of_all_pairs():
    z = torch.nn.functional.normalize(normal(7, 4))
    close(la.uniformity_loss(3 * z, t=1.5), torch.pdist(z).square().mul(-1.5).exp().mean().log())
    corners = torch.cat([torch.eye(4, dtype=F64), -torch.eye(4, dtype=F64)])
    close(la.uniformity_loss(corners), -4.1511027230888145)
    assert la.uniformity_loss(z[:1].requires_grad_()) == 0


def corners(width, used=None):
    axes = torch.eye(width, dtype=F64)[: used or width]
    return torch.cat([axes, -axes])


def test_wasserstein_uniformity_at_its_ends():
    close(la.wasserstein_uniformity(of([1.0, 2.0, 3.0]).expand(5, 3)), 1.4142135623730951)
    assert la.wasserstein_uniformity(corners(4)) < 1e-15
    for width, used in ((4, 2), (6, 2), (6, 5)):
        close(la.wasserstein_uniformity(corners(width, used)), math.sqrt(2 - 2 * math.sqrt(used / width)))
    close(la.wasserstein_uniformity(corners(4, 2)), 0.7653668647301795)


def test_what_clones_and_constants_do_to_the_two_uniformities():
    z = torch.nn.functional.normalize(normal(9, 4))
    w2, potential = la.wasserstein_uniformity, la.uniformity_loss
    twice = torch.cat([z, z])
    close(w2(twice), w2(z))
    assert potential(twice) > potential(z)
    cloned = torch.cat([z, z], -1)
    close(potential(cloned), potential(z))
    assert w2(cloned) > w2(z)
    assert w2(torch.cat([z, torch.zeros_like(z)], -1)) > w2(z)
    close(w2(z[torch.tensor([3, 1, 0, 2, 8, 7, 5, 6, 4])]), w2(z))


def test_wasserstein_uniformity_is_the_formula_with_roots_of_eigenvalues():
    z = torch.nn.functional.normalize(normal(9, 4))
    roots = torch.linalg.eigvalsh(torch.cov(z.mT, correction=0)).sqrt().sum()
    close(la.wasserstein_uniformity(z), (2 - 2 / math.sqrt(4) * roots).sqrt())


@pytest.mark.parametrize(
    "at",
    [
        corners(4),
        corners(4, 2),
        of([1.0, 2.0, 3.0]).expand(5, 3),
        normal(3, 6),
        normal(1, 4),
        torch.zeros(4, 3, dtype=F64),
    ],
)
def test_its_gradient_is_finite_where_eigenvalues_are_zero_or_repeated(at):
    leaf = at.clone().requires_grad_()
    (found,) = gradient_of(la.wasserstein_uniformity(leaf), leaf)
    assert found.isfinite().all() and found.norm() < 10


def test_a_step_down_the_gradient_spreads_collapsed_points():
    z = (corners(4, 2) + 1e-3 * normal(4, 4)).requires_grad_()
    before = la.wasserstein_uniformity(z)
    (steepest,) = gradient_of(before, z)
    after = la.wasserstein_uniformity(z - 0.05 * steepest)
    assert before - after > 0.5 * 0.05 * steepest.square().sum() > 1e-3


def test_no_correlation_but_with_itself_gives_zero():
    whitened = torch.linalg.qr(torch.cat([torch.ones(8, 1, dtype=F64), normal(8, 3)], 1))[0][:, 1:]
    assert la.cross_correlation_loss(5 * whitened, 7 * whitened + 1, eps=1e-12) < 1e-20
    assert la.cross_correlation_loss(whitened, whitened.flip(1), eps=1e-12) > 1
    a, b = normal(8, 3), normal(8, 3, seed=1)
    standard = [torch.nn.functional.batch_norm(v, None, None, training=True) for v in (a, b)]
    c = standard[0].mT @ standard[1] / 8
    off = c - c.diagonal().diag()
    close(la.cross_correlation_loss(a, b), (c.diagonal() - 1).square().sum() + 0.005 * off.square().sum())


def test_one_hyper_parameter_per_model_by_vmap():
    a, b = normal(5, 3), normal(5, 3, seed=1)
    alphas = of([0.1, 0.5, 1.0])
    got = torch.func.vmap(lambda alpha: la.hard_contrastive_loss(a, b, alpha=alpha))(alphas)
    close(got, torch.stack([la.hard_contrastive_loss(a, b, alpha=alpha) for alpha in alphas.tolist()]))


def test_the_same_formula_on_other_signatures():
    q, k, bank = normal(4, 3), normal(4, 3, seed=1), normal(7, 3, seed=2)
    hard = la.on(queries, la.hard_contrastive_loss)(q, k, bank, alpha=1.0, temperature=0.07)
    close(hard, la.info_nce(q, k, bank))
    assert la.on(views, la.macl_loss)(q, k).isfinite()
    assert points.name == la.get("uniformity_loss").signature.name
