"""Contrastive learning: two views of one thing together, all others away.

| file | idea |
|---|---|
| `info_nce` | the softmax over one positive and many negatives |
"""

from .info_nce import info_nce, nt_xent

__all__ = ["info_nce", "nt_xent"]
