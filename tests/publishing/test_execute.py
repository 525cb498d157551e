"""Execution: what is stale runs, what is not is reused, what fails is reported and harms nothing else."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lossatlas.publishing.build import generated
from lossatlas.publishing.build.book import BookError
from lossatlas.publishing.build.execute import execute, part, read_record

from .conftest import write_notebook

PARAMETERS = ('tier = "smoke"\ndevice = "auto"\nseed = 0', "parameters")
ENVIRONMENT = (
    "import os\nprint(tier, os.environ['OMP_NUM_THREADS'], "
    "os.environ['LOSSATLAS_STATIC'], os.path.basename(os.getcwd()))\nx = bytearray(80 << 20)",
)


@pytest.fixture
def statuses(monkeypatch):
    def run(book, **options):
        return {outcome.name: outcome.status for outcome in execute(book, jobs=2, **options)}

    return run


def test_failure_is_told_and_the_others_are_kept(make_book, statuses):
    book = make_book(
        good=["# Good", PARAMETERS, ENVIRONMENT], bad=["# Bad", ("1 + 1",), ("raise KeyError('no such loss')",)]
    )
    assert statuses(book, tier="full") == {"bad": "failed", "good": "executed"}

    record = json.loads(book.record.read_text())
    good, bad = record["good"], record["bad"]
    assert (good["status"], good["tier"], good["error"]) == ("ok", "full", None)
    assert good["seconds"] > 0 and 80 < good["peak_mib"] < 4000
    assert {"python", "torch", "numpy", "lossatlas"} <= set(good["versions"]) and good["device"]
    assert bad["status"] == "failed" and "KeyError" in bad["error"] and "no such loss" in bad["error"]
    assert "raise KeyError" in bad["error"] and "_build/failed/bad.ipynb" in bad["error"]

    copy = nbformat.read(book.executed / "good.ipynb", as_version=4)
    assert copy.cells[-1].outputs[0].text == "full 1 1 book\n"
    assert not (book.executed / "bad.ipynb").exists() and (book.failed / "bad.ipynb").exists()
    assert not any(cell.get("outputs") for cell in nbformat.read(book.sources / "good.ipynb", as_version=4).cells)

    assert statuses(book, tier="full") == {"bad": "failed", "good": "reused"}
    assert statuses(book, names=["good"], tier="smoke") == {"good": "executed"}
    assert statuses(book, names=["good"], tier="smoke", force=True) == {"good": "executed"}


def test_a_failure_leaves_the_former_copy_but_not_as_up_to_date(make_book, statuses):
    book = make_book(chapter=["# Chapter", ("print('first')",)])
    assert statuses(book) == {"chapter": "executed"}
    write_notebook(book.sources / "chapter.ipynb", "# Chapter", ("1 / 0",))
    assert statuses(book) == {"chapter": "failed"}
    assert "first" in (book.executed / "chapter.ipynb").read_text()
    assert read_record(book)["chapter"]["status"] == "failed"


def test_cell_that_takes_too_long_fails(make_book, statuses):
    book = make_book(slow=["# Slow", ("import time\ntime.sleep(60)",)])
    assert statuses(book, timeout=3) == {"slow": "failed"}
    record = read_record(book)["slow"]
    assert "imeout" in record["error"] and record["seconds"] < 40


def test_notebooks_in_folders_run_beside_the_chapters_and_generated_ones_with_them(make_book, statuses, monkeypatch):
    made = new_notebook(cells=[new_code_cell("print('made')", id="one")])
    monkeypatch.setattr(generated, "made", lambda book: {"reference/chapter": made})
    book = make_book(**{"chapter": ["# Chapter"], "evidence/chapter": ["# Evidence", ENVIRONMENT[:1]]})
    (book.sources / "exercises").mkdir()
    (book.sources / "exercises" / "chapter.ipynb").write_text("{}")
    assert list(book.written_notebooks()) == ["chapter", "evidence/chapter"]
    assert list(book.notebooks()) == ["chapter", "evidence/chapter", "reference/chapter"]
    assert list(book.notebooks(["book/evidence/chapter.ipynb"])) == ["evidence/chapter"]

    tier = ("tier = 'smoke'", "parameters")
    write_notebook(book.sources / "evidence" / "chapter.ipynb", "# Evidence", tier, ENVIRONMENT)
    every = {"chapter": "executed", "evidence/chapter": "executed", "reference/chapter": "executed"}
    assert statuses(book) == every
    assert statuses(book) == dict.fromkeys(every, "reused")
    copy = nbformat.read(book.executed / "evidence" / "chapter.ipynb", as_version=4)
    assert copy.cells[-1].outputs[0].text == "smoke 1 1 book\n"
    assert "made" in (book.executed / "reference" / "chapter.ipynb").read_text()

    made.cells[0].source = "1 / 0"
    assert statuses(book) == {**dict.fromkeys(every, "reused"), "reference/chapter": "failed"}
    assert "_build/failed/reference/chapter.ipynb" in read_record(book)["reference/chapter"]["error"]


def test_parts_cover_every_notebook_once():
    notebooks = {f"n{i}": i for i in range(7)}
    for n in (1, 2, 3, 9):
        parts = [part(notebooks, i, n) for i in range(1, n + 1)]
        assert sorted(name for one in parts for name in one) == sorted(notebooks)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    with pytest.raises(BookError, match="got 4/3"):
        part(notebooks, 4, 3)


def test_unknown_notebook_is_named(make_book):
    book = make_book(chapter=["# Chapter"])
    with pytest.raises(BookError, match=r"no notebook missing .*there are: chapter"):
        execute(book, ["missing"])
