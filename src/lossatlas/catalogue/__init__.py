"""The catalogue of the literature: one row a paper, what works of it, and how it is shown."""

from .atlas import papers_page
from .rows import Catalogue, CatalogueError, Paper, papers, place, read_catalogue, resolve, where
from .trail import PaperTrail, paper_trail

__all__ = [
    "Catalogue",
    "CatalogueError",
    "Paper",
    "PaperTrail",
    "paper_trail",
    "papers",
    "papers_page",
    "place",
    "read_catalogue",
    "resolve",
    "where",
]
