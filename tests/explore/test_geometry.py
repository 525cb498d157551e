"""Pictures of geometry show the loss's own forces, boundaries and shares, and what networks gave while they trained."""

import functools

import numpy as np
import pytest
import torch

import lossatlas
from lossatlas import measures, on
from lossatlas.explore import BUDGET, film, force_field, pair_plane, relative_penalty, spectra
from lossatlas.explore.pictures.film import _even
from lossatlas.explore.pictures.force_field import NEGATIVES, POSITIVES, _forces
from lossatlas.explore.pictures.on_pairs import on_pairs
from lossatlas.explore.pictures.pair_plane import _straightened
from lossatlas.explore.pictures.strength import main_hyper, scaled
from lossatlas.signatures import embeddings, triplets
from lossatlas.training import digits, fit_embeddings, fit_views, gaussian, mlp, noise, per_class

LOSSES = ["info_nce", "multi_similarity_loss", "circle_loss", "contrastive_loss", "margin_loss", "n_pairs_loss"]


def traces_of(explorer, number, **values):
    return {trace.get("name"): trace for trace in explorer.part(number, **values)}


def on_the_circle(loss, degrees, hyper):
    """The loss of an anchor on the circle, from vectors and labels."""
    function = loss if lossatlas.get(loss).signature is embeddings else on(embeddings, loss)
    function = lossatlas.get(loss).function if function is loss else function

    def vectors(angles):
        radians = torch.as_tensor(angles, dtype=torch.float64).deg2rad()
        return torch.stack([radians.cos(), radians.sin()], -1)

    labels = torch.tensor([0] * len(POSITIVES) + [1] * len(NEGATIVES))
    return function(vectors([degrees]), labels[:1], vectors([*POSITIVES, *NEGATIVES]), labels, **hyper).item()


@pytest.mark.parametrize("loss", [name for name in LOSSES if "gradient" not in lossatlas.get(name).exempt])
@pytest.mark.parametrize("factor", [0.25, 1.0])
def test_forces_are_minus_the_derivative_of_the_loss_around_the_circle(loss, factor):
    entry, function = on_pairs([loss])[loss]
    hyper = scaled(entry, factor)
    vectors = np.exp(1j * np.deg2rad([*POSITIVES, *NEGATIVES]))
    for degrees in (37.0, 131.0, 251.0):
        value, _, forces = _forces(function, vectors, len(POSITIVES), np.array([degrees]), hyper)
        assert value[0] == pytest.approx(on_the_circle(loss, degrees, hyper), rel=1e-9, abs=1e-12)
        step = 1e-4
        derivative = (
            (on_the_circle(loss, degrees + step, hyper) - on_the_circle(loss, degrees - step, hyper))
            / 2
            / np.deg2rad(step)
        )
        assert forces.sum() == pytest.approx(-derivative, rel=1e-4, abs=1e-6)


def test_a_loss_across_two_views_is_seen_by_similarities_too():
    positive, negative = torch.tensor([[0.6], [0.1]]), torch.tensor([[0.2, -0.4], [0.9, 0.3]])
    (_, function), *_ = on_pairs(["siglip_loss"]).values()
    logits = torch.cat([positive, -negative], 1) / 0.5 + torch.tensor([-1.0, 1.0, 1.0])
    expected = torch.nn.functional.softplus(-logits).sum(1)
    torch.testing.assert_close(function(positive, negative, temperature=0.5, bias=-1.0), expected)


def test_positives_pull_and_negatives_push():
    vectors = np.exp(1j * np.deg2rad([*POSITIVES, *NEGATIVES]))
    for loss in LOSSES:
        _, weights, _ = _forces(on_pairs([loss])[loss][1], vectors, len(POSITIVES), np.arange(0.0, 360.0, 15.0), {})
        assert (weights[:, : len(POSITIVES)] <= 1e-12).all(), loss
        assert (weights[:, len(POSITIVES) :] >= -1e-12).all(), loss


def test_a_field_of_many_losses_stays_within_the_budget():
    field = force_field(LOSSES[:3], anchors=8)
    assert field.size <= BUDGET / 5  # three losses at a third of the anchors
    assert field.alt_text(loss="circle_loss", anchor=45.0).startswith("A circle with circle_loss's positives")
    table = next(t for t in field.part(1, anchor=45.0) if t["name"] == "all together")["meta"]["table"]
    forces = table["force, counter-clockwise"]
    assert forces[-1] == pytest.approx(sum(forces[:-1]))
    np.testing.assert_allclose(table["similarity"][:-1], np.cos(np.deg2rad(np.array([*POSITIVES, *NEGATIVES]) - 45)))


