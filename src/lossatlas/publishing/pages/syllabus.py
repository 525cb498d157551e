"""Syllabi: the sessions that the chapters propose, as many as a course has time for.

A chapter has its sessions in the metadata of its notebook, a list. Each session says what it is `about` and lists what
it uses, all of it optional:

- `read`: sections to read before, `#name` in the chapter and `evidence#name` in its evidence.
- `show`: figures to move on the screen, `#name` each.
- `quiz`: parts of the chapter's questions.
- `exercises`: their numbers; each exercise belongs to one session.
- `papers`: keys of the catalogue.
"""

from itertools import pairwise

from lossatlas.exercises import EXERCISES

from ..build.book import BookError

#: What a session may list: field, and the word that stands before it on the page.
FIELDS = {"read": "Read", "show": "Show", "quiz": "Quiz", "exercises": "Exercises", "papers": "Papers"}


def sessions_of(chapter):
    """The sessions of a chapter, with names that hold for the whole book.

    Args:
        chapter: a `Chapter`.

    Raises:
        BookError: it has none, or one has a field that no session has.
    """
    if not chapter.sessions:
        raise BookError(f"{chapter.name}.ipynb: expected sessions in its metadata, got none")
    return [_session(number, session, chapter.name) for number, session in enumerate(chapter.sessions, 1)]


def _session(number, session, family):
    where = f"{family}.ipynb, session {number}"
    unknown = sorted(set(session) - {"about", *FIELDS})
    if unknown or "about" not in session:
        got = repr(unknown[0]) if unknown else f"no 'about' in {session}"
        raise BookError(f"{where}: expected about and any of {', '.join(FIELDS)}, got {got}")
    lists = {field: [_full(field, name, family) for name in session.get(field, ())] for field in FIELDS}
    return {"about": session["about"], "family": family, **lists}


def _full(field, name, family):
    """The name of something of a family as the whole book calls it."""
    if field == "papers":
        return name
    if field in ("quiz", "exercises"):
        return f"{family}/{name}"
    page, _, part = name.partition("#")
    return f"{page}/{family}#{part}" if page else f"{family}#{part}"


def plan(sessions, most):
    """At most so many sessions: neighbours of one chapter whose exercises take the least time are joined.

    Args:
        sessions: what `sessions_of` gives, for one chapter after the other.
        most: how many there is time for.

    Raises:
        BookError: there are more chapters than sessions.
    """
    sessions = list(sessions)
    while len(sessions) > most:
        pairs = [n for n, (one, next_one) in enumerate(pairwise(sessions)) if one["family"] == next_one["family"]]
        if not pairs:
            raise BookError(f"expected at least as many sessions as chapters, got {most} for {len(sessions)} chapters")
        n = min(pairs, key=lambda n: minutes(sessions[n]) + minutes(sessions[n + 1]))
        sessions[n : n + 2] = [_as_one(*sessions[n : n + 2])]
    return sessions


def minutes(session):
    """How long the exercises of a session take, about."""
    return sum(EXERCISES[name].minutes for name in session["exercises"] if name in EXERCISES)


def _as_one(one, other):
    lists = {field: [*one[field], *other[field]] for field in FIELDS}
    return {"about": f"{one['about']}; {other['about']}", "family": one["family"], **lists}
