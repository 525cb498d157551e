"""What a page costs to read: compressed bytes, as a server sends them."""

import gzip
import re
from functools import lru_cache
from pathlib import Path

from bs4 import BeautifulSoup

KB = 1000
#: A page can be read once this much has come.
READABLE = 1000 * KB
#: The plotting script, which comes when the first explorer nears the view, once for all pages.
PLOTTING = 1500 * KB
#: The data of one explorer.
EXPLORER = 200 * KB
#: Fonts that a page of formulas and their common alphabets fetches.
MATH_FONTS = (
    "Main-Regular",
    "Math-Italic",
    "Size1-Regular",
    "Size2-Regular",
    "AMS-Regular",
    "Main-Bold",
    "Calligraphic-Regular",
    "Zero",
)


@lru_cache(maxsize=4096)
def transferred(path):
    """Bytes of a file on the wire: compressed, unless its format is compressed already."""
    content = Path(path).read_bytes()
    packed = Path(path).suffix in (".png", ".jpg", ".woff", ".woff2", ".gif", ".webp")
    return len(content) if packed else len(gzip.compress(content, 6))


def page_files(page):
    """The files of the site that a page needs before it can be read: itself, styles, scripts, images in view, fonts."""
    soup = BeautifulSoup(page.read_text(encoding="utf8"), "html.parser")
    wanted = [tag["href"] for tag in soup.select('link[rel~="stylesheet"][href], link[rel~="icon"][href]')]
    wanted += [tag["src"] for tag in soup.select("script[src]")]
    wanted += [tag["src"] for tag in soup.select('img[src]:not([loading="lazy"])')]
    found = [page, *(local(page, address) for address in wanted)]
    mathjax = next((path for path in found if path and path.name.startswith("tex-")), None)
    if mathjax:
        fonts = mathjax.parent / "output" / "chtml" / "fonts" / "woff-v2"
        found += [fonts / f"MathJax_{name}.woff" for name in MATH_FONTS]
    return list(dict.fromkeys(path for path in found if path and path.is_file()))


def page_weight(page):
    """Bytes that must come before a page can be read."""
    return sum(map(transferred, page_files(page)))


def local(page, address):
    """The file of the site that an address on a page means; None for another host or inline data."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address):
        return None
    return (page.parent / re.split(r"[?#]", address)[0]).resolve()
