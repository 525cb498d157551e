"""The modules with state of the family: how each is made and called."""

import torch

from lossatlas.losses.contrastive import GlobalContrastiveTemperatures


def global_contrastive_temperatures():
    random = torch.Generator().manual_seed(0)
    views = torch.randn(2, 4, 3, generator=random)
    return GlobalContrastiveTemperatures(6, rho=0.5, high=0.4), (*views, torch.tensor([5, 0, 2, 3])), 2


MODULES = {"GlobalContrastiveTemperatures": global_contrastive_temperatures}
