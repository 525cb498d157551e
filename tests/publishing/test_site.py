"""A whole small site: built once, skipped while nothing changes, refused when anything is wrong."""

import json

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lossatlas.catalogue import CatalogueError
from lossatlas.exercises import EXERCISES
from lossatlas.publishing.build import generated, keys
from lossatlas.publishing.build.assemble import assemble
from lossatlas.publishing.build.book import BookError
from lossatlas.publishing.build.check import check_site, weights
from lossatlas.publishing.build.execute import execute
from lossatlas.publishing.build.site import build

from .masters import EXERCISE, write_master

CELL = "print('a number:', 6 * 7)"


@pytest.fixture(autouse=True)
def library_at_rest(tmp_path, monkeypatch):
    """Keys that do not change when somebody edits the library while these tests run."""
    (tmp_path / "library").mkdir()
    monkeypatch.setattr(keys, "PACKAGE", tmp_path / "library")


@pytest.fixture
def book(make_book):
    book = make_book(chapter=["# The chapter\n\nFormula $x^2$.", (CELL,)])
    execute(book)
    return book


def test_site_is_built_once(book):
    assert build(book) is True
    page = (book.html / "chapter.html").read_text()
    assert "a number: 42" in page and "unpkg" not in page and "thebe" not in page.lower()
    assert "cdn" not in page and 'href="https://colab.research.google.com/github/' in page
    assert not list(book.html.rglob("fontawesome.js")) and not list(book.html.rglob("*.map"))
    assert build(book) is False

    (book.sources / "index.md").write_text("# A book\n\nA link to {ref}`nowhere`.\n")
    with pytest.raises(BookError, match="nowhere"):
        build(book)
    assert not book.stamp.exists()


def test_what_families_keep_apart_is_put_together_for_the_site(book):
    (book.sources / "index.md").write_text("# A book\n\n<!-- chapters -->\n")
    shared = (book.sources / "references" / "general.bib").read_text()
    (book.sources / "references" / "chapter.bib").write_text(f"{shared}\n@misc{{somebody2001, title={{Something}}}}\n")
    assemble(book)
    entries = (book.site_source / "references.bib").read_text()
    assert entries.count("@misc{nobody2000nothing,") == entries.count("@misc{somebody2001,") == 1
    assert "\nStill to come: Adversarial; " in (book.site_source / "index.md").read_text()
    assert [
        name for name in ("exercises", "measured", "papers", "references") if (book.site_source / name).exists()
    ] == []
    (book.sources / "references" / "chapter.bib").write_text("@misc{nobody2000nothing, title={Another}}\n")
    with pytest.raises(CatalogueError, match=r"nobody2000nothing: .* in chapter\.bib and general\.bib"):
        assemble(book)


@pytest.fixture
def with_exercises(make_book, monkeypatch):
    """The small book with a master beside its chapter, which lists the exercise."""
    monkeypatch.setitem(EXERCISES, "chapter/1", EXERCISE)
    book = make_book(chapter=["# The chapter\n\n## Powers of two\n\nText."])
    execute(book)
    write_master(book.sources / "exercises")
    return book


EXPLORED = """from lossatlas.explore import Explorer, Slider

def parabola(a):
    return [{"x": [0.0, 1.0, 2.0], "y": [0.0, a, 4 * a]}]

Explorer(parabola, a=Slider(1.0, 2.0, 3), alt="A parabola of height {a}.")"""


