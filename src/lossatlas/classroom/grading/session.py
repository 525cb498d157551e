"""A submission that runs in its sandbox: what its notebook defines, and what went wrong on the way."""

import contextlib
import math
import signal
import threading
import time
from dataclasses import dataclass

import numpy
import torch

from .answers import Answers
from .channel import Gone, TooLate
from .errors import error_of
from .frames import FrameError, readable
from .limits import Limits, SessionLost
from .remote import RemoteFunction
from .sandbox import Child

START_SECONDS = 120.0  # until the libraries are loaded; a slow disk takes its time
GRACE_SECONDS = 3.0  # the child's own clock rings first, and its message is better
RESTARTS, STARTS = 3, 12  # without a cell, and in all
MESSAGES = 5000  # while the notebook runs; two for each cell
WORDS = 4000
NO_ANSWER = "It sent the grader something that is not an answer."


@dataclass(frozen=True)
class CellOutcome:
    """A cell of the notebook.

    Attributes:
        index: its place among all cells.
        source_head, printed: the beginning of its source and of what it printed.
        error: what went wrong, or "".
    """

    index: int
    source_head: str
    error: str = ""
    printed: str = ""


class Session:
    """Runs a notebook in a child and reads what it defines.

        with Session(data, student="ada", isolation="bubblewrap", limits=Limits()) as session:
            loss = session.answers["my_loss"]

    Args:
        notebook: the file, bytes.
        student: whose it is, for the instructor; the child does not learn it.
        isolation: "bubblewrap" or "limits"; see `PROTECTION`.
        limits: what it may use.

    Attributes:
        answers: what the notebook defines, by name; a function is a `RemoteFunction`.
        cells: one `CellOutcome` for each code cell.
        declared_student: what the notebook calls its `student`, or "".

    Raises:
        SessionLost: the notebook cannot be read, or its process ended. A later request starts a new process: without
            the cell that ended the last one, at most three times. A function that ended it is not called again.
    """

    def __init__(self, notebook, *, student="", isolation="bubblewrap", limits=None):
        if isolation not in ("bubblewrap", "limits"):
            raise ValueError(f'`isolation`: expected "bubblewrap" or "limits", got {isolation!r}')
        self.notebook, self.student, self.isolation, self.limits = (
            bytes(notebook),
            student,
            isolation,
            limits or Limits(),
        )
        self.cells, self.answers, self.dropped, self.generation = [], Answers(self), [], 0
        self._child, self._names, self._spent, self._left_out, self._deadly = None, [], 0.0, {}, {}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *error):
        self._end()

    @property
    def declared_student(self):
        try:
            declared = self.answers["student"]
        except (KeyError, SessionLost):
            return ""
        return readable(declared)[:200] if isinstance(declared, str) else ""

    def request(self, what, about, **parts):
        """One request to the child, and its reply.

        Args:
            about: the name or the function that is requested; should the child end over it, it is not requested again.
        """
        key = about.origin if isinstance(about, RemoteFunction) else about
        if key in self._deadly:
            raise SessionLost(self._deadly[key])
        self._revived()
        if isinstance(about, RemoteFunction):
            self._found_again(about)
        try:
            reply = self._exchange({"request": what, "drop": self._drop(), **parts}, self.limits.call_seconds)
        except SessionLost as lost:
            self._deadly[key] = (
                f"`{_name(about)}` was used by a check, and the process of your notebook was lost. {lost}"
            )
            raise SessionLost(self._deadly[key]) from None
        except BaseException:
            self._deadly[key] = f"`{_name(about)}` had not answered when the time of the check was over."
            raise
        if "raised" in reply:
            with self.well_formed_reply():
                error = error_of(*(reply[part] for part in ("raised", "name", "message", "explanation")))
            raise error
        return reply

    @contextlib.contextmanager
    def well_formed_reply(self):
        """A block that reads a reply; where the reply lacks a part, the child is ended."""
        try:
            yield
        except (FrameError, KeyError, TypeError, AttributeError, IndexError, ValueError):
            self._lose(NO_ANSWER)

    def still(self, generation, function):
        """Graphs of a child that has ended are gone."""
        if self._child is None or generation != self.generation:
            raise SessionLost(self._deadly.get(function.origin, "Its process ended between a call and its gradient."))

    # The child

    def _revived(self):
        if self._child is not None and self._child.has_ended():
            self._end()
        if self._child is None:
            with _clock_stopped():
                self._start()

    def _start(self):
        """A child that has run the notebook, without the cells that ended earlier ones."""
        if len(self.notebook) > self.limits.notebook_mb * 2**20:
            raise SessionLost(
                f"The file has {len(self.notebook) / 2**20:.0f} MB; a notebook may have {self.limits.notebook_mb}."
                " Clear its outputs, save it, and hand it in again."
            )
        while True:
            if self._spent >= self.limits.total_seconds:
                raise SessionLost(self._together)
            if self.generation == STARTS:
                raise SessionLost("The process of your notebook ended again and again; it is not started once more.")
            self._child, self.generation = Child(self.isolation, self.limits), self.generation + 1
            self.dropped.clear()
            try:
                return self._load()
            except _Killed as killed:
                self._end()
                if len(self._left_out) >= RESTARTS:
                    raise SessionLost(
                        f"{killed} Cells before it had ended the process too; the notebook was not run again."
                    ) from None
                self._left_out[killed.cell.index] = CellOutcome(killed.cell.index, killed.cell.source_head, str(killed))

    def _load(self):
        message = {
            **self._child.confinement(),
            "notebook": torch.from_numpy(numpy.frombuffer(self.notebook, numpy.uint8).copy()),
            "leave_out": list(self._left_out),
            "cell_seconds": float(self.limits.cell_seconds),
            "call_seconds": float(self.limits.call_seconds),
        }
        cells, running = dict(self._left_out), None
        try:
            reply = self._exchange(message, START_SECONDS, counted=False)
            for _ in range(MESSAGES):
                if "names" in reply:
                    break
                if "lost" in reply:
                    self._lose(_words(str(reply["lost"])))
                with self.well_formed_reply():
                    index = reply["cell"]
                    if "head" in reply:
                        running = cells[index] = CellOutcome(int(index), _words(reply["head"]))
                    else:
                        error, printed = _words(reply["error"]), _words(reply["printed"])
                        cells[index] = CellOutcome(running.index, running.source_head, error, printed)
                reply = self._exchange(None, self.limits.cell_seconds)
            with self.well_formed_reply():
                self._names = [name for name in reply["names"] if isinstance(name, str)]
        except SessionLost as lost:
            if running is None or self._spent >= self.limits.total_seconds:
                raise
            raise _Killed(f"This cell was left out, because it ended the process. {lost}", running) from None
        finally:
            self.cells = [cells[index] for index in sorted(cells)]

    def _exchange(self, message, seconds, counted=True):
        """Send a message, if there is one, and wait for the next reply."""
        began, waits = time.monotonic(), seconds + GRACE_SECONDS
        left = self.limits.total_seconds - self._spent if counted else math.inf
        until = began + min(waits, left)
        try:
            if message is not None:
                self._child.channel.send(message, self._reference, until)
            reply = self._child.channel.receive(self._function, until)
            if isinstance(reply, dict):
                return reply
        except TooLate:
            if left <= waits:
                self._lose(self._together)
            self._lose(f"It took longer than {seconds:g} seconds. Is there a loop that does not end?")
        except Gone:
            self._lose(" ".join([self._child.how_it_ended(), self._child.complaints()]).strip())
        except FrameError:
            self._lose(NO_ANSWER)
        except BaseException:  # the check's own time is over: what comes later would answer the wrong question
            self._end()
            raise
        finally:
            self._spent += (time.monotonic() - began) * counted
        return self._lose(NO_ANSWER)

    @property
    def _together(self):
        return f"Its cells and calls together took longer than {self.limits.total_seconds:g} seconds."

    def _lose(self, reason):
        self._end()
        raise SessionLost(reason) from None

    def _end(self):
        if self._child is not None:
            self._child.end()
            self._child = None

    def _drop(self):
        dropped = self.dropped[:]
        del self.dropped[: len(dropped)]
        return dropped

    # Functions

    def _reference(self, function):
        """What stands for a function of the child in a message to it."""
        if function.generation != self.generation:
            self._found_again(function)
        return [function.number]

    def _function(self, number, name, is_stub):
        """A function of the child from what stands for it."""
        if type(number) is not int or not isinstance(name, str) or not isinstance(is_stub, bool):
            raise FrameError("no function")
        return self.answers.met(RemoteFunction(self, number, readable(name)[:80], is_stub, None, self.generation))

    def _found_again(self, function):
        """The number of a function in a child that is not the one that named it."""
        if function.generation == self.generation:
            return
        try:
            name, position = function.origin
            again = self.answers.read(name)[1][position]
        except (TypeError, KeyError, IndexError):
            raise SessionLost(f"`{_name(function)}` is gone with the process that made it.") from None
        function.number, function.generation = again.number, self.generation


class _Killed(Exception):
    """A cell ended the child."""

    def __init__(self, reason, cell):
        super().__init__(reason)
        self.cell = cell


def _name(about):
    return about.__name__ if isinstance(about, RemoteFunction) else about


def _words(text):
    return readable(text[:WORDS])


@contextlib.contextmanager
def _clock_stopped():
    """The time limit of a check stands still: starting anew takes seconds that are not the answer's fault."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, left, interval)
