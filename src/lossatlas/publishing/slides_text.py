"""Sentences of a built page, and the one that tells a reader what to look at in a figure."""

import re

from bs4 import BeautifulSoup, Tag

#: A full stop, then a capital letter: a new sentence begins. "e.g." and "i.e." end none, nor does "et al.".
BREAK = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<! al\.)\s+(?=[A-ZÀ-Þ“(])")
VERBS = "look|follow|move|watch|turn|drag|compare|switch|slide|notice|read|set|raise|lower|choose|start|try|put|let|keep|change|go"
TELLS = re.compile(rf"^(?:{VERBS}|what to (?:see|look)|see)\b|\b(?:and|then) (?:look|follow|move|watch|turn|drag|compare|switch|see)\b", re.I)
LONGEST = 260


def sentences(paragraph):
    """The sentences of a paragraph as HTML, with links reduced to their words.

    Args:
        paragraph: the `<p>` of a built page.
    """
    found, rest = [], ""
    for part in paragraph.contents:
        if isinstance(part, Tag):
            if re.search(r"[.!?]\s+$", rest) and re.match(r"[A-ZÀ-Þ“(\\]", part.get_text()):
                found, rest = [*found, rest], ""
            rest += inline(part)
        else:
            *whole, rest = BREAK.split(rest + escaped(part))
            found += whole
    return [sentence.strip() for sentence in [*found, rest] if sentence.strip()]


def tells(sentence):
    """Whether a sentence tells the reader to look at something or to move something."""
    return bool(TELLS.search(words(sentence)))


def what_to_see(after, before, caption="", alt=""):
    """The one sentence that goes with a figure: what it asks to look at, else the nearest that says something of it.

    The last of several paragraphs behind a figure leads on to what comes next, and is left to that.

    Args:
        after, before: paragraphs behind and ahead of the figure, up to its neighbours.
        caption, alt: what the figure says of itself.

    Returns:
        A sentence as HTML; "" when there is none.
    """
    behind = [sentence for p in after[: max(1, len(after) - 1)] for sentence in sentences(p) if plain(sentence)]
    ahead = [sentence for p in before[-1:] for sentence in sentences(p) if plain(sentence)]
    own = [text if len(text) <= LONGEST else BREAK.split(text)[0] for text in (caption, alt) if text]
    choices = [*filter(tells, behind), *filter(tells, ahead), *own[:1] * bool(caption), *behind[:1], *ahead[-1:], *own]
    return next((choice for choice in choices if len(words(choice)) <= LONGEST), "")


def plain(sentence):
    """Whether a sentence may stand alone: it asks nothing, cites nobody and has no heading of its own."""
    return not (sentence.startswith("<strong") or sentence.endswith("?") or re.search(r"\[[^\]]*\d{4}\w?\]", words(sentence)))


def opening(paragraph, longest=LONGEST):
    """The first sentences of a paragraph, as many as stay short, as HTML."""
    found = sentences(paragraph)
    count = 1
    while count < len(found) and len(words(" ".join(found[: count + 1]))) <= longest:
        count += 1
    return " ".join(found[:count])


def inline(part):
    """A piece of a paragraph as HTML: links become their words, since a slide is not the place to follow one."""
    part = BeautifulSoup(str(part), "html.parser")
    for link in part.select("a.headerlink"):
        link.decompose()
    for link in part.select("a, span.xref, span.std, cite"):
        link.unwrap()
    return str(part)


def words(html):
    """The words of a piece of HTML."""
    return BeautifulSoup(html, "html.parser").get_text().strip()


def escaped(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
