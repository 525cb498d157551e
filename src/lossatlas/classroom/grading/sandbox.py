"""Starts the child that runs a submission, watches what it uses, and ends it."""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from .channel import Channel
from .confine import MEGABYTE, seccomp_missing
from .limits import Limits, SessionLost

HOME = "/home/student"
LOOK_SECONDS = 0.2
END_SECONDS = 2.0

ENVIRONMENT = {
    "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "USER": "student", "LOGNAME": "student",
    "MPLBACKEND": "agg", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}  # fmt: skip


class Child:
    """A process that runs `worker.py`, alone in its sandbox.

    Attributes:
        channel: messages to and from it.
        why: what it did to be ended by the watcher, or "".
    """

    def __init__(self, isolation, limits):
        self.folder, self.limits, self.why = None, limits, ""
        self.isolation = isolation
        if isolation == "limits":
            self.folder = tempfile.mkdtemp(prefix="submission-")
        home = self.folder or HOME
        environment = ENVIRONMENT | {"HOME": home, "TMPDIR": self.folder or "/tmp", "IPYTHONDIR": f"{home}/.ipython"}
        command = [
            *_around(isolation, environment, limits),
            *_python(),
            "-m",
            f"{__package__}.worker",
            str(limits.frame_mb * MEGABYTE),
        ]
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the child is
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                bufsize=0,
                env=environment,
                cwd=self.folder or "/",
                start_new_session=True,
            )
        except OSError as error:
            self._cleared()
            raise SessionLost(f"The sandbox cannot be started: {error}") from None
        self.channel = Channel(self.process.stdout.fileno(), self.process.stdin.fileno(), limits.frame_mb * MEGABYTE)
        threading.Thread(target=self._watch, daemon=True).start()

    def confinement(self):
        """What the child does to itself before it reads the notebook."""
        refuse = not seccomp_missing()
        return {
            "limits": {
                # Libraries are in memory too, but not part of this limit; so Python reports that memory has run out
                # before the watcher below ends it all.
                "memory_mb": int(0.85 * self.limits.memory_mb),
                "disk_mb": self.limits.disk_mb,
                "cpu_seconds": self.limits.total_seconds + 60,
                "processes": None if refuse else self.limits.processes + self.limits.threads,
            },
            "refuse": refuse,
            "with_parent": self.isolation == "limits",
        }

    def has_ended(self):
        return self.process.poll() is not None

    def end(self):
        """End it and all that it started."""
        _kill(self.process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        self._cleared()

    def how_it_ended(self):
        """In a sentence for the student; waits until it has."""
        try:
            code = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        if self.why:
            return self.why
        number = -code if code is not None and code < 0 else code - 128 if code is not None and code > 128 else 0
        if number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE):
            return (
                f"Python crashed ({signal.Signals(number).name}). Was memory to run out, or were more threads started"
                " than there may be?"
            )
        if number in (signal.SIGKILL, signal.SIGXCPU):
            return "Its process was killed; it had used more time or memory than there is."
        if code:
            return f"It ended its own process, with code {code}."
        return "It ended its own process, or closed its connection to the grader."

    def complaints(self):
        """What was written before the notebook ran, where the sandbox itself could not start."""
        self.errors.seek(0)
        return self.errors.read(2000).decode(errors="replace").strip()

    def _cleared(self):
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.errors.close()
        if getattr(self, "process", None) is not None:
            self.process.stdin.close()
            self.process.stdout.close()

    def _watch(self):
        """End the child when all its processes together use too much; runs in a thread of its own."""
        while self.process.returncode is None:
            why = self._too_much()
            if why:
                self.why = self.why or why
                _kill(self.process)
                return
            time.sleep(LOOK_SECONDS)

    def _too_much(self):
        try:
            root = psutil.Process(self.process.pid)
            family = [root, *root.children(recursive=True)]
        except psutil.Error:
            return ""
        memory = threads = 0
        for process in family:
            with contextlib.suppress(psutil.Error):
                memory += process.memory_info().rss
                threads += process.num_threads()
        if memory > self.limits.memory_mb * MEGABYTE:
            return f"It used more than {self.limits.memory_mb} MB of memory."
        if len(family) > self.limits.processes or threads > self.limits.threads + len(family):
            return "It started more processes or threads than there may be."
        if self.isolation == "bubblewrap" and _files(family[-1].pid) > self.limits.files:
            return f"It made more than {self.limits.files} files."
        return ""


