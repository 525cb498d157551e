"""Check `_config.yml` and `_toc.yml`: Jupyter Book itself passes over a key that it does not know."""

from importlib.resources import files

import yaml

#: Keys that Jupyter Book reads but leaves out of its own list, and keys whose content it hands on unread.
ALSO_KNOWN = {"bibtex_bibfiles": None, "project": None}
FREE = ("sphinx.config", "sphinx.local_extensions", "latex.latex_documents", "html.comments.utterances")


def unknown_keys(config):
    """The dotted names of keys in a configuration that Jupyter Book would silently ignore."""
    known = yaml.safe_load((files("jupyter_book") / "default_config.yml").read_text(encoding="utf8"))
    return list(_unknown(config, {**known, **ALSO_KNOWN}, ""))


def listed_pages(contents):
    """The pages of a table of contents, in order."""
    for key, value in contents.items():
        if key in ("root", "file"):
            yield value
        elif isinstance(value, list):
            for entry in value:
                yield from listed_pages(entry)


def _unknown(config, known, prefix):
    for key, value in config.items():
        name = f"{prefix}{key}"
        if key not in known:
            yield name
        elif isinstance(value, dict) and name not in FREE:
            yield from _unknown(value, known[key] if isinstance(known[key], dict) else {}, f"{name}.")
