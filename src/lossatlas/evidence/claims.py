"""Claims put to the test: an experiment over many seeds, a rule decided in advance, a verdict that is computed.

The effect of a claim is one number per seed, paired: both sides of a comparison share initial weights, data and
minibatches. The verdict rests on Student's 95 % interval of the mean effect. It is exact for normal effects and close
for others from 20 seeds on, where the intervals of the percentile bootstrap are still too short.
"""

import html
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy
from scipy.special import stdtrit

from ..contract import describe, expect
from .card import anchor, card

CONFIDENCE = 0.95
FEWEST_SEEDS = 20
TIERS = ("smoke", "full")
MIME = "application/vnd.lossatlas.verdict+json"


@dataclass(frozen=True)
class AtLeast:
    """Supported if the interval of the mean effect lies above the threshold, not supported if below it."""

    threshold: float

    def __post_init__(self):
        _expect_number("threshold", self.threshold)

    def __str__(self):
        return f"supported if the interval lies above {self.threshold:g}, not supported if below, else inconclusive"

    @property
    def lines(self):
        return (self.threshold,)

    def met_by(self, effect):
        return effect > self.threshold

    def judge(self, low, high):
        """The word for an interval from `low` to `high`."""
        if low > self.threshold:
            return "supported"
        return "not supported" if high < self.threshold else "inconclusive"


@dataclass(frozen=True)
class Within:
    """Equivalence: supported if the interval lies inside (-margin, margin), not supported if it lies wholly outside."""

    margin: float

    def __post_init__(self):
        _expect_number("margin", self.margin)
        expect(self.margin > 0, "margin", "a number > 0", f"{self.margin:g}")

    def __str__(self):
        return (
            f"supported if the interval lies between {-self.margin:g} and {self.margin:g}, not supported if outside, "
            "else inconclusive"
        )

    @property
    def lines(self):
        return (-self.margin, self.margin)

    def met_by(self, effect):
        return abs(effect) < self.margin

    def judge(self, low, high):
        """The word for an interval from `low` to `high`."""
        if -self.margin < low and high < self.margin:
            return "supported"
        return "not supported" if low > self.margin or high < -self.margin else "inconclusive"


Rule = AtLeast | Within


@dataclass(frozen=True)
class Claim:
    """A statement of a paper that can be run.

    Args:
        key: short name in lower case with hyphens, unique in the book.
        paper: the paper's key in the catalogue.
        statement: what is claimed, in a sentence.
        effect: what is measured per seed, with its sign convention and unit.
        rule: `AtLeast(threshold)` or `Within(margin)`, fixed before the first run.
        experiment: function of (seeds, tier) that gives one effect per seed.
    """

    key: str
    paper: str
    statement: str
    effect: str
    rule: Rule
    experiment: Callable = field(repr=False)

    def __post_init__(self):
        for name in ("key", "paper", "statement", "effect"):
            value = getattr(self, name)
            expect(isinstance(value, str) and value.strip(), name, "a text", describe(value), TypeError)
        slug = re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.key)
        expect(slug, "key", "lower-case words joined by hyphens", repr(self.key))
        expect(isinstance(self.rule, Rule), "rule", "AtLeast(...) or Within(...)", describe(self.rule), TypeError)
        expect(
            callable(self.experiment), "experiment", "a function of (seeds, tier)", describe(self.experiment), TypeError
        )

    def run(self, seeds=range(FEWEST_SEEDS), tier="smoke"):
        """Run the experiment for these seeds and judge it. Returns a `Verdict`."""
        seeds = tuple(seeds)
        expect(len(seeds) >= FEWEST_SEEDS, "seeds", f"at least {FEWEST_SEEDS}", f"{len(seeds)}")
        expect(len(set(seeds)) == len(seeds), "seeds", "different numbers", describe(seeds))
        expect(tier in TIERS, "tier", " or ".join(map(repr, TIERS)), repr(tier))
        effects = self.experiment(seeds, tier)
        verdict = self.test(effects, tier=tier)
        expect(
            len(verdict.effects) == len(seeds),
            "experiment",
            f"{len(seeds)} effects, one per seed",
            f"{len(verdict.effects)}",
        )
        return verdict

    def test(self, effects, *, tier="smoke"):
        """Judge effects that are already there, one number per seed. Returns a `Verdict`."""
        expect(tier in TIERS, "tier", " or ".join(map(repr, TIERS)), repr(tier))
        on_cpu = effects.detach().cpu() if hasattr(effects, "detach") else effects
        values = numpy.asarray(on_cpu, dtype=float)
        expect(values.ndim == 1, "effects", "one number per seed", f"shape {values.shape}")
        expect(len(values) >= FEWEST_SEEDS, "effects", f"at least {FEWEST_SEEDS} seeds", f"{len(values)}")
        finite = int(numpy.isfinite(values).sum())
        expect(finite == len(values), "effects", "finite numbers", f"{len(values) - finite} that are not")
        return Verdict(self, tuple(values.tolist()), tier)


