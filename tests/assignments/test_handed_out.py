"""What students get contains no solution, runs as it is, and agrees with Otter-Grader; instructors get everything."""

import json
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbclient import NotebookClient
from otter.assign import main as otter_assign
from tests.assignments.small_master import CELLS, OPENING, STABLE, write
from tests.exercises import answers

from lossatlas.classroom.masters import (
    MasterError,
    instructor_notebook,
    make_assignment,
    masters_in,
    read_master,
    self_study_page,
    student_notebook,
)
from lossatlas.classroom.masters.rubric import rubric_page
from lossatlas.publishing.build.book import Book
from lossatlas.publishing.cli import main

FAMILIES = list(answers.masters())
REPOSITORY = "https://example.org/atlas"


def lines(text):
    """The lines that could be recognised, without the spaces that a formatter changes."""
    return {short for line in text.splitlines() for short in [re.sub(r"\s+", "", line)] if len(short) > 20}


def secrets(master):
    """Lines of solutions, explanations and hidden checks that nothing else of the master has."""
    open_to_all = "\n".join(cell.source for cell in master.opening)
    hidden = ""
    for question in master.questions:
        open_to_all += "\n".join(
            ["", *(cell.source for cell in question.cells if cell.role == "everyone"), question.stub]
        )
        hidden += "\n".join(["", question.solution, question.explanation, *(check.source for check in question.checks)])
    return lines(hidden) - lines(open_to_all)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return read_master(write(tmp_path_factory.mktemp("masters")))


