"""What the questions call right is computed again with the library; what tempts is computed to be wrong."""

import pytest
from tests.families import families, modules

from lossatlas.exercises.quiz import quiz

FACTS = {family: module for family in families() for module in modules(family, "facts")}
NUMBERS = {f"{family}/{name}": fact for family, facts in FACTS.items() for name, fact in facts.NUMBERS.items()}
CHOICES = {f"{family}/{name}": fact for family, facts in FACTS.items() for name, fact in facts.CHOICES.items()}
QUESTIONS = {f"{family}/{q.name}": q for family in families() for q in quiz(family).questions}


@pytest.mark.parametrize("name", NUMBERS)
def test_number_is_what_the_library_computes(name):
    question, found = QUESTIONS[name], NUMBERS[name]()
    stated = [question.value, *(mistake.value for mistake in question.mistakes)]
    for computed, value in zip(found, stated, strict=False):
        assert computed == pytest.approx(value, abs=question.tolerance)


@pytest.mark.parametrize("name", CHOICES)
def test_right_options_are_those_that_hold(name):
    assert [option.right for option in QUESTIONS[name].options] == CHOICES[name]()


def test_nothing_is_left_unchecked():
    """Only pairs of a situation and a loss, which are advice, have no computation behind them."""
    advice = {name for name, question in QUESTIONS.items() if question.kind == "match"}
    assert set(NUMBERS) == {name for name, question in QUESTIONS.items() if question.kind == "number"}
    assert set(NUMBERS) | set(CHOICES) | advice == set(QUESTIONS)
