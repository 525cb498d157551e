"""The certificate of a loss: what its tests proved and measured, in words made of the record alone, as HTML."""

import html
import math
from itertools import groupby

from lossatlas.contract import PROMISES

from ..build.records import COMMANDS
from ..build.wording import call, code, listed, machine_words, scales, sentence, whole_digits
from .parity import anchor, in_float64, precision

#: promise -> its name in a table, and in the summary of what holds.
TITLES = {
    "gradient": ("Gradient", None),
    "double_backward": ("Second gradient", "twice differentiable"),
    "vmap": ("vmap", "vmap"),
    "compile": ("compile", "compile"),
    "half": ("Half precision", "half precision"),
    "minus_inf": ("Ruled-out class", None),
    "extremes": ("Extreme inputs", None),
    "items": ("Weights, masks, reductions", None),
}
#: part of the tests -> its name; a part that is not named here goes by its own.
PARTS = {
    "declared": "what is declared",
    "degenerate": "odd batches",
    "edges": "edges of the input",
    "errors": "wrong input",
    "exact": "right digits",
    "exemptions": "exemptions",
    "gradients": "gradients",
    "invariances": "invariances, bounds, optimum",
    "precision": "dtypes",
    "recorded": "recorded numbers",
    "reduction_algebra": "reductions",
    "reference": "naive loop",
    "special_cases": "special cases",
    "stability": "range",
    "transforms": "PyTorch's transforms",
}
#: So many packages are named in the summary.
MOST_NAMES = 3
RANKS = ("skipped", "passed", "xfailed", "failed")
SIGNS = {"passed": "✓", "xfailed": "–", "failed": "✗", "skipped": "·"}
SAID = {"passed": "holds", "xfailed": "exempt", "failed": "fails", "skipped": "does not apply"}


def promises(facts):
    """promise -> how the worst of its tests ended, in the library's order; a promise without a test is left out."""
    ends = {}
    for test, promise in facts["promises"].items():
        if promise:
            ends[promise] = max(ends.get(promise, "skipped"), facts["tests"][test], key=RANKS.index)
    return {promise: ends[promise] for promise in sorted(ends, key=lambda name: (*PROMISES, name).index(name))}


def title(promise):
    return TITLES.get(promise, (promise.replace("_", " "), None))[0]


def failed(facts):
    return [test for test, end in facts["tests"].items() if end == "failed"]


def mark(end, words=""):
    """The sign of an outcome, in words for those who do not see it, and what holds; what fails is said to all."""
    sign = f'<span class="atlas-sign {end}" aria-hidden="true">{SIGNS[end]}</span>'
    if not words:
        return f'{sign}<span class="atlas-spoken">{SAID[end]}</span>'
    return (
        f'{sign}<span class="atlas-spoken">holds: </span>{words}' if end == "passed" else f"{sign}{SAID[end]}: {words}"
    )


def certificate(loss, facts, peers=(), top=""):
    """The certificate to unfold.

    Args:
        loss: name of the loss.
        facts: its part of the record, as `records.certificates` gives it; None where nothing is known of it.
        peers: the rows of the parity record that are about it.
        top: what leads from the page to the folder of the site, as "../".
    """
    if facts is None:
        summary = "Not certified yet"
        body = f"<p>No run of the tests is on record for this loss. {code(COMMANDS['certificates'])} makes it.</p>"
    else:
        summary = _summary(facts, peers)
        body = f"{_table(_rows(facts, peers, top))}{_all_tests(facts)}<p>{_origin(facts, top)}</p>"
    state = "unknown" if facts is None else "failed" if failed(facts) else "proven"
    return (
        f'<details class="atlas-certificate {state}" id="certificate-{html.escape(loss)}">'
        f"<summary>{summary}</summary>\n<div>{body}</div></details>"
    )


def _summary(facts, peers):
    broken, measured, ends = failed(facts), facts["measured"], promises(facts)
    parts = []
    if "digits64" in measured:
        parts.append(f"{whole_digits(measured['digits64'])} in float64")
    if scales(measured):
        parts.append(f"right from {scales(measured)}")
    parts += [words for promise, (_, words) in TITLES.items() if words and ends.get(promise) == "passed"]
    parts += [f"not {words}" for promise, (_, words) in TITLES.items() if words and ends.get(promise) == "xfailed"]
    parts += _equals(peers)
    head = f"{len(broken)} of {len(facts['tests'])} tests fail" if broken else "Proven"
    later = "" if facts["current"] else ' <span class="atlas-later">sources changed since</span>'
    return f"<b>{head}:</b> {' · '.join(parts) or _count(facts)}{later}"


def _equals(peers):
    """To whom a loss is equal, in the precision that is worth telling."""
    agreeing = [row for row in peers if row["verdict"] == "agrees" and row["digits"] is not None]
    dtype = "float64" if any(map(in_float64, agreeing)) else "float32"
    compared = [row for row in agreeing if row.get("dtype", "float64") == dtype]
    if compared:
        names = sorted({html.escape(row["package"]) for row in compared}, key=lambda name: (name != "torch", name))
        if len(names) > MOST_NAMES:
            names = [*names[: MOST_NAMES - 1], f"{len(names) - MOST_NAMES + 1} more"]
        digits = whole_digits(min(row["digits"] for row in compared))
        yield f"equal to {listed(names)} to {digits}{' in float32' * (dtype == 'float32')}"