@pytest.mark.parametrize("family", FAMILIES)
def test_student_notebook_holds_no_secret(family):
    master = answers.masters()[family]
    notebook = student_notebook(master)
    assert len(secrets(master)) > 40
    text = "\n".join([*(cell.source for cell in notebook.cells), nbformat.writes(notebook)])
    assert not secrets(master) & lines(text)
    packed = re.sub(r"\s+", "", text)
    for question in master.questions:
        for part in re.split(r"[\n,;]", question.solution):
            part = re.sub(r"\s+", "", part.partition("#")[0])
            assert (
                len(part) < 24
                or part not in packed
                or part in re.sub(r"\s+", "", question.statement + question.given + question.stub)
            ), part
        for check in question.checks:
            assert check.name not in text
    assert not re.search(r"otter|SOLUTION|TEST CONFIG|hidden: true|points: \d", text)
    assert {key for cell in notebook.cells for key in cell} <= {
        "cell_type",
        "id",
        "metadata",
        "source",
        "outputs",
        "execution_count",
    }
    assert not any(cell.metadata or cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    nbformat.validate(notebook)


@pytest.mark.parametrize("family", FAMILIES)
def test_student_notebook_runs_as_it_is_handed_out(family, tmp_path):
    notebook = student_notebook(answers.masters()[family])
    blocked = nbformat.v4.new_code_cell(
        "import sys\nsys.modules['otter'] = None  # importing it is an error from here on"
    )
    notebook.cells.insert(0, blocked)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    messages = [
        "".join(output.data["text/plain"])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/plain" in output.get("data", {})
    ]
    assert sum("Not attempted yet" in words for words in messages) == len(answers.masters()[family].questions)
    assert not list(tmp_path.iterdir()), "it leaves nothing behind"


@pytest.mark.parametrize("family", FAMILIES)
def test_student_page_holds_no_secret_and_the_instructor_page_all_solutions(family):
    master = answers.masters()[family]
    addresses = {"Download the notebook": f"exercises/{family}.ipynb"}
    page = self_study_page(master, audience="student", addresses=addresses)
    assert not secrets(master) & lines(page)
    solved = self_study_page(master, audience="instructor", addresses=addresses)
    for question in master.questions:
        assert lines(question.solution) <= lines(solved)
        assert f'<div id="exercise-{question.number}"></div>' in page
        assert f"## {question.number} · {question.title}" in page
        assert question.stub in page and question.statement in page and question.shown_check in page
        assert all(hint in page for hint in question.hints)
    assert page.count("{dropdown} Hint") == sum(len(question.hints) for question in master.questions)
    assert f"exercises/{family}.ipynb" in page


def test_page_refuses_another_audience(small):
    with pytest.raises(ValueError, match="`audience`: expected 'student' or 'instructor', got 'teacher'"):
        self_study_page(small, audience="teacher", addresses={})


def test_instructor_notebook_runs_and_holds_all(small, tmp_path):
    notebook = instructor_notebook(small)
    text = "\n".join(cell.source for cell in notebook.cells)
    for question in small.questions:
        assert question.solution in text and question.statement in text
        assert f"Rubric of exercise {question.number}, {question.points:g} points" in text
        assert all(check.source in text for check in question.checks)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    nbformat.validate(notebook)


@pytest.mark.parametrize("family", FAMILIES)
def test_rubric_tells_points_checks_and_mistakes(family):
    master = answers.masters()[family]
    page = rubric_page(master)
    assert "…" in page and "For instructors" in page
    for question in master.questions:
        part = page.partition(f"#### Rubric of exercise {question.number}, {question.points:g} points")[2].partition(
            "\n## "
        )[0]
        for check in question.checks:
            assert f"| `{check.name}` | {'hidden' if check.hidden else 'visible'} | {check.points:g} |" in part
        assert part.count("\n  - ") >= 3, "messages about mistakes"
    total = sum(question.points for question in master.questions)
    assert f"| | together | {sum(q.minutes for q in master.questions)} | {total:g} |" in page


def otter(*arguments, folder):
    return subprocess.run([sys.executable, "-m", "otter", *arguments], cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The assignment of the cross-entropy master, as far as its exercises train no networks."""
    folder = tmp_path_factory.mktemp("made")
    notebook = nbformat.read(answers.masters()["cross_entropy"].path, as_version=4)
    last = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith("# BEGIN QUESTION\nname: q5"))
    notebook.cells = notebook.cells[:last]
    nbformat.write(notebook, folder / "cross_entropy.ipynb")
    return make_assignment(folder / "cross_entropy.ipynb", folder / "out", repository=REPOSITORY)


def test_otter_gives_the_solution_all_points_and_the_stub_none(made, tmp_path):
    master = read_master(made.folder.parents[1] / "cross_entropy.ipynb")
    points = sum(question.points for question in master.questions)
    for name, notebook, share in [("solved", made.instructor, 1), ("stub", made.student, 0)]:
        (tmp_path / name).mkdir()
        done = otter(
            "run", "-a", str(made.bundle), "-o", str(tmp_path / name), "--no-logo", str(notebook), folder=tmp_path
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads((tmp_path / name / "results.json").read_text())["tests"]
        graded = [entry for entry in found if "max_score" in entry and "score" in entry]
        assert sum(entry["max_score"] for entry in graded) == points
        assert sum(entry["score"] for entry in graded) == share * points
    shown = json.dumps(found, ensure_ascii=False)
    assert "Not attempted yet: write `my_cross_entropy(logits, target)`" in shown
    assert "`p_by_hand` is still to be found" in shown


def test_command_makes_everything_and_the_same_again(small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(answers.BOOK)
    made = {}
    for name in ("one", "two"):
        out = tmp_path / name
        assert (
            main(["assignments", "cross_entropy", "--masters", str(small.path.parent), "--out", str(out), "--unproven"])
            == 0
        )
        made[name] = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    printed = capsys.readouterr().out
    parts = [
        "student/cross_entropy.ipynb",
        "autograder/cross_entropy-autograder.zip",
        "instructor/cross_entropy.ipynb",
        "instructor/rubric.md",
    ]
    assert all(str(tmp_path / "one" / "cross_entropy" / part) in printed for part in parts)
    assert set(made["one"]) == {f"cross_entropy/{part}" for part in [*parts, "autograder/README.txt"]}
    assert made["one"] == made["two"], "equal to the byte"

    with zipfile.ZipFile(tmp_path / "one" / "cross_entropy" / parts[1]) as bundle:
        names = bundle.namelist()
        environment, readme = bundle.read("environment.yml").decode(), bundle.read("README.txt").decode()
    assert names == sorted(names)
    assert {"tests/q1.py", "tests/q2.py", "run_autograder", "setup.sh", "otter_config.json"} < set(names)
    assert "pytorch-cpu" in environment and "otter-grader" in environment
    assert f"lossatlas[book] @ git+{Book.find().repository}\n" in environment
    for words in (
        "otter run -a cross_entropy-autograder.zip submission.ipynb",
        "Gradescope",
        "Canvas",
        "lossatlas grade",
        "INSTRUCTORS ONLY",
    ):
        assert words in readme
    assert made["one"]["cross_entropy/autograder/README.txt"].decode() == readme


def test_command_tells_what_is_wrong_with_a_master(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(answers.BOOK)
    write(tmp_path, CELLS[:-1])
    assert main(["assignments", "--masters", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert (
        'expected a code cell `check("cross_entropy/2", ..., student=student)` after its `# END QUESTION`'
        in capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


def test_student_notebook_is_the_one_that_otter_makes(small, tmp_path):
    otter_assign(str(small.path), str(tmp_path / "made"), no_pdfs=True, no_run_tests=True)
    theirs = nbformat.read(tmp_path / "made" / "student" / "cross_entropy.ipynb", as_version=4)
    ours = student_notebook(small)
    assert [(cell.cell_type, cell.source) for cell in ours.cells] == [
        (cell.cell_type, cell.source) for cell in theirs.cells
    ]


def test_a_wrong_solution_is_not_handed_out(tmp_path):
    wrong = [(kind, source.replace(".log() - true", ".log() + true")) for kind, source in [*OPENING, *STABLE]]
    path = write(tmp_path, wrong)
    with pytest.raises(MasterError, match="the solutions do not earn all points") as caught:
        make_assignment(path, tmp_path / "out", repository=REPOSITORY)
    assert "q2" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_masters_are_found_by_family(tmp_path):
    with pytest.raises(MasterError, match=r"expected a master <family>\.ipynb; there is: none"):
        masters_in(tmp_path)
    write(tmp_path, CELLS)
    assert list(masters_in(tmp_path)) == ["cross_entropy"]
    with pytest.raises(MasterError, match=r"expected a master contrastive\.ipynb; there are: cross_entropy"):
        masters_in(tmp_path, ["contrastive"])
