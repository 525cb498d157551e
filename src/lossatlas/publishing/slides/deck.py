"""Slides of the chapters, made from their built pages: live figures, formulas, verdicts, and the text as notes."""

import re
import shutil
from copy import copy
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from string import Template

from bs4 import BeautifulSoup

from lossatlas.contract import losses

from ..build.book import BookError
from .text import inline, opening, sentences, steady, what_to_see

STATIC = Path(__file__).parent
#: What a deck needs of reveal.js, and its license.
REVEAL = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE")
#: Sections without slides: readers do the exercises themselves, and the literature is for reading.
LEFT_OUT = {"exercises", "paper-trail"}
#: An explorer as tall as this has its controls beside it.
TALL = 500


@dataclass
class Slide:
    """One slide: HTML of its parts."""

    kind: str
    title: str
    body: str = ""
    look: str = ""
    where: str = ""
    anchor: str = ""
    notes: list = field(default_factory=list)


def write_slides(book, target, families=()):
    """Make `slides/<family>.html` of the built chapters, with what the decks need.

    Args:
        book: the book, whose site is built.
        target: the folder of the site, where the decks go.
        families: chapters by name; default all chapters that are there.

    Returns:
        The paths of the decks.

    Raises:
        BookError: for a family without a built chapter.
    """
    there = [
        name for name in dict.fromkeys(entry.family for entry in losses()) if (book.html / f"{name}.html").is_file()
    ]
    unknown = [name for name in families if name not in there]
    if unknown:
        raise BookError(f"no built chapter {', '.join(unknown)}; there are: {', '.join(there) or 'none'}")
    wanted = [name for name in there if name in families] if families else there
    if not wanted:
        return []
    shared = target / "_static" / "slides"
    shared.mkdir(parents=True, exist_ok=True)
    for name in REVEAL:
        shutil.copy(Path(str(files("sphinx_revealjs"))) / "_static" / "revealjs" / name, shared)
    for name in ("slides.css", "slides.js"):
        shutil.copy(STATIC / name, shared)
    (target / "slides").mkdir(exist_ok=True)
    paths = []
    for name in wanted:
        path = target / "slides" / f"{name}.html"
        path.write_text(deck((book.html / f"{name}.html").read_text(encoding="utf8"), name), encoding="utf8")
        paths.append(path)
    return paths


def deck(html, name):
    """The deck of a chapter as a page.

    Args:
        html: the built page of the chapter.
        name: of the chapter; the deck links back to its page.
    """
    page = BeautifulSoup(html, "html.parser")
    for code in page.select(".cell_input"):
        code.decompose()
    stacks = slides_of(page.select_one("article section") or page)
    setting = [tag for tag in page.select("head script") if "window.MathJax" in tag.get_text()]
    loaded = [
        tag
        for tag in page.select("head script[src], head link[rel=stylesheet]")
        if re.search(r"mathjax/|explorer\.", str(tag))
    ]
    template = Template((STATIC / "slides.html").read_text(encoding="utf8"))
    return template.substitute(
        title=page.title.get_text(strip=True) if page.title else name,
        scripts="\n".join(up(tag) for tag in [*setting, *loaded]),
        slides="\n".join(f"<section>\n{''.join(shown(slide, name) for slide in stack)}</section>" for stack in stacks),
    )


def slides_of(chapter):
    """Stacks of slides of a chapter: one that opens it, one for each section, one that leads back.

    Args:
        chapter: the outermost `<section>` of the built page; figures in it that share a name get names of their own.
    """
    distinct(chapter)
    title = heading(chapter)
    ahead = [tag for tag in chapter.find_all(True, recursive=False) if tag.name != "section"]
    first = next((opening(tag, 420) for tag in ahead if tag.name == "p"), "")
    goals = next((tag for tag in ahead if tag.select_one(".admonition-title") and tag.ul), None)
    start = [Slide("title", title, f"<p>{first}</p>", notes=prose(ahead))]
    if goals:
        start.append(Slide("list", goals.select_one(".admonition-title").get_text(), inline(goals.ul), where=title))
    stacks = [start]
    for section in chapter.find_all("section", recursive=False):
        if section.get("id") not in LEFT_OUT:
            stacks.append(of_section(section))
    rest = [(heading(section), section["id"]) for section in chapter.find_all("section", recursive=False)]
    items = "".join(f'<li><a href="PAGE#{anchor}">{text}</a></li>' for text, anchor in rest)
    return [*stacks, [Slide("list end", title, f"<ul>{items}</ul>")]]


