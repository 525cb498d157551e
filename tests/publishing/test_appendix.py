"""The pages of the appendix say what the records say, and without a record how to make one."""

from bs4 import BeautifulSoup

import lossatlas
from lossatlas.publishing.pages.parity import parity_page
from lossatlas.publishing.pages.proof import proof_page
from lossatlas.publishing.pages.speed import against_the_fastest, speed_page, summary

from .recorded import BENCHMARKS, MACHINE, PARITY, SCALE, by_family, timed, without_breaks


def test_what_comes_from_a_record_is_escaped(facts):
    for page in (
        parity_page([], by_family(PARITY)),
        speed_page(by_family(BENCHMARKS), by_family(SCALE)),
        proof_page([lossatlas.get("focal_loss")], {"focal_loss": facts}),
    ):
        assert not any(piece in page for piece in ("<fast>", "<ours>", "<another>", "F.<x>"))


def test_proof_page_lists_every_loss_and_every_exemption(facts):
    page = proof_page(
        lossatlas.registry(), {"focal_loss": facts}, {"focal_loss": "chapter.html#certificate-focal_loss"}
    )
    (link,) = BeautifulSoup(page, "html.parser").select("a[href='chapter.html#certificate-focal_loss']")
    assert link.get_text() == "focal_loss"
    assert "15.3 / 14.6" in page and "10⁻⁷ … 10⁸" in page
    assert "These losses are not certified yet: " in page and "`cross_entropy`" in page
    table = BeautifulSoup(page, "html.parser").select_one("[aria-label='Declared exemptions']")
    declared = [(entry.name, reason) for entry in lossatlas.registry() for reason in entry.exempt.values()]
    words = table.get_text() if table else ""
    assert all(name in words and reason in words for name, reason in declared)


def test_proof_page_without_a_record_says_how_to_make_one():
    page = proof_page(lossatlas.registry(), {})
    assert "No loss is certified yet. `make unit`" in page and "## Exemptions" in page


def test_parity_page_shows_digits_transform_and_evidence():
    page = parity_page(["focal_loss", "hinge_loss", "perceptron_loss"], by_family(PARITY))
    assert (
        "3 functions of 3 packages stand beside 2 losses: 2 agree on ordinary inputs, in float64 to at least 14 digits"
        in page
    )
    assert ", but 1 of them not everywhere; 1 differ." in page
    assert "15.4 / 14.9" in page and "1.2 / no gradient in float32" in page and "Theirs is &lt;ours&gt; at 0." in page
    assert "No package that was compared has `perceptron_loss`." in page and "keras" not in page
    soup = without_breaks(BeautifulSoup(page, "html.parser"))
    found = soup.select(".atlas-finding li")
    assert [item["id"] for item in found] == [link["href"][1:] for link in soup.select("td a")]
    assert [terms_of(item) for item in found] == [
        {"Inputs": "logits = [[0.0, 40.0]]", "They give": "18.4", "We give": "40.0", "The formula gives": "40.0"},
        {
            "Inputs": "score = [0.0]", "At": "margin = 1.0", "Their gradient in score": "['nan']",
            "Our gradient in score": "[0.0]", "The formula's gradient in score": "[0.0]",
        },
    ]  # fmt: skip


def terms_of(soup):
    return {name.get_text(): words.get_text() for name, words in zip(soup.select("dt"), soup.select("dd"), strict=True)}


def test_a_finding_that_many_share_is_told_once():
    rows = [{**PARITY["rows"][2], "package": package} for package in ("timm", "kornia")]
    soup = BeautifulSoup(parity_page([], by_family({**PARITY, "rows": rows})), "html.parser")
    assert len(soup.select(".atlas-finding")) == 1 and len(soup.select(".atlas-finding li")) == 2


def test_parity_page_without_differences_or_record():
    assert "Nothing was found" in parity_page([], by_family({**PARITY, "rows": PARITY["rows"][:1]}))
    assert "`make parity`" in parity_page([], {})


def test_speed_is_compared_with_the_fastest_peer():
    cells = against_the_fastest(
        [
            timed("a", "small", "eager", 0.5),
            timed("a", "small", "eager", 2.0),
            timed("b", "small", "eager", 1.0, peer=False),
        ]
    )
    assert list(cells) == [("a", "small")] and cells["a", "small"]["median"] == 2.0


def test_speed_page_sums_up_and_names_what_is_slower():
    page = speed_page(by_family(BENCHMARKS), {})
    mean = (0.5 * 2.0 * 2.5) ** (1 / 3)
    assert f"ours takes, in the geometric mean, {mean:.2f} times as long: " in page and "at size *small*" in page
    assert "In 1 of 3 comparisons it takes no longer." in page
    assert (
        "without packages that bring a gradient of their own, it takes 0.63 times as long. It needs 0.50 times the "
        "memory" in page
    )
    soup = without_breaks(BeautifulSoup(page, "html.parser"))
    assert len(soup.select("svg[role=img]")) == 2 and f"{mean:.2f} times" in soup.svg["aria-label"]
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    cells = [cell.get_text(" ") for cell in soup.select("td") if "2.00" in cell.get_text()]
    assert cells and all("slower" in cell for cell in cells)
    assert "squentropy_loss" in soup.get_text() and "200 µs" in page and "adds 11 µs" in page
    assert "margin = 2.0; in float64; with a gradient of its own" in page


