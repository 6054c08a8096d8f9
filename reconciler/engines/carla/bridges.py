"""Plugins with a process of their own: Carla's bridges, and the JACK programs it starts.

Carla tells of the end of one only by a plugin that is not active any more, 70 to 90 ms later, and lets everything be
set on it as before (measured). So the process itself is watched too.
"""

import contextlib
from collections.abc import Iterator

import psutil

KILL_SECONDS = 5.0

Process = psutil.Process


class Children:
    """The processes that this one has started since it was made."""

    def __init__(self) -> None:
        self._before = {child.pid for child in psutil.Process().children()}

    def new(self) -> Iterator[psutil.Process]:
        """Give each one that is there now and was not."""
        for child in psutil.Process().children():
            if child.pid not in self._before:
                yield child


def lives(process: psutil.Process) -> bool:
    """Whether it still runs; one that ended and was not yet waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill(process: psutil.Process) -> None:
    """End it, also one that was stopped, which Carla leaves behind (measured)."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(KILL_SECONDS)
