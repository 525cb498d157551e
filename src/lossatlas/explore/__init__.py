"""Pictures with controls, alive in a kernel and on a page without one."""

from .cards import card, figure
from .compare import compare, pictures_of
from .controls import Choice, Slider
from .curves import curve
from .explorer import BUDGET, Explorer
from .gallery import Gallery
from .overview import family
from .planes import plane, simplex

__all__ = [
    "BUDGET", "Choice", "Explorer", "Gallery", "Slider", "card", "compare", "curve", "family", "figure", "pictures_of",
    "plane", "simplex",
]  # fmt: skip
