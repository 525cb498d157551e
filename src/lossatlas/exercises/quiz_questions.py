"""The questions of a chapter, read from its `quiz.yml` and checked field by field.

A file has `chapter`, its title, `parts` (name: title, in the order of the chapter) and `questions`, a list. Every
question has `name`, `part`, `kind` and `ask`, and may show `code`. Texts are plain, with `$formula$`, `` `code` `` and
`*stress*`. By kind:

- `one` and `several`: `options`, a list of `text`, `feedback`, and `right: true` where it is.
- `truth`: `right` (true or false), and the feedback `if_true` and `if_false` to either answer.
- `number`: `value`, `tolerance`, `feedback`; `mistakes`, a list of `value` and `feedback` for numbers that tempt;
  `otherwise`, the feedback to any other number.
- `match`: `pairs`, a list of `left`, `right`, `feedback`. `right` is a plain word or two; `feedback` names what
  decides, without the answer, since it is shown after a wrong answer too.
"""

import re
from dataclasses import dataclass
from pathlib import Path

FILE = "quiz.yml"
KINDS = ("one", "several", "truth", "number", "match")


class QuizError(ValueError):
    """A quiz file is not as it should be; the message has a line for every field that is wrong."""


@dataclass(frozen=True)
class Option:
    """One answer to choose, and the feedback to it."""

    text: str
    right: bool
    feedback: str


@dataclass(frozen=True)
class Choice:
    """A question with answers to choose from; `kind` is "one", "several" or "truth"."""

    name: str
    part: str
    kind: str
    ask: str
    code: str
    options: tuple


@dataclass(frozen=True)
class Mistake:
    """A wrong number that tempts, and why it does."""

    value: float
    feedback: str


@dataclass(frozen=True)
class Number:
    """A question whose answer is a number, right within the tolerance."""

    name: str
    part: str
    ask: str
    code: str
    value: float
    tolerance: float
    feedback: str
    mistakes: tuple
    otherwise: str
    kind: str = "number"


@dataclass(frozen=True)
class Pair:
    """What is to be matched, with what, and what decides it."""

    left: str
    right: str
    feedback: str


@dataclass(frozen=True)
class Match:
    """A question in which several things are to be matched with their partners."""

    name: str
    part: str
    ask: str
    code: str
    pairs: tuple
    kind: str = "match"

    @property
    def choices(self):
        """All partners, each once, in an order that gives nothing away."""
        return tuple(sorted({pair.right for pair in self.pairs}, key=str.casefold))


def families():
    """The chapters that have questions."""
    return tuple(sorted(path.parent.name for path in Path(__file__).parent.glob(f"*/{FILE}")))


def path_of(family):
    return Path(__file__).parent / family / FILE


def read(path):
    """The contents of a file: (title of the chapter, {part: its title}, tuple of questions).

    Raises:
        QuizError: a line for every problem, naming file, question, field, what was expected and what is there.
    """
    import yaml

    path = Path(path)
    name = f"{path.parent.name}/{path.name}"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf8"))
    except yaml.YAMLError as error:
        raise QuizError(f"{name}: expected YAML, got {' '.join(str(error).split())}") from None
    problems = []
    top = _Fields(name, content, problems)
    chapter = top.text("chapter", "the title of the chapter")
    parts = top.take("parts", dict, "a mapping from the name of a part to its title") or {}
    for part, title in parts.items():
        if not isinstance(title, str) or not isinstance(part, str):
            problems.append(f"{name}, `parts`: expected a title for {part!r}, got {title!r}")
    rows = top.take("questions", list, "a list of questions") or []
    top.nothing_else()
    questions = [
        _question(_Fields(f"{name}, question {_called(row, n)}", row, problems), parts) for n, row in enumerate(rows, 1)
    ]
    names = [question.name for question in questions if question]
    problems += [
        f"{name}, question {twice}, `name`: expected a name of its own, got one that is taken"
        for twice in _repeated(names)
    ]
    if problems:
        raise QuizError("\n".join(problems))
    return chapter, parts, tuple(questions)


