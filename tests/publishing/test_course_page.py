"""The page for instructors: every table and syllabus comes from the book, and what the book lacks is refused."""

import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from docutils.nodes import make_id
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lossatlas.catalogue import papers
from lossatlas.classroom.grading.limits import PROTECTION, Limits
from lossatlas.contract import losses
from lossatlas.exercises import EXERCISES
from lossatlas.exercises.quiz_questions import path_of, read
from lossatlas.publishing.build.book import Book, BookError
from lossatlas.publishing.build.chapters import Chapter, chapters
from lossatlas.publishing.pages.course import TABLES, course_page
from lossatlas.publishing.pages.syllabus import FIELDS, plan, sessions_of

REPOSITORY = Path(__file__).parents[2]
FIGURE = '<figure class="atlas-explorer" id="ex-bend" role="group" aria-label="How it bends">'
RECORDS = {
    "cross_entropy": {"seconds": 130.0, "device": "CPU"},
    "another_chapter": {"seconds": 5.0, "device": "CPU"},
}
MINUTES = {number: EXERCISES[f"cross_entropy/{number}"].minutes for number in (1, 2)}


@pytest.fixture
def book(make_book):
    """A book with one executed chapter and without masters."""
    book = make_book(cross_entropy=["# Logits"])
    book.executed.mkdir(parents=True)
    shown = new_code_cell("", outputs=[new_output("display_data", {"text/html": FIGURE})])
    nbformat.write(
        new_notebook(cells=[new_markdown_cell("# Logits\n\n## Why $p$ bends?"), shown]),
        book.executed / "cross_entropy.ipynb",
    )
    return book


def page(text, book):
    return course_page(text, book, RECORDS)


def test_the_chapters_are_counted(book):
    row = page("<!-- course: chapters -->", book).splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == '<a href="cross_entropy.html">Logits</a>'
    assert cells[1:3] == [str(len(losses(family="cross_entropy"))), "1"]
    assert cells[5:] == [
        str(sum(e.minutes for key, e in EXERCISES.items() if key.startswith("cross_entropy/"))),
        "2 min",
        "CPU",
    ]


def test_without_masters_exercises_have_minutes_and_no_points(book):
    rows = page("<!-- course: exercises -->", book).splitlines()[2:]
    assert rows[1] == f"| 1 · {EXERCISES['cross_entropy/1'].title} | {MINUTES[1]} | – |"
    assert "cross_entropy_exercises.html" not in "".join(rows)
    assert (
        page("<!-- course: handouts -->", book).splitlines()[-1]
        == '| Logits | – | <a href="slides/cross_entropy.html">Slides</a> |'
    )


def test_protection_and_limits_are_those_of_the_grader(book):
    text = page("<!-- course: protection -->", book)
    assert all(words in text for words in PROTECTION.values())
    assert f"| `memory_mb` | {Limits().memory_mb} | memory of its process" in page("<!-- course: limits -->", book)


def syllabus(book, *sessions, most=9, records=RECORDS):
    """A syllabus of the chapter whose metadata has these sessions."""
    path = book.sources / "cross_entropy.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["lossatlas"] = {"about": "bends.", "sessions": list(sessions)}
    nbformat.write(notebook, path)
    text = f"Before.\n\n```{{syllabus}}\nchapters: 2\nsessions: {most}\n```\n\nAfter."
    return course_page(text, book, records)


BENDS = {
    "about": "Bends",
    "read": ["#why-p-bends"],
    "show": ["#ex-bend"],
    "quiz": ["pull"],
    "exercises": [1, 2],
    "papers": ["polyloss2022"],
}


def test_a_syllabus_has_links_titles_and_minutes(book):
    text = syllabus(book, BENDS)
    assert text.startswith("Before.") and text.endswith("After.")
    assert '1 session, 1 chapter: <a href="cross_entropy.html">Logits</a>.' in text and "1. **Bends**" in text
    assert '- Read: <a href="cross_entropy.html#why-p-bends">Why $p$ bends?</a>' in text
    assert '- Show: <a href="cross_entropy.html#ex-bend">How it bends</a>' in text
    assert f"{EXERCISES['cross_entropy/1'].title} ({MINUTES[1]} minutes)" in text
    assert "{cite}`polyloss2022`" in text
    assert f"take about {MINUTES[1] + MINUTES[2]} minutes" in text


def test_sessions_with_little_to_exercise_are_held_as_one_where_time_is_short(book):
    sessions = [
        {"about": "One", "exercises": [5]},
        {"about": "Two"},
        {"about": "Three", "exercises": [1], "read": ["#why-p-bends"]},
    ]
    assert [line for line in syllabus(book, *sessions).splitlines() if "**" in line] == [
        "1. **One**",
        "2. **Two**",
        "3. **Three**",
    ]
    text = syllabus(book, *sessions, most=2)
    assert "1. **One**" in text and "2. **Two; Three**" in text and "2 sessions, 1 chapter" in text
    assert "why-p-bends" in text and EXERCISES["cross_entropy/1"].title in text
    assert "1. **One; Two; Three**" in syllabus(book, *sessions, most=1)


def test_sessions_of_two_chapters_are_never_held_as_one():
    two = [{"about": "", "family": family, "exercises": []} for family in ("contrastive", "cross_entropy")]
    with pytest.raises(BookError, match="expected at least as many sessions as chapters, got 1 for 2 chapters"):
        plan(two, 1)


def test_sessions_name_things_of_their_own_family():
    chapter = Chapter(
        "margin",
        "",
        "",
        ({"about": "A", "read": ["#x", "evidence#y"], "quiz": ["q"], "exercises": [3], "papers": ["p2020"]},),
    )
    assert sessions_of(chapter) == [
        {"about": "A", "family": "margin", "read": ["margin#x", "evidence/margin#y"], "show": [], "quiz": ["margin/q"],
         "exercises": ["margin/3"], "papers": ["p2020"]}
    ]  # fmt: skip


