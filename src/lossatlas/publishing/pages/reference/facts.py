"""What records and the catalogue know of a loss: certificate, other packages, speed, papers."""

import html
from dataclasses import dataclass

from ....catalogue import papers
from ....catalogue.bibliography import bibliography
from ...build.records import certificates, joined, parts
from ...build.wording import code, raw, table
from ..certificate import certificate
from ..parity import anchor, precision
from ..speed_tables import time_words

#: What leads from a page of the reference to the folder of the site.
TOP = "../"


@dataclass(frozen=True)
class Known:
    """What is known beyond the registry.

    Args:
        certificates: what `records.certificates` gives.
        parity: the rows of the parity record.
        benchmarks: the rows of the benchmarks' record.
        papers: the rows of the catalogue.
        cited: the keys of the bibliography.
    """

    certificates: dict
    parity: tuple = ()
    benchmarks: tuple = ()
    papers: tuple = ()
    cited: frozenset = frozenset()


def facts_of_loss(entry, known):
    """The certificate of a loss, its peers, its speed and its papers, as MyST."""
    peers = [row for row in known.parity if row["loss"] == entry.name]
    timed = [row for row in known.benchmarks if row["loss"] == entry.name]
    folds = [certificate(entry.name, known.certificates.get(entry.name), peers, TOP), packages(peers), speed(timed)]
    return raw("\n".join(filter(None, folds))) + "\n" + papers_of(entry, known)


def packages(peers):
    """The functions of other packages that compute the same, and what leads from theirs to ours."""
    if not peers:
        return ""
    rows = [
        [
            f"{html.escape(row['package'])} {html.escape(row['version'])}",
            code(row["symbol"]),
            html.escape(row["transform"]),
            _verdict(row),
        ]
        for row in sorted(peers, key=lambda row: (row["package"], row["symbol"]))
    ]
    head = ["Package", "Function", "From theirs to ours", "Result"]
    made = table(head, rows, label=f"Other packages that have {peers[0]['loss']}", kind="atlas-words")
    return _fold("packages", f"In other packages: {_names(row['package'] for row in peers)}", made)


def _verdict(row):
    found = row["verdict"] != "agrees" or row.get("finding")
    if row["verdict"] != "agrees":
        words = "differs"
    else:
        words = "agrees" if row["digits"] is None else f"agrees to {int(row['digits'])} digits{precision(row)}"
        words += ", but not everywhere" if row.get("finding") else ""
    return f'<a href="{TOP}parity.html#{anchor(row)}">{words}</a>' if found else words


def speed(rows):
    """Time of one batch, forward and backward, by size and form, beside the fastest peer."""
    if not rows:
        return ""
    places = {}
    for row in rows:
        place = row["size"], row["form"]
        if place not in places or _ratio(row) > _ratio(places[place]):
            places[place] = row
    body = [
        [html.escape(size), html.escape(form), time_words(row["seconds"]["median"]), _beside(row)]
        for (size, form), row in places.items()
    ]
    head = ["Batch", "Form", "Forward and backward", "Beside the fastest peer"]
    made = table(head, body, label=f"Time of {rows[0]['loss']}", kind="atlas-ratios")
    small = next(iter(places.values()))
    summary = f"Speed: {time_words(small['seconds']['median'])} for a batch of size {html.escape(small['size'])}"
    return _fold("speed", summary, f'{made}<p><a href="{TOP}speed.html">How it was measured</a></p>')


def _ratio(row):
    return (row["ratio"] or {"median": 0})["median"]


def _beside(row):
    if not row["peer"]:
        return "no peer"
    return f"{_ratio(row):.2f} × {html.escape(row['peer']['package'])} {code(row['peer']['symbol'])}"


def papers_of(entry, known):
    """The papers that a loss or an operation is from or works for, cited, as a list in MyST; empty without any."""
    rows = [
        row
        for row in known.papers
        if (row.status == "works" and entry.name in _last_names(row)) or row.key == entry.paper
    ]
    rows.sort(key=lambda row: row.key != entry.paper)
    items = [_paper(row, known.cited) for row in rows]
    if entry.paper in known.cited and entry.paper not in {row.key for row in rows}:
        items.insert(0, f"{{cite:t}}`{entry.paper}`")
    return "{.atlas-label}\n**Papers**\n\n" + "\n".join(f"- {item}" for item in items) + "\n" if items else ""


def _paper(row, cited):
    name = f'<a href="{row.address}">{html.escape(row.title)}</a> ({row.year})'
    cite = f" {{cite}}`{row.key}`" if row.key in cited else ""
    return f'{name}{cite}. {row.contributes} <a href="{TOP}papers.html#paper-{row.key}">In the paper atlas</a>'


def _last_names(row):
    return {symbol.rpartition(".")[2] for symbol in row.symbols}


def _names(names):
    return ", ".join(html.escape(name) for name in dict.fromkeys(sorted(names)))


def _fold(kind, summary, body):
    return f'<details class="atlas-fold atlas-{kind}"><summary>{summary}</summary>\n<div>{body}</div></details>'


def known_of(book):
    """What the records and the catalogue of a book know."""
    return Known(
        certificates(book),
        tuple(joined(parts(book, "parity"), "rows")),
        tuple(joined(parts(book, "benchmarks"), "rows")),
        tuple(papers(book.sources / "papers")),
        frozenset(bibliography(book.sources / "references")),
    )
