"""Every question of every page: answered by keyboard alone, rightly and wrongly, and marked; on paper a clean sheet."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from lossatlas.exercises.quiz import quiz
from lossatlas.exercises.quiz_questions import families

from .conftest import BOOK, SCREENS, rest
from .test_pages import SHORTEN

ASKED = [name for name in families() if (BOOK.html / f"{name}.html").is_file()]
EACH_CHAPTER = pytest.mark.parametrize("name", ASKED or ["cross_entropy"])

#: What is shown below a question: its verdict first. Formulas, which are set by now, are left out.
SAID = """form => {
  const lines = [...form.querySelectorAll(".atlas-quiz-feedback > p")];
  return lines.filter((line) => line.getClientRects().length && line.textContent).map((line) => {
    const copy = line.cloneNode(true);
    copy.querySelectorAll(".math").forEach((formula) => formula.remove());
    return copy.textContent.replace(/\\s+/g, " ").trim();
  });
}"""


def words(text):
    """A text of the questions as SAID gives it."""
    return " ".join(re.sub(r"\$\$.*?\$\$|\$.*?\$|[`*]", "", text).split())


def stretch(text):
    """The longest stretch of a text without formulas, without its spaces."""
    return max(("".join(words(part).split()) for part in re.split(r"\$\$.*?\$\$|\$.*?\$", text)), key=len)


def squeezed(lines):
    return [line.replace(" ", "") for line in lines]


class Keyboard:
    """Answers a question with keys alone, from wherever the focus is in it."""

    def __init__(self, page, form):
        self.page, self.form = page, form

    def press(self, key, times=1):
        for _ in range(times):
            self.page.keyboard.press(key)

    def focused(self, what):
        """What the focus is on, a property of it; the focus must be in the question and be seen."""
        inside, seen, value = self.form.evaluate(
            """(form, what) => { const e = document.activeElement;
            return [form.contains(e), getComputedStyle(e).outlineStyle !== "none", e[what] ?? null]; }""",
            what,
        )
        assert inside and seen
        return value

    def go_on(self):
        """To the next control; a formula on the way is a stop of the tab key too, for its own menu."""
        for _ in range(20):
            self.press("Tab")
            if self.page.evaluate("() => document.activeElement.localName !== 'mjx-container'"):
                return

    def enter(self):
        """Come in from above."""
        self.form.evaluate("form => { form.tabIndex = -1; form.focus(); }")
        self.go_on()
        self.form.evaluate("form => form.removeAttribute('tabindex')")

    def choose(self, letter):
        self.enter()
        self.press("Space")
        for _ in range(9):
            if self.focused("value") == letter:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{letter} is out of reach")

    def tick(self, letters, count):
        self.enter()
        for n in range(count):
            if self.focused("checked") != (self.focused("value") in letters):
                self.press("Space")
            if n < count - 1:
                self.go_on()

    def write(self, text):
        self.enter()
        self.press("Control+a")
        self.page.keyboard.type(text)

    def match(self, answers):
        self.enter()
        for n, answer in enumerate(answers):
            self.press("Home")
            for _ in range(20):
                if self.focused("value") == answer:
                    break
                self.press("ArrowDown")
            assert self.focused("value") == answer
            if n < len(answers) - 1:
                self.go_on()

    def check(self):
        """Go on to the button, press it, and listen: the verdict and the sentences below it."""
        self.go_on()
        assert self.focused("textContent") == "Check"
        self.press("Enter")
        return self.form.evaluate(SAID)


def letters(question, right):
    return [letter for letter, option in zip("abcdefgh", question.options, strict=False) if option.right == right]


def by_keyboard(keys, question):
    """Answer a question wrongly and then rightly; what is said each time, the verdict first."""
    if question.kind == "number":
        for text in (f"{question.value + 3 * question.tolerance}", f"{question.value}"):
            keys.write(text)
            yield keys.check()
    elif question.kind == "match":
        right = [pair.right for pair in question.pairs]
        for answers in (right[1:] + right[:1], right):
            keys.match(answers)
            yield keys.check()
    elif question.kind == "several":
        for ticked in (letters(question, False)[:1], letters(question, True)):
            keys.tick(ticked, len(question.options))
            yield keys.check()
    else:
        for letter in (letters(question, False)[-1], *letters(question, True)):
            keys.choose(letter)
            yield keys.check()


#: Give a question one answer after the other, and listen to what is said each time.
GIVE = """(form, [answers, said]) => answers.map((answer) => {
  const fields = [...form.querySelectorAll("input, select")];
  if (fields[0].matches("[type=text], select")) fields.forEach((field, n) => { field.value = answer[n]; });
  else fields.forEach((field) => { field.checked = answer.includes(field.value); });
  fields[0].dispatchEvent(new Event("input", { bubbles: true }));
  form.requestSubmit();
  return eval(said)(form);
})"""


def dialogue(question):
    """[(answer, whether it is right, the sentences after the verdict), …] for all answers that a question takes."""
    if question.kind == "number":
        value, tolerance = question.value, question.tolerance
        written = [
            f"{value}",
            f"{value + 0.4 * tolerance}".replace(".", ","),
            f" {2 * value} / 2 ",
            f"{value:e}".replace("-", "−"),
        ]
        outside = value + 3 * tolerance
        wrong = [(m.value, m.feedback) for m in question.mistakes]
        wrong += (
            [(outside, question.otherwise)]
            if all(abs(m.value - outside) > tolerance for m in question.mistakes)
            else []
        )
        return [([text], True, [words(question.feedback)]) for text in written] + [
            ([f"{v}"], False, [words(feedback)]) for v, feedback in wrong
        ]
    if question.kind == "match":
        right = [pair.right for pair in question.pairs]
        judged = lambda word: [f"“{words(p.left)}”: {word} {words(p.feedback)}" for p in question.pairs]  # noqa: E731
        return [(right, True, judged("right.")), (right[1:] + right[:1], False, judged("not yet."))]
    options = dict(zip("abcdefgh", question.options, strict=False))
    if question.kind != "several":
        return [([letter], option.right, [words(option.feedback)]) for letter, option in options.items()]
    right, wrong = letters(question, True), letters(question, False)
    ticked = [
        right,
        wrong,
        [*right, wrong[0]],
        [*right[1:], wrong[0]],
        *([[letter] for letter in right] if len(right) > 1 else []),
    ]
    heard = {
        letter: f"{letter} is {'right' if option.right else 'wrong'}. {words(option.feedback)}"
        for letter, option in options.items()
    }
    return [(chosen, chosen == right, [heard[letter] for letter in options if letter in chosen]) for chosen in ticked]


@pytest.fixture
def open_chapter(open_page):
    """`open_page` for a chapter, without its figures: they would wake while one goes from question to question."""

    def open_one(name, *screen, **options):
        page, heard = open_page(f"{name}.html", *screen, **options)
        if options.get("java_script_enabled", True):
            rest(page)
            page.evaluate(
                "() => document.querySelectorAll('figure.atlas-explorer').forEach((figure) => figure.remove())"
            )
        return page, heard

    return open_one


def shown(page):
    """(quiz, its locator) of each quiz of a page."""
    for section in page.locator("section.atlas-quiz").all():
        yield quiz(section.get_attribute("data-quiz"), part=section.get_attribute("data-part") or None), section


@EACH_CHAPTER
def test_every_question_is_answered_by_keyboard_alone(open_chapter, name):
    page, heard = open_chapter(name)
    for part, section in shown(page):
        forms = section.locator("form.atlas-question").all()
        for question, form in zip(part.questions, forms, strict=True):
            assert form.get_attribute("data-name") == question.name
            keys = Keyboard(page, form)
            assert form.evaluate(SAID) == []
            form.locator("button").focus()
            page.keyboard.press("Enter")
            assert form.evaluate(SAID)[0].endswith("first.")
            wrong, right = by_keyboard(keys, question)
            assert wrong[0].startswith("✗ Not yet") and right[0] == "✓ Right."
            assert len(wrong) > 1 and len(right) > 1 and wrong[1:] != right[1:]
    assert heard.complaints == [] and heard.elsewhere == []


@EACH_CHAPTER
def test_every_answer_is_told_its_own(open_chapter, name):
    page, heard = open_chapter(name)
    for part, section in shown(page):
        for question, form in zip(part.questions, section.locator("form.atlas-question").all(), strict=True):
            expected = dialogue(question)
            found = form.evaluate(GIVE, [[answer for answer, _, _ in expected], SAID])
            for (answer, right, feedback), (verdict, *sentences) in zip(expected, found, strict=True):
                assert (verdict == "✓ Right.") == right and verdict.startswith(("✓ Right.", "✗ Not yet")), (
                    question.name,
                    answer,
                )
                assert squeezed(sentences) == squeezed(feedback), (question.name, answer)
            if question.kind == "number":
                texts = ["two", "1/0", "1//2", "1e", "--1", "1 2"]
                assert form.evaluate(GIVE, [[[text] for text in texts], SAID]) == [
                    ["This is not a number. Write it as 0.25, 2.5e-1 or 1/4."]
                ] * len(texts)
    assert heard.complaints == [] and heard.elsewhere == []


@EACH_CHAPTER
def test_all_questions_of_the_chapter_are_on_its_page(open_chapter, name):
    page, _ = open_chapter(name)
    assert [q.name for part, _ in shown(page) for q in part.questions] == [q.name for q in quiz(name).questions]


@EACH_CHAPTER
def test_feedback_is_announced_and_goes_when_the_answer_changes(open_chapter, name):
    page, _ = open_chapter(name)
    for form in page.locator("form.atlas-question:is([data-kind=one], [data-kind=truth])").all()[::3]:
        said = form.locator(".atlas-quiz-feedback")
        assert said.get_attribute("aria-live") == "polite"
        right = form.locator("input[data-right]")
        right.check()
        form.locator("button").click()
        assert form.get_attribute("data-state") == "right"
        assert said.inner_text().startswith("✓ Right.")
        form.locator("input:not([data-right])").first.check()
        assert form.get_attribute("data-state") == "" and said.inner_text().strip() == ""
        right.check()
        form.locator("button").click()
    for section in page.locator("section.atlas-quiz").all():
        right, all_of = section.locator("[data-state=right]").count(), section.locator("form").count()
        assert section.locator(".atlas-quiz-score").inner_text() == (f"{right} of {all_of} right" if right else "")


@EACH_CHAPTER
@pytest.mark.parametrize("screen", SCREENS)
def test_answered_questions_are_sound(open_chapter, name, screen):
    """Formulas in the feedback are set, nothing is wider than the screen, and the accessibility rules hold."""
    page, heard = open_chapter(name, screen)
    page.evaluate("() => document.querySelectorAll('.atlas-quiz [hidden]').forEach((line) => { line.hidden = false; })")
    page.evaluate("() => document.querySelectorAll('.atlas-quiz details').forEach((key) => { key.open = true; })")
    for form in page.locator("form.atlas-question").all():
        form.evaluate("form => { form.dataset.state = form.dataset.name.length % 2 ? 'right' : 'wrong'; }")
    assert page.locator(".atlas-quiz mjx-merror").count() == 0
    assert page.locator(".atlas-quiz mjx-container").count() == page.locator(".atlas-quiz .math").count() > 0
    too_wide = """() => [...document.querySelectorAll(".atlas-quiz *")]
      .filter((e) => e.getClientRects().length && !e.closest("mjx-assistive-mml"))
      .map((e) => [e, e.getBoundingClientRect().right, e.closest(".atlas-quiz").getBoundingClientRect().right])
      .filter(([e, right, edge]) => right > edge + 1)
      .map(([e]) => e.tagName + "." + e.className).slice(0, 5)"""
    assert page.evaluate(too_wide) == []
    small = (
        "() => [...document.querySelectorAll('.atlas-quiz :is(button, select, input[type=text], label, summary)')]"
        ".filter((e) => e.getBoundingClientRect().height < 24).length"
    )
    assert page.evaluate(small) == 0
    assert heard.complaints == [] and heard.elsewhere == []
    page.evaluate(SHORTEN)
    found = (
        Axe()
        .run(page, context={"include": [[".atlas-quiz"]]}, options={"resultTypes": ["violations"]})
        .response["violations"]
    )
    assert [f"{v['id']}: {v['help']} {v['nodes'][0]['html'][:160]}" for v in found] == []


@EACH_CHAPTER
def test_on_paper_there_are_questions_and_empty_boxes(open_chapter, name):
    page, _ = open_chapter(name)
    for part, section in shown(page):
        for question, form in zip(part.questions, section.locator("form.atlas-question").all(), strict=True):
            if question.kind == "number":
                form.locator("input").fill(str(question.value))
            elif question.kind == "match":
                for menu, pair in zip(form.locator("select").all(), question.pairs, strict=True):
                    menu.select_option(pair.right)
            else:
                for box in form.locator("input[data-right]").all():
                    box.check()
            form.locator("button").click()
            assert form.get_attribute("data-state") == "right"
        section.locator("summary").click()
    page.emulate_media(media="print")
    for part, section in shown(page):
        sheet = "".join(section.inner_text().split())
        feedback = [o.feedback for q in part.questions if q.kind in ("one", "several", "truth") for o in q.options]
        feedback += [pair.feedback for q in part.questions if q.kind == "match" for pair in q.pairs]
        feedback += [text for q in part.questions if q.kind == "number" for text in (q.feedback, q.otherwise)]
        assert [text for text in feedback if stretch(text) in sheet] == []
        assert [q.ask for q in part.questions if stretch(q.ask) not in sheet] == []
        assert "✓" not in sheet and "Check" not in sheet.replace("Checkyourself", "")
        for choices in (q.choices for q in part.questions if q.kind == "match"):
            assert all("".join(choice.split()) in sheet for choice in choices)
    drawn = """() => [...document.querySelectorAll(".atlas-quiz :is(input, select)")].map((e) => {
      const style = getComputedStyle(e);
      if (e.matches("[type=text], select")) return style.webkitTextFillColor;
      return style.appearance + " " + style.backgroundColor + " " + style.backgroundImage;
    })"""
    assert set(page.evaluate(drawn)) == {"rgba(0, 0, 0, 0)", "none rgba(0, 0, 0, 0) none"}
    marks = (
        "() => [...document.querySelectorAll('form.atlas-question')]"
        ".map((form) => getComputedStyle(form).borderLeftWidth)"
    )
    assert set(page.evaluate(marks)) == {"0px"}


@EACH_CHAPTER
def test_without_script_questions_and_answers_are_there(open_chapter, name):
    page, _ = open_chapter(name, java_script_enabled=False)
    for part, section in shown(page):
        assert section.locator("legend:visible").count() == len(part.questions)
        assert section.locator("button:visible").count() == 0
        assert section.locator(".atlas-quiz-feedback p[data-for]:visible").count() == 0
        answers = section.locator(".atlas-quiz-key > ol > li")
        assert answers.first.is_visible() is False
        section.locator("summary").click()
        assert answers.count() == len(part.questions) and answers.last.is_visible()


@EACH_CHAPTER
def test_questions_answer_from_disk(open_chapter, book, name):
    page, heard = open_chapter(name, base=book.html.as_uri())
    form = page.locator("form.atlas-question:is([data-kind=one])").first
    form.locator("input[data-right]").check()
    form.locator("button").click()
    assert form.get_attribute("data-state") == "right"
    assert heard.complaints == [] and heard.elsewhere == []


def test_outputs_of_a_notebook_answer_wherever_they_come_up(browser, monkeypatch):
    """Each output brings the script; it runs once, and hears questions that are shown later."""
    monkeypatch.delenv("LOSSATLAS_STATIC", raising=False)
    outputs = [quiz("contrastive", part=part)._repr_mimebundle_()["text/html"] for part in ("forces", "negatives")]
    page = browser.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content(f"<!doctype html><title>A notebook</title><div id=outputs>{outputs[0]}</div>")
    page.evaluate(
        "html => document.querySelector('#outputs').append(document.createRange().createContextualFragment(html))",
        outputs[1],
    )
    for form in page.locator("form.atlas-question:has(input[data-right])").all():
        form.locator("input[data-right]").check()
        form.locator("button").click()
        assert form.get_attribute("data-state") == "right"
        assert form.locator(".atlas-quiz-verdict").inner_text() == "✓ Right."
    assert page.locator("section.atlas-quiz").count() == 2 and complaints == []
    page.close()
