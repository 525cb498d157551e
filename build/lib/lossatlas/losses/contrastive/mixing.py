"""Harder negatives than there are: mixtures of the hardest, and of these with the query itself."""

from typing import NamedTuple

import torch

from ...contract import above, describe, is_number, on, values_readable, wrong
from ...contract.checks import FLOATS, check_generator, is_dense
from ...contract.pairwise import cosine, cosines
from ...contract.precision import in_one_precision
from ...contract.safe import unit
from ...signatures import Field, Inputs, pairs
from .info_nce import info_nce

_bank = Inputs({"query": Field("N D"), "gallery": Field("M D")}, {"M": 1, "D": 1})
_queries = Inputs(
    {"query": Field("N D"), "key": Field("N D"), "gallery": Field("M D"), "synthetic": Field("N S D")}, {"M": 1, "D": 1}
)


class Mixtures(NamedTuple):
    """Which of a query's hardest negatives are mixed, and how. Indices count from the hardest, 0."""

    #: the two of each mixture of negatives, integers, shape (N, S) each
    first: torch.Tensor
    second: torch.Tensor
    #: the share of the first, in [0, 1], shape (N, S)
    share: torch.Tensor
    #: the negative in each mixture with the query, integers, shape (N, T)
    partner: torch.Tensor
    #: the share of the query, in [0, 1), shape (N, T); the paper keeps it below 1/2
    query_share: torch.Tensor


def draw_mixtures(queries, hardest, of_negatives, with_query, *, generator=None, dtype=torch.float32):
    r"""Draw what `mix_hard_negatives` mixes: negatives evenly, shares evenly from (0, 1), those of the query from (0, ½).

    Args:
        queries: their number N >= 0.
        hardest: number H >= 1 of the hardest negatives to draw from.
        of_negatives: number S >= 0 of mixtures of two negatives, per query.
        with_query: number T >= 0 of mixtures of the query with a negative, per query.
        generator: a `torch.Generator`, on whose device all is made.
        dtype: of the shares.

    Returns:
        `Mixtures`. The paper has (H, S, T) = (1024, 1024, 128) and (512, 1024, 512) for ImageNet with 100 classes and
        all of it, among others.

    Raises:
        ValueError, TypeError: naming the argument that is wrong.

    Paper: Kalantidis et al. 2020, *Hard Negative Mixing for Contrastive Learning*.
    """
    numbers = {
        "queries": (queries, 0),
        "hardest": (hardest, 1),
        "of_negatives": (of_negatives, 0),
        "with_query": (with_query, 0),
    }
    for name, (value, least) in numbers.items():
        _check_count(name, value, least)
    check_generator(generator)
    if not (isinstance(dtype, torch.dtype) and dtype in FLOATS):
        raise wrong("dtype", "a floating-point dtype", describe(dtype), TypeError)
    device = None if generator is None else generator.device

    def indices(count):
        return torch.randint(hardest, (queries, count), generator=generator, device=device)

    def shares(count):
        return torch.rand(queries, count, generator=generator, device=device, dtype=dtype)

    first, second, share = indices(of_negatives), indices(of_negatives), shares(of_negatives)
    return Mixtures(first, second, share, indices(with_query), shares(with_query) / 2)


@in_one_precision
def hardest_negatives(query, gallery, count):
    r"""The `count` rows of a gallery that are most similar to each query, as unit vectors, the most similar first.

    Args:
        query: vectors, shape (N, D).
        gallery: vectors, shape (M, D).
        count: a whole number in [1, M].

    Returns:
        Shape (N, count, D), without history.

    Raises:
        ValueError, TypeError: naming the argument that is wrong.
    """
    _bank.check_shapes({"query": query, "gallery": gallery})
    _check_count("count", count, 1)
    if count > len(gallery):
        raise wrong("count", f"at most {len(gallery)}, the rows of the gallery", str(count))
    with torch.no_grad():
        return unit(gallery)[cosines(query, gallery).topk(count, -1).indices]


