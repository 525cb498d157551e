"""The page of all losses: every loss in its table, and the curves that are laid over one another."""

import json
import math
import re

import pytest
from bs4 import BeautifulSoup

from lossatlas.contract import get, losses
from lossatlas.explore.pictures.probes import along
from lossatlas.losses import families
from lossatlas.publishing.build.check import unknown_settings
from lossatlas.publishing.build.moved import MOVED, write_moved
from lossatlas.publishing.pages.all_losses import losses_page
from lossatlas.publishing.pages.all_losses.overlay import curves
from lossatlas.publishing.pages.reference.entry import beside
from lossatlas.publishing.pages.reference.links import address


@pytest.fixture(scope="module")
def page():
    """The page as a tree, and the files beside it by their address."""
    files = {}

    def write(name, content):
        files[f"explorers/losses/{name}"] = content
        return f"explorers/losses/{name}"

    text = losses_page(families(), write)
    assert text.startswith("(all-losses)=\n# All losses\n")
    return BeautifulSoup(text, "html.parser"), files


def test_every_loss_has_its_row(page):
    rows = {row["id"].removeprefix("loss-"): row for row in page[0].select("tbody tr[data-row]")}
    assert list(rows) == [entry.name for entry in losses()]
    for name, row in rows.items():
        entry = get(name)
        assert row.th.a["href"] == address(name)
        assert (row["data-family"], row["data-signature"]) == (entry.family, entry.signature.name)
        assert len(row.select("td")[0].p.get_text()) > 20 and len(row.select("td")[1].get_text()) > 20
        assert bool(row.select("svg")) == bool(entry.signature.probes.lines)


def test_a_row_is_found_by_the_other_names_of_its_loss(page):
    assert page[0].select_one("#loss-info_nce")["data-words"] == "moco_info_nce"


def test_the_choices_are_the_families_and_signatures(page):
    offered = {s["name"]: [o["value"] for o in s.select("option")][1:] for s in page[0].select("form select")}
    assert set(offered["family"]) == set(families())
    assert set(offered["signature"]) == {entry.signature.name for entry in losses()}


def test_without_a_page_of_its_family_a_loss_has_no_link():
    soup = BeautifulSoup(losses_page(["contrastive"], lambda name, content: name), "html.parser")
    assert soup.select_one("#loss-nt_xent th a") and not soup.select_one("#loss-focal_loss th a")


def test_losses_of_one_signature_can_be_laid_over_one_another(page):
    soup, files = page
    groups = {g["label"]: [o.get_text() for o in g.select("option")] for g in soup.select("#overlay-a optgroup")}
    for entry in losses():
        alike = [other for other in losses(signature=entry.signature) if other is not entry]
        can_be = bool(entry.signature.probes.lines and alike)
        assert (entry.name in groups.get(entry.signature.name, ())) == can_be
        assert (beside(entry) is not None) == can_be
        if can_be:
            assert beside(entry) != entry.name and beside(entry) in groups[entry.signature.name]
            link = soup.select_one(f"#loss-{entry.name} a[data-overlay]")["href"]
            assert link == f"#a={entry.name}&b={beside(entry)}"
    sources = json.loads(soup.select_one("figure.atlas-overlay")["data-sources"])
    assert set(sources) == set(groups) and set(sources.values()) == set(files)


def test_the_first_partner_is_the_nearest():
    assert beside(get("focal_loss")) == "cross_entropy"  # it becomes that one
    assert beside(get("alignment_loss")) in {entry.name for entry in losses(signature="two_views")}
    assert beside(get("uniformity_loss")) is None  # its signature has no line


def test_curves_are_those_of_the_library(page):
    soup, files = page
    found = json.loads(soup.select_one("figure.atlas-overlay")["data-sources"])
    key, data = re.fullmatch(r'LossAtlas\.receive\("([\w-]+)",(.*)\);\n', files[found["logits"]]).groups()
    assert key == "overlay-logits"
    (line,) = json.loads(data)
    assert line == json.loads(json.dumps(curves(losses(signature="logits"))))[0]
    for name in ("focal_loss", "cross_entropy"):
        t, value, gradient, _ = along(get(name), get(name).signature.probes.lines[0])
        for drawn, wanted in zip(line["losses"][name], (t, value, gradient), strict=True):
            assert len(drawn) == len(wanted)
            assert all(
                x is None or math.isclose(x, y, rel_tol=1e-4, abs_tol=1e-9) for x, y in zip(drawn, wanted, strict=True)
            )
            assert sum(x is None for x in drawn) < len(drawn) / 10


def test_the_files_of_curves_are_small(page):
    assert page[1] and max(len(content) for content in page[1].values()) < 200_000


def test_settings_in_links_are_held_to_the_fields_of_the_page(page):
    def found(setting):
        return list(unknown_settings("losses.html", setting, page[0]))

    assert found("a=focal_loss&b=cross_entropy&q=margin") == []
    assert found("a=no_such_loss") == ["link to losses.html: the page does not offer no_such_loss"]
    assert found("colour=red") == ["link to losses.html: the page has no field colour"]


def test_an_address_that_was_leads_to_the_page_that_took_its_place(tmp_path):
    write_moved(tmp_path)
    assert list(tmp_path.iterdir()) == []
    for page in MOVED.values():
        (tmp_path / f"{page}.html").write_text("here")
    write_moved(tmp_path)
    soup = BeautifulSoup((tmp_path / "playground.html").read_text(), "html.parser")
    assert soup.select_one('meta[http-equiv="refresh"]')["content"] == "0; url=losses.html"
    assert soup.a["href"] == "losses.html"
