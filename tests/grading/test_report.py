"""The page for a student and the picture of the class: whole, harmless, and pleasant to read on any screen."""

import re
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe

from lossatlas.classroom.grading import class_plot, gradebook, report
from lossatlas.classroom.grading import grade as grading
from lossatlas.classroom.grading.limits import Limits
from tests.grading import classroom

BAD = "</pre></code><script>alert(1)</script><img src='http://192.0.2.1/x' onerror=alert(1)>\x1b[31m\u202e`<b>`"
SUBMISSIONS = {
    "Ada": classroom.right("Ada", 2),
    "Grace": classroom.right("Grace", 3),
    "Emmy": [
        classroom.opening("Ada"),
        "1 / 0",
        classroom.RIGHT_BY_HAND.replace("w / sum(weights)", "1.0 * w"),
        classroom.RIGHT_LOSS.replace("shifted = logits - logits.amax(-1, keepdim=True)", "shifted = logits"),
        classroom.RIGHT_OWN.replace("SCALE", "-1"),
    ],
    "Sofia": classroom.stub("Sofia"),
    "Mallory": [
        f"# {BAD}\nstudent = {BAD!r}",
        f"def my_cross_entropy(logits, target):\n    raise ValueError({BAD!r})",
        f"def own_loss(logits, target):\n    return {BAD!r}",
        f"raise ValueError({BAD!r})",
    ],
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grading, "Session", classroom.LocalSession)
        folder = tmp_path_factory.mktemp("course")
        classroom.hand_in(folder / "in", **SUBMISSIONS)
        (folder / "in" / "<b>Bobby & co.txt").write_text("no notebook")
        entries = gradebook.grade_class(
            folder / "in", classroom.master("x"), folder / "out", isolation="limits", limits=Limits(), jobs=2
        )
    return folder / "out", {entry.student: entry for entry in entries}


@pytest.fixture(scope="module")
def pages(course):
    out, entries = course
    return {
        student: (out / "feedback" / f"{entry.file}.html").read_text(encoding="utf8")
        for student, entry in entries.items()
    }


def test_page_says_what_was_found(pages):
    emmy = pages["Emmy"]
    assert "0 of 7 points" in emmy
    assert "Your three numbers sum to" in emmy, "by hand, not normalised"
    assert "exponential has overflowed" in emmy
    assert "ZeroDivisionError" in emmy and "1 / 0" in emmy
    assert "This fails here too." in emmy, "what failed before is not repeated"
    assert "place 2 of 2" in pages["Ada"] and "place 1 of 2" in pages["Grace"]
    assert "as handed out" in pages["Sofia"] and "✗" not in pages["Sofia"]
    assert "hand in one file whose name ends in .ipynb" in pages["<b>Bobby & co"]


def test_a_name_that_does_not_fit_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(grading, "Session", classroom.LocalSession)
    classroom.hand_in(tmp_path / "in", s123=[classroom.opening("Ada"), classroom.RIGHT_BY_HAND])
    (entry,) = gradebook.grade_class(
        tmp_path / "in", classroom.master("x"), tmp_path / "out", isolation="limits", limits=Limits(), jobs=1
    )
    assert "Your answer is right for the numbers of" in classroom.feedback_of(tmp_path / "out", "s123")["s123"]
    assert any("answer fits the numbers of the name in the notebook, 'Ada'" in remark for remark in entry.remarks)


def test_what_strangers_wrote_is_only_text(pages):
    allowed = {
        "html", "head", "meta", "title", "style", "body", "main", "p", "h1", "h2", "h3", "bdi", "div", "table",
        "caption", "thead", "tbody", "tr", "th", "td", "a", "section", "span", "strong", "em", "code", "pre", "ul",
        "li", "details", "summary",
    }  # fmt: skip
    for page in pages.values():
        body = page.partition("</style>")[2]
        assert set(re.findall(r"<([a-z0-9]+)", body)) <= allowed
        assert not re.search(r"<[^>]*\b(src|onerror|onclick)\s*=", body)
        assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', page))
        assert not {"\x1b", "\u202e"} & set(page)
    assert "&lt;script&gt;" in pages["Mallory"]
    assert "url(" not in report.STYLE and "@import" not in report.STYLE


def test_class_in_words(course):
    words = (course[0] / "class.md").read_text(encoding="utf8")
    assert "| 2 · Cross-entropy that does not overflow | 2 | 0 | 2 | 1 |" in words
    assert "5 graded, 1 not gradable" in words
    assert words.index("| 1 | Grace |") < words.index("| 2 | Ada |")
    (alt,) = re.findall(r"!\[(.*)\]\(class\.png\)", words)
    assert "exercise 1: 2 all points, 1 no points, 2 not attempted" in alt and "Best score in exercise 3" in alt
    assert "<script" not in words


def test_a_student_counts_once_for_each_cause(course):
    question = course[1]["Emmy"].questions[1]
    assert [check["state"] for check in question["checks"]] == ["failed", "failed"]
    assert class_plot.causes(question) == ["Value and gradient are finite for logits of size 10 000"]


def test_a_notebook_that_did_not_run_is_one_mishap():
    master = classroom.master("x")
    lost = [
        {"name": q.name, "number": q.number, "state": "none", "checks": [{"state": "lost", "lines": []}]}
        for q in master.questions
    ]
    partly = [lost[0], *({**question, "checks": []} for question in lost[1:])]
    entries = [
        SimpleNamespace(status="graded", student=name, questions=questions)
        for name, questions in (("Ada", lost), ("Emmy", partly))
    ]
    summary = class_plot.summarise(entries, master, {})
    assert summary.failures == [(master.questions[0].number, class_plot.STOPPED, 1), ("all", class_plot.STOPPED, 1)]
    assert f"| all | {class_plot.STOPPED} | 1 |" in class_plot.words(summary)


def test_picture_is_drawn_for_any_class(course):
    assert (course[0] / "class.png").read_bytes().startswith(b"\x89PNG")
    master = classroom.master("x")
    nobody = class_plot.summarise([], master, {})
    assert class_plot.picture(nobody).startswith(b"\x89PNG")
    assert "nobody" in class_plot.alt(nobody)


@pytest.mark.parametrize(
    "screen",
    [
        {"color_scheme": "light", "width": 900},
        {"color_scheme": "dark", "width": 900},
        {"color_scheme": "light", "width": 390},
    ],
    ids=str,
)
def test_page_in_a_browser(course, browser, screen):
    axe = Axe()
    out, entries = course
    context = browser.new_context(
        color_scheme=screen["color_scheme"], viewport={"width": screen["width"], "height": 800}, bypass_csp=True
    )
    page, requested = context.new_page(), []
    page.on("request", lambda request: requested.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    for student in ("Emmy", "Mallory", "<b>Bobby & co"):
        page.goto((out / "feedback" / f"{entries[student].file}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways scrolling"
        assert all(url.startswith("file:") for url in requested)
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
    context.close()
