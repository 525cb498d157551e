"""The result of a check, readable as text and as a card that does not rely on colour."""

import html
import re
from dataclasses import dataclass

MARKS = {"holds": "✓", "fails": "✗", "not reached": "·"}


@dataclass(frozen=True)
class Feedback:
    """One property of the answer: its name, its state ("holds", "fails", "not reached"), and what was seen."""

    name: str
    state: str
    words: str = ""


@dataclass(frozen=True)
class Score:
    """What a property returns that measures an answer: a note for the reader, and a number, where more is better."""

    words: str
    value: float


@dataclass(frozen=True, repr=False)
class Result:
    """The outcome of a check. `passed` is True when every property holds.

    Attributes:
        key, title: of the exercise.
        feedback: one `Feedback` for the form of the answer and for each property, up to the last.
        to_do: what is missing where the answer, or a part of it, is still the stub; else empty.
        score: what a property measured (see `Score`), or None.
        error: the exception that ended it, if one did that was not about a property.
    """

    key: str
    title: str
    feedback: tuple
    to_do: str = ""
    score: float | None = None
    error: BaseException | None = None

    @property
    def passed(self):
        return not self.to_do and all(line.state == "holds" for line in self.feedback)

    @property
    def heading(self):
        return f"Exercise {self.key}: {self.title}"

    @property
    def summary(self):
        """The outcome in one sentence."""
        if self.to_do:
            return f"Not attempted yet: {self.to_do}."
        count = sum(line.state == "holds" for line in self.feedback)
        if self.passed:
            return f"Solved: all {count} properties hold."
        return f"Not there yet: {count} of {len(self.feedback)} properties hold."

    def __str__(self):
        lines = [self.heading, self.summary]
        for line in self.feedback:
            lines.append(f"  {MARKS[line.state]} {line.name} ({line.state})")
            lines += [f"      {words}" for words in line.words.splitlines()]
        return "\n".join(lines)

    def __repr__(self):
        """Short, but with what fails, for the failed assertions that pytest shows."""
        failing = next((f" {line.name}: {line.words}" for line in self.feedback if line.state == "fails"), "")
        return f"<exercise {self.key}: {self.summary}{failing}>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def _repr_html_(self):
        """A card in the colours of the page it stands on."""
        rows = "".join(_row(line) for line in self.feedback)
        return (
            f'<div class="atlas-check" role="group" aria-label="Check of exercise {html.escape(self.key)}" '
            'style="border:1px solid currentColor;border-radius:.4em;padding:.6em .9em;margin:.5em 0;'
            'color:inherit;background:transparent;overflow-wrap:anywhere">'
            f'<p style="margin:0"><strong style="display:block">{_text(self.heading)}</strong>{_text(self.summary)}</p>'
            + (f'<ul style="list-style:none;margin:.5em 0 0;padding:0">{rows}</ul>' if rows else "")
            + "</div>"
        )


def _row(line):
    name = f"<strong>{_text(line.name)}</strong>" if line.state == "fails" else _text(line.name)
    words = (
        f'<div style="margin:.15em 0 .35em;text-indent:0;white-space:pre-line">{_text(line.words)}</div>'
        if line.words
        else ""
    )
    mark = f'<span aria-hidden="true" style="display:inline-block;width:1.6em;text-indent:0">{MARKS[line.state]}</span>'
    return f'<li style="padding-left:1.6em;text-indent:-1.6em">{mark}{name} <em>({line.state})</em>{words}</li>'


def _text(words):
    """Escaped, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(words))
