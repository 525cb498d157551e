"""Batched training of embeddings: the same numbers as networks trained alone, from labels and from views."""

import functools

import pytest
import torch

from lossatlas import info_nce, multi_similarity_loss, nt_xent, on, signatures
from lossatlas.training import (
    chain,
    digits,
    digits_by_class,
    erase,
    fit_embeddings,
    fit_views,
    gaussian,
    mlp,
    noise,
    per_class,
    rotate,
    shift,
    shuffled,
)

SMALL = functools.partial(mlp, 64, 8, 3)
AUGMENT = chain(rotate(10), shift(1), erase(2), noise(0.2))


@pytest.fixture(scope="module")
def data():
    return digits(200).to("cpu", torch.float64)


def trained_alone(batch_loss, data, seed, steps, sampler):
    """The plain loop: `batch_loss(module, index, generator)`."""
    torch.manual_seed(seed)
    module = SMALL().double()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(seed)
    losses, batches = [], []
    while len(losses) < steps:
        batches = batches or list(sampler(data.y_train, generator))
        value = batch_loss(module, batches.pop(0), generator)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return module(data.x_test).detach(), losses


@pytest.mark.parametrize("sampler", [shuffled(30), per_class(5, 6)], ids=["shuffled", "per class"])
def test_networks_trained_together_equal_networks_trained_alone(data, sampler):
    seeds, betas = [3, 0], [10.0, 50.0]
    together = fit_embeddings(
        SMALL, multi_similarity_loss, data, seeds=seeds, steps=9, batches=sampler, hyper={"beta": betas}
    )
    assert together.losses.shape == (9, 2, 2)
    for v, beta in enumerate(betas):
        for s, seed in enumerate(seeds):

            def of_batch(module, index, generator, beta=beta):
                return multi_similarity_loss(module(data.x_train[index]), data.y_train[index], beta=beta)

            output, losses = trained_alone(of_batch, data, seed, 9, sampler)
            torch.testing.assert_close(together.outputs(data.x_test)[v, s], output, rtol=1e-9, atol=1e-9)
            assert together.losses[:, v, s].tolist() == pytest.approx(losses)


def test_views_trained_together_equal_views_trained_alone(data):
    seeds, temperatures = [1, 4], [0.1, 0.5]
    together = fit_views(
        SMALL, nt_xent, data, AUGMENT, seeds=seeds, steps=8, batches=shuffled(40), hyper={"temperature": temperatures}
    )
    for v, temperature in enumerate(temperatures):
        for s, seed in enumerate(seeds):

            def of_batch(module, index, generator, temperature=temperature):
                x = data.x_train[index].unsqueeze(0)
                a, b = (AUGMENT(x, [generator])[0] for _ in range(2))
                return nt_xent(module(a), module(b), temperature=temperature)

            output, losses = trained_alone(of_batch, data, seed, 8, shuffled(40))
            torch.testing.assert_close(together.outputs(data.x_test)[v, s], output, rtol=1e-9, atol=1e-9)
            assert together.losses[:, v, s].tolist() == pytest.approx(losses)


