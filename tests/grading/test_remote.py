"""A function in the sandbox behaves as it would here: values, all gradients, `vmap`, in-place changes, errors."""

import functools
import math

import numpy
import pytest
import torch
from torch import func

from lossatlas.classroom.grading.errors import RemoteError
from lossatlas.classroom.grading.limits import Limits
from lossatlas.classroom.grading.remote import RemoteFunction
from lossatlas.classroom.grading.sandbox import isolation_available
from lossatlas.classroom.grading.session import Session
from lossatlas.contract import describe
from lossatlas.exercises.answers import is_stub
from lossatlas.exercises.run import explained
from lossatlas.exercises.torch_calls import TorchCalls
from lossatlas.training import digits, fit, fit_embeddings, mlp, per_class

from .sandboxes import notebook

STUDENT = '''
import numpy
import torch
from torch.nn import functional as F

def log_loss(logits, target):
    shifted = logits - logits.amax(-1, keepdim=True)
    return shifted.exp().sum(-1).log() - shifted.gather(-1, target.unsqueeze(-1)).squeeze(-1)

def cubes(x, y=1.0, *, power=3):
    return (x**power).sum() * y

def two(x, y):
    return x * y, {"sum": (x + y).sum(0), "count": len(x), "none": None, "cut": x.detach() * 2, "whole": (x > 0).long()}

def linear(x, w):
    return x @ w

def unused(x, y):
    return (x**2).sum()

def detached(x):
    return x.detach().exp()

def numbers(x):
    return x.sum().item()

def nothing(x):
    x + 1

def in_place(x):
    x -= 1
    return x.sum()

def in_place_twice(x, y):
    y.mul_(x)
    return (y * x).sum()

def behind_the_back(x):
    x.data.add_(1)
    return x.sum()

def by_value(x):
    return x if x.sum() > 0 else -x

def array(x):
    return x.numpy()

def calls(x):
    return F.relu(x).clamp(max=1).log_softmax(-1)

def fails(x):
    y = x + 1
    return y @ torch.zeros(999)

class Odd(ValueError):
    def __str__(self):
        raise KeyError("no words")

def fails_oddly(x):
    raise Odd()

def todo(x):
    raise NotImplementedError

def leaves(x):
    raise SystemExit("bye")

def stub(x):
    """To be written."""

def by_key(x):
    return {}["a"]

def missing(x):
    return x.no_such_thing

def curried(a):
    return lambda x: a * x

def apply(f, x):
    return f(x) + 1

def noisy(x):
    return x + torch.rand(3)

def huge(x):
    return torch.zeros(100_000_000, dtype=torch.uint8)

def deep(x):
    inner = []
    for _ in range(1000):
        inner = [inner]
    return inner

def itself(x):
    return x

class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x
    @staticmethod
    def backward(ctx, g):
        raise OverflowError("backwards")

def own_gradient(x):
    return Twice.apply(x)

layer = torch.nn.Linear(2, 1)
with torch.no_grad():
    layer.weight.fill_(2.0); layer.bias.fill_(1.0)
'''
MORE = """
number, whole, text, truth, nope, missing_yet, imaginary = 2.5, 7, "words", True, None, ..., 1 + 2j
several = [1, (2, 3.0), {"a": [4]}]
tensor, row, single = torch.arange(6.0).reshape(2, 3), numpy.arange(3), numpy.float32(1.5)
kind, wanting = {1, 2}, torch.ones(2, requires_grad=True)
large = torch.zeros(10_000_000, dtype=torch.uint8)
parts = {"f": cubes, "g": lambda x: 2 * x, "n": 3}
"""


@pytest.fixture(scope="module")
def session():
    isolation = "bubblewrap" if isolation_available()[0] else "limits"
    with Session(notebook(STUDENT, MORE), isolation=isolation, limits=Limits(frame_mb=16)) as running:
        assert [cell.error for cell in running.cells] == ["", ""]
        yield running


@pytest.fixture
def both(session):
    """The function here and there."""
    return lambda name: (HERE[name], session.answers[name])


HERE = {}
exec(STUDENT, HERE)


