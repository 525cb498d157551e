"""The page for instructors: its tables, and syllabi whose links and minutes come from the book itself."""

import re
from collections import Counter
from dataclasses import asdict, fields
from functools import cached_property
from urllib.parse import urlencode

import nbformat
import yaml
from docutils.nodes import make_id

from lossatlas.classroom.grading.limits import PROTECTION, Limits
from lossatlas.classroom.masters import read_master
from lossatlas.contract import losses
from lossatlas.exercises import EXERCISES
from lossatlas.exercises.listing import page_of
from lossatlas.exercises.quiz import quiz
from lossatlas.exercises.quiz_questions import families as quizzes
from lossatlas.exercises.quiz_questions import path_of, read

from ...catalogue.rows import papers
from ..build.book import BookError
from ..build.chapters import chapters
from ..build.config import listed_pages
from ..build.contents import belonging
from .exercises import BRANCH, addresses
from .syllabus import FIELDS, plan, sessions_of

PLACE = re.compile(r"^<!-- course: ([\w-]+) -->$", re.M)
SYLLABUS = re.compile(r"^```\{syllabus\}\n(.*?)^```$", re.M | re.S)
FIGURE = re.compile(r'<figure class="atlas-explorer" id="([^"]+)" role="group" aria-label="([^"]+)"')


def course_page(text, book, records):
    """The page with its places filled: `<!-- course: name -->`, every ```` ```{syllabus} ````, and `REPOSITORY`.

    Args:
        text: the page as written.
        book: the `Book`; its chapters are executed.
        records: how the notebooks were executed, by name.

    Raises:
        BookError: for a place without a table, and for a syllabus that names what the book does not have.
    """
    course = Course(book, records)

    def table(found):
        if found[1] not in TABLES:
            raise BookError(f"instructors.md: expected a table among {', '.join(TABLES)}, got {found[1]!r}")
        return TABLES[found[1]](course)

    text = text.replace("REPOSITORY", book.repository)
    return SYLLABUS.sub(lambda found: syllabus(found[1], course), PLACE.sub(table, text))


class Course:
    """What a page for instructors can tell of the book."""

    def __init__(self, book, records):
        self.book, self.records = book, records
        order = list(listed_pages(yaml.safe_load(book.contents.read_text(encoding="utf8"))))
        there = {entry.family for entry in losses()} & set(records)
        self.families = sorted(there, key=lambda name: (order.index(name) if name in order else len(order), name))
        self.masters = {family: read_master(path) for family, path in book.masters().items() if family in records}
        self.titles, self.sections, self.figures = {}, {}, {}
        for name in (page for family in self.families for page in self.executed(family)):
            cells = nbformat.read(book.executed / f"{name}.ipynb", as_version=4).cells
            headings = re.findall(
                r"^(#{1,3}) (.+)$", "\n".join(cell.source for cell in cells if cell.cell_type == "markdown"), re.M
            )
            self.titles[name] = headings[0][1] if headings else name
            self.sections |= {f"{name}#{make_id(words)}": words for level, words in headings if level == "##"}
            outputs = [output for cell in cells for output in cell.get("outputs", ())]
            shown = [
                figure
                for output in outputs
                for figure in FIGURE.findall("".join(output.get("data", {}).get("text/html", "")))
            ]
            self.figures[name] = {f"{name}#{anchor}": title for anchor, title in shown}

    def executed(self, family):
        """The pages of a family that are executed notebooks: its chapter, and what belongs to it."""
        return [page for page in (family, *belonging(family).values()) if page in self.records]

    def minutes(self, family):
        """How long the chapter and its evidence took to execute."""
        return (
            sum(self.records[page]["seconds"] for page in (family, f"evidence/{family}") if page in self.records) / 60
        )

    @cached_property
    def papers(self):
        """The titles of the catalogue by key."""
        return {paper.key: paper.title for paper in papers(self.book.sources / "papers")}

    def exercises(self, family):
        return [exercise for key, exercise in EXERCISES.items() if key.partition("/")[0] == family]

    def points(self, family):
        """Points by number of the exercise; none without a master."""
        return (
            {question.number: question.points for question in self.masters[family].questions}
            if family in self.masters
            else {}
        )


def chapters_table(course):
    """One row a chapter: what it has, what it takes, and what it was computed on."""
    rows = []
    for family in course.families:
        record, exercises = course.records[family], course.exercises(family)
        questions = len(read(path_of(family))[2]) if family in quizzes() else 0
        rows.append([
            link(f"{family}.html", course.titles[family]), len(losses(family=family)), len(course.figures[family]),
            questions, len(exercises), sum(exercise.minutes for exercise in exercises),
            f"{course.minutes(family):.0f} min", record["device"],
        ])  # fmt: skip
    heads = ["Chapter", "Losses", "Figures to move", "Questions", "Exercises", "Minutes for them", "Executed in", "On"]
    return rows_of(heads, rows)


def exercises(course):
    """One row an exercise, below one for its chapter: minutes and points."""
    rows = []
    for family in course.families:
        points, page = course.points(family), page_of(family)
        total = sum(exercise.minutes for exercise in course.exercises(family))
        rows.append(
            [f"**{course.titles[family]}**", f"**{total}**", f"**{sum(points.values()):g}**" if points else "–"]
        )
        for number, exercise in enumerate(course.exercises(family), 1):
            title = link(f"{page}.html", exercise.title) if family in course.masters else exercise.title
            rows.append([f"{number} · {title}", exercise.minutes, f"{points[number]:g}" if number in points else "–"])
    return rows_of(["Exercise", "Minutes", "Points"], rows)


