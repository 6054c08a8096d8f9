"""Our side of the keeper: starting plugins' processes through it, and a handle on each."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.engines.jalv import keeper as program

_ANSWER_SECONDS = 10.0
_MESSAGE_BYTES = 1 << 16


class KeeperGone(Exception):
    """The keeper died, and with it every process that it started."""


class Keeper:
    """The keeper process of one host; see :mod:`reconciler.engines.jalv.keeper`.

    Parameters
    ----------
    lock
        Descriptor of a lock that is held until the last plugin has gone, None for no lock.
    """

    def __init__(self, lock: int | None = None) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_ANSWER_SECONDS)
        with theirs:
            inherited = [theirs.fileno(), *([] if lock is None else [lock])]
            self._popen = subprocess.Popen(
                # Isolated and without site-packages it starts in 15 ms, while the first plugin is prepared.
                [sys.executable, "-I", "-S", program.__file__, *map(str, inherited)],
                pass_fds=inherited,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._popen.poll() is None

    def start(self, argv: Sequence[str], variables: Mapping[str, str], *, terminal: int, ours: int) -> "Child":
        """Start a process with these variables added to our own.

        Parameters
        ----------
        argv
            The program and its arguments.
        variables
            Added to the environment that the keeper got when it was started.
        terminal
            The descriptor that becomes its stdin, stdout and stderr.
        ours
            The other side of the terminal, for the keeper to hold.

        Raises
        ------
        KeeperGone
        """
        request = {"start": list(argv), "variables": dict(variables)}
        return Child(self, self.ask(request, [terminal, ours])["pid"])

    def ask(self, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        """Send a request and return its answer. Raises :class:`KeeperGone`."""
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
            answer = self._socket.recv(_MESSAGE_BYTES)
        except OSError as error:
            self._popen.kill()  # one that does not answer is of no use, and a late answer would be taken for another
            raise KeeperGone from error
        if not answer:
            raise KeeperGone
        result: dict[str, Any] = json.loads(answer)
        return result

    def close(self) -> None:
        """Let it go; it ends what is still there first, and is reaped when this returns."""
        self._socket.close()
        self._popen.wait()


class Child:
    """A process that the keeper started. Only its end is ours to see; its exit code comes from the keeper."""

    def __init__(self, keeper: Keeper, pid: int) -> None:
        self.pid = pid
        self._keeper = keeper
        self._code: int | None = None
        # Safe: it is not reaped before reap().
        self._descriptor: int | None = os.pidfd_open(pid)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def ended(self, seconds: float = 0.0) -> bool:
        """Wait so long for the end of the process, without the sleeps of Popen.wait (up to 50 ms each)."""
        return self._descriptor is None or bool(self._poll.poll(seconds * 1000))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; to a process that ended it is nothing."""
        if self._descriptor is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def quits(self) -> None:
        """Let the keeper know that it is to be ended by ``quit``, not by the end of its input."""
        with contextlib.suppress(KeeperGone):
            self._keeper.ask({"quits": self.pid})

    def release(self) -> None:
        """Let the keeper close its side of the terminal, so that closing ours is the end of input."""
        if self._descriptor is not None:
            with contextlib.suppress(KeeperGone):
                self._keeper.ask({"release": self.pid})

    def reap(self) -> int | None:
        """Return the exit code, negative for a signal, of a process that ended; None while it runs."""
        if self._code is None and self._descriptor is not None and self.ended():
            try:
                self._code = self._keeper.ask({"reap": self.pid})["code"]
            except KeeperGone:
                self._code = -signal.SIGKILL  # that is how they die with the keeper
            os.close(self._descriptor)
            self._descriptor = None
        return self._code
