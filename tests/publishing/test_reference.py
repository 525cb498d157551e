"""The reference has an entry for everything that a family exports, and each entry has every part."""

import inspect
import json
import re
from functools import cache
from types import SimpleNamespace

import nbformat
import pytest
import torch
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import lossatlas
from lossatlas.contract import get, losses
from lossatlas.contract.loss import COMMON_ARGUMENTS
from lossatlas.explore import card
from lossatlas.losses import families
from lossatlas.publishing.build import keys
from lossatlas.publishing.build.book import Book
from lossatlas.publishing.build.generated import made
from lossatlas.publishing.build.reach import reached
from lossatlas.publishing.pages.reference import (
    address,
    certificate_address,
    complete,
    known_of,
    link_cards,
    page_of,
    reference_notebook,
)
from lossatlas.publishing.pages.reference.arguments import call_of
from lossatlas.publishing.pages.reference.docstring import read
from lossatlas.publishing.pages.reference.figures import folded
from lossatlas.publishing.pages.reference.links import entries, with_links
from lossatlas.publishing.pages.reference.notebook import head
from lossatlas.publishing.pages.reference.operations import operations_of
from lossatlas.publishing.pages.reference.paste import paste
from lossatlas.publishing.pages.reference.special import becomes, becomes_this

BOOK = Book.find(__file__)
EACH_FAMILY = pytest.mark.parametrize("family", families())
EACH_LOSS = pytest.mark.parametrize("entry", losses(), ids=lambda entry: entry.name)


@cache
def notebook_of(family):
    return reference_notebook(family)


@cache
def text_of(name, part):
    """The part of an entry as its page has it."""
    family = entries()[name]
    wanted = {"entry": name, "part": part}
    found = [cell for cell in notebook_of(family).cells if cell.metadata.get("lossatlas") == wanted]
    assert len(found) == 1, f"{name} has {len(found)} cells for its {part}"
    return found[0].source


# Docstrings, taken apart.


def documented(text):
    def function():
        pass

    function.__doc__ = text
    return read(function)


def test_a_docstring_is_taken_apart():
    found = documented(
        """A loss: it has
        two lines.

        $$ x $$

        More of it: a colon.

        Use: When it fits,
        and only then.

        Args:
            a, b: two of them; they
                go on here.
            **more: others: with a colon.

        Returns:
            A number.

        Differs: elsewhere it is `other`.

        >>> 1 + 1
        2
        """
    )
    assert found.purpose == "A loss: it has two lines."
    assert found.text == "$$ x $$\n\nMore of it: a colon."
    assert found.arguments == ((("a", "b"), "two of them; they go on here."), (("more",), "others: with a colon."))
    assert found.parts == {
        "Returns": "A number.",
        "Use": "When it fits, and only then.",
        "Differs": "elsewhere it is `other`.",
    }
    assert found.examples == (">>> 1 + 1\n2",)


def test_without_a_docstring_there_is_nothing_to_say():
    found = documented(None)
    assert (found.purpose, found.text, found.arguments, found.parts) == ("", "", (), {})


# The text of every entry.


@EACH_FAMILY
def test_every_export_of_a_family_has_its_entry_under_its_own_name(family):
    anchors = [
        name for cell in notebook_of(family).cells for name in re.findall(r"^```\{anchor\} (\S+)$", cell.source, re.M)
    ]
    module = getattr(lossatlas.losses, family)
    assert sorted(anchors) == sorted(module.__all__)
    assert [cell.id for cell in notebook_of(family).cells] == list(
        dict.fromkeys(cell.id for cell in notebook_of(family).cells)
    )
    nbformat.validate(notebook_of(family))


@EACH_FAMILY
def test_a_notebook_is_the_same_every_time(family):
    assert nbformat.writes(reference_notebook(family)) == nbformat.writes(notebook_of(family))
    assert " at 0x" not in nbformat.writes(notebook_of(family))


