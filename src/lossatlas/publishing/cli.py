"""The `lossatlas` command line."""

import argparse
import sys

from .book import Book, BookError
from .catalogue import CatalogueError

AUDIENCES = ("student", "instructor")


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

    one = commands.add_parser("execute", help="execute the notebooks that are out of date")
    one.add_argument("names", nargs="*", help="notebooks, by name; default all")
    one.add_argument("--tier", choices=("smoke", "full"), default="smoke", help="size of the experiments (default: %(default)s)")
    one.add_argument("--shard", type=_shard, default=(1, 1), metavar="i/n", help="only the i-th of n parts of the notebooks")
    one.add_argument("--jobs", type=_positive, metavar="N", help="notebooks at a time (default: one per processor core)")
    one.add_argument("--timeout", type=_positive, metavar="S", help="seconds one cell may take (default: by tier)")
    one.add_argument("--force", action="store_true", help="execute even what is up to date")
    one.set_defaults(command=execute_notebooks)

    one = commands.add_parser("build", help="build the site from the executed notebooks, and check it")
    one.add_argument("--force", action="store_true", help="build even when nothing has changed")
    one.add_argument("--audience", choices=AUDIENCES, default="student", help="instructor: exercises with solutions (default: %(default)s)")
    one.add_argument("--masters", metavar="DIR", help="where the masters of the exercises lie (default: book/exercises)")
    one.set_defaults(command=build_site)

    one = commands.add_parser("record", help="keep in book/measured what tests, comparisons and benchmarks measured here")
    one.set_defaults(command=keep_records)

    one = commands.add_parser("serve", help="show the built site on this machine")
    one.add_argument("--port", type=int, default=8000, help="default: %(default)s; 0 picks a free one")
    one.set_defaults(command=serve_site)

    one = commands.add_parser("check", help="check the sources and the built site, which must be fit for students, and weigh its pages")
    one.add_argument("--masters", metavar="DIR", help="where the masters of the exercises lie (default: book/exercises)")
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


def execute_notebooks(options):
    from .execute import execute

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
    from .site import build

    book = Book.find(masters=options.masters)
    built = build(book, audience=options.audience, force=options.force)
    print(f"site {'built' if built else 'up to date'}: {book.html / 'index.html'}")
    return 0


def keep_records(options):
    from lossatlas.contract import losses

    from .records import keep

    book = Book.find()
    for path in keep(book, [entry.name for entry in losses()]):
        print(f"kept: {path.relative_to(book.root)}")
    return 0


def serve_site(options):
    from .serve import server

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
    from .catalogue_proof import problems
    from .check import Finding, check_site, check_sources, weights

    book = _built(options.masters)
    findings = check_sources(book) + check_site(book) + [Finding("book/papers.yml", line) for line in problems(book.root)]
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
