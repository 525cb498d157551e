"""What is found in a folder of submissions, under which name, and how the rest is reported."""

import os

import pytest

from lossatlas.classroom.grading.submissions import (
    GradingError,
    Unreadable,
    clean,
    file_names,
    find_submissions,
    read,
    read_roster,
)

NOTEBOOK = b'{"cells": [], "nbformat": 4}'


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(NOTEBOOK)
    return folder


def found(folder, roster=None):
    return {one.student: one for one in find_submissions(folder, roster).submissions}


def roster(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf8")
    return read_roster(path)


def test_files_and_folders(tmp_path):
    put(
        tmp_path,
        "ada.ipynb",
        "grace/deep/Untitled (3).ipynb",
        "grace/deep/.ipynb_checkpoints/x-checkpoint.ipynb",
        "emmy@uni.example/a.IPYNB",
        ".DS_Store",
    )
    ones = found(tmp_path)
    assert list(ones) == ["ada", "emmy@uni.example", "grace"]
    assert all(read(one.path) == NOTEBOOK and not one.problem for one in ones.values())
    assert ones["grace"].path.name == "Untitled (3).ipynb"


def test_other_files_beside_a_notebook_do_not_matter(tmp_path):
    put(tmp_path, "ada.ipynb", "ada.pdf", "grace.py")
    ones = found(tmp_path)
    assert not ones["ada"].problem
    assert "not a notebook" in ones["grace"].problem


def test_file_and_folder_of_one_name(tmp_path):
    put(tmp_path, "ada.ipynb", "ada/a.ipynb", "grace.ipynb")
    ones = found(tmp_path)
    assert "more than one submission" in ones["ada"].problem and ones["ada"].path is None
    assert not ones["grace"].problem


def test_a_folder_with_thousands_of_files(tmp_path):
    (tmp_path / "mallory").mkdir()
    for i in range(1100):
        (tmp_path / "mallory" / str(i)).touch()
    assert "too many files" in found(tmp_path)["mallory"].problem


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable_file(tmp_path):
    put(tmp_path, "ada.ipynb")
    (tmp_path / "ada.ipynb").chmod(0)
    with pytest.raises(Unreadable, match="cannot be read"):
        read(tmp_path / "ada.ipynb")


def test_a_link_put_in_place_later_is_not_followed(tmp_path):
    put(tmp_path, "ada.ipynb")
    one = found(tmp_path)["ada"]
    (tmp_path / "ada.ipynb").unlink()
    (tmp_path / "ada.ipynb").symlink_to("/etc/passwd")
    with pytest.raises(Unreadable, match="link"):
        read(one.path)


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_nothing_to_grade(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(GradingError):
        find_submissions(tmp_path / folder)


def test_roster_decides_the_name_and_who_is_missing(tmp_path):
    students = roster(tmp_path, "student;handed_in_as\nAda Lovelace;lovelaceada_123_x\nZoë;\nEmmy;\nGrace;\n")
    folder = put(
        tmp_path / "in",
        "lovelaceada_123_x.ipynb",
        "Zoe\u0308.ipynb",
        "GRACE.ipynb",
        "grace.ipynb",
        "mallory.ipynb",
        "readme.txt",
    )
    ones = found(folder, students)
    assert ones["Ada Lovelace"].path.name == "lovelaceada_123_x.ipynb"
    assert ones["Zoë"].path.name == "Zoe\u0308.ipynb", "both spellings are one name"
    assert not ones["Emmy"].handed_in
    assert not ones["Grace"].handed_in, "two files could be hers, so neither is taken"
    assert {"GRACE", "grace"} <= set(ones) and all(
        "named almost like" in str(ones[name].remarks) for name in ("GRACE", "grace")
    )
    assert "not in the roster" in ones["mallory"].remarks
    assert find_submissions(folder, students).strays == ["readme.txt"]


def test_exact_name_wins_against_a_twin(tmp_path):
    folder = put(tmp_path / "in", "Ada.ipynb", "ADA.ipynb")
    ones = found(folder, roster(tmp_path, "student\nAda\n"))
    assert ones["Ada"].path.name == "Ada.ipynb" and ones["ADA"].path.name == "ADA.ipynb"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nAda\n", "expected a column `student`"),
        ("student\nAda\nAda\n", "stands 2 times"),
        ("student\n", "no students"),
        ("", "got nothing"),
    ],
)
def test_roster_that_cannot_be_used(tmp_path, text, words):
    with pytest.raises(GradingError, match=words):
        roster(tmp_path, text)


def test_names_are_shown_whole_and_harmless():
    assert clean("a\nb\t c") == "a b c"
    assert clean("x\x1b[31m\u202e") == r"x\x1b[31m\u202e"
    assert clean("علی\u200cرضا") == "علی\u200cرضا"
    assert clean(os.fsdecode(b"\xff.x")) == r"\udcff.x"


def test_file_names_are_safe_and_never_two_alike():
    students = [
        "Ada Lovelace",
        "ada lovelace",
        "../../etc/passwd",
        "..",
        "=cmd|x",
        "con",
        "nul.txt",
        "x" * 300,
        "Zoë",
        "<b>",
        "",
        "a/b",
        "a\\b",
        ".hidden",
    ]
    names = file_names(students)
    assert names["Ada Lovelace"] == "Ada Lovelace" and names["Zoë"] == "Zoë"
    assert len({name.casefold() for name in names.values()}) == len(students)
    for name in names.values():
        assert name and len(name.encode()) < 200 and name[0] not in ".-" and not set(name) & set('/\\<>:"|?*=\n')
    assert names["con"] != "con"
