"""What the theme cannot: templates, style, a helpful issue button, and the foot of each page."""

import json
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from urllib.parse import urlencode

from docutils import nodes

from lossatlas.exercises.quiz_page import FILES as QUIZ_FILES

from .anchors import Anchor, ask_for_formulas, name_sections
from .provenance import sentence
from .verdict_role import verdict_role

THEME = Path(__file__).with_name("theme")


def setup(app):
    # Jupyter Book sets this for sphinx_comments, which this book leaves out.
    app.add_config_value("comments_config", {}, "html")
    app.connect("config-inited", add_theme)
    # After the theme's own handlers, which fill in the buttons at 501.
    app.connect("html-page-context", describe_page, priority=900)
    app.connect("html-page-context", mend_lists, priority=900)
    app.connect("html-page-context", add_explorer_files, priority=900)
    app.connect("html-page-context", name_folds, priority=900)
    app.connect("html-page-context", add_quiz_files, priority=900)
    app.add_role("repository", repository_link)
    app.add_role("verdict", verdict_role)
    app.add_directive("anchor", Anchor)
    # Before the page's own table of contents is collected, at 500.
    app.connect("doctree-read", name_sections, priority=400)
    app.connect("doctree-read", ask_for_formulas, priority=400)
    return {"version": metadata.version("lossatlas"), "parallel_read_safe": True, "parallel_write_safe": True}


def add_theme(app, config):
    """Put the templates before the theme's, and the style sheets after it."""
    config.templates_path.insert(0, str(THEME / "templates"))
    config.html_static_path += [str(THEME / "static"), *map(str, QUIZ_FILES)]
    config.version = config.release = metadata.version("lossatlas")
    config.html_context["default_mode"] = "auto"
    app.add_css_file("icons.css")
    app.add_css_file("atlas.css", priority=900)
    app.add_css_file("records.css", priority=900)
    app.add_css_file("exercises.css", priority=900)
    app.add_css_file("reference.css", priority=900)


def describe_page(app, page, template, context, doctree):
    """Tell the templates what made the page, and let its issue button say which page and version it is about."""
    repository = app.config.html_theme_options["repository_url"].rstrip("/")
    facts = provenance(app)
    record = facts["executed"].get(page)
    context["atlas_version"] = app.config.version
    context["atlas_repository"] = repository
    context["atlas_provenance"] = sentence(record) if record else ""
    context["atlas_issue"] = issue_address(repository, page, app.config.version, context["atlas_provenance"])
    written = page in app.env.found_docs and page not in facts["generated"]
    for buttons, button in _buttons(context.get("header_buttons", [])):
        if button.get("label") == "source-issues-button":
            button["url"] = context["atlas_issue"]
        elif button.get("label") in ("source-edit-button", "launch-buttons") and not written:
            buttons.remove(button)  # the repository has no file to edit, and none that Colab could open
        elif button.get("label") == "download-source-button" and page in facts["notebooks"]:
            button.update(url=facts["notebooks"][page], text=".ipynb", tooltip="Download notebook file")


def issue_address(repository, page, version, made):
    """The address of a new issue that is already titled and says which page, version and execution it is about."""
    body = f"""**Page:** `{page}`, version {version}
**Made by:** {made or "no execution"}

**Which section, figure or formula?**

**What did you see, and what did you expect?**

**Browser and device, if it is about the page itself:**
"""
    return f"{repository}/issues/new?{urlencode({'title': f'{page}: ', 'body': body})}"


def mend_lists(app, page, template, context, doctree):
    """Docutils calls a bibliography a list, whose entries then would have to be list items; they are not."""
    context["body"] = context.get("body", "").replace(
        '<div role="list" class="citation-list">', '<div class="citation-list">'
    )


def add_explorer_files(app, page, template, context, doctree):
    """The explorers' script, on pages that have one; it fetches plotly itself when a figure comes near the view."""
    body = context.get("body", "")
    if "atlas-explorer" in body or "atlas-overlay" in body:
        app.add_css_file("explorer.css", priority=850)
        app.add_js_file("explorer.js", loading_method="defer")
    if "atlas-overlay" in body:
        app.add_js_file("overlay.js", loading_method="defer")


def add_quiz_files(app, page, template, context, doctree):
    """The script of the questions, on pages that have some."""
    if "atlas-quiz" in context.get("body", ""):
        app.add_css_file("quiz.css", priority=850)
        app.add_js_file("quiz.js", loading_method="defer")


def name_folds(app, page, template, context, doctree):
    """The navigation folds away what stands below a page, with buttons to which the theme gives no name."""
    generate = context.get("generate_toctree_html")
    if generate is None:
        return

    def generate_named(*arguments, **keywords):
        tree = generate(*arguments, **keywords)
        for fold in tree.select("li > details > summary"):
            fold["aria-label"] = f"Pages below {fold.find_parent('li').a.get_text(strip=True)}"
        return tree

    context["generate_toctree_html"] = generate_named


def repository_link(name, rawtext, text, line, inliner, options=None, content=None):
    """The role {repository}`words <path>`: a link into the repository, whose address is in `_config.yml` alone."""
    words, _, path = text.partition("<")
    address = inliner.document.settings.env.config.html_theme_options["repository_url"].rstrip("/")
    path = path.rstrip(">").strip("/")
    return [nodes.reference(rawtext, words.strip(), refuri=f"{address}/{path}".rstrip("/"))], []


@lru_cache
def provenance(app):
    """Which pages were executed, with their records, and which were generated, as the assembly noted it."""
    return json.loads((Path(app.srcdir) / "provenance.json").read_text(encoding="utf8"))


def _buttons(buttons):
    """(list, button) of every button, those in groups included."""
    for button in list(buttons):
        yield buttons, button
        yield from _buttons(button.get("buttons", []))
