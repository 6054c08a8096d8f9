"""The JACK graph: every port and link, and the two calls that change it."""

import difflib
import errno
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from reconciler.engines.jack import library
from reconciler.engines.jack.client import OPEN_LIMIT_S, JackClient
from reconciler.engines.jack.ports import PortList, SeenPort
from reconciler.model.catalogue import Direction
from reconciler.model.errors import EngineError, Where
from reconciler.model.resources import JackSettings, Link, Port

SETTLE_LIMIT_S = 1.0
"""How long an asked change may take to show. jackd2 shows it with the next period, PipeWire after 0.4-4 ms."""
DEATH_NEWS_S = 0.05
"""A call may fail because the server died 8-12 ms before its shutdown callback comes (measured)."""


class JackGraph:
    """An :class:`~reconciler.engines.ports.AudioGraph` on a running JACK server, jackd2 or PipeWire.

    Calls may come from any thread and are made one at a time: two threads inside ``jack_connect`` of one client hang
    for ever (2 of 2, measured), and one lock costs nothing. Every read is a full look at the server (2000 ports and
    their links: about 4 ms); callbacks only say that looking is worth while. The callback for single connections is
    not used: with any such listener around, every connect and disconnect on the server takes twice the time
    (measured), and the graph-order callback tells the same, once a period.

    Read-back: on jackd2 a connect is answered by the server after it wrote the next graph, which becomes the current
    one with the next period; waiting for that after each call would cost a period a link. So the answer is taken,
    and the next read of :meth:`links` waits until it shows all that was asked, or gives up after
    ``SETTLE_LIMIT_S`` and tells what is there. On PipeWire each call waits for its effect.

    Names: JACK also takes a port's alias for its name, and the link is then listed under the name. jackd2 takes the
    empty name for the first port that lacks an alias (measured: ``"" -> b`` linked ``system:capture_1``), so that
    one never reaches it.

    Parameters
    ----------
    server
        Name of the server; None takes ``JACK_DEFAULT_SERVER``, else ``default``. It is never started.
    name
        Name of the client; JACK makes it unique.
    on_change
        Called on a thread of libjack when a port or link came or went, something was renamed, the period changed or
        the server died. It must only set a flag. PipeWire does not tell of renames.
    limit_s
        How long the server may take to let the client in.

    Raises
    ------
    Unavailable
        ``jack-not-running``, ``jack-gone``, ``jack-refused``, ``jack-stuck``, ``jack-other-server``,
        ``jack-library-missing``.
    """

    def __init__(
        self,
        server: str | None = None,
        name: str = "studio",
        *,
        on_change: Callable[[], None] | None = None,
        limit_s: float = OPEN_LIMIT_S,
    ) -> None:
        self._lock = threading.RLock()
        self._on_change = on_change or _nothing
        self._ports: PortList | None = None
        self._asked: dict[Link, bool] = {}
        self._asked_at = 0.0
        self._client = JackClient(name, server, prepare=self._listen, on_gone=self._on_change, limit_s=limit_s)
        jack = library.load()
        self._lib, self._ffi = jack._lib, jack._ffi
        self._late = library.is_pipewire()

    @property
    def alive(self) -> bool:
        """Whether the server answers; known from the shutdown callback alone."""
        return self._client.alive

    @property
    def name(self) -> str:
        """The client's name as the server gave it; empty once the server is gone."""
        return self._client.name

    @property
    def server(self) -> str:
        """The server's name."""
        return self._client.server

    def settings(self) -> JackSettings:
        """Return what JACK tells of itself: name, sample rate in Hz, period in frames, realtime.

        ``realtime`` is what the server was started with. It stays True where the kernel then refused.

        Raises
        ------
        Unavailable
            ``jack-gone``.
        """
        with self._lock:
            self._client.check()
            raw = self._client.raw
            found = JackSettings(
                server=self.server,
                sample_rate=int(raw.samplerate),
                period=int(raw.blocksize),
                realtime=bool(raw.realtime),
            )
            self._client.check()
            return found

    def ports(self) -> Mapping[str, Port]:
        """Return every audio and MIDI port by full name, in natural order. CV ports count as audio.

        Raises
        ------
        Unavailable
            ``jack-gone``.
        """
        with self._lock:
            found = self._look().ports()
            self._client.check()
            return MappingProxyType(found)

    def has(self, client: str) -> bool:
        """Whether a client of that name has a port."""
        return any(port.startswith(f"{client}:") for port in self.ports())

    def links(self) -> frozenset[Link]:
        """Return every connection between audio or MIDI ports, with all that was asked for before it.

        Raises
        ------
        Unavailable
            ``jack-gone``.
        """
        with self._lock:
            found = self._read_links()
            while not self._shows_what_was_asked(found) and time.monotonic() < self._asked_at + SETTLE_LIMIT_S:
                time.sleep(0.001)
                found = self._read_links()
            self._asked.clear()
            return found

    def terminals(self) -> None:
        """There are none: every plugin's port is JACK's."""
        return

    def connect(self, source: str, target: str) -> None:
        """Connect; already there counts as done.

        Raises
        ------
        EngineError
            ``no-such-port``; ``connect-failed`` (wrong way round, audio to MIDI, or the server said no).
        Unavailable
            ``jack-gone``.
        """
        with self._lock:
            self._client.check()
            link = Link(source, target)
            if not (source and target):
                raise self._why_not(link, 0)
            code = self._lib.jack_connect(self._client.raw._ptr, self._encode(source), self._encode(target))
            if code not in {0, library.ALREADY_CONNECTED}:
                raise self._why_not(link, code)
            self._expect(link, there=True)

    def disconnect(self, source: str, target: str) -> None:
        """Disconnect; absent counts as done, and so does a link of a port that is not there.

        Raises
        ------
        EngineError
            ``connect-failed``: it is still there afterwards.
        Unavailable
            ``jack-gone``.
        """
        with self._lock:
            self._client.check()
            if not (source and target):
                return
            code = self._lib.jack_disconnect(self._client.raw._ptr, self._encode(source), self._encode(target))
            link = Link(source, target)
            # An absent link is -1 on jackd2 and 2 (ENOENT) on PipeWire, as is many another trouble: look.
            if code and self._is_there(link):
                raise self._refused(link, code, "the server kept the link and did not say why")
            self._expect(link, there=False)

    def close(self) -> None:
        """Leave the server; closing again does nothing."""
        with self._lock:
            self._client.close()

    def _listen(self, client: Any) -> None:
        """Set the callbacks; none of them may call JACK."""
        self._ports = ports = PortList(client)
        jack = library.load()
        changed = self._on_change

        # Not JACK-Client's own setters: their wrappers call JACK from within the callback.
        def registered(port_id: int, came: int, _: object) -> None:
            if came:
                ports.heard(port_id)
            changed()

        def renamed(*_: object) -> int:
            changed()
            return 0  # JACK-Client declares it so

        on_registered = jack._ffi.callback("JackPortRegistrationCallback", registered)
        on_renamed = jack._ffi.callback("JackPortRenameCallback", renamed)
        client._keepalive += [on_registered, on_renamed]
        jack._lib.jack_set_port_registration_callback(client._ptr, on_registered, jack._ffi.NULL)
        jack._lib.jack_set_port_rename_callback(client._ptr, on_renamed, jack._ffi.NULL)
        client.set_graph_order_callback(changed)
        client.set_blocksize_callback(lambda _frames: changed())

    def _look(self) -> PortList:
        """Look at the server's ports anew."""
        self._client.check()
        assert self._ports is not None
        self._ports.refresh()
        return self._ports

    def _read_links(self) -> frozenset[Link]:
        ports = self._look()
        seen = ports.seen()
        # A target that is not listed came or went in between, or carries no sound: the next look tells.
        found = frozenset(
            Link(source.port.name, target.port.name)
            for source in seen.values()
            if source.output
            for raw in ports.targets(source)
            if (target := seen.get(raw))
        )
        self._client.check()
        return found

    def _expect(self, link: Link, *, there: bool) -> None:
        """Note what was asked for on a server that shows it later by itself, else wait for it here."""
        self._asked[link] = there
        self._asked_at = time.monotonic()
        if not self._late:
            return
        while self._is_there(link) != there:
            if time.monotonic() > self._asked_at + SETTLE_LIMIT_S:
                raise self._refused(link, 0, "the server said yes, and the graph does not show it")
            time.sleep(0.0005)

    def _shows_what_was_asked(self, found: frozenset[Link]) -> bool:
        """Tell whether what was asked is to be seen; a link of a port that has gone cannot be."""
        assert self._ports is not None
        return all(
            (link in found) == there or not (self._ports.find(link.source) and self._ports.find(link.target))
            for link, there in self._asked.items()
        )

    def _is_there(self, link: Link) -> bool:
        ports = self._look()
        source, target = ports.resolve(link.source), ports.resolve(link.target)
        there = bool(source and target and target.raw in ports.targets(source))
        self._client.check()
        return there

    def _encode(self, name: str) -> bytes:
        """Return the bytes that a name was read from; they differ where those were no UTF-8."""
        seen = self._ports.find(name) if self._ports else None
        return seen.raw if seen else name.encode("utf-8", errors="replace").replace(b"\0", b"?")

    def _why_not(self, link: Link, code: int) -> Exception:
        """Tell from the graph why a connect failed: jackd2 answers -1 to everything, PipeWire 22 to most."""
        ports = self._look()
        source, target = ports.resolve(link.source), ports.resolve(link.target)
        if source is None:
            return self._missing(link, link.source, Direction.OUT)
        if target is None:
            return self._missing(link, link.target, Direction.IN)
        if reason := _unfit(source, target):
            return EngineError(
                "connect-failed", f"{link.source} -> {link.target}: {reason}.", where=Where(address=link.address)
            )
        return self._refused(link, code, "the server said no and did not say why")

    def _refused(self, link: Link, code: int, reason: str) -> Exception:
        """Blame the server, unless it is dead."""
        self._client.died_within(DEATH_NEWS_S)
        self._client.check()
        return EngineError(
            "connect-failed",
            f"{link.source} -> {link.target}: {reason}.",
            where=Where(address=link.address),
            details={"code": code, "errno": errno.errorcode.get(code), "printed": library.last_words()},
        )

    def _missing(self, link: Link, name: str, direction: Direction) -> EngineError:
        """Say that there is no such port, and which one may have been meant."""
        assert self._ports is not None
        fitting = [port for port, seen in self._ports.by_name().items() if seen.port.direction is direction]
        close = difflib.get_close_matches(name, fitting, n=3)
        client = name.partition(":")[0]
        siblings = [port for port in fitting if port.startswith(f"{client}:")]
        if close:
            hint = "Did you mean " + " or ".join(repr(port) for port in close) + "?"
        elif siblings:
            hint = f"{client} has " + ", ".join(port.partition(":")[2] for port in siblings[:8]) + "."
        else:
            hint = f"Nothing called {client!r} is there with such a port; `studio ports` lists what is."
        return EngineError(
            "no-such-port",
            f"There is no port {name!r}.",
            where=Where(address=link.address),
            hint=hint,
            details={"port": name, "close": close},
        )


def _unfit(source: SeenPort, target: SeenPort) -> str | None:
    """Return why no server would connect the two, or None."""
    if source.port.direction is not Direction.OUT:
        return f"{source.port.name} is an input; a link starts at an output"
    if target.port.direction is not Direction.IN:
        return f"{target.port.name} is an output; a link ends at an input"
    if source.port.kind is not target.port.kind:
        return f"one carries {source.port.kind}, the other {target.port.kind}"
    return None


def _nothing() -> None:
    """Stand in for a listener."""
