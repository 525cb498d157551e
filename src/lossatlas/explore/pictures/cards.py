"""A loss on a card: name, purpose, formula, paper, source; and a figure that is simply there."""

import inspect
import io
import re

from ...contract import describe, expect, get
from ..engine import page
from ..engine.table import escape
from ..engine.wording import purpose_of, title_of

#: Says of which loss a card is, for whoever puts more beside it.
CARD = "application/vnd.lossatlas.card+json"


def card(loss):
    """The card of a loss: name, first sentence, formula, paper, and the source to unfold.

    All of it is read from the function itself, so text and code agree. It is shown as Markdown, which notebooks and
    the book both typeset with the formula as display mathematics.

    Args:
        loss: a registered loss, by function, entry or name.
    """
    return Card(get(loss))


class Card:
    """What `card` returns."""

    def __init__(self, entry):
        self.entry = entry

    def __repr__(self):
        return f"{self.entry.name}: {self.entry.summary}"

    def markdown(self):
        entry = self.entry
        arguments = ", ".join(
            [*entry.signature.names, *(f"{name}={value!r}" for name, value in entry.defaults.items())]
        )
        # What the docstring says of the source, and of where the literature says something else.
        notes = re.findall(r"^(Paper|Differs): (.+?)(?=\n\n|\Z)", inspect.getdoc(entry.body) or "", re.M | re.S)
        notes = "".join(f"*{name}:* {' '.join(text.split())}\n\n" for name, text in notes)
        return (
            f"**{title_of(entry)}.** {purpose_of(entry)}\n\n"
            f"`{entry.name}({arguments})`\n\n$$\n{entry.formula}\n$$\n\n{notes}"
            f"<details><summary>Source of {entry.name}</summary>\n\n```python\n{entry.source}\n```\n\n</details>\n"
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/markdown": self.markdown(), "text/plain": repr(self), CARD: {"loss": self.entry.name}}


def figure(fig, alt=None, caption=""):
    """A matplotlib figure with alternative text.

    Args:
        fig: the matplotlib figure; it is closed for pyplot, so that it is not shown twice.
        alt: what the figure shows, for a reader who does not see it.
        caption: a sentence below the figure.

    Raises:
        ValueError: without alt text.
    """
    wanted = "alternative text: what the figure shows, in words"
    expect(isinstance(alt, str) and alt.strip(), "alt", wanted, describe(alt) if alt else "nothing")
    expect(hasattr(fig, "savefig"), "fig", "a matplotlib figure", describe(fig), TypeError)
    return Still(fig, alt, caption)


class Still:
    """What `figure` returns."""

    def __init__(self, fig, alt, caption):
        from matplotlib import pyplot

        pyplot.close(fig)
        image = io.BytesIO()
        fig.savefig(image, format="png", dpi=100 * page.SCALE, bbox_inches="tight", facecolor="white")
        self.alt, self.caption, self.data = alt, caption, image.getvalue()

    def __repr__(self):
        return f"Figure: {self.alt}"

    def png(self):
        return self.data

    def html(self):
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure class="atlas-figure">{page.image(self.data, self.alt)}{caption}</figure>'

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {"text/plain": repr(self), "text/html": self.html(), "image/png": page.base64_text(self.data)}
        return bundle, {"image/png": {"alt": self.alt}}
