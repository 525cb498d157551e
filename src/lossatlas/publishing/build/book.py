"""Where the parts of the book lie, and what its configuration says."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from .generated import generated_notebooks


class BookError(Exception):
    """Something a person must put right before the book can be made; the message says what."""


@dataclass(frozen=True)
class Book:
    """The folders of one checkout of the book.

    Args:
        root: the checkout.
        masters_folder: where the masters of the exercises lie; `book/exercises` of the checkout by default.
    """

    root: Path
    masters_folder: Path | None = None

    @classmethod
    def find(cls, start=".", masters=None):
        """The book around `start`: the nearest folder upwards with a `_config.yml` and a `book` folder."""
        if masters is not None and not Path(masters).is_dir():
            raise BookError(f"{masters}: no such folder of masters")
        start = Path(start).resolve()
        for folder in (start, *start.parents):
            if (folder / "_config.yml").is_file() and (folder / "book").is_dir():
                return cls(folder, masters and Path(masters).resolve())
        raise BookError(
            f"{start}: no _config.yml with a book folder beside it here or above; run this inside the checkout"
        )

    @property
    def sources(self):
        return self.root / "book"

    @property
    def build(self):
        return self.root / "_build"

    @property
    def executed(self):
        return self.build / "executed"

    @property
    def generated(self):
        """Notebooks that are made and not written, as they are before they are executed."""
        return self.build / "generated"

    @property
    def failed(self):
        return self.build / "failed"

    @property
    def record(self):
        return self.build / "execution.json"

    @property
    def measured(self):
        """The records of what was measured, as committed."""
        return self.sources / "measured"

    @property
    def fresh(self):
        """The records that runs on this machine left."""
        return self.build / "measured"

    @property
    def site_source(self):
        return self.build / "site_source"

    @property
    def site_contents(self):
        """The table of contents of the site: the book's, with what belongs to each chapter below it."""
        return self.site_source / "_toc.yml"

    @property
    def html(self):
        return self.build / "html"

    @property
    def stamp(self):
        """The file that a finished site leaves, with the key it was built under."""
        return self.build / "html.key"

    @property
    def configuration(self):
        return self.root / "_config.yml"

    @property
    def contents(self):
        return self.root / "_toc.yml"

    @cached_property
    def config(self):
        return yaml.safe_load(self.configuration.read_text(encoding="utf8"))

    @property
    def repository(self):
        """The address of the repository, kept in `_config.yml` alone."""
        return self.config["repository"]["url"].rstrip("/")

    def masters(self):
        """The masters of the exercises by the chapter they belong to."""
        folder = self.masters_folder or self.sources / "exercises"
        return {path.stem: path for path in sorted(folder.glob("*.ipynb"))}

    def written_notebooks(self):
        """The chapters, and the evidence of each in a folder beside them; a name is the path within the book."""
        paths = sorted(self.sources.glob("*.ipynb")) + sorted(self.sources.glob("evidence/*.ipynb"))
        return {path.relative_to(self.sources).with_suffix("").as_posix(): path for path in paths}

    def notebooks(self, names=()):
        """The notebooks of the book by name, or those of them that are named.

        A name is the address of the page without its ending: `contrastive`, `evidence/contrastive`. The path of a
        written notebook is taken too, as a shell completes it: `book/evidence/contrastive.ipynb`.
        """
        found = {**self.written_notebooks(), **generated_notebooks(self)}
        names = [name.removesuffix(".ipynb").removeprefix("book/") for name in names]
        unknown = [name for name in names if name not in found]
        if unknown:
            raise BookError(
                f"no notebook {', '.join(unknown)} in {self.sources}; there are: {', '.join(found) or 'none'}"
            )
        return {name: found[name] for name in names or found}
