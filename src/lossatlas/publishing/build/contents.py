"""The table of contents of the site: the book's own, with what belongs to a chapter put below it."""

from lossatlas.exercises.listing import page_of

from .config import listed_pages


def belonging(chapter):
    """What may belong to a chapter, in order: title in the navigation -> name of its page."""
    return {"Reference": f"reference/{chapter}", "Evidence": f"evidence/{chapter}", "Exercises": page_of(chapter)}


def with_belongings(table, there):
    """A table of contents with the pages that belong to each listed page put below it.

    Args:
        table: the table of contents as `_toc.yml` has it, one line for a chapter; it is left as it is.
        there: the names of all pages that there are; nothing else is added.
    """
    return {
        key: [_with_sections(entry, there) for entry in value] if isinstance(value, list) else value
        for key, value in table.items()
    }


def put_below(table):
    """The names of the pages that `with_belongings` may put below those that a table of contents lists."""
    return {page for chapter in listed_pages(table) for page in belonging(chapter).values()}


def _with_sections(entry, there):
    entry = with_belongings(entry, there)
    own = belonging(entry["file"]).items() if "file" in entry else ()
    sections = [{"file": page, "title": title} for title, page in own if page in there]
    return {**entry, "sections": [*sections, *entry.get("sections", ())]} if sections else entry
