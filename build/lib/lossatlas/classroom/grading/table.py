"""The table of grades, as a spreadsheet opens it."""

import csv
import io
from decimal import Decimal


def grades(entries, out_of, boards):
    """CSV text: one row a student with points a question, scores, status and remarks.

    Args:
        entries: list of `Entry`.
        out_of: question name -> points it is worth.
        boards: question name -> leaderboard; these questions get a column with the score.
    """
    scored = [name for name in out_of if name in boards]
    columns = ["student", "total", "out_of", *out_of, *(f"{name}_score" for name in scored), "status", "remarks"]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(columns)
    for entry in entries:
        earned = {question["name"]: Decimal(question["earned"]) for question in entry.questions}
        scores = {question["name"]: question["score"] for question in entry.questions}
        rows.writerow(
            [
                harmless(entry.student),
                number(entry.total),
                number(sum(out_of.values(), Decimal(0))),
                *(number(earned.get(name, Decimal(0))) for name in out_of),
                *("" if scores.get(name) is None else repr(scores[name]) for name in scored),
                entry.status,
                harmless("; ".join(entry.remarks)),
            ]
        )
    return text.getvalue()


def number(points):
    """Points without superfluous zeros: 3, 2.5."""
    return f"{points.normalize():f}" if points else "0"


def harmless(words):
    """Text that no spreadsheet takes for a formula: an apostrophe goes before a sign that would begin one."""
    words = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return f"'{words}" if words[:1] in ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠") else words
