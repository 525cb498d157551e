"""The HTML of a quiz: native controls, feedback that waits beside them, and the answers to unfold without a script."""

import html as entities
import os
import re
from pathlib import Path

#: What a page with questions loads.
FILES = tuple(Path(__file__).parent / "static" / name for name in ("quiz.js", "quiz.css"))

LETTERS = "abcdefgh"
_INLINE = r'<span class="math notranslate nohighlight">\({}\)</span>'
_DISPLAY = r'<span class="math notranslate nohighlight">\[{}\]</span>'
_MARKED = re.compile(r"(\$\$.+?\$\$|\$.+?\$|`.+?`|\*\S.*?\*)", re.S)
#: A formula and the full stop after it, which would else begin the next line.
_FOLLOWED = re.compile(r'(<span class="math[^>]*>\\\([^<]*</span>)([.,;:?!)]+)')


def for_the_site():
    """Whether the notebook is executed for the site, whose pages share one script."""
    return os.environ.get("LOSSATLAS_STATIC") == "1"


def html(quiz, with_files=False):
    """A quiz as `<section>`; `with_files` puts script and style inside, for notebooks, whose outputs stand alone."""
    title = inline(quiz.title)
    questions = "".join(f"<li>{_question(n, question)}</li>" for n, question in enumerate(quiz.questions, 1))
    answers = "".join(f"<li>{_answer(question)}</li>" for question in quiz.questions)
    return (
        f'{_inlined_files() if with_files else ""}<section class="atlas-quiz" data-quiz="{quiz.family}"'
        f' data-part="{quiz.part}" aria-label="Questions: {entities.escape(plain(quiz.title))}"'
        ' data-lm-suppress-shortcuts="true">'
        f'<p class="atlas-quiz-title"><strong>Check yourself:</strong> {title}</p>'
        f'<ol class="atlas-quiz-list">{questions}</ol>'
        '<div class="atlas-quiz-foot"><details class="atlas-quiz-key"><summary>Answers</summary>'
        f'<ol>{answers}</ol></details><p class="atlas-quiz-score"></p></div></section>'
    )


def inline(text, formula=_INLINE, display=_DISPLAY):
    """A text of the questions as HTML; what `formula` and `display` put around TeX, MathJax has to find."""
    parts = []
    for n, piece in enumerate(_MARKED.split(text)):
        escaped = entities.escape(piece, quote=False)
        if n % 2 == 0:
            parts.append(escaped)
        elif piece.startswith("$$"):
            parts.append(display.format(escaped[2:-2]))
        elif piece.startswith("$"):
            parts.append(formula.format(escaped[1:-1]))
        else:
            tag = "code" if piece.startswith("`") else "em"
            parts.append(f"<{tag}>{escaped[1:-1]}</{tag}>")
    return _FOLLOWED.sub(r'<span class="atlas-quiz-whole">\1\2</span>', "".join(parts))


def plain(text):
    """A text of the questions without its marks."""
    return re.sub(r"[$`*]", "", text)


def _question(number, question):
    task = {"several": "Tick all that are right.", "match": "Choose for each."}.get(question.kind, "")
    task = f' <span class="atlas-quiz-task">{task}</span>' if task else ""
    code = f"<pre><code>{entities.escape(question.code.rstrip(), quote=False)}</code></pre>" if question.code else ""
    controls, feedback = _CONTROLS[question.kind](question)
    return (
        f'<form method="dialog" class="atlas-question" data-kind="{question.kind}" data-name="{question.name}"'
        ' autocomplete="off">'
        f'<fieldset><legend><span class="atlas-quiz-number">{number}</span>'
        f" <span>{inline(question.ask)}{task}</span></legend>{code}{controls}</fieldset>"
        '<p class="atlas-quiz-check"><button type="submit">Check</button></p>'
        '<div class="atlas-quiz-feedback" aria-live="polite">'
        f'<p class="atlas-quiz-verdict"></p>{feedback}</div></form>'
    )