def _files(pid):
    """How many files there are in the folders of a sandbox that can be written to; 0 where that cannot be seen."""
    count = 0
    for folder in (HOME, "/tmp", "/dev/shm"):
        inside = f"/proc/{pid}/root{folder}"
        with contextlib.suppress(OSError):
            # Before the sandbox has its own root, what is seen there are the files of this machine.
            if os.stat(inside).st_dev not in _devices(folder):
                seen = os.statvfs(inside)
                count += seen.f_files - seen.f_ffree
    return count


@functools.cache
def _devices(folder):
    return {os.stat(place).st_dev for place in ("/", folder) if os.path.exists(place)}


def _kill(process):
    """Kill a child and what it started; in bubblewrap the first process of the sandbox takes all others with it."""
    with contextlib.suppress(psutil.Error):
        for each in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                each.kill()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _python():
    """Python without the user's own packages and settings; the environment is set here, so it may be read."""
    return [sys.executable, "-s", "-P", "-B"]


def _around(isolation, environment, limits):
    """What stands before Python on the command line."""
    if isolation == "limits":
        return _without_network()
    return bubblewrap(environment, limits)


def bubblewrap(environment, limits):
    """A sandbox with the system's programs, Python and this library, all read-only, and three small folders."""
    disk = str(limits.disk_mb * MEGABYTE)
    command = [
        "bwrap", "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
        # No other process in the sandbox: one without seccomp, whose memory could be written to, would be a way around
        # it.
        "--as-pid-1",
        *_no_more_users(),
    ]  # fmt: skip
    for name, value in environment.items():
        command += ["--setenv", name, value]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/dev/shm", "/tmp", HOME):
        command += ["--size", disk, "--tmpfs", folder]
    command += ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        place = Path("/", name)
        if place.is_symlink():
            command += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            command += ["--ro-bind", str(place), str(place)]
    for place in _python_folders():
        command += ["--ro-bind", place, place]
    command += ["--chdir", HOME]
    # The root and /dev are file systems in memory without a limit, and /proc has settings of the whole machine, which a
    # submission could change where root grades.
    for place in ("/proc", "/dev", "/"):
        command += ["--remount-ro", place]
    return [*command, "--"]


@functools.cache
def _no_more_users():
    """An option against user namespaces, where bubblewrap has it; seccomp refuses them too, but may be missing."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        if "--disable-userns" in subprocess.run(["bwrap", "--help"], capture_output=True, text=True, timeout=10).stdout:
            return ["--disable-userns"]
    return []


def _python_folders():
    """Python, the virtual environment, and this package, but not its parent folder, which may contain solutions."""
    package = Path(__file__).resolve().parents[2]
    found = []
    for folder in (sys.base_prefix, sys.base_exec_prefix, sys.prefix, package):
        inside = [Path("/usr"), *found]
        if not any(Path(folder).is_relative_to(known) for known in inside):
            found.append(Path(folder))
    return map(str, found)


@functools.cache
def _without_network():
    """`unshare`, where it works."""
    for command in (["unshare", "--net", "--"], ["unshare", "--user", "--map-current-user", "--net", "--"]):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if subprocess.run([*command, "true"], capture_output=True, timeout=10).returncode == 0:
                return command
    return []


@functools.cache
def isolation_available():
    """Whether submissions can be put into a bubblewrap sandbox here, and what is to be known about it.

    Returns:
        (works, reason): where it does not work, why; where it does, what is missing in it, or "".
    """
    if shutil.which("bwrap") is None:
        return False, "bubblewrap is not installed (the program `bwrap`; in Debian and Ubuntu the package `bubblewrap`)"
    try:
        done = subprocess.run(
            [*bubblewrap(ENVIRONMENT, Limits()), *_python(), "-S", "-c", "print('ready')"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, f"bubblewrap does not start: {error}"
    if done.returncode or done.stdout.strip() != "ready":
        return False, f"bubblewrap does not work here: {done.stderr.strip()[:500]}"
    missing = seccomp_missing()
    return True, f"{missing}: the number of processes is limited, instead of refusing new ones" if missing else ""
