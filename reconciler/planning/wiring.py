"""Declared wires against the ports that are there: links to have, links to wait for, ends that do not fit."""

from collections.abc import Mapping

import msgspec

from reconciler.model.catalogue import Direction
from reconciler.model.resources import Link, Port
from reconciler.planning.plan import Pending, Refusal
from reconciler.session.matching import names, number
from reconciler.session.pairing import pair
from reconciler.session.session import Endpoint, EndPort, Session, Wire


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
    by_node: dict[tuple[str, Direction], list[Port]] = {}
    for port in ports.values():
        by_node.setdefault((port.name.partition(":")[0], port.direction), []).append(port)
    links: dict[Link, str] = {}
    pending: list[Pending] = []
    refused: list[Refusal] = []
    for wire in session.wires:
        origin = session.origin(wire.address)
        sources = _ports(wire.source, Direction.OUT, by_node)
        targets = _ports(wire.target, Direction.IN, by_node)
        missing = wire.source if not sources else wire.target if not targets else None
        if missing is not None:
            pending.append(
                Pending(wire.address, str(missing), _why(wire, missing, by_node, server_up=server_up), origin)
            )
            continue
        paired = pair(sources, targets)
        if isinstance(paired, str):
            message = f"{wire.source} into {wire.target}: {paired}"
            hint = "name the ports, as in `node:port`, or choose some with a pattern such as `system:playback_[12]`"
            refused.append(Refusal("channels-differ", wire.address, message, hint, origin))
            continue
        for link in paired:
            links.setdefault(link, wire.address)
    return Wiring(
        frozenset(links), tuple(pending), tuple(refused), {link.address: wire for link, wire in links.items()}
    )


def _ports(end: Endpoint, direction: Direction, by_node: Mapping[tuple[str, Direction], list[Port]]) -> list[EndPort]:
    if end.ports is not None:
        return list(end.ports)
    there = by_node.get((end.node, direction), [])
    if end.pattern is None:
        return [EndPort(port.name, port.kind) for port in there]
    short = {port.name.partition(":")[2]: port for port in there}
    found = [short[name] for name in names(list(short), end.pattern)]
    if not found and (count := number(end.pattern, direction)) is not None:
        found = there[count - 1 : count]
    return [EndPort(port.name, port.kind) for port in found]


def _why(
    wire: Wire, missing: Endpoint, by_node: Mapping[tuple[str, Direction], list[Port]], *, server_up: bool
) -> str | None:
    if not server_up:
        return "known once JACK runs"
    if wire.suggestion:
        return f"did you mean {wire.suggestion}?"
    direction = Direction.OUT if missing is wire.source else Direction.IN
    if there := by_node.get((missing.node, direction)):
        side = "outputs" if direction is Direction.OUT else "inputs"
        return f"the {side} of {missing.node} are {', '.join(port.name.partition(':')[2] for port in there[:8])}"
    return None