def test_the_film_shows_the_watched_inputs_before_between_and_after(data):
    watched = data.x_test[:7]
    settings = dict(seeds=range(2), batches=shuffled(20))
    full = fit_embeddings(SMALL, multi_similarity_loss, data, steps=6, film=[6, 0, 2], watched=watched, **settings)
    assert full.film_steps == (0, 2, 6)
    assert full.film.shape == (3, 2, 7, 3)
    half = fit_embeddings(SMALL, multi_similarity_loss, data, steps=2, **settings)
    assert half.film is None
    torch.testing.assert_close(full.film[1], half.outputs(watched), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(full.film[2], full.outputs(watched), rtol=1e-12, atol=1e-12)


def test_the_output_of_a_part(data):
    def model():
        return torch.nn.Sequential(mlp(64, 8, 5), mlp(5, 3))

    fitted = fit_views(
        model, nt_xent, data, noise(0.1), seeds=range(2), steps=2, hyper={"temperature": [0.1, 0.5, 1.0]}
    )
    body = fitted.outputs(data.x_test, part="0")
    assert body.shape == (3, 2, len(data.x_test), 5)
    head = {name: p for name, p in fitted.parameters.items() if name.startswith("1.")}
    whole = torch.einsum("vsnd,vsed->vsne", body, head["1.0.weight"]) + head["1.0.bias"].unsqueeze(-2)
    torch.testing.assert_close(whole, fitted.outputs(data.x_test), rtol=1e-9, atol=1e-9)


def test_the_film_of_a_part(data):
    def model():
        return torch.nn.Sequential(mlp(64, 8, 5), mlp(5, 3))

    fitted = fit_views(
        model, nt_xent, data, noise(0.1), seeds=range(2), steps=2, film=[2], watched=data.x_test[:9], filmed="0"
    )
    assert fitted.film.shape == (1, 2, 9, 5)
    torch.testing.assert_close(fitted.film[0], fitted.outputs(data.x_test[:9], part="0"), rtol=1e-9, atol=1e-9)
    with pytest.raises(ValueError, match="`part`: expected the name of a submodule, got 'body'"):
        fitted.outputs(data.x_test, part="body")


def test_strong_noise_takes_away_the_dimensions_that_it_is_in():
    linear = functools.partial(torch.nn.Linear, 6, 6, bias=False)
    kept = {}
    for scale in (0.1, 4.0):
        fitted = fit_views(
            linear, functools.partial(nt_xent, temperature=0.2), gaussian(500, features=6), noise(scale, last=3),
            seeds=[0], steps=150, optimizer=functools.partial(torch.optim.Adam, lr=1e-2),
        )  # fmt: skip
        kept[scale] = torch.linalg.svdvals(fitted.parameters["weight"][0])
    assert kept[0.1][-1] > 0.2 * kept[0.1][0]
    assert kept[4.0][3] < 0.1 * kept[4.0][2]


def test_training_separates_classes_that_were_never_seen():
    data = digits_by_class()
    fitted = fit_embeddings(
        functools.partial(mlp, 64, 64, 16), on(signatures.embeddings, info_nce), data, seeds=range(2), steps=150,
        batches=per_class(5, 8), hyper={"temperature": [0.1, 0.3]}, film=[0],
        optimizer=functools.partial(torch.optim.Adam, lr=3e-3),
    )  # fmt: skip
    before, after = fitted.film[0], fitted.outputs(data.x_test)

    def contrast(outputs):
        unit = torch.nn.functional.normalize(outputs, dim=-1)
        s, same = unit @ unit.mT, data.y_test[:, None] == data.y_test
        return (s * same).sum((-1, -2)) / same.sum() - (s * ~same).sum((-1, -2)) / (~same).sum()

    assert (contrast(after) > contrast(before) + 0.1).all()
    assert (fitted.losses[-20:].mean(0) < 0.8 * fitted.losses[:20].mean(0)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "`steps`: expected a whole number >= 1"),
        ({"film": [7]}, "`film`: expected a whole number in \\[0, 5\\]"),
        ({"watched": torch.zeros(3, 2)}, r"`watched`: expected inputs of shape \(M, 64\)"),
        ({"seeds": []}, "`seeds`: expected one or more"),
        ({"hyper": {"alpha": [1.0], "beta": [1.0, 2.0]}}, "`hyper`: expected names with equally many values"),
        ({"optimizer": torch.optim.LBFGS}, "`optimizer`: expected an elementwise optimiser"),
    ],
)
def test_errors_name_the_argument(data, change, message):
    with pytest.raises(ValueError, match=message):
        fit_embeddings(SMALL, multi_similarity_loss, data, **{"seeds": [0], "steps": 5} | change)
