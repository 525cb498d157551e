"""Chapters as decks of slides."""

from .deck import write_slides

__all__ = ["write_slides"]
