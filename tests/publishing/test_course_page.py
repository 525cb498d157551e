"""The page for instructors: every table and syllabus comes from the book, and what the book lacks is refused."""

from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lossatlas.classroom.grading.limits import PROTECTION, Limits
from lossatlas.contract import losses
from lossatlas.exercises import EXERCISES
from lossatlas.publishing.build.book import BookError
from lossatlas.publishing.pages.course import FIELDS, TABLES, course_page

REPOSITORY = Path(__file__).parents[2]
FIGURE = '<figure class="atlas-explorer" id="ex-bend" role="group" aria-label="How it bends">'
RECORDS = {"cross_entropy": {"seconds": 130.0, "device": "CPU"}, "playground": {"seconds": 5.0, "device": "CPU"}}
MINUTES = {number: EXERCISES[f"cross_entropy/{number}"].minutes for number in (1, 2)}


@pytest.fixture
def book(make_book):
    """A book with one executed chapter and without masters."""
    book = make_book(cross_entropy=["# Logits"])
    book.executed.mkdir(parents=True)
    shown = new_code_cell("", outputs=[new_output("display_data", {"text/html": FIGURE})])
    catalogue = (book.sources / "papers.yml").read_text(encoding="utf8")
    (book.sources / "papers.yml").write_text(
        next(row for row in catalogue.split("\n\n") if "key: polyloss2022" in row), encoding="utf8"
    )
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


def test_a_syllabus_has_links_titles_and_minutes(book):
    text = page(
        "Before.\n\n```{syllabus}\n- about: Bends\n  read: [cross_entropy#why-p-bends]\n  show: [cross_entropy#ex-bend]\n"
        "  quiz: [cross_entropy/pull]\n  exercises: [cross_entropy/1, cross_entropy/2]\n  papers: [polyloss2022]\n```\n\nAfter.",
        book,
    )
    assert "1. **Bends**" in text and text.startswith("Before.") and text.endswith("After.")
    assert '- Read: <a href="cross_entropy.html#why-p-bends">Why $p$ bends?</a>' in text
    assert '- Show: <a href="cross_entropy.html#ex-bend">How it bends</a>' in text
    assert f"{EXERCISES['cross_entropy/1'].title} ({MINUTES[1]} minutes)" in text
    assert "{cite}`polyloss2022`" in text
    assert f"take about {MINUTES[1] + MINUTES[2]} minutes" in text


def test_a_syllabus_may_lead_to_the_evidence_and_its_time_is_counted(book):
    measured = new_notebook(cells=[new_markdown_cell("# Evidence: logits\n\n## Wrong labels")])
    (book.executed / "evidence").mkdir()
    nbformat.write(measured, book.executed / "evidence" / "cross_entropy.ipynb")
    records = {**RECORDS, "evidence/cross_entropy": {"seconds": 65.0, "device": "CPU"}}
    text = course_page(
        "```{syllabus}\n- about: Labels\n  read: [evidence/cross_entropy#wrong-labels]\n```\n<!-- course: chapters -->",
        book,
        records,
    )
    assert '- Read: <a href="evidence/cross_entropy.html#wrong-labels">Wrong labels</a>' in text
    assert text.splitlines()[-1].endswith("| 3 min | CPU |")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "read: [cross_entropy#nowhere]",
            "expected a section of a chapter or its evidence, got 'cross_entropy#nowhere'",
        ),
        ("show: [cross_entropy#ex-none]", "expected a figure of a chapter"),
        ("quiz: [cross_entropy/none]", "cross_entropy/none: `part`: expected one of"),
        ("exercises: [cross_entropy/99]", "expected an exercise, got 'cross_entropy/99'"),
        ("exercises: [cross_entropy/1, cross_entropy/1]", "expected every exercise once"),
        ("papers: [nothing1900]", "expected a paper of the catalogue"),
        ("sing: [a song]", "got 'sing'"),
    ],
)
def test_what_the_book_lacks_is_refused(book, line, message):
    with pytest.raises(BookError, match=message.replace("[", r"\[")):
        page(f"```{{syllabus}}\n- about: Bends\n  {line}\n```", book)


def test_an_unknown_table_is_refused(book):
    with pytest.raises(BookError, match="expected a table among chapters"):
        page("<!-- course: weather -->", book)


def test_the_page_of_this_book_is_complete():
    """All tables are used, and each syllabus names exercises, quizzes and papers that exist."""
    text = (REPOSITORY / "book" / "instructors.md").read_text(encoding="utf8")
    assert all(f"<!-- course: {name} -->" in text for name in TABLES)
    assert text.count("```{syllabus}") == 3
    assert all(f"  {field}: [" in text for field in FIELDS)


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
