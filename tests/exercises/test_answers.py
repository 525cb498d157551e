"""Right answers pass, stubs are met kindly, and every typical mistake is named."""

import pytest
from tests.exercises import answers
from tests.families.cross_entropy import answers as answers_cross_entropy

from lossatlas.exercises import EXERCISES, check, given
from lossatlas.exercises.run import examine

KEYS = sorted(EXERCISES)
WRONG = answers.wrong_answers()
#: Exercises whose checks train networks are tried with the numbers of one student.
QUICK = [key for key in KEYS if not key.endswith("/5")]


@pytest.mark.parametrize("key", KEYS)
def test_solution_passes(key, capsys):
    result = check(key, answers.solutions()[key])
    assert result.passed, str(result)
    assert {line.state for line in result.feedback} == {"holds"}
    assert "Solved" in capsys.readouterr().out


@pytest.mark.parametrize("student", ["Grace", "Ünal 7"])
@pytest.mark.parametrize("key", QUICK)
def test_solution_passes_for_every_student(key, student):
    result = examine(EXERCISES[key], answers.solutions(student)[key], student)
    assert result.passed, str(result)


@pytest.mark.parametrize(("key", "name", "answer", "words"), WRONG, ids=[f"{k}-{n}" for k, n, _, _ in WRONG])
def test_mistake_is_named(key, name, answer, words):
    result = examine(EXERCISES[key], answer)
    failing = [line for line in result.feedback if line.state == "fails"]
    assert not result.passed
    assert len(failing) == 1, "one thing to mend at a time"
    assert words in failing[0].words, failing[0].words


def test_mistakes_are_named_for_other_students_too():
    """What is recognised does not hang on one draw."""
    for key, name, answer, words in WRONG:
        if key in ("cross_entropy/2", "cross_entropy/4"):
            for student in ("Ada", "Grace"):
                failing = [
                    line.words for line in examine(EXERCISES[key], answer, student).feedback if line.state == "fails"
                ]
                assert failing, f"{name} passed for {student}"
                if key == "cross_entropy/2":
                    assert words in failing[0], f"{name} for {student}: {failing[0]}"


@pytest.mark.parametrize(("key", "stub"), [(key, stub) for key, stubs in answers.stubs().items() for stub in stubs])
def test_stub_is_met_kindly(key, stub, capsys):
    result = check(key, stub)
    assert not result.passed
    assert result.summary.startswith("Not attempted yet: ")
    assert not result.feedback
    assert "✗" not in capsys.readouterr().out


def test_a_part_that_is_missing_is_named():
    result = examine(EXERCISES["cross_entropy/1"], {**answers_cross_entropy.by_hand(), "gradient": ...})
    assert result.summary == "Not attempted yet: `gradient_by_hand` is still to be found."
    result = examine(
        EXERCISES["cross_entropy/3"],
        {**answers.solutions()["cross_entropy/3"], "tau_for_peak": answers_cross_entropy.dots},
    )
    assert result.summary == "Not attempted yet: write `tau_for_peak(p)`."


def test_students_get_numbers_of_their_own():
    mine = [given("cross_entropy/1", student=name) for name in ("Ada", "Grace", "Emmy", "Sofia")]
    assert mine[0] == given("cross_entropy/1", student=" ada")
    assert len({str(numbers) for numbers in mine}) == 4
    grace = answers_cross_entropy.by_hand("Grace")
    assert check("cross_entropy/1", grace, student="Grace").passed
    assert not check("cross_entropy/1", grace, student="Ada").passed
    assert given("cross_entropy/2", student="Ada") == {}


def test_unknown_exercise_is_an_error():
    with pytest.raises(ValueError, match=r"`key`: expected one of .*cross_entropy/1, .* got .cross_entropy/17"):
        check("cross_entropy/17", None)
