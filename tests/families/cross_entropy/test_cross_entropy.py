"""What the literature says of the cross-entropy family: numbers, limits, gradients and identities."""

import math

import pytest
import torch
from torch.nn import functional as F

import lossatlas as la

LN2 = math.log(2)


def row(*values):
    return torch.tensor([values], dtype=torch.float64)


def index(*values):
    return torch.tensor(values)


def logits_with(p, classes=3):
    """One item whose true class 0 has probability p, the others alike."""
    return torch.tensor([[p] + [(1 - p) / (classes - 1)] * (classes - 1)], dtype=torch.float64).log()


def onehot_of(target, classes=5):
    return F.one_hot(target, classes).double()


def batch(n=7, c=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(n, c, generator=generator, dtype=torch.float64), torch.randint(
        0, c, (n,), generator=generator
    )


def gradient_of(loss, x, *rest, **hyper):
    """The gradient of the summed loss with respect to its first input."""
    x = x.clone().requires_grad_()
    return torch.autograd.grad(loss(x, *rest, **hyper, reduction="sum"), x)[0]


def close(got, wanted, **tolerance):
    got = got if isinstance(got, torch.Tensor) else torch.tensor(got, dtype=torch.float64)
    wanted = torch.as_tensor(wanted, dtype=got.dtype)
    torch.testing.assert_close(got, wanted.expand_as(got), **{"rtol": 1e-9, "atol": 1e-10, **tolerance})


NUMBERS = [
    # loss, logits, target, hyper-parameters, value
    *[
        (la.comp_sum_loss, logits_with(0.25, 4), 0, {"tau": tau}, value)
        for tau, value in [(0, 3), (0.5, 2), (1, 1.3862943611), (1.5, 1), (2, 0.75)]
    ],
    (la.comp_sum_loss, row(math.log(2), 0, 0), 0, {"tau": 0}, 1),
    (la.spherical_z_loss, row(0, 0, 3), 2, {}, 0.2176217216),
    (la.spherical_z_loss, row(0, 0, 3), 0, {}, 1.1079403077),
    (la.spherical_z_loss, row(0, 0, 3), 2, {"a": 2, "b": 1}, 0.1811868247),
    (la.ldr_kl_loss, row(0, 0), 0, {"margin": 0.1}, 0.0512494795),
    (la.ldr_kl_loss, row(0, 0), 0, {"margin": 0.1, "lam": 0.5}, 0.0524958444),
    (la.ldr_kl_loss, row(1, 0, -1), 0, {"margin": 0.1}, -0.6564049986),
    (la.softmax_regression_loss, row(0, 0, 0), 0, {}, 1 / 3),
    (la.mean_absolute_error, logits_with(0.3), 0, {}, 1.4),
    (la.logit_z_loss, row(0, 0, 0), 1, {}, math.log(3) ** 2),
    (la.poly1_cross_entropy, row(0, 0), 0, {"epsilon": 1}, 1.1931471806),
    (la.poly1_cross_entropy, row(0, 0), 0, {"epsilon": 2}, 1.6931471806),
    (la.poly1_focal_loss, row(0, 0), 0, {}, (0.1683216988 + 0.2549650961) / 2),
    (la.squentropy_loss, row(0, 1, -1), 0, {}, 2.4076059644),
    (la.encouraging_loss, logits_with(0.5), 0, {"log_end": 0.5}, 0),
    (la.encouraging_loss, logits_with(0.5), 0, {"log_end": 0.8}, 0),
    (la.encouraging_loss, logits_with(0.9), 0, {"log_end": 0.75}, -1.8809338455),
    (la.encouraging_loss, logits_with(0.9), 0, {"log_end": 0.5}, -1.3877866649),
    (la.encouraging_loss, logits_with(0.9), 0, {"log_end": 1.0}, -2.1972245773),
    (la.encouraging_loss, logits_with(0.9), 0, {"log_end": 0.0}, -math.log(0.9) - 0.9),
    (la.focal_loss, logits_with(0.5), 0, {}, 0.25 * LN2),
    (la.l2_svm_loss, row(0, 0, 0), 1, {}, 1),
    (la.null_bce_loss, row(0, 0, 0), 1, {}, LN2),
    (la.taylor_softmax_loss, row(0, 1), 0, {}, math.log(3.5)),
    (la.spherical_softmax_loss, row(1, 2), 0, {"eps": 0.5}, math.log(6 / 1.5)),
    (la.rescaled_square_loss, row(2, 1, -1), 0, {"k": 3.0, "M": 4.0}, 14 / 3),
]


@pytest.mark.parametrize(("loss", "logits", "target", "hyper", "value"), NUMBERS)
def test_numbers(loss, logits, target, hyper, value):
    close(loss(logits, index(target), **hyper), value)


def test_focal_elements_of_both_kinds():
    items = la.poly1_focal_loss(row(0, 0), index(0), reduction="none")
    close(items, [[0.1683216988, 0.2549650961]])


def test_halted_focal_number_and_its_joint_at_zero():
    score = torch.tensor([math.log(9), 1e-12, -1e-12, 0.0], dtype=torch.float64)
    items = la.halted_focal_loss(score, torch.ones(4, dtype=torch.float64), reduction="none")
    close(items[0], -0.1036249674)
    close(items[1:], 0.25 * LN2 * 0.25)


# softmax


def test_cross_entropy_is_that_of_torch_with_and_without_smoothing():
    logits, target = batch()
    for smoothing in (0.0, 0.1, 1.0):
        close(
            la.cross_entropy(logits, target, label_smoothing=smoothing),
            F.cross_entropy(logits, target, label_smoothing=smoothing),
        )


def test_smoothing_gives_a_ruled_out_class_no_share():
    logits, target = batch()
    wider = torch.cat([logits, torch.full_like(logits[:, :1], -torch.inf)], 1)
    for loss in (la.cross_entropy, la.poly1_cross_entropy):
        close(loss(wider, target, label_smoothing=0.2), loss(logits, target, label_smoothing=0.2))


def test_an_impossible_target_costs_infinity_as_in_torch():
    assert la.cross_entropy(row(0, -torch.inf, -torch.inf), index(1)) == torch.inf


def test_the_only_possible_class_costs_nothing():
    only = row(1, -torch.inf, -torch.inf)
    for loss in (la.cross_entropy, la.focal_loss, la.poly1_cross_entropy, la.squentropy_loss, la.comp_sum_loss):
        if loss is not la.squentropy_loss:
            close(loss(only, index(0)), 0)
        assert not gradient_of(loss, only, index(0)).isnan().any()


def test_small_losses_keep_their_digits():
    """At a lead of 60, -log p is about 3e-26: 1 - p by subtraction would be 0."""
    logits, lead = row(60, 0, 0, 0), 3 * math.exp(-60)
    for loss, value in [(la.cross_entropy, lead), (la.mean_absolute_error, 2 * lead), (la.focal_loss, lead**3)]:
        close(loss(logits, index(0)), value, rtol=1e-12, atol=0)
    close(gradient_of(la.cross_entropy, logits, index(0))[0, 0], -lead, rtol=1e-12, atol=0)


def test_softmax_regression_gradient():
    logits, target = batch()
    s, b = logits.softmax(-1), onehot_of(target)
    jacobian = torch.diag_embed(s) - s.unsqueeze(-1) * s.unsqueeze(-2)
    close(gradient_of(la.softmax_regression_loss, logits, target), (jacobian @ (s - b).unsqueeze(-1)).squeeze(-1))


def test_softmax_regression_stalls_where_it_is_certain_and_wrong():
    logits = row(40, 0, 0)
    close(la.softmax_regression_loss(logits, index(1)), 1)
    assert gradient_of(la.softmax_regression_loss, logits, index(1)).abs().max() < 1e-16
    assert gradient_of(la.cross_entropy, logits, index(1)).abs().max() > 0.99


def test_mean_absolute_error_summed_over_labels_is_constant():
    logits, _ = batch()
    total = sum(la.mean_absolute_error(logits, torch.full((7,), y), reduction="none") for y in range(5))
    close(total, 2 * (5 - 1))


# comp-sum


def test_comp_sum_is_smooth_in_tau_at_one():
    logits, target = batch()
    around = [la.comp_sum_loss(logits, target, tau=tau) for tau in (1 - 1e-7, 1.0, 1 + 1e-7)]
    close(around[0], around[1], atol=1e-6)
    close(around[2], around[1], atol=1e-6)


def test_comp_sum_decreases_in_tau_and_weighs_the_gradient_by_a_power_of_p():
    logits, target = batch()
    p_y = logits.softmax(-1).gather(1, target[:, None])
    before = None
    for tau in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0):
        items = la.comp_sum_loss(logits, target, tau=tau, reduction="none")
        assert before is None or (items < before).all()
        before = items
        gradient = p_y ** (tau - 1) * (logits.softmax(-1) - onehot_of(target))
        close(gradient_of(la.comp_sum_loss, logits, target, tau=tau), gradient)