@EACH_LOSS
def test_every_part_of_an_entry_is_there(entry):
    opening = text_of(entry.name, "opening")
    said = read(entry.body)
    assert opening.startswith(f"## `{entry.name}`\n")
    assert f"$$ {entry.formula} $$" in opening.replace("$$\n", "$$ ").replace("\n$$", " $$") or entry.formula in opening
    assert "**Use.** " in opening and "**Returns.** " in opening
    assert (
        f"```python\nlossatlas.{entry.name}(" in opening and f"**Example**\n\n```python\n{paste(entry)}\n```" in opening
    )
    assert "<summary>Errors</summary>" in opening and "TypeError" in opening and "ValueError" in opening
    assert ("**Differs.** " in opening) == ("Differs" in said.parts)
    assert entry.source in text_of(entry.name, "source")
    pictures = [c for c in notebook_of(entry.family).cells if c.metadata.get("lossatlas", {}).get("part") == "pictures"]
    shown = [cell.source for cell in pictures if cell.metadata["lossatlas"]["entry"] == entry.name]
    probes = entry.signature.probes
    assert shown == ([f"pictures_of({entry.family}.{entry.name})"] if probes.lines or probes.planes else [])


@EACH_LOSS
def test_every_argument_is_described_with_what_it_may_be(entry):
    opening = text_of(entry.name, "opening")
    described = {name for names, _ in read(entry.body).arguments for name in names}
    assert described == {*entry.signature.names, *entry.defaults}
    for name, domain in entry.domains.items():
        (line,) = [line for line in opening.splitlines() if re.match(rf"(`\w+`, )*`{name}`", line)]
        alike = re.findall(r"`(\w+)`", line)
        if len({(str(entry.limits.get(one)), repr(entry.defaults.get(one))) for one in alike}) == 1:
            assert str(domain).replace(">", "&gt;").replace("<", "&lt;") in line
    for name in entry.signature.names:
        assert re.search(rf"^(`\w+`, )*`{name}`", opening, re.M)


@EACH_LOSS
def test_code_to_paste_runs_and_gives_a_gradient(entry):
    torch.manual_seed(0)
    run = {}
    exec(paste(entry), run)
    floating = entry.signature.inputs.floating
    gradients = [run[name].grad for name in floating if name in run and run[name].grad is not None]
    assert run["loss"].ndim == 0 and run["loss"].isfinite()
    assert gradients and all(gradient.isfinite().all() for gradient in gradients)


@EACH_FAMILY
def test_operations_are_told_with_their_call_and_their_source(family):
    for operation in operations_of(family):
        opening = text_of(operation.name, "opening")
        assert opening.startswith(f"### `{operation.name}`\n")
        assert f"lossatlas.losses.{family}.{operation.name}(" in opening
        assert len(read(operation.body).purpose) > 20
        source = text_of(operation.name, "source")
        assert re.search(rf"(def|class) {operation.name}\b", source)
        assert operation.source in source


def test_a_registered_operation_comes_as_it_is_registered():
    names = {operation.name: operation for operation in operations_of("pair_metric_learning")}
    assert names["snr_distance"] is lossatlas.contract.registry.get_operation("snr_distance")
    assert not set(names) & {entry.name for entry in losses()}


def test_a_long_call_goes_over_several_lines_and_a_function_is_named():
    def short(a, *, scale=abs, many=None):
        pass

    assert call_of(SimpleNamespace(name="short", function=short), "here") == "here.short(a, *, scale=abs, many=None)"
    lines = call_of(get("nt_xent"), "lossatlas").splitlines()
    assert len(lines) > 3 and max(map(len, lines)) <= 76
    assert lines[0] == "lossatlas.nt_xent(" and "temperature=0.5" in "".join(lines)


# Links.


def test_an_address_is_seen_from_the_page_on_which_it_stands():
    assert address("nt_xent") == "reference/contrastive.html#nt_xent"
    assert address("nt_xent", page_of("contrastive")) == "#nt_xent"
    assert address("nt_xent", page_of("cross_entropy")) == "../reference/contrastive.html#nt_xent"
    with pytest.raises(KeyError):
        address("no_such_loss")


def test_names_in_a_text_lead_to_their_entries():
    text = with_links(
        "`nt_xent`, `lossatlas.focal_loss`, `moco_info_nce`, `circle_loss` and `temperature`",
        page_of("contrastive"),
        "circle_loss",
    )
    soup = BeautifulSoup(text, "html.parser")
    assert [link["href"] for link in soup.select("a")] == [
        "#nt_xent",
        "../reference/cross_entropy.html#focal_loss",
        "#info_nce",
    ]
    assert "`circle_loss` and `temperature`" in text


