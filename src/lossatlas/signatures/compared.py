"""What losses that compare have in common: a gallery to compare with, and the forms in which a formula sees the pairs.

An *item* is an anchor. It is compared with the rows of a gallery, all but its own. Where no gallery is given, the batch
is its own gallery. So an item depends on its own row and on the gallery alone, wherever the gallery comes from: the
batch, a bank of old embeddings, or other processes.

The formula of a loss takes `(s, positive, negative)` or `(d, positive, negative)`: for each anchor (N) and each
compared row (K) the cosine similarity `s`, or the Euclidean distance `d`, and two boolean masks that mark which pairs
belong together and which do not; a pair may be neither. All three are (N, K).
"""

import math

import torch

from ..contract import wrong
from ..contract.pairwise import distance, distances
from ..contract.safe import unit
from .forms import Form
from .probes import Line, Plane, Probes
from .signature import Transform


def with_gallery(inputs, sizes, mask, rows_of):
    """The inputs with their gallery; the batch itself, less what is masked, where none is given.

    Args:
        inputs, sizes: as they came; letter -> size.
        mask: boolean over the items, or None.
        rows_of: name of a gallery input -> name of the input whose rows it has.
    """
    given = [name for name in rows_of if inputs.get(name) is not None]
    count, device = sizes["N"], inputs[next(iter(inputs))].device
    if not given:
        for name in ("own", "gallery_mask"):
            if inputs.get(name) is not None:
                raise wrong(name, f"None where {' and '.join(rows_of)} are not given", "a tensor", TypeError)
        gallery = {name: _cleared(inputs[of], mask) for name, of in rows_of.items()}
        there = torch.ones(count, dtype=torch.bool, device=device) if mask is None else mask
        gallery |= {"own": torch.arange(count, device=device), "gallery_mask": there}
        return {**inputs, **gallery}, {**sizes, "M": count}
    for name in rows_of:
        if name not in given:
            raise wrong(name, f"a tensor beside `{given[0]}`", "nothing", TypeError)
    filled = dict(inputs)
    if filled.get("own") is None:
        filled["own"] = torch.full((count,), -1, device=device)
    if filled.get("gallery_mask") is None:
        filled["gallery_mask"] = torch.ones(sizes["M"], dtype=torch.bool, device=device)
    return filled, sizes


def _cleared(rows, mask):
    """Rows of zeros where the mask is False, so that garbage there reaches no formula."""
    if mask is None:
        return rows
    return torch.where(
        mask.reshape(-1, *[1] * (rows.ndim - 1)), rows, torch.zeros((), dtype=rows.dtype, device=rows.device)
    )


def others(own, gallery_mask):
    """Which rows of the gallery an anchor is compared with: those that count, without its own. (N,), (M,) -> (N, M)."""
    return (torch.arange(len(gallery_mask), device=own.device) != own.unsqueeze(-1)) & gallery_mask


def dot(x, y):
    """Inner product of two vectors, along the last axis."""
    return (x * y).sum(-1)


def dots(x, y):
    """Inner products of all pairs of rows, (N, D), (M, D) -> (N, M)."""
    return x @ y.mT


#: name of a form -> name of the formula's first argument, what is done to each vector once, how two rows are measured,
#: and all pairs of rows
MEASURES = {
    "cosine": ("s", unit, dot, dots),
    "distance": ("d", lambda vector: vector, distance, distances),
    "across": ("across", unit, dot, dots),
}


def forms_of(relate, vectors, names=("cosine", "distance"), gathered=lambda inputs: inputs):
    """The forms of a table of measures with two masks, each made of the inputs by `relate(inputs, of_two, of_all)`.

    Args:
        relate: function that measures rows of the inputs by what it is given.
        vectors: names of the inputs that are measured.
        names: which measures.
        gathered: what is done to the inputs once, when their vectors are ready.
    """
    return {name: _form(relate, vectors, gathered, *MEASURES[name]) for name in names}


def _form(relate, vectors, gathered, argument, of_each, of_two, of_all):
    def once(inputs):
        return gathered({**inputs, **{name: of_each(inputs[name]) for name in vectors}})

    return Form((argument, "positive", "negative"), lambda inputs: relate(inputs, of_two, of_all), once)


