"""The reference: one generated page for each family, with everything that is to be said of each of its losses."""

from .cards import link_cards
from .facts import known_of
from .links import address, certificate_address, page_of
from .notebook import reference_notebook
from .page import complete

__all__ = [
    "address",
    "certificate_address",
    "complete",
    "known_of",
    "link_cards",
    "page_of",
    "reference_notebook",
]
