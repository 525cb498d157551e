"""Harder negatives than there are: mixtures of the hardest, and of these with the query itself."""

from typing import NamedTuple

import torch

from ...contract import above, on, operation, whole, wrong
from ...contract.domains import FLOAT_TYPE, GENERATOR
from ...contract.pairwise import cosine, cosines
from ...contract.safe import unit
from ...signatures import ClassIndex, Field, Given, Share, pairs, takes
from .fields import check_all
from .info_nce import info_nce


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


@operation(
    takes({}),
    paper="hardnegativemixing2020",
    domains={
        "queries": whole(0),
        "hardest": whole(1),
        "of_negatives": whole(0),
        "with_query": whole(0),
        "generator": GENERATOR,
        "dtype": FLOAT_TYPE,
    },
    differentiable=False,
    example={"queries": 3, "hardest": 4, "of_negatives": 5, "with_query": 2},
    exempt={
        "loop": "It draws; what is drawn, and how evenly, is tested.",
        "half": "It takes no numbers of floating point: shares come in the dtype that is asked for.",
    },
)
def draw_mixtures(*, queries, hardest, of_negatives, with_query, generator=None, dtype=torch.float32):
    r"""Draw what `mix_hard_negatives` mixes: negatives, and shares from (0, 1), of the query from (0, ½), all evenly.

    Use: For the mixtures of `mix_hard_negatives`. Not where the same mixtures should come again, unless a `generator`
    is given.

    Args:
        queries: their number N >= 0.
        hardest: number H >= 1 of the hardest negatives to draw from.
        of_negatives: number S >= 0 of mixtures of two negatives, per query.
        with_query: number T >= 0 of mixtures of the query with a negative, per query.
        generator: a `torch.Generator`, on whose device all is made, or None for torch's own.
        dtype: of the shares.

    Returns:
        `Mixtures`. The paper has (H, S, T) = (1024, 1024, 128) and (512, 1024, 512) for ImageNet with 100 classes and
        all of it, among others.

    Paper: Kalantidis et al. 2020, *Hard Negative Mixing for Contrastive Learning*.
    """
    device = None if generator is None else generator.device

    def indices(count):
        return torch.randint(hardest, (queries, count), generator=generator, device=device)

    def shares(count):
        return torch.rand(queries, count, generator=generator, device=device, dtype=dtype)

    first, second, share = indices(of_negatives), indices(of_negatives), shares(of_negatives)
    return Mixtures(first, second, share, indices(with_query), shares(with_query) / 2)


@operation(
    takes({"query": Field("N D"), "gallery": Field("M D")}, least={"M": 1, "D": 1}, sizes={"M": 5}),
    paper="hardnegativemixing2020",
    domains={"count": whole(1)},
    differentiable=False,
    example={"count": 2},
)
def hardest_negatives(query, gallery, *, count):
    r"""The `count` rows of a gallery that are most similar to each query, as unit vectors, the most similar first.

    $$ n_i = g_{\pi(i)} / \|g_{\pi(i)}\|, \qquad
       \cos(q, g_{\pi(1)}) \ge \cos(q, g_{\pi(2)}) \ge \dots \ge \cos(q, g_{\pi(M)}) $$

    Use: To mix them, as `mix_hard_negatives` does, or to contrast with them alone. Not where many of the gallery are of
    the query's own class, since these come first; then `debiased_contrastive_loss` on all.

    Args:
        query: vectors, shape (N, D); their length does not matter.
        gallery: vectors, shape (M, D); their length does not matter.
        count: a whole number in [1, M].

    Returns:
        Shape (N, count, D), without history.

    Raises:
        ValueError, TypeError: naming the argument that is wrong.
    """
    if count > len(gallery):
        raise wrong("count", f"at most {len(gallery)}, the rows of the gallery", str(count))
    return unit(gallery)[cosines(query, gallery).topk(count, -1).indices]


def _some_mixtures(sizes, generator, dtype):
    counts = {"queries": sizes["N"], "hardest": 3, "of_negatives": 4, "with_query": 2}
    return draw_mixtures(**counts, generator=generator, dtype=dtype)


