"""The engine: results, exceptions, time, and the same outcome wherever a check runs."""

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser

import nbformat
import pytest
import torch
from nbclient import NotebookClient

from lossatlas.exercises import (
    Exercise,
    Function,
    NotSolved,
    Number,
    Numbers,
    Parts,
    Score,
    check,
    check_properties,
    need,
)
from lossatlas.exercises.answers import is_stub
from lossatlas.exercises.exercise import Draw
from lossatlas.exercises.run import examine, time_limit

CODE = """
import torch
from lossatlas.exercises import check

def my_cross_entropy(logits, target):
    p = logits.softmax(-1)
    return -p.softmax(-1).log().gather(1, target[:, None])[:, 0]

result = check("cross_entropy/2", my_cross_entropy, student="Ada")
"""


def exercise(*properties, form=None, seconds=10.0):
    return Exercise("test/1", "A test", 1, form or Function("f(x)"), properties, seconds=seconds)


def holds(f, draw):
    """It is called."""
    f(1)


def later(f, draw):
    """It comes later."""


def test_same_outcome_in_pytest_script_and_notebook(capsys):
    space = {}
    exec(compile(CODE, "here", "exec"), space)
    printed = capsys.readouterr().out
    assert printed.strip() == str(space["result"])
    assert "softmax taken twice" in printed

    script = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert script.stdout == printed

    cells = [nbformat.v4.new_code_cell(CODE + "\nresult")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["execute_result"], "shown once"
    assert outputs[0].data["text/plain"] + "\n" == printed
    assert outputs[0].data["text/html"] == space["result"]._repr_html_()


def test_default_dtype_and_grad_mode_do_not_matter():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            assert check("cross_entropy/2", mine).passed
    finally:
        torch.set_default_dtype(before)


def test_check_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    check("cross_entropy/2", lambda logits, target: logits.sum(1))
    assert torch.equal(torch.rand(2), expected)


def test_exception_shows_the_line_of_the_answer():
    def broken(x):
        return [][x]

    result = examine(exercise(holds, later), broken)
    assert [line.state for line in result.feedback] == ["holds", "fails", "not reached"]
    assert "IndexError: list index out of range" in result.feedback[1].words
    assert "`return [][x]`" in result.feedback[1].words


def test_wrong_number_of_arguments_is_feedback():
    result = examine(exercise(holds), lambda: 1)
    assert "TypeError" in result.feedback[-1].words


def test_endless_answer_is_stopped():
    def endless(x):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    start = time.monotonic()
    result = examine(exercise(holds, seconds=0.3), endless)
    assert time.monotonic() - start < 5
    assert "loop that does not end" in result.feedback[-1].words


def test_time_limit_restores_what_was_there():
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(5):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_check_works_off_the_main_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(examine(exercise(holds), lambda x: 1)))
    thread.start()
    thread.join()
    assert found[0].passed


def test_a_called_function_is_recognised():
    result = examine(exercise(holds), 3.0)
    assert "without brackets" in result.feedback[0].words


@pytest.mark.parametrize(("form", "answer", "words"), [
    (Number("x"), "a", "must be made of numbers"),
    (Number("x"), float("nan"), "not a finite number"),
    (Numbers("x", 2), 3.0, "a list of 2 numbers"),
    (Numbers("x", 2), [1, 2, 3], "but it has 3"),
    (Parts(x=Number("x")), 1.0, "must be a dictionary"),
])  # fmt: skip
def test_wrong_form_is_feedback(form, answer, words):
    result = examine(exercise(later, form=form), answer)
    assert not result.passed
    assert words in result.feedback[0].words


@pytest.mark.parametrize("answer", [2, 2.0, torch.tensor(2.0), torch.tensor([2.0]).numpy()[0]])
def test_numbers_of_every_kind_are_read(answer):
    assert Number("x").read(answer) == 2.0


def test_what_counts_as_a_stub():
    def pass_only(x):
        pass

    def a_constant(x):
        return 0

    def forgets_return(x):
        x + 1

    assert is_stub(pass_only)
    assert not is_stub(a_constant)
    assert not is_stub(forgets_return)
    assert "`return` missing" in examine(exercise(holds), forgets_return).feedback[-1].words


def test_draws_repeat_and_differ_by_student():
    def batch(student, purpose="p"):
        return Draw(exercise(), student, purpose).batch(3, 4)[0]

    assert torch.equal(batch("Ada"), batch("ada "))
    assert not torch.equal(batch("Ada"), batch("Grace"))
    assert not torch.equal(batch("Ada"), batch("Ada", "q"))


def mine(logits, target):
    shifted = logits - logits.amax(-1, keepdim=True)
    return shifted.exp().sum(-1).log() - shifted.gather(1, target[:, None])[:, 0]


