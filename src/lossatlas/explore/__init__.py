"""Pictures with controls, alive in a kernel and on a page without one."""

from .controls import Choice, Slider
from .curves import curve
from .explorer import BUDGET, Explorer

__all__ = ["BUDGET", "Choice", "Explorer", "Slider", "curve"]
