"""Mixtures of pairs: the generic form, its special cases, and one triple worked out by hand."""

import math
import operator

import pytest
import torch

import lossatlas as la

N, D = 8, 4


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


X, Y = normal(N, D), torch.arange(N) % 3
S = torch.nn.functional.normalize(X, dim=-1) @ torch.nn.functional.normalize(X, dim=-1).mT
SAME = (Y[:, None] == Y) & ~torch.eye(N, dtype=torch.bool)
OTHER = Y[:, None] != Y


def multi_similarity_parts(alpha, beta, base):
    return {
        "rho_positive": lambda s: (-alpha * (s - base)).exp(),
        "rho_negative": lambda s: (beta * (s - base)).exp(),
        "sigma_positive": lambda x: x.log1p() / alpha,
        "sigma_negative": lambda x: x.log1p() / beta,
    }


@pytest.mark.parametrize(
    "hyper", [{"alpha": 2.0, "beta": 50.0, "base": 1.0}, {"alpha": 3.0, "beta": 10.0, "base": 0.4}]
)
def test_the_generic_form_gives_multi_similarity(hyper):
    got = la.losses.pair_metric_learning.generic_pair_loss(S, SAME, OTHER, **multi_similarity_parts(**hyper))
    torch.testing.assert_close(got, la.multi_similarity_loss(X, Y, reduction="none", **hyper), rtol=1e-12, atol=0)


def test_a_pair_that_does_not_count_leaves_no_trace():
    s = S.clone().fill_diagonal_(-math.inf).requires_grad_()
    value = la.losses.pair_metric_learning.generic_pair_loss(
        s, SAME, OTHER, rho_positive=lambda s: (-s).exp(), rho_negative=lambda s: s.square()
    )
    (gradient,) = torch.autograd.grad(value.sum(), s)
    assert value.isfinite().all() and gradient.isfinite().all() and not gradient.diagonal().any()


def test_labels_of_mixtures():
    one, zero = torch.tensor(1.0), torch.tensor(0.0)
    assert la.losses.pair_metric_learning.mixed_pair_labels(one, zero, lam=0.3).item() == pytest.approx(0.3)
    assert (
        la.losses.pair_metric_learning.mixed_pair_labels(one, one, lam=0.3) == 1
        and la.losses.pair_metric_learning.mixed_pair_labels(zero, zero, lam=0.3) == 0
    )
    mixed = la.losses.pair_metric_learning.mixed_pair_labels(SAME.unsqueeze(-1), OTHER.unsqueeze(-2), lam=0.25)
    assert mixed.shape == (N, N, N) and mixed.is_floating_point()
    assert mixed[0, 3, 1].item() == 1.0 and mixed[0, 3, 0].item() == 0.25 and mixed[0, 1, 1].item() == 0.75


def test_labels_of_mixtures_are_no_whole_numbers():
    """Booleans times the whole number 1 would be whole numbers, which no loss takes for shares."""
    assert la.losses.pair_metric_learning.mixed_pair_labels(SAME, OTHER, lam=1).dtype == torch.get_default_dtype()


@pytest.mark.parametrize("loss", [la.metrix_contrastive_loss, la.metrix_multi_similarity_loss])
def test_of_an_empty_batch_nothing_is_mixed(loss):
    nothing = torch.zeros(0, 3, requires_grad=True)
    value = loss(nothing, torch.zeros(0, dtype=torch.long))
    value.backward()
    assert value == 0 and nothing.grad.shape == (0, 3)


def mixed_part(loss, *args, **hyper):
    return loss(*args, weight=1.0, **hyper) - loss(*args, weight=0.0, **hyper)


