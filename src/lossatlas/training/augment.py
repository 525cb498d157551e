"""Noisy views of small square images, for many seeds at once.

An augmentation is a function `augment(x, generators)` of a block of flat images (S, B, F), F a square number, and S
generators: what happens to row s is drawn from generator s alone, so a model trained beside others sees the views that
it would see alone. The background is taken to be the smallest number of the block.
"""

import math

import torch
from torch.nn.functional import affine_grid, grid_sample

from ..contract import at_least, describe, expect, whole


def noise(scale=0.3, *, last=None):
    """Gaussian noise of standard deviation `scale` on every pixel, or on the `last` so many coordinates alone."""
    at_least(0).check("scale", scale)
    whole(0, optional=True).check("last", last)

    def add_noise(x, generators):
        touched = x.shape[-1] if last is None else min(last, x.shape[-1])
        added = scale * _drawn(torch.randn, generators, (x.shape[1], touched), x)
        return x + torch.nn.functional.pad(added, (x.shape[-1] - touched, 0))

    return add_noise


def shift(pixels=1):
    """Each image moved by a whole number of pixels, at most `pixels`, up or down and left or right."""
    whole(0).check("pixels", pixels)

    def move(x, generators):
        by = (_drawn(torch.rand, generators, (x.shape[1], 2), x) * (2 * pixels + 1)).floor() - pixels
        return _mapped(x, torch.zeros_like(by[..., 0]), 2 * by / _side(x))

    return move


def rotate(degrees=15):
    """Each image turned by an angle, uniform between -`degrees` and `degrees`."""

    def turn(x, generators):
        angle = (2 * _drawn(torch.rand, generators, x.shape[1:2], x) - 1) * math.radians(degrees)
        return _mapped(x, angle, torch.zeros(*angle.shape, 2, dtype=x.dtype, device=x.device))

    return turn


def erase(side=3):
    """A square of `side` pixels, anywhere in each image, set to the background."""
    whole(0).check("side", side)

    def wipe(x, generators):
        size = _side(x)
        expect(side <= size, "side", f"at most the side of the images, {size}", str(side))
        corner = (_drawn(torch.rand, generators, (x.shape[1], 2), x) * (size - side + 1)).floor()
        line = torch.arange(size, device=x.device)
        covered = (line >= corner.unsqueeze(-1)) & (line < corner.unsqueeze(-1) + side)  # (S, B, 2, size)
        square = covered[..., 0, :, None] & covered[..., 1, None, :]
        return torch.where(square.flatten(-2), x.min(), x)

    return wipe


def chain(*augmentations):
    """One augmentation after the other: `chain(rotate(10), shift(1), noise(0.2))`."""

    def all_of_them(x, generators):
        for augment in augmentations:
            x = augment(x, generators)
        return x

    return all_of_them


def _drawn(draw, generators, shape, like):
    """(S, *shape) random numbers, row s from generator s."""
    rows = [draw(*shape, generator=generator, dtype=torch.float32) for generator in generators]
    return torch.stack(rows).to(like)


def _side(x):
    side = math.isqrt(x.shape[-1])
    expect(side * side == x.shape[-1], "x", "flat square images, (S, B, F) with F a square number", describe(x))
    return side


def _mapped(x, angle, by):
    """Images (S, B, F) turned by angles (S, B) and moved by (S, B, 2), in halves of their side; bilinear."""
    side, ground = _side(x), x.min()
    cos, sin = angle.cos(), angle.sin()
    matrix = torch.stack([torch.stack([cos, -sin, -by[..., 0]], -1), torch.stack([sin, cos, -by[..., 1]], -1)], -2)
    images = (x - ground).reshape(-1, 1, side, side)
    grid = affine_grid(matrix.flatten(0, 1), list(images.shape), align_corners=False)
    return grid_sample(images, grid, align_corners=False).reshape(x.shape) + ground
