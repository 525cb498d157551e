"""The catalogue of the literature: a file for each family, one row a paper."""

import importlib
import inspect
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import yaml

import lossatlas

from .rules import list_problems, row_problems

#: The loader written in C, where PyYAML was built with it, reads the files ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CatalogueError(ValueError):
    """The catalogue is not as it should be; the message names every file, row and field."""


@dataclass(frozen=True)
class Paper:
    """One row of `book/papers/<chapter>.yml`; `rules` says what each field means."""

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
    def of(cls, row, chapter):
        """The paper of a row as YAML reads it."""
        fields = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
        return cls(chapter=chapter, **fields)

    @property
    def address(self):
        """Where the paper can be read."""
        return f"https://arxiv.org/abs/{self.arxiv}"


@dataclass(frozen=True)
class Catalogue:
    """All families and their papers.

    Attributes:
        titles: family -> its title, as its chapter is called.
        papers: the rows in order, family by family.
    """

    titles: dict
    papers: list


def papers(folder=None):
    """The rows of the catalogue, family by family and by id; `read_catalogue` says what it takes and raises."""
    return read_catalogue(folder).papers


def read_catalogue(folder=None):
    """The whole catalogue, checked.

    Args:
        folder: where the files of the families lie; by default `book/papers` of this checkout, or the copy that was
            installed.

    Raises:
        CatalogueError: a line for every file, row and field that is wrong.
    """
    files = sorted(Path(folder or find()).glob("*.yml"))
    contents = {file.stem: yaml.load(file.read_text(encoding="utf8"), LOADER) for file in files}
    problems = [line for family, content in contents.items() for line in _problems(f"{family}.yml", content)]
    if not problems:
        rows = [Paper.of(row, family) for family, content in contents.items() for row in content["papers"]]
        problems = list_problems(rows)
    if problems:
        raise CatalogueError("\n".join(problems))
    return Catalogue({family: content["title"] for family, content in contents.items()}, rows)


def _problems(file, content):
    """What is wrong inside the file of one family."""
    if not isinstance(content, dict) or set(content) != {"title", "papers"}:
        got = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        return [f"{file}: expected a mapping of title and papers, got {got}"]
    if not isinstance(content["title"], str) or not isinstance(content["papers"], list):
        kinds = f"{type(content['title']).__name__} and {type(content['papers']).__name__}"
        return [f"{file}: expected a text as title and a list of papers, got {kinds}"]
    return [line for n, row in enumerate(content["papers"], 1) for line in row_problems(file, n, row)]


def find():
    """The catalogue of the checkout around the working folder or this file, or the copy that was installed."""
    around = [folder for start in (Path.cwd(), Path(__file__).parent) for folder in (start, *start.parents)]
    folders = [folder / "book" / "papers" for folder in around]
    installed = [file for file in metadata.files("lossatlas") or () if file.match("share/lossatlas/papers/*.yml")]
    folders += [Path(file.locate()).parent for file in installed[:1]]
    for folder in folders:
        if any(folder.glob("*.yml")):
            return folder
    raise CatalogueError(f"book/papers: expected around {Path.cwd()} or with the installed package, got neither")


def resolve(symbol):
    """The object at an import path such as `lossatlas.losses.cross_entropy.comp_sum_loss`."""
    module, _, name = symbol.rpartition(".")
    return getattr(importlib.import_module(module), name)


def place(symbol):
    """The file of the package that holds the object at an import path, as `losses/cross_entropy/comp_sum.py`."""
    source = Path(inspect.getsourcefile(inspect.unwrap(resolve(symbol))))
    return source.relative_to(Path(lossatlas.__file__).parent).as_posix()


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
