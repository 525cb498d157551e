"""Grade a class: a folder of submissions in, a table, a page for every student and a picture of the class out."""

import contextlib
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tqdm import tqdm

from . import class_plot, copies, pool, records, report, table
from .grade import exact, grade
from .rehearsal import rehearse
from .submissions import GradingError, Unreadable, file_names, find_submissions, read, same

#: Beyond the time of a notebook itself, for starting and for the checks' own work.
SPARE_SECONDS = 300.0
GRADED, LOOK, NOT_GRADABLE, NOT_HANDED_IN = "graded", "needs a look", "not gradable", "not handed in"


@dataclass
class Entry:
    """One student in the gradebook.

    Attributes:
        student: whose it is.
        file: name for files of theirs, without ending.
        status: "graded", "needs a look", "not gradable" or "not handed in".
        problem: why there is nothing to grade, as a sentence for the student.
        record: what `grade` found, or None.
        remarks: for the instructor.
        places: question name -> (place, of how many), for the questions with a score.
        notes: question name -> a note for the student.
    """

    student: str
    file: str
    status: str
    problem: str = ""
    record: dict | None = None
    remarks: tuple = ()
    places: dict | None = None
    notes: dict | None = None

    @property
    def questions(self):
        return self.record["questions"] if self.record else []

    @property
    def total(self):
        return sum((Decimal(question["earned"]) for question in self.questions), Decimal(0))


def grade_class(folder, master, out, *, isolation, limits, jobs, roster=None, force=False):
    """Grade all submissions that have not been graded yet, and write the gradebook.

    Args:
        folder: the submissions; it is only read.
        master: the `Master`.
        out: folder for `grades.csv`, `feedback/`, `class.png`, `class.md` and `records/`.
        isolation, limits: for the `Session` of each notebook.
        jobs: submissions at a time.
        roster: list of `Enrolled`, or None.
        force: grade again what has been graded.

    Returns:
        One `Entry` a student. What is written before an interruption is kept, and not graded again.

    Raises:
        GradingError: the folders do not fit.
    """
    folder, out = Path(folder), Path(out)
    if out.resolve() == folder.resolve() or folder.resolve() in out.resolve().parents:
        raise GradingError(f"--out {out}: the results must not stand among the submissions, which are only read")
    found = find_submissions(folder, roster)
    for stray in found.strays:
        print(f"left out, because it is no submission: {stray}", file=sys.stderr)
    for part in ("records", "feedback"):
        (out / part).mkdir(parents=True, exist_ok=True)
    enrolled = {one.student for one in roster or ()}
    # Capitals sort first: among twins the name in small letters, which most systems hand out, keeps its plain file.
    names = file_names(
        sorted((one.student for one in found.submissions), key=lambda name: (name not in enrolled, name.swapcase()))
    )
    entries, tasks = [], {}
    for one in found.submissions:
        entry = Entry(
            one.student,
            names[one.student],
            GRADED if one.handed_in else NOT_HANDED_IN,
            one.problem,
            remarks=one.remarks,
        )
        entries.append(entry)
        if one.path is None:
            entry.status = NOT_GRADABLE if one.handed_in else NOT_HANDED_IN
            continue
        place = out / "records" / f"{entry.file}.json"
        try:
            key = records.key_of(read(one.path), one.student, master, isolation, limits)
        except Unreadable as why:
            entry.status, entry.problem = NOT_GRADABLE, str(why)
            continue
        entry.record = None if force else records.load(place, key)
        if entry.record and entry.record["notebook"] and not entry.record["ran"]:
            entry.record = None  # the sandbox did not start: not the notebook's fault, so it is tried again
        if entry.record is None:
            place.unlink(missing_ok=True)
            tasks[one.student] = (one.path, one.student, master, isolation, limits, place, key)
    _grade_the_rest(entries, tasks, master, jobs, limits)
    for entry in entries:
        _judge(entry)
    _compare(entries, master)
    write_gradebook(entries, master, out)
    return entries


def grade_to_file(path, student, master, isolation, limits, place, key):
    """Grade one submission and keep what was found; runs in a process of its own."""
    import torch

    torch.set_num_threads(1)
    record = grade(read(path), student, master, isolation=isolation, limits=limits)
    records.save(place, {"key": key, **record})


