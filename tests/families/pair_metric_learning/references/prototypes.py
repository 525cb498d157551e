"""Gaussian prototypes, open sets and edge maps, as loops over plain numbers."""

from tests.references.numbers import fsum, log


def gaussian_prototype_distance(features, means, variances):
    return [
        [
            fsum((v - m) ** 2 / s for v, m, s in zip(x, mean, variance, strict=True))
            for mean, variance in zip(means, variances, strict=True)
        ]
        for x in features
    ]


def gaussian_prototype_deviance(features, means, variances):
    sizes = [fsum(log(s) for s in variance) for variance in variances]
    rows = gaussian_prototype_distance(features, means, variances)
    return [[d + size for d, size in zip(row, sizes, strict=True)] for row in rows]


def adaptive_margin_open_set_loss(distances, target, radii, margin=1.0):
    found = []
    for d, y in zip(distances, target, strict=True):
        if y == -1:
            hinges = [r + margin - v for v, r in zip(d, radii, strict=True)]
        else:
            hinges = [d[y] - radii[y] + margin] + [margin + d[y] - v for k, v in enumerate(d) if k != y]
        found.append(fsum(max(0.0, h) for h in hinges))
    return found


def edge_consistency_l1(edges_a, edges_b):
    return fsum(abs(a - b) for a, b in zip(edges_a, edges_b, strict=True)) / len(edges_a)


REFERENCES = {
    loop.__name__: loop
    for loop in (
        gaussian_prototype_distance, gaussian_prototype_deviance, adaptive_margin_open_set_loss, edge_consistency_l1,
    )
}  # fmt: skip
