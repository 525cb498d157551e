"""A master is read, and one that would not work is refused with words that lead to the cell."""

import re

import pytest
import torch
from otter.assign.solutions import replace_solutions
from tests.assignments.small_master import BY_HAND, CELLS, CONFIG, OPENING, STABLE, write

from lossatlas.classroom.masters import MasterError, read_master
from lossatlas.classroom.masters.master import without_marks
from lossatlas.exercises import NotSolved, given


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    return read_master(write(tmp_path_factory.mktemp("masters")))


def test_what_is_read(master):
    assert (master.family, master.title, master.intro) == (
        "cross_entropy",
        "Cross-entropy, a few exercises",
        "Two exercises.\n\nThat is all.",
    )
    assert [cell.kind for cell in master.opening] == ["markdown", "markdown", "code"]
    one, two = master.questions
    assert (one.number, one.name, one.key, one.title) == (1, "q1", "cross_entropy/1", "Three logits by hand")
    assert (one.minutes, one.points, two.points) == (10, 2, 3)
    assert one.statement == "Find $p$.\n\nFractions are welcome."
    assert (one.hints, two.hints) == (("Divide by *what*?",), ())
    assert (one.given, two.given) == ('given("cross_entropy/1", student=student)', "")
    assert one.explanation == "The weights are divided by their sum."
    assert one.shown_check == 'check("cross_entropy/1", by_hand, student=student)'
    assert (one.answers, two.answers) == (("by_hand",), ("my_cross_entropy",))
    assert two.stub == "def my_cross_entropy(logits, target):\n    ..."
    assert "SOLUTION" not in one.solution + two.solution


def test_checks_are_functions(master):
    visible, hidden = master.questions[1].checks
    assert (visible.name, visible.hidden, visible.points, visible.needs) == (
        "test_visible",
        False,
        1,
        ("my_cross_entropy", "student"),
    )
    assert (hidden.hidden, hidden.points, hidden.words) == (
        True,
        2,
        "It has the same properties on inputs not seen before.",
    )
    assert visible.words == "visible"
    space = {"torch": torch}
    exec(master.questions[1].solution, space)
    result = hidden.function()(space["my_cross_entropy"], "Ada")
    assert result.passed
    with pytest.raises(NotSolved, match="write `my_cross_entropy"):
        hidden.function()(None, "Ada")


def test_solution_of_several_parts_runs(master):
    space = {"given": given, "student": "Grace"}
    exec(master.questions[0].solution, space)
    for check in master.questions[0].checks:
        check.function()(space["by_hand"], "Grace")


def test_several_solution_cells_are_joined(tmp_path):
    at = STABLE.index(("raw", "# END SOLUTION"))
    more = [
        *STABLE[:at],
        ("code", "# BEGIN SOLUTION NO PROMPT\nhelper = 3\n# END SOLUTION"),
        ("code", "b = 2  # SOLUTION"),
        *STABLE[at:],
    ]
    question = read_master(write(tmp_path, [*OPENING, *more])).questions[0]
    assert question.stub == "def my_cross_entropy(logits, target):\n    ...\n\n\nb = ..."
    assert question.solution.endswith("- true\n\n\nhelper = 3\n\n\nb = 2")


@pytest.mark.parametrize(
    ("source", "solution", "stub"),
    [
        ("a = 3  # SOLUTION", "a = 3", "a = ..."),
        ("a = 3 # SOLUTION NO PROMPT\nb = 1", "a = 3\nb = 1", "b = 1"),
        ("def f(x):\n    return x  # SOLUTION", "def f(x):\n    return x", "def f(x):\n    ..."),
        (
            '""" # BEGIN PROMPT\na = {"x": ...}\n""" # END PROMPT\na = {"x": 3}  # SOLUTION NO PROMPT',
            'a = {"x": 3}',
            'a = {"x": ...}',
        ),
        ("# BEGIN SOLUTION NO PROMPT\na = 1\n# END SOLUTION\nb = ...", "a = 1\nb = ...", "b = ..."),
    ],
)
def test_marks_leave_solution_and_stub(source, solution, stub):
    assert without_marks(source) == solution
    assert "\n".join(replace_solutions(source.splitlines(), "python")) == stub


def changed(old, new, cells=CELLS):
    """The cells with a text replaced where it stands first."""
    at = next(i for i, (_, source) in enumerate(cells) if old in source)
    return [*cells[:at], (cells[at][0], cells[at][1].replace(old, new, 1)), *cells[at + 1 :]]


def without(source, cells=CELLS):
    at = next(i for i, cell in enumerate(cells) if cell[1].startswith(source))
    return [*cells[:at], *cells[at + 1 :]]


CONFIGURED = '""" # BEGIN TEST CONFIG\nhidden: true\npoints: 2\n""" # END TEST CONFIG\n'

