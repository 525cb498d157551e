"""All right answers, from the masters of the book, and typical wrong ones, of `answers` in `tests/families/<family>`.

Such a file has `wrong_answers()`, a list of (exercise, name, answer, words that the feedback must have); `STUBS`,
exercise -> answers not attempted yet; and `FORBIDDEN`, file of checks -> names of functions that it must not call,
because they are the answer, or one step from it.
"""

import ast
import functools
from pathlib import Path

from tests.families import families, modules

from lossatlas.classroom.masters import masters_in, read_master
from lossatlas.classroom.masters.self_study import FETCHES

MODULES = [module for family in families() for module in modules(family, "answers")]
BOOK = Path(__file__).parents[2] / "book"


@functools.cache
def masters():
    """The masters of the book by family."""
    paths = masters_in(BOOK / "exercises")
    # One that is only begun has no question yet; `tests/families/test_every_family.py` says so of its family alone.
    begun = [family for family, path in paths.items() if "# BEGIN QUESTION" in path.read_text(encoding="utf8")]
    return {family: read_master(paths[family]) for family in begun}


def questions():
    """Exercise -> (master, question)."""
    return {question.key: (master, question) for master in masters().values() for question in master.questions}


def names(key, code, student=""):
    """What a student's notebook defines after the opening cells, the student's numbers and the code of an answer."""
    master, question = questions()[key]
    space = {"__name__": "notebook"}
    for cell in master.opening:
        if cell.kind == "code" and FETCHES not in cell.source:
            exec(compile(cell.source, "opening", "exec"), space)
    space["student"] = student
    exec(compile(question.given, "given", "exec"), space)
    exec(compile(code, f"answer to {key}", "exec"), space)
    return space


def handed_in(key, code, student=""):
    """What a notebook with this answer passes to `check`."""
    space, found = names(key, code, student), []
    space["check"] = lambda key, answer, *, student="": found.append(answer)
    exec(compile(questions()[key][1].shown_check, "check", "exec"), space)
    return found[0]


def solutions(student=""):
    return {key: handed_in(key, question.solution, student) for key, (_, question) in questions().items()}


def named(key, answer):
    """The answer to `check`, by the names that a notebook gives its parts; None where no notebook could give them."""
    tree = ast.parse(questions()[key][1].shown_check)
    [call] = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check"]
    form = call.args[1]
    assigned = {node.targets[0].id: node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    form = assigned.get(getattr(form, "id", ""), form)
    if isinstance(form, ast.Name):
        return {form.id: answer}
    parts = {part.value: name.id for part, name in zip(form.keys, form.values, strict=True)}
    if not isinstance(answer, dict) or set(answer) != set(parts):
        return None
    return {parts[part]: value for part, value in answer.items()}


def wrong_answers():
    return [case for module in MODULES for case in module.wrong_answers()]


def stubs():
    return {key: found for module in MODULES for key, found in module.STUBS.items()}


def forbidden():
    return {path: names for module in MODULES for path, names in module.FORBIDDEN.items()}
