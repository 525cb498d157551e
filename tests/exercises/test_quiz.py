"""Questions are read and checked, shown in three forms, and come back from GIFT as they went."""

import html.parser
import re
from itertools import pairwise

import pytest
import yaml
from tests.exercises import gift_reader

from lossatlas.exercises.quiz import Quiz, quiz
from lossatlas.exercises.quiz_gift import escaped, gift
from lossatlas.exercises.quiz_page import FILES
from lossatlas.exercises.quiz_questions import QuizError, families, path_of, read
from lossatlas.publishing.build.book import Book
from lossatlas.publishing.cli import main

FAMILIES = families()
#: What Moodle lets an answer of several count, in percent, as its format rounds it.
MOODLE_SHARES = {
    100,
    90,
    83.33333,
    80,
    75,
    70,
    66.66667,
    60,
    50,
    40,
    33.33333,
    30,
    25,
    20,
    16.66667,
    14.28571,
    12.5,
    11.11111,
    10,
    5,
}

VALID = {
    "chapter": "A chapter",
    "parts": {"first": "the first part"},
    "questions": [
        {
            "name": "one-of-two",
            "part": "first",
            "kind": "one",
            "ask": "Which: $a = \\{1\\}$ or `b ~ 2`?",
            "code": "x = {1: '#'}  # ~\n\n\ny = \"\\n\" < 2 & 3\n",
            "options": [
                {"text": "$a$", "right": True, "feedback": "Yes: $50\\%$ ~ *really* #1."},
                {"text": "a -> b = {c}", "feedback": "No."},
            ],
        },
        {
            "name": "some-of-four",
            "part": "first",
            "kind": "several",
            "ask": "Which?",
            "options": [
                {"text": "a", "right": True, "feedback": "A."},
                {"text": "b", "right": True, "feedback": "B."},
                {"text": "c", "right": True, "feedback": "C."},
                {"text": "d", "feedback": "D."},
            ],
        },
        {
            "name": "true-or-false",
            "part": "first",
            "kind": "truth",
            "ask": "So?",
            "right": False,
            "if_true": "No.",
            "if_false": "Yes.",
        },
        {
            "name": "how-much",
            "part": "first",
            "kind": "number",
            "ask": "How much?",
            "value": -1.5,
            "tolerance": 0.01,
            "feedback": "Yes.",
            "mistakes": [{"value": 1.5, "feedback": "The sign."}],
            "otherwise": "No.",
        },
        {
            "name": "what-with-what",
            "part": "first",
            "kind": "match",
            "ask": "What?",
            "pairs": [
                {"left": "l = 1", "right": "one: r", "feedback": "F1."},
                {"left": "$m$", "right": "two", "feedback": "F2."},
                {"left": "n", "right": "two", "feedback": "F3."},
            ],
        },
    ],
}


@pytest.fixture
def write(tmp_path):
    """(content) -> path of a quiz file with it."""

    def write(content):
        path = tmp_path / "a_family" / "quiz.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), encoding="utf8"
        )
        return path

    return write


def tried(content):
    chapter, _, questions = content
    return Quiz("a_family", chapter, "", chapter, questions)


def changed(n, **fields):
    """The valid file with fields of its n-th question changed, or taken away where the value is `...`."""
    questions = [dict(question) for question in VALID["questions"]]
    questions[n] = {k: v for k, v in {**questions[n], **fields}.items() if v is not ...}
    return {**VALID, "questions": questions}


# ---- The files of the chapters ----


def test_every_chapter_has_questions():
    chapters = {path.name for path in path_of("x").parents[1].iterdir() if (path / "__init__.py").is_file()}
    assert set(FAMILIES) == chapters


@pytest.mark.parametrize("family", FAMILIES)
def test_chapter_has_a_good_quiz(family):
    """Ten questions or more of several kinds; the right answer varies in place, and is not simply the longest."""
    _, parts, questions = read(path_of(family))
    assert len(questions) >= 10
    assert len({question.kind for question in questions}) >= 4
    assert [part for part, _ in dict.fromkeys((q.part, None) for q in questions)] == list(parts)
    ones = [q for q in questions if q.kind == "one"]
    places = {next(n for n, option in enumerate(q.options) if option.right) for q in ones}
    assert len(places) >= 3
    longest = [max(q.options, key=lambda option: len(option.text)).right for q in ones]
    assert sum(longest) <= len(ones) / 2 + 1