def x_of(*shape, grad=True):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_(grad)


def test_values_of_every_kind(session):
    a = session.answers
    assert (a["number"], a["whole"], a["text"], a["truth"], a["nope"], a["missing_yet"], a["imaginary"]) == (
        2.5,
        7,
        "words",
        True,
        None,
        ...,
        1 + 2j,
    )
    assert a["several"] == [1, (2, 3.0), {"a": [4]}]
    assert torch.equal(a["tensor"], torch.arange(6.0).reshape(2, 3)) and a["row"].tolist() == [0, 1, 2]
    assert isinstance(a["single"], numpy.float32) and a["wanting"].requires_grad
    assert describe(a["kind"]) == "set {1, 2}" and "too large" in describe(a["large"])
    assert (
        isinstance(a["parts"]["f"], RemoteFunction)
        and a["parts"]["g"](torch.ones(2)).tolist() == [2.0, 2.0]
        and a["parts"]["n"] == 3
    )
    with pytest.raises(KeyError):
        a["no_such_name"]
    assert {"cubes", "parts"} <= set(a) and not {"In", "get_ipython", "_i"} & set(a)


def test_calls_with_arguments_of_every_kind(both):
    here, there = both("cubes")
    x = x_of(4, grad=False)
    for args, keywords in [
        ((x,), {}),
        ((x, 2), {}),
        ((x,), {"y": torch.tensor(3.0), "power": 2}),
        ((numpy.array([1.0, 2.0]),), {"power": 1}),
    ]:
        assert here(*args, **keywords) == there(*args, **keywords)
    here, there = both("itself")
    for value in ([1, {"a": (x, None)}], "text", True, ..., numpy.int32(3), 1 + 2j):
        assert repr(there(value)) == repr(value)
    with pytest.raises(TypeError, match="can be given"):
        there(object())


def test_several_results_and_which_of_them_depend_on_what(both):
    x, y = x_of(3, 2), x_of(3, 2, grad=False)
    (a, more), (b, others) = (f(x, y) for f in both("two"))
    assert torch.equal(a, b) and a.requires_grad and b.requires_grad
    assert others["count"] == 3 and others["none"] is None
    for name in ("sum", "cut", "whole"):
        assert torch.equal(more[name], others[name]) and more[name].requires_grad == others[name].requires_grad
        assert more[name].dtype == others[name].dtype
    for value, seen in ((a.sum() + more["sum"].prod(), x), (b.sum() + others["sum"].prod(), x)):
        (gradient,) = torch.autograd.grad(value, seen)
        assert torch.allclose(gradient, y + more["sum"].detach().prod() / more["sum"].detach())


def test_gradients(both):
    logits, target = x_of(5, 3), torch.tensor([0, 2, 1, 1, 0])
    here, there = both("log_loss")
    weights = torch.rand(5, dtype=torch.float64)
    a, b = ((f(logits, target) * weights).sum() for f in (here, there))
    assert torch.equal(*(torch.autograd.grad(v, logits, retain_graph=True)[0] for v in (a, b)))
    assert torch.equal(*(torch.autograd.grad(v, logits)[0] for v in (a, b)))


