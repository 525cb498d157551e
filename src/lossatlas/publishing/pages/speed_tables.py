"""The tables of the speed page, as HTML."""

import html
from itertools import product

from ..build.wording import code, table


def beside(rows):
    """Time and memory of every loss beside each of its peers, a row for each loss, form and peer."""
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    found = {}
    for row in rows:
        found.setdefault((row["loss"], row["form"] != "eager", _peer(row)), {})[row["size"]] = row
    body = []
    for (loss, _, peer), cells in sorted(found.items()):
        form = next(iter(cells.values()))["form"]
        body.append(
            [
                f"{code(loss)}<p>{html.escape(form)}</p>",
                peer,
                *(_cell(cells[size]) if size in cells else "" for size in sizes),
            ]
        )
    return table(
        ["Loss and form", "Peer", *map(html.escape, sizes)],
        body,
        label="Time and memory beside each peer",
        kind="atlas-beside",
    )


def _peer(row):
    """The peer, and on which terms it was met."""
    terms = [f"{name} = {value}" for name, value in row.get("hyper", {}).items()]
    terms += [f"in {row['dtype']}"] if "dtype" in row else []
    terms += ["with a gradient of its own"] if row.get("gradient") == "own" else []
    terms += ["theirs is eager, which is faster or the only form"] if row.get("peer_form") == "eager" else []
    said = f"<p>{html.escape('; '.join(terms))}</p>" if terms else ""
    return f"{html.escape(row['peer']['package'])} {code(row['peer']['symbol'])}{said}"


def _cell(row):
    ratio, memory = row["ratio"], row.get("memory_ratio")
    needs = "" if memory is None else f"<br>memory {memory['median'] if isinstance(memory, dict) else memory:.2f}"
    if ratio is None:
        return f"{time_words(row['seconds']['median'])}{needs}"
    word = ' <span class="atlas-slower">slower</span>' if ratio["median"] > 1 else ""
    quartiles = f"{ratio['low']:.2f}–{ratio['high']:.2f}"
    return f"<b>{ratio['median']:.2f}</b>{word}<br>{quartiles}<br>{time_words(row['seconds']['median'])}{needs}"


def alone(rows):
    """The times of losses without a peer."""
    sizes, forms, losses = (list(dict.fromkeys(row[key] for row in rows)) for key in ("size", "form", "loss"))
    found = {(row["loss"], row["form"], row["size"]): time_words(row["seconds"]["median"]) for row in rows}
    body = [
        [code(loss), html.escape(form), *(found.get((loss, form, size), "") for size in sizes)]
        for loss, form in product(losses, forms)
        if any((loss, form, size) in found for size in sizes)
    ]
    return table(
        ["Loss", "Form", *map(html.escape, sizes)], body, label="Time of losses without a peer", kind="atlas-ratios"
    )


def cost(rows):
    """What the decorator adds to the bare formula, in a sentence."""
    found = [
        row["decorator_seconds"] for row in rows if row["form"] == "eager" and row.get("decorator_seconds") is not None
    ]
    seconds = sorted(one["median"] if isinstance(one, dict) else one for one in found)
    if not seconds:
        return ""
    middle, most = seconds[len(seconds) // 2], seconds[-1]
    return (
        f"With weights, masks and reduction that adds {time_words(middle)} to the bare formula in the median over all "
        f"losses and sizes, {time_words(most)} at most. "
    )


def contract(rows):
    """What the contract adds to a call, by signature, with the look at values and without."""
    body = [
        [
            html.escape(row["signature"]),
            *(
                f"{time_words(row[kind]['seconds']['median'])}, {row[kind]['operations']:.1f} ops"
                for kind in ("checked", "unchecked")
            ),
        ]
        for row in rows
    ]
    head = ["Kind of input", "A call adds", "Without a look at values"]
    made = table(head, body, label="What the contract costs a call", kind="atlas-ratios")
    scale = sorted(row["operation_seconds"]["median"] for row in rows)[len(rows) // 2]
    return (
        f"{made}\n<p>For scale: one small operation of torch, the sum of ten numbers and 1, takes {time_words(scale)} "
        "here; this is the unit <em>ops</em>.</p>"
    )


def output_layer(rows):
    """The factored output layer beside those that compute all scores."""
    body = [
        [
            f"{row['classes']:,} classes",
            f"{row['features']}",
            time_words(row["seconds"]["factored"]["median"]),
            *(_times(row[key]) for key in ("softmax_ratio", "dense_ratio")),
        ]
        for row in rows
    ]
    head = ["Classes", "Features", "Factored", "Softmax takes", "Dense Z-loss takes"]
    return table(head, body, label="The factored output layer beside dense ones", kind="atlas-ratios")


def at_scale(rows):
    """Memory and time of large batches, some rows at a time and all at once."""
    body = [
        [
            _scaled(row),
            html.escape(row["package"]),
            f"{row['n']:,}",
            "all" if row["rows"] is None else f"{row['rows']:,}",
            f"{row['bytes'] / 1e6:,.0f}",
            _seconds(row["seconds"]),
        ]
        for row in rows
    ]
    return table(
        ["Loss", "Package", "N", "Rows at a time", "MB", "Seconds"],
        body,
        label="Memory and time at scale",
        kind="atlas-ratios",
    )


def _seconds(seconds):
    return f"{seconds:.3g}" if seconds < 999.5 else f"{seconds:,.0f}"


def _scaled(row):
    loss, *kind = row["loss"].split(" ", 1)
    return " ".join([code(loss), *map(html.escape, kind)])


def _times(ratio):
    return f"{ratio['median']:.3g}× ({ratio['low']:.3g}–{ratio['high']:.3g})"


def time_words(seconds):
    """Seconds in a unit that fits; what is lost in the noise may be below zero."""
    return f"{1e3 * seconds:.3g} ms" if abs(seconds) >= 1e-3 else f"{1e6 * seconds:.3g} µs"
