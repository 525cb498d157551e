"""Records: the fresh part of a family before the kept one, the current one before the stale one, and what is kept."""

import copy
import json
import shutil
from pathlib import Path

import pytest

from lossatlas.contract import losses
from lossatlas.publishing.build import keys, records
from lossatlas.publishing.build.book import Book, BookError
from lossatlas.publishing.cli import main
from lossatlas.publishing.pages.certificate import certificate
from lossatlas.publishing.pages.parity import parity_page
from lossatlas.publishing.pages.proof import proof_page
from lossatlas.publishing.pages.speed import speed_page

from .recorded import BENCHMARKS, CERTIFICATES, PARITY, RECORDS, SCALE, fresh, kept, timed

FAMILY = "cross_entropy"
OWN = [entry.name for entry in losses(family=FAMILY)]
SOURCES = [*keys.SHARED, *(f"{folder}/{FAMILY}" for folder in keys.BY_FAMILY)]


@pytest.fixture
def book(tmp_path):
    """A checkout with the sources of two families."""
    book = Book(tmp_path)
    for folder in keys.SHARED:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text("one = 1\n")
    for folder in keys.BY_FAMILY:
        for family in (FAMILY, "another"):
            (tmp_path / folder / family).mkdir(parents=True)
            (tmp_path / folder / family / "__init__.py").write_text("")
            (tmp_path / folder / family / "a.py").write_text("one = 1\n")
    book.sources.mkdir()
    return book


def now(book):
    return keys.fingerprints(book.root)[FAMILY]


def other(*names):
    """The losses of the record under other names, measured otherwise."""
    (facts,) = copy.deepcopy(CERTIFICATES["losses"]).values()
    return {name: {**facts, "runs": 99} for name in names}


def whole(book):
    """Fresh records of every kind with all that a family's must have."""
    rows = [
        timed(loss, size, form, 1.0) for loss in OWN for size in ("small", "large") for form in ("eager", "compiled")
    ]
    fresh(book.fresh, "certificates", fingerprint=now(book), losses=other(*OWN))
    fresh(book.fresh, "parity")
    fresh(book.fresh, "benchmarks", rows=rows)
    fresh(book.fresh, "scale")


@pytest.mark.parametrize("kind", records.COMMANDS)
def test_the_fresh_part_of_a_family_comes_first(book, kind):
    assert records.parts(book, kind) == {}
    former = {"machine": {"cpu": "another"}, "rows": []}
    for family in ("another", "contrastive", FAMILY):
        kept(book.measured, family, **{kind: former})
    assert records.parts(book, kind) == {family: former for family in ("another", "contrastive", FAMILY)}
    fresh(book.fresh, kind, family="contrastive")
    found = records.parts(book, kind)
    assert list(found)[:3] == ["another", "contrastive", FAMILY]
    renewed = {
        "certificates": {"contrastive"},
        "parity": {FAMILY},
        "benchmarks": {FAMILY, "general"},
        "scale": {"contrastive"},
    }
    assert {family for family in found if found[family] != former} == renewed[kind]
    assert all(found[family]["machine"] == RECORDS[kind]["machine"] for family in renewed[kind])


def test_a_record_is_divided_by_what_its_rows_are_about():
    found = records.divided({**BENCHMARKS, "rows": [*BENCHMARKS["rows"], timed("nt_xent", "small", "eager", 1.0)]})
    assert list(found) == [FAMILY, "contrastive", "general"]
    assert [row["loss"] for row in found["contrastive"]["rows"]] == ["nt_xent"]
    assert found["contrastive"].keys() == {"machine", "packages", "sizes", "rows"}
    assert found["general"]["contract"] == BENCHMARKS["contract"] and "rows" not in found["general"]
    assert found[FAMILY]["output_layer"] == BENCHMARKS["output_layer"] and "contract" not in found[FAMILY]
    assert records.divided(SCALE)["contrastive"] == SCALE, "`info_nce on embeddings` is the loss info_nce"


def test_rows_of_a_loss_that_is_gone_are_left_out():
    rows = [{**PARITY["rows"][0], "loss": "no_such_loss"}, PARITY["rows"][0]]
    assert records.divided({**PARITY, "rows": rows})[FAMILY]["rows"] == PARITY["rows"][:1]


def test_a_broken_record_is_named(book):
    book.fresh.mkdir(parents=True)
    (book.fresh / "parity.json").write_text('{"rows": [')
    with pytest.raises(BookError, match=r"parity\.json: .* remove it, or make it anew"):
        records.parts(book, "parity")


