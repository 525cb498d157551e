"""A notebook runs cell by cell, whatever its cells do, and what cannot be run is explained in a sentence."""

import json
import time

import pytest
import torch

from lossatlas.classroom.grading.cells import NotANotebook, sources
from lossatlas.classroom.grading.errors import RemoteError
from lossatlas.classroom.grading.limits import Limits, SessionLost
from lossatlas.classroom.grading.sandbox import isolation_available
from lossatlas.classroom.grading.session import Session
from lossatlas.exercises import EXERCISES
from lossatlas.exercises.run import OutOfTime, examine, time_limit
from tests.exercises.answers import handed_in, questions

from .sandboxes import notebook

ISOLATION = "bubblewrap" if isolation_available()[0] else "limits"

#: Their checks train networks for minutes; that training comes out the same is tested beside the gradients.
TRAINED = {key for key, exercise in EXERCISES.items() if exercise.seconds > 60}


def run(*cells, **limits):
    return Session(notebook(*cells), isolation=ISOLATION, limits=Limits(**limits))


CELLS = [
    (
        "try:\n"
        "    import lossatlas\n"
        "except ImportError:\n"
        "    import subprocess\n"
        "    subprocess.run(['pip', 'install', 'x'], check=True)"
    ),
    (
        "import random, numpy, torch\n"
        "from lossatlas.exercises import check, given\n"
        "student = 'ada'\n"
        "drawn = (random.random(), numpy.random.rand(), torch.rand(()))"
    ),
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\nbackend = plt.get_backend()",
    "!pip install something\nfiles = !ls\n%pip install something",
    "1 / 0",
    "def broken(:",
    (
        "print('words ' * 10000)\n"
        "import sys, os\n"
        "os.write(1, b'noise'); os.write(2, b'noise'); print('more', file=sys.stderr)"
    ),
    "input()",
    "",
    "import subprocess\nsubprocess.run(['ls'])",
    "import sys\nsys.exit(3)",
    "exit()\nafter_exit = 1",
    "raise KeyboardInterrupt",
    "import asyncio\nawait asyncio.sleep(0.01)\nawaited = 3",
    "while True:\n    pass",
    "check('cross_entropy/2', lambda logits, target: logits)",
    "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd",
    "_private = 1\nfrom IPython.display import HTML, display\ndisplay(HTML('<b>fake</b>'))\nlast = 'reached'",
    "open('note.txt', 'w').write('mine')\nnote = open('note.txt').read()",
]


def test_all_cells_run_whatever_the_others_do():
    with run(*CELLS, cell_seconds=6) as session:
        errors = {cell.index: cell.error for cell in session.cells}
        assert list(errors) == [i for i in range(len(CELLS)) if i != 8]
        expected = {
            4: "ZeroDivisionError",
            5: "SyntaxError",
            7: "EOFError",
            9: "PermissionError",
            10: "SystemExit",
            12: "KeyboardInterrupt",
            14: "Stopped after 6 seconds",
            16: "Odd",
        }
        assert {i for i, error in errors.items() if error} == set(expected), errors
        assert [i for i, words in expected.items() if words not in errors[i]] == [], errors
        assert "in line 1: `1 / 0`" in errors[4] and "def broken(:" in errors[5]
        printed = {cell.index: cell.printed for cell in session.cells}
        assert len(printed[6]) == 2000 and "noise" not in printed[6]
        assert "do not run" in printed[3] and "checked by the grader" in printed[15]
        a = session.answers
        assert (a["last"], a["awaited"], a["after_exit"], a["note"], a["files"], a["backend"].lower()[-6:]) == (
            "reached",
            3,
            1,
            "mine",
            [],
            "inline",
        )
        assert session.declared_student == "ada" and "_private" not in a and "open" not in a
        drawn = a["drawn"]
        assert session.generation == 1
    with run(CELLS[1]) as session:
        assert session.answers["drawn"] == drawn


def test_a_cell_that_ends_the_process_is_left_out():
    deadly = "import os\nos._exit(1)"
    with run("a = 1", deadly, "b = 2", deadly, "c = 3\nstudent = 7") as session:
        assert (session.answers["a"], session.answers["b"], session.answers["c"]) == (1, 2, 3)
        assert [bool(cell.error) for cell in session.cells] == [False, True, False, True, False]
        assert (
            "left out" in session.cells[1].error
            and "code 1" in session.cells[1].error
            and session.cells[1].source_head == deadly
        )
        assert session.declared_student == "", "a name is text"
        assert session.generation == 3


def test_too_many_cells_that_end_the_process():
    began = time.monotonic()
    with pytest.raises(SessionLost, match="end"), run(*["import os\nos._exit(1)"] * 5):
        pass
    assert time.monotonic() - began < 300


