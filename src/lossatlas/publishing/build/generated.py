"""Notebooks of the book that nobody writes: they are made from the registry, then executed like the others."""

import nbformat


def generated_notebooks(book):
    """The generated notebooks of a book as files below `_build/generated`, written where they are new or have changed.

    Returns:
        The path of each, by the name of its page, such as `reference/contrastive`.
    """
    return {name: _written(book.generated / f"{name}.ipynb", notebook) for name, notebook in made(book).items()}


def made(book):
    """Every generated notebook by the name of its page; cells have ids that stay the same from one run to the next."""
    return {}


def _written(path, notebook):
    """The path, with the notebook in it; a file that holds it already is left as it is."""
    text = nbformat.writes(notebook)
    if not path.is_file() or path.read_text(encoding="utf8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
    return path
