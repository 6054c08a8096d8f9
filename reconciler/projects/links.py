"""Connections of a project as links of a manifest.

Without a patchbay of its own (multiple clients) every connection is one in JACK. With one, what runs from JACK into
Carla's client and on within Carla is one link, ``system:capture_1 -> eq:in``.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from reconciler.engines.carla.portnames import jack_names
from reconciler.manifest.mistakes import Mistake
from reconciler.manifest.names import end
from reconciler.model.catalogue import Direction, PluginType, PortInfo
from reconciler.model.resources import Link
from reconciler.model.terminals import compose
from reconciler.projects.document import Project
from reconciler.projects.terminals import of_sound_card, own_client, port_of, terminals
from reconciler.session.cycles import find_cycle
from reconciler.session.matching import plugin_ports
from reconciler.session.pairing import pair
from reconciler.session.session import EndPort


class Node(msgspec.Struct, frozen=True):
    """A plugin of the project: its name in the manifest and what it is; None if it was left out."""

    name: str
    kind: PluginType | None
    added: tuple[PortInfo, ...] = ()
    """The ports that Carla gives it besides its own."""


class Links(msgspec.Struct, frozen=True):
    """What the connections came to."""

    written: tuple[str | dict[str, str], ...]
    """As ``links:`` has them."""
    notes: tuple[str, ...]
    """What was left out, in words."""


def manifest_links(project: Project, nodes: Sequence[Node]) -> Links:
    """Return the links that a project's connections are.

    Parameters
    ----------
    project
        The project.
    nodes
        One for each of its plugins, in order.
    """
    reader = _Reader(project, nodes)
    found = list(dict.fromkeys(reader.links()))
    kept, loops = _without_loops(found, {node.name for node in nodes})
    notes = reader.notes()
    notes += [f"{link.source} -> {link.target} closes a feedback loop: left out" for link in loops]
    kinds = {node.name: node.kind for node in nodes if node.kind is not None}
    return Links(tuple(_written(kept, kinds)), tuple(notes))


class _Reader:
    def __init__(self, project: Project, nodes: Sequence[Node]) -> None:
        self._project = project
        self._nodes: dict[str, Node] = {}
        for place, (saved, node) in enumerate(zip(project.plugins, nodes, strict=True)):
            client = saved.name if project.internal is not None else project.clients.get(place, saved.name)
            self._nodes.setdefault(client, node)
        self._ports = {node.name: _symbols(node.kind, node.added) for node in nodes if node.kind is not None}
        self._skipped = False
        self._unknown: list[str] = []
        self._nowhere: list[str] = []

    def links(self) -> Iterator[Link]:
        inner = self._project.internal
        if inner is None:
            for source, target in self._project.external:
                yield from self._link(self._end(source, Direction.OUT), self._end(target, Direction.IN))
            return
        own = own_client(self._project.external)
        through: list[Link] = []
        for source, target in self._project.external:
            if source.startswith(f"{own}:") or target.startswith(f"{own}:"):
                through += self._link(self._foreign(source), self._foreign(target))
            else:
                yield from self._link(self._foreign(source), self._foreign(target))
        used: dict[str, str] = {}
        outer = list(through)
        for source, target in inner:
            ends = [(source, Direction.OUT), (target, Direction.IN)]
            for end_, _ in ends:
                if (port := self._terminal(end_)) is not None:
                    used[f"{own}:{port}"] = end_
            through += self._link(*(self._inner_end(end_, way, own) for end_, way in ends))
        if not outer:
            through += self._sound_card(used)
        passed = {end_ for link in outer for end_ in (link.source, link.target)}
        if outer:
            self._nowhere += [end_ for name, end_ in used.items() if name not in passed]
        names = {*used, *(name for name in passed if name.startswith(f"{own}:"))}
        yield from compose(msgspec.structs.replace(terminals(sorted(names)), links=frozenset(through)))

    def notes(self) -> list[str]:
        said = []
        if self._skipped:
            said.append("the connections of plugins that were left out are left out too")
        if self._unknown:
            said.append(f"left out, as no port has that name: {', '.join(dict.fromkeys(self._unknown))}")
        if self._nowhere:
            ports = ", ".join(self._nowhere)
            said.append(f"left out, as nothing in JACK is connected to the other side: what runs through {ports}")
        return said

    def _terminal(self, inner: str) -> str | None:
        """Return JACK's port of a terminal; a plugin may be called as Carla's own groups are."""
        return None if inner.partition(":")[0] in self._nodes else port_of(inner)

    def _inner_end(self, inner: str, way: Direction, own: str) -> str | None:
        port = self._terminal(inner)
        return self._end(inner, way) if port is None else f"{own}:{port}"

    def _sound_card(self, used: dict[str, str]) -> Iterator[Link]:
        for name, inner in used.items():
            port = name.partition(":")[2]
            outside = of_sound_card(port)
            if outside is None:
                self._nowhere.append(inner)
            else:
                yield Link(outside, name) if port.startswith("audio-in") else Link(name, outside)

    def _end(self, written: str, way: Direction) -> str | None:
        """Return ``node:port`` in the manifest's words; None for what was left out or has no such port."""
        client, _, port = written.partition(":")
        node = self._nodes.get(client)
        if node is None:
            return self._foreign(written)
        if node.kind is None:
            self._skipped = True
            return None
        symbol = self._ports[node.name].get((way, port))
        if symbol is None:
            self._unknown.append(written)
            return None
        return f"{node.name}:{symbol}"

    def _foreign(self, written: str) -> str | None:
        try:
            return end(written)
        except Mistake:
            self._unknown.append(written)
            return None

    def _link(self, source: str | None, target: str | None) -> Iterator[Link]:
        if source is not None and target is not None:
            yield Link(source, target)


