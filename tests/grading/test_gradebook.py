"""A small class from submissions to gradebook. Notebooks here run without a sandbox, which has tests of its own."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from lossatlas.classroom.grading import grade as grading
from lossatlas.classroom.grading import gradebook, records, rehearsal
from lossatlas.classroom.grading.limits import Limits, SessionLost
from lossatlas.classroom.grading.submissions import Enrolled, GradingError
from lossatlas.classroom.grading.table import harmless, number
from lossatlas.classroom.masters import Check
from tests.grading import classroom

WRONG = {
    "sign": classroom.RIGHT_LOSS.replace("return ", "return -(") + ")",
    "mean": classroom.RIGHT_LOSS.replace("return ", "return (") + ").mean()",
    "axis": (
        "def my_cross_entropy(logits, target):\n"
        "    p = logits.exp() / logits.exp().sum(0, keepdim=True)\n"
        "    return -p.gather(-1, target[:, None])[:, 0].log()"
    ),
    "unnormalised": (
        "def my_cross_entropy(logits, target):\n    return -logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)"
    ),
    "factor": classroom.RIGHT_LOSS.replace("return ", "return 2 * (") + ")",
}


@pytest.fixture(autouse=True)
def no_sandbox(monkeypatch):
    monkeypatch.setattr(grading, "Session", classroom.LocalSession)
    monkeypatch.setattr(records, "library", lambda: "this one")  # sources may change while tests run


@pytest.fixture
def master(tmp_path):
    return classroom.master(tmp_path / "cross_entropy.ipynb")


def run(tmp_path, master, *, force=False, roster=None, jobs=2):
    return gradebook.grade_class(
        tmp_path / "in",
        master,
        tmp_path / "out",
        isolation="limits",
        limits=Limits(),
        jobs=jobs,
        roster=roster,
        force=force,
    )


def rows(tmp_path):
    with open(tmp_path / "out" / "grades.csv", newline="", encoding="utf8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def one(check, cells, **options):
    """The record of one question with one check."""
    posed = classroom.question(1, check.key, "Title", "answer = ...", (check,))
    return grading.grade(
        classroom.notebook(cells),
        "Ada",
        replace(classroom.master("x"), questions=(posed,)),
        isolation="limits",
        limits=Limits(),
        **options,
    )["questions"][0]


def checking(source):
    return Check("test_it", 1.5, False, source, classroom.needs(source), "cross_entropy/2")


def test_a_class(tmp_path, master):
    submissions = {name: [classroom.opening(name), code] for name, code in WRONG.items()}
    classroom.hand_in(
        tmp_path / "in", right=classroom.right("right"), stub=classroom.stub("stub"), nothing=[], **submissions
    )
    entries = run(
        tmp_path, master, roster=[Enrolled(name, name) for name in [*WRONG, "right", "stub", "nothing", "Emmy"]]
    )
    table = rows(tmp_path)
    assert {name: (row["total"], row["out_of"], row["status"]) for name, row in table.items()} == {
        **dict.fromkeys([*WRONG, "stub", "nothing"], ("0", "7", "graded")),
        "right": ("7", "7", "graded"),
        "Emmy": ("0", "7", "not handed in"),
    }
    assert [table["right"][column] for column in ("q1", "q2", "q3")] == ["3", "3", "1"]
    assert float(table["right"]["q3_score"]) == pytest.approx(3.0)
    states = {entry.student: [question["state"] for question in entry.questions] for entry in entries}
    assert states["stub"] == states["nothing"] == ["not attempted"] * 3
    assert all(states[name] == ["not attempted", "none", "not attempted"] for name in WRONG)
    pages = classroom.feedback_of(tmp_path / "out", *WRONG, "stub", "Emmy")
    for name, words in [
        ("sign", "sign flipped"),
        ("mean", "Leave the mean to the caller"),
        ("axis", "over the items"),
        ("factor", "one factor, 2"),
    ]:
        assert words in pages[name], name
    assert "Not attempted" in pages["stub"] and "✗" not in pages["stub"]
    assert "Nothing was handed in" in pages["Emmy"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "class.md",
        "class.png",
        "feedback",
        "grades.csv",
        "records",
    ]


def test_grading_twice_gives_the_same(tmp_path, master):
    classroom.hand_in(tmp_path / "in", right=classroom.right("right"), axis=[classroom.opening("axis"), WRONG["axis"]])
    seen = []
    for _ in range(2):
        run(tmp_path, master, force=True)
        out = tmp_path / "out"
        seen.append(
            [
                (out / "grades.csv").read_bytes(),
                *(path.read_bytes() for path in sorted((out / "feedback").iterdir())),
                (out / "class.png").read_bytes(),
            ]
        )
    assert seen[0] == seen[1]


def test_only_what_is_new_is_graded_again(tmp_path, master):
    classroom.hand_in(tmp_path / "in", ada=classroom.right("ada"), grace=classroom.stub("grace"))
    times = lambda: {path.stem: path.stat().st_mtime_ns for path in (tmp_path / "out" / "records").iterdir()}  # noqa: E731
    run(tmp_path, master)
    first = times()
    classroom.hand_in(tmp_path / "in", grace=classroom.right("grace"), emmy=classroom.stub("emmy"))
    run(tmp_path, master)
    second = times()
    assert second["ada"] == first["ada"] and second["grace"] != first["grace"] and "emmy" in second
    assert rows(tmp_path)["grace"]["total"] == "7"
    harder = replace(master, questions=master.questions[:2])
    run(tmp_path, harder)
    assert all(times()[name] != second[name] for name in second), "another master grades all again"
    third = times()
    run(tmp_path, harder, force=True)
    assert all(times()[name] != third[name] for name in third)


KILLED = """
import sys
sys.path.insert(0, {root!r})
from tests.grading import classroom
from lossatlas.classroom.grading import gradebook, grade, records
from lossatlas.classroom.grading.limits import Limits
records.library = lambda: "this one"
grade.Session = classroom.LocalSession
gradebook.grade_class({folder!r}, classroom.master("x"), {out!r}, isolation="limits", limits=Limits(), jobs=1)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_goes_on_where_it_was(tmp_path, number):
    names = [f"s{i}" for i in range(4)]
    slow = "import time\ntime.sleep(4)"
    classroom.hand_in(
        tmp_path / "in",
        **{name: [slow, *classroom.right(name)] if name != "s0" else classroom.right(name) for name in names},
    )
    script = KILLED.format(root=os.getcwd(), folder=str(tmp_path / "in"), out=str(tmp_path / "out"))
    process = subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.DEVNULL, env=os.environ | {"MARK": str(tmp_path)}
    )
    done, until = tmp_path / "out" / "records" / "s0.json", time.monotonic() + 120
    while not done.is_file() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    process.wait(30)
    kept = done.stat().st_mtime_ns
    records = sorted(path.name for path in done.parent.glob("*.json"))
    assert "s0.json" in records and len(records) < 4
    assert all(json.loads((done.parent / name).read_text())["questions"] for name in records), "no half records"
    run(tmp_path, classroom.master("x"))
    assert done.stat().st_mtime_ns == kept
    assert [rows(tmp_path)[name]["total"] for name in names] == ["7"] * 4


