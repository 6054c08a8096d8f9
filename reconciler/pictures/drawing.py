"""A graph made ready to be drawn: hardware in two, as it stands at both ends, and parallel links as one cable."""

from collections.abc import Iterable, Sequence

import msgspec

from reconciler.model.catalogue import Direction, Kind
from reconciler.pictures.graph import Edge, Graph, Node, NodeKind, State, node_of, port_of
from reconciler.pictures.names import clean, joined, natural
from reconciler.session.matching import is_glob


class Row(msgspec.Struct, frozen=True):
    """Ports of a box that are shown as one: a single one, or the sides of a cable."""

    ports: tuple[str, ...]

    @property
    def label(self) -> str:
        """What to call them."""
        return clean(joined(self.ports))


class Box(msgspec.Struct, frozen=True):
    """A node as it is drawn, its inputs at the left and its outputs at the right."""

    node: Node
    inputs: tuple[Row, ...] = ()
    outputs: tuple[Row, ...] = ()


class Cable(msgspec.Struct, frozen=True):
    """One or more links that run side by side between two boxes (by number). An empty row is the box itself."""

    source: int
    target: int
    out: Row
    into: Row
    kind: Kind | None
    state: State
    count: int = 1
    note: str = ""

    @property
    def mark(self) -> str:
        """How many: ``x2`` in parallel, ``1:2`` mono into stereo, ``2:1`` summed; empty for one."""
        if self.count == 1:
            return ""
        outs, ins = len(self.out.ports), len(self.into.ports)
        if outs == ins or self.loose:
            return f"x{self.count}"
        return f"{outs}:{ins}"

    @property
    def loose(self) -> bool:
        """Whether one end is a pattern, or a node whose ports are not known: it says nothing of how many there are."""
        waiting = self.state in (State.DECLARED, State.PENDING)
        ends = [*self.out.ports, *self.into.ports]
        return not self.out.ports or not self.into.ports or (waiting and any(map(is_glob, ends)))


class Drawing(msgspec.Struct, frozen=True):
    """Boxes and cables, and the graph that they are of."""

    graph: Graph
    boxes: tuple[Box, ...]
    cables: tuple[Cable, ...]


_Place = tuple[str, Direction | None]
"""A node, and for hardware which of its sides."""


def lay(graph: Graph, *, every_port: bool = False) -> Drawing:
    """Return what is to be drawn.

    Parameters
    ----------
    every_port
        Each port has a row of its own, linked or not, and each link is a cable of its own.
    """
    hardware = {node.name for node in graph.nodes if node.kind is NodeKind.HARDWARE}
    groups: dict[tuple[_Place, _Place, Kind | None, State], list[Edge]] = {}
    for edge in graph.edges:
        source = _place(edge.source, Direction.OUT, hardware)
        target = _place(edge.target, Direction.IN, hardware)
        groups.setdefault((source, target, edge.kind, edge.state), []).append(edge)
    bundles = [
        (key, bundle)
        for key, edges in groups.items()
        for bundle in ([[edge] for edge in edges] if every_port else _bundles(edges))
    ]
    sides: dict[_Place, tuple[dict[Row, None], dict[Row, None]]] = {}
    for node in graph.nodes:
        if every_port:
            _all_rows(node, hardware, sides)
    for (source, target, _, _), bundle in bundles:
        sides.setdefault(source, ({}, {}))[1][_row(edge.source for edge in bundle)] = None
        sides.setdefault(target, ({}, {}))[0][_row(edge.target for edge in bundle)] = None
    places: dict[_Place, int] = {}
    boxes: list[Box] = []
    for node in graph.nodes:
        mine = [place for way in (None, *Direction) if (place := (node.name, way)) in sides] or [(node.name, None)]
        for place in mine:
            places[place] = len(boxes)
            ins, outs = sides.get(place, ({}, {}))
            boxes.append(Box(node, _sorted(node, Direction.IN, ins), _sorted(node, Direction.OUT, outs)))
    cables = [
        Cable(
            places[source],
            places[target],
            _row(edge.source for edge in bundle),
            _row(edge.target for edge in bundle),
            kind,
            state,
            len(bundle),
            "; ".join(dict.fromkeys(edge.note for edge in bundle if edge.note)),
        )
        for (source, target, kind, state), bundle in bundles
    ]
    return Drawing(graph, tuple(boxes), tuple(cables))


def _place(end: str, way: Direction, hardware: set[str]) -> _Place:
    node = node_of(end)
    return node, way if node in hardware else None


def _all_rows(node: Node, hardware: set[str], sides: dict[_Place, tuple[dict[Row, None], dict[Row, None]]]) -> None:
    for port in node.ports:
        place = (node.name, port.direction if node.name in hardware else None)
        ins, outs = sides.setdefault(place, ({}, {}))
        (ins if port.direction is Direction.IN else outs)[Row((port.name,))] = None


def _row(ends: Iterable[str]) -> Row:
    return Row(tuple(dict.fromkeys(port for end in ends if (port := port_of(end)))))


def _sorted(node: Node, way: Direction, rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the rows in the order of the node's ports; the empty one, the node itself, needs no row."""
    order = {port.name: number for number, port in enumerate(node.ports) if port.direction is way}
    return tuple(sorted((row for row in rows if row.ports), key=lambda row: [order[port] for port in row.ports]))


def _bundles(edges: Sequence[Edge]) -> list[list[Edge]]:
    """Return which links between two nodes run side by side: one to one, one into many, many into one; else single."""
    if _parallel(edges):
        return [_in_order(edges)]
    bundles: list[list[Edge]] = []
    for part in _parts(edges):
        fans = len({edge.source for edge in part}) == 1 or len({edge.target for edge in part}) == 1
        bundles += [_in_order(part)] if fans else [[edge] for edge in part]
    return bundles


def _parallel(edges: Sequence[Edge]) -> bool:
    return len({edge.source for edge in edges}) == len(edges) == len({edge.target for edge in edges})


def _in_order(edges: Sequence[Edge]) -> list[Edge]:
    return sorted(edges, key=lambda edge: (natural(edge.source), natural(edge.target)))


def _parts(edges: Sequence[Edge]) -> list[list[Edge]]:
    """Return the edges in groups that share no port."""
    parts: list[tuple[set[str], list[Edge]]] = []
    for edge in edges:
        ends = {f"out {edge.source}", f"in {edge.target}"}
        touched = [part for part in parts if not part[0].isdisjoint(ends)]
        whole = (ends.union(*(part[0] for part in touched)), [one for part in touched for one in part[1]] + [edge])
        parts = [part for part in parts if part not in touched] + [whole]
    return [part for _, part in parts]
