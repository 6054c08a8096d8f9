"""What a host that was killed leaves running: Carla's bridges live on for 30 s, programs for as long as they like.

Carla starts them by itself, so nothing can be told to end them with their parent. They inherit its connections to JACK
too, which therefore does not notice that it has gone, and answers nobody until the last of them has (measured). So each
inherits a mark in its environment as well, and whoever misses the host ends whatever bears it.
"""

import fcntl
import os
import uuid

import psutil

from reconciler.host.place import Place

MARK = "STUDIO_HOST"
"""Environment variable of everything that a host starts."""
END_SECONDS = 5.0


def mark(place: Place) -> None:
    """Mark what this process will start, and end what the last host left. Call it with the session's lock held."""
    _end(place)
    os.environ[MARK] = uuid.uuid4().hex
    place.mark.write_text(os.environ[MARK], encoding="ascii")


def end(place: Place) -> None:
    """End what a host left that is no more; does nothing if there is one, or it went as it should."""
    if not place.mark.exists():
        return
    lock = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a host that starts meanwhile is tried again
        _end(place)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _end(place: Place) -> None:
    if not place.mark.exists():
        return
    last = place.mark.read_text(encoding="ascii")
    left = [process for process in psutil.process_iter() if last and _bears(process, last)]
    for process in left:
        _kill(process)
    psutil.wait_procs(left, timeout=END_SECONDS)
    place.mark.unlink()


def _bears(process: psutil.Process, mark: str) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(MARK) == mark
    except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
        return False  # somebody else's, or gone


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return  # it has ended by itself
