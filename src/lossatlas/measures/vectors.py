"""What the measures of vectors share: checks of sets of vectors and of their labels, and rows some at a time."""

import torch

from ..contract import describe, wrong

#: Comparisons of rows with rows keep about so many numbers in memory at a time.
ROOM = 2**23


def vectors(name, x, axes="N D"):
    """A floating-point tensor whose last axes are these and are not empty, in at least float32."""
    wanted = f"a floating-point tensor of shape (..., {', '.join(axes.split())})"
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        raise wrong(name, wanted, describe(x), TypeError)
    if x.ndim < len(axes.split()) or x.numel() == 0:
        raise wrong(name, wanted, describe(x))
    return x.float() if x.dtype.itemsize < 4 else x


def beside(name, y, other, x):
    """`y` checked as vectors that `x`, called `other`, can be compared with: the same leading axes and D."""
    y = vectors(name, y)
    if y.shape[:-2] != x.shape[:-2] or y.shape[-1] != x.shape[-1] or y.dtype != x.dtype:
        wanted = ", ".join([*map(str, x.shape[:-2]), "M", str(x.shape[-1])])
        raise wrong(
            name, f"a {str(x.dtype).removeprefix('torch.')} tensor of shape ({wanted}), as fits `{other}`", describe(y)
        )
    return y


def labels_of(name, labels, shape):
    """Integer labels of shape (N,) or (..., N), spread over the shape (..., N)."""
    own = tuple(shape)
    wanted = f"an integer tensor of shape {own[-1:]}" + (f" or {own}" if len(own) > 1 else "")
    if (
        not isinstance(labels, torch.Tensor)
        or labels.is_floating_point()
        or labels.is_complex()
        or labels.dtype == torch.bool
    ):
        raise wrong(name, wanted, describe(labels), TypeError)
    if tuple(labels.shape) not in (own, own[-1:]):
        raise wrong(name, wanted, describe(labels))
    return labels.long().expand(own)


def same(labels, others):
    """Which rows have the label of which other rows: (..., N), (..., M) -> (..., N, M)."""
    return labels.unsqueeze(-1) == others.unsqueeze(-2)


def blocks(x, columns):
    """Slices of the rows of x, (..., N, D), that are few enough to be compared with so many columns at once."""
    count, lead = x.shape[-2], x.shape[:-2].numel()
    size = max(1, ROOM // max(1, lead * columns))
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def diagonal(rows, columns, device):
    """Which entries of the rows in this slice compare a row with itself."""
    return torch.arange(rows.start, rows.stop, device=device).unsqueeze(-1) == torch.arange(columns, device=device)