def test_hold_returns_what_holds_and_raises_what_does_not():
    assert check_properties("cross_entropy/2", mine, student="Ada").passed
    with pytest.raises(NotSolved, match="Is a sign flipped") as caught:
        check_properties("cross_entropy/2", lambda logits, target: -mine(logits, target))
    assert isinstance(caught.value, AssertionError)
    assert (
        str(caught.value)
        == str(caught.value.result)
        == str(check("cross_entropy/2", lambda logits, target: -mine(logits, target)))
    )
    with pytest.raises(NotSolved, match=re.escape("Not attempted yet: write `my_cross_entropy(logits, target)`.")):
        check_properties("cross_entropy/2", None)


def test_hold_tries_some_of_the_properties_or_others():
    result = check_properties(
        "cross_entropy/2", lambda logits, target: 2 * mine(logits, target), only="items_do_not_mix"
    )
    assert [line.name for line in result.feedback][1:] == ["An item's value does not depend on the other items"]
    with pytest.raises(NotSolved, match="off by one factor, 2"):
        check_properties(
            "cross_entropy/2",
            lambda logits, target: 2 * mine(logits, target),
            only=("items_do_not_mix", "labels_compared"),
        )

    def is_large(loss, draw):
        """It is above 100."""
        need(loss(*draw.batch(2, 3)).min() > 100, "it is below 100.")

    def without_a_docstring(loss, draw):
        loss(*draw.batch(2, 3))

    with pytest.raises(NotSolved, match="It is below 100") as caught:
        check_properties("cross_entropy/2", mine, properties=[without_a_docstring, is_large])
    assert [line.name for line in caught.value.result.feedback][1:] == ["without a docstring", "It is above 100"]


@pytest.mark.parametrize("only", ["no_such_property", (), ["items_do_not_mix", "no_such_property"]])
def test_hold_refuses_properties_that_are_not_there(only):
    with pytest.raises(ValueError, match="`only`: expected names among one_value_per_item, "):
        check_properties("cross_entropy/2", mine, only=only)


def test_other_draws_are_other_inputs_and_the_same_numbers():
    def drawn(draws, student="Ada"):
        seen = []

        def looks(answer, draw):
            """It looks."""
            seen.append((draw.batch(3, 4)[0].tolist(), draw.numbers))

        with contextlib.suppress(NotSolved):
            check_properties(
                "cross_entropy/1",
                {"p": [1, 2, 3], "loss": 1, "gradient": [1, 2, 3]},
                student=student,
                draws=draws,
                properties=[looks],
            )
        return seen[0]

    assert drawn("") == drawn("")
    assert drawn("")[0] != drawn("hidden")[0] != drawn("more")[0]
    assert drawn("")[1] == drawn("hidden")[1]
    assert drawn("hidden")[0] != drawn("hidden", "Grace")[0]


def test_a_score_is_a_note_and_a_number():
    def measures(f, draw):
        """It is measured."""
        return Score(f"{f(1)} points", f(1))

    result = examine(exercise(holds, measures, holds), lambda x: x + 1)
    assert (result.score, result.feedback[2].words) == (2, "2 points")
    assert examine(exercise(holds), lambda x: 1).score is None

    def fails(f, draw):
        """It fails."""
        need(False, "no.")

    assert examine(exercise(measures, fails), lambda x: x).score == 1, "what was measured stays"


class Elsewhere:
    """A function in another process, as the checks see it."""

    def __init__(self, is_stub=False):
        self.is_stub = is_stub

    def __call__(self, x):
        error = RuntimeError("a long story")
        error.explanation = "Your code raised ValueError: no\nin line 3: `return no`"
        raise error


def test_answers_elsewhere_speak_for_themselves():
    assert examine(exercise(holds), Elsewhere(is_stub=True)).to_do == "write `f(x)`"
    assert (
        examine(exercise(holds), Elsewhere()).feedback[-1].words
        == "Your code raised ValueError: no\nin line 3: `return no`"
    )


class _Card(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text, self.attributes = [], "", []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_card_is_well_formed_and_says_states_in_words():
    def shows(f, draw):
        """It shows <b> & `code`."""
        return "two\nlines & <i>"

    def fails(f, draw):
        """It fails."""
        f(None)

    html = examine(exercise(shows, fails, later), lambda x: x + 1)._repr_html_()
    card = _Card()
    card.feed(html)
    assert not card.open
    for words in ("(holds)", "(fails)", "(not reached)", "It shows <b> & code", "two\nlines & <i>"):
        assert words in card.text
    assert card.attributes[0][1]["aria-label"] == "Check of exercise test/1"
    marks = [a for tag, a in card.attributes if tag == "span"]
    assert marks and all(a["aria-hidden"] == "true" for a in marks)
    assert set(re.findall(r"(?<![\w-])color:(\w+)", html)) == {"inherit"}, "colours are the page's"
    assert "<b>" not in html and "<i>" not in html
