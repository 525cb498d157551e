"""The short way of a formula gives what the formula gives: value, first and second derivatives, under every watcher."""

import itertools

import pytest
import torch
from torch.autograd import forward_ad, gradcheck, gradgradcheck

import lossatlas
from lossatlas.contract import log_odds, safe
from lossatlas.contract.fused import fused
from lossatlas.losses.cross_entropy import hinges, robust, softmax, spherical, square


def numbers(*shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(*shape, generator=generator, dtype=torch.float64)).requires_grad_()


def labels(n, c, seed=0):
    return torch.randint(c, (n,), generator=torch.Generator().manual_seed(seed))


def ruled_out(x):
    return x.detach().clone().index_fill_(1, torch.tensor([2]), -torch.inf).requires_grad_()


Y = labels(6, 5).clamp(max=1)  # class 2 may be ruled out
LOGITS = {"ordinary": numbers(6, 5), "far apart": numbers(6, 5, scale=300.0), "ruled out": ruled_out(numbers(6, 5))}
LEVEL = torch.full((2, 5), 0.1, dtype=torch.float64, requires_grad=True)
LEARNED = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
OF_LABELS = [
    log_odds.log_odds,
    log_odds.negative_log_likelihood,
    softmax.lead_over_mean,
    softmax.square_error,
    square.mean_wrong_square,
]

CALLS = {
    **{f"{f.__name__}: {name}": (f, x, Y) for f, (name, x) in itertools.product(OF_LABELS, LOGITS.items())},
    **{f"log_normalizer: {name}": (softmax.log_normalizer, x) for name, x in LOGITS.items()},
    **{f"log_mean_exp: {name}": (robust.log_mean_exp, x) for name, x in LOGITS.items()},
    "wrong_squares": (square.wrong_squares, LOGITS["ordinary"], Y),
    "standard_score": (spherical.standard_score, LOGITS["ordinary"], Y),
    "standard_score of level logits": (spherical.standard_score, LEVEL, Y[:2]),
    "differences": (robust.differences, LOGITS["ordinary"], Y, 0.3),
    "differences, margin learned": (robust.differences, LOGITS["ordinary"], Y, LEARNED),
    "weston_watkins_hinge": (lossatlas.get("weston_watkins_hinge").body, LOGITS["ordinary"], Y, LEARNED),
    "l2_svm_loss": (lossatlas.get("l2_svm_loss").body, LOGITS["ordinary"], Y),
    "unit": (safe.unit, numbers(4, 3)),
    "unit of nothing": (safe.unit, torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)),
    "log_square_distances": (safe.log_square_distances, numbers(4, 3), numbers(5, 3, seed=1), 0.0),
    "log_square_distances, eps learned": (safe.log_square_distances, numbers(4, 3), numbers(5, 3, seed=1), LEARNED),
    "log_square_distances of one point": (safe.log_square_distances, numbers(4, 3), numbers(4, 3), 0.0),
}


def gradients_of(value, arguments):
    wanted = [x for x in arguments if isinstance(x, torch.Tensor) and x.requires_grad]
    above = torch.randn(value.shape, generator=torch.Generator().manual_seed(5), dtype=value.dtype)
    return torch.autograd.grad(value, wanted, above)


def formula_of(function):
    """The formula behind the short way, called by place."""
    code = function.__wrapped__
    names = code.__code__.co_varnames
    return lambda *arguments: code(**dict(zip(names, arguments, strict=False)))


@pytest.mark.parametrize("name", CALLS)
def test_value_and_gradients_are_those_of_the_formula(name):
    function, *arguments = CALLS[name]
    short, plain = function(*arguments), formula_of(function)(*arguments)
    torch.testing.assert_close(short, plain, rtol=1e-11, atol=1e-13)
    for got, wanted in zip(gradients_of(short, arguments), gradients_of(plain, arguments), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "name", [n for n in CALLS if not any(w in n for w in ("ruled", "nothing", "level", "one point", "far"))]
)
def test_gradients_and_their_gradients_are_derivatives(name):
    function, *arguments = CALLS[name]
    assert gradcheck(function, arguments) and gradgradcheck(function, arguments)


def test_a_margin_keeps_its_digits_beside_large_logits():
    logits = torch.tensor([[1e4, 1e4, -1e4]])
    wanted = torch.tensor([[0, 0.1, 0.1 - 2e4]])
    torch.testing.assert_close(robust.differences(logits, torch.tensor([0]), 0.1), wanted, rtol=1e-6, atol=0)
    hinge = lossatlas.weston_watkins_hinge(logits, torch.tensor([0]), margin=0.1)
    torch.testing.assert_close(hinge, torch.tensor(0.1 / 3), rtol=1e-6, atol=0)
    assert hinges.differences is robust.differences


def test_a_learned_eps_gets_no_gradient_from_coincident_points():
    x, eps = numbers(4, 3), torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    safe.log_square_distances(x, x[:1], eps)[:1].sum().backward()
    assert eps.grad == 0


def seen():
    """A fused square that says which way it went."""
    ways = []

    def forward(x, factor):
        ways.append("forward")
        return factor * x.square(), x, torch.as_tensor(factor, dtype=x.dtype)

    def backward(gradient, x, factor):
        ways.append("backward")
        return 2 * factor * x * gradient, "not looked at"

    @fused(forward, backward)
    def scaled_square(x, *, factor=3.0):
        """A square."""
        ways.append("formula")
        return factor * x.square()

    return scaled_square, ways


def test_only_autograd_takes_the_short_way():
    function, ways = seen()
    x = torch.tensor(2.0, requires_grad=True)
    function(x).backward()
    assert ways == ["forward", "backward"] and x.grad == 12
    for watched in (
        lambda: torch.func.grad(function)(x.detach()),
        lambda: torch.func.vmap(function)(x.detach()[None]),
        lambda: torch.compile(function, backend="eager", fullgraph=True)(x),
    ):
        ways.clear()
        watched()
        assert "forward" not in ways
    with forward_ad.dual_level():
        assert forward_ad.unpack_dual(function(forward_ad.make_dual(x, torch.tensor(1.0)))).tangent == 12


def test_arguments_go_by_place_name_or_default():
    function, ways = seen()
    x = torch.tensor(2.0, requires_grad=True)
    assert function(x, factor=2.0) == 8 and function(factor=2.0, x=x) == 8 and function(x=x) == 12
    assert set(ways) == {"forward"}
    assert function.__name__ == "scaled_square" and function.__doc__ == "A square."


def test_a_second_derivative_is_the_formulas():
    function, ways = seen()
    x = torch.tensor(2.0, requires_grad=True)
    (gradient,) = torch.autograd.grad(function(x, factor=2.0), x, create_graph=True)
    assert ways == ["forward", "formula"] and gradient == 8
    assert torch.autograd.grad(gradient, x)[0] == 4


def test_a_change_of_the_inputs_after_the_forward_pass_is_noticed():
    x = numbers(6, 5).detach().clone().requires_grad_()
    moved = x * 1
    value = log_odds.negative_log_likelihood(moved, Y)
    moved.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.sum().backward()
