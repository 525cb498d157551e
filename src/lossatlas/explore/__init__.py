"""Pictures with controls, alive in a kernel and on a page without one."""

from .cards import card, figure
from .compare import compare, pictures_of
from .controls import Choice, Slider
from .curves import curve
from .explorer import BUDGET, Explorer
from .film import film
from .force_field import force_field
from .gallery import Gallery
from .overview import family
from .pair_plane import pair_plane
from .penalty import relative_penalty
from .planes import plane, simplex
from .spectra import spectra

__all__ = [
    "BUDGET", "Choice", "Explorer", "Gallery", "Slider", "card", "compare", "curve", "family", "figure", "film", "force_field",
    "pair_plane", "pictures_of", "plane", "relative_penalty", "simplex", "spectra",
]  # fmt: skip
