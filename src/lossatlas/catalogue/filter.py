"""A list or a table that is narrowed as one types; without a script all of it is there."""

import html
import re
from pathlib import Path

HERE = Path(__file__).parent


def filtered(body, *, noun, name, count, choices=None, none="Nothing matches. Use fewer words.", opens=False):
    """A form above what it narrows, as HTML with style and script inside, so that it needs no other file.

    Args:
        body: HTML in which every row has `data-row`, and for each choice `data-<choice>` with its value; `data-words`
            holds words that a row is also found by. What has `data-group` goes when all rows in it do.
        noun: what is counted, as "papers".
        name: what is filtered, as "the papers".
        count: how many rows there are.
        choices: name of a choice -> {value: its name}; the name with a capital is the label.
        none: what stands there when no row is left.
        opens: whether the Enter key follows the first link that is left.
    """
    return filled(
        "filter.html",
        style=text_of("filter.css"),
        script=text_of("filter.js"),
        noun=noun,
        name=name,
        count=count,
        choices="\n".join(_choice(*choice) for choice in (choices or {}).items()),
        none=none,
        enter=' data-enter="open"' if opens else "",
        body=body,
    )


def table(head, rows, *, kind):
    """A table that shows its rows one below the other where the screen is narrow.

    Args:
        head: the headings of the columns.
        rows: the rows as HTML, `<tr role="row" data-row …>`.
        kind: a class of its own.
    """
    cells = "".join(f'<th role="columnheader" scope="col">{cell}</th>' for cell in head)
    body = "\n".join(rows)
    return (
        f'<table role="table" class="atlas-list {kind}">\n<thead role="rowgroup"><tr role="row">{cells}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{body}\n</tbody>\n</table>'
    )


def filled(template, **parts):
    """A file of this folder with its holes, as {{name}}, filled."""
    return re.sub(r"\{\{(\w+)\}\}", lambda hole: str(parts[hole[1]]), text_of(template))


def text_of(name):
    return (HERE / name).read_text(encoding="utf8")


def _choice(name, values):
    options = {"": "all", **values}
    listed = "".join(
        f'<option value="{html.escape(value)}" data-name="{html.escape(words)}">{html.escape(words)}</option>'
        for value, words in options.items()
    )
    return f'  <label>{name.capitalize()} <select name="{name}">{listed}</select></label>'