def test_certificates_are_looked_up_loss_by_loss(book):
    kept(
        book.measured,
        FAMILY,
        certificates={**CERTIFICATES, "losses": {**CERTIFICATES["losses"], **other("hinge_loss")}},
    )
    fresh(book.fresh, "certificates", losses=other("focal_loss"))
    found = records.certificates(book)
    assert found["focal_loss"]["runs"] == 99 and found["hinge_loss"]["runs"] == 99
    assert (
        found["focal_loss"]["tests"]["gradients/gradient"] == "passed"
        and found["focal_loss"]["tests"]["transforms/vmap"] == "xfailed"
    )


@pytest.mark.parametrize("folder", [*SOURCES, *keys.BY_FAMILY])
def test_a_change_of_what_proves_or_is_proven_makes_a_certificate_old(book, folder):
    fresh(book.fresh, "certificates", fingerprint=now(book))
    assert records.certificates(book)["focal_loss"]["current"]
    (book.root / folder / "a.py").write_text("one = 2\n")
    assert not records.certificates(book)["focal_loss"]["current"]


@pytest.mark.parametrize("folder", keys.BY_FAMILY)
def test_a_change_in_another_family_does_not(book, folder):
    fresh(book.fresh, "certificates", fingerprint=now(book))
    (book.root / folder / "another" / "a.py").write_text("one = 2\n")
    (book.root / folder / "new").mkdir()
    (book.root / folder / "new" / "__init__.py").write_text("")
    assert records.certificates(book)["focal_loss"]["current"]


def test_a_certificate_of_these_sources_comes_before_a_fresh_one_of_others(book):
    kept(book.measured, FAMILY, certificates={**CERTIFICATES, "fingerprint": now(book), "losses": other("focal_loss")})
    fresh(book.fresh, "certificates")
    found = records.certificates(book)["focal_loss"]
    assert found["current"] and found["runs"] == 99


def test_fresh_records_are_kept_by_family(book):
    whole(book)
    kept(book.measured, "pair_metric_learning", parity={"rows": []})
    kept(book.measured, "contrastive", parity={"rows": []})
    paths, left = records.keep(book, None)
    assert [path.name for path in paths] == ["contrastive.json", f"{FAMILY}.json", "general.json"] and left == []
    content = json.loads((book.measured / f"{FAMILY}.json").read_text())
    assert list(content) == ["certificates", "parity", "benchmarks"]
    assert list(content["certificates"]["losses"]) == OWN and content["parity"]["rows"] == PARITY["rows"]
    assert content["benchmarks"]["output_layer"] == BENCHMARKS["output_layer"]
    content = json.loads((book.measured / "contrastive.json").read_text())
    assert content == {"parity": {"rows": []}, "scale": SCALE}, "what was not made anew stays"
    fresh_parts = {kind: records.parts(book, kind) for kind in records.COMMANDS}
    shutil.rmtree(book.fresh)
    assert {kind: records.parts(book, kind) for kind in records.COMMANDS} == fresh_parts


def test_one_family_alone_is_kept(book):
    whole(book)
    paths, left = records.keep(book, FAMILY)
    assert [path.name for path in paths] == [f"{FAMILY}.json"] and left == []


def without_a_loss(book):
    fresh(book.fresh, "certificates", fingerprint=now(book), losses=other(*OWN[1:]))


def without_digits(book):
    fresh(book.fresh, "parity", rows=[{**row, "digits": None} for row in PARITY["rows"][:1]])


def without_a_size(book):
    rows = [timed(loss, "small", form, 1.0) for loss in OWN for form in ("eager", "compiled")]
    fresh(book.fresh, "benchmarks", rows=rows)


def without_compiled_forms(book):
    rows = [timed(loss, size, "eager", 1.0) for loss in OWN for size in ("small", "large")]
    fresh(book.fresh, "benchmarks", rows=rows)


def without_the_output_layer(book):
    kept(book.measured, FAMILY, benchmarks=records.divided(BENCHMARKS)[FAMILY])
    rows = json.loads((book.fresh / "benchmarks.json").read_text())["rows"]
    fresh(book.fresh, "benchmarks", rows=rows, output_layer=[])


LACKING = {
    "of other sources": (
        lambda book: fresh(book.fresh, "certificates"),
        "certificates: the sources have changed .* run: make unit",
    ),
    "a loss": (without_a_loss, rf"certificates: of {len(OWN)} losses 1 are not measured in full \({OWN[0]}\)"),
    "digits": (without_digits, r"parity: of .* 1 are not measured in full \(focal_loss\); run: make parity"),
    "a size": (without_a_size, f"benchmarks: of {len(OWN)} losses {len(OWN)} are not"),
    "compiled forms": (without_compiled_forms, f"benchmarks: of {len(OWN)} losses {len(OWN)} are not"),
    "the output layer": (without_the_output_layer, "benchmarks: output_layer was not measured, which is on record"),
}  # fmt: skip


