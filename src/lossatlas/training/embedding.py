"""Train embedding networks, many seeds and hyper-parameters at once: from labels, or from two views of each item."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.func import functional_call
from tqdm import tqdm

from ..contract import describe, expect, whole
from .batches import shuffled
from .data import Data
from .stacked import ADAM, check_hyper, check_optimizer, check_seeds, named, outputs_of, read, stacked, tiled


@dataclass(frozen=True, repr=False)
class Embedded:
    """Trained embedding networks. `lead` below is (S,), or (V, S) where a hyper-parameter varies.

    Attributes:
        model: the bare module, whose parameters are replaced by those below.
        parameters, buffers: name -> tensor (*lead, ...).
        data: what they were trained on.
        seeds: the S seeds.
        hyper: hyper-parameter -> its V values.
        losses: the loss of each step's minibatch, (steps, *lead).
        film_steps: the steps before which a snapshot was taken; `steps` itself is after the last.
        film: what the network gave for the watched inputs at those steps, (T, *lead, M, D); None without any.
    """

    model: torch.nn.Module
    parameters: Mapping
    buffers: Mapping
    data: Data
    seeds: tuple
    hyper: Mapping
    losses: torch.Tensor
    film_steps: tuple
    film: torch.Tensor | None

    def __repr__(self):
        return named(self, "embedding")

    @torch.no_grad()
    def outputs(self, x, part=None):
        """What the networks, or a submodule `part` of them such as "body", give for x: tensors (*lead, ...).

        Args:
            x: (N, F) for all, or (S, N, F) by seed.
            part: name of a submodule as in `named_modules()`; its input must be x.
        """
        module, pick = _part(self.model, part)
        return outputs_of(self, module, lambda output: output, pick(self.parameters), pick(self.buffers), x)


def fit_embeddings(
    model,
    loss,
    data,
    *,
    seeds,
    steps,
    batches=None,
    optimizer=ADAM,
    hyper=None,
    film=(),
    watched=None,
    filmed=None,
    label="fit",
):
    """Train one embedding network per seed and per value of a hyper-parameter on labelled items, all at once.

    A seed decides the initial weights and the minibatches, alike in every call and for every value of `hyper`.

    Args:
        model: function without arguments that builds the module; called once per seed, after seeding torch. Only
            parameters are trained: a module must not change its buffers, nor draw random numbers.
        loss: `loss(embeddings, labels, **hyper)`, a 0-d tensor; it runs under `torch.vmap`. `embeddings` is what the
            module gives for a minibatch, (B, D) or whatever its output is, and is not normalised.
        data: a `Data`, without an axis of seeds; training runs on its device, in the dtype of its inputs.
        seeds: whole numbers, one per model.
        steps: minibatches to train on.
        batches: a sampler such as `per_class(5, 8)`; by default `shuffled(64)`.
        optimizer: function of a list of parameters that gives an elementwise optimiser of `torch.optim`; Adam at 1e-3.
        hyper: name -> numbers, all of the same length V, given to the loss as 0-d tensors, one per variant.
        film: steps (0 is before training, `steps` after it) at which the watched inputs are embedded.
        watched: inputs (M, F) to embed then; by default the test set.
        filmed: name of the submodule whose output is kept, as in `Embedded.outputs`; by default the whole network's.
        label: text of the progress bar. It is shown where stderr is a terminal.

    Returns:
        An `Embedded`.
    """

    def prepare(x, index, generators):
        return (x,), (data.y_train[index],)

    return _fit(model, loss, data, prepare, seeds, steps, batches, optimizer, hyper, film, watched, filmed, label)


def fit_views(
    model,
    loss,
    data,
    augment,
    *,
    seeds,
    steps,
    batches=None,
    optimizer=ADAM,
    hyper=None,
    film=(),
    watched=None,
    filmed=None,
    label="fit",
):
    """Train embedding networks on two views of each item, without labels.

    As `fit_embeddings`, one per seed and per value of a hyper-parameter, but for:

    Args:
        loss: `loss(view_a, view_b, **hyper)`, of what the module gives for the two views of a minibatch.
        augment: `augment(x, generators)` makes a view of a block (S, B, F) (see `lossatlas.training.augment`); all
            variants see the same views.

    Returns:
        An `Embedded`.
    """

    def prepare(x, index, generators):
        return (augment(x, generators), augment(x, generators)), ()

    return _fit(model, loss, data, prepare, seeds, steps, batches, optimizer, hyper, film, watched, filmed, label)


def _fit(model, loss, data, prepare, seeds, steps, batches, optimizer, hyper, film, watched, filmed, label):
    seeds, hyper = tuple(seeds), {name: tuple(values) for name, values in (hyper or {}).items()}
    film, watched = tuple(sorted(set(film))), data.x_test if watched is None else watched
    _check(data, seeds, hyper, steps, film, watched)
    stack = stacked(model, seeds, hyper, data.x_train)
    optimizer = check_optimizer(optimizer(list(stack.parameters.values())))
    of_views = torch.vmap(functools.partial(_loss, stack.bare, loss), in_dims=(0, 0, 0, 0, 0))
    filmed_module, pick = _part(stack.bare, filmed)
    look = torch.vmap(functools.partial(read, filmed_module, lambda output: output), in_dims=(0, 0, None))

    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    orders = _epochs(data.y_train, generators, batches or shuffled())
    losses, frames = [], []
    for step in tqdm(range(steps + 1), desc=label, disable=None, leave=False):
        if step in film:
            with torch.no_grad():
                frames.append(look(pick(stack.parameters), pick(stack.buffers), watched))
        if step == steps:
            break
        index = next(orders)
        inputs, targets = prepare(data.x_train[index], index, generators)
        inputs, targets = ([tiled(x, stack.variants) for x in given] for given in (inputs, targets))
        values = of_views(stack.parameters, stack.buffers, inputs, targets, stack.values)
        optimizer.zero_grad()
        values.sum().backward()
        optimizer.step()
        losses.append(values.detach())

    return Embedded(
        model=stack.bare.to("meta"),
        parameters={name: p.detach().unflatten(0, stack.lead) for name, p in stack.parameters.items()},
        buffers={name: b.unflatten(0, stack.lead) for name, b in stack.buffers.items()},
        data=data,
        seeds=seeds,
        hyper=hyper,
        losses=torch.stack(losses).unflatten(1, stack.lead),
        film_steps=film,
        film=torch.stack(frames).unflatten(1, stack.lead) if frames else None,
    )


def _part(module, part):
    """A submodule, or the module itself, and a function that picks its tensors out of the module's, by name."""
    if part is None:
        return module, lambda values: values
    expect(part in dict(module.named_modules()), "part", "the name of a submodule", repr(part))
    start = part + "."
    return module.get_submodule(part), lambda values: {
        k.removeprefix(start): v for k, v in values.items() if k.startswith(start)
    }


def _loss(module, loss, parameters, buffers, inputs, targets, values):
    outputs = [functional_call(module, (parameters, buffers), (x,)) for x in inputs]
    return loss(*outputs, *targets, **values)


def _epochs(labels, generators, sampler):
    """Indices (S, B) of one minibatch after the other, each seed in its own order, without end."""
    while True:
        order = torch.stack([sampler(labels, generator) for generator in generators])
        yield from order.to(labels.device).unbind(1)


def _check(data, seeds, hyper, steps, film, watched):
    check_seeds(seeds)
    check_hyper(hyper)
    expect(isinstance(data, Data), "data", "a Data", describe(data), TypeError)
    shared = data.x_train.ndim == data.x_test.ndim and data.y_train.ndim == 1
    expect(shared, "data", "inputs and labels that all seeds share", "an axis of seeds")
    whole(1).check("steps", steps)
    for step in film:
        whole(0, steps).check("film", step)
    like = isinstance(watched, torch.Tensor) and watched.shape[1:] == data.x_test.shape[1:]
    expect(like, "watched", f"inputs of shape (M, {data.features})", describe(watched))
