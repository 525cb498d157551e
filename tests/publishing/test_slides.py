"""Slides of a small chapter: what becomes one, what it says, and what must not be on any."""

import pytest
from bs4 import BeautifulSoup

from lossatlas.publishing.build.book import BookError
from lossatlas.publishing.slides.deck import deck, write_slides
from lossatlas.publishing.slides.text import opening, sentences, steady, tells, what_to_see

FIGURE = """<div class="cell"><div class="cell_input"><pre>secret_code()</pre></div><div class="cell_output">
<figure class="atlas-explorer" id="ex-bend" role="group" aria-label="Bend">
<figcaption><strong>Bend</strong>{caption}</figcaption>
<div class="atlas-controls"><div class="atlas-control"><label for="ex-bend-p">p</label>
<input type="range" id="ex-bend-p" data-control="p"><output for="ex-bend-p">1</output></div></div>
<div class="atlas-plot" data-height="{height}">
<img src="explorers/focal/a.png" alt="A curve that bends at p = 1."></div>
<div class="atlas-foot"><details class="atlas-values"><summary>The numbers</summary></details></div>
<script type="application/json" class="atlas-payload" data-key="k" data-src="explorers/focal/a.js"></script>
</figure></div></div>"""
CARD = """<div class="cell"><div class="cell_output"><p><strong>Bent loss.</strong> It bends <em>once</em>.</p>
<p><code>bent_loss(logits, target)</code></p><div class="math">\\[ \\ell = b \\]</div><p><em>Paper:</em> Somebody.</p>
<details><summary>Source of bent_loss</summary><pre>def bent_loss</pre></details></div></div>"""
VERDICT = """<div class="cell"><div class="cell_output">
<div class="atlas-verdict" data-key="k" data-word="inconclusive">
<p><strong>? Inconclusive</strong> · 20 seeds</p><p>It bends more.</p><svg role="img" aria-label="Effects"></svg>
</div></div></div>"""
PAGE = """<html><head><title>Bends — A book</title><script>window.MathJax = {"tex": {}}</script>
<script defer="defer" src="_static/mathjax/tex-chtml.js?v=1"></script><script src="_static/theme.js"></script>
<link rel="stylesheet" href="_static/explorer.css?v=2">
<script defer="defer" src="_static/explorer.js?v=3"></script></head><body>
<article><section id="bends"><h1>Bends<a class="headerlink" href="#bends">#</a></h1><p>A curve bends. It need not.</p>
<div class="admonition"><p class="admonition-title">You will</p><ul><li><p>Bend curves.</p></li></ul></div>
<section id="first"><h2>First bends<a class="headerlink" href="#first">#</a></h2>
<p>Before the bend. Look where it <a href="x.html">bends</a>.</p>
FIRST<p>Move p and watch the bend come in. Then it goes.</p><p>Next is a loss.</p>CARD
<section id="again"><h3>Again</h3><p>Once more.</p>SECOND<div class="math">\\[ a = b \\]</div></section></section>
<section id="holds"><h2>Does it hold?</h2><p>We measure.</p>VERDICT<p>Each dot is a seed.</p></section>
<section id="more"><h2>More of it</h2><p>We measured.</p><ul>
<li><p>It bends twice: <a class="atlas-verdict-word reference internal"
 href="evidence/focal.html#claim-twice" title="It bends twice.">✗ not supported</a>.</p></li></ul>
<p>That is all.</p></section>
<section id="exercises"><h2>Exercises</h2><p>The answer is forty-two.</p>SECOND</section>
</section></article></body></html>"""


@pytest.fixture
def slides():
    first = FIGURE.format(caption=" <span>On one line.</span>", height=380)
    page = (
        PAGE.replace("FIRST", first)
        .replace("SECOND", FIGURE.format(caption="", height=620))
        .replace("CARD", CARD)
        .replace("VERDICT", VERDICT)
    )
    return BeautifulSoup(deck(page, "focal"), "html.parser")


def slide(slides, title, number=0):
    return [one for one in slides.select(".slides section section") if one.select_one("h1, h2").get_text() == title][
        number
    ]


def test_every_figure_formula_and_verdict_has_a_slide(slides):
    titles = [one.get_text() for one in slides.select("section section > .fits > header > :is(h1, h2)")]
    assert titles == [
        "Bends",
        "You will",
        "First bends",
        "Bend",
        "Bent loss",
        "Bend",
        "Again",
        "Does it hold?",
        "It bends more.",
        "More of it",
        "More of it",
        "Bends",
    ]
    assert len(slides.select(".slides > section")) == 5


def test_a_figure_says_what_to_look_at_and_stays_alive(slides):
    figure = slide(slides, "Bend")
    assert figure.select_one(".look").get_text() == "Move p and watch the bend come in."
    assert figure.select_one("img")["src"] == "../explorers/focal/a.png"
    assert figure.select_one("script.atlas-payload")["data-src"] == "../explorers/focal/a.js"
    assert figure.select_one(".atlas-tools, .atlas-values") and figure.input["data-control"] == "p"
    assert figure.select_one("a.back")["href"] == "../focal.html#ex-bend"
    assert "Look where it bends." in figure.select_one("aside.notes").get_text()


def test_a_figure_that_is_shown_again_has_names_of_its_own(slides):
    again = slide(slides, "Bend", 1)
    assert "tall" in again["class"]
    assert again.figure["id"] == "ex-bend-2"
    assert again.label["for"] == again.input["id"] == "ex-bend-2-p"
    assert again.select_one("a.back")["href"] == "../focal.html#again"
    names = [tag["id"] for tag in slides.select("[id]")]
    assert len(names) == len(set(names))


