"""Measures of embeddings against loops, closed forms and scikit-learn."""

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KNeighborsClassifier

from lossatlas import measures
from lossatlas.measures import vectors

GOLDEN = Path(__file__).parents[1] / "families" / "contrastive" / "golden" / "wasserstein_uniformity__random.json"
SEEDS, N, D = 3, 24, 4


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def x():
    return normal(SEEDS, N, D)


@pytest.fixture
def labels():
    return torch.randint(4, (N,), generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=[vectors.ROOM, 1], ids=["at once", "row by row"])
def room(request, monkeypatch):
    monkeypatch.setattr(vectors, "ROOM", request.param)


def units(x):
    return torch.nn.functional.normalize(x, dim=-1).tolist()


def pairs(n):
    return list(itertools.combinations(range(n), 2))


def dot(a, b):
    return math.fsum(p * q for p, q in zip(a, b, strict=True))


def test_alignment_equals_a_loop(x):
    y = x + 0.3 * normal(*x.shape, seed=2)
    for alpha in (2.0, 1.0, 3.5):
        wanted = [
            sum(math.dist(a, b) ** alpha for a, b in zip(units(p), units(q), strict=True)) / N
            for p, q in zip(x, y, strict=True)
        ]
        assert measures.alignment(x, y, alpha=alpha).tolist() == pytest.approx(wanted)
    assert torch.equal(measures.alignment(x, 4 * x), torch.zeros(SEEDS, dtype=torch.float64))
    torch.testing.assert_close(measures.alignment(x, -x), torch.full((SEEDS,), 4.0, dtype=torch.float64))


@pytest.mark.parametrize("t", [2.0, 0.5, 300.0])
def test_uniformity_equals_a_loop(x, t, room):
    for seed in range(SEEDS):
        u = units(x[seed])
        exponents = [-t * math.dist(u[i], u[j]) ** 2 for i, j in pairs(N)]
        top = max(exponents)
        wanted = top + math.log(sum(math.exp(e - top) for e in exponents) / len(exponents))
        assert measures.uniformity(x, t=t)[seed].item() == pytest.approx(wanted)


def axes(m):
    return torch.cat([torch.eye(m, dtype=torch.float64), -torch.eye(m, dtype=torch.float64)])


def test_uniformity_of_known_sets():
    assert measures.uniformity(axes(4)).item() == pytest.approx(-4.1511027230888145, abs=1e-13)
    assert measures.uniformity(torch.ones(5, 3)).item() == 0


def test_tolerance_equals_a_loop(x, labels, room):
    y = labels.tolist()
    for seed in range(SEEDS):
        u = units(x[seed])
        found = [dot(u[i], u[j]) for i, j in pairs(N) if y[i] == y[j]]
        assert measures.tolerance(x, labels)[seed].item() == pytest.approx(sum(found) / len(found))
    uniformity, tolerance = measures.uniformity_tolerance(x, labels, t=3.0)
    assert torch.equal(uniformity, measures.uniformity(x, t=3.0))
    assert torch.equal(tolerance, measures.tolerance(x, labels))


def test_tolerance_without_a_pair_is_not_a_number():
    assert measures.tolerance(torch.eye(3), torch.arange(3)).isnan()


def test_wasserstein_uniformity_is_the_recorded_one():
    case = json.loads(GOLDEN.read_text())["cases"][0]
    z = torch.tensor(case["inputs"]["z"], dtype=torch.float64)
    assert measures.wasserstein_to_uniform(z).item() == pytest.approx(case["output"]["w2"], rel=1e-12)
    assert measures.uniformity(z, t=case["params"]["t"]).item() == pytest.approx(
        case["output"]["l_uniform_t2"], rel=1e-12
    )


def test_wasserstein_uniformity_of_known_sets(x):
    assert measures.wasserstein_to_uniform(torch.ones(6, 3, dtype=torch.float64)).item() == pytest.approx(math.sqrt(2))
    assert measures.wasserstein_to_uniform(axes(5)).item() == pytest.approx(0, abs=1e-7)
    half = torch.cat([axes(3), torch.zeros(6, 3, dtype=torch.float64)], 1)
    assert measures.wasserstein_to_uniform(half).item() == pytest.approx(0.7653668647301795)
    w = measures.wasserstein_to_uniform(x)
    torch.testing.assert_close(measures.wasserstein_to_uniform(torch.cat([x, x], 1)), w)
    assert (measures.uniformity(torch.cat([x, x], 1)) > measures.uniformity(x)).all()
    assert (measures.wasserstein_to_uniform(torch.cat([x, x], 2)) > w).all()
    torch.testing.assert_close(measures.uniformity(torch.cat([x, x], 2)), measures.uniformity(x))
    q = torch.linalg.qr(normal(D, D, seed=4))[0]
    torch.testing.assert_close(measures.wasserstein_to_uniform(3 * x @ q), w)
    assert ((w >= 0) & (w <= math.sqrt(2))).all()


