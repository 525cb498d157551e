"""The role {verdict}`key`: how a claim ended, in a word, wherever a text of the book speaks of it."""

import json
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from lossatlas.evidence.card import SIGNS, anchor

from .addresses import to_top

logger = logging.getLogger(__name__)


def verdict_role(name, rawtext, text, line, inliner, options=None, content=None):
    """Sign and word of a verdict, linked to the card of its experiment, with the claim as the title of the link.

    A key that no claim has is a warning, which stops a build that takes warnings for errors.
    """
    env = inliner.document.settings.env
    known = verdicts(env.app.srcdir)
    if text not in known:
        logger.warning("verdict: %s", unknown(text, known), location=(env.docname, line))
        return [nodes.literal(rawtext, text)], []
    verdict = known[text]
    return [
        nodes.reference(
            rawtext,
            f"{SIGNS[verdict['word']]} {verdict['word']}",
            internal=True,
            refuri=f"{to_top(env.docname)}{verdict['page']}.html#{anchor(text)}",
            reftitle=verdict["statement"],
            classes=["atlas-verdict-word"],
        )
    ], []


def unknown(key, known):
    """What to say of a key that no claim has: the keys that come near to it, or all where none does."""
    near = get_close_matches(key, known, n=3, cutoff=0.5)
    there = f"near to it: {', '.join(near)}" if near else f"there are: {', '.join(sorted(known)) or 'none'}"
    return f"no claim has the key {key!r}; {there}"


@lru_cache
def verdicts(folder):
    """The verdicts of the book by key, as the assembly noted them: word, statement and page."""
    return json.loads((Path(folder) / "provenance.json").read_text(encoding="utf8"))["verdicts"]
