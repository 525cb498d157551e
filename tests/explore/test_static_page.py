"""Figures moved out of the page into files, and the colours that Python and the style sheet share."""

import json
import re

from lossatlas.explore.engine.static_page import STATIC_FILES, externalize, save_page
from lossatlas.explore.engine.style import COLORS, SCALES

from .figures import powers, still


def test_payload_and_image_move_to_files_named_by_their_content():
    files = {}

    def write(name, data):
        files[name] = data
        return f"_figures/{name}"

    explorer = powers()
    html = f"<p>before</p>{explorer.html()}<p>after</p>"
    moved = externalize(html, write)
    script, image = sorted(files, key=lambda name: name.endswith(".png"))
    key = re.fullmatch(r"atlas-([0-9a-f]{16})\.js", script)[1]
    assert f'data-key="{key}" data-src="_figures/{script}"></script>' in moved
    assert f'src="_figures/{image}"' in moved and "base64," not in moved
    assert moved.startswith("<p>before</p>") and moved.endswith("<p>after</p>") and len(moved) < len(html) / 5
    call = files[script].decode()
    assert call.startswith(f'LossAtlas.receive("{key}",')
    assert json.loads(call.removeprefix(f'LossAtlas.receive("{key}",').removesuffix(");\n")) == json.loads(
        json.dumps(explorer.payload)
    )
    assert files[image] == explorer.png()
    again = dict(files)
    assert externalize(html, write) == moved and files == again


def test_other_html_stays_as_it_is():
    text = '<p>an <img src="data:image/gif;base64,AAAA"> image</p><script>1</script>'
    assert externalize(text, lambda name, data: 1 / 0) == text


def test_a_saved_page_has_all_it_needs(tmp_path):
    page = save_page([powers(), still()], tmp_path / "page", title="Two & more")
    text = page.read_text(encoding="utf-8")
    assert "<title>Two &amp; more</title>" in text and "http" not in text.replace("https://plotly", "")
    for address in re.findall(r'(?:src|href|data-src)="(static/[^"]+)"', text):
        assert (page.parent / address).is_file(), address
    assert (page.parent / "static/vendor/plotly.min.js").stat().st_size > 1e6


def test_style_sheet_and_python_name_the_same_colours():
    css = next(path for path in STATIC_FILES if path.suffix == ".css").read_text(encoding="utf-8")
    light = css.split("}")[0]
    assert all(f"--atlas-{name.lower()}: {value};" in light for name, value in COLORS.items())
    assert all(f"--atlas-{name}: {' '.join(stops)};" in light for name, stops in SCALES.items())
    blocks = re.findall(r"(?:html\[data-theme=\"dark\"\]|html:not\(\[data-theme\]\)) \{(.*?)\}", css, re.S)
    names = [re.findall(r"--atlas-[\w]+(?=:)", block) for block in blocks]
    assert names[0] == names[1] == re.findall(r"--atlas-[\w]+(?=:)", light)
    assert [re.sub(r"\s+", " ", b) for b in blocks[:1]] == [re.sub(r"\s+", " ", b) for b in blocks[1:2]]


def test_colours_stand_out_from_the_paper_in_both_themes():
    css = next(path for path in STATIC_FILES if path.suffix == ".css").read_text(encoding="utf-8")
    for block in (css.split("}")[0], css.split("}")[1]):
        colors = dict(re.findall(r"--atlas-(\w+): (#[0-9a-f]{6});", block))
        for name, least in {**{f"c{n}": 3 for n in range(1, 7)}, "muted": 4.5, "ink": 7}.items():
            assert _contrast(colors[name], colors["paper"]) >= least, name


def _contrast(one, other):
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color):
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
