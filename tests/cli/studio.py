"""The command as a user runs it: a process of its own, or at a terminal of its own."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import psutil

from reconciler.engines import choose
from reconciler.host.client import HostClient, ends_within
from reconciler.host.place import servers, sessions

COMMAND = (sys.executable, "-m", "reconciler")
LIMIT_S = 60.0


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error that it printed as JSON."""
        error: dict[str, Any] = self.json["error"]
        return error


def studio(*arguments: object, env: Mapping[str, str] | None = None, limit_s: float = LIMIT_S, **how: Any) -> Done:
    """Run a command to its end, with nobody to ask."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=limit_s,
        env={**os.environ, **(env or {})},
        **how,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Terminal:
    """A command at a terminal: everything it prints, and somebody who types."""

    def __init__(self, command: list[str], env: Mapping[str, str], width: int) -> None:
        self._near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        # setsid makes it the terminal that Ctrl-C comes from, and turns into the command.
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=far, stdout=far, stderr=far, env={**os.environ, **env}
        )
        os.close(far)
        self.shown = ""

    @property
    def pid(self) -> int:
        """The command's process."""
        return self._process.pid

    def until(self, pattern: str, *, within_s: float = 30.0) -> Self:
        """Wait until it has shown something; a regular expression."""
        deadline = time.monotonic() + within_s
        while not re.search(pattern, self.shown):
            assert self._read(deadline), f"it ended without showing {pattern!r}:\n{self.shown}"
        return self

    def type(self, text: str) -> Self:
        """Type."""
        os.write(self._near, text.encode())
        return self

    def end(self, *, within_s: float = 30.0) -> int:
        """Wait for the end, and return the exit code."""
        deadline = time.monotonic() + within_s
        while self._read(deadline):
            pass
        return self._process.wait(max(deadline - time.monotonic(), 0.1))

    def interrupt(self, *, within_s: float = 30.0) -> int:
        """Press Ctrl-C until it ends, and return the exit code.

        Once more each second, as a person would: CPython notes a signal that comes in the instant between the prompt
        and the read, but the read then waits for a key.
        """
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self.type("\x03")
            ready, _, _ = select.select([self._near], [], [], 1.0)
            while ready:
                if not self._read(deadline):
                    return self._process.wait(max(deadline - time.monotonic(), 0.1))
                ready, _, _ = select.select([self._near], [], [], 1.0)
        raise AssertionError(f"Ctrl-C does not end it:\n{self.shown}")

    def close(self) -> None:
        """End what has not ended."""
        self._process.kill()
        self._process.wait()
        os.close(self._near)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._near], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f"it neither goes on nor ends:\n{self.shown}"
        try:
            self.shown += os.read(self._near, 65536).decode(errors="replace")
        except OSError:  # the other side has closed it: the command has ended
            return False
        return True


@contextmanager
def terminal(*arguments: object, env: Mapping[str, str] | None = None, width: int = 120) -> Iterator[Terminal]:
    """Run a command at a terminal."""
    at = Terminal([*COMMAND, *map(str, arguments)], {"TERM": "xterm-256color", **(env or {})}, width)
    try:
        yield at
    finally:
        at.close()


@contextmanager
def running(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Run a command without waiting for its end, as a shell in a terminal would: in a group of its own."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def host(session: str) -> psutil.Process | None:
    """The process that holds a session's plugins."""
    client = HostClient.find(session)
    if client is None:
        return None
    with_pid = psutil.Process(client.pid)
    client.close()
    return with_pid


def plugins_of(process: psutil.Process) -> list[psutil.Process]:
    """The jalv processes below a host."""
    return [child for child in process.children(recursive=True) if child.name() == "jalv"]


def put_everything_down() -> None:
    """End every session's host, and JACK if studio started it; kill what does not end."""
    for session in sessions():
        found = host(session)
        if found is not None:
            found.send_signal(signal.SIGCONT)
            found.terminate()
            if not ends_within(found.pid, 10):
                found.kill()
                assert ends_within(found.pid, 10)
    _, hardware = choose.ground("jalv", None, servers())
    if hardware.running() is not None:
        hardware.stop()
