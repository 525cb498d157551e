"""The catalogue of the literature: one row a paper."""

import importlib
import inspect
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import yaml

import lossatlas

from .rules import list_problems, row_problems


class CatalogueError(ValueError):
    """The catalogue is not as it should be; the message names every row and field."""


@dataclass(frozen=True)
class Paper:
    """One row of `book/papers.yml`; the head of that file says what each field means."""

    key: str
    id: int
    title: str
    arxiv: str
    year: int
    chapter: str
    weight: str
    status: str
    contributes: str
    claim: str = ""
    also_in: tuple = ()
    symbols: tuple = ()
    uses: tuple = ()

    @classmethod
    def of(cls, row):
        """The paper of a row as YAML reads it."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})

    @property
    def address(self):
        """Where the paper can be read."""
        return f"https://arxiv.org/abs/{self.arxiv}"


def papers(path=None):
    """The rows of the catalogue in their order, checked.

    Args:
        path: the file; by default the `book/papers.yml` of this checkout, or the copy that was installed.

    Raises:
        CatalogueError: a line for every row and field that is wrong.
    """
    path = Path(path or find())
    rows = yaml.safe_load(path.read_text(encoding="utf8"))
    if not isinstance(rows, list):
        raise CatalogueError(f"{path.name}: expected a list of rows, got {type(rows).__name__}")
    problems = [problem for n, row in enumerate(rows, 1) for problem in row_problems(n, row)]
    if not problems:
        rows = [Paper.of(row) for row in rows]
        problems = list_problems(rows)
    if problems:
        raise CatalogueError("\n".join([f"{path.name}:", *problems]))
    return rows


def find():
    """The catalogue of the checkout around the working folder or this file, or the copy that was installed."""
    folders = [folder for start in (Path.cwd(), Path(__file__).parent) for folder in (start, *start.parents)]
    candidates = [folder / "book" / "papers.yml" for folder in folders]
    candidates += [Path(file.locate()) for file in metadata.files("lossatlas") or () if file.name == "papers.yml"]
    for path in candidates:
        if path.is_file():
            return path
    raise CatalogueError(f"book/papers.yml: expected around {Path.cwd()} or with the installed package, got neither")


def resolve(symbol):
    """The object at an import path such as `lossatlas.losses.cross_entropy.comp_sum_loss`."""
    module, _, name = symbol.rpartition(".")
    return getattr(importlib.import_module(module), name)


def place(symbol):
    """The file of the package that holds the object at an import path, as `losses/cross_entropy/comp_sum.py`."""
    source = Path(inspect.getsourcefile(inspect.unwrap(resolve(symbol))))
    return source.relative_to(Path(lossatlas.__file__).parent).as_posix()


def chapter_title(chapter):
    """A chapter's name in words."""
    return re.sub("^(cross|multi|non|semi)_", r"\1-", chapter).replace("_", " ").capitalize()


def where(paper, code):
    """Where the book has what a paper brings, in words, with names and files set by `code`."""
    if paper.status == "works":
        files = {}
        for symbol in paper.symbols:
            files.setdefault(place(symbol), []).append(code(symbol.rpartition(".")[2]))
        return "; ".join(f"{', '.join(names)} in {code(file)}" for file, names in files.items())
    if paper.status == "planned":
        return f"to come: {', '.join(map(code, paper.symbols))}" if paper.symbols else "to come"
    return f"trains with {', '.join(map(code, paper.uses))}" if paper.uses else "trains nothing"
