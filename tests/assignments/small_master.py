"""A small master to take apart: two exercises of the cross-entropy chapter, in the format of the book's own masters."""

import nbformat

CONFIG = """# ASSIGNMENT CONFIG
export_cell: false
check_all_cell: false
init_cell: false
solutions_pdf: false
generate:
  pdf: false
  show_hidden: false
tests:
  files: false
  ok_format: false"""

OPENING = [
    ("raw", CONFIG),
    ("markdown", "# Cross-entropy, a few exercises\n\nTwo exercises.\n\nThat is all."),
    ("markdown", "Write your name below."),
    ("code", 'from lossatlas.exercises import check, given\n\nstudent = ""'),
]

BY_HAND = [
    ("raw", "# BEGIN QUESTION\nname: q1\npoints: 2\ncheck_cell: false"),
    (
        "markdown",
        "### 1 · Three logits by hand\n\n*About 10 minutes, 2 points, paper and pencil.* Find $p$.\n\n"
        "Fractions are welcome.",
    ),
    ("markdown", "<details><summary>Hint</summary>\n\nDivide by *what*?\n\n</details>"),
    ("code", 'given("cross_entropy/1", student=student)'),
    ("raw", "# BEGIN SOLUTION"),
    ("code", """# BEGIN SOLUTION NO PROMPT
import math

numbers = given("cross_entropy/1", student=student)
total = sum(numbers["exp_of_logits"])
probabilities = [weight / total for weight in numbers["exp_of_logits"]]
# END SOLUTION
by_hand = {
    "p": [..., ..., ...],
    "loss": ...,
    "gradient": [..., ..., ...],
}
# BEGIN SOLUTION NO PROMPT
by_hand = {
    "p": probabilities,
    "loss": -math.log(probabilities[numbers["true_class"]]),
    "gradient": [p - (k == numbers["true_class"]) for k, p in enumerate(probabilities)],
}
# END SOLUTION"""),
    ("markdown", "The weights are divided by their sum."),
    ("raw", "# END SOLUTION"),
    ("raw", "# BEGIN TESTS"),
    ("code", '''""" # BEGIN TEST CONFIG
points: 1
""" # END TEST CONFIG
def test_all(by_hand, student):
    """It has all properties."""
    from lossatlas.exercises import check_properties
    check_properties("cross_entropy/1", by_hand, student=student)'''),
    ("code", '''""" # BEGIN TEST CONFIG
hidden: true
points: 1
""" # END TEST CONFIG
def test_largest(by_hand, student):
    from lossatlas.exercises import given
    weights = given("cross_entropy/1", student=student)["exp_of_logits"]
    largest = weights.index(max(weights))
    assert max(by_hand["p"]) == by_hand["p"][largest], "the largest weight is the likeliest class"'''),
    ("raw", "# END TESTS"),
    ("raw", "# END QUESTION"),
    ("code", 'check("cross_entropy/1", by_hand, student=student)'),
]  # fmt: skip

STABLE = [
    ("raw", "# BEGIN QUESTION\nname: q2\npoints: 3\ncheck_cell: false"),
    (
        "markdown",
        "### 2 · Cross-entropy that does not overflow\n\n*About 15 minutes, 3 points.* Write `my_cross_entropy`.",
    ),
    ("raw", "# BEGIN SOLUTION"),
    ("code", """def my_cross_entropy(logits, target):
    # BEGIN SOLUTION
    shifted = logits - logits.amax(-1, keepdim=True)
    true = shifted.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    return shifted.exp().sum(-1).log() - true
    # END SOLUTION"""),
    ("raw", "# END SOLUTION"),
    ("raw", "# BEGIN TESTS"),
    ("code", '''""" # BEGIN TEST CONFIG
hidden: false
points: 1
""" # END TEST CONFIG
def test_visible(my_cross_entropy, student):
    from lossatlas.exercises import check_properties
    check_properties("cross_entropy/2", my_cross_entropy, student=student)'''),
    ("code", '''""" # BEGIN TEST CONFIG
hidden: true
points: 2
""" # END TEST CONFIG
def test_other_inputs(my_cross_entropy, student):
    """It has the same properties on inputs not seen before."""
    from lossatlas.exercises import check_properties
    return check_properties("cross_entropy/2", my_cross_entropy, student=student, draws="other inputs")'''),
    ("raw", "# END TESTS"),
    ("raw", "# END QUESTION"),
    ("code", 'check("cross_entropy/2", my_cross_entropy, student=student)'),
]  # fmt: skip

CELLS = [*OPENING, *BY_HAND, *STABLE]


def write(folder, cells=CELLS, name="cross_entropy"):
    """The master as a file `<name>.ipynb`."""
    new = {
        "raw": nbformat.v4.new_raw_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
    }
    notebook = nbformat.v4.new_notebook(
        cells=[new[kind](source, id=f"cell-{i}") for i, (kind, source) in enumerate(cells)]
    )
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path
