"""What every committed notebook must be: clean, runnable alone, and ready for papermill."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from lossatlas.publishing.build.book import Book

BOOK = Book.find(Path(__file__).parent)
NOTEBOOKS = BOOK.written_notebooks()


@pytest.fixture(params=NOTEBOOKS)
def notebook(request):
    return nbformat.read(NOTEBOOKS[request.param], as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def test_there_is_a_chapter():
    assert "cross_entropy" in NOTEBOOKS


def test_is_committed_without_results(notebook):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(notebook))
    assert "widgets" not in notebook.metadata and "papermill" not in notebook.metadata


def test_is_valid_and_its_cells_have_stable_names(notebook):
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_every_code_cell_parses(notebook):
    for cell in code_cells(notebook):
        ast.parse(cell.source)


def test_the_first_code_cell_makes_it_run_on_colab(notebook):
    first = code_cells(notebook)[0]
    assert first in tagged(notebook, "bootstrap")
    assert BOOK.repository in first.source
    installs = re.findall(r'"install".*', first.source)
    assert installs and all("--no-deps" in line for line in installs), "the host keeps its own torch and numpy"


def test_papermill_finds_its_parameters(notebook):
    (cell,) = tagged(notebook, "parameters")
    assigned = {
        target.id: ast.literal_eval(node.value) for node in ast.parse(cell.source).body for target in node.targets
    }
    assert assigned == {"tier": "smoke", "device": "auto", "seed": 0}


def test_no_solution_is_in_it(notebook):
    for cell in notebook.cells:
        assert not {"solution", "hidden"} & set(cell.metadata.get("tags", []))
        assert "{solution" not in cell.source