@dataclass(frozen=True, repr=False)
class Verdict:
    """What came out. Everything is computed from the claim's rule and the effects, one per seed."""

    claim: Claim
    effects: tuple
    tier: str

    @property
    def mean(self):
        return math.fsum(self.effects) / len(self.effects)

    @property
    def interval(self):
        """Student's 95 % interval of the mean effect."""
        n = len(self.effects)
        error = numpy.std(self.effects, ddof=1) / math.sqrt(n)
        reach = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2) * error)
        return self.mean - reach, self.mean + reach

    @property
    def word(self):
        """ "supported", "not supported" or "inconclusive"."""
        return self.claim.rule.judge(*self.interval)

    @property
    def share(self):
        """Share of the seeds whose own effect meets the rule."""
        return sum(map(self.claim.rule.met_by, self.effects)) / len(self.effects)

    @property
    def numbers(self):
        """The result in a line."""
        low, high = self.interval
        met = f"{100 * self.share:.0f} % of {len(self.effects)} seeds on the side of the claim"
        return f"mean effect {self.mean:.3g}, 95 % interval {low:.3g} to {high:.3g}, {met}"

    def __repr__(self):
        claim = self.claim
        return (
            f"{self.word} ({self.tier}): {claim.statement}\n"
            f"  effect: {claim.effect}\n  {self.numbers}\n  rule: {claim.rule}\n  source: {claim.paper}"
        )

    def as_dict(self):
        """The verdict as plain data, numbers rounded to six digits."""
        claim = self.claim
        return {
            "version": 1,
            "key": claim.key,
            "paper": claim.paper,
            "statement": claim.statement,
            "effect": claim.effect,
            "rule": str(claim.rule),
            "word": self.word,
            "mean": _rounded(self.mean),
            "interval": [_rounded(end) for end in self.interval],
            "confidence": CONFIDENCE,
            "seeds": len(self.effects),
            "share": _rounded(self.share),
            "tier": self.tier,
            "effects": [_rounded(effect) for effect in self.effects],
        }

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": card(self), MIME: self.as_dict()}


@dataclass(frozen=True, repr=False)
class Summary:
    """All verdicts of a family in a table, whose claims lead to the cards of the same page.

    Args:
        verdicts: `Verdict`s, each of another claim.
    """

    verdicts: tuple

    def __post_init__(self):
        object.__setattr__(self, "verdicts", tuple(self.verdicts))
        keys = [verdict.claim.key for verdict in self.verdicts]
        expect(keys and len(set(keys)) == len(keys), "verdicts", "one or more, each of another claim", describe(keys))

    @property
    def rows(self):
        """(statement, paper, mean, interval, seeds, tier, word) as texts."""
        for verdict in self.verdicts:
            low, high = verdict.interval
            numbers = (f"{verdict.mean:.3g}", f"{low:.3g} to {high:.3g}", str(len(verdict.effects)))
            yield (verdict.claim.statement, verdict.claim.paper, *numbers, verdict.tier, verdict.word)

    def __repr__(self):
        return "\n".join(f"{row[-1]:13}  {row[2]:>9}  [{row[3]}]  {row[0]}" for row in self.rows)

    def _repr_html_(self):
        heads = ("Claim", "Paper", "Mean effect", "95 % interval", "Seeds", "Tier", "Verdict")
        head = "".join(f'<th scope="col">{name}</th>' for name in heads)
        body = "".join(
            f'<tr><th scope="row"><a href="#{anchor(verdict.claim.key)}">{html.escape(row[0])}</a></th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for verdict, row in zip(self.verdicts, self.rows, strict=True)
        )
        return (
            '<div class="atlas-verdicts" style="overflow-x:auto" tabindex="0" role="region" aria-label="All verdicts">'
            f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        )


def _expect_number(name, value):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    expect(number, name, "a finite number", describe(value), TypeError)
    expect(math.isfinite(value), name, "a finite number", f"{value:g}")


def _rounded(number):
    return float(f"{number:.6g}")