def _rows(facts, peers, top):
    """(heading, HTML) of what a reader most wants to know."""
    measured, tests = facts["measured"], facts["tests"]
    digits = [
        f"{dtype}: "
        + ", ".join(
            f"{what} {measured[key]:.1f}"
            for what, key in (("value", f"digits{n}"), ("gradient", f"slope_digits{n}"))
            if key in measured
        )
        for dtype, n in (("float64", 64), ("float32", 32))
        if f"digits{n}" in measured
    ]
    if digits:
        yield "Right digits", f"{'; '.join(digits)}, at the worst input that was tried"
    if scales(measured):
        yield "Range", f"value and gradient stay right when inputs are scaled by {scales(measured)}"
    if "official" in measured:
        yield "Official numbers", f"equal to {whole_digits(measured['official'])}"
    if "reference/it_equals_the_naive_loop" in tests:
        yield (
            "Formula",
            mark(
                tests["reference/it_equals_the_naive_loop"],
                "it equals a plain loop written from its formula, on inputs of random shapes",
            ),
        )
    for promise, end in promises(facts).items():
        yield title(promise), mark(end, _promise(promise, end, facts))
    if facts["special_cases"]:
        end = max(
            (end for test, end in tests.items() if test.startswith("special_cases/")),
            key=RANKS.index,
            default="skipped",
        )
        yield "Special cases", mark(end, "; ".join(map(_special, facts["special_cases"])))
    if facts["invariances"]:
        yield (
            "Unchanged by",
            mark(
                tests.get("invariances/invariances", "skipped"),
                listed([sentence(name) for name in facts["invariances"]]),
            ),
        )
    if peers:
        yield "Other libraries", "<br>".join(_peer(row, top) for row in peers)


def _promise(promise, end, facts):
    if end == "xfailed":
        reasons = [reason for test, reason in facts["reasons"].items() if facts["promises"][test] == promise]
        return html.escape(" ".join([facts["exempt"].get(promise, ""), *reasons]).strip())
    if end == "failed":
        return "; ".join(
            sentence(test.partition("/")[2]) for test in failed(facts) if facts["promises"][test] == promise
        )
    return html.escape(PROMISES.get(promise, promise.replace("_", " ")))


def _special(case):
    other = call(case["of"], case["then"])
    scale = "" if case["scale"] == 1 else f"{case['scale']:g} × "
    inputs = " of changed inputs" if case["of_other_inputs"] else ""
    shift = ", shifted" if case["shifted"] else ""
    when = ", ".join(f"{code(f'{name}={value}')}" for name, value in case["when"].items())
    return f"{f'at {when} it' if when else 'it'} is {scale}{other}{inputs}{shift}"


def _peer(row, top):
    symbol = f"{html.escape(row['package'])} {html.escape(row['version'])} {code(row['symbol'])}"
    if row["verdict"] != "agrees":
        return f'{symbol}: <a href="{top}parity.html#{anchor(row)}">differs</a>'
    gradient = "" if row.get("slope_digits") is None else f", gradient {math.floor(row['slope_digits'])}"
    value = "not compared" if row["digits"] is None else f"value {whole_digits(row['digits'])}"
    edge = f', <a href="{top}parity.html#{anchor(row)}">not everywhere</a>' if row.get("finding") else ""
    return f"{symbol}: {value}{gradient}{precision(row)}{edge}"


def _table(rows):
    body = "".join(f'<tr><th scope="row">{heading}</th><td>{words}</td></tr>' for heading, words in rows)
    return f"<table>{body}</table>"


def _count(facts):
    return f"{len(facts['tests'])} tests"


def _all_tests(facts):
    """Every test by its part and name: their names are what they ask."""
    parts = groupby(sorted(facts["tests"]), key=lambda test: test.partition("/")[0])
    listing = "".join(
        f"<dt>{PARTS.get(part, sentence(part))}</dt>"
        f"<dd><ul>{''.join(_test(test, facts['tests'][test]) for test in tests)}</ul></dd>"
        for part, tests in parts
    )
    settings = len(facts["cases"])
    summary = f"All {_count(facts)}: {facts['runs']} runs at {settings} setting{'s' * (settings != 1)}"
    return f"<details><summary>{summary}</summary><dl>{listing}</dl></details>"


def _test(test, end):
    words = sentence(test.partition("/")[2])
    return f"<li>{words}</li>" if end == "passed" else f'<li class="{end}">{words} ({SAID[end]})</li>'


def _origin(facts, top):
    later = (
        ""
        if facts["current"]
        else f" The sources have changed since; {code(COMMANDS['certificates'])} proves them anew."
    )
    explained = f'<a href="{top}proof.html">What the tests ask</a>.'
    return f"From the run of the tests on {machine_words(facts['machine'])}.{later} {explained}"
