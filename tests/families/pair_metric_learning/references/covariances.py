"""Distances of covariance matrices by their eigenvalues, over nested lists."""

from tests.references.numbers import exp, fsum, log, sqrt


def product(x, y):
    return [[fsum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*y, strict=True)] for row in x]


def transposed(x):
    return [list(column) for column in zip(*x, strict=True)]


def eigen(x):
    """Eigenvalues and, as columns, eigenvectors of a symmetric matrix, by Jacobi's rotations, to the last digit."""
    n = len(x)
    x = [list(row) for row in x]
    vectors = [[1.0 if i == j else 0.0 for j in range(n)] for i in range(n)]
    for _ in range(30):
        for p in range(n):
            for q in range(p + 1, n):
                if x[p][p] + x[p][q] == x[p][p] and x[q][q] + x[p][q] == x[q][q]:
                    continue
                ratio = (x[q][q] - x[p][p]) / (2 * x[p][q])
                t = (1 if ratio >= 0 else -1) / (abs(ratio) + sqrt(ratio**2 + 1))
                c = 1 / sqrt(t**2 + 1)
                turn = [[1.0 if i == j else 0.0 for j in range(n)] for i in range(n)]
                turn[p][p] = turn[q][q] = c
                turn[p][q], turn[q][p] = t * c, -t * c
                x = product(transposed(turn), product(x, turn))
                x[p][q] = x[q][p] = 0.0
                vectors = product(vectors, turn)
    return [x[i][i] for i in range(n)], vectors


def of_eigenvalues(x, function):
    """A function of a symmetric matrix."""
    values, vectors = eigen(x)
    return product(
        [[v * function(value) for v, value in zip(row, values, strict=True)] for row in vectors], transposed(vectors)
    )


def power(x, exponent):
    return of_eigenvalues(x, lambda value: exp(exponent * log(value)))


def trace(x):
    return fsum(x[i][i] for i in range(len(x)))


def bures_wasserstein(a, b):
    root = power(a, 0.5)
    values, _ = eigen(product(root, product(b, root)))
    return trace(a) + trace(b) - 2 * fsum(sqrt(v) for v in values)


def generalized(a, b, metric, theta):
    by = power(metric, -0.5)
    a, b = (product(by, product(power(x, theta), by)) for x in (a, b))
    return bures_wasserstein(a, b) / theta**2


def affine_invariant(a, b):
    by = power(a, -0.5)
    values, _ = eigen(product(by, product(b, by)))
    return sqrt(fsum(log(v) ** 2 for v in values))


def batch(one):
    """A loop over matrices along one leading axis."""

    def over(a, b, metric=None, theta=1.0):
        if metric is None:
            return [one(*matrices) for matrices in zip(a, b, strict=True)]
        return [one(*matrices, theta) for matrices in zip(a, b, metric, strict=True)]

    return over


REFERENCES = {
    "affine_invariant_distance": batch(affine_invariant),
    "bures_wasserstein_distance": batch(lambda a, b: sqrt(bures_wasserstein(a, b))),
    "squared_bures_wasserstein_distance": batch(bures_wasserstein),
    "generalized_bures_wasserstein_distance": batch(lambda a, b, m, theta: sqrt(generalized(a, b, m, theta))),
    "squared_generalized_bures_wasserstein_distance": batch(generalized),
}
