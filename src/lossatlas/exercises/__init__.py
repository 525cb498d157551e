"""Exercises that check themselves: an answer is checked for properties, so no check contains the answer."""

from . import contrastive, cross_entropy, pair_metric_learning
from .answers import Function, Number, Numbers, Parts
from .exercise import EXERCISES, Draw, Exercise, NotAttempted, Wrong, need, register
from .listing import listing
from .quiz import quiz
from .result import Feedback, Result, Score
from .run import NotSolved, check, check_properties, given

register(*cross_entropy.EXERCISES, *pair_metric_learning.EXERCISES, *contrastive.EXERCISES)

__all__ = [
    "EXERCISES",
    "Draw",
    "Exercise",
    "Feedback",
    "Function",
    "NotAttempted",
    "NotSolved",
    "Number",
    "Numbers",
    "Parts",
    "Result",
    "Score",
    "Wrong",
    "check",
    "check_properties",
    "given",
    "listing",
    "need",
    "quiz",
    "register",
]  # fmt: skip