def test_a_grader_process_that_dies_takes_nobody_with_it(tmp_path, master, monkeypatch):
    class Deadly(classroom.LocalSession):
        def __init__(self, data, *, student, **options):
            if student == "mallory":
                os.kill(os.getpid(), signal.SIGKILL)
            if student == "broken":
                raise OSError("no more files")
            super().__init__(data, student=student, **options)

    monkeypatch.setattr(grading, "Session", Deadly)
    classroom.hand_in(tmp_path / "in", **{name: classroom.right(name) for name in ("ada", "broken", "mallory", "zoe")})
    run(tmp_path, master)
    table = rows(tmp_path)
    assert [table[name]["total"] for name in table] == ["7", "0", "0", "7"]
    assert table["mallory"]["status"] == table["broken"]["status"] == "needs a look"
    assert "SIGKILL" in table["mallory"]["remarks"] and "no more files" in table["broken"]["remarks"]
    monkeypatch.setattr(grading, "Session", classroom.LocalSession)
    run(tmp_path, master)
    assert rows(tmp_path)["mallory"]["total"] == "7", "it is graded at the next run"


def test_a_sandbox_that_does_not_start_costs_nobody_points(tmp_path, master, monkeypatch):
    class Unable(classroom.LocalSession):
        def __enter__(self):
            self.cells = []
            raise SessionLost("The sandbox cannot be started.")

    monkeypatch.setattr(grading, "Session", Unable)
    classroom.hand_in(tmp_path / "in", ada=classroom.right("ada"))
    run(tmp_path, master)
    assert rows(tmp_path)["ada"]["status"] == "needs a look"
    assert "cannot be started" in rows(tmp_path)["ada"]["remarks"]
    assert "it is not certain that this is its fault" in classroom.feedback_of(tmp_path / "out", "ada")["ada"]
    monkeypatch.setattr(grading, "Session", classroom.LocalSession)
    run(tmp_path, master)
    assert rows(tmp_path)["ada"]["total"] == "7"