def test_arrows_of_forces_point_along_the_circle():
    field = force_field(["info_nce"], anchors=8)
    total = traces_of(field, 1, anchor=135.0)["all together"]
    path = np.asarray(total["x"]) + 1j * np.asarray(total["y"])
    assert abs(path[0]) == pytest.approx(1)
    assert ((path[1] - path[0]) * path[0].conjugate()).real == pytest.approx(0, abs=1e-12)
    assert ((path[1] - path[0]) * path[0].conjugate()).imag < 0  # clockwise, to the positives


def test_boundaries():
    plane = pair_plane(["circle_loss", "info_nce", "contrastive_loss"])
    circle = traces_of(plane, 0, first="circle_loss")["boundary"]
    s_n, s_p = (np.asarray(circle[k])[~np.isnan(circle[k])] for k in "xy")
    bent = s_n > -0.25  # beyond, an easy negative weighs nothing
    np.testing.assert_allclose(np.hypot(s_n, 1 - s_p)[bent], np.sqrt(2) * 0.25, atol=0.002)
    np.testing.assert_allclose(s_p[~bent], 0.75, atol=0.002)
    diagonal = traces_of(plane, 1, second="info_nce")["boundary"]
    np.testing.assert_allclose(diagonal["x"], diagonal["y"], atol=0.01)
    hinge = traces_of(plane, 0, first="contrastive_loss")
    assert plane.size <= BUDGET / 4
    assert hinge["contrastive_loss (negative margin = 1)"]["line"]["dash"] == "solid"


def test_arrows_over_the_plane_point_downhill():
    plane = pair_plane(["info_nce", "multi_similarity_loss"])
    for loss, (entry, function) in on_pairs(["info_nce", "multi_similarity_loss"]).items():
        arrows = traces_of(plane, 0, first=loss)["downhill"]
        x, y = (torch.tensor(np.reshape(arrows[k], (-1, 6))[:, :2]) for k in "xy")
        drawn = ~x.isnan().any(1)
        assert drawn.any(), entry
        tail, near = ((y[:, :1] + t * (y[:, 1:] - y[:, :1]), x[:, :1] + t * (x[:, 1:] - x[:, :1])) for t in (0.0, 0.01))
        assert (function(*near)[drawn] < function(*tail)[drawn]).all()


def test_lines_lose_points_but_not_their_shape():
    path = np.exp(1j * np.linspace(0, 3, 200))
    short = _straightened(path, 0.003)
    assert len(short) < 40
    assert max(np.abs(short - point).min() for point in path) < 0.3
    assert (np.abs(np.abs((short[1:] + short[:-1]) / 2) - 1) < 0.0031).all()


@pytest.mark.parametrize("temperature", [0.05, 0.2, 2.0])
def test_shares_are_the_softmax_of_the_negatives(temperature):
    s = [-0.5, 0.9, 0.1]
    picture = relative_penalty({"three": s})
    bars = picture.traces(which="three", temperature=temperature)[0]
    np.testing.assert_allclose(bars["x"], sorted(s))
    np.testing.assert_allclose(bars["y"], torch.softmax(torch.tensor(sorted(s), dtype=torch.float64) / temperature, 0))
    text = picture.traces(which="three", temperature=2.0)[2]["text"][0]
    assert text == "as if 2.9 of 3 negatives counted"


def test_losses_of_triplets_are_means_over_all_triplets(scratch_registry):
    @lossatlas.contract.loss(triplets)
    def dot_triplet(anchor, positive, negative):
        """Difference of dot products."""
        return (anchor * negative).sum(-1) - (anchor * positive).sum(-1)

    (_, function), *_ = on_pairs(["dot_triplet"]).values()
    near, far = torch.tensor([[0.9, 0.1]]), torch.tensor([[0.2, 0.0, -0.8]])
    assert function(near, far).item() == pytest.approx(far.mean().item() - near.mean().item(), abs=1e-6)


def test_the_main_hyper_parameter_stays_in_its_domain():
    for entry in lossatlas.registry():
        name = main_hyper(entry)
        for factor in (0.25, 1.0, 4.0):
            hyper = scaled(entry, factor)
            assert set(hyper) == ({name} if name else set())
            assert all(value in entry.domains[name] for value in hyper.values()), entry


@functools.cache
def trained(dims):
    data = digits(300)
    watched = data.x_test[:40]
    settings = dict(seeds=[0, 1], steps=6, batches=per_class(4, 5), hyper={"beta": [5.0, 50.0]}, watched=watched)
    run = fit_embeddings(lambda: mlp(64, 8, dims), lossatlas.multi_similarity_loss, data, film=[0, 2, 4, 6], **settings)
    return run, data.y_test[:40]


