"""Metric learning by pairs: vectors of one class near each other, vectors of two classes apart.

| file | idea |
|---|---|
| `weighted` | soft weights: multi-similarity, circle |
"""

from .weighted import circle_loss, multi_similarity_loss

__all__ = ["circle_loss", "multi_similarity_loss"]
