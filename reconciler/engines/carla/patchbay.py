"""Carla's own patchbay: the graph within its one JACK client.

Carla has no call that tells how it stands. It tells everything when asked to refresh, and every change as it comes,
both as callbacks with numbers: groups (a plugin, or one of four for the terminals), ports in them, connections. None of
these numbers lasts: connections are numbered anew with every refresh, so they are looked up for every call (measured).
What Carla's callbacks look like, its OSC interface sends too.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from reconciler.engines.carla.portnames import unlike
from reconciler.model.catalogue import Direction, Kind
from reconciler.model.errors import EngineError, Where
from reconciler.model.resources import Link, Port
from reconciler.model.terminals import INPUTS, OUTPUTS

FOLLOWS_SECONDS = 0.12
"""How long after a change the sound may take to follow: Carla sorts the graph 100 ms after the last time at the latest
(8 to 106 ms, measured 80 times at 256 frames)."""

LOOK_SECONDS = 2.0
"""How long Carla's word is taken that nothing changed. In its own process it tells of all at once (measured)."""

CLIENT_ADDED, CLIENT_REMOVED, CLIENT_RENAMED = 20, 21, 22
PORT_ADDED, PORT_REMOVED = 24, 25
CONNECTION_ADDED, CONNECTION_REMOVED = 27, 28
"""``ENGINE_CALLBACK_PATCHBAY_…`` of CarlaBackend.h."""

_IS_INPUT = 0x1
_CV = 0x4
_KINDS = {0x2: Kind.AUDIO, _CV: Kind.CV, 0x8: Kind.MIDI}

News = tuple[int, int, int, int, str]
"""A callback: action, number of the group or connection, two values, text."""

End = tuple[int, int]
"""A port: its group's number, and its own."""


class Wires(Protocol):
    """The calls of an engine's patchbay, in this process or elsewhere. Answers are why it did not work, else None."""

    @property
    def client(self) -> str | None:
        """The engine's JACK client as the server named it; None while the engine does not run."""

    def patchbay_news(self) -> Sequence[News]:
        """Return what came since it was asked last, in order; all there is after a start."""

    def refresh_patchbay(self) -> Sequence[News]:
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
        self.ports: dict[int, dict[int, tuple[int, str]]] = {}
        """Hints and name, by group and port."""
        self.connections: dict[int, tuple[End, End]] = {}
        self.numbers: dict[tuple[End, End], int] = {}
        """The connections the other way round."""

    def hear(self, news: Iterable[News]) -> set[int]:
        """Take in what was told; return the groups that have another name or other ports now."""
        changed: set[int] = set()
        for action, number, first, second, text in news:
            if action < CONNECTION_ADDED:
                changed.add(number)
            match action:
                case _ if action == CLIENT_ADDED:
                    self.groups[number] = text, second >= 0
                case _ if action == CLIENT_REMOVED:
                    self.groups.pop(number, None)
                    self.ports.pop(number, None)
                case _ if action == CLIENT_RENAMED and number in self.groups:
                    self.groups[number] = text, self.groups[number][1]
                case _ if action == PORT_ADDED:
                    self.ports.setdefault(number, {})[first] = second, text
                case _ if action == PORT_REMOVED:
                    self.ports.get(number, {}).pop(first, None)
                case _ if action == CONNECTION_ADDED:
                    source_group, source, target_group, target = map(int, text.split(":"))
                    ends = (source_group, source), (target_group, target)
                    self.connections[number] = ends
                    self.numbers[ends] = number
                case _ if action == CONNECTION_REMOVED and number in self.connections:
                    del self.numbers[self.connections.pop(number)]
        return changed


