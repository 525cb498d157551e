"""Claims and verdicts: the rules, the interval, the power, the display, and what is refused."""

import itertools
import json
import xml.etree.ElementTree as ElementTree

import numpy
import pytest
import torch
from scipy import stats

from lossatlas.evidence import MIME, AtLeast, Claim, Summary, Within

GENERATOR = numpy.random.default_rng(0)


def claim(rule=None, **changes):
    settings = {
        "key": "a-claim",
        "paper": "somepaper2020",
        "statement": "Loss A is more accurate than loss B & <others>.",
        "effect": "accuracy of A minus accuracy of B, percentage points",
        "rule": rule or AtLeast(0),
        "experiment": lambda seeds, tier: torch.tensor([1.0 + 0.01 * s for s in seeds]),
    }
    return Claim(**{**settings, **changes})


@pytest.mark.parametrize(
    ("rule", "low", "high", "word"),
    [
        (AtLeast(0), 0.1, 2, "supported"),
        (AtLeast(0), -2, -0.1, "not supported"),
        (AtLeast(0), -1, 1, "inconclusive"),
        (AtLeast(0), 0, 1, "inconclusive"),
        (AtLeast(0), 0, 0, "inconclusive"),
        (AtLeast(-0.5), -0.4, 0.3, "supported"),
        (AtLeast(2), 1, 1.9, "not supported"),
        (Within(1), -0.9, 0.9, "supported"),
        (Within(1), 1.1, 3, "not supported"),
        (Within(1), -3, -1.1, "not supported"),
        (Within(1), 0.5, 1.5, "inconclusive"),
        (Within(1), -2, 2, "inconclusive"),
        (Within(1), 0, 1, "inconclusive"),
    ],
)
def test_rules(rule, low, high, word):
    assert rule.judge(low, high) == word


def test_interval_equals_scipy():
    effects = GENERATOR.normal(1, 2, 25)
    low, high = claim().test(effects).interval
    expected = stats.ttest_1samp(effects, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))


def test_run_gives_the_experiment_its_seeds_and_tier():
    seen = {}

    def experiment(seeds, tier):
        seen.update(seeds=seeds, tier=tier)
        return [0.5 * s for s in seeds]

    verdict = claim(experiment=experiment).run(seeds=range(5, 30), tier="full")
    assert seen == {"seeds": tuple(range(5, 30)), "tier": "full"}
    assert verdict.effects == tuple(0.5 * s for s in range(5, 30))
    assert verdict.word == "supported" and verdict.tier == "full"


@pytest.mark.parametrize(("mean", "rule"), [(1.0, AtLeast(0)), (0.0, Within(1.5))])
def test_a_true_effect_is_supported(mean, rule):
    words = [claim(rule).test(GENERATOR.normal(mean, 1, 20)).word for _ in range(400)]
    assert words.count("supported") > 0.95 * len(words)
    assert words.count("not supported") == 0


def test_no_effect_is_seldom_supported():
    words = [claim().test(GENERATOR.normal(0, 1, 20)).word for _ in range(2000)]
    # 2.5 % are expected on either side; 5 % is seven standard deviations away.
    assert 0 < words.count("supported") < 0.05 * len(words)
    assert words.count("inconclusive") > 0.9 * len(words)


def test_no_skewed_effect_is_seldom_supported():
    words = [claim().test(GENERATOR.exponential(1, 20) - 1).word for _ in range(2000)]
    assert words.count("supported") < 0.05 * len(words)


def test_an_opposite_effect_is_not_supported():
    assert claim().test(GENERATOR.normal(-1, 1, 40)).word == "not supported"
    assert claim(Within(0.1)).test(GENERATOR.normal(-1, 1, 40)).word == "not supported"


def test_equal_effects_give_an_interval_of_no_width():
    verdict = claim(Within(0.5)).test([0.0] * 20)
    assert verdict.interval == (0, 0) and verdict.word == "supported" and verdict.share == 1


def test_share_counts_the_seeds_that_meet_the_rule():
    effects = [-1.0] * 5 + [2.0] * 15
    assert claim().test(effects).share == 0.75
    assert claim(Within(1.5)).test(effects).share == 0.25


def test_display_bundle_holds_card_text_and_data():
    verdict = claim().run()
    bundle = verdict._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", MIME}
    data = json.loads(json.dumps(bundle[MIME]))
    assert data["word"] == "supported" and data["seeds"] == len(data["effects"]) == 20
    assert data["interval"][0] < data["mean"] < data["interval"][1]
    assert {"version", "key", "paper", "statement", "effect", "rule", "tier", "share", "confidence"} < set(data)
    assert bundle["text/plain"].startswith("supported (smoke): Loss A")
    assert verdict.numbers in bundle["text/plain"]


