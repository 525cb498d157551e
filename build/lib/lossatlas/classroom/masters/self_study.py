"""The exercises of a chapter as a page of the site: to read, to take along, and to check oneself in a notebook."""

import html
import inspect

from ...exercises import EXERCISES

#: The cell that fetches the library on Colab has no place on a page.
FETCHES = "import lossatlas\nexcept ImportError"


def self_study_page(master, *, audience, addresses):
    """The page as MyST Markdown.

    Args:
        master: a `Master`.
        audience: "student", or "instructor" for a page with the solutions.
        addresses: what to offer at the top, words -> address, such as {"Download the notebook": "cross_entropy.ipynb"}.

    Raises:
        ValueError: the audience is neither of the two.
    """
    if audience not in ("student", "instructor"):
        raise ValueError(f"`audience`: expected 'student' or 'instructor', got {audience!r}")
    minutes = sum(question.minutes for question in master.questions)
    # As HTML: MyST takes the address of a file that the site puts beside the page for a page that is missing.
    offered = "\n".join(
        f'<a href="{html.escape(address)}">{html.escape(words)}</a>' for words, address in addresses.items()
    )
    begin = "\n\n\n".join(cell.source for cell in master.opening if cell.kind == "code" and FETCHES not in cell.source)
    parts = [
        f"# {master.title}",
        master.intro,
        f"All of them together take about {minutes} minutes.",
        f'<p class="atlas-offers">\n{offered}\n</p>' if offered else "",
        "All code of this page is in the notebook. Wherever else you work, begin with this:",
        _code(begin),
        *(_exercise(question, audience) for question in master.questions),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _exercise(question, audience):
    cells = [
        ("What you are given", question.given),
        ("Start from this", question.stub),
        ("Then check yourself", question.shown_check),
    ]
    parts = [
        f'<div id="exercise-{question.number}"></div>',
        f"## {question.number} · {question.title}",
        f"*About {question.minutes} minutes; {question.points:g} points where it is graded.*",
        question.statement,
        *(
            _dropdown(f"Hint {i}" if len(question.hints) > 1 else "Hint", hint)
            for i, hint in enumerate(question.hints, 1)
        ),
        *(_code(source, caption) for caption, source in cells if source),
        _dropdown("What the check looks at", _properties(question)),
    ]
    if audience == "instructor":
        parts.append(_dropdown("Solution", "\n\n".join(filter(None, (_code(question.solution), question.explanation)))))
    return "\n\n".join(parts)


def _properties(question):
    names = [
        inspect.getdoc(inspect.unwrap(a_property)).partition("\n")[0]
        for a_property in EXERCISES[question.key].properties
    ]
    return "\n".join(f"{number}. {name}" for number, name in enumerate(names, 1))


def _dropdown(title, text):
    """Fenced with more colons than any fence inside."""
    longest = max((len(line) - len(line.lstrip(":")) for line in text.splitlines()), default=0)
    fence = ":" * max(3, longest + 1)
    return f"{fence}{{dropdown}} {title}\n{text}\n{fence}"


def _code(source, caption=""):
    fence = f"```{{code-block}} python\n:caption: {caption}\n" if caption else "```python"
    return f"{fence}\n{source.strip()}\n```"
