"""`lossatlas new` writes every file that is demanded, and what is still to be written is named by the tests."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from lossatlas.catalogue import read_catalogue
from lossatlas.publishing.build.book import Book, BookError
from lossatlas.publishing.build.chapters import chapters
from lossatlas.publishing.new import new_family, new_loss
from lossatlas.publishing.new.marks import TO_WRITE
from lossatlas.publishing.pages.syllabus import sessions_of

from .conftest import REPOSITORY


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the sources with one more family, `toys`, as the command leaves it, and one loss in it."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("src", "tests", "benchmarks"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copytree(REPOSITORY / "book", root / "book", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in ("_toc.yml", "_config.yml", "pyproject.toml", "requirements.txt"):
        shutil.copy(REPOSITORY / name, root)
    book = Book(root)
    written = new_family(book, "toys", "Toys and games")
    written += new_loss(book, "rocking_horse_loss", "toys", "queries.cosine")
    return book, written


def run(book, *command):
    """A command in the copy, with the copy's library."""
    environment = {**os.environ, "PYTHONPATH": str(book.root / "src"), "PYTEST_ADDOPTS": ""}
    return subprocess.run([sys.executable, *command], cwd=book.root, env=environment, capture_output=True, text=True)


def test_files_are_written_and_listed(checkout):
    book, written = checkout
    assert all(path.is_file() for path in written)
    assert re.search(r"- file: contrastive\n\s+- file: toys\n", book.contents.read_text())
    assert "Toys and games" in (book.sources / "toys.ipynb").read_text()
    chapter = {chapter.name: chapter for chapter in chapters(book)}["toys"]
    assert (chapter.title, chapter.about) == ("Toys and games", TO_WRITE) and sessions_of(chapter)
    assert read_catalogue(book.sources / "papers").titles["toys"] == "Toys and games"


def test_the_library_with_them_imports(checkout):
    book, _ = checkout
    code = "import lossatlas; print(lossatlas.losses.families(), lossatlas.rocking_horse_loss)"
    found = run(book, "-c", code)
    assert "'toys'" in found.stdout and "rocking_horse_loss" in found.stdout, found.stderr


def test_what_is_missing_is_named_by_tests(checkout):
    book, _ = checkout
    found = run(
        book, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/families/test_every_family.py", "-k", "toys"
    )
    for missing in (
        "test_its_claims_are_put_to_the_test",
        "test_it_has_exercises_answers_and_questions",
        "test_it_has_reference_numbers_and_tests_of_its_own",
        "test_nothing_is_left_to_write",
    ):
        assert re.search(rf"FAILED \S+::{missing}\[toys\]", found.stdout), found.stdout
    found = run(
        book, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract/test_errors.py", "-k", "rocking_horse"
    )
    assert "failed" not in found.stdout and "passed" in found.stdout  # it is checked before its formula is written
    found = run(
        book, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract/test_uses.py", "-k", "rocking_horse"
    )
    assert "failed" in found.stdout


def test_a_second_loss_joins_the_first(checkout):
    book, _ = checkout
    new_loss(book, "abacus_loss", "toys", "logits")
    package = book.root / "src" / "lossatlas" / "losses" / "toys" / "__init__.py"
    compile(package.read_text(), "toys", "exec")
    assert re.findall(r"from \.(\w+)", package.read_text()) == ["abacus_loss", "rocking_horse_loss"]
    references = (book.root / "tests" / "families" / "toys" / "references.py").read_text()
    names = {}
    exec(references, names)
    assert set(names["REFERENCES"]) == {"abacus_loss", "rocking_horse_loss"}


def test_names_that_will_not_do_are_refused(checkout):
    book, _ = checkout
    for name in ("Toys", "toys-and", "_toys", ""):
        with pytest.raises(BookError, match="family: expected a name"):
            new_family(book, name)
    with pytest.raises(BookError, match="toys is there already"):
        new_family(book, "toys")
    with pytest.raises(BookError, match=r"--family: expected one of .*toys, got 'toy'"):
        new_loss(book, "other_loss", "toy", "logits")
    with pytest.raises(BookError, match=r"--signature: expected one of .*logits"):
        new_loss(book, "other_loss", "toys", "logit")
    with pytest.raises(BookError, match=r"queries has no form 'sine'; it has: queries\.cosine"):
        new_loss(book, "other_loss", "toys", "queries.sine")
    with pytest.raises(BookError, match="info_nce is there already"):
        new_loss(book, "info_nce", "toys", "logits")


def test_the_mark_is_nowhere_in_the_book_itself():
    for path in [*(REPOSITORY / "book").rglob("*.ipynb"), *(REPOSITORY / "src" / "lossatlas" / "losses").rglob("*.py")]:
        assert TO_WRITE not in path.read_text(encoding="utf8"), path