def test_effective_rank(x):
    share = torch.linalg.svd(x)[1]
    share = share / share.sum(-1, keepdim=True)
    torch.testing.assert_close(measures.effective_rank(x), (-(share * share.log()).sum(-1)).exp())
    assert measures.effective_rank(torch.eye(7, dtype=torch.float64)).item() == pytest.approx(7)
    assert measures.effective_rank(normal(9, 1) @ normal(1, 5)).item() == pytest.approx(1)
    assert measures.effective_rank(torch.zeros(2, 3, 4)).tolist() == [0, 0]


def test_class_center_divergence_equals_a_loop(x, labels):
    for seed in range(SEEDS):
        u, y = units(x[seed]), labels.tolist()
        centers = [
            [sum(c) / y.count(k) for c in zip(*(v for v, own in zip(u, y, strict=True) if own == k), strict=True)]
            for k in sorted(set(y))
        ]
        wanted = max(dot(a, b) for a, b in itertools.combinations(centers, 2))
        assert measures.class_center_divergence(x, labels)[seed].item() == pytest.approx(wanted)
    far = torch.stack([labels, labels + 100, labels * 0 + torch.arange(N) % 2])
    one_by_one = torch.stack([measures.class_center_divergence(v, own) for v, own in zip(x, far, strict=True)])
    torch.testing.assert_close(measures.class_center_divergence(x, far), one_by_one)
    assert measures.class_center_divergence(torch.eye(4), torch.arange(4)).item() == 0


def test_augmented_concentration_equals_a_loop(labels, room):
    views = normal(2, N, 3, D, seed=5)
    for delta in (1.0, 1.5, 2.5):
        for seed in range(2):
            v, y = views[seed].tolist(), labels.tolist()
            near = [min(math.dist(a, b) for a in v[i] for b in v[j]) <= delta for i, j in pairs(N) if y[i] == y[j]]
            assert measures.augmented_concentration(views, labels, delta=delta)[seed].item() == pytest.approx(
                sum(near) / len(near)
            )


def test_more_augmentations_never_concentrate_less(labels):
    views = normal(N, 6, D, seed=6)
    found = [measures.augmented_concentration(views[:, :v], labels, delta=1.5).item() for v in range(1, 7)]
    assert found == sorted(found) and found[0] < found[-1]


def test_hausdorff_like_distance_equals_the_best_table_of_ideal_distances(x, labels, room):
    """The distance of two classes is tried at every value at which the largest gap can be least."""
    margin, y = 1.2, labels.tolist()
    for seed in range(SEEDS):
        v = x[seed].tolist()
        apart = {}
        for i, j in pairs(N):
            apart.setdefault(tuple(sorted((y[i], y[j]))), []).append(math.dist(v[i], v[j]))
        gaps = []
        for (k, other), found in apart.items():
            ideal = 0.0 if k == other else max(margin, (min(found) + max(found)) / 2)
            gaps.append(max(abs(d - ideal) for d in found))
        assert measures.hausdorff_like_distance(x, labels, margin=margin)[seed].item() == pytest.approx(max(gaps))


def test_hausdorff_like_distance_at_the_ends():
    corners, y = torch.eye(3).repeat(2, 1), torch.arange(3).repeat(2)
    assert measures.hausdorff_like_distance(corners, y, margin=1.4) == 0
    assert measures.hausdorff_like_distance(torch.ones(6, 3), y, margin=0.7).item() == pytest.approx(0.7)


def test_utilization(x, room):
    train = normal(SEEDS, 7, D, seed=7)
    for seed in range(SEEDS):
        nearest = pairwise_distances(x[seed], train[seed]).min(1)
        assert measures.utilization(x, train)[seed].item() == pytest.approx((nearest**2).mean())
    assert torch.equal(measures.utilization(x, x.flip(1)), torch.zeros(SEEDS, dtype=torch.float64))
    assert (
        measures.utilization(x, torch.cat([train, 0.5 * train + 0.5 * x[:, :7]], 1)) < measures.utilization(x, train)
    ).all()


