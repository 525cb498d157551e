"""Many copies of one network as one: parameters with a leading axis, run by `torch.vmap`."""

import functools
from dataclasses import dataclass

import torch
from torch.func import functional_call, stack_module_state

from ..contract import describe, expect, whole

#: Optimisers that treat every number on its own, and so train stacked models as they would train each alone.
ELEMENTWISE = (
    torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.NAdam, torch.optim.RAdam, torch.optim.Adamax,
    torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.Adadelta, torch.optim.Rprop, torch.optim.ASGD,
)  # fmt: skip

ADAM = functools.partial(torch.optim.Adam, lr=1e-3)


@dataclass(frozen=True)
class Stack:
    """V variants of S seeds: model v * S + s has variant v and seed s.

    Attributes:
        bare: a module whose parameters are replaced by those below.
        parameters, buffers: name -> tensor (V * S, ...), leaves of the graph.
        values: hyper-parameter -> (V * S,).
        variants, seeds: V and S.
        lead: the shape that results have in front, (S,), or (V, S) where a hyper-parameter varies.
    """

    bare: torch.nn.Module
    parameters: dict
    buffers: dict
    values: dict
    variants: int
    seeds: int
    lead: tuple

    @property
    def models(self):
        return self.variants * self.seeds


def stacked(model, seeds, hyper, like):
    """A `Stack` of what `model()` builds after each seed, once per value of `hyper`, in dtype and device of `like`."""
    variants = len(next(iter(hyper.values()))) if hyper else 1
    modules = [_built(model, seed).to(like) for seed in seeds]
    parameters, buffers = stack_module_state(modules)
    return Stack(
        bare=modules[0],
        parameters={name: tiled(p.detach(), variants).requires_grad_() for name, p in parameters.items()},
        buffers={name: tiled(b, variants) for name, b in buffers.items()},
        values={name: like.new_tensor(v).repeat_interleave(len(seeds)) for name, v in hyper.items()},
        variants=variants,
        seeds=len(seeds),
        lead=(variants, len(seeds)) if hyper else (len(seeds),),
    )


def tiled(tensor, times):
    """(S, ...) -> (times * S, ...), copies one after the other."""
    return tensor.repeat(times, *(1,) * (tensor.ndim - 1))


def read(module, reading, parameters, buffers, x):
    """What `reading` makes of one model's output."""
    return reading(functional_call(module, (parameters, buffers), (x,)))


def outputs_of(fitted, module, reading, parameters, buffers, x):
    """What `reading` makes of the outputs of all fitted models for inputs x, (N, ...) for all or (S, N, ...) by seed.

    Args:
        fitted: what has `data` and `hyper`, a `Fitted` or `Embedded`.
        module: the bare module that the parameters and buffers belong to.

    Returns:
        Tensors (*lead, ...).
    """
    over_x = 0 if x.ndim > fitted.data.x_test.ndim else None
    run = torch.vmap(functools.partial(read, module, reading), in_dims=(0, 0, over_x))
    if fitted.hyper:
        run = torch.vmap(run, in_dims=(0, 0, None))
    return run(parameters, buffers, x)


def named(fitted, verb):
    """Fitted models in a line: how many, of which hyper-parameters, on which data."""
    varied = "".join(f" × {name} = {list(values)}" for name, values in fitted.hyper.items())
    return f"<{len(fitted.seeds)} seeds{varied} {verb} {fitted.data.name}>"


def check_optimizer(optimizer):
    expect(
        isinstance(optimizer, ELEMENTWISE),
        "optimizer",
        "an elementwise optimiser such as SGD or Adam",
        type(optimizer).__name__,
    )
    return optimizer


def check_seeds(seeds):
    expect(len(seeds) > 0, "seeds", "one or more whole numbers >= 0", describe(seeds))
    for seed in seeds:
        whole(0).check("seeds", seed)
    expect(len(set(seeds)) == len(seeds), "seeds", "different numbers", describe(seeds))


def check_hyper(hyper):
    lengths = {name: len(values) for name, values in hyper.items()}
    level = len(set(lengths.values())) <= 1 and 0 not in lengths.values()
    expect(level, "hyper", "names with equally many values, at least one", describe(lengths))


def _built(model, seed):
    """The module with the weights of this seed, whatever random state and default dtype surround it."""
    ambient = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return model()
    finally:
        torch.set_default_dtype(ambient)
