"""Lay out what Jupyter Book reads: executed notebooks made fit for a static page, texts, generated pages, assets."""

import json
import shutil
from pathlib import PurePosixPath

import nbformat
import yaml

from lossatlas.contract import losses
from lossatlas.evidence import MIME as VERDICT
from lossatlas.exercises.listing import LISTING
from lossatlas.explore.engine.static_page import STATIC_FILES, externalize
from lossatlas.explore.pictures.cards import CARD
from lossatlas.losses import families

from ...catalogue import papers_page, read_catalogue
from ...catalogue.bibliography import bibliography
from ..pages.all_losses import OVERLAY, losses_page
from ..pages.course import course_page
from ..pages.evidence import collect_verdicts, evidence_page
from ..pages.exercises import exercise_pages, link_listings, write_student_notebooks
from ..pages.front import front_page
from ..pages.parity import parity_page
from ..pages.proof import proof_page
from ..pages.reference import certificate_address, complete, known_of, link_cards, page_of
from ..pages.speed import speed_page
from .addresses import to_top
from .assets import vendor
from .book import BookError
from .chapters import first_heading
from .config import listed_pages
from .contents import put_below, with_belongings
from .execute import read_record, up_to_date
from .keys import notebook_key
from .records import parts

#: Outputs that only a kernel brings to life, or that the site collects on a page of its own.
STRIPPED = ("application/vnd.jupyter.widget-view+json", "application/vnd.plotly.v1+json", VERDICT, CARD, LISTING)

#: Folders with a file for each family, from which the site has what is made of them.
GATHERED = ("exercises", "measured", "papers", "references")


def assemble(book, audience="student"):
    """Fill `_build/site_source` anew from the executed copies, the texts of the book and the masters of its exercises.

    Args:
        book: the `Book`.
        audience: `"student"`, or `"instructor"` for pages of exercises with solutions.

    Raises:
        BookError: when a notebook of the book has no executed copy that is up to date.
    """
    target = book.site_source
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(book.sources, target, ignore=shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints", *GATHERED))
    entries = bibliography(book.sources / "references").values()
    (target / "references.bib").write_text("\n\n".join(entries) + "\n", encoding="utf8")
    vendor(target / "vendored")
    for path in (*STATIC_FILES, OVERLAY):
        shutil.copy(path, target / "vendored")
    (target / "beside").mkdir()

    records = executed_records(book)
    notebooks = {
        name: nbformat.read(book.executed / f"{name}.ipynb", as_version=4) for name in sorted(records, key=_order(book))
    }
    verdicts = collect_verdicts(notebooks)
    exercises = exercise_pages(book, audience)
    references = {page_of(family): family for family in families() if page_of(family) in records}
    known = known_of(book)
    for name, notebook in notebooks.items():
        link_cards(notebook, name, references.values())
        if name in references:
            complete(notebook, references[name], known)
        link_listings(notebook, exercises, to_top(name))
        write_page(target / f"{name}.ipynb", nbformat.writes(static(notebook, writer(target / "beside", name))))
    anchors = {entry.name: certificate_address(entry) for entry in losses() if entry.family in references.values()}
    generated = {
        "losses": losses_page(references.values(), writer(target / "beside", "losses")),
        "evidence": evidence_page(verdicts, {name: first_heading(notebook) for name, notebook in notebooks.items()}),
        "papers": _papers(book, records),
        "proof": proof_page(losses(), known.certificates, anchors),
        "parity": parity_page([entry.name for entry in losses()], parts(book, "parity")),
        "speed": speed_page(parts(book, "benchmarks"), parts(book, "scale")),
        **exercises,
    }
    for name, text in generated.items():
        write_page(target / f"{name}.md", text)
    contents = with_belongings(yaml.safe_load(book.contents.read_text(encoding="utf8")), {*records, *generated})
    book.site_contents.write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf8")
    index = target / "index.md"
    index.write_text(front_page(index.read_text(encoding="utf8"), book), encoding="utf8")
    instruct(book, records)
    facts = {
        "executed": records,
        "generated": sorted({*generated, *(set(records) - set(book.written_notebooks()))}),
        "notebooks": write_student_notebooks(book, target / "beside"),
        "verdicts": {v["key"]: {name: v[name] for name in ("word", "statement", "page")} for v in verdicts},
    }
    (target / "provenance.json").write_text(json.dumps(facts), encoding="utf8")


def write_page(path, text):
    """Write the source of a page, which may lie in a folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")


def instruct(book, records):
    """Fill the page for instructors with what the book says of itself, where there is such a page."""
    page = book.site_source / "instructors.md"
    if page.is_file():
        page.write_text(course_page(page.read_text(encoding="utf8"), book, records), encoding="utf8")


def executed_records(book):
    """The records of all notebooks of the book, which must be executed as they now are."""
    records = read_record(book)
    stale = [
        name
        for name, path in book.notebooks().items()
        if not up_to_date(book, name, notebook_key(book, path, records.get(name, {}).get("parameters")), records)
    ]
    if stale:
        raise BookError(
            f"not executed since they, the library or the environment changed: {', '.join(stale)}; "
            "run: lossatlas execute"
        )
    return {name: records[name] for name in book.notebooks()}


def static(notebook, write):
    """A notebook for a page without a kernel: no injected cells, no widget state, large payloads in files.

    Args:
        notebook: the executed notebook; changed in place and returned.
        write: (name, bytes) -> the address of the file on the page.
    """
    for key in ("papermill", "widgets"):
        notebook.metadata.pop(key, None)
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", ())]
    for cell in notebook.cells:
        for key in ("papermill", "execution", "widgets"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(lambda o: _static_output(o, write), cell.outputs) if output]
    return notebook


def writer(folder, page):
    """A function that puts a file into the page's own folder and gives its address as seen from the page.

    A page in a folder, such as `evidence/contrastive`, sees the folder of the site above it.
    """
    place = PurePosixPath("explorers") / page

    def write(name, content):
        path = folder / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
        return f"{to_top(page)}{place / name}"

    return write


def _order(book):
    """The place of a page in the table of contents, as a key to sort by; pages that it lacks come last."""
    table = yaml.safe_load(book.contents.read_text(encoding="utf8"))
    listed = list(listed_pages(with_belongings(table, put_below(table))))
    return lambda name: (listed.index(name) if name in listed else len(listed), name)


def _papers(book, chapters):
    """The page of all papers, with links to the chapters that are there."""
    return papers_page(read_catalogue(book.sources / "papers"), {name: f"{name}.html" for name in chapters})


def _static_output(output, write):
    """The output without what needs a kernel; None when nothing is left of it."""
    if "data" not in output:
        return output
    data = {mime: value for mime, value in output["data"].items() if mime not in STRIPPED}
    if "text/html" in data:
        data["text/html"] = externalize("".join(data["text/html"]), write)
        data.pop("image/png", None)
    elif len(data) < len(output["data"]):
        data.pop("text/plain", None)  # `HBox(children=…)` says nothing to a reader
    output["data"] = data
    return output if data else None
