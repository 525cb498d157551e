"""The front page: its list of chapters, as these describe themselves, and what is still to come."""

from ...catalogue import read_catalogue
from ..build.book import BookError
from ..build.chapters import METADATA, chapters

PLACE = "<!-- chapters -->"


def front_page(text, book):
    """The page with its place for the list of chapters filled.

    Args:
        text: the page as written.
        book: the `Book`.

    Raises:
        BookError: a chapter does not say what it is about.
    """
    return text.replace(PLACE, chapter_list(book)) if PLACE in text else text


def chapter_list(book):
    """A line for each chapter, with a link, and the titles of the families that have none yet, as MyST."""
    there = chapters(book)
    for chapter in there:
        if not chapter.about:
            where = f"{chapter.name}.ipynb, metadata `{METADATA}`"
            raise BookError(f"{where}: expected `about`, a sentence for the front page, got nothing")
    titles = read_catalogue(book.sources / "papers").titles
    to_come = [title for family, title in titles.items() if family not in {chapter.name for chapter in there}]
    lines = [f"- {{doc}}`{chapter.name}`: {chapter.about}" for chapter in there]
    return "\n".join([*lines, *(["", f"Still to come: {'; '.join(to_come)}."] if to_come else [])])
