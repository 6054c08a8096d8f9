"""The keeper: a small process between a host and its plugins, which ends them one after another when the host dies.

Why it is there (jackd2 1.9.21, 20 plugins whose host got SIGKILL, measured): when the plugins see the end of their
input all at once, or get SIGTERM all at once, their goodbyes jam jackd for a minute and longer; SIGKILL for all at
once jams it for 10 s, half a second a client. One after another they are gone in about a second and jackd never
notices. Only a process that outlives the host can do that, and it must hold the plugins' terminals open meanwhile.
It also holds the host's lock (flock belongs to what was opened, not to who opened it), so that no new host starts
among the old one's plugins.

It is started by path, with nothing but the standard library, and has one thread, so that it may fork and do things
before exec. It starts the plugins, therefore the kernel is told to kill them when it dies itself. Requests come as
JSON over a socket, one at a time, each answered; the end of the socket is the end of the host.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1
_LEAVE_SECONDS = 2.0
_MESSAGE_BYTES = 1 << 20


def main(descriptor: int, *locks: int) -> None:
    """Serve the host at the other end of this socket until it is gone, then end what it left, and only then let go."""
    for ignored in _IGNORED:
        signal.signal(ignored, signal.SIG_IGN)
    # A plugin that inherited these, or another's terminal, would keep them from ending.
    for inherited in (descriptor, *locks):
        os.set_inheritable(inherited, False)
    host = socket.socket(fileno=descriptor)
    terminals: dict[int, int] = {}
    quitters: set[int] = set()
    with contextlib.suppress(ConnectionError):
        while True:
            message, descriptors, _, _ = socket.recv_fds(host, _MESSAGE_BYTES, 2)
            for received in descriptors:
                os.set_inheritable(received, False)  # recv_fds drops the flag that would do it
            if not message:
                break
            host.send(json.dumps(_serve(json.loads(message), descriptors, terminals, quitters)).encode())
    for pid, terminal in terminals.items():
        _end(pid, terminal, quits=pid in quitters)


def _serve(
    request: dict[str, Any], descriptors: list[int], terminals: dict[int, int], quitters: set[int]
) -> dict[str, Any]:
    """Do what is asked.

    ``start``: argv and variables, with the plugin's terminal and our side of it; gives ``pid``. ``quits``: that pid
    understands ``quit``. ``release``: close our side of its terminal. ``reap``: gives ``code`` of a pid that ended,
    else None. A process that ended stays until it is reaped, so that its pid means nobody else.
    """
    if "start" in request:
        terminal, ours = descriptors
        pid = _start(request["start"], request["variables"], terminal)
        os.close(terminal)
        terminals[pid] = ours
        return {"pid": pid}
    if "quits" in request:
        quitters.add(request["quits"])
        return {}
    if "release" in request:
        _close(terminals[request["release"]])
        terminals[request["release"]] = -1
        return {}
    pid = request["reap"]
    reaped, status = os.waitpid(pid, os.WNOHANG)
    if reaped:
        _close(terminals.pop(pid))
        quitters.discard(pid)
    return {"code": os.waitstatus_to_exitcode(status) if reaped else None}


def _start(argv: list[str], variables: dict[str, str], terminal: int) -> int:
    """Start a plugin on its terminal, in a session of its own, out of reach of the musician's Ctrl-C."""
    keeper = os.getpid()
    environment = {**os.environ, **variables}
    pid = os.fork()
    if pid:
        return pid
    try:
        for ignored in _IGNORED:
            signal.signal(ignored, signal.SIG_DFL)
        for standard in (0, 1, 2):
            os.dup2(terminal, standard)
        os.setsid()
        if _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0 and os.getppid() == keeper:
            os.execvpe(argv[0], argv, environment)  # noqa: S606 - a list, and no shell
    except OSError as error:
        os.write(2, f"cannot start {argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _end(pid: int, terminal: int, *, quits: bool) -> None:
    """End one plugin, as its host would: politely, then by SIGTERM, then by SIGKILL."""
    process = os.pidfd_open(pid)
    if quits and terminal >= 0:
        os.set_blocking(terminal, False)
        with contextlib.suppress(OSError):
            os.write(terminal, b"quit\n")
    else:
        _close(terminal)
    poll = select.poll()
    poll.register(process, select.POLLIN)
    for force in (signal.SIGTERM, signal.SIGKILL):
        if poll.poll(_LEAVE_SECONDS * 1000):
            break
        signal.pidfd_send_signal(process, force)
    os.waitpid(pid, 0)
    os.close(process)


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


# Whoever stops a whole group of processes stops the host too; the keeper follows when the host is through.
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LIBC = ctypes.CDLL(None)

if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