def test_pages_in_folders_belong_to_their_chapter(make_book, monkeypatch):
    cells = [new_markdown_cell("# Exactly\n\nBack to {doc}`/chapter`."), new_code_cell(EXPLORED, id="explored")]
    made = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    monkeypatch.setattr(generated, "made", lambda book: {"reference/chapter": made})
    text = "# Measured\n\nBack to {doc}`/chapter`, {repository}`elsewhere <>`."
    chapter = "# The chapter\n\nSee {doc}`evidence/chapter`."
    book = make_book(**{"chapter": [chapter], "evidence/chapter": [text, (EXPLORED,)]})
    execute(book)
    assert build(book) is True

    page = BeautifulSoup((book.html / "evidence" / "chapter.html").read_text(), "html.parser")
    figure = page.select_one("figure.atlas-explorer")
    image = (book.html / "evidence" / figure.img["src"]).resolve()
    assert image.parent == book.html / "explorers" / "evidence" / "chapter" and image.is_file()
    assert figure.select_one("script[data-src]")["data-src"].startswith("../explorers/evidence/chapter/")
    assert page.select_one('script[src^="../_static/explorer.js"]')
    names = [link.get_text(strip=True) for link in page.select("nav.bd-links li.current li a")]
    assert names == ["Reference", "Evidence"]
    colab = page.select_one('a[href^="https://colab.research.google.com"]')["href"]
    assert colab.endswith("/blob/main/book/evidence/chapter.ipynb") and page.select_one(".btn-source-edit-button")
    assert "tier smoke" in page.select_one(".atlas-footer").text

    exact = BeautifulSoup((book.html / "reference" / "chapter.html").read_text(), "html.parser")
    assert not exact.select('a[href^="https://colab"], .btn-source-edit-button') and exact.select(
        "figure.atlas-explorer"
    )
    for name, path in book.notebooks().items():
        assert (book.html / "_sources" / f"{name}.ipynb").read_bytes() == path.read_bytes()
    assert {"evidence/chapter.html", "reference/chapter.html"} <= {page for page, _ in weights(book)}


def texts(book):
    """Everything that the site holds, but the scripts and styles of others."""
    own = [
        path
        for path in book.html.rglob("*")
        if path.is_file() and "_static" not in path.parts and path.suffix != ".png"
    ]
    return {path.relative_to(book.html).as_posix(): path.read_text(encoding="utf8") for path in own}


def test_students_get_the_exercises_and_instructors_the_solutions_too(with_exercises):
    assert build(with_exercises) is True
    site = texts(with_exercises)
    page = BeautifulSoup(site["chapter_exercises.html"], "html.parser")
    assert page.select_one("#exercise-1").find_next("h2").text.startswith("1 · One half of everything")
    assert "def halve(values):" in page.text and "Which number times two is" in page.select_one("article details").text
    notebook = json.loads(site["exercises/chapter.ipynb"])
    assert any("def halve(values)" in "".join(cell["source"]) for cell in notebook["cells"])
    links = {link.text.strip(): link["href"] for link in page.select("a[href]")}
    assert (
        links["Download the notebook"] == "exercises/chapter.ipynb" and links["Back to the chapter"] == "chapter.html"
    )
    assert links["Open it in Colab"].endswith("/blob/student/chapter.ipynb")
    assert page.select_one(".btn-download-source-button")["href"] == "exercises/chapter.ipynb"
    assert page.select_one("nav .current a[href='#']").text.strip() == "Exercises"
    assert page.select_one(".btn-source-issues-button") and not page.select_one(".btn-source-edit-button")
    for words in ("halved_carefully", "a power of two loses nothing", "test_twice_is_the_whole", "BEGIN SOLUTION"):
        assert [name for name, text in site.items() if words in text] == []
    assert not [name for name in site if "exercises/" in name and name != "exercises/chapter.ipynb"]

    assert build(with_exercises, audience="instructor") is True
    site = texts(with_exercises)
    assert "return halved_carefully" in BeautifulSoup(site["chapter_exercises.html"], "html.parser").text
    assert "halved_carefully" not in site["exercises/chapter.ipynb"]
    assert check_site(with_exercises, "instructor") == []
    assert any("text of the solution of chapter/1" in str(finding) for finding in check_site(with_exercises))


def test_a_solution_on_a_page_stops_the_build(with_exercises):
    (with_exercises.sources / "index.md").write_text(
        "# A book\n\nHint: `assert halved_carefully.shape == values.shape`.\n"
    )
    with pytest.raises(BookError, match=r"index.html:\d+: holds text of the solution of chapter/1"):
        build(with_exercises)
    assert not with_exercises.stamp.exists()


def test_defects_of_sources_are_refused_before_the_work_begins(book):
    book.contents.write_text(book.contents.read_text() + "  - file: missing\n")
    with pytest.raises(BookError, match="lists missing"):
        build(book)
    assert not book.site_source.exists()
