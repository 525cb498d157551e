"""The skeleton of a family: every file that the tests demand of one."""

import re

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ...catalogue import read_catalogue
from ..build.book import BookError
from ..build.chapters import METADATA, chapters
from .marks import TO_WRITE, check_name, write

PACKAGE = '''"""{title}: {mark}

| file | idea |
|---|---|
"""

__all__ = []
'''

EXERCISES = '"""The exercises of the chapter "{title}"."""\n'

QUIZ = """# The questions of the chapter "{title}"; quiz_questions.py says what each field means.
# {mark}
"""

REFERENCES = '''"""The losses of "{title}" as loops over plain numbers, written from their formulas alone."""

REFERENCES = {{}}
'''

ADAPTERS = '''"""How each file of `golden` is computed here: file name -> function of (params, **inputs)."""

ADAPTERS = {{}}
'''

ANSWERS = '''"""Answers to the exercises of "{title}", not attempted yet and wrong: see tests/exercises/answers.py."""

#: exercise -> answers that are not attempted yet
STUBS = {{}}

#: file of checks -> functions that it must not call, because they are what it asks for
FORBIDDEN = {{}}


def wrong_answers():
    """A list of (exercise, name, answer, words that the feedback must have)."""
    return []
'''

FACTS = '''"""What the questions of the quiz call right, computed again with the library."""

#: question -> its value, and those of its mistakes where they are results of a wrong way
NUMBERS = {{}}

#: question -> which options are right, in the order of the file, found by computing
CHOICES = {{}}
'''

PAPERS = "title: {title}\npapers: []\n"

BIB = (
    '% The references of the chapter "{title}": catalogue papers under their keys, '
    "classics by author, year and title word.\n"
)

#: The sections of a chapter, in the order in which a reader meets them.
SECTIONS = (
    "A failure to begin with",
    "The idea",
    "The losses that carry it",
    "The family on one map",
    "Which one?",
    "Does it hold?",
    "Exercises",
    "Paper trail",
)


def new_family(book, name, title=None):
    """Write the skeleton of a family; nothing that is there already is touched.

    Args:
        book: the `Book` of the checkout.
        name: of the family, such as `"regression"`; it becomes that of its files.
        title: of the chapter; by default that of its papers in the catalogue, or the name in words.

    Returns:
        The paths that were written.

    Raises:
        BookError: if the name is none, or the family is there already.
    """
    check_name(name, "family")
    package = book.root / "src" / "lossatlas"
    if (package / "losses" / name).exists():
        raise BookError(f"family: {name} is there already, in {(package / 'losses' / name).relative_to(book.root)}")
    known = read_catalogue(book.sources / "papers").titles.get(name)
    words = {"title": title or known or name.replace("_", " ").capitalize(), "mark": TO_WRITE}
    tests = book.root / "tests" / "families" / name
    texts = {
        package / "losses" / name / "__init__.py": PACKAGE,
        package / "exercises" / name / "__init__.py": EXERCISES,
        package / "exercises" / name / "quiz.yml": QUIZ,
        tests / "references.py": REFERENCES,
        tests / "adapters.py": ADAPTERS,
        tests / "answers.py": ANSWERS,
        tests / "facts.py": FACTS,
        book.sources / "papers" / f"{name}.yml": PAPERS,
        book.sources / "references" / f"{name}.bib": BIB,
    }
    written = [write(path, text.format(**words)) for path, text in texts.items() if not path.exists()]
    notebooks = {
        book.sources / f"{name}.ipynb": chapter(book, name, words["title"]),
        book.sources / "evidence" / f"{name}.ipynb": evidence(book, name, words["title"]),
        book.sources / "exercises" / f"{name}.ipynb": master(name, words["title"]),
    }
    for path, notebook in notebooks.items():
        if not path.exists():
            written.append(write(path, nbformat.writes(notebook) + "\n"))
    (tests / "golden").mkdir(parents=True, exist_ok=True)
    enter(book, name)
    return [*written, book.contents]


def chapter(book, name, title):
    """The chapter with its two first cells and the headings of its sections."""
    opening = f"({name})=\n# {title}\n\n{TO_WRITE}\n\n```{{admonition}} What you will be able to do\n- {TO_WRITE}\n```"
    sections = [new_markdown_cell(f"## {section}\n\n{TO_WRITE}") for section in SECTIONS[:-2]]
    listing = f'from lossatlas.exercises import listing\n\nlisting("{name}")'
    trail = f'from lossatlas.catalogue import paper_trail\n\npaper_trail("{name}")'
    session = {"about": TO_WRITE, "read": ["#a-failure-to-begin-with"], "exercises": []}
    return new_notebook(
        cells=[
            new_markdown_cell(opening),
            *first_cells(book),
            *sections,
            new_markdown_cell("## Exercises"),
            new_code_cell(listing, metadata={"tags": ["hide-input"]}),
            new_markdown_cell("## Paper trail"),
            new_code_cell(trail, metadata={"tags": ["hide-input"]}),
        ],
        metadata={**KERNEL, METADATA: {"about": TO_WRITE, "sessions": [session]}},
    )


def evidence(book, name, title):
    """The notebook of claims with its two first cells and the pattern of a claim."""
    opening = f"({name}-evidence)=\n# Evidence: {title}\n\n{TO_WRITE}"
    pattern = (
        f"## {TO_WRITE}\n\nWhat the paper says, how it is measured over at least 20 seeds, and the rule that turns the "
        "effects into a verdict, written before the experiment is run. See `lossatlas.evidence`."
    )
    return new_notebook(
        cells=[new_markdown_cell(opening), *first_cells(book), new_markdown_cell(pattern)], metadata=KERNEL
    )


def master(name, title):
    """The master of the exercises, without a question yet."""
    return new_notebook(cells=[new_markdown_cell(f"# Exercises: {title}\n\n{TO_WRITE}")], metadata=KERNEL)


KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def first_cells(book):
    """The cells that every notebook begins with, as the first chapter of the book has them: install, parameters."""
    paths = [path for name, path in book.notebooks().items() if "/" not in name]
    for path in paths:
        cells = nbformat.read(path, as_version=4).cells
        wanted = [
            next((c for c in cells if tag in c.metadata.get("tags", ())), None) for tag in ("bootstrap", "parameters")
        ]
        if all(wanted):
            return [new_code_cell(cell.source, metadata=cell.metadata) for cell in wanted]
    raise BookError(f"no chapter in {book.sources} has cells tagged bootstrap and parameters to begin with")


def enter(book, name):
    """Put the chapter into the table of contents, after the last that there is."""
    text, there = book.contents.read_text(encoding="utf8"), {chapter.name for chapter in chapters(book)} - {name}
    if re.search(rf"^\s*- file: {name}$", text, re.M):
        return
    listed = [line for line in re.finditer(r"^( *)- file: (\w+)\n", text, re.M) if line[2] in there]
    if not listed:
        raise BookError(f"{book.contents.name}: lists no chapter after which {name} could stand")
    last = listed[-1]
    text = f"{text[: last.end()]}{last[1]}- file: {name}\n{text[last.end() :]}"
    book.contents.write_text(text, encoding="utf8")
