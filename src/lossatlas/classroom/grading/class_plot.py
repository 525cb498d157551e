"""What a class can do and where it fails: a picture for the lesson, and the same in words."""

import io
import textwrap
from collections import Counter
from dataclasses import dataclass

STATES = {"full": "all points", "partial": "some points", "none": "no points", "not attempted": "not attempted"}
COLOURS = {"full": "#1b6f5c", "partial": "#8fcbb5", "none": "#d5733c", "not attempted": "#d9d9d9"}
INK = {"full": "white", "partial": "#1d1d1f", "none": "#1d1d1f", "not attempted": "#1d1d1f"}
#: States also differ by their hatch, for readers and printers without colours.
HATCH = {"full": "", "partial": "", "none": "///", "not attempted": ".."}
STATUSES = ("graded", "needs a look", "not gradable", "not handed in")
STOPPED, EVERYWHERE = "The notebook did not run, or was stopped", "all"
MOST_FAILURES, MOST_RANKED = 12, 10


@dataclass(frozen=True)
class Summary:
    """What the class did.

    Attributes:
        title: of the master.
        statuses: status -> how many students.
        questions: list of ("1 · title", state -> how many of the graded).
        failures: list of (question number or "all", property, how many students failed there), most first.
        boards: list of ("5 · title", [(place, score, student)]), best first.
    """

    title: str
    statuses: dict
    questions: list
    failures: list
    boards: list

    @property
    def graded(self):
        return sum(self.questions[0][1].values()) if self.questions else 0

    @property
    def attendance(self):
        """Who is counted, in words."""
        return ", ".join(f"{count} {status}" for status, count in self.statuses.items())


def summarise(entries, master, boards):
    """The `Summary` of a class.

    Args:
        entries: list of `Entry`.
        master: the `Master`.
        boards: what `leaderboards` gave.
    """
    labels = {question.name: f"{question.number} · {question.title}" for question in master.questions}
    states = {name: Counter(dict.fromkeys(STATES, 0)) for name in labels}
    failures, statuses = Counter(), Counter(entry.status for entry in entries)
    for entry in entries:
        found = {question["number"]: causes(question) for question in entry.questions}
        if found and all(STOPPED in words for words in found.values()):  # one mishap, not one in every question
            found = {number: [cause for cause in words if cause != STOPPED] for number, words in found.items()} | {
                EVERYWHERE: [STOPPED]
            }
        failures.update((number, cause) for number, words in found.items() for cause in words)
        for question in entry.questions:
            states[question["name"]][question["state"]] += 1
    return Summary(
        master.title,
        {status: statuses[status] for status in STATUSES if statuses[status]},
        [(label, dict(states[name])) for name, label in labels.items()],
        [(number, cause, count) for (number, cause), count in sorted(failures.items(), key=_most_first)],
        [
            (labels[name], [(place, score, entry.student) for place, score, entry in board])
            for name, board in boards.items()
        ],
    )


def _most_first(failure):
    (number, cause), count = failure
    return -count, number == EVERYWHERE, f"{number:>4}", cause


def causes(question):
    """Why a student lost points in a question, each cause once."""
    found = {}
    for check in question["checks"]:
        failing = [line["name"] for line in check["lines"] if line["state"] == "fails"]
        if check["state"] == "failed":
            found.update(dict.fromkeys(failing or [check["title"]]))
        elif check["state"] == "out of time":
            found["Took too long"] = None
        elif check["state"] == "lost":
            found[STOPPED] = None
        elif check["state"] == "grader error":
            found["Error in a check: look at it"] = None
    return [cause.replace("`", "") for cause in found]


