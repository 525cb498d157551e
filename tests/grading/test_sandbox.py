"""What a submission tries to do to others, and the outcome. The attacks run in the sandbox that is used for grading."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import lossatlas
from lossatlas.classroom.grading import sandbox
from lossatlas.classroom.grading.errors import RemoteError
from lossatlas.classroom.grading.limits import PROTECTION, Limits, SessionLost
from lossatlas.classroom.grading.session import Session

from .sandboxes import need_bubblewrap, notebook

REPOSITORY = Path(__file__).parents[2]

ATTACKS = '''
import collections, ctypes, itertools, os, pathlib, resource, shutil, signal, socket, subprocess, sys, threading, time

def tried(function, *args, **keywords):
    """Nothing where it is refused; what it gives where it is not."""
    try:
        return [repr(function(*args, **keywords))]
    except (OSError, ValueError, RuntimeError) as error:
        return None

def writes(places):
    """Where it could write; nothing that is there is changed."""
    def write(place):
        os.close(os.open(place, os.O_WRONLY if os.path.exists(place) else os.O_WRONLY | os.O_CREAT))
    return [place for place in places if tried(write, place)]

def locks(places):
    for place in places:
        tried(os.chmod, place, 0o644)
        tried(os.chown, place, 1000, 1000)
    return "tried"

def makes(places):
    return [place for place in places if tried(os.mkdir, place + "/mine")]

def reads(places):
    return [place for place in places if os.path.exists(place) or tried(os.listdir, place) or tried(open, place)]

def deletes(places):
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
        tried(os.unlink, place)
    return "done"

def lists(place):
    return sorted(os.listdir(place))

def connects(port, path):
    there = []
    for family, address in (
        (socket.AF_INET, ("127.0.0.1", port)), (socket.AF_UNIX, path), (socket.AF_UNIX, "\\0" + path)
    ):
        def connect():
            end = socket.socket(family)
            end.settimeout(2)
            end.connect(address)
        there.append(tried(connect))
    return there

def sockets():
    families = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK)
    return [tried(socket.socket, family, kind) for family in families for kind in (1, 2, 3)]

def starts():
    def forks():
        if os.fork() == 0:
            os._exit(0)
        return "forked"
    return [tried(forks), tried(subprocess.run, ["/usr/bin/true"]),
            tried(os.posix_spawn, "/usr/bin/true", ["true"], {}), tried(os.system, "true") == ["0"] or None,
            tried(os.execv, "/usr/bin/true", ["true"])]

libc = ctypes.CDLL(None, use_errno=True)

def calls_of_the_system(grader):
    """Which of these the system allows: none."""
    allowed = {
        "ptrace": libc.ptrace(16, grader, 0, 0), "ptrace init": libc.ptrace(16, 1, 0, 0),
        "unshare": libc.unshare(0x10000000), "mount": libc.mount(b"none", b"/tmp", b"tmpfs", 0, b"size=100g"),
        "umount": libc.umount2(b"/tmp", 2), "chroot": libc.chroot(b"/tmp"), "keyctl": libc.syscall(250, 0, 0),
        "bpf": libc.syscall(321, 0, 0, 0), "io_uring": libc.syscall(425, 1, 0), "memfd": libc.syscall(319, b"a", 0),
        "shmget": libc.shmget(0, 1 << 30, 0o1777), "clone3": libc.syscall(435, 0, 0),
        "prlimit": libc.prlimit64(0, 2, (ctypes.c_uint64 * 2)(1 << 40, 1 << 40), 0),
        "process_vm_readv": libc.process_vm_readv(1, None, 0, None, 0, 0),
        "personality": libc.personality(0xFFFFFFFF), "setsid": libc.setsid(),
    }
    return [name for name, result in allowed.items() if result >= 0]

def kills(grader):
    for signal_ in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        for process in (grader, os.getppid(), 1, -1):
            if process != os.getpid():
                tried(os.kill, process, signal_)
    return "still here"

def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]

def memory_of(process):
    return tried(open, f"/proc/{process}/mem", "r+b")

def raises_limits():
    names = ("DATA", "CPU", "FSIZE", "NOFILE", "CORE")
    return [kind for kind in (getattr(resource, f"RLIMIT_{name}") for name in names)
            if tried(resource.setrlimit, kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))]

def environment():
    return dict(os.environ)

def fills(folder):
    written = 0
    with open(folder + "/full", "wb", buffering=0) as file:
        try:
            while True:
                written += file.write(b"x" * (1 << 20))
        except OSError:
            pass
    try:
        for number in range(10):
            with open(f"{folder}/more{number}", "wb", buffering=0) as file:
                while True:
                    written += file.write(b"x" * (1 << 20))
    except OSError:
        pass
    for path in pathlib.Path(folder).glob("[fm]*"):
        path.unlink()
    return written

def threads():
    found = []
    started = [threading.Thread(target=found.append, args=(n,)) for n in range(10)]
    for thread in started: thread.start()
    for thread in started: thread.join()
    import torch
    return sorted(found), float(torch.ones(1000, 1000).sum())

def allocates(at_once):
    hoard = []
    while True:
        hoard.append(bytearray(at_once))

def allocates_tensors():
    import torch
    hoard = []
    while True:
        hoard.append(torch.ones(1 << 22))

def prints():
    while True:
        print("x" * 10000)
        os.write(1, b"y" * 10000)

def loops():
    while True:
        pass

# What follows ends the process.

def stubborn():
    for each in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGXCPU):
        signal.signal(each, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        try:
            time.sleep(100)
        except BaseException:
            pass

def loops_in_c():
    collections.deque(itertools.count(), maxlen=0)

def shares_memory():
    import mmap
    hoard = mmap.mmap(-1, 4 << 30)
    while True:
        hoard.write(b"x" * (1 << 20))

def breeds_threads():
    while True:
        threading.Thread(target=time.sleep, args=(1000,)).start()

def makes_files():
    for number in itertools.count():
        open(f"/tmp/{number}", "w").close()

def leaves():
    os._exit(3)

def crashes():
    ctypes.string_at(0)

def babbles():
    for end in range(256):
        try: os.write(end, b"{}" * 5000)
        except OSError: pass
    while True:
        time.sleep(100)

def falls_silent():
    os.closerange(0, 256)
    while True:
        time.sleep(100)

def patches():
    import torch
    import lossatlas.classroom.grading.frames as frames
    import gc
    worker = next(each for each in gc.get_objects() if type(each).__name__ == "Worker")
    import lossatlas.exercises as exercises
    type(worker).do_call = lambda self, **k: {"passed": True, "points": 100}
    exercises.check_properties = exercises.check = lambda *a, **k: True
    torch.autograd.grad = torch.Tensor.backward = None
    return "patched"
'''

LIMITS = Limits(call_seconds=3, memory_mb=700, disk_mb=8, total_seconds=300, files=500, threads=20)


@contextlib.contextmanager
def running(isolation, limits=LIMITS):
    os.environ["GRADERS_SECRET"] = "seven"
    try:
        with Session(
            notebook(ATTACKS, "student = 'mallory'\nright = 3.0"), isolation=isolation, limits=limits
        ) as session:
            assert [cell.error for cell in session.cells] == ["", ""]
            yield session
    finally:
        os.environ.pop("GRADERS_SECRET", None)


@pytest.fixture(scope="module")
def inside():
    need_bubblewrap()
    with running("bubblewrap") as session:
        yield session
        assert "right" in list(session.answers)
        family = family_of(session._child.process.pid)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert len(family) == 2 and not alive, "nothing is left behind"


def family_of(pid):
    """bubblewrap, and Python in its sandbox."""
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


@pytest.fixture
def attack(inside):
    return lambda name, *args: inside.answers[name](*args)


@pytest.fixture
def listener(tmp_path):
    """A server of this machine; its list has the callers."""
    callers = []
    path = str(tmp_path / "socket")
    ends = [socket.socket(socket.AF_INET), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
    for end, address in zip(ends, [("127.0.0.1", 0), path, "\0" + path], strict=True):
        end.bind(address)
        end.listen()
        end.settimeout(0.2)
    yield ends[0].getsockname()[1], path, callers
    for end in ends:
        with contextlib.suppress(TimeoutError):
            callers.append(end.accept())
        end.close()
    assert not callers


def elsewhere(places):
    """Those outside of /tmp, where the sandbox has a folder of its own, which it may write to."""
    return [place for place in places if Path("/tmp") not in Path(place).parents]


def found(place):
    """What a file of this machine contains, as far as it is one that can be read at once."""
    return place.read_bytes() if place.is_file() and not str(place).startswith(("/proc", "/dev")) else place.exists()


def test_writes_nowhere_but_in_its_own_folders(attack, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("whole")
    places = [
        precious, REPOSITORY / "README.md", Path(lossatlas.__file__), Path(sys.prefix) / "x",
        Path(sys.base_prefix) / "x", "/x", "/usr/x", "/etc/x", "/dev/x", "/home/x", "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity",
    ]  # fmt: skip
    before = {place: found(place) for place in map(Path, places)}
    assert elsewhere(attack("writes", [str(place) for place in places])) == []
    assert (
        elsewhere(
            attack(
                "makes",
                [
                    "/",
                    "/usr",
                    "/dev",
                    "/home",
                    "/proc",
                    "/proc/self",
                    str(Path(lossatlas.__file__).parent),
                    str(REPOSITORY),
                ],
            )
        )
        == []
    )
    assert {place: found(place) for place in before} == before
    assert attack("writes", ["/tmp/mine_now", "/dev/shm/a", "a"]) == ["/tmp/mine_now", "/dev/shm/a", "a"]
    assert precious.read_text() == "whole" and not Path("/tmp/mine_now").exists()


def test_changes_the_owner_and_mode_of_nothing(attack):
    """A device that few use, because root owns it here as there, and bubblewrap must leave it as it is."""
    device, package = Path("/dev/full"), Path(lossatlas.__file__)
    before = [(place.stat().st_mode, place.stat().st_uid) for place in (device, package)]
    try:
        attack("locks", [str(device), str(package)])
        assert [(place.stat().st_mode, place.stat().st_uid) for place in (device, package)] == before
    finally:
        if device.stat().st_mode != before[0][0]:
            device.chmod(before[0][0])


def test_reads_nothing_of_others(attack, tmp_path):
    (tmp_path / "solution").write_text("secret")
    places = [
        tmp_path, tmp_path / "solution", REPOSITORY / "book", REPOSITORY / "book" / "exercises", REPOSITORY / "tests",
        REPOSITORY / ".git", REPOSITORY / "LICENSE", "/etc/passwd", "/etc/shadow", "/etc/hostname", "/var",
        Path.home() / ".ssh", "/sys", "/run", "/opt", "/home/user", Path.cwd() / "book", Path.home() / ".bashrc",
    ]  # fmt: skip
    assert attack("reads", [str(place) for place in places]) == []
    assert attack("lists", "/home") == ["student"]
    known = {Path(place).parts[1] for place in (sys.prefix, sys.base_prefix, lossatlas.__file__)}
    assert (
        set(attack("lists", "/"))
        <= {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "proc", "dev", "tmp", "home"} | known
    )
    assert attack("lists", str(REPOSITORY / "src")) == ["lossatlas"]


def test_deletes_nothing_of_others(attack, inside, tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "ada.ipynb").write_text("{}")
    attack(
        "deletes",
        [
            str(folder),
            str(REPOSITORY / "src" / "lossatlas" / "grading"),
            "/usr/bin",
            sys.prefix + "/bin",
            "/tmp",
            "/home/student",
            "/dev/shm",
        ],
    )
    assert (folder / "ada.ipynb").exists() and Path(sandbox.__file__).exists()
    assert attack("threads")[0] == list(range(10)), "and it still works itself"


def test_has_no_network(attack, listener):
    port, path, _ = listener
    assert attack("connects", port, path) == [None] * 3
    assert attack("sockets") == [None] * 12


def test_starts_no_processes_and_may_have_threads(attack):
    assert attack("starts") == [None] * 5
    assert attack("threads") == (list(range(10)), 1e6)


def test_is_refused_what_the_system_offers(attack):
    assert attack("calls_of_the_system", os.getpid()) == []
    assert attack("raises_limits") == []


def test_sees_no_other_process(attack):
    assert attack("kills", os.getpid()) == "still here"
    assert attack("processes") == [1], "itself"
    assert attack("memory_of", os.getpid()) is None


def test_knows_nothing_of_the_graders_environment(attack):
    found = attack("environment")
    assert not {"GRADERS_SECRET", "PYTEST_CURRENT_TEST"} & set(found) and found["HOME"] == "/home/student"


@pytest.mark.parametrize("folder", ["/tmp", "/home/student", "/dev/shm"])
def test_fills_its_own_folders_only(attack, folder):
    assert LIMITS.disk_mb / 2 <= attack("fills", folder) / 2**20 <= LIMITS.disk_mb


def test_memory_ends(attack):
    for at_once in (1 << 16, 1 << 26):
        with pytest.raises(MemoryError):
            attack("allocates", at_once)
    with pytest.raises(RuntimeError, match="memory"):
        attack("allocates_tensors")
    assert attack("threads")[1] == 1e6


def test_time_ends_and_words_are_dropped(attack):
    for name in ("loops", "prints"):
        with pytest.raises(RemoteError) as late:
            attack(name)
        assert "Stopped after 3 seconds" in late.value.explanation


def test_all_that_was_tried_left_the_same_process(inside):
    """So far nothing had to be ended, and a right answer is still a right answer."""
    assert inside.generation == 1 and inside.answers["right"] == 3.0 and inside.declared_student == "mallory"


FATAL = {
    "stubborn": "longer than 3 seconds",
    "loops_in_c": "longer than 3 seconds",
    "shares_memory": "more than 700 MB",
    "makes_files": "more than 500 files",
    "leaves": "code 3",
    "crashes": "SIGSEGV",
    "babbles": "not an answer",
    "falls_silent": "closed its connection",
}


@pytest.mark.parametrize("name", FATAL)
def test_what_ends_the_process(inside, name):
    function, before = inside.answers[name], inside.generation
    with pytest.raises(SessionLost, match=FATAL[name]) as lost:
        function()
    assert lost.value.explanation.startswith(f"`{name}` was used by a check")
    began = time.monotonic()
    with pytest.raises(SessionLost, match=FATAL[name]):  # it is remembered, and not tried again
        function()
    assert time.monotonic() - began < 1
    assert inside.answers["right"] == 3.0 and inside.generation <= before + 1


def test_threads_without_end(inside):
    """Memory for their stacks runs out, and the process is ended for the threads that it has."""
    with pytest.raises((RemoteError, SessionLost), match=r"thread|Stopped|memory"):
        inside.answers["breeds_threads"]()
    time.sleep(1)
    assert inside.answers["threads"]()[1] == 1e6


def test_patching_changes_nothing_but_its_own_answers(inside):
    assert inside.answers["patches"]() == "patched"
    with pytest.raises(SessionLost, match="not an answer"):
        inside.answers["threads"]()
    assert inside.answers["right"] == 3.0


def test_the_child_goes_when_the_grader_is_killed(tmp_path):
    need_bubblewrap()
    code = (
        "import sys, time\nsys.path.insert(0, sys.argv[1])\nfrom lossatlas.classroom.grading.session import Session\n"
        "from tests.grading.sandboxes import notebook\n"
        "with Session(notebook('x = 1')) as session:\n"
        "    print(session._child.process.pid, flush=True)\n"
        "    time.sleep(100)"
    )
    grader = subprocess.Popen([sys.executable, "-c", code, str(REPOSITORY)], stdout=subprocess.PIPE, text=True)
    family = family_of(int(grader.stdout.readline()))
    grader.kill()
    grader.wait()
    grader.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert len(family) == 2 and not alive


def test_limits_alone(tmp_path, listener):
    """Without bubblewrap: a process of its own, with limits, no network and no programs; files are not protected."""
    port, path, _ = listener
    with running("limits") as session:

        def attack(name, *args):
            return session.answers[name](*args)

        assert attack("connects", port, path) == [None] * 3
        assert attack("starts") == [None] * 5
        assert attack("calls_of_the_system", os.getpid()) == []
        assert attack("raises_limits") == []
        assert attack("kills", os.getpid()) == "still here"
        assert "GRADERS_SECRET" not in attack("environment")
        with pytest.raises(MemoryError):
            attack("allocates", 1 << 26)
        folder = attack("environment")["HOME"]
        assert session.answers["right"] == 3.0 and Path(folder).is_dir()
        assert attack("reads", [str(REPOSITORY / "README.md")]), "as in PROTECTION"
        with pytest.raises(SessionLost, match="longer than 3 seconds"):
            attack("stubborn")
    assert not Path(folder).exists()


def test_the_sandbox_says_what_it_lacks(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    works, reason = sandbox.isolation_available.__wrapped__()
    assert not works and "bubblewrap is not installed" in reason
    monkeypatch.undo()
    monkeypatch.setattr(sandbox, "bubblewrap", lambda *args: ["false"])
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: "/usr/bin/bwrap")
    works, reason = sandbox.isolation_available.__wrapped__()
    assert not works and "does not work here" in reason
    assert set(PROTECTION) == {"bubblewrap", "limits"} and all(
        "Not protected" in words for words in PROTECTION.values()
    )


def test_without_seccomp_it_still_holds(monkeypatch):
    """Processes are then counted from outside instead of refused."""
    need_bubblewrap()
    monkeypatch.setattr(sandbox, "seccomp_missing", lambda: "pyseccomp is not installed")
    works, reason = sandbox.isolation_available.__wrapped__()
    assert works and "pyseccomp is not installed" in reason
    bomb = (
        "import os, time\n"
        "def forks():\n"
        "    while True:\n"
        "        try:\n"
        "            if os.fork() == 0: time.sleep(100)\n"
        "        except OSError: time.sleep(0.01)"
    )
    with Session(notebook(bomb), limits=LIMITS) as session, pytest.raises(SessionLost, match=r"processes|memory"):
        session.answers["forks"]()
