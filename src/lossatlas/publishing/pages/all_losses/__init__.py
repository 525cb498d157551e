"""The page *All losses*: a table to filter, and any two losses of one signature over one another."""

from .overlay import OVERLAY
from .page import losses_page

__all__ = ["OVERLAY", "losses_page"]
