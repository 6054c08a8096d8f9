"""The inside of a memory engine that is one JACK client, as Carla is in patchbay mode."""

from collections.abc import Callable, Mapping

from reconciler.engines.memory.graph import Perform
from reconciler.engines.memory.server import MemoryServer
from reconciler.model.actions import Connect, Disconnect
from reconciler.model.errors import EngineError, Where
from reconciler.model.resources import Link, Port
from reconciler.model.terminals import CLIENT, terminals


class InnerServer(MemoryServer):
    """What plugins take for a JACK server: their clients, ports and links, within one client of the real one.

    Terminals are ports without a client. Like Carla, it ends with its engine, and its client with it.
    """

    def __init__(self, outer: MemoryServer, prefix: str) -> None:
        super().__init__(outer.settings, ours=False, captures=0, playbacks=0)
        self._outer = outer
        of = terminals(prefix)
        ports = [Port(port.name.partition(":")[2], port.kind, port.direction) for port in (*of.inputs, *of.outputs)]
        self.terminals = frozenset(port.name for port in ports)
        self.client = outer.open_client(prefix + CLIENT, ports)

    def close(self) -> None:
        """Leave the real server."""
        self._outer.close_client(self.client)

    def full(self, port: str) -> str:
        """Return a port's name as the record of calls has it."""
        return f"{self.client}:{port}" if port in self.terminals else port


class MemoryPatchbay:
    """The :class:`~reconciler.engines.patchbay.Inside` of a memory engine.

    Parameters
    ----------
    engine
        Returns what the engine is in, None while it does not run.
    perform
        As :meth:`MemoryStudio.perform`.
    """

    def __init__(self, engine: Callable[[], InnerServer | None], perform: Perform) -> None:
        self._engine = engine
        self._perform = perform

    @property
    def _server(self) -> InnerServer | None:
        return self._engine()

    @property
    def client(self) -> str | None:
        """The engine's JACK client; None while the engine does not run."""
        server = self._server
        return server.client if server else None

    def ports(self) -> Mapping[str, Port]:
        """Return every plugin's ports."""
        server = self._server
        return server.ports if server else {}

    def links(self) -> frozenset[Link]:
        """Return every link within the engine."""
        server = self._server
        return frozenset(server.links) if server else frozenset()

    def connect(self, source: str, target: str) -> None:
        """Connect two ports that are there and fit; already there counts as done. Raises ``connect-failed``."""
        server, link = self._running(), Link(source, target)
        self._perform(Connect(server.full(source), server.full(target)), lambda: server.links.add(link))
        if link not in server.links:
            raise _failed(link, "the engine kept it out and did not say why")

    def disconnect(self, source: str, target: str) -> None:
        """Disconnect; absent counts as done. Raises ``connect-failed`` if it is still there afterwards."""
        server, link = self._running(), Link(source, target)
        self._perform(Disconnect(server.full(source), server.full(target)), lambda: server.links.discard(link))
        if link in server.links:
            raise _failed(link, "the engine kept it and did not say why")

    def _running(self) -> InnerServer:
        server = self._server
        assert server is not None, "who calls has seen its ports"
        return server


def _failed(link: Link, why: str) -> EngineError:
    return EngineError("connect-failed", f"{link.source} -> {link.target}: {why}.", where=Where(address=link.address))
