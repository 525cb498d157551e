"""Everything that is made from a master, in its place."""

from dataclasses import dataclass
from pathlib import Path

import nbformat

from .bundle import make_bundle, readme
from .cells import MasterError
from .master import read_master
from .notebooks import instructor_notebook, student_notebook
from .rubric import rubric_page


@dataclass(frozen=True)
class Assignment:
    """Where the parts of one assignment lie.

    Attributes:
        student: the notebook to hand out.
        bundle: the autograder bundle.
        instructor: the notebook with solutions, checks and rubric.
        rubric: the rubric as Markdown.
    """

    folder: Path
    family: str

    @property
    def student(self):
        return self.folder / "student" / f"{self.family}.ipynb"

    @property
    def bundle(self):
        return self.folder / "autograder" / f"{self.family}-autograder.zip"

    @property
    def instructor(self):
        return self.folder / "instructor" / f"{self.family}.ipynb"

    @property
    def rubric(self):
        return self.folder / "instructor" / "rubric.md"


def masters_in(folder, families=()):
    """The masters in a folder by name of the chapter, or those that are named.

    Raises:
        MasterError: a family has no master there.
    """
    found = {path.stem: path for path in sorted(Path(folder).glob("*.ipynb"))}
    missing = [family for family in families if family not in found]
    if missing or not found:
        raise MasterError(
            f"{folder}: expected a master {missing[0] if missing else '<family>'}.ipynb; there"
            f" {'are' if found else 'is'}: {', '.join(found) or 'none'}"
        )
    return {family: found[family] for family in families or found}


def make_assignment(path, out, *, repository, proven=True):
    """Make all that is handed out from the master at `path`, in the folder `out` / its family.

    Args:
        path: the master.
        out: folder of all assignments.
        repository: address that graders install the library from.
        proven: whether the bundle must first give the master's own solutions all points (that runs them).

    Returns:
        An `Assignment`.

    Raises:
        MasterError: the master is not as it must be, or its solutions do not earn all points.
    """
    master = read_master(path)
    made = Assignment(Path(out) / master.family, master.family)
    make_bundle(master, made.bundle, repository=repository, proven=proven)
    (made.bundle.parent / "README.txt").write_text(readme(master, made.bundle.name), encoding="utf8")
    for target, notebook in [(made.student, student_notebook(master)), (made.instructor, instructor_notebook(master))]:
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
    made.rubric.write_text(rubric_page(master), encoding="utf8")
    return made