class _Fields:
    """A mapping of the file, taken apart field by field; what is wrong is noted in `problems`."""

    def __init__(self, where, content, problems):
        self.where, self.problems = where, problems
        self.left = dict(content) if isinstance(content, dict) else {}
        if not isinstance(content, dict):
            self.wrong("", "a mapping of fields", content)

    def wrong(self, field, expected, got):
        words = repr(got)
        words = words if len(words) <= 60 else f"{words[:57]}..."
        self.problems.append(f"{self.where}{f', `{field}`' if field else ''}: expected {expected}, got {words}")

    def take(self, field, kind, expected, default=None):
        """The value of a field, or its default where there is one; None and a note where it is wrong."""
        if field not in self.left:
            if default is None:
                self.problems.append(f"{self.where}, `{field}`: expected {expected}, got nothing")
            return default
        value = self.left.pop(field)
        right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not right or (kind is str and not value.strip()):
            self.wrong(field, expected, value)
            return None
        return value

    def text(self, field, expected="a text", default=None):
        value = self.take(field, str, expected, default)
        if value and (value.count("$") % 2 or value.count("`") % 2):
            self.wrong(field, "formulas and code that are closed again, $…$ and `…`", value)
        return value.strip() if value else ""

    def number(self, field, expected="a number"):
        value = self.take(field, (int, float), expected)
        return float(value) if value is not None else 0.0

    def listed(self, field, least, build, default=None):
        rows = self.take(field, list, f"a list of at least {least}", default)
        if rows is not None and len(rows) < least:
            self.wrong(field, f"a list of at least {least}", rows)
        return tuple(
            build(_Fields(f"{self.where}, `{field}` {n}", row, self.problems)) for n, row in enumerate(rows or (), 1)
        )

    def nothing_else(self):
        for field in self.left:
            self.wrong(field, "no such field", self.left[field])


def _question(row, parts):
    name = row.text("name", "a name of lower-case words joined by hyphens")
    if name and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        row.wrong("name", "a name of lower-case words joined by hyphens", name)
    part = row.text("part", f"one of the parts {', '.join(parts)}")
    if part and part not in parts:
        row.wrong("part", f"one of the parts {', '.join(parts)}", part)
    kind = row.text("kind", f"one of {', '.join(KINDS)}")
    common = {
        "name": name,
        "part": part,
        "ask": row.text("ask"),
        "code": row.take("code", str, "lines of code", "") or "",
    }
    if kind not in _BUILT_AS:
        if kind:
            row.wrong("kind", f"one of {', '.join(KINDS)}", kind)
        return None
    question = _BUILT_AS[kind](row, common)
    row.nothing_else()
    return question


def _choice(kind):
    def build(row, common):
        options = row.listed("options", 2, _option)
        right = sum(option.right for option in options)
        if kind == "one" and options and right != 1:
            row.wrong("options", "exactly one with `right: true`", right)
        if kind == "several" and options and not 0 < right < len(options):
            row.wrong("options", "some that are right and some that are not", f"{right} right of {len(options)}")
        for text in _repeated([option.text for option in options]):
            row.wrong("options", "texts that differ", text)
        return Choice(**common, kind=kind, options=options)

    return build


def _option(row):
    option = Option(row.text("text"), bool(row.take("right", bool, "true or false", False)), row.text("feedback"))
    row.nothing_else()
    return option


def _truth(row, common):
    right = row.take("right", bool, "true or false")
    feedback = row.text("if_true"), row.text("if_false")
    return Choice(
        **common,
        kind="truth",
        options=(Option("True", right is True, feedback[0]), Option("False", right is False, feedback[1])),
    )


def _number(row, common):
    value, tolerance = row.number("value"), row.number("tolerance", "a number above 0")
    if tolerance <= 0:
        row.wrong("tolerance", "a number above 0", tolerance)
    mistakes = row.listed("mistakes", 0, _mistake, default=())
    for near in (mistake.value for mistake in mistakes if abs(mistake.value - value) <= 2 * tolerance):
        row.wrong("mistakes", f"numbers farther than two tolerances from {value:g}", near)
    feedback, otherwise = row.text("feedback"), row.text("otherwise")
    return Number(**common, value=value, tolerance=tolerance, feedback=feedback, mistakes=mistakes, otherwise=otherwise)


def _mistake(row):
    mistake = Mistake(row.number("value"), row.text("feedback"))
    row.nothing_else()
    return mistake


def _match(row, common):
    pairs = row.listed("pairs", 3, _pair)
    for text in _repeated([pair.left for pair in pairs]):
        row.wrong("pairs", "things to match that differ", text)
    return Match(**common, pairs=pairs)


def _pair(row):
    pair = Pair(row.text("left"), row.text("right"), row.text("feedback"))
    if re.search(r"[$`*]|->", pair.right):
        row.wrong("right", "plain words, for a menu shows no formulas", pair.right)
    if "->" in pair.left:
        row.wrong("left", "a text without ->, which GIFT takes for its own", pair.left)
    row.nothing_else()
    return pair


_BUILT_AS = {"one": _choice("one"), "several": _choice("several"), "truth": _truth, "number": _number, "match": _match}


def _called(row, n):
    name = row.get("name") if isinstance(row, dict) else None
    return f"{n} ({name})" if isinstance(name, str) else str(n)


def _repeated(values):
    return sorted({value for value in values if values.count(value) > 1})