def test_speed_page_shows_terms_sizes_and_what_else_was_measured():
    page = speed_page(by_family(BENCHMARKS), {})
    assert "*small* is $N = 32$, $C = 10$ and *large* is $N = 512$, $C = 1000$" in page
    assert "at the smallest size only, because it would fill the memory at the others: kornia's `F.y`." in page
    text = BeautifulSoup(page, "html.parser").get_text(" ")
    assert "12 µs, 6.0 ops" in text and "8 µs, 4.0 ops" in text
    assert "50,000 classes" in text and "80.5× (70–90)" in text


def test_speed_page_does_with_a_record_of_a_part():
    part = {"machine": MACHINE, "rows": [timed("focal_loss", "small", "eager", 1.0, peer=False)]}
    page = speed_page(by_family(part), {})
    assert "## Losses that nobody else has" in page and "## Eager" not in page and "## All ratios" not in page


def test_every_colour_of_the_plot_is_the_pages():
    svg = BeautifulSoup(speed_page(by_family(BENCHMARKS), {}), "html.parser").svg
    assert "#" not in "".join(tag["style"] for tag in svg.select("[style]") if "fill" in tag["style"]).replace(
        "url(#", ""
    )
    assert "var(--atlas-slower)" in str(svg) and "var(--atlas-faster)" in str(svg)


def test_speed_page_without_a_record_says_how_to_make_one():
    page = speed_page({}, {})
    assert "`make bench`" in page and "value_checks(False)" in page


def test_speed_page_shows_memory_and_time_at_scale():
    for record in (BENCHMARKS, None):
        page = speed_page(by_family(record), by_family(SCALE))
        assert "## At scale" in page and "One table for N = 32,768 takes 4.29 GB" in page and "of width 128" in page
        assert (
            "`nt_xent`, N = 2,048, 32 rows at a time: 2% of the memory and 2.00 times the time of &lt;another&gt; "
            "package." in page
        )
        assert "`nt_xent`, N = 2,048, all rows at once: 125% of the memory and 1.50 times the time of" in page
        assert page.count("times the time of") == 2
        found = without_breaks(BeautifulSoup(page, "html.parser")).select(
            "[aria-label='Memory and time at scale'] tbody tr"
        )
        cells = [[cell.get_text() for cell in row.select("th, td")] for row in found]
        assert cells[1] == ["nt_xent", "lossatlas", "2,048", "all", "250", "0.375"]
        assert cells[3] == ["info_nce on embeddings", "lossatlas", "32,768", "64", "123", "1,234"]


def test_speed_page_without_a_record_of_scale_says_nothing_of_it():
    assert "At scale" not in speed_page(by_family(BENCHMARKS), {})
    assert "At scale" not in speed_page(by_family(BENCHMARKS), by_family({**SCALE, "rows": []}))


def test_summary_counts_what_is_no_slower():
    assert "In 1 of 1 comparisons it takes no longer." in summary([timed("a", "small", "eager", 0.5)])


ELSEWHERE = {**MACHINE, "cpu": "Another processor"}


def test_each_place_is_named_where_families_were_measured_in_several():
    for record, page in (
        (PARITY, lambda parts: parity_page([], parts)),
        (BENCHMARKS, lambda parts: speed_page(parts, {})),
        (SCALE, lambda parts: speed_page({}, parts)),
    ):
        here, there = {**record}, {**record, "machine": ELSEWHERE}
        one = page({"contrastive": here, "regression": here})
        assert "A &lt;fast&gt; processor" in one and "`regression`" not in one
        two = page({"contrastive": here, "pairs": there, "regression": here})
        lines = [line for line in two.splitlines() if "processor, 2 cores" in line]
        assert [line.split(":")[0] for line in lines] == ["- `contrastive` and `regression`", "- `pairs`"]
        assert "A &lt;fast&gt; processor" in lines[0] and "Another processor" in lines[1]


def test_a_page_shows_the_rows_of_every_family():
    rows = PARITY["rows"]
    parts = {"one": {**PARITY, "rows": rows[:1]}, "two": {**PARITY, "rows": rows[1:]}}
    assert parity_page([], parts) == parity_page([], by_family(PARITY))
    parts = {
        "one": {**BENCHMARKS, "contract": []},
        "general": {**BENCHMARKS, "rows": [], "output_layer": [], "left_out": []},
    }
    assert speed_page(parts, {}) == speed_page(by_family(BENCHMARKS), {})
