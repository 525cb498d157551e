"""Check an answer for the properties of its exercise: `check` shows the result, `check_properties` raises an error."""

import contextlib
import inspect
import linecache
import signal
import sys
import threading
import traceback
from dataclasses import replace

import torch

from ..contract import wrong
from .exercise import Draw, NotAttempted, Wrong, numbers_of
from .found import find
from .result import Feedback, Result, Score


def check(key, answer, *, student=""):
    """Check an answer.

    In a notebook the result shows itself as the value of the cell; elsewhere its text is printed.

    Args:
        key: which exercise, such as `"cross_entropy/1"`.
        answer: what the exercise asks for; `...` or an empty function where nothing has been done yet.
        student: any name. It decides the numbers of the exercise (see `given`) and the inputs that are tried.

    Returns:
        A `Result`. `result.passed` is for tests, `result.feedback` is what was seen, property by property.

    Raises:
        ValueError: no exercise has this key.
    """
    result = examine(find(key), answer, student)
    if not _in_notebook():
        print(result)
    return result


class NotSolved(AssertionError):
    """An answer lacks a property, or is still the stub; `result` is the whole outcome, and its text is the message."""

    def __init__(self, result):
        super().__init__(str(result))
        self.result = result


def check_properties(key, answer, *, student="", draws="", properties=None, only=None):
    """Raise `NotSolved` unless an answer has all properties: `check` for tests that grade.

    Args:
        key, answer, student: as for `check`.
        draws: any words; other words are other random inputs. The student's own numbers (see `given`) stay.
        properties: functions `(answer, draw)` to try instead of the exercise's own. They raise `Wrong`, or use `need`.
        only: names of those property functions that are to be tried, all others are passed over.

    Returns:
        The `Result`, in which every property holds. A test that returns it passes on `result.score`.

    Raises:
        NotSolved: a property does not hold, or the answer is still the stub.
        ValueError: no exercise has this key, or it has no property of a name in `only`.
    """
    exercise = find(key)
    tried = exercise.properties if properties is None else tuple(properties)
    if only is not None:
        only = (only,) if isinstance(only, str) else tuple(only)
        known = [a_property.__name__ for a_property in tried]
        strange = [name for name in only if name not in known]
        if strange or not only:
            raise wrong("only", f"names among {', '.join(known)}", repr(strange[0] if strange else only))
        tried = tuple(a_property for a_property in tried if a_property.__name__ in only)
    result = examine(replace(exercise, properties=tried), answer, student, draws)
    for results in _collecting:
        results.append(result)
    if not result.passed:
        raise NotSolved(result)
    return result


_collecting = []


@contextlib.contextmanager
def collected_results():
    """A list that collects the results of all calls of `check_properties` in the block, also of those that raise."""
    _collecting.append([])
    try:
        yield _collecting[-1]
    finally:
        _collecting.pop()


def given(key, *, student=""):
    """The student's own numbers of an exercise as a dictionary; empty where all students have the same task."""
    return dict(numbers_of(find(key), student) or {})


def examine(exercise, answer, student="", draws=""):
    """The result of a check, without showing it; other `draws` are other random inputs."""
    form = f"The answer has the right form: {exercise.form}"
    files = _files_of(answer)
    try:
        answer = exercise.form.read(answer)
    except NotAttempted as still:
        return Result(exercise.key, exercise.title, (), str(still))
    except Wrong as seen:
        return _stopped(exercise, [Feedback(form, "fails", _sentence(seen))])
    lines, numbers, score = [Feedback(form, "holds")], numbers_of(exercise, student), None
    for a_property in exercise.properties:
        name = _name(a_property)
        draw = Draw(exercise, student, f"{a_property.__name__}/{draws}" if draws else a_property.__name__, numbers)
        try:
            with time_limit(exercise.seconds), torch.enable_grad():
                note = a_property(answer, draw) or ""
            if isinstance(note, Score):
                note, score = note.words, note.value
            lines.append(Feedback(name, "holds", note))
        except NotAttempted as still:
            return Result(exercise.key, exercise.title, (), str(still))
        except Wrong as seen:
            return _stopped(exercise, [*lines, Feedback(name, "fails", _sentence(seen))], score)
        except OutOfTime:
            words = f"Stopped after {exercise.seconds:g} seconds. Is there a loop that does not end?"
            return _stopped(exercise, [*lines, Feedback(name, "fails", words)], score)
        except (Exception, SystemExit) as error:
            return replace(
                _stopped(exercise, [*lines, Feedback(name, "fails", explained(error, files))], score), error=error
            )
    return Result(exercise.key, exercise.title, tuple(lines), score=score)


def _stopped(exercise, lines, score=None):
    """The result after the first failure: one thing to mend at a time, what follows from it is not shown."""
    rest = exercise.properties[len(lines) - 1 :]
    return Result(
        exercise.key, exercise.title, (*lines, *(Feedback(_name(p), "not reached") for p in rest)), score=score
    )


def explained(error, files):
    """An exception in a reader's code: what it was, and in which of their lines.

    Code that ran in another process has left its lines there; that process then provides the exception's attribute
    `explanation`.
    """
    if explanation := getattr(error, "explanation", ""):
        return str(explanation)
    message = str(error).strip().partition("\n")[0]
    words = f"Your code raised {type(error).__name__}: {message[:300]}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files:
            line = linecache.getline(frame.filename, frame.lineno).strip()
            return f"{words}\nin line {frame.lineno}: `{line}`" if line else f"{words}\nin line {frame.lineno}"
    return words


class OutOfTime(BaseException):
    """Not an `Exception`, so that an `except Exception` in the answer does not swallow it."""


@contextlib.contextmanager
def time_limit(seconds):
    """Raise `OutOfTime` when the block takes longer; no limit off the main thread or where there is no timer signal."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _files_of(answer):
    parts = answer.values() if isinstance(answer, dict) else [answer]
    codes = [getattr(inspect.unwrap(part) if callable(part) else part, "__code__", None) for part in parts]
    return {code.co_filename for code in codes if code is not None}


def _name(a_property):
    words = inspect.getdoc(a_property) or a_property.__name__.replace("_", " ")
    return words.partition("\n")[0].rstrip(".")


def _sentence(seen):
    words = str(seen)
    return words[:1].upper() + words[1:]


def _in_notebook():
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None
