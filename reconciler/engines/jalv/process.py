"""One jalv process: started on a terminal of its own, asked, stopped.

The terminal (no echo, no CR) makes jalv print each line at once, which it does not do into a pipe (measured). Its
stderr goes there too: 1.6.8 prints its replies to it, other versions to stdout, and so they come in order from all.
"""

import contextlib
import os
import shutil
import signal
import time
import tty
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from reconciler.engines.jalv import speech
from reconciler.engines.jalv.child import Keeper, KeeperGone
from reconciler.engines.jalv.reader import Reader, Stream
from reconciler.model.catalogue import PluginType
from reconciler.model.errors import Unavailable

_LOOK_SECONDS = 0.2
"""A child of the plugin may keep the terminal open; look at the process itself this often."""
_REMARKS_KEPT = 30


class Limits(msgspec.Struct, frozen=True):
    """How long jalv may take, in seconds."""

    start: float = 30.0
    """From the start to the prompt. Usually 0.04-0.2 s; samplers load their sounds in it."""
    answer: float = 10.0
    """For a reply. Usually 0.1-2 ms."""
    settle: float = 2.0
    """Until a preset or a port that was asked for shows, and until a name that is taken becomes free: when a host
    dies, its 20 plugins are ended within about a second."""
    leave: float = 2.0
    """After being asked to, and again after SIGTERM. Usually 0.02-0.1 s."""


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
    variables
        Environment variables to add.
    keeper
        Starts it.
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
        self,
        client: str,
        known: PluginType,
        variables: Mapping[str, str],
        *,
        keeper: Keeper,
        reader: Reader,
        limits: Limits,
    ) -> None:
        self.client = client
        self.type = known
        self._reader = reader
        self._limits = limits
        self._silent = False
        self._out = Stream()
        self._remarks: deque[str] = deque(maxlen=_REMARKS_KEPT)
        self._asked = 0
        self._quits = False
        self._command = b""
        argv = [_program(), "-x", "-n", client, known.uri.removeprefix("lv2:")]
        terminal, theirs = os.openpty()
        try:
            tty.setraw(theirs)
            self._child = keeper.start(argv, variables, terminal=theirs, ours=terminal)
        except BaseException as error:
            os.close(terminal)
            if isinstance(error, KeeperGone):
                raise JalvDied from error
            raise
        finally:
            os.close(theirs)
        self._terminal: int | None = terminal
        reader.add(terminal, self._out)

    def greet(self) -> str:
        """Wait until it listens and return everything it said before. Raises :class:`JalvDied`."""
        self.send(b"")  # typed ahead; it is answered when jalv comes to read
        self._wait(self._answered, self._limits.start)
        printed = self.printed()
        if speech.quits(printed):
            self._quits = True
            self._child.quits()
        return printed

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return not self._child.ended()

    def printed(self) -> str:
        """Return everything it said since it was asked last."""
        with self._reader.changed:
            return speech.plain(self._out.data)

    def last_words(self) -> list[str]:
        """Return the end of what it said of its own accord, without what it says every time."""
        return [*self._remarks, *speech.remarks(self.printed())][-_REMARKS_KEPT:]

    def ending(self) -> str:
        """Say in words how it ended, or that it hangs; to be asked before it is killed."""
        if self._silent:
            return speech.ending(None)
        self._child.ended(self._limits.leave)  # its terminal closes a moment before it is gone
        with self._reader.changed:  # its last words may still be on their way
            self._reader.changed.wait_for(lambda: self._out.ended, _LOOK_SECONDS)
        return speech.ending(self._child.reap())

    def send(self, command: bytes) -> None:
        """Write one command, forgetting what it said before. Raises :class:`JalvDied`."""
        if self._terminal is None:
            raise JalvDied
        self._command = command
        self._asked += 1
        with self._reader.changed:
            self._remarks.extend(speech.remarks(self.printed()))
            self._out.data.clear()
        line = command + speech.marking(self._asked)
        try:
            written = os.write(self._terminal, line)
        except BlockingIOError:
            written = 0
        except OSError as error:
            raise JalvDied from error
        if written != len(line):
            self._silent = True  # it has not read for thousands of bytes
            raise JalvDied

    def receive(self, symbols: frozenset[str] = frozenset(), deadline: float | None = None) -> dict[str, str]:
        """Return the reply, once all of these symbols are in it. Raises :class:`JalvDied`."""
        end = time.monotonic() + self._limits.answer if deadline is None else deadline
        while True:
            self._wait(self._answered, end - time.monotonic())
            reply = speech.values(self.printed())
            if symbols <= reply.keys():
                return reply
            # The plugin printed something without a newline, and a line of the reply stands behind it.
            self.send(self._command)

    def ask(self, command: bytes, symbols: frozenset[str] = frozenset()) -> dict[str, str]:
        """Send a command and return the reply. Raises :class:`JalvDied`."""
        self.send(command)
        return self.receive(symbols)

    def hang_up(self) -> None:
        """Ask it to leave, in the way that its version takes; see :func:`~reconciler.engines.jalv.speech.quits`."""
        if self._terminal is not None and self._quits:
            with contextlib.suppress(OSError):  # it is gone already, which is what we want
                os.write(self._terminal, speech.QUIT)
        else:
            self._close_terminal()

    def stop(self, *, deadline: float | None = None) -> None:
        """End the process: politely, then by SIGTERM, then by SIGKILL; it is reaped when this returns.

        Parameters
        ----------
        deadline
            Monotonic time at which politeness ends; its usual limits if not given.
        """
        self.hang_up()
        patience = self._limits.leave if deadline is None else max(deadline - time.monotonic(), 0.0)
        for force in (signal.SIGTERM, signal.SIGKILL):
            if self._child.ended(patience):
                break
            self._child.signal(force)
        while self._child.reap() is None:
            self._child.ended(_LOOK_SECONDS)
        self._close_terminal()

    def kill(self) -> None:
        """End a process that does not listen."""
        self._child.signal(signal.SIGKILL)
        self.stop()

    def _close_terminal(self) -> None:
        if self._terminal is not None:
            self._child.release()
            self._reader.close_descriptor(self._terminal)
            self._terminal = None

    def _answered(self) -> bool:
        return speech.marked(self._out.data, self._asked)

    def _wait(self, complete: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        with self._reader.changed:
            while not complete():
                left = end - time.monotonic()
                if self._out.ended or self._child.ended():
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