def test_a_loss_shows_purpose_and_formula(slides):
    loss = slide(slides, "Bent loss")
    assert loss.select_one(".look").decode_contents() == "It bends <em>once</em>."
    assert loss.select_one("div.math").get_text(strip=True) == r"\[ \ell = b \]"
    assert "lossatlas.bent_loss" in loss.get_text() and "def bent_loss" not in loss.get_text()


def test_verdicts_are_counted_and_shown(slides):
    assert slide(slides, "Does it hold?").select_one(".tally").get_text() == "1 claim: 1 inconclusive."
    verdict = slide(slides, "It bends more.")
    assert "Inconclusive" in verdict.get_text() and verdict.select_one(".look").get_text() == "Each dot is a seed."


def test_verdicts_named_in_a_list_are_plain_words_on_one_slide(slides):
    listed = slide(slides, "More of it", 1)
    assert listed.select_one(".body li").get_text() == "It bends twice: ✗ not supported."
    assert not listed.select(".body a") and listed.select_one("aside.notes").get_text().endswith("That is all.")


def test_no_exercise_and_no_code_is_on_a_slide(slides):
    words = slides.select_one(".slides").get_text()
    assert "forty-two" not in words and "secret_code" not in words
    assert [a["href"] for a in slides.select(".end li a")] == [
        "../focal.html#first",
        "../focal.html#holds",
        "../focal.html#more",
        "../focal.html#exercises",
    ]


def test_only_the_scripts_that_a_deck_needs_come_along(slides):
    sources = [tag["src"].split("?")[0] for tag in slides.select("script[src]")]
    assert (
        "../_static/explorer.js" in sources
        and "../_static/mathjax/tex-chtml.js" in sources
        and "../_static/theme.js" not in sources
    )
    assert any("window.MathJax" in tag.get_text() for tag in slides.select("script"))
    assert not [
        tag
        for tag in slides.select("[src], link[href]")
        if (tag.get("src") or tag.get("href")).startswith(("http", "//"))
    ]


def test_decks_are_written_beside_the_site_with_reveal_and_its_license(make_book):
    book = make_book()
    book.html.mkdir(parents=True)
    (book.html / "cross_entropy.html").write_text(
        PAGE.replace("FIRST", "").replace("SECOND", "").replace("CARD", "").replace("VERDICT", "")
    )
    assert [path.name for path in write_slides(book, book.html)] == ["cross_entropy.html"]
    shared = {path.name for path in (book.html / "_static" / "slides").iterdir()}
    assert shared == {"LICENSE", "notes.js", "reset.css", "reveal.css", "reveal.js", "slides.css", "slides.js"}
    with pytest.raises(BookError, match="no built chapter poetry; there are: cross_entropy"):
        write_slides(book, book.html, ["poetry"])


def test_a_book_without_chapters_has_no_slides(make_book):
    book = make_book()
    book.html.mkdir(parents=True)
    assert write_slides(book, book.html) == []
    assert not (book.html / "slides").exists()


def paragraph(html):
    return BeautifulSoup(f"<p>{html}</p>", "html.parser").p


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("One. Two, e.g. Three. Four?", ["One.", "Two, e.g. Three.", "Four?"]),
        (
            "By <a href='x'>Ng et al. Who</a> it is. So <em>Be it.</em> Then",
            ["By Ng et al. Who it is.", "So <em>Be it.</em> Then"],
        ),
        ('Ends. <span class="math">\\(P\\)</span> begins', ["Ends.", '<span class="math">\\(P\\)</span> begins']),
        ("a &lt; b. C", ["a &lt; b.", "C"]),
    ],
)
def test_sentences_are_told_apart(html, expected):
    assert sentences(paragraph(html)) == expected


def test_the_sentence_for_a_figure():
    telling, plain = paragraph("It is so. Then move the slider."), paragraph("Plain words.")
    cited, question = paragraph("They differ [Ng, 2020]."), paragraph("Why?")
    assert tells("Look there.") and not tells("It looks fine.")
    assert what_to_see([telling], [plain]) == "Then move the slider."
    assert what_to_see([plain, telling], [paragraph("Follow the line.")]) == "Follow the line."
    assert what_to_see([plain], [], caption="A caption.") == "A caption."
    assert what_to_see([cited], [plain]) == "Plain words."
    assert what_to_see([question], [], alt="An axis at 0.3. It rises.") == "It rises."
    assert (
        what_to_see([paragraph("<strong>Another loss</strong> is new. It costs more.")], [plain], alt="It rises.")
        == "It rises."
    )
    assert what_to_see([paragraph("The next cell says more. So it is.")], []) == "So it is."
    assert what_to_see([], []) == ""


def test_a_description_keeps_what_stays_true():
    alt = (
        "At p = 0.5 it is low. A far point costs 2.5, a near one less. Key: no. With hard ones it falls; with soft "
        "ones it rises."
    )
    assert (
        steady(alt, [("0.5", []), ("5", []), ("no", ["yes"]), ("hard", ["soft"])])
        == "A far point costs 2.5, a near one less. With hard ones it falls; with soft ones it rises."
    )
    assert steady(alt, []) == alt


def test_an_opening_is_short():
    assert opening(paragraph("One is short. Two is short. " + "Three is long " * 30)) == "One is short. Two is short."
    assert opening(paragraph("It falls. So we write")) == "It falls."
    assert opening(paragraph("It falls. So we write:")) == "It falls."
    assert opening(paragraph("So we write,")) == ""
