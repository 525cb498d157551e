"""What becomes of an executed notebook on its way to a page."""

import base64

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lossatlas.evidence import MIME
from lossatlas.explore import Explorer, Slider
from lossatlas.publishing.build.assemble import static, writer
from lossatlas.publishing.build.book import BookError
from lossatlas.publishing.build.chapters import first_heading

from .verdicts import VERDICT


def displayed(**data):
    return new_output("display_data", {mime.replace("__", "/"): value for mime, value in data.items()})


def converted(tmp_path, *outputs, tags=()):
    cell = new_code_cell(
        "x", metadata={"tags": list(tags), "papermill": {"duration": 1}, "execution": {}}, outputs=list(outputs)
    )
    notebook = new_notebook(
        cells=[new_markdown_cell("# Title"), cell], metadata={"widgets": {"state": {}}, "papermill": {"version": "2"}}
    )
    return static(notebook, writer(tmp_path, "chapter"))


def test_metadata_of_execution_and_injected_cells_are_gone(tmp_path):
    notebook = converted(tmp_path, tags=["injected-parameters"])
    assert len(notebook.cells) == 1 and "widgets" not in notebook.metadata and "papermill" not in notebook.metadata
    assert converted(tmp_path).cells[1].metadata == {"tags": []}


def test_a_page_in_a_folder_finds_its_files_above_it(tmp_path):
    address = writer(tmp_path, "evidence/chapter")("one.js", "1")
    assert address == "../explorers/evidence/chapter/one.js"
    assert (tmp_path / "explorers" / "evidence" / "chapter" / "one.js").read_text() == "1"


def test_explorer_moves_into_files(tmp_path):
    def parabola(a):
        return [{"x": [0.0, 1.0, 2.0], "y": [0.0, a, 4 * a]}]

    bundle, _ = Explorer(parabola, a=Slider(1.0, 2.0, 3), alt="A parabola of height {a}.")._repr_mimebundle_()
    (output,) = converted(tmp_path, new_output("display_data", bundle)).cells[1].outputs
    html = output.data["text/html"]
    files = sorted(path.suffix for path in (tmp_path / "explorers" / "chapter").iterdir())
    assert files == [".js", ".png"]
    assert "base64" not in html and 'data-src="explorers/chapter/' in html and 'src="explorers/chapter/' in html
    assert "image/png" not in output.data


def test_what_needs_a_kernel_is_dropped(tmp_path):
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "HBox(children=())"}
    plot = {"application/vnd.plotly.v1+json": {"data": []}, "text/plain": "Figure"}
    kept = {"text/plain": "3"}
    outputs = [new_output("display_data", data) for data in (view, plot, kept)]
    notebook = converted(tmp_path, *outputs, new_output("stream", name="stdout", text="words"))
    assert [output.get("data", output.get("text")) for output in notebook.cells[1].outputs] == [
        {"text/plain": "3"},
        "words",
    ]


def test_png_alone_stays(tmp_path):
    png = base64.b64encode(b"\x89PNG").decode()
    (output,) = converted(tmp_path, displayed(image__png=png, text__plain="<Figure>")).cells[1].outputs
    assert output.data["image/png"] == png


def test_the_card_of_a_verdict_stays_and_its_data_go(tmp_path):
    output = new_output("display_data", {MIME: VERDICT, "text/html": "<p>card</p>", "text/plain": "v"})
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[output])])
    (left,) = static(notebook, writer(tmp_path, "chapter")).cells[0].outputs
    assert set(left.data) == {"text/html", "text/plain"}


def test_the_title_of_a_page_is_its_first_heading():
    cells = [
        new_code_cell("# no heading"),
        new_markdown_cell("(label)=\n# The title\n\nText."),
        new_markdown_cell("# No"),
    ]
    assert first_heading(new_notebook(cells=cells)) == "The title"
    assert first_heading(new_notebook()) == ""


def test_stale_copies_are_refused(make_book):
    from lossatlas.publishing.build.assemble import executed_records

    book = make_book(chapter=["# Chapter"])
    with pytest.raises(BookError, match="chapter; run: lossatlas execute"):
        executed_records(book)
