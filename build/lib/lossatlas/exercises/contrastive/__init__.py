"""The exercises of the chapter "Contrastive learning", from three similarities to a loss for small batches."""

from .by_hand import BY_HAND
from .own_loss import OWN_LOSS
from .temperature import TEMPERATURE
from .two_views import TWO_VIEWS
from .unlabelled import UNLABELLED

EXERCISES = (BY_HAND, TWO_VIEWS, TEMPERATURE, UNLABELLED, OWN_LOSS)
