"""Carla's own patchbay: the graph within its one JACK client.

Carla has no call that tells how it stands. It tells everything when asked to refresh, and every change as it comes,
both as callbacks with numbers: groups (a plugin, or one of four for the terminals), ports in them, connections. None of
these numbers lasts: connections are numbered anew with every refresh, so they are looked up for every call (measured).
What Carla's callbacks look like, its OSC interface sends too.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from reconciler.model.catalogue import Direction, Kind
from reconciler.model.errors import EngineError, Where
from reconciler.model.resources import Link, Port
from reconciler.model.terminals import INPUTS, OUTPUTS

FOLLOWS_SECONDS = 0.12
"""How long after a change the sound may take to follow: Carla sorts the graph 100 ms after the last time at the latest
(8 to 106 ms, measured 80 times at 256 frames)."""

CLIENT_ADDED, CLIENT_REMOVED, CLIENT_RENAMED = 20, 21, 22
PORT_ADDED, PORT_REMOVED = 24, 25
CONNECTION_ADDED, CONNECTION_REMOVED = 27, 28
"""``ENGINE_CALLBACK_PATCHBAY_…`` of CarlaBackend.h."""

ACTIONS = frozenset(range(CLIENT_ADDED, CONNECTION_REMOVED + 1))

_IS_INPUT = 0x1
_KINDS = {0x2: Kind.AUDIO, 0x4: Kind.CV, 0x8: Kind.MIDI}

News = tuple[int, int, int, int, str]
"""A callback: action, number of the group or connection, two values, text."""

End = tuple[int, int]
"""A port: its group's number, and its own."""


class Wires(Protocol):
    """The calls of an engine's patchbay, in this process or elsewhere. Answers are why it did not work, else None."""

    @property
    def client(self) -> str | None:
        """The engine's JACK client as the server named it; None while the engine does not run."""

    def patchbay_news(self) -> Iterable[News]:
        """Return what came since it was asked last, in order; all there is after a start."""

    def refresh_patchbay(self) -> Iterable[News]:
        """Return all there is, told anew."""

    def connect_ports(self, source: End, target: End) -> str | None:
        """Connect two ports. It fails in one way for everything, a connection that is there included."""

    def disconnect_ports(self, number: int) -> str | None:
        """Disconnect by the connection's present number."""


class Mirror:
    """What the engine has told of its patchbay."""

    def __init__(self) -> None:
        self.groups: dict[int, tuple[str, bool]] = {}
        """Name, and whether it is a plugin's."""
        self.ports: dict[End, tuple[int, str]] = {}
        """Hints and name."""
        self.connections: dict[int, tuple[End, End]] = {}

    def hear(self, news: Iterable[News]) -> bool:
        """Take in what was told; return whether a port or a name is another one now."""
        changed = False
        for action, number, first, second, text in news:
            changed = changed or action < CONNECTION_ADDED
            match action:
                case _ if action == CLIENT_ADDED:
                    self.groups[number] = text, second >= 0
                case _ if action == CLIENT_REMOVED:
                    self.groups.pop(number, None)
                case _ if action == CLIENT_RENAMED and number in self.groups:
                    self.groups[number] = text, self.groups[number][1]
                case _ if action == PORT_ADDED:
                    self.ports[number, first] = second, text
                case _ if action == PORT_REMOVED:
                    self.ports.pop((number, first), None)
                case _ if action == CONNECTION_ADDED:
                    source_group, source, target_group, target = map(int, text.split(":"))
                    self.connections[number] = (source_group, source), (target_group, target)
                case _ if action == CONNECTION_REMOVED:
                    self.connections.pop(number, None)
        return changed


class CarlaPatchbay:
    """The :class:`~reconciler.engines.patchbay.Inside` of an engine that speaks as Carla does."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self._of: str | None = None
        self._mirror = Mirror()
        self._names: dict[End, str] = {}
        self._ports: dict[str, Port] = {}

    @property
    def client(self) -> str | None:
        """The engine's JACK client as the server named it; None while the engine does not run."""
        return self._wires.client

    def ports(self) -> Mapping[str, Port]:
        """Return every plugin's ports, by the names that Carla gives them."""
        self._listen()
        return self._ports

    def links(self) -> frozenset[Link]:
        """Return every link, read from Carla anew."""
        if self.client is None:
            self._listen()
            return frozenset()
        self._mirror = Mirror()
        self._mirror.hear(self._wires.refresh_patchbay())
        self._name()
        return self._links()

    def connect(self, source: str, target: str) -> None:
        """Connect two ports that are there and fit; already there counts as done. Raises ``connect-failed``."""
        self._listen()
        link = Link(source, target)
        if link in self._links():
            return  # Carla would call it a failure
        ends = {name: end for end, name in self._names.items()}
        error = self._wires.connect_ports(ends[source], ends[target])
        self._listen()
        if error is not None or link not in self._links():
            raise _failed(link, error or "Carla said yes, and does not show it")

    def disconnect(self, source: str, target: str) -> None:
        """Disconnect; absent counts as done. Raises ``connect-failed`` if it is still there afterwards."""
        link = Link(source, target)
        if link not in self.links():  # which numbers the connections as they are now
            return
        numbers = {self._link(*ends): number for number, ends in self._mirror.connections.items()}
        error = self._wires.disconnect_ports(numbers[link])
        self._listen()
        if link in self._links():
            raise _failed(link, error or "Carla said yes, and still has it")

    def _listen(self) -> None:
        """Take in what was told since; an engine that was started anew begins anew."""
        if self._of != self.client:
            self._of = self.client
            self._mirror = Mirror()
            self._name()
        if self._mirror.hear(self._wires.patchbay_news()):
            self._name()

    def _name(self) -> None:
        """Find out which port is called how."""
        self._names.clear()
        self._ports = {}
        counts: dict[tuple[Kind, bool], int] = {}
        for end, (hints, name) in sorted(self._mirror.ports.items()):
            kind = next((kind for bit, kind in _KINDS.items() if hints & bit), None)
            group = self._mirror.groups.get(end[0])
            if kind is None or group is None:
                continue
            takes = bool(hints & _IS_INPUT)
            if group[1]:
                full = f"{group[0]}:{name}"
                self._ports[full] = Port(full, kind, Direction.IN if takes else Direction.OUT)
                self._names[end] = full
                continue
            same = [short for short, of in (OUTPUTS if takes else INPUTS) if of is kind]
            place = counts[kind, takes] = counts.get((kind, takes), -1) + 1
            if place < len(same):
                self._names[end] = same[place]

    def _links(self) -> frozenset[Link]:
        known = self._names
        return frozenset(
            self._link(source, target)
            for source, target in self._mirror.connections.values()
            if source in known and target in known
        )

    def _link(self, source: End, target: End) -> Link:
        return Link(self._names[source], self._names[target])


def _failed(link: Link, why: str) -> EngineError:
    return EngineError("connect-failed", f"{link.source} -> {link.target}: {why}.", where=Where(address=link.address))
