"""The verdicts of the book: gathered from the executed notebooks, and the page that lists them by family."""

from itertools import groupby

from lossatlas.evidence import MIME

from ..build.book import BookError

WORDS = ("supported", "not supported", "inconclusive")

OPENING = """# Does it hold?

Papers claim things about their losses: faster, more robust, better calibrated. This page lists every such claim that
the book puts to the test. The effect is measured for each of many random seeds. The rule that turns the effects into a
word was fixed before the first run, and the word is computed from it.

A small experiment can support a claim, contradict it, or be unable to tell. *Not supported* speaks of the scale at
which it was run, which the tier names. Each verdict leads to its experiment, with the effect of every seed.
"""


def collect_verdicts(notebooks):
    """All verdicts of the book in the order of the notebooks, each with the `page` that shows it.

    Args:
        notebooks: name of the page -> executed notebook.

    Raises:
        BookError: for a key that two claims have, or a verdict that is shown twice.
    """
    found = {}
    for page, notebook in notebooks.items():
        for verdict in verdicts_of(notebook):
            key = verdict["key"]
            if key in found:
                raise BookError(
                    f"{page}: expected a verdict that no other page shows, got {key!r}, "
                    f"which {found[key]['page']} shows"
                )
            found[key] = {**verdict, "page": page}
    return list(found.values())


def verdicts_of(notebook):
    """The verdicts that a notebook shows, in the order of its cells."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]


def evidence_page(verdicts, titles):
    """The page as MyST markdown.

    Args:
        verdicts: what `collect_verdicts` gives.
        titles: the title of each chapter by the name of its family.
    """
    if not verdicts:
        return f"{OPENING}\nNo claim has been put to the test yet.\n"
    parts = [OPENING, f"{_tally(verdicts)}\n"]
    for page, group in groupby(verdicts, lambda verdict: verdict["page"]):
        family, own = page.rpartition("/")[2], list(group)
        parts.append(f"## {titles.get(family, family)}\n\n{_tally(own)} The experiments: {{doc}}`/{page}`.\n")
        parts.append(_table(own))
    return "\n".join(parts)


def _tally(verdicts):
    counts = {word: sum(verdict["word"] == word for verdict in verdicts) for word in WORDS}
    ends = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{len(verdicts)} claim{'s' if len(verdicts) > 1 else ''}: {ends}."


def _table(verdicts):
    head = "* - Claim\n  - Effect and rule\n  - Result\n  - Verdict\n"
    rows = "".join(map(_row, verdicts))
    return f"```{{list-table}}\n:header-rows: 1\n:class: atlas-evidence\n:widths: 32 30 22 16\n\n{head}{rows}```\n"


def _row(verdict):
    low, high = verdict["interval"]
    rule = _line(verdict["rule"])
    return (
        f"* - {_line(verdict['statement'])} {{cite}}`{verdict['paper']}`\n"
        f"  - {_line(verdict['effect'])}\n\n    {rule[0].upper()}{rule[1:]}.\n"
        f"  - {verdict['mean']:.3g}, 95 % interval {low:.3g} to {high:.3g}\n\n"
        f"    {verdict['share']:.0%} of {verdict['seeds']} seeds on the side of the claim\n"
        f"  - {{verdict}}`{verdict['key']}`\n\n    tier {verdict['tier']}\n"
    )


def _line(text):
    """The text on one line, as a table cell needs it."""
    return " ".join(text.split())
