"""The host's socket: threads read requests and write answers, one thread (the engine's) does everything else."""

import contextlib
import os
import queue
import socket
import struct
import threading

import msgspec

from reconciler.host.place import Place
from reconciler.host.protocol import INVALID_REQUEST, LIMIT_BYTES, Failure, Request, Response, encode, raw

_QUEUED = 4096
"""Messages a client may leave unread before it is dropped."""

LAST_WORDS_SECONDS = 1.0
"""Longest wait for a client to read its last answer when the host ends."""


class Connection:
    """One client: a thread that reads, one that writes, and a bounded queue, so that no client stalls the engine."""

    def __init__(self, sock: socket.socket, jobs: "queue.Queue[tuple[Connection, Request]]") -> None:
        self._socket = sock
        self._jobs = jobs
        self._outgoing: queue.Queue[bytes | None] = queue.Queue(_QUEUED)
        self._writer = threading.Thread(target=self._write, daemon=True)
        self.subscribed = False
        self.open = True
        self._writer.start()  # before anything is read: what is read may be the order to close

    def start(self) -> None:
        """Begin to take its requests."""
        threading.Thread(target=self._read, daemon=True).start()

    def answer(self, request: Request, result: object) -> None:
        """Send a result."""
        if request.id is not None:
            self._send(encode(Response(request.id, raw(result))))

    def fail(self, request: Request, error: Failure) -> None:
        """Send an error."""
        self._send(encode(Response(request.id, error=error)))

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send(encode(Request(method, raw(params))))

    def close(self) -> None:
        """Send what is queued, then hang up."""
        self.open = False
        with contextlib.suppress(queue.Full):
            self._outgoing.put_nowait(None)

    def drained(self, seconds: float) -> None:
        """Wait until everything queued has been sent, at most so long."""
        self._writer.join(seconds)

    def _send(self, line: bytes) -> None:
        try:
            self._outgoing.put_nowait(line)
        except queue.Full:
            self._hang_up()

    def _hang_up(self) -> None:
        self.open = False
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        with self._socket.makefile("rb") as lines:
            try:
                while line := lines.readline(LIMIT_BYTES):
                    if not line.endswith(b"\n"):
                        break
                    self._take(line)
            except OSError:
                pass  # the client is gone, which is what the end of the loop says too
        self.open = False
        self.close()

    def _take(self, line: bytes) -> None:
        try:
            self._jobs.put((self, msgspec.json.decode(line, type=Request)))
        except msgspec.DecodeError as error:
            self._send(encode(Response(None, error=Failure(INVALID_REQUEST, f"not a request: {error}"))))

    def _write(self) -> None:
        try:
            while (line := self._outgoing.get()) is not None:
                self._socket.sendall(line)
        except OSError:
            self.open = False
        finally:
            self._hang_up()
            self._socket.close()


class Door:
    """Listens on the session's socket and queues what comes in as jobs for the engine's thread."""

    def __init__(self, place: Place) -> None:
        self.jobs: queue.Queue[tuple[Connection, Request]] = queue.Queue()
        self._connections: list[Connection] = []
        self._changing = threading.Lock()
        self._path = place.socket
        place.socket.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._socket.bind(str(place.socket))
        finally:
            os.umask(before)
        self._socket.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def publish(self, kind: str, facts: dict[str, object]) -> None:
        """Tell every subscriber that something happened."""
        for one in self._open():
            if one.subscribed:
                one.notify("event", {"event": kind, **facts})

    def close(self) -> None:
        """Stop listening, take the socket away and let every client read its last answer."""
        self._path.unlink(missing_ok=True)
        self._socket.close()
        leaving = self._open()
        for one in leaving:
            one.close()
        for one in leaving:
            one.drained(LAST_WORDS_SECONDS)

    def _open(self) -> list[Connection]:
        """Return the connections that are open, and forget the others."""
        with self._changing:
            self._connections = [one for one in self._connections if one.open]
            return self._connections.copy()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return  # closed
            if _user_of(client) not in (os.getuid(), 0):
                client.close()
                continue
            connection = Connection(client, self.jobs)
            with self._changing:
                self._connections.append(connection)
            connection.start()  # not before: its first request may be the one that closes this door


def _user_of(client: socket.socket) -> int:
    _, user, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(user)
