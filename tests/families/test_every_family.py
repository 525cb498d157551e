"""Every family is whole: a folder in `losses` demands all the other parts, and every exported name is tested."""

import ast
import inspect
import re
import sys
from pathlib import Path

import nbformat
import pytest
import torch
import yaml

import lossatlas
from lossatlas import losses
from lossatlas.exercises.quiz_questions import path_of
from lossatlas.publishing.build.chapters import METADATA
from lossatlas.publishing.new.marks import TO_WRITE
from tests.contract.modules import stateful
from tests.contract.operations import operation_cases
from tests.families import collected, families, modules

ROOT = Path(__file__).parents[2]
BOOK, LIBRARY, TESTS = ROOT / "book", Path(lossatlas.__file__).parent, ROOT / "tests" / "families"
LEAST_CLAIMS, LEAST_EXERCISES, LEAST_QUESTIONS = 5, 5, 8

EACH_FAMILY = pytest.mark.parametrize("family", losses.families())


def entries_of(family):
    return [*lossatlas.registry(family=family), *lossatlas.contract.operations(family=family)]


def code_of(path):
    """The code of a notebook as one text."""
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")


def test_no_part_belongs_to_a_family_that_is_not_there():
    """Folders and files that are named after families are those of the families in `losses`."""
    there = set(losses.families())
    found = {
        "tests/families": set(families()),
        "exercises": {path.parent.name for path in (LIBRARY / "exercises").glob("*/__init__.py")},
        "chapters": {path.stem for path in BOOK.glob("*.ipynb")},
        "evidence": {path.stem for path in (BOOK / "evidence").glob("*.ipynb")},
        "masters": {path.stem for path in (BOOK / "exercises").glob("*.ipynb")},
        "references": {path.stem for path in (BOOK / "references").glob("*.bib")} - {"general"},
    }
    assert found == dict.fromkeys(found, there)


@EACH_FAMILY
def test_it_is_a_chapter_of_the_book(family):
    assert re.search(rf"^\s*- file: {family}$", (ROOT / "_toc.yml").read_text(), re.M), (
        f"_toc.yml does not list {family}"
    )
    notebook = nbformat.read(BOOK / f"{family}.ipynb", as_version=4)
    assert re.search(r"^# \S", notebook.cells[0].source, re.M), "the chapter begins with its title"
    own = notebook.metadata.get(METADATA, {})
    assert own.get("about") and own.get("sessions"), (
        "its metadata says what it is about, and how a course goes through it"
    )


@EACH_FAMILY
def test_its_papers_are_covered(family):
    rows = yaml.safe_load((BOOK / "papers" / f"{family}.yml").read_text(encoding="utf8"))["papers"]
    assert rows and [row["key"] for row in rows if row["status"] == "planned"] == []


@EACH_FAMILY
def test_its_claims_are_put_to_the_test(family):
    claims = set(re.findall(r'\bkey="([a-z0-9-]+)"', code_of(BOOK / "evidence" / f"{family}.ipynb")))
    assert len(claims) >= LEAST_CLAIMS, f"{len(claims)} claims in book/evidence/{family}.ipynb"


@EACH_FAMILY
def test_it_has_exercises_answers_and_questions(family):
    exercises = [name for name in lossatlas.exercises.EXERCISES if name.startswith(f"{family}/")]
    assert len(exercises) >= LEAST_EXERCISES, f"{len(exercises)} exercises in src/lossatlas/exercises/{family}"
    (answers,) = modules(family, "answers")
    assert {exercise for exercise, *_ in answers.wrong_answers()} == set(exercises), "wrong answers to each exercise"
    questions = yaml.safe_load(path_of(family).read_text(encoding="utf8"))
    assert questions and len(lossatlas.exercises.quiz(family).questions) >= LEAST_QUESTIONS
    assert modules(family, "facts"), f"tests/families/{family}/facts.py computes what the quiz calls right"