def picture(summary):
    """PNG bytes: shares by question, what failed most, the leaderboards."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    failures = summary.failures[:MOST_FAILURES]
    rows = [1.3 + 0.62 * len(summary.questions), 0.9 + 0.55 * max(len(failures), 1)]
    rows += [0.9 + 0.3 * min(len(board), MOST_RANKED) for _, board in summary.boards]
    settings = {
        "font.size": 10.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "hatch.linewidth": 0.6,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(9.5, sum(rows)), dpi=120, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(rows), 1, height_ratios=rows, squeeze=False)[:, 0]
        figure.suptitle(
            f"{_plain(summary.title)}\n{summary.attendance}", x=0.01, ha="left", fontsize=13, fontweight="bold"
        )
        _shares(panels[0], summary)
        _failed(panels[1], failures, summary.graded)
        for panel, (label, board) in zip(panels[2:], summary.boards, strict=True):
            _ranked(panel, label, board)
        file = io.BytesIO()
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def words(summary):
    """Markdown with the picture, its text alternative, and all its numbers."""
    lines = [
        f"# {summary.title}: the class",
        "",
        f"Students: {summary.attendance}.",
        "",
        f"![{alt(summary)}](class.png)",
        "",
    ]
    lines += ["## By question", "", f"Of {summary.graded} submissions that were graded:", ""]
    lines += [f"| exercise | {' | '.join(STATES.values())} |", f"|---|{'---:|' * len(STATES)}"]
    lines += [
        f"| {_cell(label)} | {' | '.join(str(states[state]) for state in STATES)} |"
        for label, states in summary.questions
    ]
    lines += [
        "",
        "## What failed",
        "",
        "How many students lost points in a question for this reason; each student counts once a reason.",
        "",
    ]
    if summary.failures:
        lines += ["| exercise | property that does not hold | students |", "|---|---|---:|"]
        lines += [f"| {number} | {_cell(cause)} | {count} |" for number, cause, count in summary.failures]
    else:
        lines += ["Nothing."]
    for label, board in summary.boards:
        lines += ["", f"## Leaderboard: {label}", "", "| place | student | score |", "|---:|---|---:|"]
        lines += [f"| {place} | {_cell(student)} | {score:.4g} |" for place, score, student in board]
    return "\n".join(lines) + "\n"


def alt(summary):
    """What the picture shows, in a few sentences."""
    shares = "; ".join(
        f"exercise {label.partition(' ')[0]}:"
        f" {', '.join(f'{states[state]} {words}' for state, words in STATES.items() if states[state]) or 'nobody'}"
        for label, states in summary.questions
    )
    failed = "; ".join(f"{cause} (exercise {number}): {count}" for number, cause, count in summary.failures[:3])
    text = f"Bars for every exercise show how many of {summary.graded} students got what. {shares}."
    text += f" What failed most often: {failed}." if failed else ""
    for label, board in summary.boards:
        text += f" Best score in exercise {label.partition(' ')[0]}: {board[0][1]:.4g}."
    return "".join(c for c in text if c not in "[]\\`\n")


def _shares(axes, summary):
    for row, (_, states) in enumerate(summary.questions):
        left = 0
        for state in STATES:
            axes.barh(
                row,
                states[state],
                left=left,
                height=0.62,
                color=COLOURS[state],
                hatch=HATCH[state],
                edgecolor="white",
                linewidth=1,
            )
            if states[state] >= max(1, 0.03 * summary.graded):
                ground = {"facecolor": COLOURS[state], "edgecolor": "none", "pad": 1.5}
                axes.text(
                    left + states[state] / 2,
                    row,
                    str(states[state]),
                    ha="center",
                    va="center",
                    color=INK[state],
                    bbox=ground,
                )
            left += states[state]
    labels = [textwrap.fill(_plain(label), 34) for label, _ in summary.questions]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(0, max(summary.graded, 1))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("students")
    from matplotlib.patches import Patch

    keys = [
        Patch(facecolor=COLOURS[state], hatch=HATCH[state], edgecolor="white", label=name)
        for state, name in STATES.items()
    ]
    axes.legend(
        handles=keys,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=len(keys),
        frameon=False,
        handlelength=1.4,
        columnspacing=1.4,
    )


def _failed(axes, failures, graded):
    axes.set_title("What failed, and for how many students", loc="left", fontweight="bold", fontsize=11.5)
    for row, (number, cause, count) in enumerate(failures):
        axes.barh(row, count, height=0.34, color=COLOURS["none"])
        axes.text(
            0, row - 0.26, textwrap.shorten(f"{number} · {_plain(cause)}", 88, placeholder=" …"), va="bottom", ha="left"
        )
        axes.text(count, row, f" {count}", va="center", ha="left")
    if not failures:
        axes.text(0, 0, "Nothing.", va="center")
    axes.set_ylim(max(len(failures), 1) - 0.6, -0.8)
    axes.set_xlim(0, max(graded, 1) * 1.04)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _ranked(axes, label, board):
    shown = board[:MOST_RANKED]
    more = f", best {len(shown)} of {len(board)}" if len(board) > len(shown) else ""
    axes.set_title(
        textwrap.fill(f"Leaderboard of {_plain(label)}{more}", 66), loc="left", fontweight="bold", fontsize=11.5
    )
    scores = [score for _, score, _ in shown]
    span = (max(scores) - min(scores)) or abs(max(scores)) or 1.0
    start = min(scores) - 0.15 * span
    for row, (_, score, _) in enumerate(shown):
        axes.axhline(row, color="#b5b5b5", linewidth=0.8, linestyle=":", zorder=1)
        axes.plot(score, row, "o", color=COLOURS["full"], markersize=7, zorder=2)
        axes.text(
            score,
            row,
            f"   {score:.4g}",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            zorder=1.5,
        )
    axes.set_yticks(
        range(len(shown)),
        [textwrap.shorten(_plain(f"{place}. {student}"), 34, placeholder=" …") for place, _, student in shown],
    )
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(start, max(scores) + 0.15 * span)
    axes.set_xlabel("score")


def _plain(words):
    """Text that the drawing must not read as mathematics."""
    return words.replace("$", r"\$")


def _cell(words):
    """Text for a cell of a Markdown table."""
    return "".join(f"\\{c}" if c in "\\|`*_[]<>&" else c for c in words)
