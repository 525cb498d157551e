"""The kinds of input that operations of this family alone take."""

from dataclasses import dataclass

import torch

from ...contract import Loss, values_readable, wrong
from ...signatures import Field, Given

#: A loss of the registry; whether there is one of that name, and whether it fits, says the registry.
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