def recall_by_loop(queries, labels, k, gallery=None, gallery_labels=None):
    hits = 0
    for i, query in enumerate(queries):
        rows = [j for j in range(len(queries)) if j != i] if gallery is None else range(len(gallery))
        there, names = (queries, labels) if gallery is None else (gallery, gallery_labels)
        ordered = sorted(rows, key=lambda j: (-dot(query, there[j]), names[j] == labels[i]))
        hits += any(names[j] == labels[i] for j in ordered[:k])
    return hits / len(queries)


def test_recall_equals_a_loop(x, labels, room):
    gallery, names = normal(SEEDS, 9, D, seed=8), torch.arange(9) % 4
    got, beside = (
        measures.recall_at_k(x, labels, k=(1, 2, 5)),
        measures.recall_at_k(x, labels, k=[1, 3], gallery=gallery, gallery_labels=names),
    )
    for seed in range(SEEDS):
        u, y = units(x[seed]), labels.tolist()
        assert got[seed].tolist() == pytest.approx([recall_by_loop(u, y, k) for k in (1, 2, 5)])
        assert beside[seed].tolist() == pytest.approx(
            [recall_by_loop(u, y, k, units(gallery[seed]), names.tolist()) for k in (1, 3)]
        )
    assert torch.equal(measures.recall_at_k(x, labels, k=2), got[:, 1])


def test_recall_by_another_similarity(x, labels):
    wanted = []
    for v in x:
        near = pairwise_distances(v)
        near[range(N), range(N)] = math.inf
        wanted.append((labels[near.argmin(1)] == labels).double().mean().item())
    assert measures.recall_at_k(x, labels, k=1, similarity=lambda a, b: -torch.cdist(a, b)).tolist() == pytest.approx(
        wanted
    )


def test_recall_of_collapsed_vectors_and_of_lonely_classes():
    assert measures.recall_at_k(torch.ones(6, 3), torch.arange(6) // 3, k=3) == 0
    assert measures.recall_at_k(torch.eye(4), torch.arange(4), k=4) == 0
    assert measures.recall_at_k(torch.eye(2).repeat(2, 1), torch.tensor([0, 1, 0, 1]), k=1) == 1


@pytest.mark.parametrize("k", [1, 4, 9])
def test_knn_accuracy_equals_scikit_learn(x, labels, k, room):
    test_x, test_y = normal(SEEDS, 11, D, seed=9), torch.arange(11) % 4
    for temperature in (None, 0.07):
        weigh = "uniform" if temperature is None else lambda d: torch.tensor((1 - d) / 0.07).exp().numpy()
        got = measures.knn_accuracy(x, labels, test_x, test_y, k=k, temperature=temperature)
        for seed in range(SEEDS):
            model = KNeighborsClassifier(k, metric="cosine", algorithm="brute", weights=weigh).fit(x[seed], labels)
            assert got[seed].item() == pytest.approx(model.score(test_x[seed], test_y))
    cold = measures.knn_accuracy(x.float(), labels, test_x.float(), test_y, k=k, temperature=1e-6)
    assert torch.equal(cold, measures.knn_accuracy(x.float(), labels, test_x.float(), test_y, k=1))


def utilities_by_loop(u, y, at):
    """class -> utility at each threshold."""
    found = {}
    for k in sorted(set(y)):
        own = [math.dist(u[i], u[j]) for i, j in pairs(len(u)) if y[i] == y[j] == k]
        strange = [math.dist(u[i], u[j]) for i, j in pairs(len(u)) if (y[i] == k) != (y[j] == k)]
        if own:
            phi = [sum(d <= t for d in own) / len(own) for t in at]
            psi = [sum(d > t for d in strange) / len(strange) for t in at]
            found[k] = [2 * p * q / (p + q) if p + q else 0.0 for p, q in zip(phi, psi, strict=True)]
    return found


def trapezoid(values):
    return (sum(values) - (values[0] + values[-1]) / 2) / (len(values) - 1)


def test_class_utilities_and_their_spread_equal_loops(x, room):
    x, y = 0.2 * x + torch.eye(4, dtype=torch.float64)[torch.arange(N) % 4], torch.arange(N) % 4
    y[-1] = 9  # a class with one vector
    for seed in range(SEEDS):
        at, utility = measures.class_utilities(x[seed], y, false_acceptance=(0.1, 0.6), thresholds=7)
        u = units(x[seed])
        strangers = sorted(math.dist(u[i], u[j]) for i, j in pairs(N) if y[i] != y[j])
        ends = [strangers[math.ceil(share * len(strangers)) - 1] for share in (0.1, 0.6)]
        assert [at[0].item(), at[-1].item()] == pytest.approx(ends)
        assert at.diff().tolist() == pytest.approx([(ends[1] - ends[0]) / 6] * 6)
        # Between distances, and not on one, counts do not depend on rounding.
        inner = at[1:-1].tolist()
        wanted = utilities_by_loop(u, y.tolist(), inner)
        assert list(wanted) == [0, 1, 2, 3]
        torch.testing.assert_close(utility[:, 1:-1], torch.tensor(list(wanted.values()), dtype=torch.float64))
        rows = utility.tolist()
        squares = [
            trapezoid([(a - b) ** 2 for a, b in zip(row, [sum(c) / 4 for c in zip(*rows, strict=True)], strict=True)])
            for row in rows
        ]
        got = measures.opis(x, y, false_acceptance=(0.1, 0.6), thresholds=7)
        assert got[seed].item() == pytest.approx(sum(squares) / 4) and 0 < got[seed] <= 0.25
        ordered = sorted(rows, key=trapezoid)
        for epsilon, few in ((0.1, 1), (0.5, 2)):
            best, worst = (
                [sum(c) / few for c in zip(*group, strict=True)] for group in (ordered[-few:], ordered[:few])
            )
            gap = trapezoid([(b - w) ** 2 for b, w in zip(best, worst, strict=True)])
            got = measures.epsilon_opis(x, y, epsilon=epsilon, false_acceptance=(0.1, 0.6), thresholds=7)
            assert got[seed].item() == pytest.approx(gap)


def test_opis_is_zero_for_classes_that_lie_alike():
    square = torch.tensor([[1.0, 0.1], [1.0, -0.1]], dtype=torch.float64)
    turns = [torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64).matrix_power(n) for n in range(4)]
    x, y = torch.cat([square @ turn.mT for turn in turns]), torch.arange(8) // 2
    assert measures.opis(x, y).item() == pytest.approx(0, abs=1e-20)
    assert measures.epsilon_opis(x, y).item() == pytest.approx(0, abs=1e-20)


