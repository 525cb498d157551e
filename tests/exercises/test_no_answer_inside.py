"""A check must not contain the answer: it neither calls the function that is to be written, nor writes it down."""

import ast
from pathlib import Path

import pytest
from tests.exercises import answers
from tests.families.cross_entropy import answers as answers_cross_entropy

import lossatlas.exercises
from lossatlas.exercises import EXERCISES
from lossatlas.exercises.run import examine
from lossatlas.exercises.torch_calls import TorchCalls

FOLDER = Path(lossatlas.exercises.__file__).parent

FORBIDDEN = answers.forbidden()

#: Functions of PyTorch that compute the answer or most of it.
COMPLETE = {"cross_entropy", "softmax", "log_softmax", "logsumexp", "nll_loss"}


def called(path):
    """Names of all functions that a file calls."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_file_does_not_call_the_answer(name):
    assert not called(FOLDER / name) & FORBIDDEN[name]


def test_every_exercise_is_watched():
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*.py") if path.name != "__init__.py"}
    assert files <= set(FORBIDDEN)


@pytest.mark.parametrize("key", ["cross_entropy/1", "cross_entropy/2"])
def test_check_runs_without_the_answer_being_computed(key):
    """The reader's answer uses none of these functions, so whoever calls them is the check."""
    answer = answers.solutions()[key]
    with TorchCalls() as calls:
        assert examine(EXERCISES[key], answer).passed
    assert calls.names
    assert not COMPLETE.intersection(calls.names)


def test_feedback_never_shows_the_right_numbers():
    """By hand: the feedback to a wrong answer contains no number of the right one."""
    right = answers_cross_entropy.by_hand()
    secret = {f"{abs(x):.3g}" for x in [*right["p"], right["loss"], *right["gradient"]]}
    # Each wrong answer here shares no number with the right one.
    for wrong in [
        {"p": [0.5, 0.45, 0.05], "loss": 0.05, "gradient": [0.0, 0.0, 0.0]},
        {"p": [1.0, 2.0, 3.0], "loss": 9.0, "gradient": [1.0, 1.0, 1.0]},
    ]:
        feedback = str(examine(EXERCISES["cross_entropy/1"], wrong))
        assert not [number for number in secret if number in feedback]


def test_no_solution_text_in_the_library():
    """The lines of the solutions stand nowhere in src."""
    solutions = "\n".join(question.solution for _, question in answers.questions().values())
    lines = {line.strip() for line in solutions.splitlines() if line.startswith("    ") and len(line.strip()) > 40}
    source = "\n".join(path.read_text() for path in FOLDER.parent.rglob("*.py"))
    assert len(lines) > 20
    assert not [line for line in lines if line in source]