@in_one_precision
def mix_hard_negatives(query, gallery, mixtures, *, hardest):
    r"""Synthetic negatives on the unit sphere, between two hard negatives and between a hard negative and the query.

    $$ h = \frac{a\, n_i + (1 - a)\, n_j}{\|\cdot\|}, \qquad h' = \frac{b\, q + (1 - b)\, n_j}{\|\cdot\|} $$

    The latter are harder than the negative that they come from, wherever $b > 0$.

    Args:
        query: $q$, shape (N, D); their length does not matter.
        gallery: the negatives of all queries, a queue, shape (M, D); their length does not matter.
        mixtures: `Mixtures`, drawn by `draw_mixtures` or given: indices $i, j$ and shares $a, b$.
        hardest: how many negatives the indices count, a whole number in [1, M].

    Returns:
        Shape (N, S + T, D), unit vectors without history.

    Raises:
        ValueError, TypeError: naming the argument that is wrong.

    Paper: Kalantidis et al. 2020, *Hard Negative Mixing for Contrastive Learning*. Mixing starts after a warm-up.
    """
    hard = hardest_negatives(query, gallery, hardest)
    _check_mixtures(mixtures, len(query), hardest)
    with torch.no_grad():
        first, second, partner = (
            hard.gather(1, index.to(hard.device).unsqueeze(-1).expand(-1, -1, hard.shape[-1]))
            for index in (mixtures.first, mixtures.second, mixtures.partner)
        )
        share, query_share = (x.to(hard).unsqueeze(-1) for x in (mixtures.share, mixtures.query_share))
        of_negatives = share * first + (1 - share) * second
        with_query = query_share * unit(query).unsqueeze(1) + (1 - query_share) * partner
        return unit(torch.cat([of_negatives, with_query], 1))


@in_one_precision
def mochi_loss(query, key, gallery, synthetic, *, temperature=0.2):
    r"""MoCHi: InfoNCE against a queue and, besides, against negatives made for each query.

    $$ \frac1N \sum_n -\log \frac{e^{q_n \cdot k_n/\tau}}{e^{q_n \cdot k_n/\tau} + \sum_{m} e^{q_n \cdot g_m/\tau} + \sum_{h \in S_n} e^{q_n \cdot h/\tau}} $$

    Never below InfoNCE without them (`info_nce`), to which it comes down where there are none.

    Args:
        query: $q$, shape (N, D); their length does not matter.
        key: $k$, shape (N, D).
        gallery: $g$, the queue, shape (M, D); held fixed.
        synthetic: $S_n$, negatives of each query, shape (N, S, D), S >= 0; held fixed. See `mix_hard_negatives`.
        temperature: $\tau > 0$; 0.2 is that of MoCo v2.

    Returns:
        A 0-d tensor, the mean over the queries.

    Raises:
        ValueError, TypeError: naming the argument that is wrong.

    Paper: Kalantidis et al. 2020, *Hard Negative Mixing for Contrastive Learning*.
    """
    _queries.check_shapes({"query": query, "key": key, "gallery": gallery, "synthetic": synthetic})
    above(0).check("temperature", temperature)
    positive = cosine(query, key).unsqueeze(-1)
    of_synthetic = cosine(query.unsqueeze(1), synthetic.detach())
    negative = torch.cat([cosines(query, gallery.detach()), of_synthetic], -1)
    return on(pairs, info_nce)(positive, negative, temperature=temperature)


def _check_count(name, value, least):
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(name, f"a whole number >= {least}", describe(value), ValueError if is_number(value) else TypeError)
    if value < least:
        raise wrong(name, f"a whole number >= {least}", str(value))


def _check_mixtures(mixtures, queries, hardest):
    if not isinstance(mixtures, Mixtures):
        raise wrong("mixtures", "a Mixtures", describe(mixtures), TypeError)
    for name, value in mixtures._asdict().items():
        kind = "floating-point" if name.endswith("share") else "int64"
        if not is_dense(value, {torch.int64} if kind == "int64" else FLOATS):
            raise wrong(f"mixtures.{name}", f"a tensor, {kind}", describe(value), TypeError)
        columns = mixtures.share if name in ("first", "second", "share") else mixtures.query_share
        if value.ndim != 2 or value.shape != (queries, columns.shape[-1]):
            raise wrong(
                f"mixtures.{name}",
                f"shape ({queries}, {'S' if columns is mixtures.share else 'T'})",
                str(tuple(value.shape)),
            )
        if values_readable(value):
            low, high = (x.item() for x in value.detach().aminmax())
            end = 1 if kind != "int64" else hardest - 1
            if not (low >= 0 and high <= end):
                raise wrong(f"mixtures.{name}", f"numbers in [0, {end}]", f"from {low:g} to {high:g}")
