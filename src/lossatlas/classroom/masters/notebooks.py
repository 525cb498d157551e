"""The notebook for students, and the one for instructors, each put together from the cells that belong in it."""

import nbformat

from .rubric import rubric

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def student_notebook(master):
    """Statements, hints, stubs and the student's own checks. It needs nothing but this library."""
    cells = [(cell.kind, cell.source) for cell in master.opening]
    for question in master.questions:
        cells += _with_answer(question, [("code", question.stub)])
    return _notebook(cells)


def instructor_notebook(master):
    """Statements, solutions, all checks, and the rubric of each question in its place; it runs from top to bottom."""
    warning = "> **For instructors.** This notebook contains the solutions and the hidden checks."
    cells = [("markdown", warning), *((cell.kind, cell.source) for cell in master.opening)]
    for question in master.questions:
        explained = [("markdown", f"**Solution.** {question.explanation}")] if question.explanation else []
        cells += _with_answer(question, [("code", question.solution), *explained])
        cells += [("markdown", rubric(question)), *(("code", _called(check)) for check in question.checks)]
    return _notebook(cells)


def _with_answer(question, answer):
    """The cells of a question that are for everyone, with the answer where the solution stands in the master."""
    cells, answered = [], False
    for cell in question.cells:
        if cell.role == "everyone":
            cells.append((cell.kind, cell.source))
        elif cell.role == "solution" and not answered:
            cells += answer
            answered = True
    return cells


def _called(check):
    seen = "hidden" if check.hidden else "visible"
    return f"# {seen}, {check.points:g} points\n{check.source}\n\n\n{check.name}({', '.join(check.needs)})"


def _notebook(cells):
    new = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    return nbformat.v4.new_notebook(
        cells=[new[kind](source, id=f"cell-{number}") for number, (kind, source) in enumerate(cells, 1)],
        metadata=METADATA,
    )
