"""Questions in GIFT, the text format that Moodle and other learning-management systems import.

Formulas become `\\(…\\)` within a line and `$$…$$` on a line of their own, as Moodle's MathJax filter takes them.
Each part of a chapter becomes a category. Of several right answers each counts its share, and ticking everything
counts nothing.
"""

import html as entities
import re

from .quiz_page import inline

_SPECIAL = re.compile(r"[\\~=#{}:]")


def gift(quiz):
    """The text of a GIFT file with the questions of a `Quiz`."""
    blocks, part = [f"// {quiz.chapter}: questions to check oneself."], None
    for question in quiz.questions:
        if question.part != part:
            part = question.part
            blocks.append(f"$CATEGORY: {_category(quiz.chapter)}/{_category(part)}")
        blocks.append(f"::{escaped(question.name)}::[html]{_asked(question)} {{{_ANSWERS[question.kind](question)}}}")
    return "\n\n".join(blocks) + "\n"


def escaped(text):
    """A text in which nothing stands for GIFT's own signs, on one line."""
    return _SPECIAL.sub(lambda sign: f"\\{sign[0]}", text).replace("\n", "\\n")


def _category(name):
    return name.replace("/", "//")


def _html(text):
    return inline(" ".join(text.split()), formula=r"\({}\)", display="$${}$$")


def _text(text):
    return escaped(_html(text))


def _asked(question):
    code = escaped(f"<pre>{entities.escape(question.code.rstrip(), quote=False)}</pre>") if question.code else ""
    return f"<p>{_text(question.ask)}</p>{code}"


def _one(question):
    return _lines(f"{'=' if o.right else '~'}{_text(o.text)}#{_text(o.feedback)}" for o in question.options)


def _several(question):
    right = sum(option.right for option in question.options)
    share = {True: f"{100 / right:.7g}", False: f"-{100 / (len(question.options) - right):.7g}"}
    return _lines(f"~%{share[o.right]}%{_text(o.text)}#{_text(o.feedback)}" for o in question.options)


def _truth(question):
    """After the answer comes the feedback for who is wrong, then that for who is right."""
    (right,) = (option for option in question.options if option.right)
    (other,) = (option for option in question.options if not option.right)
    return f"{right.text.upper()}#{_text(other.feedback)}#{_text(right.feedback)}"


def _number(question):
    lines = [f"={question.value!r}:{question.tolerance!r}#{_text(question.feedback)}"]
    lines += [
        f"=%0%{mistake.value!r}:{question.tolerance!r}#{_text(mistake.feedback)}" for mistake in question.mistakes
    ]
    return "#" + _lines([*lines, f"~#{_text(question.otherwise)}"])


def _match(question):
    lines = [f"={_text(pair.left)} -> {escaped(pair.right)}" for pair in question.pairs]
    reasons = " ".join(f"<em>{_html(pair.left)}</em>: {_html(pair.feedback)}" for pair in question.pairs)
    return _lines([*lines, f"####{escaped(reasons)}"])


_ANSWERS = {"one": _one, "several": _several, "truth": _truth, "number": _number, "match": _match}


def _lines(lines):
    return "".join(f"\n\t{line}" for line in lines) + "\n"