def _grade_the_rest(entries, tasks, master, jobs, limits):
    by_name = {entry.student: entry for entry in entries}
    ready = sum(entry.record is not None for entry in entries)
    if ready:
        print(
            f"{ready} of {ready + len(tasks)} graded before, with the same master, library and limits; --force grades"
            " them again"
        )
    if tasks:
        _rehearse_aloud(master)
    tqdm.monitor_interval = 0  # its thread must not be there when processes are forked
    bar = tqdm(total=len(tasks), desc="grading", unit="submission", disable=None if tasks else True)
    with bar, tempfile.TemporaryDirectory(prefix="lossatlas-grading-", ignore_cleanup_errors=True) as scratch:
        work = pool.run(
            tasks,
            grade_to_file,
            jobs=jobs,
            seconds=limits.total_seconds + SPARE_SECONDS,
            scratch=scratch,
            watch=lambda running: bar.set_postfix_str(", ".join(name[:24] for name in running)),
        )
        with contextlib.closing(work):
            for student, trouble in work:
                *_, place, key = tasks[student]
                entry = by_name[student]
                entry.record = records.load(place, key)
                if entry.record is None:
                    entry.status = LOOK
                    entry.problem = (
                        "Grading did not come to an end. Your instructor has been informed, and will look at it."
                    )
                    entry.remarks += (trouble or "nothing was recorded",)
                bar.update()


def _rehearse_aloud(master):
    print("the master's own solution is graded first ...", file=sys.stderr, flush=True)
    for line in rehearse(master):
        print(
            "warning: the master's own solution does not earn all points, so students may lose them for nothing:"
            f" {line}",
            file=sys.stderr,
        )


def _judge(entry):
    """Status and remarks that follow from the record alone."""
    if entry.record is None:
        entry.remarks += (entry.problem,) if entry.status == NOT_GRADABLE else ()
        return
    declared, lost = entry.record["declared"], entry.record["lost"]
    if not entry.record["notebook"]:
        entry.status, entry.problem, entry.record = NOT_GRADABLE, lost, None
        entry.remarks += (lost,)
        return
    if not entry.record["ran"]:
        entry.status = LOOK
        entry.problem = (
            "Your notebook could not be started, and it is not certain that this is its fault. Your instructor has been"
            " informed, and will look at it."
        )
    if lost:
        entry.remarks += (f"stopped: {lost}",)
    if declared == "":
        entry.remarks += ("the notebook names no student",)
    elif declared is not None and same(declared) != same(entry.student):
        entry.remarks += (f"the notebook names another student: {declared[:100]!r}",)
    errors = [(q, check) for q in entry.questions for check in q["checks"] if check["state"] == "grader error"]
    for question, check in errors:
        entry.status = LOOK
        entry.remarks += (
            f"{question['name']}: grader error in {check['name']}: {check['words'].partition(chr(10))[0]}",
        )


def _compare(entries, master):
    """Remarks, notes and places that follow from the class."""
    graded = [entry for entry in entries if entry.record]
    found = [entry.record for entry in graded]
    alike, fitting = copies.same_code(found), copies.fitting_numbers(found, master)
    for entry in graded:
        entry.notes, entry.places = {}, {}
        for question, name in copies.fitting_declared(entry.record, master).items():
            named = f'`student = "{name}"`' if name else 'an empty name, `student = ""`'
            entry.notes[question] = (
                f'Your answer is right for the numbers of {named}, but your own are those of "{entry.student}", '
                "the name under which you handed in. Tell your instructor if that name is wrong."
            )
            fitted = f"the name in the notebook, {name[:100]!r}" if name else "no name at all"
            entry.remarks += (f"{question}: answer fits the numbers of {fitted}",)
        entry.remarks += (*fitting.get(entry.student, ()), *alike.get(entry.student, ()))
    for question, ranked in leaderboards(entries).items():
        for place, _, entry in ranked:
            entry.places[question] = (place, len(ranked))


def leaderboards(entries):
    """question name -> (place, score, entry) of all who have a score, best first; equal scores share a place."""
    scored = defaultdict(list)
    for entry in entries:
        for question in entry.questions:
            if question["score"] is not None:
                scored[question["name"]].append((question["score"], entry))
    boards = {}
    for question, found in scored.items():
        found.sort(key=lambda pair: -pair[0])
        boards[question] = [(1 + sum(other > score for other, _ in found), score, entry) for score, entry in found]
    return boards


def write_gradebook(entries, master, out):
    """The table, a page for every student, and the picture of the class with its text."""
    out_of = {q.name: sum((exact(check.points) for check in q.checks), Decimal(0)) for q in master.questions}
    boards = leaderboards(entries)
    records.write(out / "grades.csv", table.grades(entries, out_of, boards))
    pages = {f"{entry.file}.html": entry for entry in entries}
    for name, entry in pages.items():
        records.write(out / "feedback" / name, report.page(entry, master, out_of))
    for old in (out / "feedback").glob("*.html"):
        if old.name not in pages:
            old.unlink()
    summary = class_plot.summarise(entries, master, boards)
    records.write(out / "class.png", class_plot.picture(summary))
    records.write(out / "class.md", class_plot.words(summary))
