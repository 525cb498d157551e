"""Certificates and the pages of the appendix say what the records say, and nothing else."""

import copy

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import lossatlas
from lossatlas.explore import card
from lossatlas.explore.cards import CARD
from lossatlas.publishing import keys, records
from lossatlas.publishing.assemble import certify, static, writer
from lossatlas.publishing.certificate import certificate
from lossatlas.publishing.parity_page import parity_page
from lossatlas.publishing.proof_page import proof_page
from lossatlas.publishing.speed_page import against_the_fastest, speed_page, summary

from .recorded import BENCHMARKS, CERTIFICATES, PARITY, timed, written


@pytest.fixture
def facts(make_book):
    """What was proven of one loss, with the sources unchanged since."""
    book = make_book()
    written(book.fresh, "certificates", fingerprint=keys.fingerprint(book.root))
    return records.certificates(book)["focal_loss"]


def without_breaks(soup):
    """The page without its invitations to break a line, which would tear names apart."""
    for invitation in soup.select("wbr"):
        invitation.decompose()
    soup.smooth()
    return soup


def soup_of(facts, peers=PARITY["rows"]):
    return BeautifulSoup(certificate("focal_loss", facts, peers), "html.parser")


def rows_of(soup):
    """Heading -> words of the table that a reader sees first."""
    without_breaks(soup)
    return {row.th.get_text(): row.td.get_text(" ", strip=True) for row in soup.table.select("tr")}


def test_summary_says_the_most_important(facts):
    words = soup_of(facts).summary.get_text()
    assert words == "Proven: 15 digits in float64 · right from 10⁻⁷ to 10⁸ · twice differentiable · not vmap · equal to torch and timm to 14 digits"


def test_rows_say_what_was_measured_and_why_something_is_exempt(facts):
    rows = rows_of(soup_of(facts))
    assert rows["Right digits"] == "float64: value 15.3, gradient 14.6; float32: value 6.9, gradient 6.2, at the worst input that was tried"
    assert "10⁻⁷ to 10⁸" in rows["Range"] and rows["Official numbers"] == "equal to 12 digits"
    assert rows["Second gradient"].endswith("its gradient can be differentiated again")
    assert rows["vmap"].endswith("exempt. It compares a < b & cannot do otherwise.")
    assert rows["compile"].endswith("does not apply")
    assert rows["Special cases"].endswith("at gamma=0.0 it is cross_entropy")
    assert "torch 2.13.0 F.cross_entropy : value 15 digits, gradient 14" in rows["Other libraries"]
    assert "kornia 0.8.1 focal_loss : differs" in rows["Other libraries"] and "not everywhere" in rows["Other libraries"]


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


def test_a_reason_that_only_the_test_gave_is_shown(facts):
    facts["reasons"] = {"gradients/gradient": "torch refuses."}
    facts["tests"]["gradients/gradient"] = "xfailed"
    assert rows_of(soup_of(facts))["Gradient"].endswith("exempt. torch refuses.")


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
    said = soup_of(facts, [{**PARITY["rows"][0], "package": package, **changes} for package in packages]).summary.get_text()
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
    for page in (parity_page([], PARITY), speed_page(BENCHMARKS), proof_page([lossatlas.get("focal_loss")], {"focal_loss": facts})):
        assert not any(piece in page for piece in ("<fast>", "<ours>", "<another>", "F.<x>"))


# ---- under the cards ----


def chapter():
    shown = new_output("display_data", card("focal_loss")._repr_mimebundle_())
    return new_notebook(cells=[new_markdown_cell("# Title"), new_code_cell("x", outputs=[shown]), new_code_cell("y", outputs=[copy.deepcopy(shown)])])


def test_a_card_says_of_which_loss_it_is():
    assert card("focal_loss")._repr_mimebundle_()[CARD] == {"loss": "focal_loss"}


def test_the_certificate_stands_under_the_first_card_of_its_loss(facts, tmp_path):
    notebook = chapter()
    assert certify(notebook, {"focal_loss": facts}, PARITY) == ["focal_loss"]
    outputs = static(notebook, writer(tmp_path, "chapter")).cells[1].outputs
    assert [set(output.data) for output in outputs] == [{"text/markdown"}, {"text/html"}]
    assert 'id="certificate-focal_loss"' in outputs[1].data["text/html"] and "kornia" in outputs[1].data["text/html"]
    assert len(notebook.cells[2].outputs) == 1
    nbformat.validate(notebook)


def test_a_loss_that_was_never_run_has_a_certificate_that_says_so():
    notebook = chapter()
    certify(notebook, {})
    assert "Not certified yet" in notebook.cells[1].outputs[1].data["text/html"]


# ---- the pages ----


def test_proof_page_lists_every_loss_and_every_exemption(facts):
    page = proof_page(lossatlas.losses(), {"focal_loss": facts}, {"focal_loss": "chapter.html#certificate-focal_loss"})
    (link,) = BeautifulSoup(page, "html.parser").select("a[href='chapter.html#certificate-focal_loss']")
    assert link.get_text() == "focal_loss"
    assert "15.3 / 14.6" in page and "10⁻⁷ … 10⁸" in page
    assert "These losses are not certified yet: " in page and "`cross_entropy`" in page
    table = BeautifulSoup(page, "html.parser").select_one("[aria-label='Declared exemptions']")
    declared = [(entry.name, reason) for entry in lossatlas.losses() for reason in entry.exempt.values()]
    told = table.get_text() if table else ""
    assert all(name in told and reason in told for name, reason in declared)


