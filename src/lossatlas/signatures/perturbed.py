"""`perturbed`: logits, the true class, and the logits at a perturbed input."""

import dataclasses

import torch

from . import logits as plain
from .fields import Field
from .signature import Line, Transform