@pytest.mark.parametrize("tau", [1.0, 1.5, 2.0, 3.0])
def test_comp_sum_at_huge_logits(tau):
    logits = row(-1e4, 1e4, 0)
    wanted = 2e4 if tau == 1 else 1 / (tau - 1)
    close(la.comp_sum_loss(logits, index(0), tau=tau), wanted)
    close(gradient_of(la.comp_sum_loss, logits, index(0), tau=tau), [[-1, 1, 0]] if tau == 1 else [[0, 0, 0]])


def _linear(seed=1):
    weight = torch.randn(4, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return lambda x: x @ weight


def test_adversarial_term_vanishes_without_room_and_grows_with_it():
    model, x, target = _linear(), batch(6, 4)[0], batch(6, 5)[1]
    logits, before = model(x), -1.0
    for gamma in (0.0, 0.1, 0.5):
        moved = la.losses.cross_entropy.worst_perturbation(
            model, x, target, gamma=gamma, generator=torch.Generator().manual_seed(0)
        )
        assert (moved - x).abs().max() <= gamma + 1e-12
        value = la.smooth_adversarial_comp_sum_loss(logits, target, model(moved), tau=1.5)
        extra = value - la.comp_sum_loss(logits, target, tau=1.5)
        assert extra > before and (gamma > 0 or extra == 0)
        before = extra


def test_worst_perturbation_ends_in_a_corner_that_is_a_local_maximum():
    model, x, target = _linear(), batch(6, 4)[0], batch(6, 5)[1]
    moved = la.losses.cross_entropy.worst_perturbation(
        model, x, target, gamma=0.3, steps=20, generator=torch.Generator().manual_seed(0)
    )
    close((moved - x).abs(), 0.3)
    uphill = torch.func.grad(lambda other: la.losses.cross_entropy.margin_shift(model(x), model(other), target).sum())(
        moved
    )
    assert torch.equal(uphill.sign(), (moved - x).sign())


def test_worst_perturbation_is_reproducible_and_refuses_what_it_must():
    model, x, target = _linear(), batch(6, 4)[0], batch(6, 5)[1]
    once, again = (
        la.losses.cross_entropy.worst_perturbation(
            model, x, target, gamma=0.3, generator=torch.Generator().manual_seed(5)
        )
        for _ in range(2)
    )
    assert torch.equal(once, again)
    with pytest.raises(ValueError, match=r"`target`: expected class indices in \[0, 5\), got 5"):
        la.losses.cross_entropy.worst_perturbation(model, x, index(0, 1, 2, 3, 4, 5), gamma=0.1)


# polynomial


def test_removing_the_first_term_leaves_half_a_square():
    for p in (0.9999, 0.999999):
        value = la.poly1_cross_entropy(logits_with(p), index(0), epsilon=-1.0)
        close(value / (1 - p) ** 2, 0.5, rtol=2 * (1 - p), atol=1e-6)


def test_poly_n_cancels_the_taylor_series():
    p, n = 0.4, 200
    value = la.poly_n_cross_entropy(logits_with(p), index(0), epsilons=[-1 / j for j in range(1, n + 1)])
    close(value, 0, atol=1e-10)


def test_poly1_derivative_in_the_true_logit():
    logits, target = batch()
    p_y = logits.softmax(-1).gather(1, target[:, None])
    got = gradient_of(la.poly1_cross_entropy, logits, target, epsilon=2.0).gather(1, target[:, None])
    close(got, -(1 - p_y) * (1 + 2.0 * p_y))


def test_poly1_with_smoothing_smooths_both_terms():
    logits, target = batch()
    t = 0.8 * onehot_of(target) + 0.2 / 5
    p = logits.softmax(-1)
    wanted = -(t * p.log()).sum(-1) + 1.5 * (t * (1 - p)).sum(-1)
    close(la.poly1_cross_entropy(logits, target, epsilon=1.5, label_smoothing=0.2, reduction="none"), wanted)


def test_poly_n_refuses_what_is_no_sequence_of_numbers():
    for epsilons in (1.0, torch.ones(2, 2)):
        with pytest.raises(TypeError, match=r"^`epsilons`: expected a sequence of numbers, got "):
            la.poly_n_cross_entropy(*batch(), epsilons=epsilons)


def test_poly1_focal_without_epsilon_is_sigmoid_focal_loss():
    logits, target = batch()
    t = onehot_of(target)
    bce = F.binary_cross_entropy_with_logits(logits, t, reduction="none")
    p_t = torch.exp(-bce)
    wanted = (0.25 * t + 0.75 * (1 - t)) * (1 - p_t) ** 2 * bce
    close(la.poly1_focal_loss(logits, target, epsilon=0.0, reduction="none"), wanted)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_gradient_survives_an_underflowed_miss(gamma):
    gradient = gradient_of(la.focal_loss, row(1e4, -1e4, 0), index(0), gamma=gamma)
    close(gradient, 0)


# encouraging


def test_full_bonus_is_linear_in_the_margin_for_two_classes():
    for margin in (-1e4, -3.0, 0.0, 5.0, 1e4):
        logits = row(margin + 0.25, 0.25)
        close(la.encouraging_loss(logits, index(0), log_end=1.0), -margin)
        close(gradient_of(la.encouraging_loss, logits, index(0), log_end=1.0), [[-1, 1]])


@pytest.mark.parametrize("end", [0.3, 0.75])
def test_encouraging_gradient_before_and_after_the_end(end):
    for p in (0.1, end - 1e-9, end + 1e-9, 0.9, 1 - 1e-12):
        got = gradient_of(la.encouraging_loss, logits_with(p), index(0), log_end=end)[0, 0]
        close(got, -1 if p <= end else -(1 - p) * (1 + p / (1 - end)), rtol=1e-4, atol=1e-8)


def test_encouraging_is_continuous_at_the_end():
    below, above = (la.encouraging_loss(logits_with(0.75 + d), index(0)) for d in (-1e-9, 1e-9))
    close(below, above, atol=1e-7)


# square and spherical


def test_squentropy_gradient_and_what_a_shift_adds():
    logits, target = batch()
    onehot = onehot_of(target)
    gradient = logits.softmax(-1) - onehot + 2 * logits * (1 - onehot) / 4
    close(gradient_of(la.squentropy_loss, logits, target), gradient)
    added = (((logits + 0.7) ** 2 - logits**2) * (1 - onehot)).sum(-1) / 4
    close(
        la.squentropy_loss(logits + 0.7, target, reduction="none"),
        la.squentropy_loss(logits, target, reduction="none") + added,
    )


def test_squentropy_for_two_classes_and_for_wrong_logits_zero():
    close(la.squentropy_loss(row(0.3, -2), index(0)), la.cross_entropy(row(0.3, -2), index(0)) + 4)
    close(la.squentropy_loss(row(0, 1.5, 0), index(1)), la.cross_entropy(row(0, 1.5, 0), index(1)))


def test_squentropy_best_wrong_logits_are_level_and_negative():
    logits = torch.tensor([[1.0, 2.0, -1.0, 0.5]], dtype=torch.float64)
    for _ in range(4000):
        gradient = gradient_of(la.squentropy_loss, logits, index(0))
        logits = logits - 0.3 * torch.cat([torch.zeros(1, 1, dtype=torch.float64), gradient[:, 1:]], 1)
    wrong = logits[0, 1:]
    assert wrong.max() - wrong.min() < 1e-9 and wrong.max() < 0


def test_rescaled_square_loss_is_mean_squared_error_at_its_defaults():
    logits, target = batch()
    close(la.rescaled_square_loss(logits, target), F.mse_loss(logits, onehot_of(target)))


def test_z_loss_gradient_is_orthogonal_to_shifts_and_scales():
    logits, target = batch()
    gradient = gradient_of(la.spherical_z_loss, logits, target, a=2.0, b=0.5)
    centred = logits - logits.mean(-1, keepdim=True)
    close(gradient.sum(-1), 0)
    close((gradient * centred).sum(-1), 0)


def test_z_loss_minimum_and_hinge_limit():
    logits, target = row(-2, -2, 5, -2), index(2)
    close(la.spherical_z_loss(logits, target, a=3.0, b=1.0), math.log1p(math.exp(3 * (1 - math.sqrt(3)))) / 3)
    other, label = batch()
    z = (other - other.mean(-1, keepdim=True)) / other.std(-1, correction=0, keepdim=True)
    hinge = (0.5 - z.gather(1, label[:, None]).squeeze(1)).clamp(min=0)
    close(la.spherical_z_loss(other, label, a=1e8, b=0.5, reduction="none"), hinge, atol=1e-7)


def test_z_loss_of_level_logits_is_that_of_z_zero_whatever_their_rounding():
    for level in (0.0, 0.1, 1e4 / 3):
        logits = torch.full((1, 7), level, dtype=torch.float64)
        close(la.spherical_z_loss(logits, index(3)), LN2)
        close(gradient_of(la.spherical_z_loss, logits, index(3)), 0)


def test_spherical_softmax_at_unit_length_is_the_raw_one_with_a_scaled_eps():
    logits, target = batch()
    length = logits.norm(dim=-1, keepdim=True)
    raw = [
        la.spherical_softmax_loss(f[None], y[None], eps=1e-4 * float(r) ** 2)
        for f, y, r in zip(logits, target, length, strict=True)
    ]
    close(la.spherical_softmax_loss(logits / length, target, reduction="none"), torch.stack(raw))


# robust


def test_ldr_falls_with_lam_from_the_maximum_to_the_mean():
    logits, target = batch()
    d = logits - logits.gather(1, target[:, None]) + 0.1 * (1 - onehot_of(target))
    before = d.amax(-1)
    close(la.ldr_kl_loss(logits, target, lam=1e-9, reduction="none"), before, atol=1e-7)
    close(
        la.ldr_kl_loss(logits, target, lam=1e-9, reduction="none"),
        la.crammer_singer_hinge(logits, target, margin=0.1, reduction="none"),
        atol=1e-7,
    )
    for lam in (0.01, 0.1, 1.0, 10.0, 1e3):
        items = la.ldr_kl_loss(logits, target, lam=lam, reduction="none")
        assert (items <= before + 1e-12).all() and (items >= d.mean(-1)).all()
        before = items
    close(la.ldr_kl_loss(logits, target, lam=1e12, reduction="none"), d.mean(-1), atol=1e-9)


def test_ldr_gradient_is_the_adversarys_distribution():
    logits, target = batch()
    d = logits - logits.gather(1, target[:, None]) + 0.3 * (1 - onehot_of(target))
    gradient = gradient_of(la.ldr_kl_loss, logits, target, lam=0.7, margin=0.3)
    close(gradient, (d / 0.7).softmax(-1) - onehot_of(target))
    close(gradient.sum(-1), 0)


def test_ldr_at_general_temperature_is_tempered_cross_entropy():
    logits, target = batch()
    wanted = 2.5 * (F.cross_entropy(logits / 2.5, target) - math.log(5))
    close(la.ldr_kl_loss(logits, target, lam=2.5, margin=0.0), wanted)


def test_aldr_temperature_range_and_fixed_point():
    logits, _ = batch()
    flat, sure = torch.zeros(1, 5, dtype=torch.float64), row(1e4, 0, 0, 0, 0)
    one = torch.ones(1, dtype=torch.float64)
    close(la.losses.cross_entropy.aldr_kl_temperature(flat, one, alpha=3.0), 1)
    close(la.losses.cross_entropy.aldr_kl_temperature(sure, one, alpha=3.0), 1 - 1 / 3, atol=1e-3)
    lam = torch.ones(7, dtype=torch.float64)
    for _ in range(200):
        lam = la.losses.cross_entropy.aldr_kl_temperature(logits, lam)
    assert (lam >= 0.5).all() and (lam <= 1).all()
    close(la.losses.cross_entropy.aldr_kl_temperature(logits, lam), lam)
    p = (logits / lam[:, None]).softmax(-1) + 1e-5
    p = p / p.sum(-1, keepdim=True)
    close(lam, 1 - (p * (5 * p).log()).sum(-1) / (2 * math.log(5)))


def test_aldr_module_remembers_the_examples_it_saw():
    logits, target = batch()
    module = la.losses.cross_entropy.ALDRKLLoss(10).double()
    seen = torch.tensor([9, 2, 3, 5, 7, 0, 1])
    first = module(logits, target, seen)
    close(first, la.aldr_kl_loss(logits, target))
    untouched = [4, 6, 8]
    close(module.temperature[untouched], 1)
    close(
        module.temperature[seen],
        la.losses.cross_entropy.aldr_kl_temperature(logits, torch.ones(7, dtype=torch.float64)),
    )
    again = la.losses.cross_entropy.ALDRKLLoss(10).double()
    again.load_state_dict(module.state_dict())
    kept = again.temperature.clone()
    again.eval()
    close(again(logits, target, seen), la.aldr_kl_loss(logits, target, lam=kept[seen]))
    assert torch.equal(again.temperature, kept)


def test_aldr_gradient_treats_the_temperature_as_fixed():
    logits, target = batch()
    lam = la.losses.cross_entropy.aldr_kl_temperature(logits, torch.ones(7, dtype=torch.float64))
    rows = [
        gradient_of(la.ldr_kl_loss, f[None], y[None], lam=float(t)) for f, y, t in zip(logits, target, lam, strict=True)
    ]
    close(gradient_of(la.aldr_kl_loss, logits, target), torch.cat(rows))


def test_aldr_refusals():
    logits, target = batch()
    with pytest.raises(ValueError, match=r"`lam`: expected shape \(7,\), got \(3,\)"):
        la.aldr_kl_loss(logits, target, lam=torch.ones(3, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"`lam`: expected .*, got a smallest value of 0"):
        la.aldr_kl_loss(logits, target, lam=torch.zeros(7, dtype=torch.float64))
    with pytest.raises(TypeError, match=r"`lam`: expected .*, got float 1\.0"):
        la.aldr_kl_loss(logits, target, lam=1.0)
    with pytest.raises(ValueError, match=r"`index`: expected numbers of examples in \[0, 3\), got 6"):
        la.losses.cross_entropy.ALDRKLLoss(3)(logits, target, torch.arange(7))
    with pytest.raises(TypeError, match="`index`"):
        la.losses.cross_entropy.ALDRKLLoss(7)(logits, target, torch.arange(7.0))
    with pytest.raises(ValueError, match="`examples`: expected a whole number >= 1, got 0"):
        la.losses.cross_entropy.ALDRKLLoss(0)


def test_normalised_scores():
    logits, _ = batch()
    softplus = la.losses.cross_entropy.softplus_mean_normalize(logits)
    close(softplus, F.softplus(logits) / F.softplus(logits).mean(-1, keepdim=True), rtol=1e-8)
    close(la.losses.cross_entropy.softplus_mean_normalize(row(-1e4, -1e4 + LN2, -torch.inf)), [[1, 2, 0]])
    scores = la.losses.cross_entropy.mean_abs_normalize(logits)
    close(scores.abs().mean(-1), 1)
    close(la.losses.cross_entropy.mean_abs_normalize(row(0, 0)), 0)
    assert torch.autograd.gradcheck(la.losses.cross_entropy.softplus_mean_normalize, logits.clone().requires_grad_())
    assert torch.autograd.gradcheck(la.losses.cross_entropy.mean_abs_normalize, logits.clone().requires_grad_())
    with pytest.raises(TypeError, match="`logits`: expected a floating-point tensor"):
        la.losses.cross_entropy.mean_abs_normalize([1.0])


# hinges and margins


def test_weston_watkins_is_multi_margin_loss():
    logits, target = batch()
    close(la.weston_watkins_hinge(logits, target), F.multi_margin_loss(logits, target))


def test_l2_svm_gradient_and_flat_end():
    logits, target = batch()
    t = 2.0 * onehot_of(target) - 1
    close(gradient_of(la.l2_svm_loss, logits, target), -2 * t * (1 - t * logits).clamp(min=0))
    for scores in (t, 3 * t):
        close(la.l2_svm_loss(scores, target), 0)
        close(gradient_of(la.l2_svm_loss, scores, target), 0)


def test_l2_svm_objective_at_zero_and_its_refusals():
    logits, target = torch.zeros(6, 5, dtype=torch.float64), torch.zeros(6, dtype=torch.long)
    weight = torch.zeros(4, 5, dtype=torch.float64)
    close(la.losses.cross_entropy.l2_svm_objective(logits, target, weight, penalty=0.5), 0.5 * 6 * 5)
    with pytest.raises(ValueError, match="`penalty`: expected a number >= 0, got -1"):
        la.losses.cross_entropy.l2_svm_objective(logits, target, weight, penalty=-1)
    with pytest.raises(TypeError, match="`weight`: expected a floating-point tensor"):
        la.losses.cross_entropy.l2_svm_objective(logits, target, None)


def test_logistic_loss_tends_to_the_perceptron_loss():
    g, plus = 1e4, torch.ones(2, dtype=torch.float64)
    margins = torch.tensor([-2.0, 0.0], dtype=torch.float64)
    close(la.logistic_loss(g * margins, plus, reduction="none") / g, [2, LN2 / g], atol=1e-12)
    close(gradient_of(la.perceptron_loss, torch.tensor([-1.0, 1.0], dtype=torch.float64), plus), [-1, 0])


def test_squared_hinge_is_squared_error_on_the_near_side():
    score = torch.tensor([-2.0, 0.0, 0.9], dtype=torch.float64)
    close(la.squared_hinge_loss(score, torch.ones(3), reduction="none"), (score - 1) ** 2)


# distance


def test_harmonic_numbers():
    x, centres = row(0), torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    for y, value in [(0, 0.2231435513), (1, 1.6094379124)]:
        close(la.harmonic_loss(x, centres, index(y), n=2), value)


def features(n=6, c=5, d=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x, w = (torch.randn(k, d, generator=generator, dtype=torch.float64) for k in (n, c))
    return x, w, torch.randint(0, c, (n,), generator=generator)


def test_harmonic_loss_is_cross_entropy_of_log_distances():
    x, w, y = features()
    squares = torch.cdist(x, w).square()
    close(la.harmonic_loss(x, w, y, n=3.0, eps=0.2), F.cross_entropy(-1.5 * (squares + 0.2).log(), y))
    close(
        la.losses.cross_entropy.harmax(x, w, n=3.0),
        torch.cdist(x, w) ** -3 / (torch.cdist(x, w) ** -3).sum(-1, keepdim=True),
    )


def test_harmonic_limits():
    x, w, y = features()
    close(la.harmonic_loss(x, w, y, n=1e-9), math.log(5), atol=1e-7)
    nearest = torch.cdist(x, w).argmin(-1)
    close(la.losses.cross_entropy.harmax(x, w, n=1e4), onehot_of(nearest))


def test_harmonic_loss_on_a_prototype():
    _, w, _ = features()
    y = torch.arange(5)
    for n in (0.5, 1.0, 2.0, 8.0):
        close(la.harmonic_loss(w, w, y, n=n), 0)
        close(la.losses.cross_entropy.harmax(w, w, n=n), torch.eye(5, dtype=torch.float64))
        close(gradient_of(la.harmonic_loss, w.clone(), w, y, n=n), 0)
    wrong = la.harmonic_loss(w, w, y.roll(1))
    assert wrong > 600 and wrong.isfinite() and gradient_of(la.harmonic_loss, w.clone(), w, y.roll(1)).isfinite().all()


def test_two_prototypes_in_one_place_share_the_probability():
    x = row(1, 2)
    close(la.harmonic_loss(x, torch.tensor([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]], dtype=torch.float64), index(0)), LN2)


def test_equiangular_numbers():
    basis = torch.eye(3, dtype=torch.float64)
    options = {"label_smoothing": 0.0}
    close(
        la.equiangular_basis_loss(basis[:1], basis, index(0), **options),
        math.log1p(2 * math.exp(-1 / 0.07)),
        rtol=1e-10,
        atol=0,
    )
    close(la.equiangular_basis_loss(basis[:1], basis, index(0), **options), 1.24975e-06, rtol=1e-5)
    close(la.equiangular_basis_loss(basis[:1], basis, index(1), **options), 14.2857155355)


def test_generation_loss():
    basis = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]
    close(la.losses.cross_entropy.equiangular_basis_generation_loss(basis, threshold=1e-12), 0)
    x, _, _ = features()
    unit = F.normalize(x)
    cosines = (unit @ unit.T).fill_diagonal_(0).abs()
    close(la.losses.cross_entropy.equiangular_basis_generation_loss(x, threshold=float(cosines.max())), 0)
    close(
        la.losses.cross_entropy.equiangular_basis_generation_loss(3 * x, threshold=0.1),
        (cosines - 0.1).clamp(min=0).fill_diagonal_(0).sum(),
    )
    level = torch.ones(5, 3, dtype=torch.float64)
    close(la.losses.cross_entropy.equiangular_basis_generation_loss(level, threshold=0.2), 5 * 4 * 0.8)
    assert torch.autograd.gradcheck(
        la.losses.cross_entropy.equiangular_basis_generation_loss, x.clone().requires_grad_()
    )


def test_generation_loss_comes_near_the_welch_bound_and_cannot_pass_it():
    c, d = 6, 3
    # From about half of all starts two vectors end up parallel, where the gradient is 0. This start is of the others.
    vectors = torch.randn(c, d, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    welch = math.sqrt((c - d) / (d * (c - 1)))
    downhill = torch.func.grad(lambda v: la.losses.cross_entropy.equiangular_basis_generation_loss(v, threshold=welch))
    for _ in range(1500):
        vectors = F.normalize(vectors - 3e-3 * downhill(vectors))
    cosines = (vectors @ vectors.T).abs().fill_diagonal_(0)
    assert welch - 1e-9 <= cosines.max() < welch + 0.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x, w: la.losses.cross_entropy.harmax(x, w[:, :2]),
            r"`prototypes`: expected shape \(5, 4\), got \(5, 2\)",
        ),
        (lambda x, w: la.losses.cross_entropy.harmax(x, w, n=0.0), "`n`: expected a number > 0, got 0"),
        (lambda x, w: la.losses.cross_entropy.harmax(x.tolist(), w), "`features`: expected a floating-point tensor"),
        (
            lambda x, w: la.losses.cross_entropy.equiangular_basis_generation_loss(x[0]),
            r"`vectors`: expected shape \(C, D\), got \(4,\)",
        ),
        (
            lambda x, w: la.losses.cross_entropy.equiangular_basis_generation_loss(x, threshold=2),
            "`threshold`: expected a number in",
        ),
        (
            lambda x, w: la.losses.cross_entropy.inverse_distance_weighting_attention(x, w, x),
            r"`values`: expected shape \(5, 4\), got \(6, 4\)",
        ),
        (
            lambda x, w: la.losses.cross_entropy.augmented_memory(w, w, x[0], 9),
            r"`target`: expected a whole number in \[0, 3\], got 9",
        ),
    ],
)
def test_refusals_of_the_distance_functions(call, message):
    x, w, _ = features()
    with pytest.raises((TypeError, ValueError), match=message):
        call(x, w)


