"""What earns how many points, and the messages of the checks about typical mistakes, as Markdown for instructors."""

from ...exercises import EXERCISES
from .messages import looks_at, messages


def rubric(question):
    """The rubric of one question as Markdown, headings of level 4."""
    return "\n\n".join([
        f"#### Rubric of exercise {question.number}, {question.points:g} points",
        _table(question),
        _partial_credit(question),
        "Messages of the checks about answers that are not right yet (… stands for what they saw):",
        _messages(question),
    ])  # fmt: skip


def rubric_page(master):
    """The rubrics of all questions as one Markdown document."""
    total = sum(question.points for question in master.questions)
    minutes = sum(question.minutes for question in master.questions)
    rows = [
        f"| {q.number} | {q.title} | {q.minutes} | {q.points:g} | {_sum(q, hidden=False):g} |"
        f" {_sum(q, hidden=True):g} |"
        for q in master.questions
    ]
    overview = [
        "| Exercise | Title | Minutes | Points | by visible checks | by hidden checks |",
        "|---|---|---:|---:|---:|---:|",
        *rows,
        (
            f"| | together | {minutes} | {total:g} | {sum(_sum(q, hidden=False) for q in master.questions):g} |"
            f" {sum(_sum(q, hidden=True) for q in master.questions):g} |"
        ),
    ]
    intro = (
        "For instructors. Every check is worth its points on its own: it passes and earns all of them, or it raises and"
        " earns none. Visible checks try properties that students see when they run `check`, mostly with the same"
        " inputs; hidden ones try other inputs or other properties. Minutes are those of the statements that students"
        " read."
    )
    parts = [f"## {q.number} · {q.title}\n\nAbout {q.minutes} minutes.\n\n{rubric(q)}" for q in master.questions]
    return "\n\n".join([f"# Rubric · {master.title}", intro, "\n".join(overview), *parts]) + "\n"


def _table(question):
    rows = [
        f"| `{check.name}` | {'hidden' if check.hidden else 'visible'} | {check.points:g} |"
        f" {looks_at(check, EXERCISES[question.key].properties).replace('|', '/')} |"
        for check in question.checks
    ]
    return "\n".join(["| Check | | Points | It looks at |", "|---|---|---:|---|", *rows])


def _partial_credit(question):
    visible, hidden = _sum(question, hidden=False), _sum(question, hidden=True)
    words = (
        f"Partial credit: the visible checks earn {visible:g} of the {question.points:g} points, the hidden ones the"
        f" other {hidden:g}. "
    )
    if any(check.hidden and "draws=" in check.source for check in question.checks):
        words += (
            "An answer that passes what students see and fails on other inputs was fitted to the shown ones, or is"
            " right only there. "
        )
    largest = max(question.checks, key=lambda check: check.points)
    return (
        words
        + f"Most is lost with `{largest.name}` ({largest.points:g}). An answer that is still the stub earns nothing."
    )


def _sum(question, *, hidden):
    return sum(check.points for check in question.checks if check.hidden is hidden)


def _messages(question):
    """Messages of properties and checks, under what they look at."""
    properties = EXERCISES[question.key].properties
    lines, known = [], set()
    for name, sentences in messages(properties, question.checks):
        new = [words for words in sentences if words not in known]
        known.update(new)
        if new:
            lines += [f"- {name}", *(f"  - {words}" for words in new)]
    return "\n".join(lines)
