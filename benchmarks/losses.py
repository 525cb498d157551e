"""Forward and backward of every registered loss beside its peers, and what checks and reduction add to the formula.

A new loss is measured without a line here.
"""

from lossatlas.contract.operation import formula_of

from .contest import SIZES, alone, beside, contests, inputs_of, mark_fastest, ours, run_of, there_and_back
from .memory import peak_bytes
from .timing import alternate, difference


def measure(entry, size, pace):
    """The rows of a loss at a size: one for each peer, or one by itself.

    Args:
        pace: arguments of `timing.alternate`.
    """
    rows = []
    for terms, rivals in contests(entry, size):
        inputs = inputs_of(entry.signature, SIZES[size], terms.dtype)
        run = there_and_back(ours(entry, terms), inputs, terms)
        their_runs = {peer.id: run_of(peer, inputs, terms) for peer in rivals}
        samples = alternate({"loss": run, **their_runs}, **pace)
        row = alone(entry, size, "eager", samples["loss"], peak_bytes(run))
        for peer in rivals:
            memory = peak_bytes(their_runs[peer.id]) if peer.differentiable else None
            rows.append(beside(row, peer, terms, samples["loss"], samples[peer.id], memory))
        rows += [] if rivals else [row]
    rows[0]["decorator_seconds"] = decorator_seconds(entry, inputs_of(entry.signature, SIZES[size]), pace)
    return mark_fastest(rows)


def decorator_seconds(entry, inputs, pace):
    """What checks, weights and reduction add to the bare formula: the median. All of it happens on the way forward."""
    formula, made_ready = formula_of(entry.body, entry.signature, entry.form)
    ready = made_ready or (lambda inputs: inputs)
    runs = {"loss": lambda: entry.function(**inputs), "bare": lambda: formula(ready(inputs), {}).mean()}
    samples = alternate(runs, **pace)
    return difference(samples["loss"], samples["bare"])["median"]
