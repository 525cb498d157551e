"""What a process does to itself before it runs a submission: limits of the system, and calls it may no longer make.

Runs in the child only, and only once; nothing of it can be taken back.
"""

import ctypes
import errno
import os
import resource
import signal

MEGABYTE = 1 << 20
CLONE_THREAD = 0x10000
PR_SET_PDEATHSIG = 1

#: Calls that a right answer never makes. Memory of the first ones would not count as memory of the process.
REFUSED = (
    "memfd_create", "memfd_secret", "shmget", "msgget", "semget", "mq_open",
    "fork", "vfork", "execve", "execveat", "unshare", "setns", "setsid",
    "socket", "bind", "listen",
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_getfd", "pidfd_send_signal",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "kcmp",
    "mount", "umount2", "pivot_root", "chroot", "mount_setattr", "move_mount", "open_tree", "fsopen", "fsmount",
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "add_key", "request_key", "keyctl", "name_to_handle_at", "open_by_handle_at",
    "fanotify_init", "quotactl", "swapon", "swapoff", "reboot", "kexec_load", "init_module", "finit_module",
    "settimeofday", "clock_settime", "personality", "setrlimit",
)  # fmt: skip

#: Calls that do nothing, and report success: in a folder of one's own they change nothing that matters, and programs
#: that copy files use them; but where root grades, they could change the devices of the machine, which root owns.
PRETENDED = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat",
    "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
)  # fmt: skip


def limit(memory_mb, disk_mb, cpu_seconds, processes):
    """Limits that the system keeps; they cannot be raised again."""
    for kind, most in {
        resource.RLIMIT_DATA: memory_mb * MEGABYTE,
        resource.RLIMIT_FSIZE: disk_mb * MEGABYTE,
        resource.RLIMIT_CPU: int(cpu_seconds) + 1,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    if processes is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))


def end_with_parent():
    """Be killed when the grader is: bubblewrap sees to it in its sandbox, here the process has to."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def seccomp_missing():
    """Why calls of the system cannot be refused here; an empty text where they can."""
    try:
        import pyseccomp  # noqa: F401
    except ImportError:
        return "pyseccomp is not installed"
    except RuntimeError:
        return "the library libseccomp is not installed"
    return ""


def refuse_calls():
    """Refuse what `REFUSED` names, new processes, and signals to others. Threads still work."""
    import pyseccomp as seccomp

    no = seccomp.ERRNO(errno.EPERM)
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    for name in REFUSED:
        _add(rules, no, name)
    for name in PRETENDED:
        _add(rules, seccomp.ERRNO(0), name)
    # Its third argument is the new limit; without one it only reads.
    _add(rules, no, "prlimit64", seccomp.Arg(2, seccomp.NE, 0))
    _add(rules, no, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, 0))
    # Its flags cannot be seen from here; the C library then uses clone.
    _add(rules, seccomp.ERRNO(errno.ENOSYS), "clone3")
    for name in ("kill", "tgkill"):
        _add(rules, no, name, seccomp.Arg(0, seccomp.NE, os.getpid()))
    _add(rules, no, "tkill")
    rules.load()


def _add(rules, action, name, *arguments):
    import pyseccomp as seccomp

    try:
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
    except (OSError, ValueError, KeyError):
        return  # an older library does not know it
    if number >= 0:
        rules.add_rule(action, number, *arguments)
