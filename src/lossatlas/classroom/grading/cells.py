"""Runs the cells of a notebook one after the other, and keeps what went wrong in each. Runs in the child only."""

import contextlib
import io
import json
import linecache
import os
import random
import signal
import traceback

import numpy
import torch

from ...exercises import run as checks
from ...exercises.result import Result

CELLS = 2000
PRINTED = 2000


class NotANotebook(Exception):
    """The submission cannot be read as a notebook. The message is a sentence for the student."""


class OutOfTime(BaseException):
    """Not an `Exception`, so that an `except Exception` in a submission does not swallow it."""


def sources(data):
    """The code of each code cell, from the bytes of a notebook: (index among all cells, source)."""
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        raise NotANotebook("The file is not a notebook: it is not in the format of Jupyter (JSON).") from None
    except MemoryError:
        raise NotANotebook("The file is too large to be read as a notebook.") from None
    if not isinstance(notebook, dict) or not ("cells" in notebook or "worksheets" in notebook):
        raise NotANotebook("The file is not a notebook: it has no cells.")
    if notebook.get("nbformat") != 4:
        version = str(notebook.get("nbformat"))[:20]
        raise NotANotebook(
            f"The notebook has format {version}; format 4 is needed. Open it in Jupyter, save it, and hand it in again."
        )
    cells = notebook.get("cells")
    if not isinstance(cells, list) or len(cells) > CELLS or not all(isinstance(cell, dict) for cell in cells):
        raise NotANotebook(
            "The cells of the notebook cannot be read. Open it in Jupyter, save it, and hand it in again."
        )
    found = []
    for index, cell in enumerate(cells):
        if cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(map(str, source))
        if not isinstance(source, str):
            raise NotANotebook(
                f"Cell {index} of the notebook cannot be read. Open it in Jupyter, save it, and hand it in again."
            )
        if source.strip():
            found.append((index, source))
    return found


class Notebook:
    """The namespace in which the cells run.

    Attributes:
        names: variable -> value, of what the cells have defined.
        files: what Python calls the source of the cells; a line of an error in one of them is the student's.
    """

    def __init__(self):
        random.seed(0)
        numpy.random.seed(0)
        torch.manual_seed(0)
        self.shell = _shell()
        self.files = set()
        self._before = dict(self.shell.user_ns)
        checks.check, _exercises().check = _left_to_the_grader, _left_to_the_grader

    def run(self, source, seconds):
        """Run one cell; (what went wrong, what it printed)."""
        printed = _Printed()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                with alarm(seconds):
                    done = self.shell.run_cell(source, store_history=False)
            except OutOfTime as late:  # rung in the moment between the cell and here
                return self.explanation(late, seconds), printed.getvalue()
        error = done.error_before_exec or done.error_in_exec
        return ("" if error is None else self.explanation(error, seconds)), printed.getvalue()

    @property
    def names(self):
        return {
            name: value
            for name, value in self.shell.user_ns.items()
            if not name.startswith("_") and value is not self._before.get(name, self)
        }

    def explanation(self, error, seconds):
        """What went wrong, in words for the student, with the line of theirs where it happened."""
        if isinstance(error, OutOfTime):
            return f"Stopped after {seconds:g} seconds. Is there a loop that does not end?"
        if isinstance(error, SyntaxError) and error.lineno:
            line = (error.text or "").strip()
            return f"Your code raised {type(error).__name__}: {error.msg}\nin line {error.lineno}: `{line[:200]}`"
        try:
            return checks.explained(error, _files_of_cells(error))
        except BaseException:  # the text of an exception may be the submission's own code
            return f"Your code raised {type(error).__name__}"


def _files_of_cells(error):
    """The cells among the files of a traceback: those whose source is in no file."""
    return {
        frame.filename
        for frame in traceback.extract_tb(error.__traceback__)
        if not os.path.exists(frame.filename) and linecache.getlines(frame.filename)
    }


@contextlib.contextmanager
def alarm(seconds):
    """Raise `OutOfTime` when the block takes longer. Submissions may switch this off, but not the grader's clock."""

    def ring(number, frame):
        raise OutOfTime

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class _Printed(io.StringIO):
    """Keeps the beginning of what is printed; the rest is dropped, so that printing without end costs no memory."""

    def write(self, text):
        room = PRINTED - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)


def _exercises():
    from ... import exercises

    return exercises


def _left_to_the_grader(key, answer=None, *, student=""):
    """Stands in for `check` while a submission is graded, because the grader checks the same properties outside."""
    return Result(str(key), "", (), "it is checked by the grader")


def _shell():
    """IPython as notebooks need it, without history, colours or programs of the system."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    config.InteractiveShell.cache_size = 0
    config.InteractiveShell.xmode = "Minimal"
    shell = InteractiveShell.instance(config=config)
    shell.showtraceback = shell.showsyntaxerror = lambda *args, **keywords: None
    shell.enable_gui = lambda gui=None: None
    shell.ask_exit = lambda: None
    shell.system = shell.system_piped = shell.system_raw = _no_programs
    shell.getoutput = lambda *args, **keywords: []
    return shell


def _no_programs(command):
    print("Programs of the system do not run while a notebook is graded.")
