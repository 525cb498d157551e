"""The command line: what it prints, and with which code it ends."""

import subprocess
import sys
import urllib.request

import pytest

import lossatlas
from lossatlas.publishing.cli import main


@pytest.fixture
def inside(make_book, monkeypatch):
    """The small book, and the working folder in it."""
    book = make_book(chapter=["# Chapter", ("1 / 0",)])
    monkeypatch.chdir(book.sources)
    return book


def test_list_names_every_loss(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [entry.name for entry in lossatlas.contract.losses()]
    assert main(["list", "--family", "cross_entropy"]) == 0


def test_list_of_an_unknown_family_names_the_known(capsys):
    assert main(["list", "--family", "nonsense"]) == 1
    assert "no family 'nonsense'; there are: " in capsys.readouterr().err


def test_failing_notebook_ends_with_code_1(inside, capsys):
    assert main(["execute", "--jobs", "1"]) == 1
    printed = capsys.readouterr()
    assert "0 executed, 0 reused, 1 failed" in printed.out
    assert "ZeroDivisionError" in printed.err and "failed: chapter" in printed.err


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["execute", "missing"], "no notebook missing"),
        (["build"], "chapter; run: lossatlas execute"),
        (["build", "--masters", "nowhere"], "nowhere: no such folder of masters"),
        (["serve"], "no finished site"),
        (["check"], "no finished site"),
    ],
)
def test_what_is_missing_is_said(inside, capsys, call, words):
    assert main(call) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "call",
    [
        [],
        ["excute"],
        ["execute", "--tier", "huge"],
        ["execute", "--shard", "3/2"],
        ["execute", "--shard", "half"],
        ["execute", "--jobs", "0"],
        ["build", "--audience", "nobody"],
    ],
)
def test_wrong_call_ends_with_code_2(call, capsys):
    with pytest.raises(SystemExit) as ended:
        main(call)
    assert ended.value.code == 2
    assert "usage: lossatlas" in capsys.readouterr().err


def test_outside_a_checkout_the_command_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["build"]) == 1
    assert "no _config.yml" in capsys.readouterr().err


def test_serve_gives_the_site(inside):
    inside.html.mkdir(parents=True)
    (inside.html / "index.html").write_text("<p>here</p>")
    inside.stamp.write_text("key")
    command = [sys.executable, "-m", "lossatlas.publishing.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=inside.root, stdout=subprocess.PIPE, text=True)
    try:
        address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == b"<p>here</p>"
    finally:
        process.terminate()
        process.wait()
