"""The record as markdown tables."""

from .contest import SIZES
from .output_layer import BATCH


def _milliseconds(found):
    quartiles = f" ({1e3 * found['low']:.3g}–{1e3 * found['high']:.3g})" if "low" in found else ""
    return f"{1e3 * found['median']:.3g}{quartiles}"


def _microseconds(found):
    return f"{1e6 * found['median']:.1f} ({1e6 * found['low']:.1f}–{1e6 * found['high']:.1f})"


def _times(found):
    return f"{found['median']:.3g} ({found['low']:.3g}–{found['high']:.3g})"


def _peer(row):
    peer = row["peer"]
    if not peer:
        return ""
    notes = [
        *(f"{name}={value}" for name, value in row.get("hyper", {}).items()),
        row.get("dtype"),
        row.get("peer_form") == "eager" and "eager",
    ]
    notes = ", ".join(note for note in notes if note)
    return f"{peer['package']} `{peer['symbol']}`{f' ({notes})' if notes else ''}{' ◀' if row.get('fastest') else ''}"


BESIDE = {
    "loss": lambda row: f"`{row['loss']}`",
    "size": lambda row: row["size"],
    "peer": _peer,
    "ms": lambda row: _milliseconds(row["seconds"]),
    "times the peer": lambda row: _times(row["ratio"]) if "ratio" in row else "",
    "kB": lambda row: f"{row['bytes'] / 1000:,.1f}",
    "memory, times the peer": lambda row: f"{row['memory_ratio']:.2f}" if "memory_ratio" in row else "",
}

COMPILED = {"times the peer compiled": lambda row: f"{row['compiled_ratio']:.3g}" if "compiled_ratio" in row else ""}

DECORATOR = {"decorator, µs": lambda row: f"{1e6 * row['decorator_seconds']:.1f}" if "decorator_seconds" in row else ""}

CONTRACT = {
    "signature": lambda row: row["signature"],
    "x + 1, µs": lambda row: _microseconds(row["operation_seconds"]),
    "a call, µs": lambda row: _microseconds(row["checked"]["seconds"]),
    "in x + 1": lambda row: f"{row['checked']['operations']:.1f}",
    "values not looked at, µs": lambda row: _microseconds(row["unchecked"]["seconds"]),
    "in x + 1 ": lambda row: f"{row['unchecked']['operations']:.1f}",
}

OUTPUT_LAYER = {
    "classes": lambda row: f"{row['classes']:,}",
    "features": lambda row: str(row["features"]),
    "factored, ms": lambda row: _milliseconds(row["seconds"]["factored"]),
    "softmax, ms": lambda row: _milliseconds(row["seconds"]["softmax"]),
    "dense Z-loss, ms": lambda row: _milliseconds(row["seconds"]["dense Z-loss"]),
    "softmax / factored": lambda row: _times(row["softmax_ratio"]),
    "dense Z-loss / factored": lambda row: _times(row["dense_ratio"]),
}

HOW = """Forward and backward of one batch, float32, one thread; median (quartiles) over rounds in which loss and peers
take turns. A ratio below 1 is faster, or smaller, than the peer; ◀ marks the fastest peer. *kB* is the peak of what
torch allocates beyond the inputs. Packages with a gradient of their own are compared in their own dtype, in time only.
Sizes: {}.""".format(
    "; ".join(
        f"{name} " + " ".join(f"{axis}={length}" for axis, length in sizes.items()) for name, sizes in SIZES.items()
    )
)

#: part of the record -> title, how it was measured, heading -> function of a row that gives the text of its cell
TABLES = {
    "eager": (
        "Every loss, forward and backward",
        HOW + " *Decorator* is what checks, weights and reduction add to the bare formula.",
        BESIDE | DECORATOR,
    ),
    "compiled": (
        "Every loss compiled, forward and backward",
        HOW
        + " The peer is the one that is fastest eager. Ours is compiled by `torch.compile`; it is too, unless it cannot"
        " be or is faster eager.",
        BESIDE | COMPILED,
    ),
    "contract": (
        "What the contract costs a call",
        (
            "A loss that returns its first input, decorated, beyond the bare mean of that input; forward, one thread,"
            " in microseconds and in units of `x + 1` on ten numbers."
        ),
        CONTRACT,
    ),
    "output_layer": (
        "A training step of the output layer",
        (
            "One training step of the output layer (loss, gradient in the hidden batch, update by plain SGD), float32,"
            f" one thread, batches of {BATCH}; median (quartiles) over rounds in which the three take turns. *Factored*"
            " is the Z-loss by `FactoredSphericalLayer.step`, with its share of the periodic refresh added; *softmax*"
            " is `Linear` + `F.cross_entropy` + `SGD`; *dense Z-loss* is the same with `spherical_z_loss`. A ratio is"
            " how many times as long as the factored step the plain one takes."
        ),
        OUTPUT_LAYER,
    ),
}


def table(record, part):
    """One part of the record as a page of markdown, with the machine's name and what the ratios amount to."""
    title, notes, columns = TABLES[part]
    rows = record.get(part) or [row for row in record["rows"] if row["form"] == part]
    lines = [f"# {title}", "", notes, "", ", ".join(f"{key}: {value}" for key, value in record["machine"].items()), ""]
    lines += [*_standing(record["summary"].get(part, {})), ""]
    lines += ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(cell(row) for cell in columns.values()) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _standing(summary):
    for size, found in summary.items():
        yield f"- {size}: {_words(found, 'the fastest peer')}"
        if "autograd" in found:
            yield f"- {size}, through torch's autograd: {_words(found['autograd'], 'the fastest such peer')}"


def _words(found, rival):
    words = (
        f"{found['geometric_mean']:.2f} times {rival} in the geometric mean, not slower in {found['not_slower']} of"
        f" {found['cells']}"
    )
    if "like_for_like" in found:
        words += f"; {found['like_for_like']:.2f} times the fastest compiled one"
    if "memory_geometric_mean" in found:
        words += f"; memory {found['memory_geometric_mean']:.2f} times that of the smallest"
    slower = ", ".join(
        f"`{loss}` {ratio:.2f}" for loss, ratio in sorted(found.get("slower", {}).items(), key=lambda pair: -pair[1])
    )
    return f"{words}; slower: {slower}" if slower else words
