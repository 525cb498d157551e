"""The catalogue: its rows are sound, a row that says `works` does, and its page works with and without script."""

import json
import re
import shutil
import tomllib
from importlib.metadata import PackagePath
from pathlib import Path
from types import SimpleNamespace

import pybtex.database
import pytest
import yaml

from lossatlas import registry
from lossatlas.catalogue import Catalogue, CatalogueError, Paper, paper_trail, papers, papers_page, read_catalogue
from lossatlas.catalogue import proof as catalogue_proof
from lossatlas.catalogue import rows as catalogue_rows
from lossatlas.catalogue.bibliography import bibliography

ROOT = Path(__file__).resolve().parents[2]
ALL = read_catalogue(ROOT / "book" / "papers")
ROWS = ALL.papers
REFERENCES = ROOT / "book" / "references"
WORKING = [row for row in ROWS if row.status == "works"]


def test_every_paper_of_the_literature_has_its_row():
    assert len(ROWS) == 318
    assert {row.weight for row in ROWS} == {"core", "aside", "context"}


def test_a_paper_told_as_context_promises_no_code_to_come():
    assert all(row.status in ("context", "works") for row in ROWS if row.weight == "context")


def test_a_chapter_that_is_written_has_nothing_left_to_come():
    written = {notebook.stem for notebook in (ROOT / "book").glob("*.ipynb")}
    assert [row.key for row in ROWS if row.chapter in written and row.status == "planned"] == []


@pytest.fixture(scope="module")
def tested():
    return catalogue_proof.names_in_tests(ROOT / "tests")


@pytest.mark.parametrize("paper", WORKING, ids=lambda paper: paper.key)
def test_what_works_exists_is_tested_and_is_executed_in_its_chapter(paper, tested):
    assert catalogue_proof.unproven_symbols(paper, ROOT, tested) == []


def test_every_loss_cites_a_paper_that_is_known():
    assert catalogue_proof.unknown_citations(ROWS, REFERENCES) == []


def test_the_papers_of_a_written_chapter_are_in_the_bibliography_as_in_the_catalogue():
    entries = pybtex.database.parse_string("\n".join(bibliography(REFERENCES).values()), "bibtex").entries
    written = {notebook.stem for notebook in (ROOT / "book").glob("*.ipynb")}
    assert {row.key for row in ROWS if row.chapter in written} <= set(entries)
    for row in ROWS:
        if row.key in entries:
            fields = entries[row.key].fields
            plain = re.sub(r"[{}]", "", fields["title"])
            assert (plain, fields["eprint"], int(fields["year"])) == (row.title, row.arxiv, row.year)


# What is wrong is said by row and field.

SOUND = {
    "key": "polyloss2022", "id": 94, "title": "PolyLoss: a title", "arxiv": "2204.12511", "year": 2022,
    "weight": "core", "status": "works", "contributes": "One line.",
    "symbols": ["lossatlas.losses.cross_entropy.cross_entropy"],
}  # fmt: skip


@pytest.fixture
def written(tmp_path):
    def write(*rows, family="cross_entropy", title="Cross-entropy"):
        path = tmp_path / "papers" / f"{family}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({"title": title, "papers": list(rows)}), encoding="utf8")
        return path.parent

    return write


def test_a_sound_row_is_read(written):
    (row,) = papers(written(SOUND))
    assert row.chapter == "cross_entropy"
    assert isinstance(row, Paper) and row.symbols == ("lossatlas.losses.cross_entropy.cross_entropy",)
    assert row.address == "https://arxiv.org/abs/2204.12511"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"arxiv": "22.1"}, "arxiv"),
        ({"arxiv": 2204.12511}, "arxiv"),
        ({"year": 2021}, "year"),
        ({"key": "polyloss"}, "key"),
        ({"key": "PolyLoss2022"}, "key"),
        ({"weight": "heavy"}, "weight"),
        ({"status": "done"}, "status"),
        ({"title": None}, "title"),
        ({"contributes": "two\nlines"}, "contributes"),
        ({"symbols": []}, "symbols"),
        ({"symbols": ["two words"]}, "symbols"),
        ({"symbols": "one"}, "symbols"),
        ({"status": "context"}, "uses"),
        ({"autor": "x"}, "autor"),
    ],
)
def test_a_wrong_field_is_named_with_its_row(written, change, field):
    with pytest.raises(CatalogueError, match=rf"cross_entropy\.yml, row 1 \(.*\), `{field}`: expected .+, got .+"):
        papers(written({**SOUND, **change}))