def test_gradients_of_gradients(both):
    here, there = both("log_loss")
    target = torch.tensor([0, 2])
    assert torch.autograd.gradcheck(lambda x: there(x, target), (x_of(2, 3),))
    assert torch.autograd.gradgradcheck(lambda x: there(x, target), (x_of(2, 3),))
    here, there = both("cubes")
    found = []
    for f in (here, there):
        x = x_of(3)
        value = f(x, power=4)
        for _ in range(4):
            (value,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        found.append(value)
    assert torch.allclose(found[0], torch.full((3,), 24.0, dtype=torch.float64)) and torch.allclose(*found)


def test_what_nothing_flows_to(both):
    for f in both("unused"):
        x, y = x_of(3), x_of(3)
        a, b = torch.autograd.grad(f(x, y), (x, y), allow_unused=True)
        assert torch.equal(a, 2 * x) and b is None
        with pytest.raises(RuntimeError, match="not have been used"):
            torch.autograd.grad(f(x, y), (x, y))
    for name in ("detached", "noisy"):
        assert [f(x_of(3)).requires_grad for f in both(name)] == [name == "noisy"] * 2
    for f in both("cubes"):
        with torch.no_grad():
            assert not f(x_of(3)).requires_grad
    assert isinstance(both("numbers")[1](x_of(3)), float)
    assert both("nothing")[1](x_of(3)) is None


def test_a_module_keeps_its_own_parameters(both):
    _, layer = both("layer")
    value = layer(torch.ones(1, 2))
    assert value.item() == 5.0 and value.requires_grad


def test_func_grad_vmap_and_their_mixtures(both):
    here, there = both("log_loss")
    logits, target = x_of(4, 3, grad=False), torch.tensor([0, 2, 1, 1])
    batches, targets = x_of(2, 4, 3, grad=False), target.expand(2, 4)

    def same(make, *args):
        a, b = make(here)(*args), make(there)(*args)
        assert all(
            torch.allclose(x, y)
            for x, y in zip(torch.utils._pytree.tree_leaves(a), torch.utils._pytree.tree_leaves(b), strict=True)
        )

    def total(f):
        return lambda *args: f(*args).sum()

    same(lambda f: func.grad(total(f)), logits, target)
    same(lambda f: func.vmap(f), batches, targets)
    same(lambda f: func.vmap(f, in_dims=(0, None)), batches, target)
    same(lambda f: func.vmap(f, in_dims=(1, None), out_dims=1), batches.transpose(0, 1).contiguous(), target)
    same(lambda f: func.vmap(func.grad(total(f))), batches, targets)
    same(lambda f: func.vmap(func.grad(total(f)), in_dims=(None, 0)), logits, torch.stack([target, target.flip(0)]))
    same(lambda f: func.vmap(func.vmap(f)), batches, targets)
    same(lambda f: func.grad(lambda x: func.vmap(f)(x, targets).sum()), batches)
    same(lambda f: func.jacrev(f), logits, target)
    same(lambda f: func.jacrev(func.grad(total(f))), logits, target)
    same(lambda f: func.jacrev(func.jacrev(f)), logits, target)
    same(lambda f: func.vmap(func.jacrev(f)), batches, targets)
    same(lambda f: func.grad_and_value(total(f)), logits, target)
    same(lambda f: lambda x: torch.autograd.functional.hessian(lambda y: f(y, target).sum(), x), logits)
    same(lambda f: lambda x: torch.autograd.functional.jacobian(lambda y: f(y, target), x), logits)


def test_vmap_inside_a_gradient_from_outside(both):
    """As training does it: parameters are followed by autograd, the batch of networks is a `vmap`."""
    x, found = x_of(2, 5, 4, grad=False), []
    for f in both("linear"):
        w = x_of(2, 4, 3)
        shared = x_of(4, 3)
        value = torch.vmap(f)(x, w).square().sum() + torch.vmap(f, in_dims=(0, None))(x, shared).sum()
        found.append(torch.autograd.grad(value, (w, shared)))
    for a, b in zip(*found, strict=True):
        assert torch.allclose(a, b)


def test_what_vmap_does_not_allow(both):
    for f in both("by_value"):
        assert f(x_of(3)).shape == (3,)
        with pytest.raises(RuntimeError, match=r"data-dependent|vmap"):
            torch.vmap(f)(x_of(2, 3))
    for f in both("noisy"):
        with pytest.raises(RuntimeError, match="randomness"):
            torch.vmap(f)(x_of(2, 3))
        different = torch.vmap(f, randomness="different")(torch.zeros(2, 3))
        assert not torch.equal(different[0], different[1])


@pytest.mark.parametrize("batched", [False, True])
def test_training_comes_out_the_same(both, batched):
    data, (here, there) = digits(200), both("log_loss")
    network, settings = functools.partial(mlp, 64, 10), {"seeds": range(2), "label": "test"}

    def trained(f):
        loss = lambda z, y: f(z, y).mean()  # noqa: E731
        if batched:
            return fit_embeddings(network, loss, data, steps=4, batches=per_class(5, 2), **settings).losses
        return fit(network, loss, data, epochs=2, **settings).history["loss"]

    assert torch.allclose(trained(here), trained(there), atol=1e-6)


def test_changes_in_place(both):
    for f in both("in_place"):
        x = torch.ones(3)
        assert f(x) == 0 and x.tolist() == [0, 0, 0]
        with pytest.raises(RuntimeError, match="leaf"):
            f(torch.ones(3, requires_grad=True))
        y = torch.ones(3, requires_grad=True)
        z = 2 * y
        value = f(z)
        assert value == 3 and z.tolist() == [1, 1, 1]
    found = []
    for f in both("in_place_twice"):
        x, y = x_of(3), x_of(3, grad=False)
        value = f(x, y)
        found.append((value.detach(), y.detach(), *torch.autograd.grad(value, x)))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    for f in both("behind_the_back"):
        x = torch.ones(3, requires_grad=True)
        f(x)
        assert x.tolist() == [2, 2, 2]
    for f in both("in_place"):
        x = torch.ones(2, 3)
        torch.vmap(f)(x)
        assert x.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_errors_are_explained_with_the_students_line(both):
    for name, kind, line in [
        ("fails", RuntimeError, "return y @ torch.zeros(999)"),
        ("by_key", KeyError, 'return {}["a"]'),
        ("missing", AttributeError, "return x.no_such_thing"),
        ("array", RuntimeError, "return x.numpy()"),
    ]:
        here, there = both(name)
        with pytest.raises(kind) as one:
            here(x_of(3))
        with pytest.raises(kind) as other:
            there(x_of(3))
        assert type(other.value).__name__ == type(one.value).__name__ and str(other.value) == str(one.value)
        assert (
            explained(other.value, ()).startswith(f"Your code raised {kind.__name__}")
            and line in other.value.explanation
        )


def test_errors_that_checks_look_for(both):
    with pytest.raises(NotImplementedError):
        both("todo")[1](1)
    with pytest.raises(RemoteError) as left:  # and not an end of the grader
        both("leaves")[1](1)
    assert not isinstance(left.value, SystemExit) and "SystemExit: bye" in left.value.explanation
    with pytest.raises(ValueError) as odd:
        both("fails_oddly")[1](1)
    assert "Odd" in odd.value.explanation
    with pytest.raises(OverflowError, match="backwards"):
        both("own_gradient")[1](x_of(2)).sum().backward()
    for name in ("huge", "deep"):
        with pytest.raises(RemoteError, match=r"too large|recursion"):
            both(name)[1](1)


def test_stubs(session):
    assert (
        is_stub(session.answers["stub"])
        and not is_stub(session.answers["cubes"])
        and not is_stub(session.answers["layer"])
    )


def test_functions_that_are_returned_and_passed_on(session):
    triple = session.answers["curried"](3.0)
    assert triple(torch.ones(2)).tolist() == [3.0, 3.0]
    assert session.answers["apply"](triple, 1.0) == 4.0


def test_who_listens_hears_what_runs_inside(both):
    heard = []
    for f in both("calls"):
        with TorchCalls() as listening:
            f(torch.randn(2, 3))
        heard.append({"relu", "clamp", "log_softmax"}.intersection(listening.names))
    assert heard == [{"relu", "clamp", "log_softmax"}] * 2
    x = torch.ones(2)
    with TorchCalls() as listening:
        both("itself")[1](x)
    assert not listening.names


def test_random_numbers_are_not_drawn_twice(both):
    assert not torch.equal(*(both("noisy")[1](torch.zeros(3)) for _ in range(2)))


def test_odd_numbers(both):
    x = torch.tensor([math.nan, math.inf, -0.0, 5e-324], dtype=torch.float64)
    found = both("itself")[1](x)
    assert torch.equal(found.view(torch.int64), x.view(torch.int64))
    assert torch.equal(x.view(torch.int64), x.clone().view(torch.int64))


def test_graphs_are_let_go(both, session):
    x = x_of(3)
    for _ in range(30):
        both("cubes")[1](x)
    assert len(session.dropped) <= 1
