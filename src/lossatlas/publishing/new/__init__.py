"""`lossatlas new`: the files that a family or a loss needs, with the places marked where an author has to write."""

from .family import new_family
from .loss import new_loss

__all__ = ["new_family", "new_loss"]
