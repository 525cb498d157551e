"""Temperatures, training steps and relations of classes, each written a second time as a loop; and what they refuse."""

import math

import pytest
import torch

import lossatlas as la


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near(got, wanted, rtol=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype).reshape(got.shape), rtol=rtol, atol=1e-14)


LOGITS, TARGET = 2 * numbers(4, 3), torch.tensor([0, 2, 1, 1])


# temperatures


def temperature(row, lam, lam0=1.0, alpha=2.0):
    powers = [math.exp(f / lam) for f in row]
    p = [v / sum(powers) + 1e-5 for v in powers]
    p = [v / sum(p) for v in p]
    divergence = sum(v * math.log(len(p) * v) for v in p)
    return lam0 - lam0 * divergence / (alpha * math.log(len(p)))


def robust(row, y, before, margin=0.1, lam0=1.0, alpha=2.0):
    lam = temperature(row, before, lam0, alpha)
    d = [f - row[y] + (margin if k != y else 0.0) for k, f in enumerate(row)]
    mean = sum(math.exp(v / lam) for v in d) / len(d)
    return lam * math.log(mean) - alpha * math.log(len(d)) / (2 * lam0) * (lam - lam0) ** 2


SETTINGS = [{}, {"lam0": 0.7, "alpha": 3.5}]


@pytest.mark.parametrize("hyper", SETTINGS)
def test_aldr_kl_temperature(hyper):
    before = torch.tensor([1.0, 0.6, 2.0, 1.3], dtype=torch.float64)
    wanted = [temperature(row, lam, **hyper) for row, lam in zip(LOGITS.tolist(), before.tolist(), strict=True)]
    near(la.losses.cross_entropy.aldr_kl_temperature(LOGITS, before, **hyper), wanted)


@pytest.mark.parametrize("hyper", [{}, {"margin": 0.4, "lam0": 0.7, "alpha": 3.5}])
def test_remembered_temperatures(hyper):
    module = la.losses.cross_entropy.ALDRKLLoss(6, reduction="none", **hyper).double()
    index, weight = torch.tensor([5, 0, 2, 3]), torch.tensor([1.0, 0.0, 2.0, 0.5], dtype=torch.float64)
    lam0 = torch.tensor(hyper.get("lam0", 1.0)).item()  # the module was made in float32
    lam, slow = [lam0] * 4, {k: v for k, v in hyper.items() if k != "margin"}
    for _ in range(2):
        items = [robust(r, y, b, **hyper) for r, y, b in zip(LOGITS.tolist(), TARGET.tolist(), lam, strict=True)]
        near(module.eval()(LOGITS, TARGET, index), items)
        near(module.temperature[index], lam)
        near(
            module.train()(LOGITS, TARGET, index, sample_weight=weight),
            torch.tensor(items, dtype=torch.float64) * weight,
        )
        lam = [temperature(r, b, **slow) for r, b in zip(LOGITS.tolist(), lam, strict=True)]
        near(module.temperature[index], lam)
        near(module.temperature[[1, 4]], [lam0, lam0])


def test_remembered_temperatures_by_default():
    module = la.losses.cross_entropy.ALDRKLLoss(4)
    items = [robust(r, y, 1.0) for r, y in zip(LOGITS.tolist(), TARGET.tolist(), strict=True)]
    value = module(LOGITS, TARGET, torch.arange(4, dtype=torch.int32))
    near(value, sum(items) / 4, rtol=1e-6)
    assert module.temperature.dtype == torch.float32 and "temperature" in module.state_dict()
    assert la.losses.cross_entropy.ALDRKLLoss(1).temperature.tolist() == [1.0]


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 3)])
def test_normalised_scores(shape):
    x = 3 * numbers(*shape)
    soft, plain = la.losses.cross_entropy.softplus_mean_normalize(x), la.losses.cross_entropy.mean_abs_normalize(x)
    for row, got, other in zip(x.reshape(-1, 3).tolist(), soft.reshape(-1, 3), plain.reshape(-1, 3), strict=True):
        softplus = [math.log1p(math.exp(f)) for f in row]
        near(got, [s / (sum(softplus) / 3) for s in softplus])
        near(other, [f / (sum(abs(v) for v in row) / 3) for f in row])


def test_scores_of_nothing_and_scores_of_size_one_stay():
    x = torch.tensor([[0.0, 0.0], [1.0, -1.0], [0.5, 1.5]], dtype=torch.float64, requires_grad=True)
    got = la.losses.cross_entropy.mean_abs_normalize(x)
    near(got.detach(), x.detach())
    (slope,) = torch.autograd.grad(got, x, torch.tensor([1.0, 2.0], dtype=torch.float64).expand(3, 2))
    assert slope[0].tolist() == [0, 0] and slope.isfinite().all()


