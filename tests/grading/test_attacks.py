"""A class with every attack in it beside honest students: these lose nothing, and the attackers win nothing."""

import csv
import hashlib
import json
import os
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

import lossatlas
from lossatlas.classroom.grading.gradebook import grade_class
from lossatlas.classroom.grading.limits import Limits
from lossatlas.classroom.grading.sandbox import isolation_available

from . import attacks, classroom

LIMITS = Limits(cell_seconds=8.0, call_seconds=8.0, total_seconds=90.0, memory_mb=1200, disk_mb=32)
LIBRARY = Path(lossatlas.__file__).parent
HONEST = {
    "honest_ada": classroom.right("honest_ada", 2.0),
    "honest_grace": [
        classroom.opening("honest_grace"),
        classroom.RIGHT_BY_HAND.replace("-math.log(p[y])", "math.log(p[y])"),
        classroom.RIGHT_LOSS.replace("shifted = logits - logits.amax(-1, keepdim=True)", "shifted = logits"),
        "def own_loss(logits, target):\n    return undefined(logits)",
    ],
    "honest_sofia": classroom.stub("honest_sofia"),
}


@dataclass
class World:
    """Where the class happens, and what must stay as it is."""

    root: Path
    submissions: Path
    out: Path
    precious: Path
    master_file: Path
    port: int
    marker: str = "98765.4321"
    calls: list = field(default_factory=list)

    def untouched(self):
        """A fingerprint of every file that belongs to somebody."""
        found = {}
        for top in (self.submissions, self.precious.parent):
            for path in sorted(top.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    facts = path.stat()
                    found[str(path)] = (
                        hashlib.sha256(path.read_bytes()).hexdigest(),
                        facts.st_mtime_ns,
                        facts.st_mode,
                        facts.st_uid,
                    )
                elif not path.is_dir():
                    found[str(path)] = os.readlink(path) if path.is_symlink() else "special"
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    works, reason = isolation_available()
    if not works:
        (pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip)(reason)
    root = tmp_path_factory.mktemp("course")
    (root / "home").mkdir()
    precious = root / "home" / "thesis.txt"
    precious.write_text("years of work")
    master_file = root / "home" / "cross_entropy.ipynb"
    master_file.write_bytes(
        classroom.notebook(
            [f"# BEGIN SOLUTION solution-marker-81723\n{classroom.RIGHT_LOSS}\nmy_cross_entropy.stolen = True"]
        )
    )
    listening = socket.create_server(("127.0.0.1", 0))
    world = World(root, root / "submissions", root / "out", precious, master_file, listening.getsockname()[1])

    def accept():
        while True:
            try:
                world.calls.append(listening.accept())
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    yield world
    listening.close()


@dataclass
class Outcome:
    rows: dict
    records: dict
    pages: dict
    entries: list


def graded(world, submissions, out):
    entries = grade_class(
        submissions, classroom.master(world.master_file), out, isolation="bubblewrap", limits=LIMITS, jobs=2
    )
    with open(out / "grades.csv", newline="", encoding="utf8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    records = {
        record["student"]: record
        for path in (out / "records").glob("*.json")
        for record in [json.loads(path.read_text())]
    }
    return Outcome(rows, records, classroom.feedback_of(out, *HONEST), entries)


@pytest.fixture(scope="module")
def alone(world):
    """The honest students graded by themselves."""
    folder = classroom.hand_in(world.root / "peaceful", **HONEST)
    return graded(world, folder, world.root / "peaceful-out")


@pytest.fixture(scope="module")
def before(world):
    return {"processes": set(psutil.pids())}


@pytest.fixture(scope="module")
def together(world, before):
    """All in one class."""
    world.out.mkdir()
    classroom.hand_in(world.submissions, **HONEST)
    attacks.hand_in_code(world)
    classroom.hand_in(world.submissions, late_crash=attacks.late_crash(world))
    attacks.hand_in_files(world)
    before["files"], before["library"] = world.untouched(), set(LIBRARY.rglob("*.py"))
    return graded(world, world.submissions, world.out)


@pytest.mark.parametrize("student", HONEST)
def test_honest_students_are_graded_as_without_attackers(alone, together, student):
    mine, theirs = alone.rows[student], together.rows[student]
    assert {name: value for name, value in mine.items() if name != "remarks"} == {
        name: value for name, value in theirs.items() if name != "remarks"
    }
    kept = [
        {name: value for name, value in run.records[student].items() if name != "seconds"} for run in (alone, together)
    ]
    assert kept[0] == kept[1]
    assert alone.pages[student] == together.pages[student]


def test_honest_students_get_what_they_earned(alone):
    points = {student: [row[q] for q in ("q1", "q2", "q3")] for student, row in alone.rows.items()}
    assert points == {"honest_ada": ["3", "3", "1"], "honest_grace": ["2", "0", "0"], "honest_sofia": ["0", "0", "0"]}


@pytest.mark.parametrize("attack", [attack.__name__ for attack in attacks.CODE])
def test_attack_earns_nothing(together, attack):
    row = together.rows[attack]
    assert row["total"] == "0", row
    assert row["status"] in ("graded", "needs a look")
    assert row["q3_score"] == ""


def test_what_was_right_before_a_crash_counts(together):
    assert together.rows["late_crash"]["q1"] == together.rows["late_crash"]["total"] == "3"


FILES = [
    "not_json", "empty_file", "other_json", "deep_json", "picture", "link_to_master", "link_to_ada", "link_to_folder",
    "link_to_device", "link_to_nothing", "pipe", "too_large", "two_of_them", "no_notebook", "link_inside",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_file_that_is_no_submission_earns_nothing_and_is_explained(together, world, name):
    row = together.rows[name]
    assert (row["total"], row["status"]) == ("0", "not gradable")
    assert len(row["remarks"]) > 20, "the instructor is informed"
    page = classroom.feedback_of(world.out, name)[name]
    assert 'class="notice"' in page, "the student is informed"


def test_odd_names_get_rows_and_pages_of_their_own(together, world):
    strange = [
        entry
        for entry in together.entries
        if not entry.student.isidentifier() or entry.student.startswith(("long", "HONEST"))
    ]
    assert len(strange) == 4
    for entry in strange:
        assert (world.out / "feedback" / f"{entry.file}.html").resolve().parent == (world.out / "feedback").resolve()
    assert "named almost like honest_ada" in together.rows["HONEST_ADA"]["remarks"]
    assert len({entry.file.casefold() for entry in together.entries}) == len(together.entries)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in together.rows.values() for cell in row.values())


def test_nothing_was_changed_that_belongs_to_others(together, before, world):
    assert world.untouched() == before["files"]
    assert world.precious.read_text() == "years of work"
    assert before["library"] <= set(LIBRARY.rglob("*.py"))


def test_nobody_was_called(together, world):
    assert world.calls == []


def test_no_process_is_left(together, before, world):
    left = []
    for process in psutil.process_iter(["pid", "ppid", "cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        mine = (
            any(parent.pid == os.getpid() for parent in process.parents())
            if process.pid not in before["processes"]
            else False
        )
        if world.marker in command or (mine and process.status() != psutil.STATUS_ZOMBIE):
            left.append(command)
    assert left == []


def test_nothing_of_theirs_runs_or_loads_in_a_page(together, world):
    page = classroom.feedback_of(world.out, "spoils_pages")["spoils_pages"]
    assert "<script" not in page and "<img" not in page and "\x1b" not in page and "\u202e" not in page
    assert "&lt;script&gt;" in page, "what they wrote is shown as text"
    table = (world.out / "grades.csv").read_text()
    assert "\x1b" not in table and "\u202e" not in table


def test_sharing_is_hinted_at(together):
    assert "names another student: 'honest_ada'" in together.rows["another_student"]["remarks"]
    assert "q1: answer fits the numbers of honest_ada" in together.rows["another_student"]["remarks"]
