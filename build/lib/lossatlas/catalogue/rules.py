"""What every row of the catalogue must be like, and what the rows must be like together."""

import re
from itertools import pairwise

STRING, NUMBER, LIST = "a text (quoted where YAML would read a number)", "a whole number", "a list"
FIELDS = {
    "key": STRING, "id": NUMBER, "title": STRING, "arxiv": STRING, "year": NUMBER, "chapter": STRING, "also_in": LIST,
    "weight": STRING, "status": STRING, "contributes": STRING, "claim": STRING, "symbols": LIST, "uses": LIST,
}  # fmt: skip
OPTIONAL = {"also_in", "claim", "symbols", "uses"}
KINDS = {STRING: str, NUMBER: int, LIST: list}

WEIGHTS = ("core", "aside", "context")
STATUSES = ("works", "planned", "context")

SHAPES = {
    "key": (re.compile(r"[a-z0-9]+"), "lower-case letters and digits"),
    "arxiv": (re.compile(r"\d{4}\.\d{4,5}"), "an identifier such as 2204.12511"),
    "chapter": (re.compile(r"[a-z_]+"), "the name of a chapter's notebook"),
    "weight": (re.compile("|".join(WEIGHTS)), " or ".join(WEIGHTS)),
    "status": (re.compile("|".join(STATUSES)), " or ".join(STATUSES)),
    "title": (re.compile(r".+"), "one line"),
    "contributes": (re.compile(r".+"), "one line"),
    "claim": (re.compile(r".+"), "one line"),
}
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def row_problems(n, row):
    """What is wrong inside the n-th row, a line for each field; later rules assume that earlier ones hold."""
    if not isinstance(row, dict):
        return [problem(f"row {n}", "row", "a mapping of fields to values", row)]
    where = f"row {n} ({row.get('key', 'without key')})"
    for rule in (_fields, _kinds, _shapes, _agreement):
        found = [problem(where, *rest) for rest in rule(row)]
        if found:
            return found
    return []


def _fields(row):
    yield from (
        (name, f"one of the fields {', '.join(FIELDS)}", "a field of this name") for name in row if name not in FIELDS
    )
    yield from ((name, FIELDS[name], "nothing") for name in FIELDS if name not in row and name not in OPTIONAL)


def _kinds(row):
    for name, value in row.items():
        if not isinstance(value, KINDS[FIELDS[name]]):
            yield name, FIELDS[name], value


def _shapes(row):
    for name, (shape, words) in SHAPES.items():
        if name in row and not shape.fullmatch(row[name]):
            yield name, words, row[name]
    for name in ("also_in", "symbols", "uses"):
        yield from (
            (name, "names or import paths", item) for item in row.get(name, ()) if not NAME.fullmatch(str(item))
        )


def _agreement(row):
    if row["year"] != 2000 + int(row["arxiv"][:2]):
        yield "year", f"the year of arXiv {row['arxiv']}", row["year"]
    if not row["key"].endswith(str(row["year"])):
        yield "key", f"title words and the year {row['year']}", row["key"]
    if row["status"] == "works" and not row.get("symbols"):
        yield "symbols", "import paths, since the status is works", "nothing"
    if row["status"] == "context" and "uses" not in row:
        yield "uses", "a list (empty where nothing is trained), since the status is context", "nothing"


def list_problems(rows):
    """What is wrong between rows (of `Paper`s): something told twice, or out of order."""
    found = []
    for name in ("key", "id", "arxiv", "title"):
        first = {}
        for n, row in enumerate(rows, 1):
            value = getattr(row, name)
            if value in first:
                found.append(
                    problem(f"row {n} ({row.key})", name, f"a value not yet taken (row {first[value]} has it)", value)
                )
            first.setdefault(value, n)
    for n, (row, following) in enumerate(pairwise(rows), 2):
        if (following.chapter, following.id) < (row.chapter, row.id):
            order = f"{following.chapter}, {following.id}"
            found.append(
                problem(f"row {n} ({following.key})", "chapter, id", f"a place before {row.key}", f"{order} after it")
            )
    return found


def problem(where, field, expected, got):
    """One line about one field of one row, in the message style of the library."""
    return f"{where}, `{field}`: expected {expected}, got {got if isinstance(got, str) else repr(got)}"
