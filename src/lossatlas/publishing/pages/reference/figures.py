"""The pictures of a loss on its page: the first stands there, the others unfold."""

import html
import re

from nbformat.v4 import new_output


def folded(outputs):
    """The outputs of a cell of pictures with every figure but the first in a fold of its own.

    A figure draws itself when it comes near the view, which one in a closed fold never does.

    Args:
        outputs: the outputs of the executed cell.
    """
    shown = [output for output in outputs if "text/html" in output.get("data", {})]
    return [*shown[:1], *map(_fold, shown[1:])]


def _fold(output):
    figure = "".join(output["data"]["text/html"])
    title = html.unescape(re.search(r'aria-label="([^"]*)"', figure)[1])
    markup = f'<details class="atlas-fold atlas-picture"><summary>{html.escape(title)}</summary>\n{figure}</details>'
    return new_output("display_data", {"text/html": markup})