def of_section(section):
    """The slides of a section: what it is about, then one for each formula, figure and verdict, in order."""
    title, parts = heading(section), list(flat(section))
    begins = next((tag for tag, *_ in parts if tag.name == "p"), None)
    verdicts = section.select(".atlas-verdict")
    begins = opening(begins) if begins else ""
    body = f"<p>{begins}</p>" if begins else ""
    found = [Slide("divider", title, body + tally(verdicts), anchor=section.get("id", ""))]
    shows = [items_of(tag) for tag, *_ in parts]
    for n, (_, under, anchor) in enumerate(parts):
        before, after = around(parts, shows, n)
        for item in shows[n]:
            slide = made(item, before, after)
            slide.where = title if under in (title, slide.title) else f"{title} · {under}"
            slide.title = slide.title or under
            slide.anchor = slide.anchor or anchor
            slide.notes = prose([*before, *after])
            found.append(slide)
    if len(found) > 1:
        found[0].notes = prose([tag for tag, *_ in parts[: next(n for n, items in enumerate(shows) if items)]])
    return found


def flat(section, under=None):
    """(part, heading above it, anchor of its section) of a section and those inside it, in order."""
    under = under or heading(section)
    for tag in section.find_all(True, recursive=False):
        if tag.name == "section":
            if tag.get("id") not in LEFT_OUT:
                yield from flat(tag)
        elif not re.fullmatch(r"h\d", tag.name):
            yield tag, under, section.get("id", "")


def items_of(part):
    """What of a part of the page becomes slides: figures, verdicts, cards of losses, and formulas of the text.

    A list of verdicts is one slide.
    """
    if "math" in part.get("class", ()) or (part.name == "ul" and part.select("a.atlas-verdict-word")):
        return [part]
    found = part.select("figure.atlas-explorer, figure.atlas-figure, .atlas-family, .atlas-verdict, details")
    return [tag for tag in found if tag.name != "details" or card_name(tag)]


def around(parts, shows, n):
    """The text ahead of and behind a part, up to what else becomes a slide and within its heading."""

    def text(numbers):
        found = []
        for k in numbers:
            if shows[k] or parts[k][1] != parts[n][1]:
                break
            found.append(parts[k][0])
        return found

    return text(range(n - 1, -1, -1))[::-1], text(range(n + 1, len(parts)))


def made(item, before, after):
    """The slide of one figure, verdict, card or formula."""
    behind, ahead = ([tag for tag in tags if tag.name == "p"] for tags in (after, before))
    kinds = set(item.get("class", ()))
    if "atlas-explorer" in kinds:
        return explorer_slide(item, behind, ahead)
    if "atlas-verdict" in kinds:
        return verdict_slide(item, behind)
    if item.name == "details":
        return card_slide(item)
    if item.name == "ul":
        return Slide("list", "", inline(item))
    if "math" in kinds:
        return Slide("formula", "", str(item), look=sentences(ahead[-1])[-1] if ahead else "")
    caption = item.figcaption.get_text(" ", strip=True) if item.figcaption else ""
    image = item.find("img")
    return Slide("figure", "", rooted(item), what_to_see(behind, ahead, caption, image["alt"] if image else ""))


def explorer_slide(figure, behind, ahead):
    caption = figure.select_one("figcaption span")
    caption = caption.get_text(" ", strip=True) if caption else ""
    look = what_to_see(behind, ahead, caption, steady(figure.img["alt"], settings_of(figure)))
    title = figure.select_one("figcaption strong").get_text(" ", strip=True)
    figure = copy(figure)
    figure.select_one("figcaption strong").decompose()
    rest = caption.removeprefix(look).strip()
    figure.figcaption.string = rest
    if not rest:
        figure.figcaption.decompose()
    tall = int(figure.select_one(".atlas-plot")["data-height"]) >= TALL
    return Slide(
        "explorer tall" if tall else "explorer", title, rooted(figure), look, anchor=figure["data-chapter-anchor"]
    )


def settings_of(figure):
    """(text now, other texts) of each control of a figure; the others of a slider are not on the page."""
    menus = [[option.get_text(strip=True) for option in menu.select("option")] for menu in figure.select("select")]
    now = [menu.select_one("option[selected]").get_text(strip=True) for menu in figure.select("select")]
    chosen = [(text, [other for other in menu if other != text]) for text, menu in zip(now, menus, strict=True)]
    return chosen + [(output.get_text(strip=True), []) for output in figure.select("output")]


