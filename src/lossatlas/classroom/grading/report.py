"""The page on which a student reads what was found: one file, nothing loaded from anywhere, all of theirs escaped."""

import html
import re
from decimal import Decimal

from ...exercises.result import MARKS
from .table import number

STATES = {"full": "Solved", "partial": "Partly solved", "none": "Not there yet", "not attempted": "Not attempted"}
MOST_CELLS = 20

STYLE = """
:root{color-scheme:light dark;--ground:#fbfaf7;--card:#fff;--ink:#1d1d1f;--muted:#5a5a62;--line:#d9d6cd;
--good:#1a6b3c;--bad:#a3291f;--wait:#7a5200;--code:#f1eee6}
@media(prefers-color-scheme:dark){:root{--ground:#151518;--card:#1e1e23;--ink:#ececf0;--muted:#a9a9b4;--line:#3a3a42;
--good:#7fd6a0;--bad:#ff9c90;--wait:#f0c46a;--code:#2a2a31}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);overflow-wrap:anywhere;
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:46rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:.1rem 0 .8rem}
h2{font-size:1.2rem;line-height:1.3;margin:0}
h3{font-size:1rem;margin:0}
p{margin:.5rem 0}
.over,.small{color:var(--muted);font-size:.9rem;margin:0}
.total{font-size:1.3rem;font-weight:650;margin:0}
.bar{height:.6rem;border-radius:.3rem;background:var(--line);overflow:hidden;margin:.4rem 0 1rem}
.bar div{height:100%;background:var(--good)}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
caption{text-align:left;color:var(--muted);font-size:.9rem;padding-bottom:.2rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .5rem .35rem 0;
border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--muted);font-size:.9rem}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;padding-right:0;padding-left:.5rem}
a{color:inherit}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin:1rem 0}
.head{display:flex;gap:1rem;justify-content:space-between;align-items:baseline}
td{overflow-wrap:normal}
.points{flex:none;white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--muted)}
.check{border-top:1px solid var(--line);margin-top:.9rem;padding-top:.8rem}
.good{color:var(--good)}.bad{color:var(--bad)}.wait{color:var(--wait)}
.seen{white-space:pre-line;border-left:.25rem solid var(--bad);padding:.1rem 0 .1rem .8rem;margin:.5rem 0}
.note{white-space:pre-line;border-left:.25rem solid var(--line);padding:.1rem 0 .1rem .8rem;margin:.5rem 0}
.notice{border-left:.25rem solid var(--wait);padding:.1rem 0 .1rem .8rem}
ul{list-style:none;padding:0;margin:.4rem 0}
li{padding-left:1.5rem;text-indent:-1.5rem;margin:.15rem 0}
li>*{text-indent:0}
.mark{display:inline-block;width:1.5rem}
summary{cursor:pointer;color:var(--muted);font-size:.95rem}
code,pre{font:.92em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
background:var(--code);border-radius:.25rem}
code{padding:.05em .25em}
pre{padding:.6rem .8rem;margin:.4rem 0;white-space:pre-wrap}
@media print{:root{color-scheme:light;--ground:#fff;--card:#fff;--ink:#000;--muted:#444;--line:#bbb;
--good:#0b5a2c;--bad:#8a1a12;--wait:#5f4000;--code:#f4f4f4}
body{font-size:10.5pt}section{break-inside:avoid-page;border-radius:0}
details::details-content{content-visibility:visible;block-size:auto}
summary{list-style:none}}
"""
#: The page may show its own style, and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(entry, master, out_of):
    """The page of one student as HTML.

    Args:
        entry: their `Entry`.
        master: the `Master`.
        out_of: question name -> points it is worth.
    """
    most = sum(out_of.values(), Decimal(0))
    share = float(100 * entry.total / most) if most else 0.0
    parts = [
        f'<p class="over">{text(master.title)}</p><h1><bdi>{text(entry.student)}</bdi></h1>',
        f'<p class="total">{number(entry.total)} of {number(most)} points</p>',
        f'<div class="bar" aria-hidden="true"><div style="width:{share:.1f}%"></div></div>',
    ]
    if entry.status == "not handed in":
        parts.append("<p>Nothing was handed in under this name.</p>")
    elif entry.problem:
        parts.append(f'<p class="notice" role="note">{text(entry.problem)}</p>')
    if entry.record:
        if entry.record["lost"]:
            parts.append(
                '<p class="notice" role="note">Your notebook did not run to its end, or was stopped later.'
                f" {words(entry.record['lost'])}</p>"
            )
        parts += [
            _overview(entry),
            *(_question(entry, question) for question in entry.questions),
            _cells(entry.record["cells"]),
        ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><meta name="robots" content="noindex">'
        f"<title>Feedback for {text(entry.student)}: {text(master.title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n{chr(10).join(filter(None, parts))}\n</main></body></html>\n"
    )