def _symbols(own: PluginType, added: tuple[PortInfo, ...]) -> dict[tuple[Direction, str], str]:
    """Return the symbol of each port by the names that Carla may give it; a port's own name wins."""
    kind = msgspec.structs.replace(own, ports=(*own.ports, *added))
    ways = {port.symbol: port.direction for port in kind.ports}
    found: dict[tuple[Direction, str], str] = {}
    candidates = jack_names(kind)
    for place in range(max(map(len, candidates.values()), default=0)):
        for symbol, names in candidates.items():
            if place < len(names):
                found.setdefault((ways[symbol], names[place]), symbol)
    return found


def _without_loops(links: Sequence[Link], names: set[str]) -> tuple[list[Link], list[Link]]:
    """Take out what closes a loop among plugins; the rest of a session has an order in which the signal runs."""
    kept, out = list(links), list[Link]()
    while nodes := find_cycle(link for link in kept if names.issuperset(_nodes(link))):
        closing = [link for link in kept if _nodes(link) == (nodes[-1], nodes[0])]
        out += closing
        kept = [link for link in kept if link not in closing]
    return kept, out


def _written(links: Sequence[Link], kinds: dict[str, PluginType]) -> Iterator[str | dict[str, str]]:
    """Write all of one plugin's main outputs into all of another's main inputs as one link, any other by its ports.

    The order is always the same, whatever order Carla saved them in: first what comes in, then from plugin to plugin
    and out, at last what has nothing to do with us.
    """
    groups: dict[tuple[str, str], list[Link]] = {}
    places = {
        f"{name}:{port.symbol}": (at, port.index)
        for at, (name, kind) in enumerate(kinds.items())
        for port in kind.ports
    }
    for link in sorted(links, key=lambda link: _place(link, places)):
        groups.setdefault(_nodes(link), []).append(link)
    for (source, target), group in groups.items():
        whole: tuple[Link, ...] = ()
        if source in kinds and target in kinds:
            paired = pair(_main(source, kinds[source], Direction.OUT), _main(target, kinds[target], Direction.IN))
            if not isinstance(paired, str) and set(paired) <= set(group):
                whole = paired
                yield f"{source} -> {target}"
        for link in group:
            if link not in whole:
                yield _one(link)


def _one(link: Link) -> str | dict[str, str]:
    text = f"{link.source} -> {link.target}"
    return {"from": link.source, "to": link.target} if "#" in text or "," in text else text


def _place(link: Link, places: dict[str, tuple[int, int]]) -> tuple[object, ...]:
    away = (len(places), 0)
    source, target = places.get(link.source, away), places.get(link.target, away)
    part = 1 if source is not away else 0 if target is not away else 2
    return part, source[0], target[0], source[1], target[1], _natural(link.source), _natural(link.target)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Make numbers in a name sort by size."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def _nodes(link: Link) -> tuple[str, str]:
    return link.source.partition(":")[0], link.target.partition(":")[0]


def _main(name: str, kind: PluginType, way: Direction) -> list[EndPort]:
    return [EndPort(f"{name}:{port.symbol}", port.kind) for port in plugin_ports(kind, None, way)]
