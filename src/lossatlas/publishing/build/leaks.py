"""Does any file of the site hold text of a solution or of a hidden check?

Texts are compared by their letters and digits alone, so that markup, highlighting, line breaks and the escapes of JSON
make no difference. A secret is a line of a solution or of a hidden check; a short one is joined with its neighbours
until it is long enough to be no coincidence. What students are given and what the library's own source says is no
secret. The search index holds single words: there, none may be known from the secrets alone.
"""

import html
import json
import re
import zipfile
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from lossatlas.classroom.masters.master import read_master

from .keys import PACKAGE, files_under

#: Letters and digits that a text must have to count as distinctive.
DISTINCTIVE = 20
#: Letters of a word of which the search index may know nothing, if only secrets have it.
LONG_WORD = 6
WORD = re.compile(r"[^\W_]+")
#: Files that hold no text.
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".woff", ".woff2", ".ttf", ".eot", ".ico"}


@dataclass(frozen=True)
class Secret:
    """Some consecutive lines that no student may see, and where they come from."""

    origin: str
    words: str

    @cached_property
    def letters(self):
        return letters(self.words)

    @cached_property
    def parts(self):
        """Its words, which a text must have, before a closer look is worth while."""
        return set(WORD.findall(self.words))


def leaks(book):
    """(place, message) of every secret of a master that stands in a file of the built site."""
    masters = [read_master(path) for path in book.masters().values()]
    if not masters:
        return
    library = "\n".join(path.read_text(encoding="utf8") for path in files_under(PACKAGE) if path.suffix == ".py")
    known = letters(library)
    secrets = [secret for master in masters for secret in secrets_of(master) if secret.letters not in known]
    for name, text in site_texts(book.html):
        yield from _in_text(name, text, secrets)
    index = book.html / "searchindex.js"
    if index.is_file():
        public = [library, *map(given_away, masters), *_prose(book)]
        yield from _in_index(index.read_text(encoding="utf8"), secrets, _words("\n".join(public)))


def secrets_of(master):
    """The secrets of a master, each of `DISTINCTIVE` letters at least and as few lines as that takes."""
    public = {letters(line) for line in given_away(master).splitlines()}
    for question in master.questions:
        for text in (question.solution, question.explanation):
            yield from _secrets(f"the solution of {question.key}", text, public)
        for check in question.checks:
            if check.hidden:
                yield from _secrets(f"the hidden check {check.name} of {question.key}", check.source, public)


def given_away(master):
    """All that a master lets students see."""
    parts = [master.title, master.intro]
    for question in master.questions:
        parts += [
            question.title,
            question.statement,
            *question.hints,
            question.given,
            question.stub,
            question.shown_check,
        ]
        parts += [check.source for check in question.checks if not check.hidden]
    return "\n".join(parts)


def site_texts(folder):
    """(name, text) of every file below a folder that holds text; of an archive, of every file in it."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix in PICTURES:
            continue
        name = path.relative_to(folder).as_posix()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for inner in archive.namelist():
                    yield f"{name}/{inner}", archive.read(inner).decode("utf8", "ignore")
        else:
            yield name, path.read_text(encoding="utf8", errors="ignore")


def letters(text):
    """The letters and digits of a text."""
    return "".join(WORD.findall(text))


def readable(name, text):
    """The text of a file without tags and escapes, so that it can be compared, its lines as they were."""
    suffix = Path(name).suffix
    if suffix in (".html", ".md", ".svg", ".xml", ".ipynb"):
        text = html.unescape(re.sub(r"<[^<>]*>", lambda tag: "\n" * tag[0].count("\n"), text))
    if suffix in (".ipynb", ".json", ".js"):
        text = re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _escaped, text)
    return text


def _escaped(found):
    """What an escape of JSON means; a line break in a string is no line of the file."""
    kind = found[1]
    return chr(int(kind[1:], 16)) if kind[0] == "u" and len(kind) == 5 else " " if kind in "nrtbf" else kind


def _secrets(origin, text, public):
    lines = [line for line in _lines(text) if letters(line)]
    hidden = [letters(line) not in public for line in lines]
    for start in range(len(lines)):
        if not hidden[start]:
            continue
        first, end = start, start + 1
        while len(letters("".join(lines[first:end]))) < DISTINCTIVE and (end < len(lines) or first > 0):
            first, end = (first, end + 1) if end < len(lines) else (first - 1, end)
        if len(letters("".join(lines[first:end]))) >= DISTINCTIVE:
            yield Secret(origin, "\n".join(lines[first:end]))


def _lines(text):
    """Code and comments, each a line of its own: whoever copies the one may drop the other."""
    for line in text.splitlines():
        if not re.match(r"\s*(?:from|import)\s", line):
            yield from re.split(r"(?:^|(?<=\s))#+\s", line)


def _in_text(name, text, secrets):
    text = readable(name, text)
    known = set(WORD.findall(text))
    suspected = [secret for secret in secrets if secret.parts <= known]
    if not suspected:
        return
    joined = [letters(line) for line in text.split("\n")]
    whole, starts = "".join(joined), list(accumulate(map(len, joined), initial=0))
    for secret in suspected:
        found = whole.find(secret.letters)
        if found >= 0:
            yield (
                f"{name}:{bisect_right(starts, found)}",
                f"holds text of {secret.origin}: {' '.join(secret.words.split())[:120]}",
            )


def _in_index(index, secrets, public):
    content = json.loads(re.search(r"Search\.setIndex\((.*)\)", index, re.S)[1])
    known = {**content.get("terms", {}), **content.get("titleterms", {})}
    stem = _stem()
    words = {
        word: secret.origin for secret in secrets for word in _words(secret.words) - public if len(word) >= LONG_WORD
    }
    suspected = {word: origin for word, origin in words.items() if stem(word) in known}
    common = set(map(stem, public)) if suspected else set()
    for word, origin in sorted(suspected.items()):
        if stem(word) not in common:
            yield "searchindex.js:1", f"knows the word {word}, which stands in {origin} alone"


def _prose(book):
    """Everything that is written in the book besides the masters."""
    masters = set(book.masters().values())
    return [
        path.read_text(encoding="utf8", errors="ignore") for path in files_under(book.sources) if path not in masters
    ]


def _words(text):
    return set(re.findall(r"[^\W\d]\w*", text.lower()))


def _stem():
    """How the search index shortens words."""
    from sphinx.search.en import SearchEnglish

    return SearchEnglish({}).stem
