"""Who holds the one place that a Carla has for a client, as the kernel knows it.

Carla notes whoever registers and connects to them; of their end it learns nothing, so a client that crashed keeps the
place for ever. The kernel knows better: a client that lives still has the other end of Carla's connection.
"""

import msgspec
import psutil


class Listener(msgspec.Struct, frozen=True):
    """The process behind a port."""

    pid: int
    started: float
    """In seconds since the epoch; with the pid it names one process for good."""


def listener(port: int) -> Listener | None:
    """Return the process that listens on a TCP port, None if it cannot be seen (another user's)."""
    for connection in psutil.net_connections("tcp4"):
        if connection.status == psutil.CONN_LISTEN and _port(connection.laddr) == port and connection.pid is not None:
            try:
                return Listener(connection.pid, psutil.Process(connection.pid).create_time())
            except psutil.NoSuchProcess:
                return None
    return None


def clients(carla: Listener, port: int) -> list[str]:
    """Return the live programs that Carla has connected to by itself, each as a person knows it.

    Parameters
    ----------
    carla
        Carla's process.
    port
        Where it listens; who connected to that is not meant.
    """
    every = psutil.net_connections("tcp4")
    outgoing = {
        (connection.raddr, connection.laddr)
        for connection in every
        if connection.pid == carla.pid
        and connection.status == psutil.CONN_ESTABLISHED
        and _port(connection.laddr) != port
    }
    found = {}
    for connection in every:
        if (connection.laddr, connection.raddr) in outgoing and connection.status == psutil.CONN_ESTABLISHED:
            found[connection.laddr] = _called(connection.pid)
    return sorted(found.values())


def _port(end: tuple[object, ...]) -> object:
    """Return the port of one end of a connection; an end that is not there is empty."""
    return end[1] if len(end) > 1 else None


def _called(pid: int | None) -> str:
    if pid is None:
        return "a program of another user"
    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.NoSuchProcess:
        return f"process {pid}"