def test_vectors_that_are_no_numbers_do_not_look_well_placed():
    """A training run that has diverged must not score as a perfect one."""
    x, y = normal(24, 4), torch.arange(24) % 3
    lost = torch.full_like(x, torch.nan)
    assert measures.recall_at_k(lost, y, k=1) == 0 and measures.knn_accuracy(lost, y, lost, y, k=1) == 0
    assert measures.opis(lost, y).isnan() and measures.epsilon_opis(lost, y).isnan()
    one = torch.cat([lost[:1], x[1:]])
    assert measures.recall_at_k(one, y, k=1) <= measures.recall_at_k(x, y, k=1)
    assert measures.opis(one, y).isnan()


def test_the_share_of_accepted_strangers_is_met_exactly():
    """100 x 0.07 is 7.000000000000001 in floating-point numbers: still the seventh pair and not the eighth."""
    x = torch.stack(
        [torch.linspace(0, 3, 20, dtype=torch.float64).cos(), torch.linspace(0, 3.1, 20, dtype=torch.float64).sin()], -1
    )
    y = torch.arange(20) // 10
    u = x / x.norm(dim=1, keepdim=True)
    strangers = torch.cdist(u[:10], u[10:], compute_mode="donot_use_mm_for_euclid_dist").flatten().sort().values
    thresholds, _ = measures.class_utilities(x, y, false_acceptance=(0.07, 0.1))
    torch.testing.assert_close(thresholds[[0, -1]], strangers[[6, 9]])


