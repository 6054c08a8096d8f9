"""The JACK graph of the memory studio, as a client sees it."""

from collections.abc import Callable, Mapping

from reconciler.engines import refusals
from reconciler.engines.memory.calls import RecordedCall
from reconciler.engines.memory.server import MemoryServer
from reconciler.model.actions import Connect, Disconnect
from reconciler.model.errors import EngineError, Where
from reconciler.model.resources import JackSettings, Link, Port

Perform = Callable[[RecordedCall, Callable[[], None]], None]
"""Record a call, then make it happen or fail; see :meth:`MemoryStudio.perform`."""


class MemoryGraph:
    """An :class:`~reconciler.engines.ports.AudioGraph` on one life of the server; dead with it, for good.

    Every read of a dead server raises ``jack-gone`` rather than tell how it was.
    """

    def __init__(self, server: MemoryServer, perform: Perform) -> None:
        self._server = server
        self._perform = perform
        self._closed = False

    @property
    def alive(self) -> bool:
        """Whether the server answers."""
        return self._server.alive and not self._closed

    def settings(self) -> JackSettings:
        """Return what JACK itself can tell: name, sample rate, period, realtime."""
        known = self._living().settings
        return JackSettings(
            server=known.server, sample_rate=known.sample_rate, period=known.period, realtime=known.realtime
        )

    def ports(self) -> Mapping[str, Port]:
        """Return every port, in order of appearance."""
        return dict(self._living().ports)

    def has(self, client: str) -> bool:
        """Whether a client of that name has a port."""
        return any(port.startswith(f"{client}:") for port in self.ports())

    def links(self) -> frozenset[Link]:
        """Return every connection."""
        return frozenset(self._living().links)

    def terminals(self) -> None:
        """There are none: every plugin's port is JACK's."""
        return

    def connect(self, source: str, target: str) -> None:
        """Connect; already there counts as done. Raises ``no-such-port``, ``connect-failed``."""
        server = self._living()
        link = Link(source, target)
        self._perform(Connect(source, target), lambda: _connect(server, link))
        if link not in self._living().links:
            raise _failed(link, "the server kept it out and did not say why")

    def disconnect(self, source: str, target: str) -> None:
        """Disconnect; absent counts as done. Raises ``connect-failed`` if it is still there afterwards."""
        server = self._living()
        link = Link(source, target)
        self._perform(Disconnect(source, target), lambda: server.links.discard(link))
        if link in self._living().links:
            raise _failed(link, "the server kept it and did not say why")

    def close(self) -> None:
        """Leave the server."""
        self._closed = True

    def _living(self) -> MemoryServer:
        if not self.alive:
            raise refusals.jack_gone(self._server.settings.server)
        return self._server


def _connect(server: MemoryServer, link: Link) -> None:
    for end in (link.source, link.target):
        if end not in server.ports:
            raise EngineError("no-such-port", f"There is no port {end!r}.", where=Where(address=link.address))
    if not server.may_connect(link.source, link.target):
        raise _failed(link, "a link goes from an output to an input of the same kind")
    server.links.add(link)


def _failed(link: Link, why: str) -> EngineError:
    return EngineError("connect-failed", f"{link.source} -> {link.target}: {why}.", where=Where(address=link.address))
