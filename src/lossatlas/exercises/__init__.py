"""Exercises that check themselves: an answer is checked for properties, so no check contains the answer."""

from .answers import Function, Number, Numbers, Parts
from .exercise import Draw, Exercise, NotAttempted, Wrong, need
from .found import EXERCISES, register
from .listing import listing
from .quiz import quiz
from .result import Feedback, Result, Score
from .run import NotSolved, check, check_properties, given

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
