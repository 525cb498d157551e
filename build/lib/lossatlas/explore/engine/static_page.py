"""For pages without a kernel: the scripts they need, and figures with their bulk moved into files of their own."""

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

from . import page

#: What a page with figures loads, to be put in one folder; plotly.min.js lies beside them in `vendor/`.
STATIC_FILES = tuple(Path(__file__).with_name(name) for name in ("explorer.js", "explorer.css"))

_PAYLOAD = re.compile(r'<script type="application/json" class="atlas-payload">(.*?)</script>', re.S)
_IMAGE = re.compile(r'src="data:image/png;base64,([A-Za-z0-9+/=]+)"')


def plotly_script():
    """The path of plotly.min.js in the installed plotly package, so that page and kernel draw with one version."""
    import plotly

    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def externalize(html, write):
    """The HTML of an output with its payloads and PNG images moved into files that are loaded when needed.

    Args:
        html: text that may hold figures of this package; all else in it stays as it is.
        write: function (name, bytes) -> address of the file as seen from the page. Names follow from the content, so
            a file that is there already is the same file.
    """

    def move_payload(found):
        payload = json.dumps(json.loads(found[1]), separators=(",", ":"))
        key = _hash(payload.encode())
        address = write(f"atlas-{key}.js", f'LossAtlas.receive("{key}",{payload});\n'.encode())
        return f'<script type="application/json" class="atlas-payload" data-key="{key}" data-src="{address}"></script>'

    def move_image(found):
        data = base64.b64decode(found[1])
        return f'src="{write(f"atlas-{_hash(data)}.png", data)}" loading="lazy"'

    return _IMAGE.sub(move_image, _PAYLOAD.sub(move_payload, html))


def save_page(figures, folder, *, title="The Loss Atlas", theme=None, inline=False):
    """A folder with a page that works by itself, offline: index.html, the scripts, and the figures' data.

    Args:
        figures: explorers and other figures of this package.
        folder: where to; made if it is not there.
        theme: "light", "dark", or None for what the reader's system prefers.
        inline: keep data and images inside the HTML instead of in files.

    Returns:
        The path of the page.
    """
    folder = Path(folder)
    (folder / "static" / "vendor").mkdir(parents=True, exist_ok=True)
    for path in STATIC_FILES:
        shutil.copy(path, folder / "static" / path.name)
    shutil.copy(plotly_script(), folder / "static" / "vendor" / "plotly.min.js")

    def write(name, data):
        (folder / "static" / name).write_bytes(data)
        return f"static/{name}"

    body = "\n".join(figure.html() for figure in figures)
    body = body if inline else externalize(body, write)
    path = folder / "index.html"
    path.write_text(page.alone(body, title, "static/", theme), encoding="utf-8")
    return path


def _hash(data):
    return hashlib.sha256(data).hexdigest()[:16]