def _overview(entry):
    rows = "".join(
        f'<tr><th scope="row"><a href="#{q["name"]}">{q["number"]} · {text(q["title"])}</a></th>'
        f'<td>{STATES[q["state"]]}</td><td class="n">{_points(q["earned"], q["out_of"])}</td></tr>'
        for q in entry.questions
    )
    return (
        '<table><caption>Your exercises</caption><thead><tr><th scope="col">Exercise</th><th scope="col">Outcome</th>'
        f'<th scope="col" class="n">Points</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _question(entry, question):
    name = question["name"]
    parts = [
        f'<div class="head"><h2 id="{name}-title">{question["number"]} · {text(question["title"])}</h2>'
        f'<span class="points">{_points(question["earned"], question["out_of"])} points</span></div>'
        f'<p class="small">{STATES[question["state"]]}</p>'
    ]
    if note := (entry.notes or {}).get(name):
        parts.append(f'<p class="notice" role="note">{words(note)}</p>')
    if question["score"] is not None:
        place, among = entry.places[name]
        parts.append(
            f"<p>Your score is <strong>{question['score']:.4g}</strong>: place {place} of {among} in the class.</p>"
        )
    failed = set()
    if question["state"] == "not attempted":
        below = (
            ' Cells that were to do it may have ended with an error: see <a href="#cells">below</a>.'
            if entry.record["cells"]
            else ""
        )
        parts.append(f"<p>{_sentence(question['checks'][0]['words'])}{below}</p>")
    else:
        parts += [_check(check, failed) for check in question["checks"]]
    return f'<section id="{name}" aria-labelledby="{name}-title">{"".join(parts)}</section>'


def _check(check, failed):
    """One check; `failed` gathers the properties that failed in the checks before it."""
    kind = "a further check, not in your notebook" if check["hidden"] else "as in your notebook"
    mark, colour, outcome = {
        "passed": ("✓", "good", "passed"),
        "failed": ("✗", "bad", "not passed"),
        "out of time": ("✗", "bad", "took too long"),
        "lost": ("✗", "bad", "could not be finished"),
        "not attempted": ("·", "wait", "not attempted"),
        "grader error": ("?", "wait", "your instructor will look at it"),
    }[check["state"]]
    parts = [
        f'<div class="head"><h3 class="{colour}"><span class="mark" aria-hidden="true">{mark}</span>'
        f"{text(check['title'])}: {outcome}</h3>"
        f'<span class="points">{_points(check["earned"], check["points"])}</span></div><p class="small">{kind}</p>'
    ]
    if check["state"] == "grader error":
        parts.append(
            "<p>This check came to an error of its own. It may be the check that is wrong, or what your answer gave to"
            " it. Your instructor has been informed.</p>"
        )
    elif check["words"]:
        parts.append(f'<div class="seen">{_sentence(check["words"])}</div>')
    quiet = []
    for line in check["lines"]:
        if line["state"] == "fails" and line["name"] in failed:
            parts.append(f'<div class="seen"><strong>{words(line["name"])}.</strong> This fails here too.</div>')
        elif line["state"] == "fails":
            failed.add(line["name"])
            parts.append(
                f'<div class="seen"><strong>{words(line["name"])}: this does not hold.</strong>\n'
                f"{words(line['words'])}</div>"
            )
        elif line["words"]:
            parts.append(
                f'<div class="note"><span class="good" aria-hidden="true">✓</span> {words(line["name"])}: this holds.\n'
                f"{words(line['words'])}</div>"
            )
        else:
            quiet.append(
                f'<li><span class="mark" aria-hidden="true">{MARKS[line["state"]]}</span>{words(line["name"])}'
                f" <em>({line['state']})</em></li>"
            )
    if quiet:
        count = sum(line["state"] == "holds" for line in check["lines"])
        parts.append(
            f"<details><summary>{count} of {len(check['lines'])} properties hold</summary>"
            f"<ul>{''.join(quiet)}</ul></details>"
        )
    return f'<div class="check">{"".join(parts)}</div>'


def _cells(cells):
    if not cells:
        return ""
    shown = "".join(
        f"<h3>Cell {cell['index'] + 1}</h3><pre>{text(cell['source_head'])}</pre>"
        f"<div class='seen'>{words(cell['error'])}</div>"
        for cell in cells[:MOST_CELLS]
    )
    more = f"<p>And {len(cells) - MOST_CELLS} more.</p>" if len(cells) > MOST_CELLS else ""
    return (
        '<section aria-labelledby="cells"><h2 id="cells">Cells that ended with an error</h2>'
        "<p>Your notebook was run from its first cell to its last. In these cells it raised an error:</p>"
        f"{shown}{more}</section>"
    )


def _points(earned, of):
    return f"{number(Decimal(earned))} of {number(Decimal(of))}"


def _sentence(message):
    message = message.strip()
    return words(message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!")) else "."))


def words(message):
    """Text, with what stands in backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text(message))


def text(message):
    """Anybody's text as harmless HTML: escaped, without signs that steer a terminal or reverse the direction."""
    shown = "".join(c if c.isprintable() or c in "\n\t\u200c\u200d" else "\ufffd" for c in str(message))
    return html.escape(shown)
