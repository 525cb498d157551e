"""The exercises that there are: a family is found because its folder is here, an exercise because a module has it."""

import importlib
import pkgutil
from collections import UserDict
from functools import cached_property
from pathlib import Path

from ..contract import wrong
from .exercise import Exercise

HERE = Path(__file__).parent


def families():
    """The families that have exercises, in alphabetical order."""
    return sorted(path.parent.name for path in HERE.glob("*/__init__.py"))


def exercises_of(family):
    """The exercises of a family by the number in their key.

    Raises:
        ValueError: two exercises have one key, or one has the key of another family.
    """
    package, found = importlib.import_module(f"{__package__}.{family}"), {}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Exercise):
                where = f"{value.title!r} in {module.name}"
                if value.key.partition("/")[0] != family:
                    raise ValueError(f"{where}: expected a key that begins with {family}/, got {value.key!r}")
                if found.setdefault(value.key, value) is not value:
                    raise ValueError(
                        f"{where}: expected a key of its own, got {value.key!r}, which {found[value.key].title!r} has"
                    )
    return sorted(found.values(), key=lambda exercise: int(exercise.key.partition("/")[2]))


class Exercises(UserDict):
    """key -> exercise, for all families. They are imported when the first of them is needed."""

    def __init__(self):
        """Nothing is read yet: `data`, in which a UserDict keeps its content, comes when it is needed."""

    @cached_property
    def data(self):
        return {exercise.key: exercise for family in families() for exercise in exercises_of(family)}


EXERCISES = Exercises()


def register(*exercises):
    """Enter exercises under their keys."""
    EXERCISES.update({exercise.key: exercise for exercise in exercises})


def find(key):
    """The exercise under a key; a `ValueError` names those that there are."""
    if isinstance(key, str) and key in EXERCISES:
        return EXERCISES[key]
    raise wrong("key", f"one of {', '.join(EXERCISES)}", repr(key))
