"""From the card of a loss in a chapter to its entry in the reference."""

from lossatlas.contract import get
from lossatlas.explore.pictures.cards import CARD

from .links import link


def link_cards(notebook, page, families):
    """Put a link to the entry of its loss under every card of an executed notebook.

    Args:
        notebook: the executed notebook; changed in place.
        page: the name of its page.
        families: the families that have a page in the reference.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            loss = output.get("data", {}).get(CARD, {}).get("loss")
            if loss and get(loss).family in families:
                card = "".join(output["data"]["text/markdown"])
                output["data"]["text/markdown"] = f"{card}\n{_link(loss, page)}\n"


def _link(loss, page):
    words = "Arguments, limits, certificate, other packages, speed"
    return f'<p class="atlas-to-reference">{words}: {link(loss, page)} in the reference</p>'
