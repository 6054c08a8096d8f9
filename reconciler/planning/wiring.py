"""Declared wires against the ports that are there: links to have, links to wait for, ends that do not fit."""

from collections.abc import Mapping, Sequence

import msgspec

from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import Link, Port
from reconciler.planning.plan import Pending, Refusal
from reconciler.session.matching import names, number
from reconciler.session.pairing import pair
from reconciler.session.session import Endpoint, EndPort, Session, Wire

UNKNOWN = "known once JACK runs"


class Wiring(msgspec.Struct, frozen=True):
    """What the session's wires come to. ``declared`` maps each link's address to that of its wire."""

    links: frozenset[Link] = frozenset()
    pending: tuple[Pending, ...] = ()
    refused: tuple[Refusal, ...] = ()
    declared: dict[str, str] = {}


def resolve(session: Session, ports: Mapping[str, Port], *, server_up: bool) -> Wiring:
    """Match every wire of the session against ``ports`` (by ``node:port``)."""
    if not session.wires:
        return Wiring()
    index = _Index(ports)
    links: dict[Link, str] = {}
    pending: list[Pending] = []
    refused: list[Refusal] = []
    for wire in session.wires:
        sources = index.find(wire.source, Direction.OUT)
        targets = index.find(wire.target, Direction.IN)
        if not sources or not targets:
            missing, direction = (wire.target, Direction.IN) if sources else (wire.source, Direction.OUT)
            hint = _hint(wire, index.names(missing.node, direction), direction) if server_up else UNKNOWN
            pending.append(Pending(wire.address, str(missing), hint, session.origin(wire.address)))
            continue
        sources, targets = _as_cv(wire.source, sources, targets), _as_cv(wire.target, targets, sources)
        paired = pair(sources, targets)
        if isinstance(paired, str):
            message = f"{wire.source} into {wire.target}: {paired}"
            hint = "name the ports, as in `node:port`, or choose some with a pattern such as `system:playback_[12]`"
            refused.append(Refusal("channels-differ", wire.address, message, hint, session.origin(wire.address)))
            continue
        for link in paired:
            links.setdefault(link, wire.address)
    declared = {link.address: wire for link, wire in links.items()}
    return Wiring(frozenset(links), tuple(pending), tuple(refused), declared)


def _as_cv(end: Endpoint, found: Sequence[EndPort], other: Sequence[EndPort]) -> Sequence[EndPort]:
    """Take a foreign client's audio ports for CV where a plugin's port is: to JACK, CV is audio."""
    if end.ports is not None or any(port.kind is not Kind.CV for port in other):
        return found
    return [EndPort(port.name, Kind.CV if port.kind is Kind.AUDIO else port.kind) for port in found]


class _Index:
    """The ports that are there, found by full name at once and by node only where a pattern asks for it."""

    def __init__(self, ports: Mapping[str, Port]) -> None:
        self._ports = ports
        self._nodes: dict[tuple[str, Direction], dict[str, Port]] | None = None

    def find(self, end: Endpoint, direction: Direction) -> Sequence[EndPort]:
        """Return the ports that an endpoint means now."""
        if end.ports is not None:
            return end.ports
        if end.pattern is not None:
            exact = self._ports.get(f"{end.node}:{end.pattern}")
            if exact is not None and exact.direction is direction:
                return (EndPort(exact.name, exact.kind),)
        there = self._node(end.node, direction)
        if end.pattern is None:
            found = list(there.values())
        elif (count := number(end.pattern, direction)) is not None:
            found = list(there.values())[count - 1 : count]
        else:
            found = [there[name] for name in names(list(there), end.pattern)]
        return [EndPort(port.name, port.kind) for port in found]

    def names(self, node: str, direction: Direction) -> list[str]:
        """Return what a node's ports are called, without the node."""
        return list(self._node(node, direction))

    def _node(self, node: str, direction: Direction) -> dict[str, Port]:
        if self._nodes is None:
            self._nodes = {}
            for port in self._ports.values():
                client, _, short = port.name.partition(":")
                self._nodes.setdefault((client, port.direction), {})[short] = port
        return self._nodes.get((node, direction), {})


def _hint(wire: Wire, there: list[str], direction: Direction) -> str | None:
    if wire.suggestion:
        return f"did you mean {wire.suggestion}?"
    if not there:
        return None
    node = wire.source.node if direction is Direction.OUT else wire.target.node
    return f"the {direction}puts of {node} are {', '.join(there[:8])}{', …' if len(there) > 8 else ''}"
