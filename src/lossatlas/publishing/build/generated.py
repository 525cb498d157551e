"""Notebooks of the book that nobody writes: they are made from the registry, then executed like the others."""

import nbformat
import yaml

from .config import listed_pages


def generated_notebooks(book):
    """The generated notebooks of a book as files below `_build/generated`, written where they are new or have changed.

    Returns:
        The path of each, by the name of its page, such as `reference/contrastive`.
    """
    return {name: _written(book.generated / f"{name}.ipynb", notebook) for name, notebook in made(book).items()}


def made(book):
    """Every generated notebook by the name of its page: the reference of each family that has a chapter.

    Cells have ids that stay the same from one run to the next.
    """
    # The registry is needed here alone, and importing it takes torch.
    from lossatlas.losses import families

    from ..pages.reference import page_of, reference_notebook

    chapters = set(listed_pages(yaml.safe_load(book.contents.read_text(encoding="utf8"))))
    return {page_of(family): reference_notebook(family) for family in families() if family in chapters}


def _written(path, notebook):
    """The path, with the notebook in it; a file that holds it already is left as it is."""
    text = nbformat.writes(notebook)
    if not path.is_file() or path.read_text(encoding="utf8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
    return path
