"""What the papers say of the classic losses by pairs, number by number."""

import math

import pytest
import torch

import lossatlas as la
from lossatlas.signatures import pairs


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


def batch(count=12, classes=3, dim=4, seed=0):
    return normal(count, dim, seed=seed), torch.arange(count) % classes


def close(got, wanted, tolerance=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype), rtol=tolerance, atol=tolerance)


# circle loss

circle = la.on(pairs, la.circle_loss)


def test_circle_loss_of_a_single_pair():
    close(circle(numbers([0.5]), numbers([0.5]), margin=0.25, gamma=1.0), 0.89812326413984)


@pytest.mark.parametrize("gamma", [1.0, 32.0, 256.0])
@pytest.mark.parametrize(("positives", "negatives"), [(1, 1), (3, 5)])
def test_circle_loss_with_all_pairs_at_their_goals(gamma, positives, negatives):
    at_goal = torch.full((1, positives), 0.75).double(), torch.full((1, negatives), 0.25).double()
    close(circle(*at_goal, margin=0.25, gamma=gamma), math.log1p(positives * negatives))


def test_the_boundary_of_circle_loss_is_a_circle():
    angle, margin = torch.linspace(0.1, 1.4, 7, dtype=torch.float64), 0.25
    s_n, s_p = (math.sqrt(2) * margin * part for part in (angle.cos(), angle.sin()))
    on_it = circle((1 - s_p).unsqueeze(-1), s_n.unsqueeze(-1), margin=margin, gamma=64.0, reduction="none")
    close(on_it, torch.full_like(on_it, math.log(2)))
    inside = circle((1 - 0.9 * s_p).unsqueeze(-1), 0.9 * s_n.unsqueeze(-1), margin=margin, gamma=64.0, reduction="none")
    assert (inside < math.log(2)).all()


def test_circle_loss_where_both_weights_are_1_is_a_soft_triplet_loss():
    margin, gamma = 0.25, 10.0
    s_p, s_n = numbers([margin]).requires_grad_(), numbers([1 - margin]).requires_grad_()
    value = circle(s_p, s_n, margin=margin, gamma=gamma)
    excess = (gamma * (s_n - s_p + 1 - 2 * margin)).sum()
    wanted = torch.nn.functional.softplus(excess)
    close(value.detach(), wanted.detach())
    for got, right in zip(*(torch.autograd.grad(v, (s_p, s_n)) for v in (value, wanted)), strict=True):
        close(got, right)


def test_the_forces_of_circle_loss_point_to_the_goals_and_end_there():
    margin = 0.25
    s_p, s_n = normal(50, 3).tanh().requires_grad_(), normal(50, 5, seed=1).tanh().requires_grad_()
    pull, push = torch.autograd.grad(circle(s_p, s_n, margin=margin, gamma=8.0, reduction="sum"), (s_p, s_n))
    assert (pull <= 0).all() and (push >= 0).all()
    there = s_n <= -margin
    assert there.any() and not push[there].any() and push[~there].any()
    beyond = numbers([1 + margin, 1.5]).requires_grad_()
    (pull,) = torch.autograd.grad(circle(beyond, numbers([0.5]), margin=margin, gamma=1.0), beyond)
    assert not pull.any()


# multi-similarity loss

multi_similarity = la.on(pairs, la.multi_similarity_loss)


@pytest.mark.parametrize(
    ("alpha", "beta", "wanted"), [(2.0, 40.0, 0.3639022697939713), (2.0, 50.0, 0.36043653389117153)]
)
def test_multi_similarity_of_one_pair_of_each_at_the_base(alpha, beta, wanted):
    close(multi_similarity(numbers([0.6]), numbers([0.6]), alpha=alpha, beta=beta, base=0.6), wanted)


def test_multi_similarity_of_many_pairs_at_the_base():
    got = multi_similarity(
        torch.full((1, 4), 0.5).double(), torch.full((1, 7), 0.5).double(), alpha=3.0, beta=20.0, base=0.5
    )
    close(got, math.log(5) / 3 + math.log(8) / 20)


