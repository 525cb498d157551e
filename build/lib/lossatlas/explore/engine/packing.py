"""The pictures of a whole grid as one small JSON object: every array once, as compressed bytes.

A picture over a grid is a list of traces whose leaves (paths such as ("line", "color")) hold, for each cell of the
grid, a reference into a pool. References >= 0 count arrays, references < 0 count (as -1, -2 …) other JSON values;
None stands for "not set here". A leaf that is the same everywhere holds a single reference.

The arrays lie one after another as 32-bit floats or, where that would be large, as 16-bit steps between the least and
the greatest value of each array. Neighbours differ little, so differences are stored, and high bytes apart from low
ones, which deflate then shrinks well.
"""

import base64
import json
import zlib

import numpy as np
import torch

LEVELS = 65534  # 16-bit codes 0 … 65534 are values, 65535 is a gap
GAP = 65535


def as_array(value):
    """A numeric array as float64 with NaN for gaps (None, infinities), or None for what is no numeric array."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)):
        if not value or not _numeric(value):
            return None
        value = np.array(value, dtype=object)
        value = np.where(np.equal(value, None), np.nan, value).astype(float)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu" or value.ndim not in (1, 2):
        return None
    value = value.astype(float)
    return np.where(np.isfinite(value), value, np.nan)


def leaves(tree, path=()):
    """(path, value) of every leaf of nested dictionaries."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


class Pool:
    """The arrays and other values of an explorer, each kept once."""

    def __init__(self):
        self.arrays, self.values, self._known = [], [], {}

    def refer(self, value):
        array = as_array(value)
        if array is not None:
            return self._enter((array.shape, array.tobytes()), self.arrays, array)
        plain = _plain(value)
        return ~self._enter(json.dumps(plain), self.values, plain)

    def _enter(self, key, kept, value):
        if key not in self._known:
            self._known[key] = len(kept)
            kept.append(value)
        return self._known[key]

    def table(self, trees):
        """The leaves of the same tree at every cell: [[path, reference or references], …]."""
        paths, found = [], [dict(leaves(tree)) for tree in trees]
        for cell in found:
            paths += [path for path in cell if path not in paths]
        table = []
        for path in paths:
            references = [self.refer(cell[path]) if path in cell else None for cell in found]
            same = all(r == references[0] for r in references)
            table.append([list(path), references[0] if same else references])
        return table

    def pack(self, roomy=64_000):
        """The pool as JSON-able values: 32-bit floats if they compress to `roomy` bytes or less, else 16 bits."""
        shapes = [list(a.shape) for a in self.arrays]
        flat = [a.ravel() for a in self.arrays]
        words = np.concatenate([a.astype("<f4") for a in flat] or [np.zeros(0, "<f4")]).view("<u4")
        packed = _squeeze(words)
        if len(packed) <= roomy:
            return {"encoding": "float32", "shapes": shapes, "bytes": _base64(packed), "values": self.values}
        scales, codes = zip(*map(_steps, flat), strict=True)
        packed = _squeeze(np.concatenate(codes))
        return {
            "encoding": "uint16",
            "shapes": shapes,
            "scales": scales,
            "bytes": _base64(packed),
            "values": self.values,
        }


def tolerance(array, encoding):
    """How far a decoded number may lie from the number that was packed in `array`, entry by entry."""
    array = np.asarray(array, float)
    finite = array[np.isfinite(array)]
    if encoding == "float32":
        return np.maximum(np.abs(array) * 2.0**-24, 2.0**-149)
    reach = np.ptp(finite) if finite.size else 0.0
    largest = np.abs(finite).max() if finite.size else 0.0
    return np.full(array.shape, 0.5 * reach / LEVELS + 1e-12 * largest)


def _steps(array):
    """((least value, step), codes) of one array in 16 bits."""
    finite = np.isfinite(array)
    low, high = (array[finite].min(), array[finite].max()) if finite.any() else (0.0, 0.0)
    step = (high - low) / LEVELS
    codes = np.zeros(array.shape)
    codes[finite] = np.round((array[finite] - low) / step) if step > 0 else 0
    codes[~finite] = GAP
    return (float(low), float(step)), codes.astype("<u2")


def _squeeze(words):
    """Differences of neighbours, high bytes apart from low ones, deflated."""
    differences = np.diff(words, prepend=words.dtype.type(0))
    planes = differences.view(np.uint8).reshape(len(words), words.itemsize).T
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(planes.tobytes()) + deflate.flush()


def _base64(data):
    return base64.b64encode(data).decode()


def _numeric(value):
    """Whether a list holds numbers and gaps only, or rows of such."""
    if isinstance(value, (list, tuple)):
        return all(_numeric(v) for v in value)
    return value is None or (isinstance(value, (int, float, np.number)) and not isinstance(value, bool))


def _plain(value):
    """The value as JSON knows it."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (np.ndarray, torch.Tensor)):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value
