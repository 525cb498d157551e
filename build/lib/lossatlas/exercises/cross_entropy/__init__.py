"""The exercises of the chapter "Cross-entropy and its relatives", from three logits to a loss of one's own."""

from .adversary import ADVERSARY
from .by_hand import BY_HAND
from .pull import PULL
from .robust import ROBUST
from .stable import STABLE

EXERCISES = (BY_HAND, STABLE, PULL, ADVERSARY, ROBUST)
