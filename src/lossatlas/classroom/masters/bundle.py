"""The autograder bundle: what Otter-Grader needs to grade one submission, here, on Gradescope or for Canvas."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat
import yaml

from .cells import MasterError

#: The date of every file in the bundle, the earliest that a zip file knows: equal masters make equal bundles.
DATE = (1980, 1, 1, 0, 0, 0)


def make_bundle(master, target, *, repository, proven=True):
    """Write the bundle.

    Args:
        master: a `Master`.
        target: path of the zip file.
        repository: address that the library is installed from where grading happens.
        proven: whether the bundle first grades the solutions of the master, which must earn all points.

    Raises:
        MasterError: Otter-Grader does not take the master, or its solutions do not earn all points.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        _with_environment(master, folder, repository)
        arguments = ["assign", f"{master.family}.ipynb", "made", "--no-pdfs", *([] if proven else ["--no-run-tests"])]
        done = subprocess.run([sys.executable, "-m", "otter", *arguments], cwd=folder, capture_output=True, text=True)
        made = sorted((folder / "made" / "autograder").glob(f"{master.family}-autograder*.zip"))
        if done.returncode or not made:
            output = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            raise MasterError(
                f"{master.path}: Otter-Grader could not make the bundle, or the solutions do not earn all points:\n  "
                + "\n  ".join(output[-30:])
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        _repack(made[0], target, {"README.txt": readme(master, target.name)})


def environment(repository):
    """The packages that grading needs besides Otter-Grader, for conda: PyTorch without CUDA, and the library."""
    return {
        "channels": ["conda-forge"],
        "dependencies": ["git", "pytorch-cpu>=2.4", {"pip": [f"lossatlas[book] @ git+{repository}"]}],
    }


def readme(master, name):
    """How to use the bundle, as plain text."""
    points = sum(question.points for question in master.questions)
    questions = "\n".join(
        f"  {q.name}  {q.points:>4g} points, of which {sum(c.points for c in q.checks if c.hidden):g} by hidden checks:"
        f" {q.title}"
        for q in master.questions
    )
    return f"""{master.title}: autograder, {points:g} points

{questions}

FOR INSTRUCTORS ONLY. This bundle contains the hidden checks.

Grade one submission on this machine
  pip install otter-grader==7.*
  otter run -a {name} submission.ipynb
  The points are printed and written to results.json. The submission runs with your rights: nothing keeps it from your
  files or from the network. Use this only for notebooks you trust, or in a container (otter grade).

  The numbers of the exercises are those of the name that the notebook sets as `student`.

Grade a folder of submissions on this machine, each one shut in
  lossatlas grade SUBMISSIONS/ --exercise {master.family}

Gradescope
  Create a programming assignment, upload this zip file as the autograder, and let students upload their notebook,
  {master.family}.ipynb. Hidden checks are not shown to students (show_hidden is off). environment.yml in the bundle
  lists what Gradescope installs.

Canvas
  Let students hand in {master.family}.ipynb, and download all submissions from Canvas. `lossatlas grade` writes
  grades.csv with one row per student and one column per question; copy its column `total` into the column of this
  assignment in the CSV file that Canvas exports (Grades, Export), and import that file again. With Otter-Grader alone:
  `otter grade -n {master.family} -a {name} SUBMISSIONS/` (in Docker) writes a CSV file that you use in the same way.
"""


def _with_environment(master, folder, repository):
    """A copy of the master whose configuration names the packages that grading needs.

    It goes without the students' own checks, which no test needs and which would train their networks once more.
    """
    notebook = nbformat.read(master.path, as_version=4)
    configuration = next(cell for cell in notebook.cells if cell.cell_type == "raw")
    configuration.source += "\nenvironment: environment.yml"
    own = {question.shown_check for question in master.questions}
    notebook.cells = [cell for cell in notebook.cells if cell.source not in own]
    (folder / "environment.yml").write_text(yaml.safe_dump(environment(repository), sort_keys=False), encoding="utf8")
    nbformat.write(notebook, folder / f"{master.family}.ipynb")


def _repack(made, target, more):
    """The same files in a fixed order and of a fixed date, and a few more."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        contents = {name: old.read(name) for name in old.namelist()} | {
            name: text.encode() for name, text in more.items()
        }
        for name, content in sorted(contents.items()):
            new.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED)
