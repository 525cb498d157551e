"""The mark of a place that is still to be written, and the names that may be given."""

import re

from ..build.book import BookError

#: What a skeleton leaves where an author has to write. A check of the sources finds each.
TO_WRITE = "(to be written)"


def check_name(name, what):
    """A name in lower case, with underscores: it becomes that of a file."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise BookError(f"{what}: expected a name such as pair_metric_learning, got {name!r}")


def write(path, text):
    """Write a file that is not there yet; gives its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")
    return path
