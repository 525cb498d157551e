"""Images under changing light: a nuisance that a network can learn to ignore from some classes, and then ignores on all."""

import math
from dataclasses import replace

import torch

from ..contract import describe, expect


def shadowed(data, strength=1.0, *, waves=3, seed=0):
    """The same images, each under smooth light and shade of its own.

    To each image a random mixture of cosine waves is added, `waves` frequencies along each side but for the even light,
    so that raw pixels say more of the light than of the image. The waves are the same for all classes.

    Args:
        data: a `Data` of flat square images.
        strength: standard deviation of the amplitude of each wave.
        waves: frequencies 0, 1, ... along each side; there are waves² - 1 patterns.
        seed: of the amplitudes.
    """
    side = math.isqrt(data.features)
    expect(side * side == data.features, "data", "flat square images", f"{data.features} features")
    expect(strength >= 0, "strength", "a number >= 0", describe(strength))
    expect(isinstance(waves, int) and 2 <= waves <= side, "waves", f"a whole number in [2, {side}]", describe(waves))
    generator = torch.Generator().manual_seed(seed)
    patterns = cosine_waves(side, waves).to(data.x_train)

    def lit(x):
        amplitudes = torch.randn(*x.shape[:-1], len(patterns), generator=generator, dtype=torch.float32)
        return x + strength * amplitudes.to(x) @ patterns

    return replace(data, name=f"shadowed {data.name}", x_train=lit(data.x_train), x_test=lit(data.x_test))


def cosine_waves(side, waves):
    """Products of a wave along each axis of a square image, largest value about 1: (waves² - 1, side²)."""
    place = (torch.arange(side, dtype=torch.float32) + 0.5) / side
    along = torch.cos(math.pi * torch.arange(waves, dtype=torch.float32).unsqueeze(1) * place)
    return torch.einsum("ai,bj->abij", along, along).reshape(waves * waves, side * side)[1:]
