"""What a submission may use, the message when it used more, and what each kind of isolation protects."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        cell_seconds: time for one cell of the notebook.
        call_seconds: time for one call of an answer.
        total_seconds: time for all cells and calls together.
        memory_mb: memory of its process, PyTorch included (about 350 MB).
        disk_mb: size of its folder for files, and of /tmp.
        frame_mb: size of one answer on its way to the grader.
        notebook_mb: size of the notebook's file.
        processes, threads: how many there may be; bubblewrap itself takes one process.
        files: how many files there may be.
    """

    cell_seconds: float = 60.0
    call_seconds: float = 20.0
    total_seconds: float = 600.0
    memory_mb: int = 2048
    disk_mb: int = 64
    frame_mb: int = 64
    notebook_mb: int = 20
    processes: int = 8
    threads: int = 200
    files: int = 5000


class SessionLost(Exception):
    """The submission's process is gone, or never came to be. The message is a sentence for the student."""

    def __init__(self, reason):
        super().__init__(reason)
        self.explanation = reason


#: What is protected and what is not, for each kind of isolation.
PROTECTION = {
    "bubblewrap": (
        "Each submission runs in its own bubblewrap sandbox, under another user, without a network, with its own"
        " processes. It sees the system's programs and libraries, Python, the installed packages and the book's"
        " library, all read-only; it does not see other submissions, the masters with their solutions and hidden"
        " checks, or anyone's files. It can write to a small folder and /tmp in memory, which are gone when it ends."
        " Its time, memory, files, processes and threads are limited. It cannot start programs, open sockets or trace"
        " processes (seccomp, where pyseccomp and libseccomp are installed; without them the number of its processes is"
        " limited). The checks run outside, in the grader's process, and take nothing from a submission but values."
        " Grade as an ordinary user, not as root: a flaw then reaches no further than that user. Not protected: a flaw"
        " in the Linux kernel itself; the time of the processor while a submission runs, within its limit."
    ),
    "limits": (
        "Each submission runs in a process of its own with limits on time, memory, size of files and open files, with"
        " an emptied environment and a fresh folder. Where pyseccomp and libseccomp are installed it cannot start"
        " programs, open sockets, or send signals to other processes; where `unshare -n` works it has no network. The"
        " checks run outside, in the grader's process, and take nothing from a submission but values. Not protected:"
        " files. A submission can read whatever the user who grades can read, so the masters with their solutions and"
        " other submissions too, and can change and delete whatever that user can; through the files of /proc that may"
        " reach other processes. It can fill the disk with many files. Without seccomp it can also use the network,"
        " start programs and end the grader. Use it for your own notebooks and for people you trust."
    ),
}
