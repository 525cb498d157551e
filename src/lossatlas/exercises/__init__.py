"""Exercises that check themselves: an answer is held to properties, so no check knows the answer."""

from .answers import Function, Number, Numbers, Parts
from .exercise import Draw, Exercise, NotAttempted, Wrong, need
from .found import EXERCISES, register
from .listing import listing
from .quiz import quiz
from .result import Feedback, Result, Score
from .run import Unheld, check, given, hold

__all__ = [
    "EXERCISES", "Draw", "Exercise", "Feedback", "Function", "NotAttempted", "Number", "Numbers", "Parts", "Result",
    "Score", "Unheld", "Wrong", "check", "given", "hold", "listing", "need", "quiz", "register",
]  # fmt: skip