@EACH_FAMILY
def test_it_has_reference_numbers_and_tests_of_its_own(family):
    assert list((TESTS / family / "golden").glob("*.json")), "numbers of official implementations"
    assert collected("adapters", "ADAPTERS")[family]
    assert list((TESTS / family).glob("test_*.py"))


@EACH_FAMILY
def test_every_loss_and_operation_has_a_naive_loop_or_says_why_not(family):
    loops = collected("references", "REFERENCES")[family]
    assert [e.name for e in entries_of(family) if e.name not in loops and "loop" not in e.exempt] == []
    assert sorted(set(loops) - {e.name for e in entries_of(family)}) == [], "loops of what is not registered"


@EACH_FAMILY
def test_nothing_is_left_to_write(family):
    """Skeletons mark the places where an author has to write."""
    places = [
        *(LIBRARY / "losses" / family).glob("*.py"),
        *(LIBRARY / "exercises" / family).glob("*"),
        *(TESTS / family).rglob("*.py"),
        BOOK / f"{family}.ipynb",
        BOOK / "evidence" / f"{family}.ipynb",
        BOOK / "exercises" / f"{family}.ipynb",
    ]
    assert [str(p.relative_to(ROOT)) for p in places if p.is_file() and TO_WRITE in p.read_text(encoding="utf8")] == []


@EACH_FAMILY
def test_every_file_of_it_is_imported(family):
    """A file that nobody imports enters nothing in the registry, and nothing in it is tested."""
    losses.load()
    files = {path.stem for path in (LIBRARY / "losses" / family).glob("*.py")} - {"__init__"}
    assert {name for name in files if f"lossatlas.losses.{family}.{name}" not in sys.modules} == set()


@EACH_FAMILY
def test_every_exported_name_is_under_contract(family):
    """It is a registered loss or operation, a module that the table of modules holds, or the type of a result."""
    module = getattr(losses, family)
    known = {entry.name: entry.function for entry in entries_of(family)}
    generated = {made.name for made in stateful() if made.family == family}
    assert [name for name in module.__all__ if not under_contract(name, getattr(module, name), known, generated)] == []
    assert sorted(set(known) - set(module.__all__)) == [], "registered, but not exported"


def under_contract(name, exported, known, generated):
    if inspect.isclass(exported):
        return name in generated if issubclass(exported, torch.nn.Module) else exported in types_of_results()
    return known.get(name) is exported


def types_of_results():
    """The named tuples that operations return, whole or in part."""
    if not _types:
        for case in operation_cases():
            _types.update(named_tuples(case(case.sample())))
    return _types


_types = set()


def named_tuples(found):
    if isinstance(found, tuple):
        if hasattr(found, "_fields"):
            yield type(found)
        for part in found:
            yield from named_tuples(part)


@EACH_FAMILY
def test_what_is_public_is_exported(family):
    """A function under a decorator of the contract, in any file of the family, is exported under its name."""
    exported = set(getattr(losses, family).__all__)
    for path in sorted((LIBRARY / "losses" / family).glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf8")).body:
            if isinstance(node, ast.FunctionDef) and {"loss", "operation"} & {name_of(d) for d in node.decorator_list}:
                assert node.name in exported, f"{path.name}: {node.name}"


def name_of(decorator):
    return getattr(getattr(decorator, "func", decorator), "id", "")


def test_a_name_exported_twice_is_refused(monkeypatch):
    first, second = (type(sys)(f"lossatlas.losses.{name}") for name in ("one", "two"))
    first.__all__ = second.__all__ = ["same_loss"]
    for module in (first, second):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(losses, "families", lambda: ("one", "two"))
    with pytest.raises(ImportError, match="same_loss: exported by one and by two"):
        losses.load.__wrapped__()


def test_a_function_without_contract_is_seen(scratch_registry):
    def unchecked(x):
        return x

    assert not under_contract("unchecked", unchecked, {}, set())
    assert not under_contract("Unchecked", type("Unchecked", (torch.nn.Module,), {}), {}, set())
    assert not under_contract("Result", type("Result", (tuple,), {}), {}, set())