@pytest.mark.parametrize("missing", ["key", "title", "arxiv", "contributes"])
def test_a_missing_field_is_named(written, missing):
    with pytest.raises(CatalogueError, match=f"`{missing}`: expected .+, got nothing"):
        papers(written({name: value for name, value in SOUND.items() if name != missing}))


def test_what_is_told_twice_or_out_of_order_is_named(written):
    earlier = {**SOUND, "key": "other2022", "id": 1, "title": "Other", "arxiv": "2204.00001"}
    with pytest.raises(
        CatalogueError, match=r"cross_entropy\.yml, other2022, `id`: expected a place before polyloss2022, .* got 1"
    ):
        papers(written(SOUND, earlier))
    taken = r"`arxiv`: expected a value not yet taken \(cross_entropy\.yml, polyloss2022 has it\)"
    with pytest.raises(CatalogueError, match=rf"cross_entropy\.yml, polyloss2022, {taken}"):
        papers(written(SOUND, SOUND))
    written(SOUND)
    with pytest.raises(CatalogueError, match=rf"regression\.yml, polyloss2022, {taken}"):
        papers(written(SOUND, family="regression"))


def test_all_wrong_rows_are_named_at_once(written):
    with pytest.raises(CatalogueError, match=r"(?s)row 1 .*row 2 "):
        papers(written({**SOUND, "weight": "x"}, {**SOUND, "status": "x"}))


def test_a_family_that_is_pointed_to_has_a_file(written):
    with pytest.raises(CatalogueError, match="polyloss2022, `also_in`: expected families among cross_entropy, got reg"):
        papers(written({**SOUND, "also_in": ["regression"]}))


@pytest.mark.parametrize("content", ["- key: one", "title: T", "title: 3\npapers: []", "title: T\npapers: {}"])
def test_a_file_that_has_not_a_title_and_papers_is_named(tmp_path, content):
    (tmp_path / "regression.yml").write_text(content, encoding="utf8")
    with pytest.raises(CatalogueError, match=r"regression\.yml: expected a .* got "):
        papers(tmp_path)


def test_a_family_is_called_as_its_chapter_is():
    """The title at the head of a family's papers is the first heading of its chapter, where that is written."""
    for notebook in (ROOT / "book").glob("*.ipynb"):
        if notebook.stem in ALL.titles:
            cells = json.loads(notebook.read_text(encoding="utf8"))["cells"]
            words = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
            assert re.search(r"^# (.+)$", words, re.M)[1] == ALL.titles[notebook.stem]


def test_a_family_without_a_chapter_has_its_name_in_words():
    assert ALL.titles["semi_supervised"] == "Semi-supervised" and ALL.titles["multilabel"] == "Multilabel"