@pytest.mark.parametrize("low", [-36.0, -39.9, -40.1, -45.0, -800.0])
def test_softplus_keeps_the_ratios_of_very_negative_scores(low):
    got = la.losses.cross_entropy.softplus_mean_normalize(torch.tensor([low, low + math.log(3)], dtype=torch.float64))
    near(got, [0.5, 1.5], rtol=2 * math.exp(max(low, -36.0)) + 1e-12)


# steps


@pytest.mark.parametrize("hyper", [{}, {"eta": 0.3, "anchor_loss": 2.5}])
def test_target_surrogate_loss(hyper):
    outputs, anchor, gradient = numbers(3, 2), numbers(3, 2, seed=1), numbers(3, 2, seed=2)
    rows = zip(outputs.flatten().tolist(), anchor.flatten().tolist(), gradient.flatten().tolist(), strict=True)
    terms = [g * (f - z) + (f - z) ** 2 / (2 * hyper.get("eta", 1.0)) for f, z, g in rows]
    near(
        la.losses.cross_entropy.target_surrogate_loss(outputs, anchor, gradient, **hyper),
        sum(terms) + hyper.get("anchor_loss", 0.0),
    )


@pytest.mark.parametrize("hyper", [{}, {"inner_steps": 2}, {"eta": 0.3, "inner_steps": 3, "learning_rate": 0.05}])
def test_sso_step(hyper):
    x, weight, bias = numbers(4, 2), numbers(2, seed=1), numbers(1, seed=2)
    eta, rate = hyper.get("eta", 1.0), hyper.get("learning_rate", 1.0)
    forward = lambda p: torch.tanh(x @ p["weight"] + p["bias"])  # noqa: E731
    objective = lambda z: (z - 1).pow(4).sum()  # noqa: E731
    w, b = weight.clone(), bias.clone()
    anchor = torch.tanh(x @ w + b)
    gradient = 4 * (anchor - 1) ** 3
    for _ in range(hyper.get("inner_steps", 1)):
        z = torch.tanh(x @ w + b)
        pull = (gradient + (z - anchor) / eta) * (1 - z**2)
        w, b = w - rate * x.T @ pull, b - rate * pull.sum()
    got = la.losses.cross_entropy.sso_step({"weight": weight, "bias": bias}, forward, objective, **hyper)
    assert got.keys() == {"weight", "bias"}
    near(got["weight"], w)
    near(got["bias"], b)


@pytest.mark.parametrize("hyper", [{}, {"step_size": 0.3}])
def test_perceptron_and_normalised_logistic_step(hyper):
    a, label = numbers(6, 3), torch.tensor([1.0, -1, 1, -1, -1, 1], dtype=torch.float64)
    u, size = numbers(3, seed=1), hyper.get("step_size", 1.0)
    a[5] = 0.0  # its margin is 0, as where the boundary goes through it
    pulls = [[y * v for v in row] for row, y in zip(a.tolist(), label.tolist(), strict=True)]
    margins = [sum(p * w for p, w in zip(pull, u.tolist(), strict=True)) for pull in pulls]
    counted = [1.0 if m < 0 else 0.5 if m == 0 else 0.0 for m in margins]
    shares = [1 / (1 + math.exp(m)) for m in margins]
    wrong = [sum(c * p[d] for c, p in zip(counted, pulls, strict=True)) / 6 for d in range(3)]
    normed = [sum(s * p[d] for s, p in zip(shares, pulls, strict=True)) / sum(shares) for d in range(3)]
    near(
        la.losses.cross_entropy.batch_perceptron_step(u, a, label, **hyper),
        [w + size * v for w, v in zip(u.tolist(), wrong, strict=True)],
    )
    near(
        la.losses.cross_entropy.normalized_logistic_gd_step(u, a, label, **hyper),
        [w + size * v for w, v in zip(u.tolist(), normed, strict=True)],
    )


def test_labels_of_another_precision_do_not_change_that_of_the_step():
    for step in (la.losses.cross_entropy.batch_perceptron_step, la.losses.cross_entropy.normalized_logistic_gd_step):
        assert step(torch.zeros(3), numbers(4, 3).float(), torch.ones(4, dtype=torch.float64)).dtype == torch.float32


# classes


@pytest.mark.parametrize("hyper", [{}, {"penalty": 0.3}])
def test_l2_svm_objective(hyper):
    weight = numbers(3, 2, seed=1)
    terms = [
        max(0.0, 1 - (1 if k == y else -1) * f) ** 2
        for row, y in zip(LOGITS.tolist(), TARGET.tolist(), strict=True)
        for k, f in enumerate(row)
    ]
    wanted = 0.5 * sum(w * w for w in weight.flatten().tolist()) + hyper.get("penalty", 1.0) * sum(terms)
    near(la.losses.cross_entropy.l2_svm_objective(LOGITS, TARGET, weight, **hyper), wanted)


