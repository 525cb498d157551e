"""Keys of work done: equal keys mean that nothing the result depends on has changed."""

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path

from .reach import reached

PACKAGE = Path(__file__).resolve().parents[2]
PUBLISHING = PACKAGE / "publishing"


#: What every loss is made with, and what proves it.
SHARED = ("src/lossatlas/contract", "src/lossatlas/signatures", "tests/contract", "tests/references")
#: Hold a folder for each family, and beside these what all families share.
BY_FAMILY = ("src/lossatlas/losses", "tests/families")


def digest(*parts):
    """The SHA-256 of strings and files, in the order given; a missing file counts as such."""
    sha = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else _content(part)
        sha.update(len(content).to_bytes(8, "big"))
        sha.update(content)
    return sha.hexdigest()


def files_under(folder):
    """The files below a folder in a fixed order, without what Python and editors leave behind."""
    skipped = {"__pycache__", ".ipynb_checkpoints"}
    return [path for path in sorted(Path(folder).rglob("*")) if path.is_file() and not skipped & set(path.parts)]


def tree(folder):
    """One string for the names and contents of everything below a folder."""
    return "\n".join(f"{path.relative_to(folder).as_posix()} {digest(path)}" for path in files_under(folder))


def notebook_key(book, notebook, parameters):
    """What an executed notebook depends on: itself, its parameters, the library, its data, the environment.

    Of `publishing` a chapter shows the catalogue; the rest of it works on copies that are executed already, and what
    hands out and grades exercises is no matter of the chapters. A generated notebook reads no data and names all that
    it uses in its imports, so it depends on the part of the library that these reach.
    """
    if book.generated in notebook.parents:
        return digest(notebook, json.dumps(parameters, sort_keys=True), *_reached(notebook), *environment(book))
    later = {PUBLISHING, PACKAGE / "classroom"}
    library = [path for path in files_under(PACKAGE) if not later & set(path.parents)]
    data = [
        path
        for path in files_under(book.sources)
        if path.suffix not in (".ipynb", ".md", ".bib") and book.measured not in path.parents
    ]
    return digest(notebook, json.dumps(parameters, sort_keys=True), *library, *data, *environment(book))


def _reached(notebook):
    """The files of the library that a notebook's code reaches, each with its place, which is part of the key."""
    cells = json.loads(notebook.read_text(encoding="utf8"))["cells"] if notebook.is_file() else []
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return [part for path in reached(code, PACKAGE) for part in (path.relative_to(PACKAGE).as_posix(), path)]


def site_key(book, audience="student"):
    """What the built site depends on."""
    package = [tree(PACKAGE)]
    masters = [part for family, path in book.masters().items() for part in (family, path)]
    pages = [
        audience,
        *masters,
        tree(book.sources),
        tree(book.executed),
        book.configuration,
        book.contents,
        book.record,
    ]
    records = [tree(book.fresh), *(tree(book.root / folder) for folder in (*SHARED, *BY_FAMILY))]
    return digest(*package, *pages, *records, *environment(book))


def fingerprints(root):
    """family -> what its certificates depend on, for the checkout at `root`; a family takes nothing from another."""
    root = Path(root)
    shared = [tree(root / folder) for folder in SHARED]
    shared += [file for folder in BY_FAMILY for file in sorted((root / folder).glob("*.py"))]
    families = [path.parent.name for path in sorted((root / BY_FAMILY[0]).glob("*/__init__.py"))]
    return {family: digest(*shared, *(tree(root / folder / family) for folder in BY_FAMILY)) for family in families}


def environment(book):
    """The pinned environment and what is installed of it here, as parts of a key."""
    installed = sorted(f"{package.name}=={package.version}" for package in metadata.distributions())
    return [book.root / "requirements.txt", platform.python_version(), "\n".join(installed)]


def _content(path):
    return path.read_bytes() if path.is_file() else b"missing"