def test_the_installed_copy_is_found_where_the_package_puts_it(tmp_path, monkeypatch):
    """A wheel lays the files where `pyproject.toml` says; there is no checkout around an installed package."""
    (place,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    files = [PackagePath(f"../../{place}/{family}.yml") for family in ("adversarial", "regression")]
    (tmp_path / "site" / "packages").mkdir(parents=True)
    for file in files:
        file.dist = SimpleNamespace(locate_file=lambda path: tmp_path / "site" / "packages" / path)
        target = Path(file.locate())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("title: One\npapers: []\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalogue_rows, "__file__", str(tmp_path / "lossatlas" / "rows.py"))
    monkeypatch.setattr(catalogue_rows.metadata, "files", lambda name: [PackagePath("lossatlas/x.yml"), *files])
    assert catalogue_rows.find().resolve() == (tmp_path / place).resolve() and list(read_catalogue().titles) == [
        "adversarial",
        "regression",
    ]
    monkeypatch.setattr(catalogue_rows.metadata, "files", lambda name: None)
    with pytest.raises(CatalogueError, match=r"book/papers: expected around .* or with the installed package"):
        catalogue_rows.find()


# The bibliography.


@pytest.fixture
def references(tmp_path):
    (tmp_path / "one.bib").write_text("% Classics\n\n@article{a1999b,\n title = {{A} and B}\n}\n", encoding="utf8")
    return tmp_path


def test_an_entry_that_two_families_share_stands_in_the_bibliography_once(references):
    (references / "two.bib").write_text("@article{a1999b,\n  title = {{A} and B}\n}\n@misc{c2000d, title={C}}\n")
    found = bibliography(references)
    assert list(found) == ["a1999b", "c2000d"] and found["c2000d"] == "@misc{c2000d, title={C}}"


def test_different_entries_under_one_key_are_refused_with_both_files(references):
    (references / "two.bib").write_text("@article{a1999b,\n  title = {Another}\n}\n")
    with pytest.raises(CatalogueError, match=r"a1999b: .* different ones in one\.bib and two\.bib"):
        bibliography(references)


def test_an_entry_that_does_not_end_is_refused(references):
    (references / "two.bib").write_text("@article{c2000d, title = {C")
    with pytest.raises(CatalogueError, match=r"two\.bib: expected a closing brace, got none for @article\{c2000d"):
        bibliography(references)


def test_a_paper_of_the_catalogue_stands_in_the_file_of_its_family():
    families = {row.key: row.chapter for row in ROWS}
    for file in REFERENCES.glob("*.bib"):
        assert {families.get(key, file.stem) for key in bibliography_of(file)} <= {file.stem}


def bibliography_of(file):
    return pybtex.database.parse_file(file).entries


# The proof cannot be had by a mention.


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one row, one test file and one chapter; the returned function writes the chapter."""
    for folder in (
        "book/evidence",
        "tests",
        "_build/executed/evidence",
        "_build/executed/reference",
        "_build/generated/reference",
    ):
        (tmp_path / folder).mkdir(parents=True)

    def chapter(code, *, outputs=None, symbol="cross_entropy", page="cross_entropy"):
        row = {**SOUND, "symbols": [f"lossatlas.losses.cross_entropy.{symbol}"]}
        cell = {"cell_type": "code", "source": code, "metadata": {}, "execution_count": None, "outputs": []}
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        folder = tmp_path / ("_build/generated" if page.startswith("reference/") else "book")
        (folder / f"{page}.ipynb").write_text(json.dumps(notebook), encoding="utf8")
        if outputs is not None:
            cell.update(execution_count=1, outputs=outputs)
            (tmp_path / "_build" / "executed" / f"{page}.ipynb").write_text(json.dumps(notebook), encoding="utf8")
        return catalogue_proof.unproven_symbols(
            Paper.of(row, "cross_entropy"), tmp_path, catalogue_proof.names_in_tests(tmp_path / "tests")
        )

    return chapter


@pytest.mark.parametrize(
    "code", ["lossatlas.cross_entropy(x, y)", 'curve("cross_entropy")', 'compare(["cross_entropy"])']
)
def test_a_loss_that_is_registered_and_run_is_proven(checkout, code):
    assert checkout(f"%matplotlib inline\n{code}", outputs=[]) == []


@pytest.mark.parametrize(
    "code", ["# cross_entropy", "'cross_entropy'", "cross_entropy_loss()", "card('cross_entropy')"]
)
def test_a_comment_a_text_or_a_card_does_not_prove_execution(checkout, code):
    assert "no code cell of cross_entropy names it" in "".join(checkout(code))


@pytest.mark.parametrize("page", ["evidence/cross_entropy", "reference/cross_entropy"])
def test_evidence_and_reference_prove_as_the_chapter_does(checkout, page):
    assert "no code cell of cross_entropy names it" in "".join(checkout("1 + 1", outputs=[]))
    failed = "".join(checkout("cross_entropy()", outputs=[{"output_type": "error"}], page=page))
    assert f"ran without error in _build/executed: {page}" in failed
    assert checkout("cross_entropy()", outputs=[], page=page) == []
    assert checkout("1 + 1", outputs=[]) == []


def test_the_evidence_of_another_family_proves_nothing(checkout):
    found = "".join(checkout("cross_entropy()", outputs=[], page="evidence/contrastive"))
    assert "no code cell of cross_entropy names it" in found


def test_a_cell_that_failed_does_not_prove_execution(checkout):
    assert "ran without error" in "".join(checkout("cross_entropy()", outputs=[{"output_type": "error"}]))


def test_a_symbol_that_is_not_there_is_not_proven(checkout):
    found = "".join(checkout("no_such_loss()", symbol="no_such_loss"))
    assert "cannot be imported" in found and "neither a registered loss nor named" in found


def test_a_loss_that_cites_nobody_known_is_named(tmp_path):
    (tmp_path / "none.bib").write_text("@article{someone2020,\n title = {T}}", encoding="utf8")
    cited = next(entry for entry in registry() if entry.paper)
    assert any(line.startswith(f"{cited.name}, `paper`") for line in catalogue_proof.unknown_citations([], tmp_path))


# The trail of a chapter.


@pytest.fixture(scope="module")
def trail():
    return paper_trail("cross_entropy")


def test_the_trail_tells_each_paper_of_the_chapter_in_every_form(trail):
    own = [row for row in ROWS if row.chapter == "cross_entropy"]
    assert [row.key for row in trail.rows[: len(own)]] == [row.key for row in own]
    for text in (repr(trail), trail._repr_markdown_(), trail._repr_html_()):
        assert all(row.arxiv in text for row in own)
        assert "poly1_cross_entropy" in text and "losses/cross_entropy/polynomial.py" in text


def test_the_trail_points_to_papers_that_other_chapters_tell():
    row = next(row for row in ROWS if row.also_in)
    assert f"covered in the chapter {ALL.titles[row.chapter]}" in repr(paper_trail(row.also_in[0]))


def test_a_trail_of_no_chapter_is_refused():
    with pytest.raises(CatalogueError, match=r"`chapter`: expected one of adversarial, .* got 'poetry'"):
        paper_trail("poetry")


# The page. The browser looks at three chapters of it, which is as good as all and takes a tenth of the time.

SOME = [row for row in ROWS if row.chapter in ("cross_entropy", "foundations", "noisy_labels")]


def page_of(rows):
    body = re.search(
        r"(?s)````\{raw\} html\n(.*)\n````",
        papers_page(Catalogue(ALL.titles, rows), {"cross_entropy": "cross_entropy.html"}),
    )[1]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Papers</title>'
        f"<main><h1>Papers</h1>{body}</main></html>"
    )


def test_the_page_has_every_paper_and_loads_nothing():
    page = page_of(ROWS)
    assert all(f'id="paper-{row.key}"' in page for row in ROWS)
    assert page.count(' href="https://arxiv.org/abs/') == len(ROWS)
    assert 'href="cross_entropy.html"' in page
    assert not re.search(
        r'\bsrc=|<link|@import|url\(|fetch\(|import\(|href="(?!https://arxiv\.org/abs/|cross_entropy\.html)', page
    )


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page from disk; complains on the console fail the test."""
    file = tmp_path / "papers.html"
    file.write_text(page_of(SOME), encoding="utf8")
    complaints, contexts = [], []

    def opened(fragment="", width=390, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": 844}, **options))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(file.as_uri() + fragment)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def visible(tab):
    return tab.locator("tbody tr:visible").evaluate_all("rows => rows.map(row => row.id.slice('paper-'.length))")


def test_without_script_the_whole_table_is_there(opened):
    tab = opened(java_script_enabled=False)
    assert visible(tab) == [row.key for row in SOME]
    assert not tab.locator("form").is_visible()


def test_search_and_filters_narrow_the_table_and_say_how_far(opened):
    tab = opened()
    tab.keyboard.press("Tab")
    tab.keyboard.type("HARMONIC loss")
    assert visible(tab) == ["harmonicloss2025"]
    assert tab.locator("output").inner_text() == f"1 of {len(SOME)} papers"
    tab.get_by_role("button", name="Show all").click()
    tab.get_by_label("Status").select_option("works")
    assert visible(tab) == [row.key for row in SOME if row.status == "works"]
    ours = sum(row.chapter == "cross_entropy" for row in SOME if row.status == "works")
    assert f"cross-entropy and its relatives ({ours})" in tab.get_by_label("Chapter").inner_text().lower()
    tab.get_by_label("Weight").select_option("context")
    assert visible(tab) == [] and tab.get_by_text("No paper matches").is_visible()


def test_the_address_holds_the_view(opened):
    tab = opened()
    tab.get_by_label("Search").fill("noise")
    tab.get_by_label("Chapter").select_option("noisy_labels")
    again = opened("#" + tab.url.partition("#")[2])
    assert visible(again) == visible(tab) != []
    assert again.get_by_label("Search").input_value() == "noise"
    assert len(visible(opened("#status=nonsense"))) == len(SOME)
    assert len(visible(opened("#paper-polyloss2022"))) == len(SOME)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_and_is_accessible(opened, width):
    from axe_playwright_python.sync_playwright import Axe

    tab = opened("#chapter=cross_entropy", width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    results = Axe().run(tab)
    assert results.violations_count == 0, results.generate_report()