@pytest.mark.parametrize(
    "effects",
    [
        GENERATOR.normal(1, 1, 20),
        [0.0] * 20,
        [5.0] * 30,
        [1e-9 * n for n in range(20)],
        [1e6 * n for n in range(50)],
        [7.0] * 19 + [-1e4],
    ],
    ids=["normal", "zeros", "equal", "tiny", "huge", "outlier"],
)
@pytest.mark.parametrize("rule", [AtLeast(0), Within(2)])
def test_card_is_well_formed_and_every_dot_lies_on_it(effects, rule):
    verdict = claim(rule).test(effects)
    page = verdict._repr_mimebundle_()["text/html"]
    card = ElementTree.fromstring(page)
    assert "Loss A is more accurate than loss B & <others>." in "".join(card.itertext())
    assert card.get("id") == f"claim-{verdict.claim.key}"
    picture = card.find(".//svg")
    assert picture.get("role") == "img" and verdict.word in picture.get("aria-label")
    assert picture.find("title").text and verdict.numbers in picture.find("desc").text
    dots = picture.findall("circle")
    assert len(dots) == len(effects) + 1
    _, _, width, height = map(float, picture.get("viewBox").split())
    assert all(0 < float(dot.get("cx")) < width and 0 < float(dot.get("cy")) < height for dot in dots)
    texts = picture.findall("text")
    assert 2 <= len(texts) <= 9
    assert all(float(a.get("x")) < float(b.get("x")) for a, b in itertools.pairwise(texts))


def test_the_dashed_line_stands_at_the_threshold():
    card = ElementTree.fromstring(claim(AtLeast(2)).test([1.0, 3.0] * 10)._repr_mimebundle_()["text/html"])
    dashed = [line for line in card.iter("line") if line.get("stroke-dasharray")]
    left, right = sorted({float(dot.get("cx")) for dot in card.iter("circle") if dot.get("r") == "3.4"})
    assert len(dashed) == 1
    assert float(dashed[0].get("x1")) == pytest.approx((left + right) / 2, abs=0.2)


def test_summary_lists_every_verdict():
    verdicts = [claim(key="first").run(), claim(Within(0.1), key="second").run()]
    table = ElementTree.fromstring(Summary(verdicts)._repr_html_())
    rows = table.findall(".//tbody/tr")
    assert [row.findall("td")[-1].text for row in rows] == ["supported", "not supported"]
    assert [link.get("href") for link in table.findall(".//tbody/tr/th/a")] == ["#claim-first", "#claim-second"]
    assert repr(Summary(verdicts)).count("\n") == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: claim().run(seeds=range(19)), ValueError, "`seeds`: expected at least 20, got 19"),
        (lambda: claim().run(seeds=[1] * 20), ValueError, "`seeds`: expected different numbers"),
        (lambda: claim().run(tier="large"), ValueError, "`tier`: expected 'smoke' or 'full', got 'large'"),
        (
            lambda: claim(experiment=lambda s, t: range(25)).run(),
            ValueError,
            "`experiment`: expected 20 effects, one per seed, got 25",
        ),
        (lambda: claim().test([1.0] * 19), ValueError, "`effects`: expected at least 20 seeds, got 19"),
        (
            lambda: claim().test([1.0] * 20 + [float("nan")]),
            ValueError,
            "`effects`: expected finite numbers, got 1 that are not",
        ),
        (
            lambda: claim().test(torch.zeros(20, 2)),
            ValueError,
            r"`effects`: expected one number per seed, got shape \(20, 2\)",
        ),
        (lambda: claim(key="A Claim"), ValueError, "`key`: expected lower-case words joined by hyphens, got 'A Claim'"),
        (lambda: claim(statement=" "), TypeError, "`statement`: expected a text"),
        (
            lambda: claim(rule="above 0"),
            TypeError,
            r"`rule`: expected AtLeast\(...\) or Within\(...\), got str 'above 0'",
        ),
        (lambda: claim(experiment=3), TypeError, r"`experiment`: expected a function of \(seeds, tier\), got int 3"),
        (lambda: AtLeast("0"), TypeError, "`threshold`: expected a finite number, got str '0'"),
        (lambda: AtLeast(float("inf")), ValueError, "`threshold`: expected a finite number, got inf"),
        (lambda: Within(0), ValueError, "`margin`: expected a number > 0, got 0"),
        (lambda: Summary([]), ValueError, "`verdicts`: expected one or more"),
        (
            lambda: Summary([claim().run(), claim().run()]),
            ValueError,
            "`verdicts`: expected one or more, each of another claim",
        ),
    ],
)
def test_errors_name_the_argument(call, error, message):
    with pytest.raises(error, match=message):
        call()
