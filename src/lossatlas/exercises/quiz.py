"""`quiz`: questions of a chapter that answer back, on a page without a kernel as well as in a notebook."""

from dataclasses import dataclass

from ..contract import wrong
from . import quiz_page
from .quiz_questions import families, path_of, read


def quiz(family, *, part=None):
    """The questions of a chapter, or of one part of it.

    Args:
        family: which chapter, such as `"cross_entropy"`.
        part: which part of its questions; all by default.

    Returns:
        A `Quiz`, which shows itself as the value of a cell.

    Raises:
        ValueError: there is no such chapter or part.
        QuizError: the file of the questions is not as it should be.
    """
    if family not in families():
        raise wrong("family", f"one of {', '.join(families())}", repr(family))
    chapter, parts, questions = read(path_of(family))
    if part is None:
        return Quiz(family, chapter, "", chapter, questions)
    if part not in parts:
        raise wrong("part", f"one of {', '.join(parts)}", repr(part))
    return Quiz(family, chapter, part, parts[part], tuple(question for question in questions if question.part == part))


@dataclass(frozen=True, repr=False)
class Quiz:
    """What `quiz` returns: the questions of a chapter, or of a part of it, and the title they stand under."""

    family: str
    chapter: str
    part: str
    title: str
    questions: tuple

    def __str__(self):
        return "\n\n".join([f"Check yourself: {self.title}", *(_plain(n, q) for n, q in enumerate(self.questions, 1))])

    def __repr__(self):
        return f"<quiz {self.family}{f', {self.part}' if self.part else ''}: {len(self.questions)} questions>"

    def html(self):
        """The questions as a part of a page that has the script and the style of `quiz_page.FILES`."""
        return quiz_page.html(self)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": str(self), "text/html": quiz_page.html(self, with_files=not quiz_page.for_the_site())}


def _plain(number, question):
    """A question as text, with boxes to tick and lines to write on, without the answers."""
    lines = [f"{number}. {question.ask}"]
    if question.code:
        lines += [f"       {line}" for line in question.code.rstrip().splitlines()]
    if question.kind == "number":
        lines.append("   Answer: ________")
    elif question.kind == "match":
        lines += [f"   ________ {pair.left}" for pair in question.pairs]
        lines.append(f"   To choose from: {'; '.join(question.choices)}")
    else:
        lines += [
            f"   [ ] {option.text if question.kind == 'truth' else f'{letter}. {option.text}'}"
            for letter, option in zip(quiz_page.LETTERS, question.options, strict=False)
        ]
    return "\n".join(lines)
