"""Distances of covariance matrices: closed forms, invariances, and gradients where matrices are equal."""

import pytest
import torch
from tests.contract.test_errors import refused

import lossatlas as la

RANDOM = torch.Generator().manual_seed(0)


def covariances(*batch, n=3):
    root = torch.randn(*batch, n, n, generator=RANDOM, dtype=torch.float64)
    return root @ root.mT + 0.1 * torch.eye(n, dtype=torch.float64)


A, B, M = covariances(5), covariances(5), covariances()
DISTANCES = [
    la.losses.pair_metric_learning.bures_wasserstein_distance,
    la.losses.pair_metric_learning.squared_bures_wasserstein_distance,
    la.losses.pair_metric_learning.affine_invariant_distance,
    lambda a, b: la.losses.pair_metric_learning.generalized_bures_wasserstein_distance(a, b, M, theta=0.5),
    lambda a, b: la.losses.pair_metric_learning.squared_generalized_bures_wasserstein_distance(a, b, M),
]


def power(x, exponent):
    values, vectors = torch.linalg.eigh(x)
    return vectors @ torch.diag_embed(values**exponent) @ vectors.mT


def test_numbers():
    four, one = (torch.tensor([[x]], dtype=torch.float64) for x in (4.0, 1.0))
    assert la.losses.pair_metric_learning.squared_bures_wasserstein_distance(four, one).item() == pytest.approx(1)
    assert la.losses.pair_metric_learning.squared_bures_wasserstein_distance(9 * four, one).item() == pytest.approx(25)
    assert la.losses.pair_metric_learning.bures_wasserstein_distance(9 * four, one).item() == pytest.approx(5)
    assert la.losses.pair_metric_learning.affine_invariant_distance(four, one).item() == pytest.approx(
        torch.tensor(4.0).log().item()
    )


def test_diagonal_matrices():
    a, b = torch.rand(2, 4, generator=RANDOM, dtype=torch.float64) + 0.1
    got = la.losses.pair_metric_learning.squared_bures_wasserstein_distance(a.diag(), b.diag())
    torch.testing.assert_close(got, (a.sqrt() - b.sqrt()).square().sum())


def test_the_formula_with_traces():
    def trace(x):
        return x.diagonal(dim1=-2, dim2=-1).sum(-1)

    root = power(A, 0.5)
    wanted = trace(A) + trace(B) - 2 * trace(power(root @ B @ root, 0.5))
    torch.testing.assert_close(la.losses.pair_metric_learning.squared_bures_wasserstein_distance(A, B), wanted)
    torch.testing.assert_close(la.losses.pair_metric_learning.bures_wasserstein_distance(A, B), wanted.sqrt())


def test_the_optimal_map_between_gaussians_travels_so_far():
    """W2 of centred Gaussians is the mean squared way of the linear map T that carries one onto the other."""
    half = power(A, 0.5)
    carry = torch.linalg.inv(half) @ power(half @ B @ half, 0.5) @ torch.linalg.inv(half)
    way = carry - torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(carry @ A @ carry, B)
    torch.testing.assert_close(
        la.losses.pair_metric_learning.squared_bures_wasserstein_distance(A, B),
        (way @ A @ way).diagonal(dim1=-2, dim2=-1).sum(-1),
    )


def test_the_generalized_distance():
    one = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(
        la.losses.pair_metric_learning.generalized_bures_wasserstein_distance(A, B, one),
        la.losses.pair_metric_learning.bures_wasserstein_distance(A, B),
    )
    by = power(M, -0.5)
    wanted = la.losses.pair_metric_learning.bures_wasserstein_distance(by @ A @ by, by @ B @ by)
    torch.testing.assert_close(la.losses.pair_metric_learning.generalized_bures_wasserstein_distance(A, B, M), wanted)
    of_powers = (
        la.losses.pair_metric_learning.generalized_bures_wasserstein_distance(power(A, 0.7), power(B, 0.7), M) / 0.7
    )
    torch.testing.assert_close(
        la.losses.pair_metric_learning.generalized_bures_wasserstein_distance(A, B, M, theta=0.7), of_powers
    )
    squared = la.losses.pair_metric_learning.squared_generalized_bures_wasserstein_distance(A, B, M, theta=-0.7)
    torch.testing.assert_close(
        squared, la.losses.pair_metric_learning.generalized_bures_wasserstein_distance(A, B, M, theta=-0.7).square()
    )


def test_invariances():
    t = torch.randn(3, 3, generator=RANDOM, dtype=torch.float64)
    q = torch.linalg.qr(t)[0]
    torch.testing.assert_close(
        la.losses.pair_metric_learning.bures_wasserstein_distance(q @ A @ q.mT, q @ B @ q.mT),
        la.losses.pair_metric_learning.bures_wasserstein_distance(A, B),
    )
    moved = [t @ x @ t.mT for x in (A, B, M)]
    torch.testing.assert_close(
        la.losses.pair_metric_learning.generalized_bures_wasserstein_distance(*moved),
        la.losses.pair_metric_learning.generalized_bures_wasserstein_distance(A, B, M),
    )
    torch.testing.assert_close(
        la.losses.pair_metric_learning.affine_invariant_distance(*moved[:2]),
        la.losses.pair_metric_learning.affine_invariant_distance(A, B),
    )


@pytest.mark.parametrize("distance", DISTANCES)
def test_gradients(distance):
    inputs = [x[:2].clone().requires_grad_() for x in (A, B)]
    assert torch.autograd.gradcheck(lambda a, b: distance((a + a.mT) / 2, (b + b.mT) / 2), inputs)


