"""What the modules of several packages need: their conventions for labels, and a way in to their losses."""

import functools
import importlib
import importlib.util
import math
import sys
import types

from torch.nn import functional as F

from .peer import Finding

SAME = "Nothing to change."
ONE_HOT = "The class index becomes their one-hot target."
BITS = "The label -1 or +1 becomes their target 0 or 1."

#: Findings that several packages share.
SMOOTHED_OVER_RULED_OUT = Finding(
    "A class that a logit of -inf rules out gets its share of the smoothing too: the loss is infinite. Here ruled-out"
    " classes take no share.",
    at={"logits": [[1.0, 0.0, -math.inf]], "target": [0]},
    hyper={"label_smoothing": 0.1},
)
FOCAL_GRADIENT_IS_NAN = Finding(
    "For gamma < 1 the gradient of a confidently right example is NaN: the power of 1 - p is taken where 1 - p has"
    " rounded to 0.",
    at={"logits": [[60.0, 0.0, 0.0]], "target": [0]},
    hyper={"gamma": 0.5},
    gradient="logits",
)
SIGMOID_FOCAL_GRADIENT_IS_NAN = Finding(
    "For gamma < 1 the gradient of a confidently right score is NaN: the power of 1 - p is taken where 1 - p has"
    " rounded to 0.",
    at={"logits": [[60.0, 0.5, -0.5]], "target": [0]},
    hyper={"epsilon": 0.0, "gamma": 0.5},
    gradient="logits",
)
RULED_OUT_IS_NAN = Finding(
    "A score of -inf, which rules a class out at no cost, makes the loss NaN.",
    at={"logits": [[1.0, 0.5, -math.inf]], "target": [0]},
)
SIGMOID_RULED_OUT_IS_NAN = Finding(RULED_OUT_IS_NAN.what, RULED_OUT_IS_NAN.at, {"epsilon": 0.0})


@functools.cache
def made(module, *args, **settings):
    """A loss module, made once for each setting: making it is not what is compared."""
    return module(*args, **settings)


def one_hot(target, logits):
    return F.one_hot(target, logits.shape[-1]).to(logits.dtype)


def bits(label, score):
    """-1 and +1 as 0 and 1, in the dtype of the score."""
    return (label > 0).to(score.dtype)


def signs(target, logits):
    """One against the rest: +1 for the true class, -1 for the others."""
    return 2 * one_hot(target, logits) - 1


def without_start(name):
    """Import a submodule without running the `__init__` of the packages above it.

    What those import (models, data sets, torchvision) is far more than the losses need, and often is not installed.
    """
    for end in [n for n, letter in enumerate(name) if letter == "."]:
        parent = name[:end]
        if parent not in sys.modules:
            shell = types.ModuleType(parent)
            shell.__path__ = list(importlib.util.find_spec(parent).submodule_search_locations)
            sys.modules[parent] = shell
    return importlib.import_module(name)
