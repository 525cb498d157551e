"""Images under changing light, a nuisance: a network that learns to ignore it on some classes ignores it on all."""

import math
from dataclasses import replace

import torch

from ..contract import at_least, expect, whole


def shadowed(data, strength=1.0, *, waves=3, seed=0):
    """The same images, each under smooth light and shade of its own.

    To each image a random mixture of cosine waves is added, `waves` frequencies along each side but for the even light,
    so that raw pixels depend more on the light than on the image. The waves are the same for all classes.

    Args:
        data: a `Data` of flat square images.
        strength: standard deviation of the amplitude of each wave.
        waves: frequencies 0, 1, ... along each side; there are waves² - 1 patterns.
        seed: of the amplitudes.
    """
    side = math.isqrt(data.features)
    expect(side * side == data.features, "data", "flat square images", f"{data.features} features")
    at_least(0).check("strength", strength)
    whole(2, side).check("waves", waves)
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
