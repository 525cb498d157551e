"""Records: the fresh one before the kept one, the current one before the stale one, and what is kept."""

import copy
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

from .recorded import CERTIFICATES, written


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path)
    for folder in (*keys.PROVEN, *keys.PROVING):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text("one = 1\n")
    book.sources.mkdir()
    return book


def other(name):
    """The losses of the record with one under another name, measured otherwise."""
    (facts,) = copy.deepcopy(CERTIFICATES["losses"]).values()
    return {name: {**facts, "runs": 99}}


@pytest.mark.parametrize("name", records.COMMANDS)
def test_the_fresh_record_comes_first(book, name):
    assert records.newest(book, name) is None
    kept = written(book.measured, name)
    assert records.newest(book, name) == kept
    fresh = written(book.fresh, name, machine={"cpu": "another"})
    assert records.newest(book, name) == fresh


def test_a_broken_record_is_named(book):
    book.fresh.mkdir(parents=True)
    (book.fresh / "parity.json").write_text('{"rows": [')
    with pytest.raises(BookError, match=r"parity\.json: .* remove it, or make it anew"):
        records.newest(book, "parity")


def test_certificates_are_looked_up_loss_by_loss(book):
    written(book.measured, "certificates", losses={**CERTIFICATES["losses"], **other("hinge_loss")})
    written(book.fresh, "certificates", losses=other("focal_loss"))
    found = records.certificates(book)
    assert found["focal_loss"]["runs"] == 99 and found["hinge_loss"]["runs"] == 99
    assert (
        found["focal_loss"]["tests"]["gradients/gradient"] == "passed"
        and found["focal_loss"]["tests"]["transforms/vmap"] == "xfailed"
    )


@pytest.mark.parametrize("folder", [*keys.PROVEN, *keys.PROVING])
def test_a_change_of_what_proves_or_is_proven_makes_a_certificate_old(book, folder):
    written(book.fresh, "certificates", fingerprint=keys.fingerprint(book.root))
    assert records.certificates(book)["focal_loss"]["current"]
    (book.root / folder / "a.py").write_text("one = 2\n")
    assert not records.certificates(book)["focal_loss"]["current"]


def test_a_certificate_of_these_sources_comes_before_a_fresh_one_of_others(book):
    written(book.measured, "certificates", fingerprint=keys.fingerprint(book.root), losses=other("focal_loss"))
    written(book.fresh, "certificates")
    found = records.certificates(book)["focal_loss"]
    assert found["current"] and found["runs"] == 99


def test_fresh_records_are_kept(book):
    for name in records.COMMANDS:
        written(book.fresh, name, **({"fingerprint": keys.fingerprint(book.root)} if name == "certificates" else {}))
    paths = records.keep(book, ["focal_loss"])
    assert [path.name for path in paths] == [f"{name}.json" for name in records.COMMANDS]
    assert all(path.read_bytes() == (book.fresh / path.name).read_bytes() for path in paths)


def test_certificates_that_are_not_whole_are_not_kept(book):
    with pytest.raises(BookError, match="no record in"):
        records.keep(book, ["focal_loss"])
    written(book.fresh, "certificates")
    with pytest.raises(BookError, match=r"sources have changed .* run: make unit"):
        records.keep(book, ["focal_loss"])
    written(book.fresh, "certificates", fingerprint=keys.fingerprint(book.root))
    with pytest.raises(BookError, match=r"of 2 losses 1 are not in the fresh record \(hinge_loss\)"):
        records.keep(book, ["focal_loss", "hinge_loss"])
    assert not book.measured.exists()


def test_records_that_are_too_large_to_commit_are_refused(book):
    written(book.fresh, "parity", packages={"x": "1" * records.MOST_BYTES})
    with pytest.raises(BookError, match=r"take 50[0-9] kB, more than 500"):
        records.keep(book, [])
    assert not book.measured.exists()


def test_the_command_says_what_is_missing(make_book, monkeypatch, capsys):
    monkeypatch.chdir(make_book(chapter=["# Chapter"]).root)
    assert main(["record"]) == 1
    assert "make unit" in capsys.readouterr().err


def test_the_committed_records_can_be_shown(book):
    """They are in the form that the pages read, and small."""
    committed = Book.find(Path(__file__).parent).measured
    if not committed.is_dir():
        pytest.skip("none are committed")
    shutil.copytree(committed, book.measured)
    proven = records.certificates(book)
    for loss, facts in proven.items():
        assert certificate(loss, facts)
    proof_page([entry for entry in losses() if entry.name in proven], proven)
    parity_page([], records.newest(book, "parity"))
    speed_page(records.newest(book, "benchmarks"), records.newest(book, "scale"))
    assert sum(path.stat().st_size for path in committed.iterdir()) <= records.MOST_BYTES
