"""The `lossatlas` command line."""

import argparse
import os
import sys
import textwrap
from collections import Counter
from pathlib import Path

from ..catalogue.rows import CatalogueError
from .build.book import Book, BookError

AUDIENCES = ("student", "instructor")

GRADE_EPILOG = """\
what it writes:
  grades.csv     one row a student: points by question, scores, status, remarks for you
  feedback/      one page a student, a single file to send or to upload
  class.png      how the class did in each question, what failed most, the leaderboard; in words in class.md
  records/       what was found; the same submission is not graded twice with the same master, library and limits

status:
  graded         every check came to an end, passed or not
  needs a look   a check had an error of its own, or grading did not end; the remarks say where
  not gradable   no notebook that could be read; the remarks say why
  not handed in  in the roster, and nothing in the folder

The file or folder of a submission names its author, not the notebook. Remarks on numbers that fit another student, and
on code that is the same but for names, spaces and comments, are hints: look at both notebooks before you judge.
"""


def main(arguments=None):
    """Run one command; the exit code is 0 when all went well, 1 when something needs work, 2 for a wrong call."""
    options = parser().parse_args(arguments)
    try:
        return options.command(options)
    except (BookError, CatalogueError) as error:
        print(f"lossatlas {options.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser():
    """The parser of the command line; each command carries the function that runs it."""
    top = argparse.ArgumentParser(prog="lossatlas", description="Make, check and read The Loss Atlas.")
    commands = top.add_subparsers(dest="name", required=True, metavar="command")

    one = commands.add_parser("list", help="the losses of the library")
    one.add_argument("--family", help="only those of one family")
    one.set_defaults(command=list_losses)

    one = commands.add_parser("new", help="write the skeleton of a family or of a loss")
    kinds = one.add_subparsers(dest="kind", required=True, metavar="family|loss")
    family = kinds.add_parser("family", help="every file that is demanded of a family")
    family.add_argument("family", metavar="NAME", help="such as regression")
    family.add_argument("--title", help="of its chapter (default: the name in words)")
    family.set_defaults(command=write_family)
    loss = kinds.add_parser("loss", help="the file of a loss, its naive loop and its export")
    loss.add_argument("loss", metavar="NAME", help="of the function, such as power_miss_loss")
    loss.add_argument("--family", required=True, help="the family that it joins")
    loss.add_argument(
        "--signature", required=True, help="the kind of input, as logits, or a form of it, as queries.cosine"
    )
    loss.add_argument("--paper", default="(to be written)", metavar="KEY", help="key of the paper")
    loss.set_defaults(command=write_loss)

    one = commands.add_parser("execute", help="execute the notebooks that are out of date")
    one.add_argument("names", nargs="*", help="notebooks, by name; default all")
    one.add_argument(
        "--tier", choices=("smoke", "full"), default="smoke", help="size of the experiments (default: %(default)s)"
    )
    one.add_argument(
        "--shard", type=_shard, default=(1, 1), metavar="i/n", help="only the i-th of n parts of the notebooks"
    )
    one.add_argument(
        "--jobs", type=_positive, metavar="N", help="notebooks at a time (default: one per processor core)"
    )
    one.add_argument("--timeout", type=_positive, metavar="S", help="seconds one cell may take (default: by tier)")
    one.add_argument("--force", action="store_true", help="execute even what is up to date")
    one.set_defaults(command=execute_notebooks)

    one = commands.add_parser("build", help="build the site from the executed notebooks, and check it")
    one.add_argument("--force", action="store_true", help="build even when nothing has changed")
    one.add_argument(
        "--audience",
        choices=AUDIENCES,
        default="student",
        help="instructor: exercises with solutions (default: %(default)s)",
    )
    one.add_argument(
        "--masters", metavar="DIR", help="where the masters of the exercises lie (default: book/exercises)"
    )
    one.set_defaults(command=build_site)

    one = commands.add_parser("slides", help="make the slides of the built chapters anew; a build makes them too")
    one.add_argument("families", nargs="*", metavar="family", help="chapters; default all")
    one.set_defaults(command=make_slides)

    one = commands.add_parser("quiz", help="the questions of a chapter, to read or for a learning-management system")
    one.add_argument("family", help="the chapter, such as cross_entropy")
    one.add_argument("--part", help="only those of one part")
    one.add_argument(
        "--gift", metavar="FILE", help="write them with answers and feedback in GIFT, which Moodle and others import"
    )
    one.set_defaults(command=show_quiz)

    one = commands.add_parser(
        "assignments",
        help="make student notebooks, autograder bundles, instructor notebooks and rubrics from the masters",
    )
    one.add_argument("families", nargs="*", metavar="family", help="chapters; default all that have a master")
    one.add_argument("--masters", metavar="DIR", help="where the masters lie (default: book/exercises)")
    one.add_argument("--out", metavar="DIR", help="where what is made goes (default: _build/assignments)")
    one.add_argument(
        "--unproven", action="store_true", help="do not run the masters' solutions through their own bundles first"
    )
    one.set_defaults(command=make_assignments)

    one = commands.add_parser(
        "record", help="keep in book/measured what tests, comparisons and benchmarks measured here"
    )
    one.add_argument("--family", help="only its records, all of which must be whole; default every family's that are")
    one.set_defaults(command=keep_records)

    one = commands.add_parser(
        "grade",
        help="grade a folder of submissions",
        description="Grade what students handed in. The folder of submissions is only read; run it again to go on "
        "after a stop.",
        epilog=GRADE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument(
        "submissions",
        type=Path,
        metavar="SUBMISSIONS",
        help="folder with <student>.ipynb, or <student>/ with one notebook each",
    )
    one.add_argument(
        "--exercise",
        required=True,
        metavar="FAMILY",
        help="which master: the name of the chapter, such as cross_entropy",
    )
    one.add_argument("--masters", type=Path, metavar="DIR", help="folder of the masters (default: book/exercises)")
    one.add_argument("--out", type=Path, metavar="DIR", help="folder for the results (default: _build/grades/FAMILY)")
    one.add_argument(
        "--jobs", type=_positive, metavar="N", help="submissions at a time (default: one per processor core)"
    )
    one.add_argument(
        "--isolation",
        choices=("bubblewrap", "limits"),
        default="bubblewrap",
        help="how submissions are kept apart from everything else; limits is for notebooks of people you trust "
        "(default: %(default)s)",
    )
    one.add_argument(
        "--roster",
        type=Path,
        metavar="FILE",
        help="CSV with a column `student`, so that those who handed in nothing get a row; "
        "a column `handed_in_as` names the file or folder where it is not called like the student",
    )
    one.add_argument("--force", action="store_true", help="grade again what has been graded")
    one.set_defaults(command=grade_submissions)

    one = commands.add_parser("serve", help="show the built site on this machine")
    one.add_argument("--port", type=int, default=8000, help="default: %(default)s; 0 picks a free one")
    one.set_defaults(command=serve_site)

    one = commands.add_parser(
        "check", help="check the sources and the built site, which must be fit for students, and weigh its pages"
    )
    one.add_argument(
        "--masters", metavar="DIR", help="where the masters of the exercises lie (default: book/exercises)"
    )
    one.set_defaults(command=check_all)
    return top


def list_losses(options):
    import lossatlas

    entries = lossatlas.contract.losses(family=options.family)
    if not entries:
        known = ", ".join(dict.fromkeys(entry.family for entry in lossatlas.contract.losses()))
        raise BookError(f"no family {options.family!r}; there are: {known}")
    widest = max(len(entry.name) for entry in entries)
    for entry in entries:
        print(f"{entry.name:{widest}}  {entry.family}  {entry.summary}")
    return 0


def write_family(options):
    from .new import new_family

    return _written(new_family(Book.find(), options.family, options.title))


def write_loss(options):
    from .new import new_loss

    return _written(new_loss(Book.find(), options.loss, options.family, options.signature, options.paper))


def _written(paths):
    for path in paths:
        print(os.path.relpath(path))
    return 0


def execute_notebooks(options):
    from .build.execute import execute

    outcomes = execute(
        Book.find(),
        options.names,
        tier=options.tier,
        shard=options.shard,
        jobs=options.jobs,
        force=options.force,
        timeout=options.timeout,
    )
    counts = {status: sum(o.status == status for o in outcomes) for status in ("executed", "reused", "failed")}
    print(f"notebooks: {', '.join(f'{count} {status}' for status, count in counts.items())}")
    failed = [outcome.name for outcome in outcomes if outcome.status == "failed"]
    if failed:
        raise BookError(f"failed: {', '.join(failed)} (the message is above and in _build/execution.json)")
    return 0


def build_site(options):
    from .build.site import build

    book = Book.find(masters=options.masters)
    built = build(book, audience=options.audience, force=options.force)
    print(f"site {'built' if built else 'up to date'}: {book.html / 'index.html'}")
    return 0


def show_quiz(options):
    from lossatlas.exercises import quiz
    from lossatlas.exercises.quiz_gift import gift

    try:
        chosen = quiz(options.family, part=options.part)
    except ValueError as error:
        raise BookError(str(error)) from error
    if options.gift is None:
        print(chosen)
        return 0
    path = Path(options.gift)
    try:
        path.write_text(gift(chosen), encoding="utf8")
    except OSError as error:
        raise BookError(f"--gift {path}: {error.strerror}") from error
    print(f"{len(chosen.questions)} questions: {path}")
    return 0


def make_assignments(options):
    from lossatlas.classroom.masters import MasterError, make_assignment, masters_in

    book = Book.find()
    try:
        for family, path in masters_in(options.masters or book.sources / "exercises", options.families).items():
            print(f"{family}: {'' if options.unproven else 'the solutions are graded first; '}a moment ...", flush=True)
            made = make_assignment(
                path, options.out or book.build / "assignments", repository=book.repository, proven=not options.unproven
            )
            for part in (made.student, made.bundle, made.instructor, made.rubric):
                print(f"  {part}")
    except MasterError as error:
        raise BookError(str(error)) from error
    return 0


def make_slides(options):
    from .slides.deck import write_slides

    book = _built()
    for path in write_slides(book, book.html, options.families):
        print(path)
    return 0


def keep_records(options):
    from .build.records import keep

    book = Book.find()
    paths, left = keep(book, options.family)
    for path in paths:
        print(f"kept: {path.relative_to(book.root)}")
    for line in left:
        print(f"not kept: {line}", file=sys.stderr)
    return 0


def grade_submissions(options):
    from ..classroom.grading.class_plot import STATUSES
    from ..classroom.grading.gradebook import grade_class
    from ..classroom.grading.limits import PROTECTION, Limits
    from ..classroom.grading.sandbox import isolation_available
    from ..classroom.grading.submissions import GradingError, read_roster
    from ..classroom.masters import MasterError, read_master

    masters = options.masters or Book.find().sources / "exercises"
    path, out = masters / f"{options.exercise}.ipynb", options.out or Path("_build/grades") / options.exercise
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in masters.glob("*.ipynb"))) or "none"
        raise BookError(f"no master {path}; masters there: {known}")
    available, reason = isolation_available()
    if options.isolation == "bubblewrap" and not available:
        raise BookError(
            f"submissions cannot be isolated here: {reason}. "
            "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap), or, for notebooks of people you trust, "
            "use --isolation limits, which does not protect your files"
        )
    incomplete = f" Here {reason}." if reason and options.isolation == "bubblewrap" else ""
    print(
        textwrap.fill(f"isolation: {options.isolation}. {PROTECTION[options.isolation]}{incomplete}", 110),
        "\n",
        flush=True,
    )
    try:
        roster = read_roster(options.roster) if options.roster else None
        entries = grade_class(
            options.submissions,
            read_master(path),
            out,
            isolation=options.isolation,
            limits=Limits(),
            jobs=options.jobs or os.cpu_count(),
            roster=roster,
            force=options.force,
        )
    except (GradingError, MasterError) as error:
        raise BookError(str(error)) from error
    except KeyboardInterrupt:
        print("\nstopped. What is graded is kept; run the same command to go on.", file=sys.stderr)
        raise
    counts = Counter(entry.status for entry in entries)
    print(f"{', '.join(f'{counts[status]} {status}' for status in STATUSES if counts[status])}: {out / 'grades.csv'}")
    return 0