def test_results_never_stand_among_the_submissions(tmp_path, master):
    folder = classroom.hand_in(tmp_path / "in", ada=[])
    for out in (folder, folder / "results"):
        with pytest.raises(GradingError, match="only read"):
            gradebook.grade_class(folder, master, out, isolation="limits", limits=Limits(), jobs=1)
    assert [path.name for path in folder.iterdir()] == ["ada.ipynb"]


def test_an_error_of_a_check_is_shown_and_does_not_count_against_the_student():
    done = one(checking("def test_it(answer):\n    raise KeyError('mistyped')"), ["answer = 1"])
    assert done["checks"][0]["state"] == "grader error"
    assert "mistyped" in done["checks"][0]["words"]


def test_an_error_in_a_property_counts_as_one_of_the_check():
    source = """def test_it(answer, student):
    from lossatlas.exercises import check_properties
    def broken(loss, draw):
        return 1 / 0
    check_properties("cross_entropy/2", answer, properties=(broken,))"""
    assert one(checking(source), ["def answer(a, b):\n    return a"])["checks"][0]["state"] == "grader error"


def test_an_error_of_the_answer_counts_as_one_of_the_student():
    done = one(checking("def test_it(answer):\n    answer(1)"), ["def answer(x):\n    return undefined"])
    assert done["checks"][0]["state"] == "failed"
    assert "NameError" in done["checks"][0]["words"]


def test_a_plain_assertion_tells_its_message():
    done = one(checking("def test_it(answer):\n    assert answer == 2, f'{answer} is not two'"), ["answer = 3"])
    assert (done["checks"][0]["state"], done["checks"][0]["words"], done["earned"]) == ("failed", "3 is not two", "0")


def test_a_check_that_does_not_end():
    done = one(checking("def test_it(answer):\n    while True:\n        pass"), ["answer = 3"], check_seconds=0.5)
    assert done["checks"][0]["state"] == "out of time"


def test_a_lost_session_is_reported(monkeypatch):
    class Lost(classroom.LocalSession):
        @property
        def answers(self):
            raise SessionLost("It used more than 100 MB of memory.")

    monkeypatch.setattr(grading, "Session", Lost)
    done = one(checking("def test_it(answer):\n    pass"), ["answer = 3"])
    assert (done["checks"][0]["state"], done["earned"]) == ("lost", "0")
    assert "more than 100 MB" in done["checks"][0]["words"]


def test_points_add_up_exactly():
    checks = tuple(
        Check(f"test_{i}", 0.1, False, f"def test_{i}(answer):\n    pass", ("answer",), "cross_entropy/2")
        for i in range(3)
    )
    posed = classroom.question(1, "cross_entropy/2", "Title", "", checks)
    record = grading.grade(
        classroom.notebook(["answer = 1"]),
        "Ada",
        replace(classroom.master("x"), questions=(posed,)),
        isolation="limits",
        limits=Limits(),
    )
    assert record["questions"][0]["earned"] == "0.3"
    assert [number(Decimal(points)) for points in ("3", "2.50", "0", "10", "0.3")] == ["3", "2.5", "0", "10", "0.3"]


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@x", "\t=1", "  =x", "\r\n=1", "|x"])
def test_no_cell_of_the_table_is_a_formula(words):
    assert harmless(words).startswith("'")


def test_rehearsal_tells_what_the_masters_solution_fails():
    right = f"def answer(logits, target):\n    return my_cross_entropy(logits, target)\n{classroom.RIGHT_LOSS}"
    source = (
        "def test_it(answer, student):\n"
        "    from lossatlas.exercises import check_properties\n"
        "    check_properties('cross_entropy/2', answer, student=student)"
    )
    posed = replace(classroom.question(1, "cross_entropy/2", "Title", "", (checking(source),)), solution=right)
    assert rehearsal.rehearse(replace(classroom.master("x"), questions=(posed,))) == []
    wrong = replace(posed, solution=right.replace("return my", "return -my"))
    (line,) = rehearsal.rehearse(replace(classroom.master("x"), questions=(wrong,)))
    assert line.startswith("q1, test_it: failed: ")
    (line,) = rehearsal.rehearse(replace(classroom.master("x"), questions=(replace(posed, solution="1 / 0"),)))
    assert "ZeroDivisionError" in line
