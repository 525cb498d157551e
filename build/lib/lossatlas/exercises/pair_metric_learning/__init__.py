"""The exercises of the chapter "Learning distances from pairs", from three negatives to a loss of one's own."""

from .by_hand import BY_HAND
from .hardest import HARDEST
from .own import OWN
from .turning import TURNING
from .weights import WEIGHTS

EXERCISES = (BY_HAND, HARDEST, WEIGHTS, TURNING, OWN)
