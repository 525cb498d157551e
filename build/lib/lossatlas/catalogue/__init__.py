"""The catalogue of the literature: one row a paper, what works of it, and how it is shown."""

from .atlas import papers_page
from .rows import CatalogueError, Paper, chapter_title, papers, place, resolve, where
from .trail import PaperTrail, paper_trail

__all__ = [
    "CatalogueError",
    "Paper",
    "PaperTrail",
    "chapter_title",
    "paper_trail",
    "papers",
    "papers_page",
    "place",
    "resolve",
    "where",
]
