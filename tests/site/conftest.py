"""The built site in a browser that can reach nothing else."""

import os
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lossatlas.publishing.build.book import Book
from lossatlas.publishing.build.moved import MOVED
from lossatlas.publishing.build.serve import server

BOOK = Book.find(Path(__file__).parent)
IN_CI = os.environ.get("CI", "").lower() == "true"
CABLE_PULLED = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
SCREENS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
}


def pages():
    """The names of the built pages, those in folders too.

    Slides, what scripts bring along, and addresses that only lead on are no pages.
    """
    paths = (path.relative_to(BOOK.html).with_suffix("") for path in BOOK.html.rglob("*.html"))
    names = (path.as_posix() for path in paths if path.parts[0] not in ("slides", "_static"))
    return sorted(name for name in names if name not in MOVED) or ["index"]


def unavailable(reason):
    """Skip on somebody's machine, fail in continuous integration."""
    (pytest.fail if IN_CI else pytest.skip)(reason)


@pytest.fixture(scope="session")
def book():
    if not BOOK.stamp.is_file():
        unavailable("no finished site; run: make book")
    return BOOK


@pytest.fixture(scope="session")
def origin(book):
    """The address of the site on this machine."""
    serving = server(book.html)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests: the system's, or Playwright's own."""
    from playwright.sync_api import Error, sync_playwright

    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
    )
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", CABLE_PULLED])
        except Error as error:
            unavailable(f"no Chromium: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@dataclass
class Heard:
    """What a page said and requested."""

    complaints: list = field(default_factory=list)
    elsewhere: list = field(default_factory=list)
    requested: list = field(default_factory=list)


@pytest.fixture
def open_page(browser, origin):
    """(name, screen, …) -> (page, what was heard of it)."""
    opened = []

    def open_one(name, screen="light", base=None, **options):
        base = base or origin
        context = browser.new_context(**{**SCREENS[screen], **options})
        opened.append(context)
        page, heard = context.new_page(), Heard()

        def note(request):
            ours = request.url.startswith((base, "data:", "blob:"))
            (heard.requested if ours else heard.elsewhere).append(request.url)

        page.on("request", note)
        page.on(
            "console", lambda said: heard.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: heard.complaints.append(str(error)))
        page.on("response", lambda r: heard.complaints.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.goto(f"{base}/{name}")
        return page, heard

    yield open_one
    for context in opened:
        context.close()


def rest(page):
    """Wait until formulas are set."""
    page.evaluate("() => window.MathJax?.startup?.promise")


def wake(page, first=0, most=1000, every=1):
    """Bring explorers into view one after another, so that they come to life, and go back; gives their number.

    The fold that holds one is opened. On a page with many a test wakes only those it looks at: each drawing makes all
    others slower.
    """
    return page.evaluate(
        """async ([first, most, every]) => {
      const all = [...document.querySelectorAll("figure.atlas-explorer")];
      const figures = all.slice(first, first + most).filter((_, n) => n % every === 0);
      for (const figure of figures) {
        for (let fold = figure.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
        figure.scrollIntoView();
        const late = performance.now() + 20000;
        while (!figure.querySelector(".main-svg")) {
          if (performance.now() > late) throw new Error(figure.id + " stays still");
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
      scrollTo(0, 0);
      return figures.length;
    }""",
        [first, most, every],
    )
