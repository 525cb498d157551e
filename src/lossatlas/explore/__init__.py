"""Pictures with controls, alive in a kernel and on a page without one."""

from .engine.controls import Choice, Slider
from .engine.explorer import BUDGET, Explorer
from .pictures.cards import card, figure
from .pictures.compare import compare, pictures_of
from .pictures.curves import curve
from .pictures.film import film
from .pictures.force_field import force_field
from .pictures.gallery import Gallery
from .pictures.overview import family
from .pictures.pair_plane import pair_plane
from .pictures.penalty import relative_penalty
from .pictures.planes import plane, simplex
from .pictures.spectra import spectra

__all__ = [
    "BUDGET", "Choice", "Explorer", "Gallery", "Slider", "card", "compare", "curve", "family", "figure", "film",
    "force_field", "pair_plane", "pictures_of", "plane", "relative_penalty", "simplex", "spectra",
]  # fmt: skip
