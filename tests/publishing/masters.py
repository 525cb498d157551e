"""A master of one exercise, to build a site from and to look for on it."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from lossatlas.exercises import Exercise, Function
from tests.assignments.small_master import CONFIG

SOLUTION = """import torch


def halve(values):
    \"\"\"Half of each value.\"\"\"
    # BEGIN SOLUTION
    halved_carefully = values * torch.tensor(0.5)  # a power of two loses nothing
    assert halved_carefully.shape == values.shape
    return halved_carefully
    # END SOLUTION"""
EXPLANATION = "The product with one half is exact, **because** a half is a power of two."
HIDDEN = """def test_twice_is_the_whole(halve):
    import torch
    values = torch.arange(7.0) ** 3 - 11.0
    assert torch.equal(halve(values) + halve(values), values), "two halves are no whole\""""
VISIBLE = """def test_two(halve):
    import torch
    assert halve(torch.tensor([2.0])) == 1.0"""


def halves(answer, draw):
    """The answer is half of what goes in."""


EXERCISE = Exercise("chapter/1", "One half of everything", 5, Function("halve(values)"), (halves,))


def test_cell(source, points, hidden):
    hide = "hidden: true\n" if hidden else ""
    return new_code_cell(f'""" # BEGIN TEST CONFIG\n{hide}points: {points}\n""" # END TEST CONFIG\n{source}')


test_cell.__test__ = False


def write_master(folder, family="chapter"):
    """Put the master into a folder; gives its path."""
    cells = [
        new_raw_cell(CONFIG),
        new_markdown_cell("# Exercises of a small chapter\n\nWork in any order."),
        new_code_cell('from lossatlas.exercises import check, given\n\nstudent = ""'),
        new_raw_cell("# BEGIN QUESTION\nname: q1\npoints: 3\ncheck_cell: false"),
        new_markdown_cell(
            "### 1 · One half of everything\n\n*About 5 minutes, 3 points.* Write `halve(values)`, which gives $x / 2$ "
            "for each $x$."
        ),
        new_markdown_cell("<details><summary>Hint</summary>\n\nWhich number times two is *one*?\n\n</details>"),
        new_raw_cell("# BEGIN SOLUTION"),
        new_markdown_cell(EXPLANATION),
        new_code_cell(SOLUTION),
        new_raw_cell("# END SOLUTION"),
        new_raw_cell("# BEGIN TESTS"),
        test_cell(VISIBLE, 1, hidden=False),
        test_cell(HIDDEN, 2, hidden=True),
        new_raw_cell("# END TESTS"),
        new_raw_cell("# END QUESTION"),
        new_code_cell('check("chapter/1", halve, student=student)'),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{family}.ipynb"
    notebook = new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    nbformat.write(notebook, path)
    return path