def handouts(course):
    """One row a chapter: where students get the exercises, and the slides."""
    rows = []
    for family in course.families:
        offered = addresses(course.book, family) if family in course.masters else {}
        places = [link(address, words) for words, address in offered.items() if words != "Back to the chapter"]
        rows.append([course.titles[family], "<br>".join(places) or "–", link(f"slides/{family}.html", "Slides")])
    return rows_of(["Chapter", "Exercises", ""], rows)


def hub_links(course):
    """The links of nbgitpuller, with a hub to be put in."""
    folder = course.book.repository.rpartition("/")[2]
    lines = []
    for family in course.masters:
        query = {"repo": course.book.repository, "branch": BRANCH, "urlpath": f"lab/tree/{folder}/{family}.ipynb"}
        lines.append(f"https://YOUR-HUB/hub/user-redirect/git-pull?{urlencode(query)}")
    return "\n".join(["```text", *lines, "```"])


def protection(course):
    """What each kind of isolation protects, in the words that the grader itself prints."""
    return "\n\n".join(f"`--isolation {name}`\n: {words}" for name, words in PROTECTION.items())


def limits(course):
    """What one submission may use."""
    about = dict(
        re.findall(
            r"^ +([a-z_, ]+): (.+?)(?=\n +[a-z_, ]+:|\n\s*\Z)", Limits.__doc__.partition("Attributes:")[2], re.M | re.S
        )
    )
    words = {name: " ".join(text.split()).rstrip(".") for names, text in about.items() for name in names.split(", ")}
    values = asdict(Limits())
    return rows_of(
        ["Limit", "Value", "What it is for"],
        [[f"`{f.name}`", f"{values[f.name]:g}", words.get(f.name, "")] for f in fields(Limits)],
    )


TABLES = {
    "chapters": chapters_table,
    "exercises": exercises,
    "handouts": handouts,
    "hub-links": hub_links,
    "protection": protection,
    "limits": limits,
}


def syllabus(text, course):
    """Sessions as a list with links; the minutes are those of their exercises.

    Args:
        text: YAML, `chapters`: how many of the book's first ones are taught; `sessions`: for how many there is time.
        course: the `Course`.
    """
    wanted = yaml.safe_load(text)
    if not isinstance(wanted, dict) or set(wanted) != {"chapters", "sessions"}:
        raise BookError(f"instructors.md: expected a syllabus of chapters and sessions, got {wanted}")
    taught = [chapter for chapter in chapters(course.book) if chapter.name in course.families][: wanted["chapters"]]
    sessions = plan([session for chapter in taught for session in sessions_of(chapter)], wanted["sessions"])
    every = Counter(name for session in sessions for name in session["exercises"])
    twice = [name for name, count in every.items() if count > 1]
    if twice:
        raise BookError(
            f"{twice[0].partition('/')[0]}.ipynb: expected every exercise in one session, got {twice[0]} twice"
        )
    pages = [link(f"{chapter.name}.html", chapter.title) for chapter in taught]
    lines = [f"{counted(len(sessions), 'session')}, {counted(len(taught), 'chapter')}: {', '.join(pages)}.", ""]
    for number, session in enumerate(sessions, 1):
        lines.append(f"{number}. **{session['about']}**\n")
        for field, word in FIELDS.items():
            if session[field]:
                shown = "; ".join(LISTED[field](name, course) for name in session[field])
                lines.append(f"{' ' * len(f'{number}. ')}- {word}: {shown}")
        lines.append("")
    together = sum(EXERCISES[name].minutes for name in every)
    return "\n".join([*lines, f"The exercises of this syllabus take about {together} minutes."])


def counted(number, what):
    return f"{number} {what}{'s' * (number != 1)}"


def _section(name, course):
    return link(name.replace("#", ".html#"), known(name, course.sections, "a section of a chapter or its evidence"))


def _figure(name, course):
    return link(
        name.replace("#", ".html#"),
        known(name, course.figures.get(name.partition("#")[0], {}), "a figure of a chapter"),
    )


def _quiz(name, course):
    family, _, part = name.partition("/")
    try:
        found = quiz(family, part=part)
    except ValueError as error:
        raise BookError(f"a session: {name}: {error}") from error
    return f"{found.title} ({len(found.questions)} questions)"


def _exercise(name, course):
    exercise = known(name, EXERCISES, "an exercise")
    family = name.partition("/")[0]
    title = link(f"{page_of(family)}.html", exercise.title) if family in course.masters else exercise.title
    return f"{title} ({exercise.minutes} minutes)"


def _paper(name, course):
    return f"{known(name, course.papers, 'a paper of the catalogue')} {{cite}}`{name}`"


LISTED = {"read": _section, "show": _figure, "quiz": _quiz, "exercises": _exercise, "papers": _paper}


def known(name, there, what):
    if name not in there:
        raise BookError(f"a session: expected {what}, got {name!r}; there are: {', '.join(there) or 'none'}")
    return there[name]


def link(address, words):
    """A link to a page of the site; Sphinx does not know all of them."""
    return f'<a href="{address.replace("&", "&amp;")}">{words}</a>'


def rows_of(heads, rows):
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
