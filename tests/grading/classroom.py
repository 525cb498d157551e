"""A small master, notebooks for it, and a session without a sandbox for notebooks of this file."""

import json

from lossatlas.classroom.grading.submissions import file_names
from lossatlas.classroom.masters import Check, Master, Question

BY_HAND = '''
def test_by_hand(p_by_hand, loss_by_hand, gradient_by_hand, student):
    """The numbers by hand."""
    from lossatlas.exercises import check_properties
    answer = {"p": p_by_hand, "loss": loss_by_hand, "gradient": gradient_by_hand}
    check_properties("cross_entropy/1", answer, student=student)
'''
BY_HAND_ODDS = '''
def test_odds(p_by_hand, student):
    """The odds of the first two classes."""
    from lossatlas.exercises import given
    weights = given("cross_entropy/1", student=student)["exp_of_logits"]
    found, wanted = p_by_hand[0] * weights[1], p_by_hand[1] * weights[0]
    assert abs(found - wanted) < 1e-2, f"class 0 comes out {p_by_hand[0] / p_by_hand[1]:.3g} times as likely as class 1"
'''
STABLE = '''
def test_as_shown(my_cross_entropy, student):
    """The check of the notebook."""
    from lossatlas.exercises import check_properties
    check_properties("cross_entropy/2", my_cross_entropy, student=student)
'''
OTHER_INPUTS = """
def test_other_inputs(my_cross_entropy, student):
    from lossatlas.exercises import check_properties
    check_properties("cross_entropy/2", my_cross_entropy, student=student, draws="other inputs")
"""
OWN = '''
def test_own(own_loss, student):
    """A loss of your own."""
    import torch
    from lossatlas.exercises import Score, check_properties, need

    def falls(loss, draw):
        """It falls towards the label."""
        right, wrong = loss(torch.tensor([[3.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 0])).tolist()
        need(right < wrong, f"the loss is {right:.3g} for a right prediction and {wrong:.3g} for a wrong one")
        return Score(f"The gap is {wrong - right:.3g}.", wrong - right)

    check_properties("cross_entropy/2", own_loss, student=student, properties=(falls,))
'''
BY_HAND_STUB = "p_by_hand = ...\nloss_by_hand = ...\ngradient_by_hand = ..."
STUB = "def my_cross_entropy(logits, target):\n    ..."
OWN_STUB = "def own_loss(logits, target):\n    ..."


def checks(key, *sources):
    """Checks of one and two points, the second hidden."""
    return tuple(
        Check(source.partition("def ")[2].partition("(")[0], points, points == 2, source.strip(), needs(source), key)
        for points, source in enumerate(sources, 1)
    )


def needs(source):
    return tuple(name.strip() for name in source.partition("(")[2].partition(")")[0].split(","))


def question(number, key, title, stub, found):
    answers = tuple(dict.fromkeys(name for check in found for name in check.needs if name != "student"))
    points = sum(check.points for check in found)
    return Question(number, f"q{number}", key, title, 10, points, "", (), "", stub, "", "", found, "", answers, ())


def master(path, *more):
    """Three questions of 3, 3 and 1 points, and more of them."""
    return Master(
        path,
        "cross_entropy",
        "Cross-entropy: exercises",
        "",
        (
            question(
                1,
                "cross_entropy/1",
                "Three logits by hand",
                BY_HAND_STUB,
                checks("cross_entropy/1", BY_HAND, BY_HAND_ODDS),
            ),
            question(
                2,
                "cross_entropy/2",
                "Cross-entropy that does not overflow",
                STUB,
                checks("cross_entropy/2", STABLE, OTHER_INPUTS),
            ),
            question(3, "cross_entropy/2", "A loss of your own", OWN_STUB, checks("cross_entropy/2", OWN)),
            *more,
        ),
        (),
    )


def opening(student):
    return (
        "import math\n"
        "import torch\n"
        "from lossatlas.exercises import check, given, check_properties\n\n"
        f"student = {student!r}"
    )


RIGHT_BY_HAND = """numbers = given("cross_entropy/1", student=student)
weights, y = numbers["exp_of_logits"], numbers["true_class"]
p = [w / sum(weights) for w in weights]
p_by_hand = p
loss_by_hand = -math.log(p[y])
gradient_by_hand = [q - (k == y) for k, q in enumerate(p)]"""
RIGHT_LOSS = """def my_cross_entropy(logits, target):
    # Only differences matter.
    shifted = logits - logits.amax(-1, keepdim=True)
    return shifted.exp().sum(-1).log() - shifted.gather(-1, target.unsqueeze(-1)).squeeze(-1)"""
RIGHT_OWN = "def own_loss(logits, target):\n    return SCALE * my_cross_entropy(logits, target)"
SHOWN_CHECKS = 'check("cross_entropy/2", my_cross_entropy, student=student)'


def right(student, scale=1.0):
    """Cells that solve everything."""
    return [opening(student), RIGHT_BY_HAND, RIGHT_LOSS, RIGHT_OWN.replace("SCALE", str(scale)), SHOWN_CHECKS]


def stub(student):
    return [opening(student), BY_HAND_STUB, STUB, OWN_STUB]


def notebook(cells):
    """The bytes of a notebook with these code cells."""
    listed = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for i, source in enumerate(cells)
    ]
    text = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Exercises"}
    return json.dumps({"cells": [text, *listed], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def hand_in(folder, **cells):
    """Write one notebook a student."""
    folder.mkdir(exist_ok=True)
    for student, source in cells.items():
        (folder / f"{student}.ipynb").write_bytes(notebook(source))
    return folder


class Explained(Exception):
    """An error of an answer, explained as by the sandbox."""

    def __init__(self, error):
        super().__init__(str(error))
        self.explanation = f"Your code raised {type(error).__name__}: {error}"


class LocalSession:
    """Runs notebooks of this file here, without a sandbox, so that what grading makes of answers is tested fast."""

    def __init__(self, data, *, student, isolation, limits):
        self.cells, self.space = [], {}
        for index, cell in enumerate(json.loads(data)["cells"]):
            if cell["cell_type"] == "code":
                try:
                    exec(cell["source"], self.space)
                except Exception as error:
                    self.cells.append(
                        type(
                            "Cell",
                            (),
                            {
                                "index": index,
                                "source_head": cell["source"].partition("\n")[0],
                                "error": f"{type(error).__name__}: {error}",
                            },
                        )
                    )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    @property
    def declared_student(self):
        return self.space.get("student", "")

    @property
    def answers(self):
        return {name: _explained(value) if callable(value) else value for name, value in self.space.items()}


def _explained(function):
    from functools import wraps

    @wraps(function)
    def called(*args, **keywords):
        try:
            return function(*args, **keywords)
        except Exception as error:
            raise Explained(error) from None

    from lossatlas.exercises.answers import is_stub

    called.is_stub = is_stub(function)
    return called


def feedback_of(out, *students):
    """The pages of some students."""
    return {student: (out / "feedback" / f"{file_names([student])[student]}.html").read_text() for student in students}
