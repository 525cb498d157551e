"""From the name of a loss or an operation to its entry: addresses, and names in a text that lead there."""

import html
import re
from functools import cache

from lossatlas.contract import get, losses

from ...build.wording import code
from .operations import operations_of

#: The folder of the site in which the pages of the families lie.
FOLDER = "reference"


def page_of(family):
    """The name of a family's page, which is its address without the ending."""
    return f"{FOLDER}/{family}"


def address(name, page=""):
    """The address of an entry as seen from a page.

    Args:
        name: the name of a loss or an operation.
        page: the page that it is seen from, such as `reference/contrastive` or `contrastive`.

    Raises:
        KeyError: for a name that has no entry.
    """
    from ...build.addresses import to_top

    family = entries()[name]
    return f"#{name}" if page == page_of(family) else f"{to_top(page)}{page_of(family)}.html#{name}"


@cache
def entries():
    """Name -> family of everything that has an entry, the other names of losses aside."""
    found = {entry.name: entry.family for entry in losses()}
    for family in dict.fromkeys(found.values()):
        found.update({operation.name: family for operation in operations_of(family)})
    return found


def link(name, page, words=None):
    """A link to an entry, as HTML; the name alone where there is no entry."""
    words = code(name) if words is None else words
    return f'<a href="{html.escape(address(name, page))}">{words}</a>' if name in entries() else words


def with_links(text, page, own=""):
    """A text in Markdown in which the names of losses and operations, set as code, lead to their entries.

    Args:
        text: the text.
        page: the page on which it stands.
        own: the name whose entry it is, which needs no link.
    """

    def linked(found):
        name = _known(found[1])
        return found[0] if name is None or name == own else link(name, page, code(found[1]))

    return re.sub(r"`(?:lossatlas\.)?(\w+)`", linked, text)


def _known(word):
    """The name of the entry that a word means, the other names of losses among them; None where it means none."""
    if word in entries():
        return word
    return next((entry.name for entry in losses() if word in entry.aliases), None)


def canonical(name):
    """The name of a loss that may be given by another of its names."""
    return get(name).name


def certificate_address(entry):
    """The address of the certificate of a loss as seen from the folder of the site."""
    return f"{page_of(entry.family)}.html#certificate-{entry.name}"
