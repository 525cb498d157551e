"""The modules with state of this family, made anew each time."""

import torch

from lossatlas.losses import pair_metric_learning


def generalized_sum_pooling():
    torch.manual_seed(0)
    features = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1))
    return pair_metric_learning.GeneralizedSumPooling(3, 4, mass=0.4, gamma=2.0), (features,), 0


MODULES = {"GeneralizedSumPooling": generalized_sum_pooling}