def _choices(question):
    kind = "checkbox" if question.kind == "several" else "radio"
    options = "".join(
        f'<label><input type="{kind}" name="answer" value="{letter}"{" data-right" if option.right else ""}>'
        f"{_lettered(question, letter)}<span>{inline(option.text)}</span></label>"
        for letter, option in zip(LETTERS, question.options, strict=False)
    )
    feedback = "".join(
        _feedback(letter, option.feedback, _judged(question, letter, option))
        for letter, option in zip(LETTERS, question.options, strict=False)
    )
    return f'<div class="atlas-quiz-options">{options}</div>', feedback


def _lettered(question, letter):
    return "" if question.kind == "truth" else f'<span class="atlas-quiz-letter">{letter}</span>'


def _judged(question, letter, option):
    """Of several ticks each needs its own verdict; a single answer has the question's."""
    return f"{letter} is {'right' if option.right else 'wrong'}." if question.kind == "several" else ""


def _number(question):
    field = (
        '<label class="atlas-quiz-field">Your answer, a number or a fraction such as 1/3: '
        '<input type="text" name="answer" size="10" inputmode="text" autocapitalize="off" spellcheck="false"'
        f' data-value="{question.value!r}" data-tolerance="{question.tolerance!r}"></label>'
    )
    feedback = _feedback("right", question.feedback) + "".join(
        _feedback("mistake", mistake.feedback, value=mistake.value) for mistake in question.mistakes
    )
    return field, feedback + _feedback("otherwise", question.otherwise)


def _match(question):
    menu = '<option value="">choose …</option>' + "".join(
        f"<option>{entities.escape(choice)}</option>" for choice in question.choices
    )
    rows = "".join(
        f'<label><span>{inline(pair.left)}</span><select name="{letter}"'
        f' data-right="{entities.escape(pair.right)}">{menu}</select></label>'
        for letter, pair in zip(LETTERS, question.pairs, strict=False)
    )
    choices = f'<p class="atlas-quiz-choices">To choose from: {entities.escape("; ".join(question.choices))}.</p>'
    feedback = "".join(
        _feedback(letter, pair.feedback, f"“{plain(pair.left)}”:", judged=True)
        for letter, pair in zip(LETTERS, question.pairs, strict=False)
    )
    return f'<div class="atlas-quiz-pairs">{rows}</div>{choices}', feedback


_CONTROLS = {"one": _choices, "several": _choices, "truth": _choices, "number": _number, "match": _match}


def _feedback(name, text, head="", value=None, judged=False):
    """One sentence of feedback, hidden until the script shows it; `judged` leaves room for right or wrong."""
    attribute = f' data-value="{value!r}"' if value is not None else ""
    head = f"<strong>{entities.escape(head)}</strong> " if head else ""
    verdict = '<span class="atlas-quiz-judged"></span> ' if judged else ""
    return f'<p hidden data-for="{name}"{attribute}>{head}{verdict}{inline(text)}</p>'


def _answer(question):
    """The right answer of a question and why."""
    if question.kind == "number":
        return f"<p><strong>{question.value:.4g}</strong><br>{inline(question.feedback)}</p>"
    if question.kind == "match":
        pairs = "".join(
            f"<li>{inline(p.left)}: <strong>{entities.escape(p.right)}</strong>. {inline(p.feedback)}</li>"
            for p in question.pairs
        )
        return f"<ul>{pairs}</ul>"
    right = [(letter, o) for letter, o in zip(LETTERS, question.options, strict=False) if o.right]
    return "".join(
        f"<p><strong>{_lettered(question, letter)} {inline(option.text)}</strong><br>{inline(option.feedback)}</p>"
        for letter, option in right
    )


def _inlined_files():
    script, style = (path.read_text(encoding="utf8") for path in FILES)
    return f"<style>{style}</style><script>{script}</script>"
