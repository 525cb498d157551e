"""What the measures of vectors share: who is of one class with whom, and rows some at a time."""

import torch

#: Comparisons of rows with rows keep about so many numbers in memory at a time.
ROOM = 2**23


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
