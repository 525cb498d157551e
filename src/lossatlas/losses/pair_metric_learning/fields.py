"""The kinds of input that operations of this family alone take."""

from dataclasses import dataclass

import torch

from ...contract import Loss, values_readable, wrong
from ...contract.checks import FLOATS, INTEGERS
from ...signatures import ClassIndex, Field, Given, Label, Share

#: A loss of the registry; the registry decides whether there is one of that name, and whether it fits.
LOSS = Given(
    what="a registered loss, by function, entry or name",
    accepts=lambda value: isinstance(value, (str, Loss)) or callable(value),
    example=lambda sizes, generator, dtype: "multi_similarity_loss",
    refused=(3.5, None),
)


@dataclass(frozen=True)
class Covariance(Field):
    """A floating-point tensor of symmetric positive definite matrices."""

    what: str = "symmetric positive definite matrices"

    def check_values(self, name, value, sizes):
        if not values_readable(value):
            return
        x = value.detach().to(torch.promote_types(value.dtype, torch.float32))
        if not x.isfinite().all():
            raise wrong(name, "finite numbers", "some that are not")
        if not torch.allclose(x, x.mT, atol=1e-6 * x.abs().max().item()):
            raise wrong(name, "symmetric matrices", f"entries that differ by {(x - x.mT).abs().max():.3g}")
        if torch.linalg.cholesky_ex((x + x.mT) / 2).info.any():
            least = torch.linalg.eigvalsh(x).min()
            raise wrong(name, "positive definite matrices", f"a smallest eigenvalue of {least:.3g}")

    def sample(self, shape, sizes, generator, dtype):
        root = super().sample(shape, sizes, generator, torch.float64)
        return (root @ root.mT + torch.eye(shape[-1], dtype=torch.float64)).to(dtype)

    def bad(self, value, sizes):
        return {
            **super().bad(value, sizes),
            "infinite": (value / 0, ValueError),
            "not symmetric": (value + torch.ones_like(value).triu(1), ValueError),
            "negative definite": (-value, ValueError),
            "not square": (value[..., :-1], ValueError),
        }


@dataclass(frozen=True)
class Cost(Field):
    """A floating-point tensor of costs along the last axis; inf rules a choice out, but not all of them."""

    what: str = "costs above -inf"

    def check_values(self, name, value, sizes):
        if not values_readable(value):
            return
        if not (value > -torch.inf).all():
            raise wrong(name, self.what, "some that are not")
        ruled_out = (value == torch.inf).all(-1)
        if ruled_out.any():
            raise wrong(name, "a finite cost for each point", f"none for point {ruled_out.int().argmax()}")

    def bad(self, value, sizes):
        return {
            **super().bad(value, sizes),
            "NaN": (value * torch.nan, ValueError),
            "all choices ruled out": (value + torch.inf, ValueError),
        }


@dataclass(frozen=True)
class Graph(Field):
    """A floating-point tensor of the weights of a graph: a symmetric matrix of numbers from zero on."""

    what: str = "weights of a graph"

    def check_values(self, name, value, sizes):
        if not values_readable(value):
            return
        if not torch.allclose(value, value.mT):
            raise wrong(name, "a symmetric matrix", f"entries that differ by {(value - value.mT).abs().max():.3g}")
        least = value.detach().min().item()
        if not least >= 0:
            raise wrong(name, "weights >= 0", f"a smallest value of {least:g}")

    def sample(self, shape, sizes, generator, dtype):
        weights = super().sample(shape, sizes, generator, torch.float64).abs() + 0.5
        return ((weights + weights.mT) / 2).to(dtype)

    def bad(self, value, sizes):
        return {
            **super().bad(value, sizes),
            "not symmetric": (value + torch.ones_like(value).triu(1), ValueError),
            "a negative weight": (value - value.max() - 1, ValueError),
            "not square": (value[:, :-1], ValueError),
        }


@dataclass(frozen=True)
class EveryClass(Label):
    """Classes 0, 1, ..., each of them with an example."""

    what: str = "classes 0, 1, ... with an example each"

    def check_values(self, name, value, sizes):
        if values_readable(value):
            least, count = value.min().item(), int(value.max()) + 1
            if least < 0:
                raise wrong(name, self.what, str(least))
            missing = (torch.bincount(value, minlength=count) == 0).nonzero().flatten().tolist()
            if missing:
                raise wrong(name, self.what, f"none of class {missing[0]}")

    def sample(self, shape, sizes, generator, dtype):
        return torch.arange(shape[0]) % 2

    def bad(self, value, sizes):
        return {
            **super().bad(value, sizes),
            "a negative class": (value - 1, ValueError),
            "a class without an example": (2 * value, ValueError),
        }


@dataclass(frozen=True)
class Finite(Field):
    """A floating-point tensor of finite numbers."""

    what: str = "finite numbers"

    def check_values(self, name, value, sizes):
        if values_readable(value) and not value.isfinite().all():
            raise wrong(name, self.what, "some that are not")

    def bad(self, value, sizes):
        return {**super().bad(value, sizes), "infinite": (value * torch.inf, ValueError)}


@dataclass(frozen=True)
class Edges(ClassIndex):
    """Pairs of points that are joined, numbers from 0 up to (not including) the size of the axis `below`."""

    below: str = "N"
    what: str = "points"
    tensor = "an integer tensor of pairs of points"

    def sample(self, shape, sizes, generator, dtype):
        """Two points that differ, where there are two."""
        count = max(1, sizes[self.below])
        first = torch.randint(0, count, shape[:1], generator=generator)
        step = torch.randint(1, max(2, count), shape[:1], generator=generator)
        return torch.stack([first, (first + step) % count], -1)


@dataclass(frozen=True)
class Belonging(Share):
    """How much a pair belongs together: numbers in [0, 1], or True and False."""

    what: str = "numbers in [0, 1]"
    dtypes = FLOATS | INTEGERS | {torch.bool, torch.uint8}
    tensor = "a tensor of numbers in [0, 1]"

    def sample(self, shape, sizes, generator, dtype):
        return 0.1 + 0.8 * super().sample(shape, sizes, generator, dtype)

    def bad(self, value, sizes):
        return {case: bad for case, bad in super().bad(value, sizes).items() if case != "integers"}
