"""The exercises of a chapter as a table: what to write, how long it takes, and where it is."""

import html
import re
from dataclasses import dataclass
from importlib import metadata

from ..contract import wrong
from .answers import Function, OneOf, Parts
from .found import EXERCISES

#: Names the chapter of a listing, for whoever knows better where its exercises are.
LISTING = "application/vnd.lossatlas.exercises+json"


def listing(family):
    """The exercises of a chapter.

    In a kernel the titles lead to the book's site, on the site to the page beside the chapter.

    Args:
        family: the chapter, such as `"cross_entropy"`.

    Returns:
        A `Listing`, which shows itself as a table.

    Raises:
        ValueError: no chapter of this name has exercises.
    """
    found = tuple(exercise for exercise in EXERCISES.values() if _chapter(exercise) == family)
    if not found:
        chapters = dict.fromkeys(map(_chapter, EXERCISES.values()))
        raise wrong("family", f"one of {', '.join(chapters)}", repr(family))
    return Listing(family, found)


def page_of(family):
    """The name of the page with the exercises of a chapter."""
    return f"{family}_exercises"


@dataclass(frozen=True)
class Listing:
    """What `listing` returns: the exercises of one chapter, in their order."""

    family: str
    exercises: tuple

    def __repr__(self):
        lines = [f"{number(e)}. {e.title} (about {e.minutes} minutes): {task(e.form)}" for e in self.exercises]
        return "\n".join([f"Exercises of the chapter {self.family}, about {self.minutes} minutes in all", *lines])

    @property
    def minutes(self):
        """Minutes that all exercises take together, about."""
        return sum(exercise.minutes for exercise in self.exercises)

    def html(self, page=""):
        """The table.

        Args:
            page: address of the page of these exercises, to which the titles then lead; "" where there is none.
        """
        rows = "".join(self._row(exercise, page) for exercise in self.exercises)
        return (
            f'<div role="region" aria-label="Exercises of the chapter {self.family}" tabindex="0"'
            ' style="overflow-x: auto"><table class="atlas-exercises"><thead><tr><th scope="col">Exercise</th>'
            f'<th scope="col">Your answer</th><th scope="col">Minutes</th></tr></thead><tbody>{rows}</tbody>'
            f'<tfoot><tr><th scope="row">together, about</th><td></td><td>{self.minutes}</td></tr></tfoot>'
            "</table></div>"
        )

    def _row(self, exercise, page):
        title = html.escape(exercise.title)
        if page:
            title = f'<a href="{html.escape(page)}#exercise-{number(exercise)}">{title}</a>'
        return (
            f'<tr><th scope="row">{number(exercise)} · {title}</th>'
            f"<td>{_text(task(exercise.form))}</td><td>{exercise.minutes}</td></tr>"
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        site = site_address()
        page = f"{site}{page_of(self.family)}.html" if site else ""
        return {"text/plain": repr(self), "text/html": self.html(page), LISTING: {"family": self.family}}


def number(exercise):
    """The number of an exercise in its chapter, as text: "2" for "cross_entropy/2"."""
    return exercise.key.partition("/")[2]


def task(form):
    """What an answer consists of, in few words: `p` (3 numbers), or the call of a function."""
    if isinstance(form, Parts):
        return "; ".join(map(task, form.forms.values()))
    if isinstance(form, Function):
        return f"`{form.call}`"
    if isinstance(form, OneOf):
        return f"`{form.name}`, a choice of {len(form.choices)}"
    return f"`{form.name}`, {form}"


def site_address():
    """The address of the book's site, with a slash at its end, from the installed package; "" where it has none."""
    for line in metadata.metadata("lossatlas").get_all("Project-URL", ()):
        label, _, address = line.partition(", ")
        if label == "Documentation":
            return f"{address.rstrip('/')}/"
    return ""


def _chapter(exercise):
    return exercise.key.partition("/")[0]


def _text(words):
    """Escaped, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(words, quote=False))