class CarlaPatchbay:
    """The :class:`~reconciler.engines.patchbay.Inside` of an engine that speaks as Carla does.

    Parameters
    ----------
    wires
        How to speak with it.
    look_s
        How long its word is taken that nothing changed, in seconds.
    """

    def __init__(self, wires: Wires, *, look_s: float = 0.0) -> None:
        self._wires = wires
        self._look_s = look_s
        self._of: str | None = None
        self._told: list[News] = []
        """What the last refresh told, if nothing was told since."""
        self._links: frozenset[Link] = frozenset()
        self._look_at = 0.0
        """When Carla is asked again though it told of no change, by the monotonic clock."""
        self._begin()

    @property
    def client(self) -> str | None:
        """The engine's JACK client as the server named it; None while the engine does not run."""
        return self._wires.client

    def ports(self) -> Mapping[str, Port]:
        """Return every plugin's ports, by the names that Carla gives them."""
        self._listen()
        return self._ports

    def clients(self) -> Iterable[str]:
        """Return every plugin's name."""
        self._listen()
        return [name for name, is_plugin in self._mirror.groups.values() if is_plugin]

    def links(self) -> frozenset[Link]:
        """Return every link; read anew where Carla told of a change, and in any case every few seconds."""
        self._listen()
        if self.client is None:
            return frozenset()
        if time.monotonic() < self._look_at:
            return self._links  # it would have told of any change
        told = self._wires.refresh_patchbay()
        self._look_at = time.monotonic() + self._look_s
        if list(told) != self._told:
            self._begin()
            self._name(self._mirror.hear(told))
            self._told = list(told)
            known = self._names
            self._links = frozenset(
                Link(known[source], known[target])
                for source, target in self._mirror.numbers
                if source in known and target in known
            )
        return self._links

    def connect(self, source: str, target: str) -> None:
        """Connect two ports that are there and fit; already there counts as done. Raises ``connect-failed``."""
        self._listen()
        ends = self._ends[source], self._ends[target]
        if ends in self._mirror.numbers:
            return  # Carla would call it a failure
        error = self._wires.connect_ports(*ends)
        self._listen()
        if error is not None or ends not in self._mirror.numbers:
            raise _failed(Link(source, target), error or "Carla said yes, and does not show it")

    def disconnect(self, source: str, target: str) -> None:
        """Disconnect; absent counts as done. Raises ``connect-failed`` if it is still there afterwards."""
        self._look_at = 0.0
        self.links()  # numbers the connections as they are now
        ends = self._ends.get(source), self._ends.get(target)
        number = self._mirror.numbers.get(ends)  # type: ignore[arg-type] # no such port, no such connection
        if number is None:
            return
        error = self._wires.disconnect_ports(number)
        self._listen()
        if ends in self._mirror.numbers:
            raise _failed(Link(source, target), error or "Carla said yes, and still has it")

    def _begin(self) -> None:
        """Forget what was told."""
        self._mirror = Mirror()
        self._names: dict[End, str] = {}
        self._ends: dict[str, End] = {}
        self._ports: dict[str, Port] = {}
        self._named: set[int] = set()

    def _listen(self) -> None:
        """Take in what was told since; an engine that was started anew begins anew."""
        if self._of != self.client:
            self._of = self.client
            self._look_at = 0.0
            self._told = []
            self._begin()
        news = self._wires.patchbay_news()
        if news:
            self._look_at = 0.0
            self._told = []
            changed = self._mirror.hear(news)
            if self._renumbered(news):
                self._begin()
                changed = self._mirror.hear(self._wires.refresh_patchbay())
            self._name(changed)

    def _renumbered(self, news: Iterable[News]) -> bool:
        """Whether a plugin that stays has a CV port more or less: Carla numbers the others anew, and does not tell."""
        return any(
            number in self._mirror.groups and (action == PORT_REMOVED or (action == PORT_ADDED and bool(second & _CV)))
            for action, number, _, second, _ in news
        )

    def _name(self, groups: Iterable[int]) -> None:
        """Find out how the ports of these groups are called."""
        changed = set(groups)
        for end in [end for end in self._names if end[0] in changed] if changed & self._named else ():
            name = self._names.pop(end)
            del self._ends[name]
            self._ports.pop(name, None)
        self._named |= changed
        for group in sorted(changed & self._mirror.groups.keys()):
            client, is_plugin = self._mirror.groups[group]
            place = 0
            taken: list[str] = []
            for port, (hints, name) in sorted(self._mirror.ports.get(group, {}).items()):
                kind = next((kind for bit, kind in _KINDS.items() if hints & bit), None)
                takes = bool(hints & _IS_INPUT)
                if kind is None:
                    continue
                # That the name of a parameter's CV port is its own, Carla sees to in JACK only (source).
                taken.append(unlike(name, taken) if is_plugin else name)
                full = f"{client}:{taken[-1]}"
                if is_plugin:
                    self._ports[full] = Port(full, kind, Direction.IN if takes else Direction.OUT)
                else:  # one of four, each of one kind and direction
                    same = [short for short, of in (OUTPUTS if takes else INPUTS) if of is kind]
                    if place >= len(same):
                        continue
                    full = same[place]
                    place += 1
                self._names[group, port] = full
                self._ends[full] = group, port


def _failed(link: Link, why: str) -> EngineError:
    return EngineError("connect-failed", f"{link.source} -> {link.target}: {why}.", where=Where(address=link.address))