def test_special_cases_lead_there_and_back():
    """Each that is declared is stated in the entry of either loss."""
    for entry in losses():
        for case, words in zip(entry.special_cases, becomes(entry, page_of(entry.family)), strict=True):
            other = get(case.of)
            assert address(other.name, page_of(entry.family)) in words
            assert all(f"{name} = " in words.replace("<wbr>", "") for name in case.when)
            back = becomes_this(other, page_of(other.family))
            assert other is entry or any(address(entry.name, page_of(other.family)) in sentence for sentence in back)
    assert sum(len(entry.special_cases) for entry in losses()) > 20


def test_a_card_leads_to_the_entry_where_there_is_one():
    def linked(families):
        output = new_output("display_data", card("nt_xent")._repr_mimebundle_())
        notebook = new_notebook(cells=[new_markdown_cell("# T"), new_code_cell("card", outputs=[output])])
        link_cards(notebook, "evidence/contrastive", families)
        return notebook.cells[1].outputs[0].data["text/markdown"]

    assert 'href="../reference/contrastive.html#nt_xent"' in linked(["contrastive"])
    assert linked([]) == card("nt_xent").markdown()


# What records know, and the finished page.


@pytest.fixture(scope="module")
def finished():
    """Pages with pictures that are merely said to be there."""
    picture = '<figure class="atlas-explorer" id="ex-{0}" aria-label="{0} &amp; more">{0}</figure>'
    pages = {}
    for family in families():
        notebook = nbformat.from_dict(json.loads(nbformat.writes(reference_notebook(family))))
        for cell in notebook.cells:
            if cell.metadata.get("lossatlas", {}).get("part") == "pictures":
                cell.outputs = [
                    new_output("display_data", {"text/html": picture.format(n), "text/plain": n})
                    for n in ("one", "two")
                ]
        pages[family] = complete(notebook, family, known_of(BOOK))
    return pages


def facts_of(finished, name):
    pages = [cell.source for cell in finished[entries()[name]].cells if cell.id == f"{name}-facts"]
    assert len(pages) == 1
    return pages[0]


@EACH_LOSS
def test_every_loss_has_its_certificate_where_the_appendix_links_to(finished, entry):
    soup = BeautifulSoup(facts_of(finished, entry.name), "html.parser")
    page, _, anchor = certificate_address(entry).partition("#")
    assert soup.select_one(f"details#{anchor}") and page == f"reference/{entry.family}.html"
    assert all(link["href"].startswith("../") for link in soup.select(".atlas-certificate a"))


def test_records_of_peers_and_speed_are_shown_where_they_have_the_loss(finished):
    rows = {name: getattr(known_of(BOOK), name) for name in ("parity", "benchmarks")}
    assert rows["parity"] and rows["benchmarks"]
    for entry in losses():
        soup = BeautifulSoup(facts_of(finished, entry.name), "html.parser")
        peers = [row for row in rows["parity"] if row["loss"] == entry.name]
        assert len(soup.select(".atlas-packages tbody tr")) == len(peers)
        timed = {(row["size"], row["form"]) for row in rows["benchmarks"] if row["loss"] == entry.name}
        assert len(soup.select(".atlas-speed tbody tr")) == len(timed)


def test_papers_are_those_of_the_catalogue_and_the_one_that_is_declared(finished):
    known = known_of(BOOK)
    for entry in losses():
        facts = facts_of(finished, entry.name)
        working = [row for row in known.papers if row.status == "works"]
        wanted = {row.key for row in working if entry.name in {s.rpartition(".")[2] for s in row.symbols}}
        assert all(f"papers.html#paper-{key}" in facts for key in wanted)
        if entry.paper:
            assert f"`{entry.paper}`" in facts or f"paper-{entry.paper}" in facts


@EACH_FAMILY
def test_papers_of_operations_are_those_whose_symbols_name_them(finished, family):
    known = known_of(BOOK)
    for operation in operations_of(family):
        facts = "".join(cell.source for cell in finished[family].cells if cell.id == f"{operation.name}-facts")
        working = [row for row in known.papers if row.status == "works"]
        wanted = [row.key for row in working if operation.name in {s.rpartition(".")[2] for s in row.symbols}]
        assert all(f"papers.html#paper-{key}" in facts for key in wanted)
        assert bool(facts) == bool(wanted or operation.paper)


