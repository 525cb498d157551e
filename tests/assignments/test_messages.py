"""The messages in a rubric are read from the exercises and the checks."""

from tests.assignments.small_master import write

from lossatlas.classroom.masters import read_master
from lossatlas.classroom.masters.checks import Check
from lossatlas.classroom.masters.messages import looks_at, messages
from lossatlas.classroom.masters.rubric import rubric
from lossatlas.exercises.cross_entropy.stable import STABLE


def check(*lines, name="test_it"):
    source = "\n    ".join([f"def {name}(my_loss, student):", *lines])
    return Check(name, 2, True, source, ("my_loss", "student"), "cross_entropy/2")


def test_words_of_properties_and_of_what_they_call():
    found_messages = dict(messages(STABLE.properties, ()))
    [words] = [
        words
        for words in found_messages["Over all labels of an item, the probabilities behind the losses sum to 1"]
        if "normaliser complete" in words
    ]
    assert (
        words == "with logits … the probabilities behind your losses for the five possible targets sum to …. Is the"
        " normaliser complete?"
    )
    called = found_messages["It gives one value per item, as a tensor"]
    assert (
        "it returned a single number for … items: their mean. Leave the mean to the caller and return one value per"
        " item." in called
    )


def test_words_of_a_check():
    found = check(
        'assert my_loss > 0, f"your loss is {my_loss}: is a sign flipped?"',
        "def doubles(loss, draw):",
        '    """It doubles."""',
        '    seen = f"with {draw} it"',
        '    need(loss == 2, f"{seen} does not double. Why?")',
        '    raise Wrong("a" + " word or two")',
    )
    assert messages((), [found]) == [
        ("It doubles", ["with … it does not double. Why?", "a word or two"]),
        ("`test_it`", ["your loss is …: is a sign flipped?"]),
    ]


def test_what_a_check_looks_at():
    properties = STABLE.properties
    call = 'check_properties("cross_entropy/2", my_loss, student=student'
    assert looks_at(check('"""Its own words."""', f"{call})"), properties) == "Its own words."
    assert looks_at(check(f'{call}, draws="other")'), properties) == "All properties, on other inputs."
    assert (
        looks_at(check(f'{call}, only="items_do_not_mix")'), properties)
        == "An item's value does not depend on the other items."
    )
    assert (
        looks_at(check('names = ("one_value_per_item",)', f"{call}, only=names)"), properties)
        == "It gives one value per item, as a tensor."
    )
    assert (
        looks_at(check(f"{call}, only=[n for n in student])", name="test_ordinary_logits"), properties)
        == "ordinary logits"
    )
    inner = ["def grows(loss, draw):", '    """It grows."""', f"{call}, properties=[grows])"]
    assert looks_at(check(*inner), properties) == "It grows."


def test_rubric_of_a_question(tmp_path):
    text = rubric(read_master(write(tmp_path)).questions[1])
    assert "| `test_other_inputs` | hidden | 2 | It has the same properties on inputs not seen before. |" in text
    assert "| `test_visible` | visible | 1 | All properties. |" in text
    assert "fails on other inputs" in text
    assert "fails on other inputs" not in rubric(read_master(write(tmp_path)).questions[0])
    assert "the visible checks earn 1 of the 3 points, the hidden ones the other 2" in text