@operation(
    takes(
        {
            "query": Field("N D"),
            "gallery": Field("M D"),
            "mixtures": Given(
                what="a Mixtures",
                accepts=lambda value: isinstance(value, Mixtures),
                example=_some_mixtures,
                refused=([torch.tensor([0])], (0, 0, 0.5, 0, 0.5), None),
            ),
        },
        least={"M": 1, "D": 1},
        sizes={"M": 5},
    ),
    paper="hardnegativemixing2020",
    domains={"hardest": whole(1)},
    differentiable=False,
    example={"hardest": 3},
)
def mix_hard_negatives(query, gallery, mixtures, *, hardest):
    r"""Synthetic negatives on the unit sphere, between two hard negatives and between a hard negative and the query.

    $$ h = \frac{a\, n_i + (1 - a)\, n_j}{\|\cdot\|}, \qquad h' = \frac{b\, q + (1 - b)\, n_j}{\|\cdot\|} $$

    The latter are harder than the negative that they come from, wherever $b > 0$.

    Use: When a queue has become easy and a larger one would hardly help. Not before the embedding has settled, since
    the hardest negatives are then mostly of the query's own class: begin after a warm-up.

    Args:
        query: $q$, shape (N, D); their length does not matter.
        gallery: the negatives of all queries, a queue, shape (M, D); their length does not matter.
        mixtures: `Mixtures`, drawn by `draw_mixtures` or given: indices $i, j$ and shares $a, b$.
        hardest: how many negatives the indices count, a whole number in [1, M].

    Returns:
        Shape (N, S + T, D), unit vectors without history.

    Raises:
        ValueError, TypeError: naming a part of the mixtures, as `mixtures.first`, that does not fit the queries or
            counts a negative too many.

    Paper: Kalantidis et al. 2020, *Hard Negative Mixing for Contrastive Learning*. Mixing starts after a warm-up.
    """
    _check(mixtures, len(query), hardest)
    hard = hardest_negatives(query, gallery, count=hardest)
    first, second, partner = (
        hard.gather(1, index.to(hard.device).long().unsqueeze(-1).expand(-1, -1, hard.shape[-1]))
        for index in (mixtures.first, mixtures.second, mixtures.partner)
    )
    share, query_share = (x.to(hard).unsqueeze(-1) for x in (mixtures.share, mixtures.query_share))
    of_negatives = share * first + (1 - share) * second
    with_query = query_share * unit(query).unsqueeze(1) + (1 - query_share) * partner
    return unit(torch.cat([of_negatives, with_query], 1))


def _check(mixtures, queries, hardest):
    """The parts of what is mixed fit the number of queries, and count no more negatives than there are."""
    of_negatives, with_query = f"{queries} S", f"{queries} T"
    fields = {
        "share": Share(of_negatives),
        "first": ClassIndex(of_negatives, below="H", what="indices"),
        "second": ClassIndex(of_negatives, below="H", what="indices"),
        "query_share": Share(with_query),
        "partner": ClassIndex(with_query, below="H", what="indices"),
    }
    check_all(
        {f"mixtures.{part}": field for part, field in fields.items()},
        {f"mixtures.{part}": value for part, value in mixtures._asdict().items()},
        H=hardest,
    )


@operation(
    takes(
        {"query": Field("N D"), "key": Field("N D"), "gallery": Field("M D"), "synthetic": Field("N S D")},
        least={"M": 1, "D": 1},
        edges={"no synthetic negatives": lambda s: {**s, "synthetic": s["synthetic"][:, :0]}},
    ),
    paper="hardnegativemixing2020",
    domains={"temperature": above(0, show=(0.05, 2.0))},
    exempt={"gradient": "The queue and what is made of it are held fixed, as the paper defines it."},
)
def mochi_loss(query, key, gallery, synthetic, *, temperature=0.2):
    r"""MoCHi: InfoNCE against a queue and, besides, against negatives made for each query.

    $$ \frac1N \sum_n -\log \frac{e^{q_n \cdot k_n/\tau}}
       {e^{q_n \cdot k_n/\tau} + \sum_{m} e^{q_n \cdot g_m/\tau} + \sum_{h \in S_n} e^{q_n \cdot h/\tau}} $$

    Never below InfoNCE without them (`info_nce`), to which it comes down where there are none.

    Use: With a queue, as in MoCo, and negatives made for each query by `mix_hard_negatives`. Not where near negatives
    are often of the query's own class: harder ones then do harm; there `debiased_contrastive_loss`.

    Args:
        query: $q$, shape (N, D); their length does not matter.
        key: $k$, shape (N, D).
        gallery: $g$, the queue, shape (M, D); held fixed.
        synthetic: $S_n$, negatives of each query, shape (N, S, D), S >= 0; held fixed. See `mix_hard_negatives`.
        temperature: $\tau > 0$; 0.2 is that of MoCo v2.

    Returns:
        A 0-d tensor, the mean over the queries; 0 for no queries.

    Paper: Kalantidis et al. 2020, *Hard Negative Mixing for Contrastive Learning*.
    """
    positive = cosine(query, key).unsqueeze(-1)
    of_synthetic = cosine(query.unsqueeze(1), synthetic.detach())
    negative = torch.cat([cosines(query, gallery.detach()), of_synthetic], -1)
    return on(pairs, info_nce)(positive, negative, temperature=temperature)
