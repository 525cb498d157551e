"""Fit the same small network for many seeds, and for many values of a hyper-parameter, as one batched model.

The loss of independent models, summed, has as its gradient the gradient of each. So one backward pass and one
step of an elementwise optimiser train them all.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.func import functional_call
from tqdm import tqdm

from ..contract import describe, expect, whole
from ..measures import accuracy
from .data import Data
from .stacked import ADAM, check_hyper, check_optimizer, check_seeds, named, outputs_of, read, stacked, tiled


@dataclass(frozen=True, repr=False)
class Fitted:
    """Trained models, all seeds and variants. `lead` below is (S,), or (V, S) where a hyper-parameter varies.

    Attributes:
        model: the bare module, whose parameters are replaced by those below.
        parameters, buffers: name -> tensor (*lead, ...).
        data: what they were trained on.
        seeds: the S seeds.
        hyper: hyper-parameter -> its V values.
        history: "loss" and "accuracy", each (epochs, *lead), are means over the minibatches of an epoch, as they were
            met; "test_accuracy" is (epochs // test_every, *lead).
        scores_of: function of one model's output that gives class scores.
    """

    model: torch.nn.Module
    parameters: Mapping
    buffers: Mapping
    data: Data
    seeds: tuple
    hyper: Mapping
    history: Mapping
    scores_of: Callable

    def __repr__(self):
        return named(self, "fitted to")

    def outputs(self, x):
        """What the models give for inputs x, (N, D) for all or (S, N, D) by seed: tensors (*lead, ...)."""
        return self._read(x, lambda output: output)

    def scores(self, x):
        """Class scores (*lead, N, C) of inputs x, (N, D) or (S, N, D)."""
        return self._read(x, self.scores_of)

    @torch.no_grad()
    def _read(self, x, reading):
        return outputs_of(self, self.model, reading, self.parameters, self.buffers, x)

    @property
    def test_accuracy(self):
        """Share of the test set classified correctly, (*lead,)."""
        return accuracy(self.scores(self.data.x_test), self.data.y_test)


def fit(
    model,
    loss,
    data,
    *,
    seeds,
    epochs,
    batch_size=64,
    optimizer=ADAM,
    hyper=None,
    scores=lambda output: output,
    test_every=1,
    label="fit",
):
    """Train one model per seed and per value of a hyper-parameter, all at once.

    A seed decides the initial weights and the order of the minibatches. It decides them alike in every call and for
    every value of `hyper`, so that two losses compared at the same seed differ in nothing else.

    Args:
        model: function without arguments that builds the module; it is called once per seed, after seeding torch.
            Only parameters are trained: a module must not change its buffers, nor draw random numbers.
        loss: `loss(output, target, **hyper)` gives a 0-d tensor. It runs under `torch.vmap`.
        data: a `Data`; training runs on its device, in the dtype of its inputs. Inputs or labels may have a leading
            axis of seeds.
        seeds: whole numbers, one per model.
        epochs: passes over the training set.
        batch_size: items per minibatch; the last of an epoch may be smaller.
        optimizer: function of a list of parameters that gives an elementwise optimiser of `torch.optim`; Adam at 1e-3.
        hyper: name -> numbers, all of the same length V, given to the loss as 0-d tensors, one per variant.
        scores: function of a model's output that gives class scores (N, C).
        test_every: epochs from one look at the test set to the next, at most `epochs`.
        label: text of the progress bar. It is shown where stderr is a terminal.

    Returns:
        A `Fitted`.
    """
    seeds, hyper = tuple(seeds), {name: tuple(values) for name, values in (hyper or {}).items()}
    _check(data, seeds, hyper, epochs=epochs, batch_size=batch_size, test_every=test_every)
    like = data.x_train
    stack = stacked(model, seeds, hyper, like)
    parameters, buffers, bare, values, lead = stack.parameters, stack.buffers, stack.bare, stack.values, stack.lead

    batched = torch.vmap(functools.partial(_loss_and_hits, bare, loss, scores))
    optimizer = check_optimizer(optimizer(list(parameters.values())))

    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    over_test = torch.vmap(functools.partial(read, bare, scores), in_dims=(0, 0, None))
    history = {"loss": [], "accuracy": [], "test_accuracy": []}
    for epoch in tqdm(range(1, epochs + 1), desc=label, disable=None, leave=False):
        totals = torch.zeros(2, stack.models, dtype=like.dtype, device=like.device)
        for x, y in _minibatches(data, generators, batch_size):
            x, y = tiled(x, stack.variants), tiled(y, stack.variants)
            losses, hits = batched(parameters, buffers, x, y, values)
            optimizer.zero_grad()
            losses.sum().backward()
            optimizer.step()
            totals += torch.stack([losses.detach(), hits]) * y.shape[1]
        history["loss"].append(totals[0] / data.y_train.shape[-1])
        history["accuracy"].append(totals[1] / data.y_train.shape[-1])
        if epoch % test_every == 0:
            with torch.no_grad():
                tested = over_test(parameters, buffers, data.x_test)
            history["test_accuracy"].append(accuracy(tested, data.y_test))

    return Fitted(
        model=bare.to("meta"),
        parameters={name: p.detach().unflatten(0, lead) for name, p in parameters.items()},
        buffers={name: b.unflatten(0, lead) for name, b in buffers.items()},
        data=data,
        seeds=seeds,
        hyper=hyper,
        history={name: torch.stack(course).unflatten(1, lead) for name, course in history.items()},
        scores_of=scores,
    )


def _loss_and_hits(module, loss, scores, parameters, buffers, x, y, values):
    output = functional_call(module, (parameters, buffers), (x,))
    return loss(output, y, **values), (scores(output).detach().argmax(-1) == y).to(x.dtype).mean()


def _minibatches(data, generators, batch_size):
    """One epoch of (inputs (S, B, D), labels (S, B)), each seed in its own order."""
    items = data.y_train.shape[-1]
    order = torch.stack([torch.randperm(items, generator=g) for g in generators]).to(data.y_train.device)
    seed = torch.arange(len(generators), device=order.device).unsqueeze(1)
    for index in order.split(batch_size, 1):
        x = data.x_train[seed, index] if data.x_train.ndim > data.x_test.ndim else data.x_train[index]
        y = data.y_train[seed, index] if data.y_train.ndim > 1 else data.y_train[index]
        yield x, y


def _check(data, seeds, hyper, **counts):
    check_seeds(seeds)
    expect(isinstance(data, Data), "data", "a Data", describe(data), TypeError)
    for name in ("x_train", "y_train"):
        value, shared = getattr(data, name), data.x_test.ndim if name == "x_train" else 1
        fits = value.ndim == shared or len(value) == len(seeds)
        expect(fits, f"data.{name}", f"no axis of seeds, or one of {len(seeds)}", describe(value))
    for name, number in counts.items():
        whole(1).check(name, number)
    whole(1, counts["epochs"]).check("test_every", counts["test_every"])
    check_hyper(hyper)