REFUSED = {
    "no question": (OPENING, "expected at least one question"),
    "no settings": (without("# ASSIGNMENT CONFIG"), "expected a raw cell `# ASSIGNMENT CONFIG`"),
    "otter's own cells": (
        changed("init_cell: false\n", ""),
        "cell 1 (`# ASSIGNMENT CONFIG`): expected `init_cell: false`, got `init_cell: null`",
    ),
    "another kind of tests": (
        changed("ok_format: false", "ok_format: true"),
        "expected `tests: {files: false, ok_format: false}`",
    ),
    "settings that are no YAML": (
        changed("# ASSIGNMENT CONFIG\n", "# ASSIGNMENT CONFIG\n- : -:\n"),
        "expected YAML below the mark",
    ),
    "no title": (
        changed("# Cross-entropy, a few", "Cross-entropy, a few"),
        "cell 2 (`Cross-entropy, a few exercises`): expected a title",
    ),
    "a raw cell without a mark": ([*OPENING, ("raw", "see below"), *STABLE], "cell 5 (`see below`): expected a mark"),
    "the settings inside": (
        [*OPENING, *STABLE[:2], ("raw", CONFIG), *STABLE[2:]],
        "expected before the first question",
    ),
    "no END QUESTION": (
        [*OPENING, *without("# END QUESTION", BY_HAND), *STABLE],
        "expected `# END QUESTION` for the block that begins in cell 5 first",
    ),
    "no END QUESTION at the end": (
        [*OPENING, *without("# END QUESTION", STABLE)],
        "cell 5 (`# BEGIN QUESTION`): expected `# END QUESTION` further down, but the notebook ends",
    ),
    "no END TESTS": (without("# END TESTS"), "expected `# END TESTS`, because the last block begun is that of cell 13"),
    "no END SOLUTION": (
        without("# END SOLUTION"),
        "expected `# END SOLUTION` for the block that begins in cell 9 first",
    ),
    "no BEGIN TESTS": (
        without("# BEGIN TESTS"),
        "expected `# END QUESTION`, because the last block begun is that of cell 5",
    ),
    "a solution nowhere": ([*OPENING, ("raw", "# BEGIN SOLUTION")], "expected `# BEGIN QUESTION` around it first"),
    "a solution in a cell for everyone": (
        [*OPENING, ("code", "answer = 3  # SOLUTION"), *STABLE],
        "cell 5 (`answer = 3  # SOLUTION`): expected the line `answer = 3  # SOLUTION` only between",
    ),
    "what otter would leave out": (
        [*OPENING, ("markdown", "# IGNORE\nsecret"), *STABLE],
        "expected the line `# IGNORE` only between",
    ),
    "an end of nothing": (
        [*OPENING, ("raw", "# END TESTS"), *STABLE],
        "cell 5 (`# END TESTS`): expected a `# BEGIN TESTS` further up",
    ),
    "a name of another kind": (
        changed("name: q2", "name: stable"),
        "expected `name: q` and the number of the exercise, such as `name: q2`, got `name: stable`",
    ),
    "no name": (changed("name: q2\n", ""), "got `name: None`"),
    "otter's check cell": (changed("check_cell: false", "check_cell: true"), "expected `check_cell: false`"),
    "settings that are no settings": (
        changed("# BEGIN QUESTION\nname: q2\npoints: 3\ncheck_cell: false", "# BEGIN QUESTION\nq2"),
        "expected settings `name: value`",
    ),
    "an unknown exercise": (changed("name: q2", "name: q17"), "expected an exercise cross_entropy/17 in the library"),
    "another order": (
        [*OPENING, *STABLE, *BY_HAND],
        "expected the questions in the order of their numbers, got q1 after q2",
    ),
    "no heading": (
        changed("### 2 · Cross", "## 2 Cross"),
        "expected the statement to begin with a heading such as `### 2 · Title`",
    ),
    "another title": (
        changed("does not overflow", "overflows"),
        (
            "expected the heading `### 2 · Cross-entropy that does not overflow`, got `### 2 · Cross-entropy that"
            " overflows`"
        ),
    ),
    "another number": (changed("### 2 ·", "### 3 ·"), "got `### 3 · Cross-entropy that does not overflow`"),
    "no minutes": (
        changed("*About 15 minutes, 3 points.* ", ""),
        "expected the first paragraph after the heading to begin with `*About 15 minutes, 4 points.*`",
    ),
    "other minutes": (
        changed("About 15 minutes", "About 20 minutes"),
        "expected `*About 15 minutes, ...*` as in the exercise cross_entropy/2, got 20",
    ),
    "other points in the statement": (
        changed("15 minutes, 3 points", "15 minutes, 4 points"),
        "expected 3 points, the sum over the checks, got 4 in the statement",
    ),
    "other points in the settings": (
        changed("points: 3", "points: 4"),
        "expected 3 points, the sum over the checks, got 4 after `points:`",
    ),
    "no points in the settings": (
        changed("points: 3\n", ""),
        "expected `points: 3`, the sum over the checks, got `points: null`",
    ),
    "a hint that is not closed": (
        changed("</details>", ""),
        "expected every hint as `<details><summary>Hint</summary>`",
    ),
    "no solution": (
        [*OPENING, *(c for c in STABLE if "amax" not in c[1])],
        "expected a code cell between `# BEGIN SOLUTION` and `# END SOLUTION`",
    ),
    "a solution without marks": (
        changed("    # BEGIN SOLUTION\n", "").copy(),
        "expected pairs of `# BEGIN SOLUTION` and `# END SOLUTION`",
    ),
    "a solution that students would get": (
        [*OPENING, *changed("    # BEGIN SOLUTION\n", "", changed("\n    # END SOLUTION", "", STABLE))],
        "without, students get the whole cell",
    ),
    "a stub that is no Python": (
        changed("    # BEGIN SOLUTION\n", "    # BEGIN SOLUTION NO PROMPT\n"),
        "expected Python in the stub",
    ),
    "no visible check": (
        changed("hidden: false\npoints", "hidden: true\npoints"),
        "expected at least one visible check",
    ),
    "no hidden check": (
        [*OPENING, *changed("hidden: true", "hidden: false", STABLE)],
        "expected at least one hidden check",
    ),
    "no points of a check": (
        changed("hidden: false\npoints: 1", "hidden: false"),
        "expected `points: ` and a number in the configuration, got None",
    ),
    "points that are no number": (changed("hidden: false\npoints: 1", "hidden: false\npoints: one"), "got 'one'"),
    "hidden that is neither": (
        changed("hidden: false\npoints", "hidden: sometimes\npoints"),
        "expected `hidden: true` or `hidden: false`, got 'sometimes'",
    ),
    "a configuration that is no YAML": (
        changed("hidden: false\npoints", "hidden: [\npoints"),
        "expected YAML in the configuration",
    ),
    "an unknown setting": (
        changed("hidden: false\npoints", "hiden: true\npoints"),
        "expected the settings `points` and `hidden`",
    ),
    "no configuration": (
        changed('""" # BEGIN TEST CONFIG\nhidden: false\npoints: 1\n""" # END TEST CONFIG\n', ""),
        "expected a string",
    ),
    "no end of the configuration": (changed('""" # END TEST CONFIG', '"""'), "expected a string"),
    "a test that is no Python": (
        changed("def test_visible(my", "def test_visible my"),
        "expected Python after the configuration, got unmatched ')' in its line 1",
    ),
    "two functions": (
        changed("def test_visible", "def helper(x):\n    pass\n\ndef test_visible"),
        "expected exactly one function after the configuration, with imports and helpers inside it; got 2",
    ),
    "an import before": (
        changed("def test_visible", "import torch\ndef test_visible"),
        "expected exactly one function",
    ),
    "two checks of one name": (
        changed("test_other_inputs", "test_visible"),
        "expected every check to have a name of its own, got two of `test_visible`",
    ),
    "an argument that no answer has": (
        changed("def test_visible(my_cross_entropy", "def test_visible(your_cross_entropy"),
        "what the solution defines (my_cross_entropy), got `your_cross_entropy`",
    ),
    "an argument with a default": (
        changed("test_visible(my_cross_entropy, student)", "test_visible(my_cross_entropy, student='Ada')"),
        "expected the function to take answers by name",
    ),
    "an answer that the stub lacks": (
        changed(
            "def my_cross_entropy(logits, target):\n    # BEGIN",
            "# BEGIN SOLUTION NO PROMPT\nmy_cross_entropy = abs\n# END SOLUTION\ndef f():\n    # BEGIN",
        ),
        "what the stub defines (f), got `my_cross_entropy`",
    ),
    "no check for the student": (CELLS[:-1], 'expected a code cell `check("cross_entropy/2", ..., student=student)`'),
    "another exercise's check": (
        changed('check("cross_entropy/2"', 'check("cross_entropy/3"'),
        'expected a code cell `check("cross_entropy/2"',
    ),
    "a check that is no Python": (
        changed('check("cross_entropy/2", my', 'check("cross_entropy/2" my'),
        "expected Python, got",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what, tmp_path):
    cells, words = REFUSED[what]
    path = write(tmp_path, cells)
    with pytest.raises(MasterError, match=re.escape(words)) as caught:
        read_master(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_no_notebook(tmp_path):
    path = tmp_path / "cross_entropy.ipynb"
    for content in ("", "[]", "{}", "plain words", '{"cells": 3}'):
        path.write_text(content)
        with pytest.raises(MasterError, match="expected a Jupyter notebook"):
            read_master(path)
    with pytest.raises(MasterError, match="expected a Jupyter notebook"):
        read_master(tmp_path / "absent.ipynb")