def partner_first(of_partner, of_others, compared):
    """(measure, positive, negative), each (N, 1 + M): a positive partner, (N,), and the rows of a gallery, (N, M)."""
    values = torch.cat([of_partner.unsqueeze(-1), of_others], -1)
    first = torch.arange(values.shape[-1], device=values.device) == 0
    negative = torch.nn.functional.pad(compared, (1, 0))
    return values, first.expand_as(negative), negative


def turn(inputs, generator, vectors):
    d = inputs[vectors[0]].shape[1]
    q = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))[0]
    return {**inputs, **{name: inputs[name] @ q.to(inputs[name]) for name in vectors}}


def stretch(inputs, generator, vectors):
    return {**inputs, **{name: inputs[name] * _factors(inputs[name], generator) for name in vectors}}


def _factors(rows, generator):
    return torch.randn(len(rows), 1, generator=generator, dtype=torch.float64).exp().to(rows)


def move(inputs, generator, vectors):
    by = torch.randn(inputs[vectors[0]].shape[1], generator=generator, dtype=torch.float64)
    return {**inputs, **{name: inputs[name] + by.to(inputs[name]) for name in vectors}}


def shuffle_gallery(inputs, generator, names):
    order = torch.randperm(len(inputs["gallery_mask"]), generator=generator)
    place = torch.cat([order.argsort(), torch.tensor([-1])])
    return {**inputs, **{name: inputs[name][order] for name in names}, "own": place[inputs["own"]]}


def transforms_of_vectors(vectors):
    """The transforms of inputs with these names of vectors."""
    return {
        "rotate": Transform("rotate", lambda s, g: turn(s, g, vectors), "all vectors turned together"),
        "scale": Transform("scale", lambda s, g: stretch(s, g, vectors), "each vector times its own positive number"),
        "shift": Transform("shift", lambda s, g: move(s, g, vectors), "the same vector added to all"),
    }


def transforms_of(vectors, gallery):
    """The same, and those of inputs with these names of what has one entry per row of the gallery."""
    return {
        **transforms_of_vectors(vectors),
        "permute_gallery": Transform(
            "permute_gallery", lambda s, g: shuffle_gallery(s, g, gallery), "the gallery in another order"
        ),
    }


def on_circle(angles):
    """Unit vectors at these angles: (...,) -> (..., 2)."""
    return torch.stack([angles.cos(), angles.sin()], -1)


def at(*degrees, like):
    """Unit vectors at angles in degrees, in dtype and on the device of `like`."""
    return on_circle(torch.tensor(degrees, dtype=like.dtype, device=like.device).deg2rad())


def places(*degrees):
    """Points of the unit circle at angles in degrees, as pairs of numbers."""
    return tuple((math.cos(math.radians(d)), math.sin(math.radians(d))) for d in degrees)


def circle_probes(plane, moving, around, inputs_of, *, moves, marks=None):
    """Probes of vectors in the plane: one of them goes around the unit circle, and then anywhere near it.

    Args:
        plane: name of the plane.
        moving: the vector that moves, in words.
        around: where the others are on the line, in words.
        inputs_of: function of vectors (..., 2) that gives the inputs with these in place of the one that moves.
        moves: what moves and what stays on the plane, in words.
        marks: name -> points that are drawn on the plane.
    """
    return Probes(
        lines=(
            Line(
                "angle",
                f"angle of the {moving} on the circle (radians)",
                0.0,
                6.28,
                lambda t: inputs_of(on_circle(t)),
                around,
            ),
        ),
        planes=(
            Plane(
                plane,
                ("x", "y"),
                (-1.6, 1.6),
                (-1.6, 1.6),
                lambda u, v: inputs_of(torch.stack([u, v], -1)),
                "plane",
                moves,
                marks or {},
            ),
        ),
    )


def absent(inputs):
    return {**inputs, "gallery_mask": torch.zeros_like(inputs["gallery_mask"])}


def all_there(inputs):
    """The whole gallery counts, and no row of it is an anchor's own."""
    return {
        **inputs,
        "own": torch.full_like(inputs["own"], -1),
        "gallery_mask": torch.ones_like(inputs["gallery_mask"]),
    }