def test_the_derivatives_of_multi_similarity_are_its_weights():
    alpha, beta, base = 2.0, 20.0, 0.5
    s_p, s_n = normal(6, 3).tanh().requires_grad_(), normal(6, 4, seed=1).tanh().requires_grad_()
    value = multi_similarity(s_p, s_n, alpha=alpha, beta=beta, base=base, reduction="sum")
    pull, push = torch.autograd.grad(value, (s_p, s_n))
    e_p, e_n = (-alpha * (s_p - base)).exp().detach(), (beta * (s_n - base)).exp().detach()
    close(pull, -e_p / (1 + e_p.sum(-1, keepdim=True)))
    close(push, e_n / (1 + e_n.sum(-1, keepdim=True)))
    assert (pull <= 0).all() and (push >= 0).all()
    assert (pull.sum(-1) > -1).all() and (push.sum(-1) < 1).all()


def test_a_sharp_multi_similarity_is_a_hinge_on_the_hardest():
    s_p, s_n, base, sharp = normal(8, 3).tanh(), normal(8, 5, seed=1).tanh(), 0.2, 1e4
    got = multi_similarity(s_p, s_n, alpha=sharp, beta=sharp, base=base, reduction="none")
    hinges = (base - s_p.amin(-1)).clamp(min=0), (s_n.amax(-1) - base).clamp(min=0)
    off = got - sum(hinges)
    assert (off >= -1e-12).all() and (off <= (math.log(4) + math.log(6)) / sharp + 1e-12).all()


# triplets


@pytest.mark.parametrize("margin", [0.2, 0.7])
def test_total_collapse_costs_the_margin(margin):
    labels = torch.arange(8) % 3
    close(la.batch_hard_triplet_loss(torch.full((8, 4), 0.3).double(), labels, margin=margin), margin, 0)
    close(la.batch_all_triplet_loss(torch.full((8, 4), 0.3).double(), labels, margin=margin), margin)
    close(la.soft_margin_triplet_loss(torch.full((8, 4), 0.3).double(), labels), math.log(2))


def test_an_ideal_map_costs_nothing():
    labels = torch.arange(9) % 3
    corners = torch.eye(3, dtype=torch.float64)[labels]
    for loss in (la.batch_hard_triplet_loss, la.batch_all_triplet_loss, la.semi_hard_triplet_loss):
        assert loss(corners, labels, margin=math.sqrt(2) - 1e-12, reduction="none").tolist() == [0.0] * 9


def test_the_hardest_triplet_is_above_the_mean_of_all_for_each_anchor():
    for seed in range(5):
        rows, labels = batch(seed=seed)
        hard, mean = (
            f(rows, labels, reduction="none") for f in (la.batch_hard_triplet_loss, la.batch_all_triplet_loss)
        )
        assert (hard >= mean).all() and (hard > mean).any()


def test_isometries_leave_the_hardest_triplet_as_it_is():
    rows, labels = batch()
    turned = rows @ torch.linalg.qr(normal(4, 4, seed=3))[0] + normal(4, seed=4)
    close(la.batch_hard_triplet_loss(turned, labels), la.batch_hard_triplet_loss(rows, labels))


def test_all_triplets_need_no_list_of_them():
    """1200 anchors have 860 million triplets, 7 GB of them in a list; one anchor's are taken here for comparison."""
    rows, labels = batch(1200, classes=2, dim=3)
    got = la.batch_all_triplet_loss(rows, labels, reduction="none")
    d = (rows[7] - rows).norm(dim=-1)
    positive, negative = (labels == labels[7]) & (torch.arange(1200) != 7), labels != labels[7]
    close(got[7], (d[positive].unsqueeze(-1) - d[negative] + 0.2).clamp(min=0).mean(), 1e-10)