def test_answers_are_found_again_in_a_new_process():
    cells = (
        "import os\n"
        "fs = {'a': lambda x: x + 1, 'b': [lambda x: x * 10]}\n"
        "def ends(): os._exit(4)\n"
        "def made(): return lambda: 5\n"
        "count = 0\n"
        "def grad(x): return (x ** 2).sum()"
    )
    with run(cells) as session:
        functions, made = session.answers["fs"], session.answers["made"]()
        x = torch.ones(3, requires_grad=True)
        value = session.answers["grad"](x)
        ends = session.answers["ends"]
        with pytest.raises(SessionLost, match="code 4"):
            ends()
        assert functions["b"][0](2) == 20 and functions["a"](2) == 3 and session.generation == 2
        with pytest.raises(SessionLost, match="gone with the process"):
            made()
        with pytest.raises(SessionLost, match="between a call and its gradient"):
            value.backward()
        assert session.answers["grad"](x) == 3


def test_a_check_that_runs_out_of_time_leaves_a_session_that_works():
    with run("import time\ndef slow(x): time.sleep(x); return x\nright = 3.0", call_seconds=30) as session:
        slow = session.answers["slow"]
        assert slow(0.01) == 0.01
        with pytest.raises(OutOfTime), time_limit(1):
            slow(20)
        with pytest.raises(SessionLost, match="time of the check was over"), time_limit(1):
            slow(0)
        with time_limit(1):  # starting anew does not count
            assert session.answers["right"] == 3.0
        assert session.generation == 2


def test_cells_and_calls_together_have_an_end():
    with run("import time\ndef slow(x): time.sleep(1.5); return x\nother = lambda x: x", total_seconds=4) as session:
        with pytest.raises(SessionLost, match="together"):
            for _ in range(10):
                session.answers["slow"](1)
        with pytest.raises(SessionLost):
            session.answers["other"](1)


def test_properties_see_no_difference():
    """Right answers to all exercises but those that train networks, and a wrong one: the same words here and there."""
    posed = {key: question for key, (_, question) in questions().items() if key not in TRAINED}
    assert len(posed) >= 12
    collected = "import lossatlas.exercises\nanswers = {}\nstudent = 'ada'"
    opening = next(iter(questions().values()))[0].opening
    imports = "\n".join(
        cell.source
        for cell in opening
        if cell.kind == "code" and "import" in cell.source and "subprocess" not in cell.source
    )
    cells = [
        imports,
        collected,
        "answers['wrong'] = lambda logits, target: -torch.nn.functional.cross_entropy(logits, target)",
    ]
    for question in posed.values():
        shown = question.shown_check.replace("check(", "keep(")
        cells.append(
            f"def keep(key, answer, **more): answers[key] = answer\n{question.given}\n{question.solution}\n{shown}"
        )
    with run(*cells) as session:
        assert not any(cell.error for cell in session.cells), [cell for cell in session.cells if cell.error]
        there = session.answers["answers"]
        for key, question in posed.items():
            here = handed_in(key, f"{question.given}\n{question.solution}", "ada")
            one, other = examine(EXERCISES[key], here, "ada"), examine(EXERCISES[key], there[key], "ada")
            assert other.passed and str(one) == str(other)
        assert "a single number for 4 items" in str(examine(EXERCISES["cross_entropy/2"], there["wrong"]))


NESTED = '{"nbformat": 4, "cells": ' + "[" * 200_000 + "]" * 200_000 + "}"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a notebook"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "not a notebook"),
        (b"print('hello')", "not a notebook"),
        (b'{"nbformat": 4, "cells": [', "not a notebook"),
        (b"[1, 2]", "no cells"),
        (b"3", "no cells"),
        (b'{"a": 1}', "no cells"),
        (NESTED.encode(), "not a notebook"),
        (b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "format 3"),
        (b'{"nbformat": "4", "cells": []}', "format 4 is needed"),
        (b'{"nbformat": 4, "cells": {"a": 1}}', "cannot be read"),
        (b'{"nbformat": 4, "cells": [1, 2]}', "cannot be read"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "Cell 0"),
        (json.dumps({"nbformat": 4, "cells": [{}] * 3000}).encode(), "cannot be read"),
    ],
)
def test_what_is_no_notebook_is_refused(data, words):
    with pytest.raises(NotANotebook, match=words):
        sources(data)


def test_cells_with_code_are_found():
    cells = [
        {"cell_type": "markdown", "source": "words"},
        {"cell_type": "code", "source": ["a = 1\n", "b = 2"]},
        {"cell_type": "raw"},
        {"cell_type": "code", "source": " \n"},
    ]
    assert sources(json.dumps({"nbformat": 4, "cells": cells}).encode()) == [(1, "a = 1\nb = 2")]


def test_the_reason_reaches_the_grader():
    with (
        pytest.raises(SessionLost, match="not in the format of Jupyter") as lost,
        Session(b"hello", isolation=ISOLATION),
    ):
        pass
    assert lost.value.explanation == str(lost.value)
    with (
        pytest.raises(SessionLost, match=r"30 MB.*may have 20") as lost,
        Session(b"[" * 30 * 2**20, isolation=ISOLATION),
    ):
        pass
    with pytest.raises(ValueError, match="isolation"):
        Session(b"", isolation="none")


def test_an_answer_that_cannot_be_read_is_named():
    with run(
        "class Loop(dict):\n    def items(self): raise KeyError('mine')\nodd = Loop(a=1)\ndef f(x): return odd",
        frame_mb=8,
    ) as session:
        assert "mine" in repr(session.answers["odd"])
        with pytest.raises(RemoteError):
            session.answers["f"](1)
