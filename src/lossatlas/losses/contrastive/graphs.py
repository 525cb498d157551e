"""Contrast on graphs: clusterings say which negatives are likely false, and stand for many nodes at once."""

import torch

from ...contract import SpecialCase, above, loss, operation
from ...contract.log_odds import negative_log_likelihood
from ...contract.pairwise import cosine, cosines, log_sum_exp
from ...contract.safe import unit
from ...signatures import Field, Label, Positive, prototypes, takes
from .fields import Neighbors, PairWeight, check_all

TEMPERATURE = above(0, show=(0.05, 2.0))
#: added in a logarithm, as the authors do, so that a node without neighbours has a finite loss
TINY = 1e-10


@operation(
    takes({"clusterings": Label("K N")}, least={"K": 1}),
    paper="metapathcontrastive2022",
    differentiable=False,
    exempt={"half": "It takes no numbers of floating point: counts come in torch's default dtype."},
)
def cluster_disagreement(clusterings):
    r"""In how many of several clusterings two items are apart: the weights of MEOW's negatives.

    $$ w_{ij} = \sum_k [\, c_{ki} \ne c_{kj} \,] $$

    Use: For the weights of `weighted_negative_info_nce`, from clusterings with different numbers of clusters. Not with
    one coarse clustering, where all items of a cluster drop out as negatives alike.

    Args:
        clusterings: the cluster of each item in each clustering, whole numbers, shape (K, N).

    Returns:
        Numbers in [0, K], shape (N, N), in torch's default dtype; 0 on the diagonal.

    Paper: Yu et al. 2023, *Heterogeneous Graph Contrastive Learning with Meta-path Contexts and Adaptively Weighted
    Negative Samples*.
    """
    apart = clusterings.unsqueeze(-1) != clusterings.unsqueeze(-2)
    return apart.sum(0).to(torch.get_default_dtype())


@operation(
    takes(
        {"anchors": Field("N D"), "samples": Field("N D"), "weights": PairWeight("N N")},
        least={"N": 1, "D": 1},
        edges={
            "no weight on the item itself": lambda s: {**s, "weights": s["weights"].clone().fill_diagonal_(0)},
            "weights of 1": lambda s: {**s, "weights": torch.ones_like(s["weights"])},
        },
    ),
    paper="metapathcontrastive2022",
    domains={"temperature": TEMPERATURE},
)
def weighted_negative_info_nce(anchors, samples, weights, *, temperature=0.5):
    r"""InfoNCE whose negatives have weights: what is likely of the same kind is pushed less.

    $$ \frac1N \sum_i -\log \frac{e^{s_{ii}/\tau}}{\sum_j w_{ij} e^{s_{ij}/\tau}}, \qquad s_{ij} = \cos(a_i, z_j) $$

    With w = 1 it is InfoNCE, with 0 on the diagonal the decoupled form. It may be negative where $w_{ii} < 1$.

    Use: When it is known, by clusterings or by a learned score, how likely a pair is of different kinds. Not when
    weights can be learned without a bound, since smaller weights lower the loss by themselves; then hold their sum
    fixed, or take `info_nce`.

    Args:
        anchors: $a$, one view of each node, shape (N, D); their length does not matter.
        samples: $z$, the other view, shape (N, D).
        weights: $w \ge 0$, shape (N, N), not all 0 in any row: `cluster_disagreement`, or learned.
        temperature: $\tau > 0$.

    Returns:
        A 0-d tensor, the mean over the anchors.

    Paper: Yu et al. 2023, *Heterogeneous Graph Contrastive Learning with Meta-path Contexts and Adaptively Weighted
    Negative Samples*; the total there is this plus a multiple of the mean of `proto_nce` over the clusterings.
    """
    logits, positive = cosines(anchors, samples) / temperature, cosine(anchors, samples) / temperature
    counts = weights > 0
    weighted = logits + torch.where(counts, weights, 1.0).log()
    return (log_sum_exp(weighted, counts) - positive).mean()


