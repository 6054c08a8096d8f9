"""A JACK server in memory: clients, their ports, the links between them, and JACK's rules for connecting."""

from collections.abc import Iterable

from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import JackSettings, Link, Port


class MemoryServer:
    """One life of a server; a restart is a new object, as for real clients.

    Clients and ports stay in the order in which they came. Methods answer like JACK's C calls, with a bool, and
    leave words to :class:`~reconciler.engines.memory.graph.MemoryGraph`.
    """

    def __init__(self, settings: JackSettings, *, ours: bool, captures: int = 2, playbacks: int = 2) -> None:
        self.settings = settings
        self.ours = ours
        self.alive = True
        self.ports: dict[str, Port] = {}
        self.links: set[Link] = set()
        self._clients: set[str] = {"system"}
        for number in range(1, captures + 1):
            self._register(Port(f"system:capture_{number}", Kind.AUDIO, Direction.OUT, physical=True))
        for number in range(1, playbacks + 1):
            self._register(Port(f"system:playback_{number}", Kind.AUDIO, Direction.IN, physical=True))

    def clients(self) -> frozenset[str]:
        """Return the names of all clients, those without ports included."""
        return frozenset(self._clients)

    def open_client(self, name: str, ports: Iterable[Port]) -> str:
        """Let a client in and return its name, which is another one (``vox-01``) if the name is taken.

        ``ports`` are named without the client.
        """
        granted = name
        number = 0
        while granted in self._clients:
            number += 1
            granted = f"{name}-{number:02}"
        self._clients.add(granted)
        for port in ports:
            self._register(Port(f"{granted}:{port.name}", port.kind, port.direction, port.physical, port.aliases))
        return granted

    def close_client(self, name: str) -> None:
        """Drop a client with its ports and their links; an unknown one is nobody's loss."""
        self._clients.discard(name)
        for port in self._ports_of(name):
            self.close_port(port)

    def rename_client(self, name: str, to: str) -> None:
        """Rename a client, keeping its ports' places and links."""
        self._clients.discard(name)
        self._clients.add(to)
        moved = {port: f"{to}:{port[len(name) + 1 :]}" for port in self._ports_of(name)}
        self.ports = {
            moved.get(old, old): Port(moved[old], port.kind, port.direction, port.physical, port.aliases)
            if old in moved
            else port
            for old, port in self.ports.items()
        }
        self.links = {
            Link(moved.get(a, a), moved.get(b, b)) for a, b in ((link.source, link.target) for link in self.links)
        }

    def open_port(self, client: str, port: Port) -> None:
        """Let a client have one port more; one that is there stays as it is."""
        if f"{client}:{port.name}" not in self.ports:
            self._register(Port(f"{client}:{port.name}", port.kind, port.direction))

    def close_port(self, name: str) -> None:
        """Take one port away, and its links with it."""
        self.ports.pop(name, None)
        self.links = {link for link in self.links if name not in {link.source, link.target}}

    def may_connect(self, source: str, target: str) -> bool:
        """Tell whether JACK would: from an output to an input, both audio (CV counts as audio) or both MIDI."""
        a, b = self.ports[source], self.ports[target]
        same_kind = (a.kind is Kind.MIDI) == (b.kind is Kind.MIDI)
        return same_kind and a.direction is Direction.OUT and b.direction is Direction.IN

    def _register(self, port: Port) -> None:
        self.ports[port.name] = port

    def _ports_of(self, client: str) -> list[str]:
        return [port for port in self.ports if port.startswith(f"{client}:")]
