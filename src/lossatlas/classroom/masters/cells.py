"""The cells of a master notebook, sorted by whom they are for. The marks in raw cells are those of Otter Assign."""

import re
from dataclasses import dataclass

import nbformat

MARK = re.compile(r"#\s*(ASSIGNMENT CONFIG|(?:BEGIN|END) (?:QUESTION|SOLUTION|TESTS|PROMPT))\s*", re.IGNORECASE)
#: Lines that Otter Assign takes for its own; outside of a solution they would reach students, or keep cells from them.
LINE_MARK = re.compile(
    r"^.*#\s*(?:(?:BEGIN |END )?(?:SOLUTION|PROMPT)(?: NO PROMPT)?|(?:BEGIN |END )?IGNORE|SEED)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
#: What may begin inside of what.
WITHIN = {None: ("QUESTION",), "QUESTION": ("SOLUTION", "TESTS"), "SOLUTION": (), "TESTS": ()}


class MasterError(ValueError):
    """A master that cannot be read; the message names the cell and what is expected there."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        number: its place in the notebook, counted from 1.
        kind: "markdown" or "code"; "raw" for a mark.
        source: its text.
        role: "everyone", "solution", "tests", or "mark".
        question: the mark that begins the question it stands in, None between questions.
    """

    number: int
    kind: str
    source: str
    role: str
    question: "Cell | None" = None

    def __str__(self):
        return f"cell {self.number} (`{self.source.strip().partition(chr(10))[0][:60]}`)"


def read_cells(path):
    """All cells of a master in order.

    Raises:
        MasterError: the file is no notebook, or the marks do not fit together.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # of the many kinds that nbformat lets pass when a file is something else
        raise MasterError(f"{path}: expected a Jupyter notebook: {str(error).partition(chr(10))[0]}") from error
    cells, begun = [], []  # begun: the marks of the blocks around the cell, outermost first
    for number, raw in enumerate(notebook.cells, 1):
        here = Cell(
            number,
            raw.cell_type,
            raw.source,
            "mark" if raw.cell_type == "raw" else _role(begun),
            begun[0] if begun else None,
        )
        if raw.cell_type == "raw":
            _enter_or_leave(path, here, begun)
        elif here.role == "everyone" and LINE_MARK.search(here.source):
            raise MasterError(
                f"{path}, {here}: expected the line `{LINE_MARK.search(here.source)[0].strip()}` only between `# BEGIN"
                " SOLUTION` and `# END SOLUTION` in raw cells"
            )
        cells.append(here)
    if begun:
        raise MasterError(
            f"{path}, {begun[-1]}: expected `# END {block(begun[-1])}` further down, but the notebook ends"
        )
    return cells


def block(mark):
    """What a mark begins or ends, such as "QUESTION"."""
    return MARK.match(mark.source).group(1).upper().split()[-1]


def _role(begun):
    return {"SOLUTION": "solution", "TESTS": "tests"}.get(block(begun[-1]) if begun else None, "everyone")


def _enter_or_leave(path, here, begun):
    """Add a mark that begins a block to the blocks around, or take away the one that it ends."""
    found = MARK.match(here.source)
    if not found:
        raise MasterError(
            f"{path}, {here}: expected a mark such as `# BEGIN QUESTION` in a raw cell; text belongs in Markdown cells"
        )
    word = found.group(1).upper()
    inside = block(begun[-1]) if begun else None
    if word == "ASSIGNMENT CONFIG":
        if inside:
            raise MasterError(
                f"{path}, {here}: expected before the first question, not inside the block that begins in cell"
                f" {begun[-1].number}"
            )
    elif word.startswith("BEGIN"):
        if block(here) not in WITHIN[inside]:
            wanted = (
                f"`# END {inside}` for the block that begins in cell {begun[-1].number}"
                if inside
                else "`# BEGIN QUESTION` around it"
            )
            raise MasterError(f"{path}, {here}: expected {wanted} first")
        begun.append(here)
    elif inside != block(here):
        wanted = (
            f"`# END {inside}`, because the last block begun is that of cell {begun[-1].number}"
            if inside
            else f"a `# BEGIN {block(here)}` further up"
        )
        raise MasterError(f"{path}, {here}: expected {wanted}")
    else:
        begun.pop()
