"""scikit-learn: the losses of its linear models and boosted trees (private), and its metrics."""

import torch
from sklearn._loss import loss as half

from .peer import Peer


def array(x):
    """A contiguous array of float64, as their compiled code wants it."""
    return x.detach().double().contiguous().numpy()


def tensor(values, like):
    return torch.as_tensor(values, dtype=like.dtype)


def half_multinomial(logits, target):
    model = half.HalfMultinomialLoss(n_classes=logits.shape[-1])
    return tensor(model.loss(array(target), array(logits)), logits)


def half_multinomial_slope(logits, target):
    model = half.HalfMultinomialLoss(n_classes=logits.shape[-1])
    value, slope = model.loss_gradient(array(target), array(logits))
    return tensor(value, logits), tensor(slope, logits)


def half_binomial(score, label):
    return tensor(half.HalfBinomialLoss().loss(array(label > 0), array(score)), score)


def half_binomial_slope(score, label):
    value, slope = half.HalfBinomialLoss().loss_gradient(array(label > 0), array(score))
    return tensor(value, score), tensor(slope, score)


SAME = "Nothing to change: the half in the name is of the deviance."
BITS = "The label -1 or +1 becomes their target 0 or 1; the half in the name is of the deviance."

PEERS = [
    Peer("cross_entropy", "scikit-learn", "HalfMultinomialLoss", half_multinomial, SAME, differentiable=False, with_slope=half_multinomial_slope),
    Peer("logistic_loss", "scikit-learn", "HalfBinomialLoss", half_binomial, BITS, differentiable=False, with_slope=half_binomial_slope),
]  # fmt: skip