def test_proof_page_without_a_record_says_how_to_make_one():
    page = proof_page(lossatlas.losses(), {})
    assert "No loss is certified yet. `make unit`" in page and "## Exemptions" in page


def test_parity_page_shows_digits_transform_and_evidence():
    page = parity_page(["focal_loss", "hinge_loss", "perceptron_loss"], PARITY)
    assert "3 functions of 3 packages stand beside 2 losses: 2 agree on ordinary inputs, in float64 to at least 14 digits" in page
    assert ", but 1 of them not everywhere; 1 differ." in page
    assert "15.4 / 14.9" in page and "1.2 / no gradient in float32" in page and "Theirs is &lt;ours&gt; at 0." in page
    assert "No package that was compared has `perceptron_loss`." in page and "keras" not in page
    soup = without_breaks(BeautifulSoup(page, "html.parser"))
    found = soup.select(".atlas-finding li")
    assert [item["id"] for item in found] == [link["href"][1:] for link in soup.select("td a")]
    assert [terms_of(item) for item in found] == [
        {"Inputs": "logits = [[0.0, 40.0]]", "They give": "18.4", "We give": "40.0", "The formula gives": "40.0"},
        {
            "Inputs": "score = [0.0]", "At": "margin = 1.0", "Their gradient in score": "['nan']", "Our gradient in score": "[0.0]",
            "The formula's gradient in score": "[0.0]",
        },
    ]  # fmt: skip


def terms_of(soup):
    return {name.get_text(): words.get_text() for name, words in zip(soup.select("dt"), soup.select("dd"), strict=True)}


def test_a_finding_that_many_share_is_told_once():
    rows = [{**PARITY["rows"][2], "package": package} for package in ("timm", "kornia")]
    soup = BeautifulSoup(parity_page([], {**PARITY, "rows": rows}), "html.parser")
    assert len(soup.select(".atlas-finding")) == 1 and len(soup.select(".atlas-finding li")) == 2


def test_parity_page_without_differences_or_record():
    assert "Nothing was found" in parity_page([], {**PARITY, "rows": PARITY["rows"][:1]})
    assert "`make parity`" in parity_page([], None)


def test_speed_is_compared_with_the_fastest_peer():
    cells = against_the_fastest([timed("a", "small", "eager", 0.5), timed("a", "small", "eager", 2.0), timed("b", "small", "eager", 1.0, peer=False)])
    assert list(cells) == [("a", "small")] and cells["a", "small"]["median"] == 2.0


def test_speed_page_sums_up_and_names_what_is_slower():
    page = speed_page(BENCHMARKS)
    mean = (0.5 * 2.0 * 2.5) ** (1 / 3)
    assert f"ours takes {mean:.2f} times as long in the geometric mean; in 1 of 3 comparisons no longer. Slower somewhere: `focal_loss` and `hinge_loss`." in page
    assert "without packages that bring a gradient of their own, it takes 0.63 times as long. It needs 0.50 times the memory" in page
    soup = without_breaks(BeautifulSoup(page, "html.parser"))
    assert len(soup.select("svg[role=img]")) == 2 and f"{mean:.2f} times" in soup.svg["aria-label"]
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    cells = [cell.get_text(" ") for cell in soup.select("td") if "2.00" in cell.get_text()]
    assert cells and all("slower" in cell for cell in cells)
    assert "squentropy_loss" in soup.get_text() and "200 µs" in page and "adds 11 µs" in page
    assert "margin = 2.0; in float64; with a gradient of its own" in page


def test_speed_page_shows_terms_sizes_and_what_else_was_measured():
    page = speed_page(BENCHMARKS)
    assert "*small* is $N = 32$, $C = 10$ and *large* is $N = 512$, $C = 1000$" in page
    assert "at the smallest size only, because it would fill the memory at the others: kornia's `F.y`." in page
    text = BeautifulSoup(page, "html.parser").get_text(" ")
    assert "12 µs, 6.0 ops" in text and "8 µs, 4.0 ops" in text
    assert "50,000 classes" in text and "80.5× (70–90)" in text


def test_speed_page_does_with_a_record_of_a_part():
    page = speed_page({"machine": BENCHMARKS["machine"], "rows": [timed("focal_loss", "small", "eager", 1.0, peer=False)], "summary": {}})
    assert "## Losses that nobody else has" in page and "## Eager" not in page and "## All ratios" not in page


def test_every_colour_of_the_plot_is_the_pages():
    svg = BeautifulSoup(speed_page(BENCHMARKS), "html.parser").svg
    assert "#" not in "".join(tag["style"] for tag in svg.select("[style]") if "fill" in tag["style"]).replace("url(#", "")
    assert "var(--atlas-slower)" in str(svg) and "var(--atlas-faster)" in str(svg)


def test_speed_page_without_a_record_says_how_to_make_one():
    page = speed_page(None)
    assert "`make bench`" in page and "value_checks(False)" in page


def test_summary_counts_what_is_no_slower():
    assert "in 1 of 1 comparisons no longer." in summary([timed("a", "small", "eager", 0.5)])