def test_relational_target():
    similarity = torch.tensor([[1.0, 0.5, 0.9], [0.5, 0.2, 0.8], [0.9, 0.8, 1.0]], dtype=torch.float64)
    label_set = torch.tensor([[1, 0, 0], [1, 0, 1], [1, 1, 0], [0, 1, 1]]).bool()
    for threshold in (0.5, 0.79, 1.0, -2.0):
        for own in (None, label_set):
            wanted = [
                [k == y or (similarity[y, k].item() > threshold and (own is None or not own[n, k])) for k in range(3)]
                for n, y in enumerate(TARGET.tolist())
            ]
            got = la.losses.cross_entropy.relational_target(
                similarity, TARGET.int(), threshold=threshold, label_set=own
            )
            assert got.dtype == torch.float64 and got.tolist() == wanted


def test_class_similarity_with_labels_of_32_bits():
    features, weight = numbers(4, 2, seed=1), numbers(3, 2, seed=2)
    got = la.losses.cross_entropy.class_similarity(features, torch.tensor([0, 2, 0, 0], dtype=torch.int32), weight)
    cosines = torch.nn.functional.cosine_similarity(features[:, None], weight, dim=-1)
    near(got, torch.stack([cosines[[0, 2, 3]].mean(0), torch.zeros(3), cosines[1]]))


# what is refused

