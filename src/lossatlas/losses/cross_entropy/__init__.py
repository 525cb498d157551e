from .comp_sum import comp_sum_loss
from .softmax import cross_entropy

__all__ = ["comp_sum_loss", "cross_entropy"]
