"""Several submissions at a time, each graded by a process of its own, so that none ends the grading of others."""

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from multiprocessing.connection import wait
from pathlib import Path

#: How long a process that is to end may take to clean up.
GRACE = 10.0


class Stopped(BaseException):
    """The run is being stopped: leave every `with` block, and end."""


def run(tasks, work, *, jobs, seconds, scratch, watch=None):
    """Call `work(*task)` for every task, each in a process of its own.

    Args:
        tasks: name -> arguments, all picklable.
        work: a function of a module; what it finds it leaves in files, what it prints is dropped.
        jobs: processes at a time.
        seconds: after this time a process is ended.
        scratch: folder for temporary files; those that a process leaves behind are gone with it.
        watch: called with the names that are running, when these change.

    Yields:
        (name, trouble) as the processes end; trouble is "" where all went well.
    """
    context, waiting, running = _context(), list(tasks.items()), {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name, task = waiting.pop(0)
                process = context.Process(target=_in_own_process, args=(work, task, str(scratch)))
                with _unbroken():
                    process.start()
                    running[process.sentinel] = (name, process, time.monotonic() + seconds)
            if watch:
                watch([name for name, *_ in running.values()])
            ended = wait(list(running), timeout=1.0)
            late = [
                sentinel
                for sentinel, (_, _, until) in running.items()
                if time.monotonic() > until and sentinel not in ended
            ]
            for sentinel in [*ended, *late]:
                name, process, _ = running.pop(sentinel)
                if sentinel in late:
                    _end(process)
                    yield name, f"the process that graded it was stopped after {seconds:g} seconds"
                else:
                    process.join()
                    yield name, _trouble(process, scratch)
    finally:
        for _, process, _ in running.values():
            process.terminate()
        for _, process, _ in running.values():
            _end(process)


@contextlib.contextmanager
def _unbroken():
    """Ctrl-C waits for the end of the block: in the middle of a fork it would be lost."""
    came = []
    before = signal.signal(signal.SIGINT, lambda *call: came.append(call))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came and callable(before):
        before(*came[0])


def _context():
    """Processes that begin with all that this one has loaded and computed; where that is not safe, fresh ones."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _in_own_process(work, task, scratch):
    os.environ["TMPDIR"] = tempfile.tempdir = scratch
    with contextlib.suppress(OSError):  # where memory runs out, this process goes before the one that keeps the class
        Path("/proc/self/oom_score_adj").write_text("500")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who waits; it ends this process properly
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (progress bars of training inside a check)
    try:
        work(*task)
    except Stopped:
        sys.exit(1)
    except Exception:
        _trouble_file(os.getpid(), scratch).write_text(
            traceback.format_exc(), encoding="utf8", errors="backslashreplace"
        )
        sys.exit(1)


def _trouble_file(process, scratch):
    return Path(scratch, f"trouble-{process}.txt")


def _stop(number, frame):
    raise Stopped


def _end_with_parent():
    wait([multiprocessing.parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def _end(process):
    process.terminate()
    process.join(GRACE)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _trouble(process, scratch):
    code, file = process.exitcode, _trouble_file(process.pid, scratch)
    if code == 0:
        return ""
    if file.is_file():
        return (
            f"the process that graded it came to an error: {file.read_text(encoding='utf8').strip().splitlines()[-1]}"
        )
    if code < 0:
        return (
            f"the process that graded it was ended by signal {-code} ({signal.Signals(-code).name}); did the machine"
            " run out of memory?"
        )
    return f"the process that graded it ended with code {code}"
