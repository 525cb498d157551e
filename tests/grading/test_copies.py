"""Hints that work was shared: what counts as the same, and what does not."""

from dataclasses import replace

import pytest

from lossatlas.classroom.grading import copies
from tests.grading import classroom

ORIGINAL = """def helper(x):
    return x - x.amax(-1, keepdim=True)

def my_cross_entropy(logits, target):
    z = helper(logits)
    total = 0
    for k in range(z.shape[-1]):
        total = total + z[:, k].exp()
    return total.log() - z.gather(-1, target.unsqueeze(-1)).squeeze(-1)"""
DISGUISED = """# all my own work
def my_cross_entropy(a: "logits", b):
    \"\"\"My loss.\"\"\"
    w = shift(a)
    s = 0

    for index in range( w.shape[-1] ):
        s = s + w[:, index].exp()   # sum
    return (s.log()
            - w.gather(-1, b.unsqueeze(-1)).squeeze(-1))

def shift(values):
    return values - values.amax(-1, keepdim=True)"""
ANOTHER = """def my_cross_entropy(logits, target):
    z = logits - logits.max(dim=-1, keepdim=True).values
    normaliser = z.exp().sum(dim=-1).log()
    rows = torch.arange(len(target))
    return normaliser - z[rows, target]"""


def marks(*cells):
    return copies.code_of_questions(classroom.notebook(cells), classroom.master("x").questions)


def test_names_spaces_comments_and_order_do_not_hide_a_copy():
    assert (
        marks(ORIGINAL)["q2"]
        == marks("%matplotlib inline\n!ls", DISGUISED)["q2"]
        == marks(*ORIGINAL.split("\n\n"))["q2"]
    )


def test_other_code_is_other_code():
    assert marks(ORIGINAL)["q2"] != marks(ANOTHER)["q2"]


@pytest.mark.parametrize(
    "short",
    [
        classroom.STUB,
        "def my_cross_entropy(a, b):\n    pass",
        "def my_cross_entropy(a, b):\n    return -a.log_softmax(-1)[:, b]",
        "my_cross_entropy = None",
    ],
)
def test_short_code_and_the_stub_are_no_copies(short):
    assert "q2" not in marks(short)


def test_code_that_was_handed_out_does_not_count():
    given = replace(classroom.master("x").questions[1], stub=ORIGINAL)
    assert copies.code_of_questions(classroom.notebook([DISGUISED]), [given]) == {}
    barely_changed = ORIGINAL + " + 0"
    assert copies.code_of_questions(classroom.notebook([barely_changed]), [given]) == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"cells": 3}',
        b'{"cells": [3]}',
        b"\xff",
        b'{"cells": [{"cell_type": "code", "source": ["def f(", 3]}]}',
    ],
)
def test_anything_may_be_handed_in(data):
    assert copies.code_of_questions(data, classroom.master("x").questions) == {}


def test_deep_code_is_passed_over():
    assert marks("my_cross_entropy = " + "-" * 50_000 + "1") == {}
    assert marks("my_cross_entropy = " + "(" * 5_000) == {}


def test_who_shares_is_named():
    def record(student, code):
        return {"student": student, "questions": [{"name": "q2", "code": code}]}

    remarks = copies.same_code([record(str(i), "a" if i < 8 else None) for i in range(10)] + [record("x", "b")])
    assert remarks["0"] == ["q2: same code as 1, 2, 3, 4, 5 and 2 more"]
    assert "8" not in remarks and "x" not in remarks
