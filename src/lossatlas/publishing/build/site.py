"""Build the site with Jupyter Book, trim it, check it; skip all of this when nothing has changed."""

import re
import shutil
import subprocess
import sys

from ..slides.deck import write_slides
from .assemble import assemble
from .book import BookError
from .check import check_site, check_sources
from .keys import site_key
from .moved import write_moved

#: Files that themes and extensions copy into every site and that no page of this one asks for.
UNUSED = (
    "_static/**/*.map",
    "_static/**/locales",
    "_static/**/.gitignore",
    "_static/scripts/fontawesome.js",
    "_static/vendor/fontawesome",
    "_static/webpack-macros.html",
    "_static/sbt-webpack-macros.html",
    "_static/__init__.py",
    "_static/__pycache__",
    ".buildinfo",
    "objects.inv",
    "reports",
)


def build(book, *, audience="student", force=False):
    """Build `_build/html` from the executed copies.

    Args:
        book: the `Book`.
        audience: `"student"`: no solution and no hidden check of an exercise is in any file, or the build fails;
            `"instructor"`: the pages of the exercises have the solutions.
        force: build even when nothing has changed.

    Returns:
        True when the site was built, False when it was up to date.

    Raises:
        BookError: when notebooks are not executed, Jupyter Book warns, or a check of the pages fails.
    """
    stamp, key = book.stamp, site_key(book, audience)
    if not force and stamp.is_file() and stamp.read_text() == key:
        return False
    stamp.unlink(missing_ok=True)
    _refuse("the sources need work", check_sources(book))
    assemble(book, audience)
    shutil.rmtree(book.html, ignore_errors=True)
    run_jupyter_book(book)
    trim(book)
    give_sources(book)
    write_moved(book.html)
    write_slides(book, book.html)
    _refuse("the built pages need work", check_site(book, audience))
    stamp.write_text(key)
    return True


def run_jupyter_book(book):
    """Call Jupyter Book afresh, every warning an error; its words go to `_build/site.log`."""
    call = "from jupyter_book.cli.main import main; main()"
    command = [
        sys.executable,
        "-c",
        call,
        "build",
        book.site_source,
        "--path-output",
        book.root,
        "--all",
        "-W",
        "--keep-going",
    ]
    command += ["--config", book.configuration, "--toc", book.site_contents]
    process = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log = book.build / "site.log"
    log.write_text(process.stdout, encoding="utf8")
    if process.returncode != 0:
        words = re.sub(r"\x1b\[[0-9;]*m", "", process.stdout)
        complaints = [line for line in words.splitlines() if re.search(r"WARNING|ERROR|Error|error:", line)]
        raise BookError(
            "Jupyter Book:\n  " + "\n  ".join(complaints or words.splitlines()[-20:]) + f"\n(all of it: {log})"
        )


def trim(book):
    """Remove what no page asks for, and the icon fonts, which a page would ask for and the icons do without."""
    for pattern in UNUSED:
        for path in book.html.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    theme = book.html / "_static" / "styles" / "pydata-sphinx-theme.css"
    theme.write_text(
        re.sub(r"@font-face\{[^}]*Font Awesome[^}]*\}", "", theme.read_text(encoding="utf8")), encoding="utf8"
    )


def give_sources(book):
    """Offer for download the notebook as committed, not the copy that was bent for the page."""
    for name, path in book.notebooks().items():
        shutil.copy(path, book.html / "_sources" / f"{name}.ipynb")


def _refuse(what, findings):
    if findings:
        raise BookError(f"{what}:\n  " + "\n  ".join(map(str, findings)))