def test_idw_weights():
    x, keys, _ = features()
    values = torch.eye(5, dtype=torch.float64)
    for power in (1.0, 2.0, 3.0):
        close(
            la.losses.cross_entropy.inverse_distance_weighting_attention(x, keys, values, power=power, eps=0.0),
            la.losses.cross_entropy.harmax(x, keys, n=power),
        )
        weights = la.losses.cross_entropy.inverse_distance_weights(x, keys, power=power, eps=0.01)
        close(weights.sum(-1), 1)
        close(weights, F.normalize(1 / (0.01 + torch.cdist(x, keys) ** power), p=1))
    close(
        la.losses.cross_entropy.inverse_distance_weights(2 * x, 2 * keys, eps=0.0),
        la.losses.cross_entropy.inverse_distance_weights(x, keys, eps=0.0),
    )
    close(
        la.losses.cross_entropy.inverse_distance_weights(x + 3, keys + 3),
        la.losses.cross_entropy.inverse_distance_weights(x, keys),
    )
    circle = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    close(la.losses.cross_entropy.inverse_distance_weights(torch.zeros(1, 2, dtype=torch.float64), circle), 1 / 3)


def test_idw_interpolates():
    _, keys, _ = features()
    values = torch.randn(5, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    close(la.losses.cross_entropy.inverse_distance_weighting_attention(keys, keys, values, eps=0.0), values)
    close(
        la.losses.cross_entropy.inverse_distance_weighting_attention(keys, keys, values, eps=1e-12), values, atol=1e-9
    )


def test_augmented_memory_makes_the_class_lead_at_the_point():
    x, keys, _ = features()
    values = torch.randn(5, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    eps = 1e-3
    for point in x:
        before = la.losses.cross_entropy.inverse_distance_weighting_attention(point[None], keys, values, eps=eps)[0]
        inverse_sum = (1 / (eps + (point - keys).square().sum(-1))).sum()
        for c in range(3):
            longer, more = la.losses.cross_entropy.augmented_memory(keys, values, point, c, eps=eps)
            if c == before.argmax():
                assert longer is keys and more is values
                continue
            after = la.losses.cross_entropy.inverse_distance_weighting_attention(point[None], longer, more, eps=eps)[0]
            assert after.argmax() == c
            lead = (before.max() - before[c]) / (1 + eps * inverse_sum)
            close(after[c] - after[before.argmax()], lead)


# relational


def test_null_bce_asks_only_about_the_label_set():
    logits, target = batch()
    onehot = onehot_of(target)
    everything = torch.ones(7, 5, dtype=torch.bool)
    close(la.null_bce_loss(logits, target, mask=everything), F.binary_cross_entropy_with_logits(logits, onehot))
    known = onehot.bool() | (torch.arange(5) < 3)
    bce = F.binary_cross_entropy_with_logits(logits, onehot, reduction="none")
    close(la.null_bce_loss(logits, target, mask=known), bce[known].mean())
    gradient = gradient_of(la.null_bce_loss, logits, target, mask=known)
    assert (gradient[~known] == 0).all() and (gradient[known] != 0).all()
    assert (gradient_of(la.cross_entropy, logits, target)[~known] > 0).all()
    close(la.class_relational_bce_loss(torch.zeros_like(logits), onehot, mask=known), LN2)


def test_relational_target():
    similarity = torch.tensor([[1.0, 0.9, 0.2], [0.9, 1.0, 0.95], [0.2, 0.95, 1.0]], dtype=torch.float64)
    target = index(0, 1, 2)
    assert la.losses.cross_entropy.relational_target(similarity, target, threshold=0.8).tolist() == [
        [1, 1, 0],
        [1, 1, 1],
        [0, 1, 1],
    ]
    own = torch.tensor([[True, True, False]] * 3)
    assert la.losses.cross_entropy.relational_target(similarity, target, threshold=0.8, label_set=own).tolist() == [
        [1, 0, 0],
        [0, 1, 1],
        [0, 0, 1],
    ]
    only = la.losses.cross_entropy.relational_target(similarity, target, threshold=1.0)
    assert only.tolist() == torch.eye(3).tolist()
    logits, _ = batch(3, 3)
    close(la.class_relational_bce_loss(logits, only), la.null_bce_loss(logits, target))


def test_class_similarity_is_a_mean_of_cosines():
    x, w, y = features()
    got = la.losses.cross_entropy.class_similarity(x, y, w)
    for c in range(5):
        mine = [F.cosine_similarity(v[None], w) for v in x[y == c]]
        close(got[c], torch.stack(mine).mean(0) if mine else torch.zeros(5, dtype=torch.float64))


# steps


def _surrogate_setting():
    x, _, y = features()
    weight = features(seed=5)[1].T[:, :5]
    return x, y, weight, lambda z: la.cross_entropy(z, y, reduction="sum")


def test_surrogate_touches_the_loss_at_the_anchor():
    x, _, weight, objective = _surrogate_setting()
    anchor = x @ weight
    gradient = torch.func.grad(objective)(anchor)
    leaf = weight.clone().requires_grad_()
    value = la.losses.cross_entropy.target_surrogate_loss(x @ leaf, anchor, gradient, anchor_loss=objective(anchor))
    close(value, objective(anchor))
    close(torch.autograd.grad(value, leaf)[0], torch.func.grad(lambda w: objective(x @ w))(weight))


def test_surrogate_lies_above_a_smooth_loss_and_not_above_a_steeper_one():
    x, _, weight, objective = _surrogate_setting()
    anchor = x @ weight
    gradient = torch.func.grad(objective)(anchor)
    for seed in range(20):
        other = anchor + 3 * torch.randn(
            anchor.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        assert la.losses.cross_entropy.target_surrogate_loss(
            other, anchor, gradient, anchor_loss=objective(anchor)
        ) >= objective(other)
        half_square = lambda z: 0.5 * z.square().sum()  # noqa: E731
        options = {"anchor_loss": half_square(anchor)}
        close(la.losses.cross_entropy.target_surrogate_loss(other, anchor, anchor, **options), half_square(other))
        assert la.losses.cross_entropy.target_surrogate_loss(other, anchor, anchor, eta=2.0, **options) < half_square(
            other
        )


def test_surrogate_of_free_outputs_has_its_minimum_one_step_away():
    anchor, gradient = batch()[0], batch(seed=1)[0]
    best = (anchor - 0.3 * gradient).requires_grad_()
    close(
        torch.autograd.grad(la.losses.cross_entropy.target_surrogate_loss(best, anchor, gradient, eta=0.3), best)[0], 0
    )


def test_one_inner_step_is_gradient_descent_and_more_descend_further():
    x, _, weight, objective = _surrogate_setting()
    forward = lambda p: x @ p["weight"]  # noqa: E731
    downhill = torch.func.grad(lambda w: objective(x @ w))(weight)
    once = la.losses.cross_entropy.sso_step({"weight": weight}, forward, objective, learning_rate=0.01)
    close(once["weight"], weight - 0.01 * downhill)
    often = la.losses.cross_entropy.sso_step({"weight": weight}, forward, objective, learning_rate=0.01, inner_steps=30)
    assert objective(forward(often)) < objective(forward(once)) < objective(x @ weight)


def _separable(n=60, d=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(n, d, generator=generator, dtype=torch.float64)
    truth = torch.randn(d, generator=generator, dtype=torch.float64)
    label = (points @ truth).sign()
    return points + 0.2 * label[:, None] * truth / truth.norm(), label


def test_gradient_descent_with_a_huge_step_is_the_batch_perceptron():
    points, label = _separable()
    u = torch.randn(5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert (points @ u).abs().min() > 1e-3
    g = 1e6
    gradient = gradient_of(lambda w, reduction: la.logistic_loss(points @ w, label), g * u)
    close(u - gradient, la.losses.cross_entropy.batch_perceptron_step(u, points, label), atol=1e-9)


def test_first_perceptron_step_takes_half_of_every_point():
    points, label = _separable()
    zero = torch.zeros(5, dtype=torch.float64)
    close(la.losses.cross_entropy.batch_perceptron_step(zero, points, label), 0.5 * (label[:, None] * points).mean(0))
    close(la.losses.cross_entropy.normalized_logistic_gd_step(zero, points, label), (label[:, None] * points).mean(0))


def test_batch_perceptron_stops_when_all_is_right():
    points, label = _separable()
    u = torch.zeros(5, dtype=torch.float64)
    for _ in range(2000):
        step = la.losses.cross_entropy.batch_perceptron_step(u, points, label)
        if torch.equal(step, u):
            break
        u = step
    assert (label * (points @ u) > 0).all()
    assert torch.equal(la.losses.cross_entropy.batch_perceptron_step(u, points, label), u)


def test_normalized_step_averages_by_normalised_weights_and_keeps_its_length():
    points, label = _separable()
    w = torch.randn(5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    margin = label * (points @ w)
    shares = torch.sigmoid(-margin) / torch.sigmoid(-margin).sum()
    close(
        la.losses.cross_entropy.normalized_logistic_gd_step(w, points, label, step_size=0.3),
        w + 0.3 * ((shares * label)[:, None] * points).sum(0),
    )
    wrong = margin < 0
    limit = (label[wrong, None] * points[wrong]).mean(0)
    close(
        la.losses.cross_entropy.normalized_logistic_gd_step(1e6 * w, points, label) - 1e6 * w,
        limit,
        rtol=1e-6,
        atol=1e-6,
    )


@pytest.mark.parametrize(
    "step", [la.losses.cross_entropy.batch_perceptron_step, la.losses.cross_entropy.normalized_logistic_gd_step]
)
def test_refusals_of_the_steps(step):
    points, label = _separable()
    with pytest.raises(ValueError, match=r"`features`: expected shape \(60, 4\), got \(60, 5\)"):
        step(torch.zeros(4, dtype=torch.float64), points, label)
