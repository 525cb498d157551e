"""optax: losses in JAX, compiled, with JAX's gradients."""

import jax
import numpy as np
import optax
import torch

from .peer import Finding, Peer
from .shared import BITS, ONE_HOT, SAME, SIGMOID_RULED_OUT_IS_NAN, SMOOTHED_OVER_RULED_OUT

jax.config.update("jax_enable_x64", True)


def tensor(x):
    return torch.from_numpy(np.array(x))


def of(loss, symbol, function, transform, settings=({},), finding=None):
    """A peer out of a function of JAX arrays, the inputs in their order; the first has a gradient."""
    compiled = jax.jit(function)

    def summed(*inputs, **hyper):
        value = function(*inputs, **hyper)
        return value.sum(), value

    both = jax.jit(jax.value_and_grad(summed, has_aux=True))

    def split(keywords):
        inputs = [x.detach().numpy() for x in keywords.values() if isinstance(x, torch.Tensor)]
        return inputs, {key: x for key, x in keywords.items() if not isinstance(x, torch.Tensor)}

    def call(**keywords):
        inputs, hyper = split(keywords)
        return tensor(compiled(*inputs, **hyper))

    def with_gradient(**keywords):
        inputs, hyper = split(keywords)
        (_, value), gradient = both(*inputs, **hyper)
        return tensor(value), tensor(gradient)

    return Peer(
        loss,
        "optax",
        f"optax.{symbol}",
        call,
        transform,
        settings,
        differentiable=False,
        with_gradient=with_gradient,
        finding=finding,
    )


def softmax_cross_entropy(logits, target, label_smoothing):
    return optax.losses.softmax_cross_entropy(
        logits, optax.losses.smooth_labels(jax.nn.one_hot(target, logits.shape[-1]), label_smoothing)
    )


def poly(logits, target, epsilon=1.0, label_smoothing=0.0):
    soft = optax.losses.smooth_labels(jax.nn.one_hot(target, logits.shape[-1]), label_smoothing)
    return optax.losses.poly_loss_cross_entropy(logits, soft, epsilon=epsilon)


def poly_n(logits, target, epsilons=(1.0,)):
    return poly(logits, target, epsilons[0])


def focal(logits, target, epsilon, alpha=0.25, gamma=2.0):
    return optax.losses.sigmoid_focal_loss(logits, jax.nn.one_hot(target, logits.shape[-1]), alpha=alpha, gamma=gamma)


def one_against_rest(logits, target):
    return optax.losses.sigmoid_binary_cross_entropy(logits, jax.nn.one_hot(target, logits.shape[-1]))


def logistic(score, label):
    return optax.losses.sigmoid_binary_cross_entropy(score, label > 0)


RULED_OUT_GRADIENT_IS_NAN = Finding(
    "A score of -inf, which rules a class out at no cost, makes the gradient NaN.",
    SIGMOID_RULED_OUT_IS_NAN.at,
    SIGMOID_RULED_OUT_IS_NAN.hyper,
    gradient="logits",
)

PEERS = [
    of(
        "cross_entropy",
        "softmax_cross_entropy_with_integer_labels",
        optax.losses.softmax_cross_entropy_with_integer_labels,
        SAME,
    ),
    of(
        "cross_entropy",
        "softmax_cross_entropy(smooth_labels)",
        softmax_cross_entropy,
        ONE_HOT,
        ({"label_smoothing": 0.1}, {"label_smoothing": 0.5}),
        SMOOTHED_OVER_RULED_OUT,
    ),
    of(
        "poly1_cross_entropy",
        "poly_loss_cross_entropy",
        poly,
        ONE_HOT,
        ({}, {"epsilon": -0.5}, {"epsilon": 4.0, "label_smoothing": 0.1}),
        SMOOTHED_OVER_RULED_OUT,
    ),
    of(
        "poly_n_cross_entropy",
        "poly_loss_cross_entropy",
        poly_n,
        f"{ONE_HOT} Only one coefficient is theirs.",
        ({}, {"epsilons": (2.5,)}),
    ),
    of(
        "poly1_focal_loss",
        "sigmoid_focal_loss",
        focal,
        f"Only epsilon = 0 is theirs. {ONE_HOT}",
        ({"epsilon": 0.0}, {"epsilon": 0.0, "alpha": 0.6, "gamma": 0.5}),
        RULED_OUT_GRADIENT_IS_NAN,
    ),
    of(
        "crammer_singer_hinge",
        "multiclass_hinge_loss",
        optax.losses.multiclass_hinge_loss,
        "Only margin = 1 is theirs.",
    ),
    of("logistic_loss", "sigmoid_binary_cross_entropy", logistic, BITS),
    of("hinge_loss", "hinge_loss", optax.losses.hinge_loss, SAME),
    of("perceptron_loss", "perceptron_loss", optax.losses.perceptron_loss, SAME),
    of("null_bce_loss", "sigmoid_binary_cross_entropy", one_against_rest, ONE_HOT),
    of("class_relational_bce_loss", "sigmoid_binary_cross_entropy", optax.losses.sigmoid_binary_cross_entropy, SAME),
]
