"""Sentences of a built page, and the one that tells a reader what to look at in a figure."""

import re

from bs4 import BeautifulSoup, Tag

#: A full stop, then a capital letter: a new sentence begins. "e.g." and "i.e." end none, nor does "et al.".
BREAK = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<! al\.)\s+(?=[A-ZÀ-Þ“(])")
VERBS = (
    "look|follow|move|watch|turn|drag|compare|switch|slide|notice|"
    "read|set|raise|lower|choose|start|try|put|let|keep|change|go"
)
TELLS = re.compile(
    rf"^(?:{VERBS}|what to (?:see|look)|see)\b|"
    r"\b(?:and|then) (?:look|follow|move|watch|turn|drag|compare|switch|see)\b",
    re.I,
)
#: A citation, or words that point at another part of the page.
ELSEWHERE = re.compile(
    r"\[[^\]]*\d{4}\w?\]|\b(?:next|last) (?:cell|card|figure|section)|"
    r"\b(?:cards?|figures?) above|\bexercise \d|^(?:Here|Below)\b"
)
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

    The last of several paragraphs behind a figure leads on to what comes next, and is left to that; so is one that
    begins with a heading of its own. Of a description, the last sentence says what there is to see.

    Args:
        after, before: paragraphs behind and ahead of the figure, up to its neighbours.
        caption, alt: what the figure says of itself, in every setting of its controls.

    Returns:
        A sentence as HTML; "" when there is none.
    """
    behind = [
        sentence
        for p in after[: max(1, len(after) - 1)]
        if not titled(p)
        for sentence in sentences(p)
        if plain(sentence)
    ]
    ahead = [sentence for p in before[-1:] for sentence in sentences(p) if plain(sentence)]
    of_itself = [caption if len(caption) <= LONGEST else BREAK.split(caption)[0]] if caption else []
    described = [BREAK.split(alt)[-1]] if alt else []
    choices = [*filter(tells, behind), *filter(tells, ahead), *of_itself, *behind[:1], *described, *ahead[-1:]]
    return next((choice for choice in choices if len(words(choice)) <= LONGEST), "")


def steady(alt, settings):
    """The sentences of a description that stay true when controls move: those that name no setting.

    Args:
        alt: the description, at the settings.
        settings: (text of a control's setting, texts of its others as far as known) for each; a sentence that names
            others too compares them.
    """

    def names(sentence, text):
        return bool(text) and re.search(rf"(?<![\w.-]){re.escape(text)}(?!\w|\.\d)", sentence)

    def moves(sentence):
        return any(
            names(sentence, text) and not any(names(sentence, other) for other in others) for text, others in settings
        )

    return " ".join(sentence for sentence in BREAK.split(alt) if not moves(sentence))


def titled(paragraph):
    """Whether a paragraph begins with a heading of its own."""
    first = next((part for part in paragraph.contents if str(part).strip()), None)
    return isinstance(first, Tag) and first.name == "strong"


def plain(sentence):
    """Whether a sentence may stand alone: no question, citation or heading of its own, and nothing about elsewhere."""
    return not (sentence.startswith("<strong") or sentence.endswith("?") or ELSEWHERE.search(words(sentence)))


def opening(paragraph, longest=LONGEST):
    """The first sentences of a paragraph, as many as stay short, as HTML; none that leads on to a formula behind it."""
    found = sentences(paragraph)
    if found and not re.search(r"[.!?…][”’)]?$", words(found[-1])):
        found.pop()
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