@pytest.mark.parametrize("family", FAMILIES)
def test_every_answer_has_feedback_of_its_own(family):
    for question in quiz(family).questions:
        if question.kind == "number":
            feedback = [question.feedback, question.otherwise, *(mistake.feedback for mistake in question.mistakes)]
        else:
            feedback = [part.feedback for part in (question.pairs if question.kind == "match" else question.options)]
        assert len(set(feedback)) == len(feedback)
        assert all(len(words.split()) >= 4 and words.endswith((".", "?")) for words in feedback), question.name


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_need_no_macros_of_the_site(family):
    """Formulas are set in notebooks and in learning-management systems too."""
    assert not re.search(r"\\(softmax|logsumexp|KL|E|R)(?![a-zA-Z])", path_of(family).read_text(encoding="utf8"))


@pytest.mark.parametrize("family", FAMILIES)
def test_chapter_asks_all_its_parts(family):
    """Each part of the questions stands in one place of the chapter, in order."""
    text = (Book.find(__file__).sources / f"{family}.ipynb").read_text(encoding="utf8")
    assert re.findall(rf'quiz\(\\"{family}\\", part=\\"([^"\\]+)\\"\)', text) == list(read(path_of(family))[1])


# ---- What the file must be ----


def test_a_valid_file_is_read(write):
    chapter, parts, questions = read(write(VALID))
    assert (chapter, parts) == ("A chapter", {"first": "the first part"})
    assert [question.kind for question in questions] == ["one", "several", "truth", "number", "match"]
    assert [option.right for option in questions[2].options] == [False, True]
    assert questions[4].choices == ("one: r", "two")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [", "expected YAML, got"),
        ("- 1", "a_family/quiz.yml: expected a mapping of fields, got [1]"),
        ({**VALID, "questions": 3}, "`questions`: expected a list of questions, got 3"),
        ({**VALID, "extra": 1}, "`extra`: expected no such field, got 1"),
        ({**VALID, "chapter": ""}, "`chapter`: expected the title of the chapter, got ''"),
        (
            changed(0, kind="guess"),
            "question 1 (one-of-two), `kind`: expected one of one, several, truth, number, match, got 'guess'",
        ),
        (changed(0, part="last"), "question 1 (one-of-two), `part`: expected one of the parts first, got 'last'"),
        (changed(0, ask=...), "question 1 (one-of-two), `ask`: expected a text, got nothing"),
        (
            changed(0, ask="half a $formula"),
            "`ask`: expected formulas and code that are closed again, $…$ and `…`, got 'half a $formula'",
        ),
        (
            changed(0, name="One of two"),
            "`name`: expected a name of lower-case words joined by hyphens, got 'One of two'",
        ),
        (
            changed(0, name=...),
            "question 1, `name`: expected a name of lower-case words joined by hyphens, got nothing",
        ),
        (
            changed(1, name="one-of-two"),
            "question one-of-two, `name`: expected a name of its own, got one that is taken",
        ),
        (
            changed(0, options=[{"text": "a", "right": True, "feedback": "A."}]),
            "`options`: expected a list of at least 2, got",
        ),
        (
            changed(0, options=[{"text": t, "feedback": "A."} for t in "ab"]),
            "`options`: expected exactly one with `right: true`, got 0",
        ),
        (
            changed(0, options=[{"text": "a", "right": r, "feedback": "A."} for r in (True, False)]),
            "`options`: expected texts that differ, got 'a'",
        ),
        (
            changed(0, options=[{"text": "a", "right": "yes", "feedback": "A."}] * 2),
            "`options` 1, `right`: expected true or false, got 'yes'",
        ),
        (
            changed(0, options=[{"text": 3, "feedback": "A."}] * 2),
            "question 1 (one-of-two), `options` 1, `text`: expected a text, got 3",
        ),
        (changed(0, options=["a", "b"]), "`options` 1: expected a mapping of fields, got 'a'"),
        (
            changed(0, options=[{"text": "a", "feedback": "A.", "hint": 1}] * 2),
            "`options` 1, `hint`: expected no such field, got 1",
        ),
        (
            changed(1, options=[{"text": t, "right": True, "feedback": "A."} for t in "ab"]),
            "expected some that are right and some that are not, got '2 right of 2'",
        ),
        (changed(2, right="false"), "question 3 (true-or-false), `right`: expected true or false, got 'false'"),
        (changed(2, if_true=...), "`if_true`: expected a text, got nothing"),
        (changed(3, value="1/3"), "question 4 (how-much), `value`: expected a number, got '1/3'"),
        (changed(3, value=True), "`value`: expected a number, got True"),
        (changed(3, tolerance=0), "`tolerance`: expected a number above 0, got 0.0"),
        (
            changed(3, mistakes=[{"value": -1.49, "feedback": "A."}]),
            "`mistakes`: expected numbers farther than two tolerances from -1.5, got -1.49",
        ),
        (
            changed(4, pairs=[{"left": t, "right": "$x$", "feedback": "A."} for t in "abc"]),
            "`right`: expected plain words, for a menu shows no formulas, got '$x$'",
        ),
        (
            changed(4, pairs=[{"left": f"{t} -> x", "right": "x", "feedback": "A."} for t in "abc"]),
            "`left`: expected a text without ->, which GIFT takes for its own, got 'a -> x'",
        ),
        (
            changed(4, pairs=[{"left": "a", "right": "x", "feedback": "A."}] * 3),
            "`pairs`: expected things to match that differ, got 'a'",
        ),
    ],
)
def test_what_is_wrong_is_named(write, content, words):
    with pytest.raises(QuizError, match=re.escape(words)):
        read(write(content))


