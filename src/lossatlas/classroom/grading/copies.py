"""Hints that work was shared: answers that fit another student's numbers, and code that is the same.

They are remarks for a human who looks at both notebooks, not verdicts: short right answers resemble each other, and
students may have been allowed to work together.
"""

import ast
import hashlib
import json
from collections import defaultdict

from ...exercises import EXERCISES
from ...exercises.exercise import numbers_of

#: Nodes of the syntax tree beyond those of the stub: two or three lines of formulas. Shorter code is the same by
#: chance.
LEAST_NODES = 40
MOST_NAMED = 5


def code_of_questions(notebook, questions):
    """What a notebook's code for each question is, whatever its names, spaces and comments.

    Args:
        notebook: bytes, anybody's.
        questions: those of the master.

    Returns:
        question name -> hash of the code; without those that are missing, as handed out, or short.
    """
    try:
        definitions = _definitions(_sources(notebook))
        found = {}
        for question in questions:
            size, mark = _normalised(definitions, question.answers)
            stub_size, stub_mark = _normalised(_definitions([question.stub]), question.answers)
            if mark != stub_mark and size - stub_size >= LEAST_NODES:
                found[question.name] = mark
        return found
    except (RecursionError, MemoryError):
        return {}


def same_code(records):
    """student -> remarks on questions for which others have the same code."""
    groups = defaultdict(list)
    for record in records:
        for question in record["questions"]:
            if question["code"]:
                groups[question["name"], question["code"]].append(record["student"])
    remarks = defaultdict(list)
    for (question, _), students in sorted(groups.items()):
        for student in students if len(students) > 1 else ():
            others = [other for other in students if other != student]
            remarks[student].append(f"{question}: same code as {_named(others)}")
    return remarks


def fitting_numbers(records, master):
    """student -> remarks on answers that are wrong for their own numbers and right for those of another student."""
    students = [record["student"] for record in records]
    remarks = defaultdict(list)
    for record, question, posed in _wrong_numbers(records, master):
        others = [other for other in students if other != record["student"]]
        if fitting := _fitting(posed, question["answer"], record["student"], others):
            remarks[record["student"]].append(f"{question['name']}: answer fits the numbers of {_named(fitting)}")
    return remarks


def fitting_declared(record, master):
    """question name -> the name in the notebook, perhaps "", where a wrong answer is right for that name's numbers."""
    names = [] if record["declared"] is None else list(dict.fromkeys([record["declared"], ""]))
    found = {
        q["name"]: _fitting(posed, q["answer"], record["student"], names)
        for _, q, posed in _wrong_numbers([record], master)
    }
    return {question: fitting[0] for question, fitting in found.items() if fitting}


def _wrong_numbers(records, master):
    """Answers of plain numbers that lost points in questions with numbers of one's own."""
    posed = {question.name: question for question in master.questions}
    for record in records:
        for question in record["questions"]:
            if question["answer"] and question["state"] in ("none", "partial"):
                yield record, question, posed[question["name"]]


def _fitting(question, answers, student, others):
    """Those others whose numbers differ, and for whom every check that looks at the numbers would pass."""
    exercise = EXERCISES[question.key]
    checks = [check for check in question.checks if "student" in check.needs]
    own = numbers_of(exercise, student)
    return [
        other
        for other in others
        if checks and numbers_of(exercise, other) != own and all(_passes(check, answers, other) for check in checks)
    ]


def _passes(check, answers, student):
    try:
        check.function()(**{name: student if name == "student" else answers[name] for name in check.needs})
    except Exception:
        return False
    return True


def _named(students):
    more = f" and {len(students) - MOST_NAMED} more" if len(students) > MOST_NAMED else ""
    return ", ".join(students[:MOST_NAMED]) + more


def _sources(notebook):
    """The code cells of a notebook that may be anything."""
    try:
        cells = json.loads(notebook)["cells"]
        code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, TypeError, KeyError):
        return []
    return ["".join(map(str, source)) if isinstance(source, list) else str(source) for source in code]


def _definitions(sources):
    """name -> the last statement at the top of a cell that defines it."""
    found = {}
    for source in sources:
        lines = [line if line.lstrip()[:1] not in ("%", "!") else "pass" for line in source.split("\n")]
        try:
            body = ast.parse("\n".join(lines)).body
        except (SyntaxError, ValueError):
            continue
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                found[statement.name] = statement
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                for name in (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)):
                    found[name] = statement
    return found


def _normalised(definitions, answers):
    """Size and hash of the code behind some names: their definitions, and those of what these use, once each."""
    wanted, chosen = [name for name in answers if name in definitions], []
    for name in wanted:
        if definitions[name] not in chosen:
            chosen.append(definitions[name])
            used = [node.id for node in ast.walk(definitions[name]) if isinstance(node, ast.Name)]
            wanted += [name for name in dict.fromkeys(used) if name in definitions and name not in (*wanted, "student")]
    # Parsed anew, because renaming changes the tree.
    tree = _Renamed(set(wanted)).visit(ast.parse("\n".join(map(ast.unparse, chosen))))
    return (
        sum(1 for _ in ast.walk(tree)),
        hashlib.sha256(ast.dump(tree).encode(errors="backslashreplace")).hexdigest()[:20],
    )


class _Renamed(ast.NodeTransformer):
    """Own names become v0, v1, ... in the order in which they appear; docstrings and annotations go."""

    def __init__(self, own):
        self.own, self.names = own, {}

    def visit_Module(self, node):
        for inner in ast.walk(node):
            if isinstance(inner, ast.arg):
                self.own.add(inner.arg)
            elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                self.own.add(inner.id)
            elif isinstance(inner, ast.FunctionDef | ast.ClassDef):
                self.own.add(inner.name)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node):
        node.name, node.returns = self._renamed(node.name), None
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    def visit_ClassDef(self, node):
        node.name = self._renamed(node.name)
        return self.generic_visit(node)

    def visit_Name(self, node):
        node.id = self._renamed(node.id)
        return node

    def visit_arg(self, node):
        node.arg, node.annotation = self._renamed(node.arg), None
        return node

    def _renamed(self, name):
        return self.names.setdefault(name, f"v{len(self.names)}") if name in self.own else name