def serve_site(options):
    from .build.serve import server

    book = _built()
    try:
        serving = server(book.html, options.port)
    except OSError as error:
        raise BookError(f"port {options.port}: {error.strerror}; choose another with --port") from error
    print(f"The Loss Atlas is at http://127.0.0.1:{serving.server_port}/ (stop with Ctrl-C)", flush=True)
    with serving:
        serving.serve_forever()
    return 0


def check_all(options):
    from ..catalogue.proof import problems
    from .build.check import Finding, check_site, check_sources, weights

    book = _built(options.masters)
    findings = check_sources(book) + check_site(book) + [Finding("book/papers", line) for line in problems(book.root)]
    for page, size in weights(book):
        print(f"{size / 1000:7.0f} kB  {page}")
    if findings:
        raise BookError("\n  ".join([f"{len(findings)} finding(s)", *map(str, findings)]))
    print("no findings")
    return 0


def _built(masters=None):
    book = Book.find(masters=masters)
    if not book.stamp.is_file():
        raise BookError(f"no finished site in {book.html}; run: lossatlas build")
    return book


def _shard(text):
    i, slash, n = text.partition("/")
    if not (slash and i.isdigit() and n.isdigit() and 1 <= int(i) <= int(n)):
        raise argparse.ArgumentTypeError(f"expected i/n with 1 <= i <= n, got {text!r}")
    return int(i), int(n)


def _positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number >= 1, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
