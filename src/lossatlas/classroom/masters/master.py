"""A master: the one notebook with a chapter's exercises with solutions, checks and points."""

import ast
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import yaml

from ...exercises import EXERCISES
from .cells import Cell, MasterError, read_cells
from .checks import Check, read_check

#: Settings that Otter Assign needs, so that what students get needs nothing but this library.
SETTINGS = {
    "export_cell": False,
    "check_all_cell": False,
    "init_cell": False,
    "solutions_pdf": False,
    "generate": {"pdf": False, "show_hidden": False},
    "tests": {"files": False, "ok_format": False},
}
HEADING = re.compile(r"###\s+(\d+)\s+·\s+(.+?)\s*\n+")
ABOUT = re.compile(r"\*About (\d+) minutes?, (\d+(?:\.\d+)?) points?[^*]*\*\s*")
HINT = re.compile(r"<details>\s*<summary>[^<]*</summary>(.*?)</details>\s*", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """One exercise as it is handed out and graded.

    Attributes:
        number, name, key: such as 2, "q2" and "cross_entropy/2".
        title, minutes, points: as in the statement; the points are the sum over the checks.
        statement: Markdown, without the heading and without the line with minutes and points.
        hints: Markdown, one text a hint.
        given: code that shows the student's own numbers, or "".
        stub: code the student starts from.
        solution: code of a right answer, without Otter's marks.
        explanation: Markdown that stands with the solution, or "".
        checks: what is graded, in order.
        shown_check: code of the student's own check.
        answers: names that the answer defines and the checks look at.
        cells: of the notebook, from the first of this question to the last before the next.
    """

    number: int
    name: str
    key: str
    title: str
    minutes: int
    points: float
    statement: str
    hints: tuple
    given: str
    stub: str
    solution: str
    explanation: str
    checks: tuple[Check, ...]
    shown_check: str
    answers: tuple
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Master:
    """All of a master notebook.

    Attributes:
        path: the notebook.
        family: name of the chapter, which is that of the file.
        title: first heading.
        intro: Markdown of the first cell, without the heading.
        questions: in order.
        opening: cells before the first question.
    """

    path: Path
    family: str
    title: str
    intro: str
    questions: tuple[Question, ...]
    opening: tuple[Cell, ...]


def read_master(path):
    """Read a master, and check it for what students, graders and the site rely on.

    Args:
        path: a notebook in the format of Otter Assign whose file name is the name of a chapter.

    Raises:
        MasterError: what is wrong, in which cell, and what is expected there.
    """
    path = Path(path)
    cells = read_cells(path)
    begins = [
        i for i, cell in enumerate(cells) if cell.role == "mark" and cell.source.upper().startswith("# BEGIN QUESTION")
    ]
    if not begins:
        raise MasterError(
            f"{path}: expected at least one question, between raw cells `# BEGIN QUESTION` and `# END QUESTION`"
        )
    opening = cells[: begins[0]]
    title, intro = _title(path, opening)
    _settings(path, opening)
    parts = [cells[i:j] for i, j in zip(begins, [*begins[1:], len(cells)], strict=True)]
    questions = tuple(_question(path, part) for part in parts)
    for one, two in pairwise(questions):
        if one.number >= two.number:
            raise MasterError(
                f"{path}, {two.cells[0]}: expected the questions in the order of their numbers, got {two.name} after"
                f" {one.name}"
            )
    return Master(path, path.stem, title, intro, questions, tuple(cell for cell in opening if cell.role == "everyone"))


def _title(path, opening):
    first = next((cell for cell in opening if cell.kind == "markdown"), None)
    heading, _, intro = first.source.partition("\n") if first else ("", "", "")
    if not heading.startswith("# "):
        raise MasterError(
            f"{path}{f', {first}' if first else ''}: expected a title, `# ...`, as the first line of the first Markdown"
            " cell"
        )
    return heading[2:].strip(), intro.strip()


def _settings(path, opening):
    mark = next((cell for cell in opening if cell.role == "mark"), None)
    if mark is None:
        raise MasterError(f"{path}: expected a raw cell `# ASSIGNMENT CONFIG` before the first question")
    found = _configuration(path, mark)
    for name, value in SETTINGS.items():
        if found.get(name) != value:
            raise MasterError(
                f"{path}, {mark}: expected `{name}: {_flow(value)}`, got `{name}: {_flow(found.get(name))}`"
            )


def _flow(value):
    return yaml.safe_dump(value, default_flow_style=True).replace("\n...", "").strip()


def _question(path, cells):
    mark = cells[0]
    settings = _configuration(path, mark)
    name = str(settings.get("name"))
    if not re.fullmatch(r"q[1-9]\d*", name):
        raise MasterError(
            f"{path}, {mark}: expected `name: q` and the number of the exercise, such as `name: q2`, got `name: {name}`"
        )
    if settings.get("check_cell") is not False:
        raise MasterError(
            f"{path}, {mark}: expected `check_cell: false`, so that the student's notebook needs no grader"
        )
    number = int(name[1:])
    key = f"{path.stem}/{number}"
    exercise = EXERCISES.get(key)
    if exercise is None:
        raise MasterError(f"{path}, {mark}: expected an exercise {key} in the library (lossatlas.exercises.register)")
    inside = [cell for cell in cells if cell.question is mark]
    title, minutes, points, statement, hints = _texts(
        path, mark, [c for c in inside if c.role == "everyone" and c.kind == "markdown"]
    )
    if title != (number, exercise.title):
        raise MasterError(
            f"{path}, {mark}: expected the heading `### {number} · {exercise.title}`, got `### {title[0]} · {title[1]}`"
        )
    if minutes != exercise.minutes:
        raise MasterError(
            f"{path}, {mark}: expected `*About {exercise.minutes} minutes, ...*` as in the exercise {key}, got"
            f" {minutes}"
        )
    stub, solution, explanation = _answer(path, mark, [cell for cell in inside if cell.role == "solution"])
    checks = tuple(read_check(path, cell, key) for cell in inside if cell.role == "tests")
    _check_points(path, mark, checks, settings.get("points"), points)
    return Question(
        number, name, key, title[1], minutes, settings["points"], statement, hints,
        given="\n\n".join(cell.source for cell in inside if cell.role == "everyone" and cell.kind == "code"), stub=stub,
        solution=solution, explanation=explanation, checks=checks,
        shown_check=_shown_check(path, mark, key, [c for c in cells if c.question is None and c.kind == "code"]),
        answers=_answers(path, mark, checks, stub, solution), cells=tuple(cells),
    )  # fmt: skip


def _texts(path, mark, cells):
    """Number and title, minutes, points, statement and hints."""
    texts = [cell.source for cell in cells]
    hints = tuple(found.strip() for text in texts for found in HINT.findall(text))
    statement = "\n\n".join(filter(None, (HINT.sub("", text).strip() for text in texts)))
    if "<details" in statement:
        raise MasterError(
            f"{path}, {mark}: expected every hint as `<details><summary>Hint</summary>`, an empty line, Markdown, an"
            " empty line, `</details>`"
        )
    heading = HEADING.match(statement)
    if not heading:
        raise MasterError(f"{path}, {mark}: expected the statement to begin with a heading such as `### 2 · Title`")
    about = ABOUT.match(statement, heading.end())
    if not about:
        raise MasterError(
            f"{path}, {mark}: expected the first paragraph after the heading to begin with `*About 15 minutes, 4"
            " points.*`"
        )
    number, title = heading.groups()
    return (int(number), title), int(about[1]), float(about[2]), statement[about.end() :].strip(), hints


def _answer(path, mark, cells):
    """Stub, solution and explanation, of all cells of the solution together."""
    from otter.assign.solutions import replace_solutions  # takes two seconds, so only where a master is read

    code = [cell for cell in cells if cell.kind == "code"]
    if not code:
        raise MasterError(f"{path}, {mark}: expected a code cell between `# BEGIN SOLUTION` and `# END SOLUTION`")
    stubs = []
    for cell in code:
        try:
            stubs.append("\n".join(replace_solutions(cell.source.splitlines(), "python")))
        except AssertionError as error:
            raise MasterError(f"{path}, {cell}: expected pairs of `# BEGIN SOLUTION` and `# END SOLUTION`") from error
        if stubs[-1] == cell.source:
            raise MasterError(
                f"{path}, {cell}: expected `# SOLUTION` at lines, or `# BEGIN SOLUTION` ... `# END SOLUTION` around"
                " them; without, students get the whole cell"
            )
    return (
        "\n\n\n".join(filter(str.strip, stubs)),
        "\n\n\n".join(without_marks(cell.source) for cell in code),
        "\n\n".join(cell.source for cell in cells if cell.kind == "markdown"),
    )


def without_marks(source):
    """Code of a solution without the marks of the solution, and without what stands in its place for students."""
    source = re.sub(
        r'^[ \t]*"""[ \t]*# BEGIN PROMPT\n.*?"""[; \t]*# END PROMPT(\n|$)', "", source, flags=re.DOTALL | re.MULTILINE
    )
    kept = [line for line in source.splitlines() if not re.match(r"\s*# (BEGIN|END) (SOLUTION|PROMPT)", line)]
    return "\n".join(re.sub(r" *# ?SOLUTION( NO PROMPT)?$", "", line) for line in kept)


def _check_points(path, mark, checks, points, stated):
    """Checks and points belong together."""
    for hidden, words in [(False, "visible"), (True, "hidden")]:
        if not any(check.hidden is hidden for check in checks):
            raise MasterError(
                f"{path}, {mark}: expected at least one {words} check between `# BEGIN TESTS` and `# END TESTS`"
            )
    names = [check.name for check in checks]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise MasterError(f"{path}, {mark}: expected every check to have a name of its own, got two of `{twice[0]}`")
    total = sum(check.points for check in checks)
    if isinstance(points, bool) or not isinstance(points, int | float):
        raise MasterError(
            f"{path}, {mark}: expected `points: {total:g}`, the sum over the checks, got `points: {_flow(points)}`"
        )
    for found, where in [(points, "after `points:`"), (stated, "in the statement")]:
        if found != total:
            raise MasterError(
                f"{path}, {mark}: expected {total:g} points, the sum over the checks, got {found:g} {where}"
            )


def _answers(path, mark, checks, stub, solution):
    """The names that checks take, all of them defined by stub and solution."""
    needed = tuple(dict.fromkeys(name for check in checks for name in check.needs if name != "student"))
    for what, code in [("solution", solution), ("stub", stub)]:
        try:
            defined = _defined(code)
        except SyntaxError as error:
            raise MasterError(
                f"{path}, {mark}: expected Python in the {what}, got {error.msg} in its line {error.lineno}"
            ) from error
        missing = [name for name in needed if name not in defined]
        if missing:
            raise MasterError(
                f"{path}, {mark}: expected arguments of the checks among `student` and what the {what} defines"
                f" ({', '.join(sorted(defined))}), got `{missing[0]}`"
            )
    return needed


def _defined(code):
    """The names that code defines at its top level."""
    names = set()
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {
                name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
    return names


def _shown_check(path, mark, key, cells):
    """The code cell after the question in which students check themselves."""
    for cell in cells:
        try:
            calls = [
                node
                for node in ast.walk(ast.parse(cell.source))
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check"
            ]
        except SyntaxError as error:
            raise MasterError(f"{path}, {cell}: expected Python, got {error.msg} in line {error.lineno}") from error
        if any(call.args and getattr(call.args[0], "value", None) == key for call in calls):
            return cell.source
    raise MasterError(
        f'{path}, {mark}: expected a code cell `check("{key}", ..., student=student)` after its `# END QUESTION`'
    )


def _configuration(path, mark):
    """The settings below a mark."""
    try:
        found = yaml.safe_load(mark.source.partition("\n")[2]) or {}
    except yaml.YAMLError as error:
        raise MasterError(f"{path}, {mark}: expected YAML below the mark: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise MasterError(f"{path}, {mark}: expected settings `name: value` below the mark")
    return found
