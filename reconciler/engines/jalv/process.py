"""One jalv process: started on a terminal of its own, asked, stopped.

The terminal (no echo, no CR) makes jalv show its prompt, which it does not flush into a pipe (measured), and is the
line that ties it to us: when we are gone it reads the end of its input and leaves. jalv 1.10 does not, and a plugin
that hangs cannot, therefore the kernel is told as well to kill it with us (``setpriv --pdeathsig``).
"""

import contextlib
import functools
import os
import select
import shutil
import subprocess
import time
import tty
from collections.abc import Callable, Mapping

import msgspec

from reconciler.engines.jalv import speech
from reconciler.engines.jalv.reader import Lines, Reader, Stream
from reconciler.model.catalogue import PluginType
from reconciler.model.errors import Unavailable

_LOOK_SECONDS = 0.2
"""A child of the plugin may keep the terminal open; look at the process itself this often."""


class Limits(msgspec.Struct, frozen=True):
    """How long jalv may take, in seconds."""

    start: float = 30.0
    """From the start to the prompt. Usually 0.04-0.2 s; samplers load their sounds in it."""
    answer: float = 10.0
    """For a reply. Usually 0.1-2 ms."""
    settle: float = 2.0
    """Until a preset, a port or a name that was asked for shows."""
    leave: float = 2.0
    """After the end of its input, and again after SIGTERM. Usually 0.02-0.1 s."""


class JalvDied(Exception):
    """The process is gone or silent; :class:`~reconciler.engines.jalv.host.JalvHost` makes words of it."""


class JalvProcess:
    """A running jalv and what is known of its plugin.

    Parameters
    ----------
    client
        The JACK client name to ask for.
    known
        The plugin.
    environment
        The variables to start it with.
    reader
        Reads what it prints.
    limits
        How long it may take for anything.

    Raises
    ------
    Unavailable
        ``host-not-installed``.
    """

    def __init__(
        self, client: str, known: PluginType, environment: Mapping[str, str], reader: Reader, limits: Limits
    ) -> None:
        self.client = client
        self.type = known
        self._reader = reader
        self._limits = limits
        self._silent = False
        self._out = Stream()
        self._err = Lines()
        ours, theirs = os.openpty()
        try:
            tty.setraw(theirs)
            self._popen = subprocess.Popen(
                [*_tied(), _program(), "-x", "-n", client, known.uri.removeprefix("lv2:")],
                stdin=theirs,
                stdout=theirs,
                stderr=subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,  # a Ctrl-C in the musician's terminal is for the command, not for the plugins
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        assert self._popen.stderr is not None
        self._terminal: int | None = ours
        # The reader closes it; a file object would close the number a second time.
        self._complaints: int | None = os.dup(self._popen.stderr.fileno())
        self._popen.stderr.close()
        reader.add(ours, self._out)
        reader.add(self._complaints, self._err)

    def greet(self) -> str:
        """Wait for its first prompt and return everything it said before. Raises :class:`JalvDied`."""
        self._wait(lambda: self._out.data.endswith(speech.PROMPT), self._limits.start)
        return self.printed()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs; one that ended is reaped by asking."""
        return self._popen.poll() is None

    def printed(self) -> str:
        """Return everything it said so far, but for what earlier replies took away."""
        with self._reader.changed:
            return f"{self._out.text()}\n{self._err.text()}"

    def last_words(self) -> list[str]:
        """Return the end of what it said on stderr, without what it says every time."""
        with self._reader.changed:
            return speech.last_words(self._err.last)

    def ending(self) -> str:
        """Say in words how it ended, or that it hangs; to be asked before it is killed."""
        if not self._silent:
            _ended(self._popen, self._limits.leave)  # its terminal closes a moment before it is gone
        return speech.ending(None if self._silent else self._popen.poll())

    def send(self, command: bytes) -> None:
        """Write one command, forgetting what it said before. Raises :class:`JalvDied`."""
        if self._terminal is None:
            raise JalvDied
        with self._reader.changed:
            self._out.data.clear()
        try:
            written = os.write(self._terminal, command)
        except BlockingIOError:
            written = 0
        except OSError as error:
            raise JalvDied from error
        if written != len(command):
            self._silent = True  # it has not read for thousands of bytes
            raise JalvDied

    def receive(self, symbols: frozenset[str] = frozenset(), deadline: float | None = None) -> dict[str, str]:
        """Return the reply, once the prompt is there and all of these symbols are in it. Raises :class:`JalvDied`."""
        reply: dict[str, str] = {}

        def complete() -> bool:
            nonlocal reply
            if not self._out.data.endswith(speech.PROMPT):
                return False
            reply = speech.values(self._out.text())
            return symbols <= reply.keys()

        limit = self._limits.answer if deadline is None else max(deadline - time.monotonic(), 0.0)
        self._wait(complete, limit)
        return reply

    def ask(self, command: bytes, symbols: frozenset[str] = frozenset()) -> dict[str, str]:
        """Send a command and return the reply. Raises :class:`JalvDied`."""
        self.send(command)
        return self.receive(symbols)

    def hang_up(self) -> None:
        """Close its terminal, which is the polite way to end it: newer ones want ``quit``, older the end of input."""
        if self._terminal is None:
            return
        with contextlib.suppress(OSError):  # it is gone already, which is what we want
            os.write(self._terminal, b"quit\n")
        self._reader.close_descriptor(self._terminal)
        self._terminal = None

    def stop(self, *, deadline: float | None = None) -> None:
        """End the process: politely, then by SIGTERM, then by SIGKILL; it is reaped when this returns.

        Parameters
        ----------
        deadline
            Monotonic time at which politeness ends; its usual limits if not given.
        """
        self.hang_up()
        patience = self._limits.leave if deadline is None else max(deadline - time.monotonic(), 0.0)
        if not _ended(self._popen, patience):
            self._popen.terminate()
            if not _ended(self._popen, patience):
                self._popen.kill()
        self._popen.wait()
        with self._reader.changed:  # its last words may still be in the pipe
            self._reader.changed.wait_for(lambda: self._err.ended, _LOOK_SECONDS)
        if self._complaints is not None:
            self._reader.close_descriptor(self._complaints)
            self._complaints = None

    def kill(self) -> None:
        """End a process that does not listen."""
        self._popen.kill()
        self.stop()

    def _wait(self, complete: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        with self._reader.changed:
            while not complete():
                left = end - time.monotonic()
                if self._out.ended or self._popen.poll() is not None:
                    raise JalvDied
                if left <= 0:
                    self._silent = True
                    raise JalvDied
                self._reader.changed.wait(min(left, _LOOK_SECONDS))


def _program() -> str:
    program = shutil.which("jalv")
    if program is None:
        raise Unavailable(
            "host-not-installed",
            "jalv, which runs the plugins, is not installed.",
            hint="Install the package jalv; Debian, Ubuntu, Fedora, Arch and openSUSE all call it so.",
        )
    return program


@functools.cache
def _tied() -> tuple[str, ...]:
    """Return the command that ties a process to our life, or nothing where util-linux's setpriv is missing.

    It is set between fork and exec by a program of its own, because Python code there may deadlock in a process with
    threads. The tie is to the thread that starts the plugin: the kernel counts that as the parent.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    tie = (setpriv, "--pdeathsig", "KILL")
    works = subprocess.run([*tie, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return tie if works.returncode == 0 else ()


def _ended(popen: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for the end without the sleeps of Popen.wait, which would cost up to 50 ms a plugin."""
    if popen.poll() is not None:
        return True
    descriptor = os.pidfd_open(popen.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)