def test_all_problems_are_reported_at_once(write):
    with pytest.raises(QuizError) as problems:
        read(write({**changed(0, kind="guess"), "extra": 1, "chapter": 2}))
    assert len(str(problems.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("cross",), "`family`: expected one of"), (("contrastive", "last"), "`part`: expected one of forces")],
)
def test_quiz_names_what_there_is(arguments, words):
    with pytest.raises(ValueError, match=words):
        quiz(arguments[0], part=arguments[1] if len(arguments) > 1 else None)


# ---- The forms it takes ----


class Outline(html.parser.HTMLParser):
    """Checks that tags are nested as they are closed, and collects them."""

    VOID = ("input", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("family", FAMILIES)
def test_html_is_made_of_native_labelled_controls(family):
    shown = quiz(family)
    tags = Outline(shown.html()).seen
    names = [tag for tag, _ in tags]
    count = len(shown.questions)
    assert names.count("form") == names.count("fieldset") == names.count("legend") == names.count("button") == count
    assert sum(attributes.get("aria-live") == "polite" for _, attributes in tags) == count
    assert names.count("label") == names.count("input") + names.count("select")
    assert not any(attributes.get("src") or attributes.get("href") for _, attributes in tags)
    assert not any(name.startswith("on") or name == "style" for _, attributes in tags for name in attributes)


def test_special_signs_are_text(write):
    text = tried(read(write(VALID))).html()
    assert "&lt; 2 &amp; 3" in text
    assert r'<span class="math notranslate nohighlight">\(a = \{1\}\)</span>' in text
    assert "<em>really</em>" in text and "<code>b ~ 2</code>" in text


def test_notebook_brings_script_and_style_and_the_site_does_not(monkeypatch):
    shown = quiz("contrastive", part="forces")
    monkeypatch.delenv("LOSSATLAS_STATIC", raising=False)
    assert all(path.read_text(encoding="utf8") in shown._repr_mimebundle_()["text/html"] for path in FILES)
    monkeypatch.setenv("LOSSATLAS_STATIC", "1")
    assert shown._repr_mimebundle_()["text/html"] == shown.html()
    assert "<script" not in shown.html()


def test_text_has_the_questions_and_not_the_answers(write):
    shown = tried(read(write(VALID)))
    assert shown._repr_mimebundle_()["text/plain"] == str(shown)
    assert all(question.ask in str(shown) for question in shown.questions)
    assert "[ ] b. a -> b = {c}" in str(shown) and "   [ ] True" in str(shown) and "________ $m$" in str(shown)
    assert not any(words in str(shown) for words in ("Yes", "No.", "right", "1.5", "F1."))
    assert repr(shown) == "<quiz a_family: 5 questions>"


def test_parts_make_up_the_whole():
    shown = quiz("cross_entropy")
    parts = dict.fromkeys(question.part for question in shown.questions)
    assert tuple(q for part in parts for q in quiz("cross_entropy", part=part).questions) == shown.questions


# ---- GIFT ----


def as_written(question):
    """A question in the words of the reader of GIFT."""
    squeezed = lambda text: " ".join(text.split())  # noqa: E731
    common = {
        "name": question.name,
        "format": "html",
        "text": squeezed(question.ask),
        "code": question.code.rstrip(),
        "kind": question.kind,
    }
    if question.kind == "match":
        general = " ".join(f"*{squeezed(p.left)}*: {squeezed(p.feedback)}" for p in question.pairs)
        return {**common, "pairs": [(squeezed(p.left), p.right) for p in question.pairs], "general": general}
    if question.kind == "number":
        rows = [(None, question.value, question.feedback), *((0.0, m.value, m.feedback) for m in question.mistakes)]
        answers = [
            {
                "weight": w,
                "value": v,
                "tolerance": question.tolerance,
                "text": f"{v!r}:{question.tolerance!r}",
                "feedback": squeezed(f),
            }
            for w, v, f in rows
        ]
        return {**common, "answers": answers, "otherwise": squeezed(question.otherwise)}
    if question.kind == "truth":
        feedback = {option.right: squeezed(option.feedback) for option in question.options}
        return {**common, "right": question.options[0].right, "if_wrong": feedback[False], "if_right": feedback[True]}
    answers = [{"text": squeezed(o.text), "feedback": squeezed(o.feedback), "right": o.right} for o in question.options]
    return {**common, "answers": answers}


def checked_weights(found, question):
    """Of several, right answers share the whole and wrong ones take it away; the weights show which are right."""
    answers = [dict(answer) for answer in found["answers"]]
    weights = [answer.pop("weight") for answer in answers]
    if question.kind == "one":
        assert set(weights) == {None}
        return {**found, "answers": answers}
    assert {abs(weight) for weight in weights} <= MOODLE_SHARES
    assert sum(w for w in weights if w > 0) == pytest.approx(100, abs=1e-3) and sum(weights) == pytest.approx(
        0, abs=1e-3
    )
    return {
        **found,
        "answers": [{**answer, "right": weight > 0} for answer, weight in zip(answers, weights, strict=True)],
    }


def assert_comes_back(shown):
    for found, question in zip(gift_reader.read(gift(shown)), shown.questions, strict=True):
        assert found.pop("category") == f"{shown.chapter}/{question.part}"
        if question.kind in ("one", "several"):
            found = checked_weights(found, question)
        assert found == as_written(question)


@pytest.mark.parametrize("family", FAMILIES)
def test_gift_brings_the_questions_back(family):
    assert_comes_back(quiz(family))


def test_gift_brings_all_special_signs_back(write):
    assert_comes_back(tried(read(write(VALID))))


def test_gift_of_one_part():
    assert_comes_back(quiz("contrastive", part="negatives"))


@pytest.mark.parametrize("text", ["~=#{}:\\", "\\nabla \\{x\\}", "two\nlines", "\\\\n", "a\\", "==", "::"])
def test_escaped_text_comes_back(text):
    assert gift_reader._shown(gift_reader._hidden(escaped(f".{text}."))) == f".{text}."


def test_display_formulas_are_dollars_in_gift(write):
    assert "$$a \\= 1$$" in gift(tried(read(write(changed(2, ask="So $$a = 1$$?")))))


def test_no_question_is_torn_by_an_empty_line():
    blocks = gift(quiz("cross_entropy")).rstrip("\n").split("\n\n")
    assert all(block.startswith(("//", "$CATEGORY", "::")) for block in blocks)
    assert all(a.strip() for a, _ in pairwise(blocks))


def test_command_line_writes_and_shows(tmp_path, capsys):
    path = tmp_path / "questions.txt"
    assert main(["quiz", "contrastive", "--gift", str(path)]) == 0
    assert path.read_text(encoding="utf8") == gift(quiz("contrastive"))
    assert main(["quiz", "contrastive", "--part", "forces"]) == 0
    assert str(quiz("contrastive", part="forces")) in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["quiz", "nothing"],
        ["quiz", "contrastive", "--part", "x"],
        ["quiz", "contrastive", "--gift", "/no/such/folder/x"],
    ],
)
def test_command_line_says_what_is_wrong(arguments, capsys):
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("lossatlas quiz: ")
