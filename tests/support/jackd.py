"""A real JACK server on the dummy driver, as a child of the tests."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import eventually

MISSING = "jackd is not installed (Debian and Ubuntu: apt install jackd2)"
NOBODY = "studio-test-nobody"
"""A server name that no server ever has."""
_taken: set[int] = set()
_numbers = itertools.count(1)


def unique_name() -> str:
    """Return a server name that is never used again; for servers that are stopped, not killed."""
    return f"studio-test-{os.getpid()}-unique-{next(_numbers)}"


@contextmanager
def server_name() -> Iterator[str]:
    """Lend a server name that nobody else uses.

    Names are used again: jackd has a table of eight servers, in which a killed one keeps its line until a server of
    the same name starts ("Too many servers already active", measured).
    """
    number = next(number for number in itertools.count(1) if number not in _taken)
    _taken.add(number)
    try:
        yield f"studio-test-{os.getpid()}-{number}"
    finally:
        _taken.discard(number)


class Jackd:
    """A running server. ``period`` in frames; the rate is 48000 Hz."""

    def __init__(self, name: str, period: int = 256) -> None:
        self.name = name
        self.period = period
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def end(self, signal_number: int) -> None:
        """Send a signal that ends it, and wait for the end."""
        self._process.send_signal(signal_number)
        self._process.wait(10)

    def kill(self) -> None:
        """Let it die as it would in a crash."""
        self.end(signal.SIGKILL)

    def restart(self) -> None:
        """Start it again under its name."""
        assert self._process.poll() is not None, "it still runs"
        self._process = self._start()

    def stop(self) -> None:
        """End it, if it has not ended yet."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            ["jackd", "-n", self.name, "--no-realtime", "-d", "dummy", "-r48000", f"-p{self.period}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            eventually(lambda: self._listens(process), what=f"jackd -n {self.name} answers")
        except BaseException:
            process.kill()
            process.wait()
            raise
        return process

    def _listens(self, process: "subprocess.Popen[bytes]") -> bool:
        # Not by opening a client: a process with a client on one server cannot look at a second one.
        assert process.poll() is None, f"jackd ended with {process.returncode}"
        knock = socket.socket(socket.AF_UNIX)
        with knock:
            return knock.connect_ex(str(Path("/dev/shm") / f"jack_{self.name}_{os.getuid()}_0")) == 0


@contextmanager
def jackd(period: int = 256) -> Iterator[Jackd]:
    """Run a server of its own name for a while; skips the test where there is no jackd."""
    if shutil.which("jackd") is None:
        pytest.skip(MISSING)
    with server_name() as name:
        server = Jackd(name, period)
        try:
            yield server
        finally:
            server.stop()