@pytest.mark.parametrize("dims", [2, 3])
def test_a_film_shows_the_embeddings_of_each_step(dims):
    run, labels = trained(dims)
    picture = film({"multi-similarity": run}, labels, seed=1)
    assert picture.controls["step"].values == [0, 2, 4, 6]
    assert picture.controls["setting"].texts == ["5", "50"]
    shown = torch.nn.functional.normalize(run.film[1, 0, 1].double(), dim=-1).numpy()
    dots = traces_of(picture, 1, setting=0, step=2)
    seen = np.zeros(40, bool)
    for c in range(10):
        x, y = np.asarray(dots[str(c)]["x"]), np.asarray(dots[str(c)]["y"])
        of_class = shown[labels == c]
        seen |= (labels == c).numpy()
        if dims == 2:
            np.testing.assert_allclose(np.arctan2(y, x), np.arctan2(of_class[:, 1], of_class[:, 0]), atol=1e-6)
        else:
            front = of_class[:, 2] >= 0
            radius = np.hypot(x - np.where(front, 0, 2.15), y)
            np.testing.assert_allclose(radius**2, 1 - np.abs(of_class[:, 2]), atol=1e-6)  # area for area
            np.testing.assert_allclose(x[front] * of_class[front, 1], y[front] * of_class[front, 0], atol=1e-6)
    assert seen.all()
    curves = traces_of(picture, 2, setting=0)
    np.testing.assert_allclose(
        np.asarray(curves["uniformity"]["y"])[1], measures.uniformity(torch.tensor(shown)).item()
    )
    same = [(i, j) for i in range(40) for j in range(i) if labels[i] == labels[j]]
    apart = np.mean([((shown[i] - shown[j]) ** 2).sum() for i, j in same])
    np.testing.assert_allclose(np.asarray(curves["alignment"]["y"])[1], apart)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_line_of_an_even_cover(dims):
    points = torch.randn(2000, dims, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert _even(dims) == pytest.approx(measures.uniformity(points).item(), abs=0.02)


def test_films_that_do_not_fit_together_are_refused():
    run, labels = trained(2)
    with pytest.raises(ValueError, match="`labels`: expected one for each of 40 watched inputs, got 39"):
        film({"a": run}, labels[:-1])
    with pytest.raises(ValueError, match="`runs`: expected runs with the same steps"):
        film({"a": run, "b": trained(3)[0]}, labels)


def test_a_film_of_a_single_setting_has_no_control_for_it_and_uneven_steps_are_frames():
    data = digits(300)
    run = fit_views(
        lambda: mlp(64, 2),
        lossatlas.nt_xent,
        data,
        noise(0.1),
        seeds=[0],
        steps=5,
        film=[0, 1, 5],
        watched=data.x_test[:20],
    )
    picture = film({"views": run}, data.y_test[:20])
    assert list(picture.controls) == ["loss", "step"]
    assert picture.controls["step"].values == [0, 1, 2]
    assert picture.traces(step=2)[-1]["x"] == [5, 5]


def test_spectra_are_singular_values_about_the_mean():
    data = gaussian(100, 30, features=5)
    settings = dict(seeds=[0, 1], steps=4, film=[0, 2, 4])
    run = fit_views(
        lambda: mlp(5, 5), lossatlas.nt_xent, data, noise(0.5), hyper={"temperature": [0.1, 1.0]}, **settings
    )
    flat = torch.ones(3, 1, 30, 5, dtype=torch.float64) * torch.arange(30.0).reshape(30, 1)
    picture = spectra({"NT-Xent": run, "on a line": ((0, 2, 4), flat.repeat(1, 2, 1, 1))}, seed=1)
    lines = traces_of(picture, 0, step=4)
    assert list(lines) == ["NT-Xent 0.1", "NT-Xent 1", "on a line"]
    x = run.film[2, 1, 1].double()
    wanted = torch.linalg.eigvalsh(x.T.cov(correction=0)).flip(0).sqrt()
    np.testing.assert_allclose(lines["NT-Xent 1"]["y"], wanted, rtol=1e-6)
    rank, spread = (traces_of(picture, 1, measure=m) for m in ("effective rank", "spread"))
    np.testing.assert_allclose(rank["on a line: effective rank"]["y"], 1.0, atol=1e-6)
    np.testing.assert_allclose(np.asarray(spread["NT-Xent 1: spread"]["y"])[2], wanted.square().sum().sqrt())
    with pytest.raises(ValueError, match="`runs`: expected runs with the same steps and dimension"):
        spectra({"a": run, "b": ((0, 2), flat[:2])})