X, ONES = numbers(4, 2), torch.ones(4, dtype=torch.float64)
IDENTITY = torch.eye(3, dtype=torch.float64)
CALL = la.losses.cross_entropy.ALDRKLLoss(4).double()
REFUSED = {
    "temperature: lam0 = 0": (ValueError, "lam0", lambda: la.losses.cross_entropy.aldr_kl_temperature(LOGITS, ONES, lam0=0.0)),
    "temperature: alpha = 1": (ValueError, "alpha", lambda: la.losses.cross_entropy.aldr_kl_temperature(LOGITS, ONES, alpha=1.0)),
    "temperature: a number": (TypeError, "lam", lambda: la.losses.cross_entropy.aldr_kl_temperature(LOGITS, 1.0)),
    "temperature: integers": (TypeError, "lam", lambda: la.losses.cross_entropy.aldr_kl_temperature(LOGITS, ONES.long())),
    "temperature: too few": (ValueError, "lam", lambda: la.losses.cross_entropy.aldr_kl_temperature(LOGITS, ONES[:3])),
    "temperature: too many": (ValueError, "lam", lambda: la.losses.cross_entropy.aldr_kl_temperature(LOGITS, torch.ones(5))),
    "temperature: zero": (ValueError, "lam", lambda: la.losses.cross_entropy.aldr_kl_temperature(LOGITS, ONES * 0)),
    "temperature: one is negative": (ValueError, "lam", lambda: la.losses.cross_entropy.aldr_kl_temperature(LOGITS, ONES - 1.5 * (ONES.cumsum(0) == 2))),
    "module: examples 0": (ValueError, "examples", lambda: la.losses.cross_entropy.ALDRKLLoss(0)),
    "module: examples 2.0": (ValueError, "examples", lambda: la.losses.cross_entropy.ALDRKLLoss(2.0)),
    "module: examples True": (ValueError, "examples", lambda: la.losses.cross_entropy.ALDRKLLoss(True)),
    "module: margin < 0": (ValueError, "margin", lambda: la.losses.cross_entropy.ALDRKLLoss(2, margin=-0.5)),
    "module: lam0 = 0": (ValueError, "lam0", lambda: la.losses.cross_entropy.ALDRKLLoss(2, lam0=0.0)),
    "module: alpha = 1": (ValueError, "alpha", lambda: la.losses.cross_entropy.ALDRKLLoss(2, alpha=1.0)),
    "module: reduction": (ValueError, "reduction", lambda: la.losses.cross_entropy.ALDRKLLoss(2, reduction="avg")),
    "module: a list of numbers": (TypeError, "index", lambda: CALL(LOGITS, TARGET, [0, 1, 2, 3])),
    "module: numbers of floats": (TypeError, "index", lambda: CALL(LOGITS, TARGET, torch.arange(4.0))),
    "module: two axes": (ValueError, "index", lambda: CALL(LOGITS, TARGET, torch.arange(4).reshape(2, 2))),
    "module: example 4 of 4": (ValueError, "index", lambda: CALL(LOGITS, TARGET, torch.arange(1, 5))),
    "module: example -1": (ValueError, "index", lambda: CALL(LOGITS, TARGET, torch.arange(-1, 3))),
    "softplus: integers": (TypeError, "logits", lambda: la.losses.cross_entropy.softplus_mean_normalize(torch.tensor([1, 2]))),
    "softplus: a number": (TypeError, "logits", lambda: la.losses.cross_entropy.softplus_mean_normalize(torch.tensor(1.0))),
    "mean abs: a list": (TypeError, "logits", lambda: la.losses.cross_entropy.mean_abs_normalize([1.0])),
    "mean abs: a number": (TypeError, "logits", lambda: la.losses.cross_entropy.mean_abs_normalize(torch.tensor(1.0))),
    "surrogate: other shapes": (ValueError, "anchor", lambda: la.losses.cross_entropy.target_surrogate_loss(X, X[:2], X)),
    "surrogate: eta = 0": (ValueError, "eta", lambda: la.losses.cross_entropy.target_surrogate_loss(X, X, X, eta=0.0)),
    "surrogate step: no steps": (ValueError, "inner_steps", lambda: la.losses.cross_entropy.sso_step({"x": X}, lambda p: p["x"], torch.sum, inner_steps=0)),
    "surrogate step: 1.5 steps": (ValueError, "inner_steps", lambda: la.losses.cross_entropy.sso_step({"x": X}, lambda p: p["x"], torch.sum, inner_steps=1.5)),
    "surrogate step: rate 0": (ValueError, "learning_rate", lambda: la.losses.cross_entropy.sso_step({"x": X}, lambda p: p["x"], torch.sum, learning_rate=0)),
    "surrogate step: a list": (TypeError, "parameters", lambda: la.losses.cross_entropy.sso_step([X], lambda p: p[0], torch.sum)),
    "surrogate step: a number": (TypeError, "parameters", lambda: la.losses.cross_entropy.sso_step({"x": 1.0}, lambda p: X, torch.sum)),
    "perceptron: no points": (ValueError, "features", lambda: la.losses.cross_entropy.batch_perceptron_step(X[0], X[:0], ONES[:0])),
    "perceptron: label 0": (ValueError, "label", lambda: la.losses.cross_entropy.batch_perceptron_step(X[0], X, 0 * ONES)),
    "perceptron: step 0": (ValueError, "step_size", lambda: la.losses.cross_entropy.batch_perceptron_step(X[0], X, ONES, step_size=0.0)),
    "objective: penalty < 0": (ValueError, "penalty", lambda: la.losses.cross_entropy.l2_svm_objective(LOGITS, TARGET, X, penalty=-0.5)),
    "objective: integers": (TypeError, "weight", lambda: la.losses.cross_entropy.l2_svm_objective(LOGITS, TARGET, TARGET)),
    "objective: a list": (TypeError, "weight", lambda: la.losses.cross_entropy.l2_svm_objective(LOGITS, TARGET, [1.0])),
    "similarity: class 3 of 3": (ValueError, "target", lambda: la.losses.cross_entropy.class_similarity(X, TARGET + 1, numbers(3, 2))),
    "similarity: other lengths": (ValueError, "weight", lambda: la.losses.cross_entropy.class_similarity(X, TARGET, numbers(3, 4))),
    "relations: class 3 of 3": (ValueError, "target", lambda: la.losses.cross_entropy.relational_target(IDENTITY, TARGET + 1, threshold=0.5)),
    "relations: not square": (ValueError, "similarity", lambda: la.losses.cross_entropy.relational_target(IDENTITY[:2], TARGET, threshold=0.5)),
    "relations: threshold nan": (ValueError, "threshold", lambda: la.losses.cross_entropy.relational_target(IDENTITY, TARGET, threshold=math.nan)),
    "relations: a list of labels": (TypeError, "label_set", lambda: la.losses.cross_entropy.relational_target(IDENTITY, TARGET, threshold=0.5, label_set=[[1]])),
    "relations: labels 0 and 1": (TypeError, "label_set", lambda: la.losses.cross_entropy.relational_target(IDENTITY, TARGET, threshold=0.5, label_set=torch.ones(4, 3))),
    "relations: labels of five items": (ValueError, "label_set", lambda: la.losses.cross_entropy.relational_target(IDENTITY, TARGET, threshold=0.5, label_set=torch.ones(5, 3) > 0)),
    "coefficients with two axes": (TypeError, "epsilons", lambda: la.poly_n_cross_entropy(LOGITS, TARGET, epsilons=torch.ones(2, 2))),
    "relations: too few labels": (ValueError, "label_set", lambda: la.losses.cross_entropy.relational_target(IDENTITY, TARGET, threshold=0.5, label_set=torch.ones(1, 3) > 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    error, argument, call = REFUSED[name]
    with pytest.raises(error, match=f"^`{argument}`: expected .*, got "):
        call()
