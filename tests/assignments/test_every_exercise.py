"""Every exercise of the book: its solution earns all points, its stub is explained, and mistakes are named."""

import inspect

import pytest
from tests.exercises import answers

from lossatlas.exercises import EXERCISES, NotSolved
from lossatlas.exercises.answers import Function

#: Checks that train networks are tried with one student's numbers, and not on every wrong answer.
TRAINS = tuple(key for key in answers.questions() if key.endswith("/5"))
QUICK = tuple(key for key in answers.questions() if key not in TRAINS)
REQUESTS = {
    "Function": "write `",
    "Number": "is still to be found",
    "Numbers": "is still to be found",
    "OneOf": "choose `",
}


def outcomes(key, space):
    """Check -> the exception that it raised, or None."""
    found = {}
    for check in answers.questions()[key][1].checks:
        try:
            check.function()(**{name: space[name] for name in check.needs})
        except AssertionError as error:
            found[check] = error
        else:
            found[check] = None
    return found


def test_every_exercise_has_a_question():
    assert set(answers.questions()) == set(EXERCISES)


@pytest.mark.parametrize(
    ("key", "student"),
    [*((key, student) for key in QUICK for student in ("", "Ada", " ünal 7")), *((key, "Ada") for key in TRAINS)],
)
def test_solution_earns_all_points(key, student):
    question = answers.questions()[key][1]
    space = answers.names(key, question.solution, student)
    assert not [(check.name, str(error)) for check, error in outcomes(key, space).items() if error]


@pytest.mark.parametrize("key", answers.questions())
def test_stub_earns_nothing_and_is_followed_by_what_to_write(key):
    question = answers.questions()[key][1]
    forms = getattr(EXERCISES[key].form, "forms", {"": EXERCISES[key].form}).values()
    found = outcomes(key, answers.names(key, question.stub, "Ada"))
    for check, error in found.items():
        assert isinstance(error, NotSolved), f"{check.name}: {error}"
        assert error.result.to_do, f"{check.name} must name what is to be done: {error}"
        assert any(REQUESTS[type(form).__name__] in error.result.to_do for form in forms)
        assert not error.result.feedback, "nothing is wrong yet"


@pytest.mark.parametrize("key", answers.questions())
def test_missing_answer_is_met_like_a_stub(key):
    """A notebook whose cell was deleted or failed."""
    nothing = dict.fromkeys(answers.questions()[key][1].answers)
    for check, error in outcomes(key, {**nothing, "student": "Ada"}).items():
        assert isinstance(error, NotSolved) and error.result.to_do, f"{check.name}: {error}"


WRONG = [
    (key, name, parts)
    for key, name, answer, _ in answers.wrong_answers()
    if key in QUICK
    for parts in [answers.named(key, answer)]
    if parts
]


@pytest.mark.parametrize(("key", "name", "parts"), WRONG, ids=[f"{key}-{name}" for key, name, _ in WRONG])
def test_wrong_answer_loses_points_and_is_explained(key, name, parts):
    found = outcomes(key, {**parts, "student": ""})
    lost = {check: error for check, error in found.items() if error}
    assert lost
    for check, error in lost.items():
        assert isinstance(error, NotSolved), f"{check.name}: {error}"
        [failing] = [line for line in error.result.feedback if line.state == "fails"] or [None]
        assert failing and len(failing.words.split()) > 3, f"{check.name}: {error}"
    if isinstance(EXERCISES[key].form, Function):
        for hidden in (False, True):
            assert any(check.hidden is hidden for check in lost), (
                f"wrong, and no {'hidden' if hidden else 'visible'} check noticed"
            )


@pytest.mark.parametrize("key", [key for key in answers.questions() if isinstance(EXERCISES[key].form, Function)])
def test_a_hidden_check_brings_a_property_of_its_own(key):
    """Who has seen the library has not seen all that grades."""
    hidden = [check for check in answers.questions()[key][1].checks if check.hidden]
    library = "\n".join(
        inspect.getsource(inspect.getmodule(inspect.unwrap(a_property))) for a_property in EXERCISES[key].properties
    )
    own = [inner for check in hidden for inner in check.defined if f"def {inner}(" not in library]
    assert own
