"""The page that gathers the verdicts of all chapters, written anew at every build."""

VERDICT = "application/vnd.lossatlas.verdict+json"
WORDS = ("supported", "not supported", "inconclusive")
SIGNS = {"supported": "✓", "not supported": "✗", "inconclusive": "?"}

OPENING = """# Does it hold?

Papers claim things about their losses: faster, more robust, better calibrated. This page lists every such claim that
the book puts to the test. The effect is measured for each of many random seeds. The rule that turns the effects into a
word was fixed before the first run, and the word is computed from it.

A small experiment can support a claim, contradict it, or be unable to tell. *Not supported* speaks of the scale at
which it was run, which the tier names. Each claim links to the chapter that shows its experiment in full.
"""


def evidence_page(verdicts):
    """The page as MyST markdown.

    Args:
        verdicts: dictionaries as a verdict's display bundle carries them, each with the `page` that it stands on.
    """
    if not verdicts:
        return f"{OPENING}\nNo chapter has put a claim to the test yet.\n"
    counts = {word: sum(verdict["word"] == word for verdict in verdicts) for word in WORDS}
    tally = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    total = f"{len(verdicts)} claim{'s' if len(verdicts) > 1 else ''}: {tally}."
    rows = "".join(map(_row, verdicts))
    head = "* - Claim\n  - Effect and rule\n  - Result\n  - Verdict\n"
    table = f"```{{list-table}}\n:header-rows: 1\n:class: atlas-evidence\n:widths: 32 30 22 16\n\n{head}{rows}```\n"
    return f"{OPENING}\n{total}\n\n{table}"


def _row(verdict):
    low, high = verdict["interval"]
    rule = _line(verdict["rule"])
    return (
        f"* - {_line(verdict['statement'])} {{cite}}`{verdict['paper']}`\n\n    Shown in {{doc}}`/{verdict['page']}`.\n"
        f"  - {_line(verdict['effect'])}\n\n    {rule[0].upper()}{rule[1:]}.\n"
        f"  - {verdict['mean']:.3g}, 95 % interval {low:.3g} to {high:.3g}\n\n"
        f"    {verdict['share']:.0%} of {verdict['seeds']} seeds on the side of the claim\n"
        f"  - **{SIGNS[verdict['word']]} {verdict['word']}**\n\n    tier {verdict['tier']}\n"
    )


def _line(text):
    """The text on one line, as a table cell needs it."""
    return " ".join(text.split())