def test_recall_of_many_holds_no_table_of_all_pairs():
    """All pairs would take 288 MB in float64, and with their differences 8 times that."""
    code = """
import resource, torch
from lossatlas.measures import knn_accuracy, recall_at_k, utilization, vectors
vectors.ROOM = 2**20
x, y = torch.randn(6_000, 8, dtype=torch.float64), torch.randint(50, (6_000,))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
recall_at_k(x, y, k=(1, 10)), knn_accuracy(x, y, x, y), utilization(x, x)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(out) < 400


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x, y: measures.alignment(x, x[:, 1:]),
            ValueError,
            r"`view_b`: expected shape \(\.\.\., 24, 4\), .*got \(3, 23, 4\)",
        ),
        (lambda x, y: measures.alignment(x, x[..., 1:]), ValueError, r"`view_b`: expected shape \(\.\.\., 24, 4\)"),
        (lambda x, y: measures.alignment(x, x, alpha=0), ValueError, "`alpha`: expected a number > 0"),
        (
            lambda x, y: measures.uniformity(x.tolist()),
            TypeError,
            r"`x`: expected a floating-point tensor of shape \(\.\.\., N, D\)",
        ),
        (lambda x, y: measures.uniformity(x[:, :1]), ValueError, "`x`: expected at least 2 along N"),
        (lambda x, y: measures.uniformity(x, t=-1), ValueError, "`t`: expected a number > 0"),
        (
            lambda x, y: measures.tolerance(x, y[:-1]),
            ValueError,
            r"`labels`: expected shape \(\.\.\., 24\), .*got \(23,\)",
        ),
        (lambda x, y: measures.tolerance(x, y.double()), TypeError, "`labels`: expected an integer tensor"),
        (lambda x, y: measures.effective_rank(x[0, 0]), ValueError, r"`x`: expected shape \(\.\.\., N, D\)"),
        (
            lambda x, y: measures.class_center_divergence(x, 0 * y),
            ValueError,
            "`labels`: expected labels of at least two classes in each set of vectors, got 3 sets",
        ),
        (
            lambda x, y: measures.augmented_concentration(x[0], y, delta=1.0),
            ValueError,
            r"`views`: .* shape \(\.\.\., N, V, D\)",
        ),
        (
            lambda x, y: measures.augmented_concentration(x[:, :, None], y, delta=-1.0),
            ValueError,
            "`delta`: expected a number >= 0",
        ),
        (lambda x, y: measures.hausdorff_like_distance(x, y, margin=0), ValueError, "`margin`: expected a number > 0"),
        (
            lambda x, y: measures.recall_at_k(x, y, k=0),
            ValueError,
            "`k`: expected a whole number >= 1, or several, got 0",
        ),
        (
            lambda x, y: measures.class_center_divergence(x, torch.stack([y, y, 0 * y])),
            ValueError,
            "`labels`: expected labels of at least two classes in each set",
        ),
        (
            lambda x, y: measures.recall_at_k(x, y, k=[]),
            ValueError,
            r"`k`: expected a whole number >= 1, or several, got \[\]",
        ),
        (lambda x, y: measures.recall_at_k(x, y, k=[1, 2.0]), ValueError, "`k`: expected a whole number >= 1"),
        (
            lambda x, y: measures.recall_at_k(x, y, k=1, gallery=x),
            TypeError,
            "`gallery_labels`: expected labels where `gallery` is given, got NoneType None",
        ),
        (
            lambda x, y: measures.recall_at_k(x, y, k=1, gallery_labels=y),
            TypeError,
            "`gallery_labels`: expected None where `gallery` is not given",
        ),
        (
            lambda x, y: measures.knn_accuracy(x, y, x, y, k=25),
            ValueError,
            r"`k`: expected a whole number in \[1, 24\], got 25",
        ),
        (
            lambda x, y: measures.knn_accuracy(x, y - 1, x, y),
            ValueError,
            "`train_y`: expected class indices >= 0, got -1",
        ),
        (
            lambda x, y: measures.knn_accuracy(x, y, x, y, temperature=0),
            ValueError,
            "`temperature`: expected a number > 0",
        ),
        (
            lambda x, y: measures.class_utilities(x, y),
            ValueError,
            r"`x`: expected shape \(N, D\), got \(3, 24, 4\)",
        ),
        (
            lambda x, y: measures.opis(x, torch.arange(24)),
            ValueError,
            "`labels`: expected at least two classes, one of them with two vectors",
        ),
        (lambda x, y: measures.opis(x, y, thresholds=1), ValueError, "`thresholds`: expected a whole number >= 2"),
        (
            lambda x, y: measures.opis(x, y, false_acceptance=(0.5, 0.1)),
            ValueError,
            r"`false_acceptance`: expected two shares in \(0, 1\], the smaller first",
        ),
        (lambda x, y: measures.opis(x, y, false_acceptance=0.5), TypeError, "`false_acceptance`: expected two shares"),
        (
            lambda x, y: measures.epsilon_opis(x, y, epsilon=0.6),
            ValueError,
            r"`epsilon`: expected a number in \(0, 0.5\]",
        ),
    ],
)
def test_errors_name_the_argument(x, labels, call, error, message):
    with pytest.raises(error, match=message):
        call(x, labels)