@pytest.mark.parametrize("lacks", LACKING)
def test_a_record_that_is_not_whole_is_not_kept(book, lacks):
    whole(book)
    breaks, words = LACKING[lacks]
    breaks(book)
    before = {path.name: path.read_bytes() for path in book.measured.glob("*")}
    with pytest.raises(BookError, match=words):
        records.keep(book, FAMILY)
    assert {path.name: path.read_bytes() for path in book.measured.glob("*")} == before
    _, (line,) = records.keep(book, None)
    kind = line.partition(": ")[0].removeprefix(f"{FAMILY}, ")
    content = json.loads((book.measured / f"{FAMILY}.json").read_text())
    assert content.get(kind) == (records.divided(BENCHMARKS)[FAMILY] if lacks == "the output layer" else None)
    assert {"certificates", "parity", "benchmarks"} - {kind} <= set(content), "the whole ones are"


def test_a_part_of_what_is_measured_at_scale_is_not_kept(book):
    fresh(book.fresh, "scale", whole=False)
    with pytest.raises(BookError, match=r"contrastive, scale: of .* run: make scale"):
        records.keep(book, None)
    assert not book.measured.exists()


def test_without_a_fresh_record_nothing_is_kept(book):
    with pytest.raises(BookError, match="no record in"):
        records.keep(book, None)
    whole(book)
    with pytest.raises(BookError, match="no record of regression in"):
        records.keep(book, "regression")
    assert not book.measured.exists()


def test_a_file_that_is_too_large_to_commit_is_refused(book):
    fresh(book.fresh, "parity", packages={"x": "1" * records.MOST_BYTES})
    with pytest.raises(BookError, match=r"cross_entropy\.json: expected less than 1 MB, got 1\.0"):
        records.keep(book, None)
    assert not list(book.measured.glob("*"))


def test_a_kept_record_has_a_line_for_each_row():
    text = records.laid_out({"parity": {"rows": [{"loss": "ä", "n": [1, 2]}, {"loss": "b"}], "machine": {}}})
    assert '\n{"loss": "ä", "n": [1, 2]},\n{"loss": "b"}\n' in text
    assert json.loads(text)["parity"]["rows"][0] == {"loss": "ä", "n": [1, 2]}


def test_the_command_says_what_is_missing(make_book, monkeypatch, capsys):
    monkeypatch.chdir(make_book(chapter=["# Chapter"]).root)
    assert main(["record"]) == 1
    assert "make unit" in capsys.readouterr().err


def test_the_command_says_what_is_kept_and_what_is_not(book, monkeypatch, capsys):
    (book.root / "_config.yml").write_text("")
    monkeypatch.chdir(book.root)
    whole(book)
    assert main(["record", "--family", FAMILY]) == 0
    assert capsys.readouterr().out == f"kept: book/measured/{FAMILY}.json\n"
    fresh(book.fresh, "certificates")
    assert main(["record", "--family", FAMILY]) == 1
    assert main(["record"]) == 0
    said = capsys.readouterr()
    assert f"kept: book/measured/{FAMILY}.json" in said.out and f"not kept: {FAMILY}, certificates: " in said.err


COMMITTED = Book.find(Path(__file__).parent).measured


def test_the_committed_records_can_be_shown(book):
    """They are in the form that the pages read."""
    if not COMMITTED.is_dir():
        pytest.skip("none are committed")
    shutil.copytree(COMMITTED, book.measured)
    proven = records.certificates(book)
    for loss, facts in proven.items():
        assert certificate(loss, facts)
    proof_page([entry for entry in losses() if entry.name in proven], proven)
    parity_page([], records.parts(book, "parity"))
    speed_page(records.parts(book, "benchmarks"), records.parts(book, "scale"))


@pytest.mark.parametrize("path", sorted(COMMITTED.glob("*")), ids=lambda path: path.name)
def test_a_committed_record_is_of_one_family_and_small(path):
    assert path.stem in {entry.family for entry in losses()} | {records.GENERAL}
    assert path.stat().st_size < records.MOST_BYTES
    content = json.loads(path.read_text(encoding="utf8"))
    assert content and content.keys() <= records.COMMANDS.keys()
    assert path.read_text(encoding="utf8") == records.laid_out(content) + "\n"
    names = {entry.name for entry in losses(family=path.stem)}
    about = {row["loss"].partition(" ")[0] for part in content.values() for row in part.get("rows", ())}
    assert about | set(content.get("certificates", {}).get("losses", ())) <= names
