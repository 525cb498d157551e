"""What every row of the catalogue must be like, and what the rows must be like together.

A file `book/papers/<family>.yml` has the `title` of the family and its `papers`, ordered by id. The fields of a paper:

- `key`: how code and text cite it: its distinctive title words and the year of its arXiv entry.
- `id`: its number in the literature list.
- `title`: the complete title.
- `arxiv`, `year`: identifier and year of the arXiv entry.
- `also_in`: other families whose chapters point to it (optional).
- `weight`: `core` (a textbook must teach it), `aside` (a short section, picture or exercise) or `context` (named only).
- `status`: `works` (its symbols exist, are tested and are executed in the chapter, which `lossatlas check` proves),
  `planned` (its chapter is still to be written) or `context` (it brings no loss of its own to the book: `uses` names
  what it trains with).
- `contributes`: what it adds, in one line.
- `claim`: what a small experiment can test, in one line (optional).
- `symbols`: where it works, import paths of what implements it; otherwise the names under which the library plans to
  export it.
- `uses`: losses that it trains with, or builds on; empty where it trains nothing.
"""

import re
from itertools import pairwise

STRING, NUMBER, LIST = "a text (quoted where YAML would read a number)", "a whole number", "a list"
FIELDS = {
    "key": STRING, "id": NUMBER, "title": STRING, "arxiv": STRING, "year": NUMBER, "also_in": LIST,
    "weight": STRING, "status": STRING, "contributes": STRING, "claim": STRING, "symbols": LIST, "uses": LIST,
}  # fmt: skip
OPTIONAL = {"also_in", "claim", "symbols", "uses"}
KINDS = {STRING: str, NUMBER: int, LIST: list}

WEIGHTS = ("core", "aside", "context")
STATUSES = ("works", "planned", "context")

SHAPES = {
    "key": (re.compile(r"[a-z0-9]+"), "lower-case letters and digits"),
    "arxiv": (re.compile(r"\d{4}\.\d{4,5}"), "an identifier such as 2204.12511"),
    "weight": (re.compile("|".join(WEIGHTS)), " or ".join(WEIGHTS)),
    "status": (re.compile("|".join(STATUSES)), " or ".join(STATUSES)),
    "title": (re.compile(r".+"), "one line"),
    "contributes": (re.compile(r".+"), "one line"),
    "claim": (re.compile(r".+"), "one line"),
}
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def row_problems(file, n, row):
    """What is wrong inside the n-th row of a file, a line for each field; later rules assume that earlier ones hold."""
    if not isinstance(row, dict):
        return [problem(f"{file}, row {n}", "row", "a mapping of fields to values", row)]
    where = f"{file}, row {n} ({row.get('key', 'without key')})"
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
    """What is wrong between the rows of all families (`Paper`s in order): something said twice, or out of order."""
    found = []
    for name in ("key", "id", "arxiv", "title"):
        first = {}
        for row in rows:
            value = getattr(row, name)
            if value in first:
                taken = f"a value not yet taken ({first[value]} has it)"
                found.append(problem(place(row), name, taken, value))
            first.setdefault(value, place(row))
    for row, following in pairwise(rows):
        if row.chapter == following.chapter and following.id < row.id:
            expected = f"a place before {row.key}, whose id is {row.id}"
            found.append(problem(place(following), "id", expected, following.id))
    families = {row.chapter for row in rows}
    for row in rows:
        for other in row.also_in:
            if other not in families:
                found.append(problem(place(row), "also_in", f"families among {', '.join(sorted(families))}", other))
    return found


def place(row):
    """Where a paper stands, in words."""
    return f"{row.chapter}.yml, {row.key}"


def problem(where, field, expected, got):
    """One line about one field of one row, in the message style of the library."""
    return f"{where}, `{field}`: expected {expected}, got {got if isinstance(got, str) else repr(got)}"
