"""The front-end files that the site carries itself, taken from Python wheels: no page asks another host for one."""

import re
import shutil
from importlib.resources import files
from pathlib import Path

from lossatlas.explore.engine.static_page import plotly_script

from .book import BookError

#: What TeX input needs: the loader, fonts, and the parts that a formula or the accessibility menu fetches when used.
MATHJAX = (
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2",
    "input/tex/extensions",
    "a11y",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
)

#: The icons of the theme's templates and scripts, by the theme's names.
ICONS = (
    "angle-left",
    "angle-right",
    "arrow-up",
    "bars",
    "chevron-down",
    "circle-half-stroke",
    "code",
    "download",
    "expand",
    "file",
    "file-lines",
    "file-pdf",
    "github",
    "home",
    "lightbulb",
    "list",
    "magnifying-glass",
    "moon",
    "outdent",
    "pencil",
    "pencil-alt",
    "rocket",
    "sun",
    "xmark",
)
#: The icons of notes by the class of the note; the first is for every class that is not named.
NOTES = {
    "": "circle-info",
    ".tip": "lightbulb",
    ".hint": "lightbulb",
    ".important": "circle-exclamation",
    ".attention": "circle-exclamation",
    ".warning": "triangle-exclamation",
    ".caution": "triangle-exclamation",
    ".danger": "bolt",
    ".error": "circle-xmark",
    ".seealso": "book-open",
    ".exercise": "pencil",
}
#: Icons that the script keeps under another name.
OTHER_NAMES = {"home": "house", "pencil-alt": "pencil"}


def vendor(target):
    """Copy MathJax and plotly.js below `target` and write the style sheet of the icons there."""
    mathjax = _package("mathjax") / "static" / "mathjax" / "es5"
    for name in MATHJAX:
        source, copy = mathjax / name, target / "mathjax" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy)
        else:
            shutil.copy(source, copy)
    (target / "vendor").mkdir()
    shutil.copy(plotly_script(), target / "vendor" / "plotly.min.js")
    (target / "icons.css").write_text(icon_sheet(ICONS), encoding="utf8")


def icon_sheet(names):
    """CSS that draws the theme's icons as masks: a few kB instead of 0.54 MB of script for 2000 icons."""
    icon, note = ":is(.fa-solid, .fas, .fa-brands, .fab)", ".admonition > .admonition-title::after"
    drawn = "var(--icon) center/contain no-repeat"
    mask = f"background: currentColor; -webkit-mask: {drawn}; mask: {drawn}"
    rules = [
        f"{icon} {{ display: inline-block; width: 1em; height: 1em; vertical-align: -0.125em; {mask} }}",
        f"{icon}::before {{ content: none !important }}",
        f'{note} {{ content: "" !important; {mask} }}',
        *(f".fa-{name} {{ --icon: {drawing} }}" for name, drawing in icon_drawings(names).items()),
    ]
    drawings = icon_drawings(set(NOTES.values()))
    rules += [f".admonition{kind} > .admonition-title {{ --icon: {drawings[name]} }}" for kind, name in NOTES.items()]
    return "\n".join(rules) + "\n"


def icon_drawings(names):
    """Icons as CSS images, read from the script that the theme ships."""
    script = (_package("pydata_sphinx_theme") / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js").read_text(
        "utf8"
    )
    found = {}
    for name in names:
        key = re.escape(OTHER_NAMES.get(name, name))
        match = re.search(rf'(?:[,{{]{key}|"{key}"):\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]*","([^"]*)"', script)
        if match is None:
            raise BookError(f"icon {name}: not in the theme's fontawesome.js; correct ICONS in {Path(__file__).name}")
        svg = (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {match[1]} {match[2]}'><path d='{match[3]}'/></svg>"
        )
        found[name] = f'url("data:image/svg+xml,{svg.replace("<", "%3C").replace(">", "%3E")}")'
    return found


def _package(name):
    return Path(str(files(name)))
