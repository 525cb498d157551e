"""Exercises are found by the folders and modules that hold them."""

import subprocess
import sys

import pytest

from lossatlas.exercises import found
from lossatlas.exercises.found import EXERCISES, Exercises, exercises_of, families

MODULE = """from lossatlas.exercises import Exercise, Number

{name} = Exercise(key="{key}", title="{title}", minutes=5, form=Number("x"), properties=())
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package of exercises with one empty family, `regression`; the returned function adds an exercise to it."""
    package = tmp_path / "many_exercises"
    (package / "regression").mkdir(parents=True)
    (package / "regression" / "__init__.py").write_text('"""Exercises."""\n')
    (package / "only_a_quiz").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(found, "HERE", package)
    monkeypatch.setattr(found, "__package__", "many_exercises")

    def add(key, title="A title", name="ONE", module="one"):
        (package / "regression" / f"{module}.py").write_text(MODULE.format(key=key, title=title, name=name))

    yield add
    for name in [name for name in sys.modules if name.split(".")[0] == "many_exercises"]:
        del sys.modules[name]


def test_an_exercise_is_found_because_it_is_there(folder):
    folder("regression/10", module="a")
    folder("regression/2", module="b")
    assert families() == ["regression"]
    assert list(Exercises()) == ["regression/2", "regression/10"], "by number, not by module"


def test_an_exercise_under_the_name_of_another_family_is_refused(folder):
    folder("contrastive/1", title="Lost")
    with pytest.raises(ValueError, match=r"'Lost' in .*regression\.one: expected a key that begins with regression/"):
        exercises_of("regression")


def test_two_exercises_under_one_key_are_refused(folder):
    folder("regression/1", title="First", module="a")
    folder("regression/1", title="Second", module="b")
    with pytest.raises(
        ValueError, match=r"'Second' in .*: expected a key of its own, got 'regression/1', which 'First'"
    ):
        exercises_of("regression")


@pytest.mark.parametrize("family", families())
def test_the_exercises_of_a_family_are_numbered_from_one(family):
    own = exercises_of(family)
    assert [exercise.key for exercise in own] == [f"{family}/{n}" for n in range(1, len(own) + 1)]
    assert len(own) >= 5 and all(EXERCISES[exercise.key] is exercise for exercise in own)


def test_no_exercise_is_imported_before_one_is_asked_for():
    code = (
        "import sys; from lossatlas.exercises import EXERCISES, found\n"
        "there = lambda: [name for name in sys.modules if name.startswith('lossatlas.exercises.')"
        " and name.split('.')[2] in found.families()]\n"
        "assert there() == []; assert len(EXERCISES) >= 15; assert there()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
