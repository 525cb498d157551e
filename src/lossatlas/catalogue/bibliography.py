"""The bibliography: a BibTeX file for each family in `book/references`, and `general.bib` for what no family cites.

A paper of the catalogue stands in the file of its family, a classic in that of the family that cites it. Families may
have an entry in common: then each may bring it, word for word the same.
"""

import re

from .rows import CatalogueError

ENTRY = re.compile(r"^\s*@\w+\s*\{\s*([^,\s]+)\s*,", re.M)


def bibliography(folder):
    """The entries of all files below a folder, each once.

    Returns:
        key -> the entry as BibTeX, file by file in their alphabetical order.

    Raises:
        CatalogueError: two files have different entries under one key; the message names both.
    """
    entries, files = {}, {}
    for file in sorted(folder.glob("*.bib")):
        for key, entry in entries_of(file):
            if key in entries and entries[key].split() != entry.split():
                raise CatalogueError(f"{key}: expected one entry, got different ones in {files[key]} and {file.name}")
            entries.setdefault(key, entry)
            files.setdefault(key, file.name)
    return entries


def entries_of(file):
    """(key, entry as BibTeX) of every entry of a file; what stands between entries is a comment."""
    text = file.read_text(encoding="utf8")
    for found in ENTRY.finditer(text):
        yield found[1], text[found.start() : _end(text, found.start(), file)].strip()


def _end(text, start, file):
    """The place after the brace that closes the entry; in BibTeX braces balance, whatever stands before them."""
    depth = 0
    for brace in re.finditer(r"[{}]", text[start:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return start + brace.end()
    raise CatalogueError(f"{file.name}: expected a closing brace, got none for {' '.join(text[start:].split())[:60]}")