def test_semi_hard_negatives_lie_beyond_the_positive():
    """On a line: a positive at 1, negatives at 0.5, 1.1 and 1.15, of which the second counts."""
    line = numbers([0.0], [1.0], [0.5], [1.1], [1.15])
    labels = torch.tensor([0, 0, 1, 1, 1])
    close(la.semi_hard_triplet_loss(line, labels, margin=0.2, reduction="none")[0], 0.1)
    alone = la.semi_hard_triplet_loss(line[:3], labels[:3], margin=0.2, reduction="none")
    assert alone[0] == 0  # the one negative is nearer than the positive
    close(la.semi_hard_triplet_loss(line, labels, margin=0.05, reduction="none")[0], 0.0, 0)


def test_the_angle_of_the_angular_loss():
    """The negative sees anchor and positive, 2 apart, from height h: at the border the tangent is 1 / h."""
    angle = 0.6
    border = 1 / math.tan(angle)
    a, p = numbers([-1.0, 0.0]), numbers([1.0, 0.0])
    outside, inside = (la.angular_loss(a, p, numbers([0.0, h]), angle=angle) for h in (1.001 * border, 0.999 * border))
    assert outside == 0 and inside > 0
    twice = la.angular_loss(2 * a, 2 * p, numbers([0.0, 2 * 0.999 * border]), angle=angle)
    close(twice, 4 * inside, 1e-9)


# margins


def test_ranked_list_loss_by_hand():
    """An anchor at 0 on a line; a positive at 1; negatives at 1.1 and 0.9 inside the ball of 1.2, one at 2 outside."""
    line, labels = numbers([0.0], [1.0], [1.1], [-0.9], [2.0]), torch.tensor([0, 0, 1, 1, 1])
    w = [math.exp(0.1 / 0.5), math.exp(0.3 / 0.5)]
    push = (w[0] * 0.1 + w[1] * 0.3) / sum(w)
    got = la.ranked_list_loss(line, labels, margin=0.4, boundary=1.2, temperature=0.5, balance=0.3, reduction="none")
    close(got[0], 0.7 * 0.2 + 0.3 * push)


def test_the_boundary_of_the_margin_loss_can_be_learned():
    rows, labels = batch()
    boundary = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda b: la.margin_loss(rows, labels, boundary=b), boundary)


# softmaxes


def test_n_pairs_as_in_the_paper():
    """One pair of each class: the anchors are classified among the partners by inner product."""
    anchors, partners, classes = normal(5, 3), normal(5, 3, seed=1), torch.arange(5)
    got = la.n_pairs_loss(anchors, classes, partners, classes, reduction="none")
    close(got, torch.nn.functional.cross_entropy(anchors @ partners.T, classes, reduction="none"))


def test_nca_is_a_softmax_over_the_neighbours():
    rows, labels = batch()
    apart = -torch.cdist(rows, rows).square().fill_diagonal_(math.inf)
    shares = (apart.softmax(-1) * (labels.unsqueeze(-1) == labels)).sum(-1)
    close(la.nca_loss(rows, labels, reduction="none"), -shares.log(), 1e-10)


def test_proxy_nca_leaves_the_true_proxy_out_of_the_sum():
    x, proxies, y = normal(6, 3), normal(4, 3, seed=1), torch.arange(6) % 4
    unit = [v / v.norm(dim=-1, keepdim=True) for v in (x, proxies)]
    near = (-torch.cdist(*unit).square()).exp()
    own = near.gather(1, y.unsqueeze(-1)).squeeze(-1)
    close(la.proxy_nca_loss(x, proxies, y, reduction="none"), -(own / (near.sum(-1) - own)).log(), 1e-10)


def test_proxies_without_items_only_push():
    """Both items are of class 0: one pull, averaged over one proxy, and three pushes, one of which is empty."""
    x, proxies, y = numbers([1.0, 0.0], [1.0, 0.0]), numbers([1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]), torch.tensor([0, 0])
    got = la.proxy_anchor_loss(x, proxies, y, margin=0.1, alpha=2.0)
    pull = math.log1p(2 * math.exp(-2 * 0.9))
    push = (math.log1p(2 * math.exp(2 * 0.1)) + math.log1p(2 * math.exp(2 * -0.9))) / 3
    close(got, pull + push)


# signal and noise