@loss(
    prototypes,
    paper="metapathcontrastive2022",
    domains={"temperature": TEMPERATURE},
    special_cases=SpecialCase(
        "equiangular_basis_loss", {"temperature": 0.3}, {"temperature": 0.3, "label_smoothing": 0.0}
    ),
    invariances=("rotate", "scale_features", "scale_both"),
    bounds=(0.0, None),
)
def proto_nce(features, prototypes, target, *, temperature=0.5, concentration=None):
    r"""ProtoNCE: InfoNCE between an item and the prototype of its cluster, against all other prototypes.

    $$ \ell = -\log \frac{e^{\cos(a, c_y) / \phi_y}}{\sum_k e^{\cos(a, c_k) / \phi_k}} $$

    Use: When items have been clustered and should move to the prototype of their cluster, beside a loss on single items
    such as `info_nce`. Not before the clusters mean anything, since early assignments reinforce themselves, and not
    with one `temperature` where clusters differ in width; then give their `concentration`.

    Args:
        features: $a$, shape (N, D); their length does not matter.
        prototypes: $c$, one vector per cluster, shape (C, D); their length does not matter.
        target: the cluster of each item, shape (N,).
        temperature: $\phi > 0$ of all clusters, where no concentration is given.
        concentration: $\phi$ of each cluster, numbers > 0, shape (C,): small where a cluster is tight.

    Returns:
        One value per item, shape (N,). For several clusterings take the mean of their losses.

    Paper: It comes from prototypical contrastive learning (Li et al. 2021).

    Differs: the code of the authors divides by N times the mean over the prototypes in place of the sum over them,
    which adds log(N / C) and changes no gradient.
    """
    if concentration is not None:
        check_all({"concentration": Positive(str(len(prototypes)))}, {"concentration": concentration})
        temperature = concentration.to(features)
    return negative_log_likelihood(cosines(features, prototypes) / temperature, target)


@operation(
    takes(
        {"embeddings": Field("N D"), "adjacency": Neighbors("N N"), "clusters": Label("N")},
        least={"N": 1, "D": 1},
        edges={
            "no edges": lambda s: {**s, "adjacency": torch.zeros_like(s["adjacency"])},
            "a sparse graph": lambda s: {**s, "adjacency": s["adjacency"].to_sparse()},
            "each its own cluster": lambda s: {**s, "clusters": torch.arange(len(s["clusters"]))},
            "a zero vector": lambda s: {**s, "embeddings": s["embeddings"].index_fill(0, torch.tensor(0), 0.0)},
        },
    ),
    paper="blockcontrastive2022",
    domains={"scale": above(0, show=(0.25, 1.5))},
    exempt={"vmap": "The number of clusters depends on their names."},
)
def pamc_loss(embeddings, adjacency, clusters, *, scale=1.0):
    r"""PAMC: each node near its neighbours in the graph, and clusters, not nodes, away from one another.

    $$ -\frac1N \sum_i \log \sum_j \gamma_{ij} e^{\beta \cos(z_i, z_j)}
       + \frac1C \sum_c \log \sum_{c'} e^{\beta \cos(\mu_c, \mu_{c'})}, \qquad
       \mu_c = \sum_{i \in c} z_i $$

    In both sums the cosine of a node, or of a cluster, with itself counts as 0. With a sparse $\gamma$ time and memory
    grow with its entries and with $C^2$, not with $N^2$.

    Use: For graphs too large for a table of all pairs of nodes, when clusters of the nodes are at hand. Not before the
    clusters mean anything, since a cluster counts by the mean of its nodes, nor for graphs in which neighbours are
    mostly of different kinds.

    Args:
        embeddings: $z$, shape (N, D); the length of a node matters in the mean of its cluster alone.
        adjacency: $\gamma \ge 0$, weights of neighbours, shape (N, N), dense or sparse (COO); the paper sums powers of
            the graph.
        clusters: the cluster of each node, whole numbers, shape (N,), any names.
        scale: $\beta > 0$, what multiplies the cosines: one over a temperature. The paper's, called tau, lies between
            0.25 and 1.5.

    Returns:
        A 0-d tensor. It may be negative.

    Paper: Kulatilleke et al. 2022, *Efficient block contrastive learning via parameter-free meta-node approximation*.
    Training there adds a divergence to sharpened cluster assignments. In both logarithms 1e-10 is added, as in the
    code of the authors.
    """
    directions = unit(embeddings)
    near = _sparse_nearness if adjacency.layout is torch.sparse_coo else _dense_nearness
    names, place = clusters.unique(return_inverse=True)
    means = torch.zeros(len(names), embeddings.shape[-1]).to(embeddings).index_add(0, place, embeddings)
    among_clusters = (scale * _without_diagonal(cosines(means, means))).exp().sum(-1)
    return (among_clusters + TINY).log().mean() - (near(directions, adjacency, scale) + TINY).log().mean()


def _dense_nearness(directions, adjacency, scale):
    """Weighted sum over the neighbours of each node, from all pairs."""
    return (adjacency * (scale * _without_diagonal(directions @ directions.mT)).exp()).sum(-1)


def _sparse_nearness(directions, adjacency, scale):
    """The same from the entries of the adjacency alone."""
    adjacency = adjacency.coalesce()
    (i, j), weight = adjacency.indices(), adjacency.values()
    s = torch.where(i == j, 0.0, (directions[i] * directions[j]).sum(-1))
    return torch.zeros_like(directions[:, 0]).index_add(0, i, weight * (scale * s).exp())


def _without_diagonal(similarity):
    return similarity * ~torch.eye(len(similarity), dtype=torch.bool, device=similarity.device)
