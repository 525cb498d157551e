"""Find what was handed in, and by whom. Names and files are strangers' work: each is looked at before it is opened.

The folder of submissions is only read, links are never followed, and nothing but a regular file of a bounded size is
opened. A problem of one submission is reported for that one alone.
"""

import csv
import hashlib
import os
import re
import stat
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

LARGEST = 20_000_000
#: A folder of one student is not searched further than this.
MOST_ENTRIES, DEEPEST = 1000, 5
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))}


class GradingError(Exception):
    """Something the instructor must put right before a class can be graded; the message names it."""


class Unreadable(Exception):
    """A submission cannot be read. The message is a sentence for its author."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: the name of file or folder, or that of the roster.
        path: the notebook, or None where there is none to grade.
        problem: why it cannot be graded, as a sentence for its author; empty where it can.
        handed_in: whether there is anything of this student at all.
        remarks: what the instructor should know.
    """

    student: str
    path: Path | None = None
    problem: str = ""
    handed_in: bool = True
    remarks: tuple = ()


@dataclass(frozen=True)
class Enrolled:
    """A row of the roster: the student, and the name of their file or folder where it is another one."""

    student: str
    handed_in_as: str


@dataclass
class Class:
    """All submissions, one a student, in the order of their names, and files that belong to nobody."""

    submissions: list
    strays: list = field(default_factory=list)


def find_submissions(folder, roster=None):
    """The submissions in a folder: files `<student>.ipynb`, and folders `<student>/` with one notebook.

    Args:
        folder: where they are.
        roster: list of `Enrolled`; with it, every student of the course gets a row, and a file that is neither a
            notebook nor named like a student counts as a stray.

    Raises:
        GradingError: the folder cannot be read, or is empty.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise GradingError(f"{folder}: {error.strerror}; name the folder with the submissions") from error
    found, strays = defaultdict(list), []
    known = {same(name) for one in roster or () for name in (one.student, one.handed_in_as)}
    notebooks = {clean(_stem(entry)) for entry in entries if _may_hold_notebook(entry)}
    for entry in entries:
        name = clean(_stem(entry))
        if entry.name.startswith((".", "__MACOSX")) or not name:
            strays.append(clean(entry.name))
        elif name in notebooks:
            if _may_hold_notebook(entry):
                found[name].append(_submission(name, entry))
        elif roster is None or same(name) in known:
            found[name].append(_submission(name, entry))
        else:
            strays.append(clean(entry.name))
    if not found and not roster:
        raise GradingError(
            f"{folder}: no submissions; expected files <student>.ipynb or folders <student>/ with a notebook in each"
        )
    submissions = [_one(name, several) for name, several in found.items()]
    submissions = _enrol(submissions, roster) if roster else submissions
    return Class(sorted(_mark_twins(submissions), key=lambda one: (one.student.casefold(), one.student)), strays)


def read(path):
    """The bytes of a submission.

    Raises:
        Unreadable: it is no regular file, too large, or must not be read.
    """
    try:
        _need_regular(os.lstat(path))
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as file:
            _need_regular(os.fstat(handle))
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"The file cannot be read: {error.strerror}.") from None
    if len(data) > LARGEST:
        raise Unreadable(_TOO_LARGE)
    return data


def read_roster(path):
    """The students of the course, from a CSV file with a column `student` and perhaps one `handed_in_as`.

    Raises:
        GradingError: no such file, no such column, or a name twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GradingError(f"--roster {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from error
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=max(",;\t", key=head.count))
    columns = [(name or "").strip() for name in rows.fieldnames or ()]
    if "student" not in columns:
        raise GradingError(
            f"--roster {path}: expected a column `student` in the first line, got {', '.join(columns) or 'nothing'}"
        )
    rows.fieldnames = columns
    found = []
    for row in rows:
        if student := clean(row["student"] or ""):
            found.append(Enrolled(student, clean(row.get("handed_in_as") or "") or student))
    for what in ("student", "handed_in_as"):
        name, times = Counter(getattr(one, what) for one in found).most_common(1)[0] if found else ("", 0)
        if times > 1:
            raise GradingError(
                f"--roster {path}: {name!r} stands {times} times in `{what}`; every student needs a name of their own"
            )
    if not found:
        raise GradingError(f"--roster {path}: no students below the first line")
    return found


def clean(name):
    """A name as it is shown: composed letters, single spaces, and escapes for what cannot be printed."""
    spaced = " ".join(unicodedata.normalize("NFC", name).split())
    return "".join(
        c if c.isprintable() or _joins(before, c) else ascii(c)[1:-1]
        for before, c in zip(" " + spaced, spaced, strict=False)
    )


