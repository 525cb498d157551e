"""`lossatlas grade`: what it prints before it grades, and what it refuses."""

import pytest

from lossatlas.classroom import masters as assignments
from lossatlas.classroom.grading import grade as grading
from lossatlas.classroom.grading import sandbox
from lossatlas.publishing.cli import main
from tests.grading import classroom


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder of masters and one of submissions, graded without a sandbox."""
    monkeypatch.setattr(grading, "Session", classroom.LocalSession)
    monkeypatch.setattr(assignments, "read_master", classroom.master)
    (tmp_path / "masters").mkdir()
    (tmp_path / "masters" / "cross_entropy.ipynb").touch()
    classroom.hand_in(tmp_path / "in", Ada=classroom.right("Ada"))
    return tmp_path


def grade(course, *more, family="cross_entropy", folder="in"):
    return main(
        [
            "grade",
            str(course / folder),
            "--exercise",
            family,
            "--masters",
            str(course / "masters"),
            "--out",
            str(course / "out"),
            *more,
        ]
    )


def test_a_class_is_graded(course, capsys):
    (course / "roster.csv").write_text("student\nAda\nEmmy\n")
    assert grade(course, "--isolation", "limits", "--jobs", "1", "--roster", str(course / "roster.csv")) == 0
    printed = capsys.readouterr().out
    assert "isolation: limits." in printed and "Not protected: files." in " ".join(printed.split())
    assert "1 graded, 1 not handed in: " in printed
    assert "Ada,7,7,3,3,1," in (course / "out" / "grades.csv").read_text()
    assert grade(course, "--isolation", "limits", "--jobs", "1") == 0
    assert "1 of 1 graded before" in capsys.readouterr().out


def test_without_bubblewrap_nothing_runs_unless_requested(course, capsys, monkeypatch):
    monkeypatch.setattr(sandbox, "isolation_available", lambda: (False, "bubblewrap is not installed"))
    assert grade(course) == 1
    printed = capsys.readouterr().err
    assert "apt install bubblewrap" in printed and "--isolation limits" in printed
    assert not (course / "out").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"family": "nonsense"}, "masters there: cross_entropy"),
        ({"folder": "missing"}, "name the folder with the submissions"),
        ({"folder": "masters/.."}, "must not stand among the submissions"),
    ],
)
def test_what_is_missing_is_said(course, capsys, more, words):
    assert grade(course, "--isolation", "limits", **more) == 1
    assert words in capsys.readouterr().err
