"""The modules with state of the family: how each is made and called."""

import torch

from lossatlas.losses.cross_entropy import ALDRKLLoss, FactoredSphericalLayer, z_loss_from_sums


def aldr_kl_loss():
    inputs = torch.randn(4, 3), torch.tensor([0, 2, 1, 1]), torch.tensor([5, 0, 2, 3])
    return ALDRKLLoss(6, lam0=0.7), inputs, 2


def factored_spherical_layer():
    """A layer that has made a step; what it is called for afterwards are its outputs, which change nothing."""
    layer = FactoredSphericalLayer(4, 6, z_loss_from_sums, a=2.0)
    layer.step(torch.randn(3, 4), torch.tensor([0, 5, 5]), lr=0.1)
    return layer, (torch.randn(3, 4),), 0


MODULES = {"ALDRKLLoss": aldr_kl_loss, "FactoredSphericalLayer": factored_spherical_layer}