def same(name):
    """What two spellings of one name have in common: neither case nor spaces distinguish students."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def file_names(students):
    """Student -> a name for files of theirs: readable, safe on every system, no two alike.

    The first of those whose names differ only in case keeps the plain name, so students of the roster should come
    first.
    """
    names, taken = {}, set()
    for student in students:
        name = _plain(student)
        if not name or name != student or name.casefold() in taken or name.casefold().partition(".")[0] in RESERVED:
            name = f"{name}-{hashlib.sha256(student.encode()).hexdigest()[:10]}".lstrip("-")
        names[student] = name
        taken.add(name.casefold())
    return names


def _joins(before, character):
    """Scripts such as Persian join and part letters with signs that have no width."""
    return character in "\u200c\u200d" and before.isalpha() and not before.isascii()


def _plain(name):
    kept = re.sub(r"[^\w .,@+()-]", "_", name).strip(" ._-")
    return kept.encode()[:120].decode(errors="ignore").rstrip(" .")


def _stem(entry):
    """The name of a file without its ending; a folder may have a dot in its name."""
    stem, _, suffix = entry.name.rpartition(".")
    return stem if stem and (suffix.lower() == "ipynb" or not entry.is_dir(follow_symlinks=False)) else entry.name


def _may_hold_notebook(entry):
    return entry.name.lower().endswith(".ipynb") or entry.is_dir(follow_symlinks=False)


def _submission(name, entry):
    """What one entry of the folder contains. Nothing is opened yet."""
    try:
        mode = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(mode.st_mode):
            return Submission(name, _only_notebook(entry.path))
        _need_regular(mode)
        if not entry.name.lower().endswith(".ipynb"):
            raise Unreadable(
                f"This is not a notebook: hand in one file whose name ends in .ipynb, not {clean(entry.name)}."
            )
        return Submission(name, Path(entry.path))
    except Unreadable as why:
        return Submission(name, problem=str(why))
    except OSError as error:
        return Submission(name, problem=f"The file cannot be read: {error.strerror}.")


def _only_notebook(folder):
    notebooks, seen, waiting = [], 0, [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        for entry in sorted(os.scandir(here), key=lambda entry: entry.name):
            seen += 1
            if seen > MOST_ENTRIES or depth > DEEPEST:
                raise Unreadable(
                    "The folder contains too many files to look for the notebook in it: hand in the notebook alone."
                )
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, depth + 1))
            elif entry.name.lower().endswith(".ipynb"):
                notebooks.append(entry)
    if not notebooks:
        raise Unreadable("There is no notebook in the folder: hand in one file whose name ends in .ipynb.")
    if len(notebooks) > 1:
        names = ", ".join(sorted(clean(entry.name) for entry in notebooks)[:5])
        raise Unreadable(
            f"There are {len(notebooks)} notebooks in the folder ({names}): hand in one, so that it is clear which one"
            " counts."
        )
    _need_regular(notebooks[0].stat(follow_symlinks=False))
    return Path(notebooks[0].path)


_TOO_LARGE = f"The notebook is larger than {LARGEST // 1_000_000} MB. Clear its outputs, save it, and hand it in again."


def _need_regular(facts):
    if stat.S_ISLNK(facts.st_mode):
        raise Unreadable("This is a link to another file, and links are not followed: hand in the notebook itself.")
    if not stat.S_ISREG(facts.st_mode):
        raise Unreadable("This is not a file with a notebook in it, but a device, a pipe or a socket.")
    if facts.st_size > LARGEST:
        raise Unreadable(_TOO_LARGE)


def _one(name, several):
    if len(several) == 1:
        return several[0]
    return Submission(
        name,
        problem=(
            "There is more than one submission under this name, a file and a folder: hand in one, so that it is clear"
            " which one counts."
        ),
    )


def _enrol(submissions, roster):
    """One submission for every student of the roster, and those of others, marked by a remark."""
    by_name = {one.student: one for one in submissions}
    exact = {one.student: by_name.pop(one.handed_in_as) for one in roster if one.handed_in_as in by_name}
    alike = defaultdict(list)
    for one in by_name.values():
        alike[same(one.student)].append(one)
    enrolled = []
    for row in roster:
        mine = exact.get(row.student)
        loose = alike.get(same(row.handed_in_as), [])
        if mine is None and len(loose) == 1:
            mine = by_name.pop(loose[0].student)
            alike.pop(same(row.handed_in_as))
        enrolled.append(replace(mine, student=row.student) if mine else Submission(row.student, handed_in=False))
    taken = {one.student for one in enrolled}
    for one in by_name.values():
        student = one.student if one.student not in taken else f"{one.student} (not of the roster)"
        enrolled.append(replace(one, student=student, remarks=(*one.remarks, "not in the roster")))
    return enrolled


def _mark_twins(submissions):
    groups = defaultdict(list)
    for one in submissions:
        groups[same(one.student)].append(one)
    for one in submissions:
        others = [other.student for other in groups[same(one.student)] if other is not one]
        note = (f"named almost like {', '.join(others)}: whose is it?",) if others else ()
        yield replace(one, remarks=(*one.remarks, *note))
