"""The reference: one generated page for each family, with everything that is to be said of each of its losses."""

from .links import address, page_of
from .notebook import reference_notebook
from .page import complete

__all__ = ["address", "complete", "page_of", "reference_notebook"]