def verdict_slide(card, behind):
    card = copy(card)
    claim = card.find_all("p")[1].extract().get_text(" ", strip=True)
    return Slide("verdict", claim, str(card), look=what_to_see(behind, []))


def card_slide(source):
    """A loss from its card: what it is for, and its formula. The card ends in the unfolded source."""
    said, formulas = None, []
    for tag in source.find_previous_siblings():
        if "math" in tag.get("class", ()):
            formulas.insert(0, str(tag))
        if tag.name == "p" and tag.strong and tag.contents[0] is tag.strong:
            said = tag
            break
    said = BeautifulSoup(inline(said), "html.parser")
    title = said.strong.extract().get_text(strip=True).removesuffix(".")
    code = f"<p><code>lossatlas.{card_name(source)}</code></p>"
    return Slide("formula", title, "".join(formulas) + code, look=said.p.decode_contents().strip())


def card_name(details):
    """The loss whose source is unfolded here, or None."""
    summary = details.find("summary")
    found = re.fullmatch(r"Source of (\w+)", summary.get_text(strip=True)) if summary else None
    return found and found[1]


def tally(verdicts):
    """How many claims ended how, in words; "" without verdicts."""
    ends = [card["data-word"] for card in verdicts]
    counts = ", ".join(
        f"{ends.count(word)} {word}" for word in ("supported", "not supported", "inconclusive") if word in ends
    )
    return f'<p class="tally">{len(ends)} claim{"s" * (len(ends) > 1)}: {counts}.</p>' if ends else ""


def distinct(chapter):
    """Give a figure that is shown again a name of its own, and each the anchor that it has in the chapter."""
    seen = {}
    for figure in chapter.select("figure.atlas-explorer"):
        name = figure["id"]
        seen[name] = seen.get(name, 0) + 1
        # The second of a name cannot be linked to: its section is near enough.
        figure["data-chapter-anchor"] = name if seen[name] == 1 else figure.find_parent("section").get("id", "")
        for tag in [figure, *figure.select("[id], [for]")] if seen[name] > 1 else ():
            for key in ("id", "for"):
                value = " ".join(filter(None, tag.get_attribute_list(key)))  # `for` of an output may name several
                if value.startswith(name):
                    tag[key] = f"{name}-{seen[name]}{value.removeprefix(name)}"


def shown(slide, name):
    """A slide as a `<section>` of the deck."""
    page = f"../{name}.html"
    where = f'<p class="where">{slide.where}</p>' if slide.where else ""
    level = "h1" if slide.kind == "title" else "h2"
    look = f'<p class="look">{slide.look}</p>' if slide.look else ""
    back = f'<a class="back" href="{page}{"#" + slide.anchor if slide.anchor else ""}">In the chapter</a>'
    notes = f'<aside class="notes">{"".join(slide.notes)}</aside>' if slide.notes else ""
    body = slide.body.replace('href="PAGE#', f'href="{page}#')
    return (
        f'<section class="{slide.kind}"><div class="fits">'
        f"<header>{where}<{level}>{slide.title}</{level}>{look}</header>\n"
        f'<div class="body">{body}</div></div>{back}{notes}</section>\n'
    )


def prose(tags):
    """Paragraphs, lists and notes of the page as speaker notes."""
    return [
        inline(tag)
        for tag in tags
        if tag.name in ("p", "ul", "ol") or {"admonition", "math"} & set(tag.get("class", ()))
    ]


def heading(section):
    """The words of a section's heading as HTML, without the link to itself."""
    found = section.find(re.compile(r"^h\d$"), recursive=False)
    return BeautifulSoup(inline(found), "html.parser").find().decode_contents().strip() if found else ""


def rooted(tag):
    """The HTML of a figure with its files one folder further up."""
    tag = copy(tag)
    for part in tag.select("img[src], script[data-src]"):
        key = "src" if part.name == "img" else "data-src"
        part[key] = f"../{part[key]}"
    return str(tag)


def up(tag):
    """A tag of the page's head for a page in a folder beside it."""
    tag = copy(tag)
    key = "href" if tag.name == "link" else "src"
    if tag.get(key):
        tag[key] = f"../{tag[key]}"
    return str(tag)
