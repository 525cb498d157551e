"""Verdicts as executed notebooks carry them."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lossatlas.evidence import MIME

VERDICT = {
    "key": "a-beats-b",
    "paper": "good1952rational",
    "statement": "A beats B.",
    "effect": "accuracy of A minus that of B",
    "rule": "supported if the interval lies above 0, not supported if below",
    "word": "not supported",
    "mean": -0.1234567,
    "interval": [-0.2, -0.05],
    "seeds": 20,
    "share": 0.1,
    "tier": "smoke",
}

#: A cell that puts a claim to the test; the paper is the one that the small book knows.
CLAIM = """from lossatlas.evidence import AtLeast, Claim

Claim(
    key="a-beats-b",
    paper="nobody2000nothing",
    statement="A beats B & C.",
    effect="accuracy of A minus that of B",
    rule=AtLeast(0),
    experiment=lambda seeds, tier: [-1.0 - 0.1 * s for s in seeds],
).run()"""


def evidence(*keys):
    """An executed notebook that shows a verdict for each key."""
    outputs = [new_output("display_data", {MIME: {**VERDICT, "key": key}}) for key in keys]
    return new_notebook(cells=[new_markdown_cell("# Evidence"), new_code_cell("x", outputs=outputs)])
