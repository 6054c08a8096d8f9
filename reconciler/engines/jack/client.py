"""A client of a JACK server: opened and closed within a time limit, and honest about whether the server lives.

Three things about libjack shape this module (jackd2 1.9.21, all measured):

- A process sees one server only. The first client maps the server's memory, and a second client, opened on another
  server, silently shows the first one's ports and period.
- A new client opened while a dead one is not yet closed frees the dead one behind its owner's back. So the dead are
  closed first.
- Opening on a server that hangs, and closing after a death, may never return. Both run in threads of their own that
  can be given up; while one is stuck, no further client is opened, because libjack would wait for the same lock.
"""

import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any

from reconciler.engines import refusals
from reconciler.engines.jack import library
from reconciler.model.errors import Unavailable

OPEN_LIMIT_S = 5.0
"""Opening and activating takes 40-64 ms on jackd2, 8-22 ms on PipeWire (measured)."""
CLOSE_LIMIT_S = 2.0
"""Closing takes 26-39 ms on jackd2 (measured)."""


class JackClient:
    """An open client.

    Parameters
    ----------
    name
        The client's name; JACK makes it unique. If it is the server's own name it gets a suffix, because a client
        named like its server deletes the server's socket when it closes (jackd2, measured).
    server
        The server's name; None takes ``JACK_DEFAULT_SERVER``, else ``default``. A server is never started.
    prepare
        Called with the ``jack.Client`` before it is activated, to set callbacks. Without it the client stays
        inactive, which is enough to read settings and to connect others' ports.
    on_gone
        Called on a thread of libjack when the server dies; must only set flags.
    limit_s
        How long the server may take to let the client in.

    Raises
    ------
    Unavailable
        ``jack-not-running``, ``jack-gone`` (it ends just now), ``jack-refused`` (it is there and says no),
        ``jack-stuck`` (it is there and does not answer), ``jack-other-server``, ``jack-library-missing``.
    """

    def __init__(
        self,
        name: str,
        server: str | None = None,
        *,
        prepare: Callable[[Any], None] | None = None,
        on_gone: Callable[[], None] | None = None,
        limit_s: float = OPEN_LIMIT_S,
    ) -> None:
        self.server = library.server_name(server)
        self._gone = threading.Event()
        name = f"{name}-client" if name == self.server else name
        with _opening:
            _make_way(self.server)
            self.raw = _open(name, self.server, self._shutdown(on_gone), prepare, limit_s)
            self._finalizer = weakref.finalize(self, _leave, self.raw, self._gone)
            _clients.add(self)

    @property
    def alive(self) -> bool:
        """Whether the server lives and this client is open; known from the shutdown callback alone.

        After a death, every read goes on to return healthy-looking values (measured), so a read proves nothing.
        """
        return not self._gone.is_set() and self._finalizer.alive

    @property
    def name(self) -> str:
        """The name that the server gave; not always the one asked for."""
        return str(self.raw.name) if self.alive else ""

    def check(self) -> None:
        """Return if the server lives.

        Raises
        ------
        Unavailable
            ``jack-gone``.
        """
        if not self.alive:
            raise refusals.jack_gone(self.server)

    def died_within(self, seconds: float) -> bool:
        """Wait for news of the server's death: it is told 8-12 ms after the fact (jackd2, measured)."""
        return self._gone.wait(seconds)

    def close(self) -> None:
        """Leave the server; closing again does nothing. Never takes longer than ``CLOSE_LIMIT_S``."""
        # The finalizer runs once, whoever calls it first: this, the garbage collector or the end of the process.
        # The last matters: on PipeWire a process that exits with an open client hangs for ever (3 of 3, measured).
        self._finalizer()
        _clients.discard(self)

    def _shutdown(self, on_gone: Callable[[], None] | None) -> Callable[[], None]:
        gone = self._gone

        def tell() -> None:
            gone.set()
            if on_gone is not None:
                on_gone()

        return tell


_opening = threading.Lock()
_clients: "weakref.WeakSet[JackClient]" = weakref.WeakSet()
_stuck: list[threading.Thread] = []


def _make_way(server: str) -> None:
    """Close dead clients and make sure that a client on ``server`` would see that server."""
    for client in list(_clients):
        if not client.alive:
            client.close()
        elif client.server != server:
            raise Unavailable(
                "jack-other-server",
                f"This process is on the JACK server {client.server!r} and cannot see {server!r} at the same time.",
                hint="Leave the one before looking at the other: libjack would show the first under both names.",
            )
    _stuck[:] = [thread for thread in _stuck if thread.is_alive()]
    if _stuck:
        raise _stuck_error(server)


def _open(
    name: str,
    server: str,
    gone: Callable[[], None],
    prepare: Callable[[Any], None] | None,
    limit_s: float,
) -> Any:
    jack = library.load()
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
    given_up = threading.Event()
    handover = threading.Lock()

    def knock() -> None:
        try:
            client = jack.Client(name, no_start_server=True, servername=server)
            client._keepalive.append(library.on_shutdown(client, gone))
            if prepare is not None:
                prepare(client)
                client.activate()
        except jack.JackError as error:
            answer.put(error)
            return
        with handover:
            if not given_up.is_set():
                answer.put(client)
                return
        # Too late, nobody waits any more. Not left to the garbage collector: that comes when the server may be
        # dead, and a close is then a segmentation fault (measured).
        client.close()

    thread = threading.Thread(target=knock, name="jack-open", daemon=True)
    thread.start()
    thread.join(limit_s)
    with handover:
        if answer.empty():
            given_up.set()
            _stuck.append(thread)
            raise _stuck_error(server)
    opened = answer.get()
    thread.join()
    if isinstance(opened, jack.JackOpenError):
        raise _open_error(server, opened) from opened
    if isinstance(opened, jack.JackError):
        # Let in, and then lost while the callbacks were set.
        raise refusals.jack_gone(server) from opened
    return opened


def _leave(client: Any, gone: threading.Event) -> None:
    """Close a ``jack.Client``, or give up on it after the limit."""
    jack = library.load()
    # Taken away first, so that the object's own destructor cannot call a second time.
    pointer, client._ptr = client._ptr, jack._ffi.NULL
    keep = client._keepalive

    def close() -> None:
        jack._lib.jack_client_close(pointer)
        keep.clear()

    thread = threading.Thread(target=close, name="jack-close", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # Python 3.12 starts no thread while the process ends. A living server is left directly; what was open on a
        # dead one ends with the process.
        if not gone.is_set():
            close()
        return
    thread.join(CLOSE_LIMIT_S)
    if thread.is_alive():
        _stuck.append(thread)


def _open_error(server: str, error: Any) -> Unavailable:
    if error.status.server_failed:
        return Unavailable(
            "jack-not-running",
            f"No JACK server named {server!r} is running.",
            hint="Start JACK, or let studio do it: `hardware: { jack: { driver: dummy, manage: start } }`.",
        )
    if error.status.server_error:
        # What a server that is just ending makes of a newcomer (measured).
        return refusals.jack_gone(server)
    return Unavailable(
        "jack-refused",
        f"The JACK server {server!r} did not let studio in: {error.status!r}.",
        hint="Its library and server may be of different versions: `studio doctor` looks.",
        details={"printed": library.last_words()},
    )


def _stuck_error(server: str) -> Unavailable:
    return Unavailable(
        "jack-stuck",
        f"The JACK server {server!r} is there and does not answer.",
        hint="It hangs, or is stopped: end it (`pkill -9 jackd` if it is yours alone) and start it again.",
    )
