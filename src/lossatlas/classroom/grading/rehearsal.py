"""Grade the master's own solution before the class: is the master right, and what do all submissions share?

What checks compute for everybody, such as networks that are trained for comparison, they keep; processes that are
forked afterwards have it.
"""

import contextlib
import io

import torch

from .grade import CHECK_SECONDS, try_check


def rehearse(master):
    """Run every check on the master's solution, here and without a sandbox, for it is the instructor's own.

    Returns:
        What did not pass, as lines of text; nothing where the solution earns every point.
    """
    trouble, space = [], {"student": ""}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for cell in master.opening:
                if cell.kind == "code":
                    exec(cell.source, space)
            for question in master.questions:
                if question.solution.strip():
                    trouble += _solved(question, space)
    finally:
        torch.set_num_threads(threads)
    return trouble


def _solved(question, space):
    try:
        exec(compile(f"{question.given}\n{question.solution}", f"<solution of {question.name}>", "exec"), space)
    except Exception as error:
        return [f"{question.name}: its solution raised {type(error).__name__}: {error}"]
    trouble = []
    for check in question.checks:
        outcome = try_check(check, {name: space.get(name) for name in check.needs}, CHECK_SECONDS)
        if outcome["state"] != "passed":
            words = outcome["words"] or next(
                (line["words"] for line in outcome["lines"] if line["state"] == "fails"), ""
            )
            trouble.append(f"{question.name}, {check.name}: {outcome['state']}: {words.partition(chr(10))[0]}")
    return trouble
