"""Keep a test run to itself: its own /dev/shm, its own folders, and nothing left running."""

import ctypes
import os
import uuid

import psutil

MARK = "STUDIO_TEST_RUN"
"""Environment variable that every process of a run inherits, however far it strays."""

CLONE_NEWNS = 0x00020000
MS_REC_PRIVATE = 0x4000 | 0x40000


def mark_this_run() -> str:
    """Mark this process's descendants to come, and return the mark."""
    mark = os.environ[MARK] = uuid.uuid4().hex
    return mark


def own_shm() -> str:
    """Give this process a /dev/shm of its own, if it may have one; return how that went, in words.

    All JACK servers of a user share a metadata database there, and a table of eight servers, in which a killed one
    keeps its line until the next of its name: a server's name alone does not isolate it. Done even where the caller
    did it already, which cannot be seen from here and does no harm.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if (
        libc.unshare(CLONE_NEWNS)
        or libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None)
        or libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"mode=1777")
    ):
        return f"the caller's ({os.strerror(ctypes.get_errno())}); tests/isolated makes a private one"
    return "private"


def descendants(mark: str) -> list[psutil.Process]:
    """Return every process of the run that is not this one, orphans included, zombies not."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def described(process: psutil.Process) -> str:
    """Return what to call it in a message."""
    try:
        return f"{process.pid}: {' '.join(process.cmdline())}"
    except psutil.NoSuchProcess:
        return f"{process.pid}: gone by now"
