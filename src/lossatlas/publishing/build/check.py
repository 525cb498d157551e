"""Checks of the sources and of the built pages. Each is a small function that yields what it finds wrong."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

import nbformat
import yaml
from bs4 import BeautifulSoup

from lossatlas.classroom.masters import MasterError, read_master
from lossatlas.exercises.listing import page_of

from .config import listed_pages, unknown_keys
from .contents import put_below
from .leaks import leaks
from .weight import EXPLORER, PLOTTING, READABLE, local, page_weight, transferred

GENERATED = ("losses", "evidence", "papers", "proof", "parity", "speed")
REMOTE = re.compile(r"(?:https?:)?//", re.I)
FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|svg|gif|webp)", re.I)


@dataclass(frozen=True)
class Finding:
    """Something wrong: where, and what."""

    place: str
    message: str

    def __str__(self):
        return f"{self.place}: {self.message}"


def check_sources(book):
    """What is wrong with the configuration, the table of contents and the committed notebooks."""
    return [finding for check in SOURCE_CHECKS for finding in check(book)]


def check_site(book, audience="student"):
    """What is wrong with the executed copies and the built pages; for students, also every line of a solution."""
    findings = [finding for check in SITE_CHECKS for finding in check(book)]
    if audience == "student":
        findings += [Finding(place, message) for place, message in leaks(book)]
    for path in sorted(book.html.rglob("*.html")):
        page = Page(path, book.html)
        findings += [Finding(page.name, message) for check in PAGE_CHECKS for message in check(page)]
    return findings


class Page:
    """A built page, parsed once."""

    def __init__(self, path, site):
        self.path, self.site = path, site
        self.name = path.relative_to(site).as_posix()
        self.soup = parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def parsed(path, changed):
    """A page as a tree; `changed` is when it was written last, so that a page written anew is parsed anew."""
    return BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")


@lru_cache(maxsize=1024)
def anchors(path, changed):
    """The anchors of a page."""
    return {tag["id"] for tag in parsed(path, changed).select("[id]")}


def configuration(book):
    for key in unknown_keys(book.config):
        yield Finding("_config.yml", f"unknown key {key}")


def contents(book):
    table = yaml.safe_load(book.contents.read_text(encoding="utf8"))
    listed, below = set(listed_pages(table)), put_below(table)
    written = {path.relative_to(book.sources).with_suffix("").as_posix() for path in book.sources.glob("*.md")}
    there = written | set(book.notebooks()) | set(GENERATED) | set(map(page_of, book.masters()))
    for page in sorted(listed & below):
        yield Finding("_toc.yml", f"lists {page}, which is put below its chapter without being listed")
    for page in sorted(listed - there - below):
        yield Finding("_toc.yml", f"lists {page}, which is not in book/")
    for page in sorted(there - listed - below):
        yield Finding("_toc.yml", f"does not list {page}")


def committed_notebooks(book):
    for path in (*book.written_notebooks().values(), *book.masters().values()):
        place = path.relative_to(book.root) if path.is_relative_to(book.root) else path
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            if cell.get("outputs") or cell.get("execution_count"):
                yield Finding(str(place), f"cell {number} holds outputs or an execution count; commit it without")


def masters(book):
    for path in book.masters().values():
        try:
            read_master(path)
        except MasterError as error:
            yield Finding("exercises", str(error))


def outputs(book):
    for name in book.notebooks():
        for number, cell in enumerate(nbformat.read(book.executed / f"{name}.ipynb", as_version=4).cells):
            for output in cell.get("outputs", ()):
                if output.output_type == "error":
                    yield Finding(f"book/{name}.ipynb", f"cell {number} ends in {output.ename}: {output.evalue}")
                elif re.search(r"\w*Warning: ", output.get("text", "")):
                    yield Finding(f"book/{name}.ipynb", f"cell {number} prints a warning: {output.text.strip()[:200]}")


def shared_files(book):
    size = transferred(book.html / "_static" / "vendor" / "plotly.min.js")
    if size > PLOTTING:
        yield Finding("plotly.min.js", f"{size / 1000:.0f} kB compressed, more than {PLOTTING / 1000:.0f}")
    for path in sorted((book.html / "explorers").rglob("*.js")):
        if transferred(path) > EXPLORER:
            yield Finding(
                path.relative_to(book.html).as_posix(),
                f"{transferred(path) / 1000:.0f} kB compressed, more than {EXPLORER / 1000:.0f}",
            )
    for path in sorted((book.html / "_static").rglob("*.css")):
        for address in re.findall(
            r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)", path.read_text(encoding="utf8")
        ):
            yield Finding(path.relative_to(book.html).as_posix(), f"asks another host for {address}")


def alternative_texts(page):
    """An empty text is right only for an ornament in a link that says in words where it leads."""
    for image in page.soup.select("img, [role=img]"):
        text, what = image.get("alt", image.get("aria-label", "")), image.get("src", f"<{image.name}>")[:80]
        beside_words = image.get("alt") == "" and image.find_parent("a") and image.find_parent("a").get_text(strip=True)
        if not text.strip() and not image.get("aria-labelledby") and not beside_words:
            yield f"image without alternative text: {what}"
        elif FILE_NAME.fullmatch(text.strip()):
            yield f"the alternative text of an image is a file name: {text}"


def requests(page):
    """Only what a browser fetches by itself; a link that a reader may follow is no request."""
    for tag in page.soup.select("[src], [srcset], [poster], [data], link[href], [style], style"):
        addresses = [tag.get(key, "") for key in ("src", "srcset", "poster")]
        addresses += [tag["data"]] if tag.name == "object" and tag.has_attr("data") else []
        addresses += (
            [tag["href"]] if tag.name == "link" and not {"canonical", "license"} & set(tag.get("rel", ())) else []
        )
        addresses += re.findall(
            r"(?:url\(|@import)\s*[\"']?([^\"')\s]+)",
            tag.get("style", "") + (tag.string or "" if tag.name == "style" else ""),
        )
        for address in addresses:
            if REMOTE.match(address.strip()):
                yield f"<{tag.name}> asks another host for {address}"


def links(page):
    for tag in page.soup.select("a[href], img[src], script[src], script[data-src], link[href], form[action]"):
        address = tag.get("href") or tag.get("src") or tag.get("data-src") or tag.get("action")
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address):
            continue
        target = local(page.path, address) if re.split(r"[?#]", address)[0] else page.path
        anchor = unquote(address.partition("#")[2])
        if not target.is_file():
            yield f"link to {address}, which is not there"
        elif target.suffix == ".html" and "=" in anchor and not anchor.startswith("ex-"):
            yield from unknown_settings(address, anchor, parsed(target, target.stat().st_mtime_ns))
        elif (
            anchor
            and target.suffix == ".html"
            and not anchor.startswith("ex-")
            and anchor not in anchors(target, target.stat().st_mtime_ns)
        ):
            yield f"link to {address}: no such anchor"


def unknown_settings(address, setting, soup):
    """What a link sets on the page it leads to, as `#a=focal_loss`, and the page does not have or does not offer."""
    offered = {option.get("value", option.get_text()) for option in soup.select("option")}
    for name, value in parse_qsl(setting):
        field = soup.find(attrs={"name": name})
        if field is None:
            yield f"link to {address}: the page has no field {name}"
        elif field.name == "select" and value not in offered:
            yield f"link to {address}: the page does not offer {value}"


def errors(page):
    for tag in page.soup.select(".traceback, .system-message, .problematic"):
        yield f"an error on the page: {tag.get_text(' ', strip=True)[:200]}"


def icons(page):
    known = set(
        re.findall(r"\.fa-([a-z-]+) \{ --icon", (page.site / "_static" / "icons.css").read_text(encoding="utf8"))
    )
    for name in sorted(
        {name for tag in page.soup.select("[class*=fa-]") for name in tag["class"] if name.startswith("fa-")}
    ):
        if name.removeprefix("fa-") not in known | {"solid", "brands", "lg"}:
            yield f"icon {name} has no drawing; add it to ICONS in assets.py"


def essentials(page):
    soup = page.soup
    if not (soup.html and soup.html.get("lang")):
        yield "no language on <html>"
    if not (soup.title and soup.title.get_text(strip=True)):
        yield "no title"
    if not soup.select('meta[name="viewport"]'):
        yield "no viewport, so a phone shows the page small"


def weight(page):
    size = page_weight(page.path)
    if size > READABLE:
        yield f"{size / 1000:.0f} kB compressed before it can be read, more than {READABLE / 1000:.0f}"


SOURCE_CHECKS = (configuration, contents, committed_notebooks, masters)
SITE_CHECKS = (outputs, shared_files)
PAGE_CHECKS = (alternative_texts, requests, links, errors, icons, essentials, weight)


def weights(book):
    """(page, bytes before it can be read) of every page."""
    return [(path.relative_to(book.html).as_posix(), page_weight(path)) for path in sorted(book.html.rglob("*.html"))]
