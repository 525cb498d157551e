"""A certificate says what the record says, and nothing else, in the entry of its loss."""

import pytest
from bs4 import BeautifulSoup

from lossatlas.contract import get
from lossatlas.explore import card
from lossatlas.explore.pictures.cards import CARD
from lossatlas.publishing.pages.certificate import certificate
from lossatlas.publishing.pages.reference.facts import Known, facts_of_loss

from .recorded import CERTIFICATES, PARITY, without_breaks


def soup_of(facts, peers=PARITY["rows"]):
    return BeautifulSoup(certificate("focal_loss", facts, peers), "html.parser")


def rows_of(soup):
    """Heading -> words of the table that a reader sees first."""
    without_breaks(soup)
    return {row.th.get_text(): row.td.get_text(" ", strip=True) for row in soup.table.select("tr")}


def test_summary_says_the_most_important(facts):
    words = soup_of(facts).summary.get_text()
    assert words == (
        "Proven: 15 digits in float64 · right from 10⁻⁷ to 10⁸ · twice differentiable · not vmap · "
        "equal to torch and timm to 14 digits"
    )


def test_rows_say_what_was_measured_and_why_something_is_exempt(facts):
    rows = rows_of(soup_of(facts))
    assert (
        rows["Right digits"]
        == "float64: value 15.3, gradient 14.6; float32: value 6.9, gradient 6.2, at the worst input that was tried"
    )
    assert "10⁻⁷ to 10⁸" in rows["Range"] and rows["Official numbers"] == "equal to 12 digits"
    assert rows["Second gradient"].endswith("its gradient can be differentiated again")
    assert rows["vmap"].endswith("exempt: It compares a < b & cannot do otherwise.")
    assert rows["compile"] == "· does not apply: torch.compile captures it as one graph"
    assert rows["Special cases"].endswith("at gamma=0.0 it is cross_entropy")
    assert "torch 2.13.0 F.cross_entropy : value 15 digits, gradient 14" in rows["Other libraries"]
    assert (
        "kornia 0.8.1 focal_loss : differs" in rows["Other libraries"] and "not everywhere" in rows["Other libraries"]
    )


def test_a_promise_and_a_part_that_nobody_knows_yet_go_by_their_names(facts):
    soup = soup_of(facts)
    assert "a new promise" in rows_of(soup)
    assert "brand new" in [name.get_text() for name in soup.select("dt")]
    assert "it was not there before" in [test.get_text() for test in soup.select("li")]


def test_every_test_is_listed_with_how_it_ended(facts):
    listed = [item.get_text() for item in soup_of(facts).select("li")]
    assert len(listed) == len(CERTIFICATES["tests"])
    assert "vmap (exempt)" in listed and "compile (does not apply)" in listed and "gradient" in listed


def test_a_failure_comes_first(facts):
    facts["tests"]["gradients/second_gradient"] = "failed"
    soup = soup_of(facts)
    words = soup.summary.get_text()
    assert words.startswith("1 of 7 tests fail:") and "twice differentiable" not in words and "Proven" not in words
    assert "failed" in soup.details["class"] and rows_of(soup)["Second gradient"].endswith("fails: second gradient")


@pytest.mark.parametrize(
    ("end", "words"),
    [("passed", "✓ holds: it equals"), ("skipped", "· does not apply: it equals"), ("failed", "✗ fails: it equals")],
)
def test_equality_with_the_naive_loop_is_claimed_only_where_it_was_shown(facts, end, words):
    assert "Formula" not in rows_of(soup_of(facts))
    facts["tests"]["reference/it_equals_the_naive_loop"] = end
    facts["promises"]["reference/it_equals_the_naive_loop"] = None
    assert rows_of(soup_of(facts))["Formula"].startswith(words)


def test_a_reason_that_only_the_test_gave_is_shown(facts):
    facts["reasons"] = {"gradients/gradient": "torch refuses."}
    facts["tests"]["gradients/gradient"] = "xfailed"
    assert rows_of(soup_of(facts))["Gradient"].endswith("exempt: torch refuses.")


@pytest.mark.parametrize(
    ("packages", "changes", "words"),
    [
        (["torch"], {}, "equal to torch to 15 digits"),
        (["a", "b", "c", "d", "e"], {}, "equal to a, b and 3 more to 15 digits"),
        (["keras"], {"dtype": "float32", "digits": 6.9}, "equal to keras to 6 digits in float32"),
        (["keras"], {"verdict": "differs"}, None),
        (["keras"], {"digits": None}, None),
    ],
)
def test_summary_names_a_few_of_those_who_agree(facts, packages, changes, words):
    said = soup_of(
        facts, [{**PARITY["rows"][0], "package": package, **changes} for package in packages]
    ).summary.get_text()
    assert said.endswith(words or "not vmap")


def test_without_numbers_it_claims_none(facts):
    facts["measured"] = {}
    soup = soup_of(facts, [])
    assert soup.summary.get_text() == "Proven: twice differentiable · not vmap"
    assert not {"Right digits", "Range", "Official numbers", "Other libraries"} & set(rows_of(soup))


def test_a_change_since_the_run_is_said(facts):
    assert "changed since" not in soup_of(facts).get_text()
    facts["current"] = False
    assert "sources changed since" in soup_of(facts).summary.get_text()
    assert "make unit proves them anew" in soup_of(facts).get_text()


def test_without_a_run_it_says_how_to_make_one():
    soup = soup_of(None)
    assert soup.summary.get_text() == "Not certified yet" and "make unit makes it" in soup.get_text()


def test_what_comes_from_a_record_is_escaped(facts):
    facts["invariances"] = ["<script>"]
    html = certificate("focal_loss", facts, PARITY["rows"])
    assert "<script>" not in html and "<fast>" not in html and "a &lt; b &amp; cannot" in html


# ---- on the page of the reference ----


def test_a_card_says_of_which_loss_it_is():
    assert card("focal_loss")._repr_mimebundle_()[CARD] == {"loss": "focal_loss"}


def test_links_lead_up_from_a_page_in_a_folder(facts):
    soup = BeautifulSoup(certificate("focal_loss", facts, PARITY["rows"], "../"), "html.parser")
    addresses = [link["href"].partition("#")[0] for link in soup.select("a")]
    assert set(addresses) == {"../parity.html", "../proof.html"}


def test_it_stands_in_the_entry_of_its_loss_with_what_the_records_say(facts):
    text = facts_of_loss(get("focal_loss"), Known({"focal_loss": facts}, tuple(PARITY["rows"])))
    assert 'id="certificate-focal_loss"' in text and "Proven" in text and "kornia" in text


def test_a_loss_that_was_never_run_has_a_certificate_that_says_so():
    assert "Not certified yet" in facts_of_loss(get("focal_loss"), Known({}))