@EACH_FAMILY
def test_the_index_has_every_entry_with_its_purpose(finished, family):
    (index,) = [cell.source for cell in finished[family].cells if cell.id == "index"]
    soup = BeautifulSoup(index, "html.parser")
    module = getattr(lossatlas.losses, family)
    assert sorted(row.a["href"] for row in soup.select("li[data-row]")) == sorted(f"#{name}" for name in module.__all__)
    assert f"{len(losses(family=family))} losses" in soup.p.get_text()
    assert all(row.span.get_text(strip=True) for row in soup.select("li[data-row]"))
    assert soup.select("form[hidden] input[type=search]") and "operations-of-the-family" in index


def test_all_pictures_but_the_first_are_folded():
    def picture(n):
        return new_output("display_data", {"text/html": f'<figure aria-label="{n} &amp; more">{n}</figure>'})

    words = new_output("stream", name="stdout", text="words")
    first, second, third = folded([words, picture("one"), picture("two"), picture("three")])
    assert first.data["text/html"].startswith("<figure")
    assert BeautifulSoup(second.data["text/html"], "html.parser").details.summary.get_text() == "two & more"
    assert "open" not in BeautifulSoup(third.data["text/html"], "html.parser").details.attrs
    assert folded([]) == []


# What a page depends on.


def test_the_families_with_a_chapter_have_a_page():
    assert sorted(made(BOOK)) == sorted(map(page_of, families()))


def test_a_page_depends_on_what_its_family_reaches_and_on_nothing_else(make_book, tmp_path, monkeypatch):
    book = make_book(chapter=["# Chapter"])
    package = tmp_path / "lossatlas"
    for name, text in {
        "__init__.py": "",
        "losses/__init__.py": "",
        "losses/one/__init__.py": "from .bend import bend",
        "losses/one/bend.py": "def bend():\n    from ...contract import checks",
        "losses/two/__init__.py": "",
        "contract/__init__.py": "",
        "contract/checks.py": "import lossatlas.contract.words",
        "contract/words.py": "",
        "contract/other.py": "",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    monkeypatch.setattr(keys, "PACKAGE", package)
    names = [path.relative_to(package).as_posix() for path in reached("from lossatlas.losses import one", package)]
    assert names == [
        "__init__.py",
        "contract/__init__.py",
        "contract/checks.py",
        "contract/words.py",
        "losses/__init__.py",
        "losses/one/__init__.py",
        "losses/one/bend.py",
    ]
    notebook = book.generated / "reference" / "one.ipynb"
    notebook.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_code_cell("from lossatlas.losses import one")]), notebook)

    def key():
        return keys.notebook_key(book, notebook, {})

    before = key()
    (package / "losses/two/__init__.py").write_text("two = 2")
    (package / "contract/other.py").write_text("other = 2")
    (book.sources / "papers" / "one.yml").write_text("papers: []")
    assert key() == before
    (package / "contract/words.py").write_text("words = 2")
    assert key() != before


@EACH_FAMILY
def test_a_page_reaches_its_own_family_and_the_pictures(family):
    code = "\n".join(cell.source for cell in notebook_of(family).cells if cell.cell_type == "code")
    names = {path.relative_to(keys.PACKAGE).as_posix() for path in reached(code, keys.PACKAGE)}
    own = {path.relative_to(keys.PACKAGE).as_posix() for path in (keys.PACKAGE / "losses" / family).glob("*.py")}
    assert own <= names and "explore/pictures/curves.py" in names and "contract/loss.py" in names
    assert not any(name.startswith(("publishing/", "classroom/", "catalogue/", "exercises/")) for name in names)


def test_the_arguments_that_every_loss_takes_are_explained():
    """Each keyword that the decorator adds to some loss is described at the head of the page."""
    added = {
        name
        for entry in losses()
        for name in inspect.signature(entry.function).parameters
        if name not in entry.signature.names and name not in entry.defaults
    }
    assert added == set(COMMON_ARGUMENTS)
    assert all(f"`{name}`" in head("contrastive") for name in added)