def test_a_session_may_lead_to_the_evidence_and_its_time_is_counted(book):
    measured = new_notebook(cells=[new_markdown_cell("# Evidence: logits\n\n## Wrong labels")])
    (book.executed / "evidence").mkdir()
    nbformat.write(measured, book.executed / "evidence" / "cross_entropy.ipynb")
    records = {**RECORDS, "evidence/cross_entropy": {"seconds": 65.0, "device": "CPU"}}
    text = syllabus(book, {"about": "Labels", "read": ["evidence#wrong-labels"]}, records=records)
    assert '- Read: <a href="evidence/cross_entropy.html#wrong-labels">Wrong labels</a>' in text
    assert course_page("<!-- course: chapters -->", book, records).splitlines()[-1].endswith("| 3 min | CPU |")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"read": ["#nowhere"]}, "expected a section of a chapter or its evidence, got 'cross_entropy#nowhere'"),
        ({"show": ["#ex-none"]}, "expected a figure of a chapter"),
        ({"quiz": ["none"]}, "cross_entropy/none: `part`: expected one of"),
        ({"exercises": [99]}, "expected an exercise, got 'cross_entropy/99'"),
        ({"exercises": [1, 1]}, "expected every exercise in one session, got cross_entropy/1 twice"),
        ({"papers": ["nothing1900"]}, "expected a paper of the catalogue"),
        ({"sing": ["a song"]}, r"cross_entropy\.ipynb, session 1: expected about and any of .*, got 'sing'"),
    ],
)
def test_what_the_book_lacks_is_refused(book, more, message):
    with pytest.raises(BookError, match=message):
        syllabus(book, {"about": "Bends", **more})


def test_a_chapter_without_sessions_and_a_syllabus_of_something_else_are_refused(book):
    with pytest.raises(BookError, match=r"cross_entropy\.ipynb: expected sessions in its metadata, got none"):
        syllabus(book)
    with pytest.raises(BookError, match=r"session 1: expected about and any of .*, got no 'about'"):
        syllabus(book, {"read": []})
    with pytest.raises(BookError, match=r"expected a syllabus of chapters and sessions, got \['a'\]"):
        page("```{syllabus}\n- a\n```", book)


def test_an_unknown_table_is_refused(book):
    with pytest.raises(BookError, match="expected a table among chapters"):
        page("<!-- course: weather -->", book)


def test_the_page_of_this_book_is_complete():
    """All tables are used, and there is a syllabus for a week, for half a term and for a term."""
    text = (REPOSITORY / "book" / "instructors.md").read_text(encoding="utf8")
    assert all(f"<!-- course: {name} -->" in text for name in TABLES)
    assert [
        int(most) for most in re.findall(r"^```\{syllabus\}\nchapters: \d+\nsessions: (\d+)\n```$", text, re.M)
    ] == [5, 7, 13]


@pytest.mark.parametrize("chapter", chapters(Book(REPOSITORY)), ids=lambda chapter: chapter.name)
def test_a_chapter_has_its_exercises_and_questions_in_one_session_each(chapter):
    """What a session names exists, and it shows figures and cites papers somewhere."""
    sessions = sessions_of(chapter)
    named = {field: [name for session in sessions for name in session[field]] for field in FIELDS}
    assert sorted(named["exercises"]) == sorted(key for key in EXERCISES if key.startswith(f"{chapter.name}/"))
    assert sorted(named["quiz"]) == sorted(f"{chapter.name}/{part}" for part in read(path_of(chapter.name))[1])
    assert set(named["papers"]) <= {row.key for row in papers(REPOSITORY / "book" / "papers")}
    for name in named["read"]:
        notebook, _, section = name.partition("#")
        cells = nbformat.read(REPOSITORY / "book" / f"{notebook}.ipynb", as_version=4).cells
        words = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        assert section in [make_id(heading) for heading in re.findall(r"^## (.+)$", words, re.M)], name
    assert all(named.values()) and all(name.startswith(f"{chapter.name}#ex-") for name in named["show"])


def test_every_command_on_the_page_exists():
    """Each `lossatlas` line of the page is one that the command line takes."""
    from lossatlas.publishing.cli import parser

    text = (REPOSITORY / "book" / "instructors.md").read_text(encoding="utf8")
    lines = [
        line.split("#")[0].split() for block in text.split("```sh\n")[1:] for line in block.split("```")[0].splitlines()
    ]
    calls = [words[1:] for words in lines if words[:1] == ["lossatlas"]]
    assert len(calls) >= 6
    for call in calls:
        assert callable(parser().parse_args(call).command)


def test_links_for_a_hub_name_repository_and_branch(book):
    masters = {"cross_entropy": REPOSITORY / "book" / "exercises" / "cross_entropy.ipynb"}
    if not masters["cross_entropy"].is_file():
        pytest.skip("this checkout keeps its masters elsewhere")
    fork = SimpleNamespace(
        **{
            name: getattr(book, name)
            for name in ("contents", "executed", "sources", "repository", "config", "notebooks")
        },
        masters=lambda: masters,
    )
    text = course_page(
        "<!-- course: hub-links -->\n\n<!-- course: exercises -->\n\ngit clone REPOSITORY", fork, RECORDS
    )
    assert (
        "https://YOUR-HUB/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com" in text and "branch=student" in text
    )
    assert f"git clone {book.repository}" in text
    assert "cross_entropy_exercises.html" in text and "| – |" not in text