def test_distances_by_signal_to_noise_by_hand():
    x, y = numbers([1.0, -1.0]), numbers([0.5, -0.5])
    close(la.losses.pair_metric_learning.snr_distance(x, y), [[0.25]])
    close(la.losses.pair_metric_learning.snr_distance(y, x), [[1.0]])
    close(la.losses.pair_metric_learning.snr_distance(x, -x), [[4.0]])


def test_the_signal_to_noise_distance_does_not_see_constants_and_common_factors():
    x, y = normal(4, 6), normal(5, 6, seed=1)
    d = la.losses.pair_metric_learning.snr_distance(x, y)
    close(la.losses.pair_metric_learning.snr_distance(x + normal(4, 1, seed=2), y + normal(5, 1, seed=3)), d)
    close(la.losses.pair_metric_learning.snr_distance(-3 * x, -3 * y), d)
    close(la.losses.pair_metric_learning.snr_distance(numbers([3.0, 1.0]), numbers([0.5, -0.5])), [[0.25]])


def test_of_centred_vectors_it_is_a_ratio_of_squared_lengths():
    x, y = (v - v.mean(-1, keepdim=True) for v in (normal(4, 6), normal(5, 6, seed=1)))
    close(
        la.losses.pair_metric_learning.snr_distance(x, y),
        torch.cdist(x, y).square() / x.square().sum(-1, keepdim=True),
        1e-10,
    )


def test_independent_noise_lowers_the_correlation():
    signal, noise = numbers([1.0, 1.0, -1.0, -1.0]), numbers([0.7, -0.7, 0.7, -0.7])
    d = la.losses.pair_metric_learning.snr_distance(signal, signal + noise)
    close(d, [[0.49]])
    close(torch.corrcoef(torch.cat([signal, signal + noise]))[0, 1], 1 / math.sqrt(1.49))


def test_signal_to_noise_distances_are_0_from_each_vector_to_itself_and_never_negative():
    x = normal(6, 4)
    d = la.losses.pair_metric_learning.snr_distance(x, x)
    assert (d >= 0).all() and d.diagonal().tolist() == [0.0] * 6


def test_the_signal_to_noise_contrastive_loss_ends_where_all_is_in_place():
    rows, labels = numbers([1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, 1.0]), torch.tensor([0, 0, 1, 1])
    assert la.snr_contrastive_loss(rows, labels, positive_margin=0.0, negative_margin=4.0) == 0
    assert la.snr_contrastive_loss(rows, labels, positive_margin=0.0, negative_margin=4.1) > 0


def test_signal_to_noise_in_half_precision_and_of_two_dtypes():
    x, y = normal(4, 3).half(), normal(5, 3, seed=1).half()
    wanted = la.losses.pair_metric_learning.snr_distance(x.float(), y.float())
    torch.testing.assert_close(la.losses.pair_metric_learning.snr_distance(x, y), wanted.half(), rtol=0, atol=0)
    torch.testing.assert_close(la.losses.pair_metric_learning.snr_distance(x, y.float()), wanted)


def test_an_anchor_without_signal_has_distances_0_and_gradients_0():
    x = torch.full((1, 3), 0.3, dtype=torch.float64, requires_grad=True)
    d = la.losses.pair_metric_learning.snr_distance(x, normal(4, 3))
    assert not d.any()
    assert not torch.autograd.grad(d.sum(), x)[0].any()


@pytest.mark.parametrize(
    ("x", "y", "name", "error"),
    [
        ([[1.0]], torch.ones(1, 1), "x", TypeError),
        (torch.ones(2, 3, dtype=torch.long), torch.ones(2, 3), "x", TypeError),
        (torch.ones(3), torch.ones(2, 3), "x", ValueError),
        (torch.ones(2, 0), torch.ones(2, 0), "x", ValueError),
        (torch.ones(2, 3), torch.ones(2, 4), "y", ValueError),
    ],
)
def test_what_a_signal_to_noise_distance_cannot_be_taken_of(x, y, name, error):
    with pytest.raises(error, match=f"`{name}`: expected .*, got "):
        la.losses.pair_metric_learning.snr_distance(x, y)