def test_the_second_gradient():
    inputs = [x[:2].clone().requires_grad_() for x in (A, B)]
    for distance in (
        la.losses.pair_metric_learning.squared_bures_wasserstein_distance,
        la.losses.pair_metric_learning.bures_wasserstein_distance,
        la.losses.pair_metric_learning.affine_invariant_distance,
    ):
        assert torch.autograd.gradgradcheck(
            lambda a, b, distance=distance: distance((a + a.mT) / 2, (b + b.mT) / 2), inputs
        )


def test_the_third_gradient():
    a = A[0].clone().requires_grad_()

    def gradient(a):
        value = la.losses.pair_metric_learning.squared_bures_wasserstein_distance((a + a.mT) / 2, B[0])
        return torch.autograd.grad(value, a, create_graph=True)[0]

    assert torch.autograd.gradgradcheck(gradient, (a,))


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("matrix", [A[0], torch.eye(3, dtype=torch.float64), 1e-6 * A[1]])
def test_at_equal_matrices_value_and_gradient_are_0(distance, matrix):
    a, b = (matrix.clone().requires_grad_() for _ in range(2))
    value = distance(a, b)
    assert value.abs() < 1e-7
    gradients = torch.autograd.grad(value, (a, b))
    assert all(gradient.isfinite().all() for gradient in gradients)
    # What is left is rounding, and a norm of rounding has a direction: for squares it vanishes.
    if distance is la.losses.pair_metric_learning.squared_bures_wasserstein_distance:
        assert all(gradient.abs().max() < 1e-7 for gradient in gradients)


def test_near_equal_matrices_no_digits_are_lost():
    step = 1e-9 * torch.diag(torch.tensor([1.0, 2, 3], dtype=torch.float64))
    got = la.losses.pair_metric_learning.bures_wasserstein_distance(
        torch.eye(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64) + step
    )
    assert got.item() == pytest.approx(1e-9 * 14**0.5 / 2, rel=1e-6)


def test_ill_conditioned_matrices_have_steeper_affine_invariant_distances():
    ratios = []
    for condition in (1e1, 1e3, 1e6):
        gradients = []
        for distance in (
            la.losses.pair_metric_learning.affine_invariant_distance,
            la.losses.pair_metric_learning.bures_wasserstein_distance,
        ):
            q, r = torch.linalg.qr(
                torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
            )[0]
            spectrum = torch.tensor([1.0, condition**-0.5, 1 / condition], dtype=torch.float64).diag()
            a = (q @ spectrum @ q.mT).requires_grad_()
            gradients.append(torch.autograd.grad(distance(a, r @ spectrum @ r.mT), a)[0].norm().item())
        ratios.append(gradients[0] / gradients[1])
    assert ratios[0] < ratios[1] < ratios[2] and ratios[2] > 100


@pytest.mark.parametrize(
    "distance",
    [
        la.losses.pair_metric_learning.generalized_bures_wasserstein_distance,
        la.losses.pair_metric_learning.squared_generalized_bures_wasserstein_distance,
    ],
)
def test_the_second_gradient_with_a_power_is_refused(distance):
    """Also where the gradient that comes in is a constant: what is missing would show no sign."""
    a = A.clone().requires_grad_()
    value = distance(a, B, M, theta=0.5).sum()
    with pytest.raises(ValueError, match=r"`create_graph`: expected False: a gradient of a matrix to a power cannot"):
        torch.autograd.grad(value, a, create_graph=True)


@pytest.mark.parametrize(
    "distance",
    [distance for distance in DISTANCES if distance is not la.losses.pair_metric_learning.affine_invariant_distance],
)
def test_transforms_are_refused(distance):
    with pytest.raises(ValueError, match=r"`torch\.func`: expected no transform .* of a Bures-Wasserstein distance"):
        torch.func.hessian(lambda a: distance(a, B).sum())(A)


@pytest.mark.parametrize("distance", DISTANCES[:3])
def test_matrices_without_rows_are_refused(distance):
    with pytest.raises(ValueError, match=r"`a`: expected at least 1 along D in shape \(\.\.\., D, D\)"):
        distance(A[:, :0, :0], B[:, :0, :0])


def test_batches_that_do_not_broadcast_are_refused():
    with pytest.raises(
        ValueError, match=r"`b`: expected shape \(\.\.\., 3, 3\), its leading axes broadcasting with \(3,\)"
    ):
        la.losses.pair_metric_learning.bures_wasserstein_distance(A[:1].expand(3, -1, -1), A[:1].expand(2, -1, -1))


def test_matrices_are_symmetric_beside_their_size():
    crooked = torch.tensor([[0.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    for size in (1e-8, 1.0, 1e8):
        square = size * torch.eye(2, dtype=torch.float64)
        near, far = square + 0.3e-6 * size * crooked, square + 3e-5 * size * crooked
        assert la.losses.pair_metric_learning.bures_wasserstein_distance(near, square).isfinite()
        refused(ValueError, "a", la.losses.pair_metric_learning.bures_wasserstein_distance, far, square)


def test_of_two_dtypes_the_wider_one_is_given_back():
    found = la.losses.pair_metric_learning.bures_wasserstein_distance(A.float(), B)
    torch.testing.assert_close(found, la.losses.pair_metric_learning.bures_wasserstein_distance(A.float().double(), B))
