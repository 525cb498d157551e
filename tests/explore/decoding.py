"""A second reader of packed payloads, written from the description of the format alone."""

import base64
import itertools
import zlib

import numpy as np


def arrays_of(payload):
    pool = payload["pool"]
    raw = zlib.decompress(base64.b64decode(pool["bytes"]), -15)
    width = {"float32": 4, "uint16": 2}[pool["encoding"]]
    count = len(raw) // width
    words, total = [], 0
    for n in range(count):
        total += sum(raw[plane * count + n] << (8 * plane) for plane in range(width))
        words.append(total % 256**width)
    words = np.array(words, dtype=f"<u{width}")
    numbers = words.view("<f4").astype(float) if width == 4 else words
    found, start = [], 0
    for n, shape in enumerate(pool["shapes"]):
        length = int(np.prod(shape))
        piece = numbers[start : start + length]
        if width == 2:
            low, step = pool["scales"][n]
            piece = np.where(piece == 65535, np.nan, low + step * piece.astype(float))
        found.append(piece.reshape(shape))
        start += length
    return found


def traces_at(payload, arrays, indices):
    """The traces of all pictures where the controls stand at these indices (control name -> index)."""
    sizes = {control["name"]: len(control["texts"]) for control in payload["controls"]}
    traces = []
    for picture in payload["pictures"]:
        cell = 0
        for name in picture["controls"]:
            cell = cell * sizes[name] + indices[name]
        traces += [tree_at(leaves, cell, payload, arrays) for leaves in picture["traces"]]
    return traces


def tree_at(leaves, cell, payload, arrays):
    tree = {}
    for path, references in leaves:
        reference = references[cell] if isinstance(references, list) else references
        if reference is None:
            continue
        branch = tree
        for key in path[:-1]:
            branch = branch.setdefault(key, {})
        branch[path[-1]] = arrays[reference] if reference >= 0 else payload["pool"]["values"][-reference - 1]
    return tree


def settings(explorer):
    """(indices, values) of every setting of all controls."""
    names = list(explorer.controls)
    ranges = [range(len(control.values)) for control in explorer.controls.values()]
    for indices in itertools.product(*ranges):
        values = {name: explorer.controls[name].values[n] for name, n in zip(names, indices, strict=True)}
        yield dict(zip(names, indices, strict=True)), values