@pytest.mark.parametrize("lam", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_one_triple_by_hand(lam):
    """One anchor, one positive, one negative: lam d + (1 - lam) max(0, 0.5 - d)."""
    a, p, n = torch.tensor([[1.0, 0.0], [1.5, 0.9], [0.9, 0.2]], dtype=torch.float64).unsqueeze(1)
    labels, names = torch.tensor([0]), torch.tensor([0, 1])
    v = torch.nn.functional.normalize(lam * p + (1 - lam) * n, dim=-1)
    d = math.dist(a[0].tolist(), v[0].tolist())
    got = mixed_part(la.metrix_contrastive_loss, a, labels, torch.cat([p, n]), names, lam=lam)
    assert got.item() == pytest.approx(lam * d + (1 - lam) * max(0.0, 0.5 - d))
    s = 1 - d * d / 2
    pull, push = math.log1p(lam * math.exp(-2 * (s - 0.5))) / 2, math.log1p((1 - lam) * math.exp(9 * (s - 0.5))) / 9
    got = mixed_part(la.metrix_multi_similarity_loss, a, labels, torch.cat([p, n]), names, lam=lam, beta=9.0, base=0.5)
    assert got.item() == pytest.approx(pull + push)


def test_the_ends_of_lam_are_the_clean_terms_on_the_same_pairs():
    """One positive each, and as many negatives: then the repetitions cancel in the means."""
    x, y = normal(6, D, seed=2), torch.arange(6) // 2
    far = 2.5
    u = torch.nn.functional.normalize(x, dim=-1)
    d = torch.cdist(u, u)
    same = (y[:, None] == y) & ~torch.eye(6, dtype=torch.bool)
    assert mixed_part(la.metrix_contrastive_loss, x, y, lam=1.0, margin=far).item() == pytest.approx(
        d[same].mean().item()
    )
    assert mixed_part(la.metrix_contrastive_loss, x, y, lam=0.0, margin=far).item() == pytest.approx(
        (far - d)[y[:, None] != y].mean().item()
    )


def test_clean_parts_are_the_clean_losses():
    hyper = {"alpha": 3.0, "beta": 20.0, "base": 0.4}
    clean = la.metrix_multi_similarity_loss(X, Y, weight=0.0, reduction="none", **hyper)
    torch.testing.assert_close(clean, la.multi_similarity_loss(X, Y, reduction="none", **hyper))


@pytest.mark.parametrize("lam", [0.0, 0.37, 1.0])
def test_the_mixed_part_is_the_generic_form_on_mixtures(lam):
    hyper = {"alpha": 3.0, "beta": 20.0, "base": 0.4}
    got = mixed_part(la.metrix_multi_similarity_loss, X, Y, lam=lam, reduction="none", **hyper)
    for n in range(N):
        first = SAME[n].nonzero()[0, 0]
        mixtures = lam * X[first] + (1 - lam) * X[OTHER[n]]
        s = torch.nn.functional.cosine_similarity(X[n : n + 1], mixtures)
        y = la.losses.pair_metric_learning.mixed_pair_labels(torch.ones_like(s), torch.zeros_like(s), lam=lam)
        wanted = la.losses.pair_metric_learning.generic_pair_loss(
            s[None], y[None], 1 - y[None], **multi_similarity_parts(**hyper)
        )
        assert got[n].item() == pytest.approx(wanted.item(), rel=1e-10)


@pytest.mark.parametrize("lam", [0.0, 1.0])
def test_the_ends_of_lam_have_finite_gradients(lam):
    x = X.clone().requires_grad_()
    for loss in (la.metrix_multi_similarity_loss, la.metrix_contrastive_loss):
        assert torch.autograd.grad(loss(x, Y, lam=lam), x)[0].isfinite().all()


def test_by_default_both_sides_are_summed():
    share = normal(N, N, seed=1).sigmoid()
    rho = {"rho_positive": operator.neg, "rho_negative": abs}
    got = la.losses.pair_metric_learning.generic_pair_loss(S, share, 1 - share, **rho)
    torch.testing.assert_close(got, (share * -S + (1 - share) * S.abs()).sum(-1))
