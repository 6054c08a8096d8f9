"""The graph of a picture: nodes and edges, each with what it is and how it stands. Its JSON is this very value."""

import enum

import msgspec

from reconciler.model.catalogue import Direction, Kind
from reconciler.model.errors import Where

FORMAT = 1
MARK = "drawn by studio graph"
"""Stands in every picture, so that a later one may take its place without being asked."""


class View(enum.StrEnum):
    """What a graph shows."""

    DECLARED = "declared"
    """The manifest alone; nothing is known of the studio."""
    STANDING = "standing"
    """What the manifest declares, and how it stands in the studio."""
    PLAN = "plan"
    """The studio before and after an apply, in one."""
    LIVE = "live"
    """The studio as it is, with everybody's clients."""


class NodeKind(enum.StrEnum):
    """What a node is."""

    HARDWARE = "hardware"
    PLUGIN = "plugin"
    FOREIGN = "foreign"
    """A JACK client of somebody else."""


class State(enum.StrEnum):
    """How a node or an edge stands."""

    DECLARED = "declared"
    """The manifest asks for it; whether it is there is not known."""
    PRESENT = "present"
    CHANGED = "changed"
    """There, and not as the manifest says (view ``plan``: about to become so)."""
    MISSING = "missing"
    """Declared, and not there."""
    PENDING = "pending"
    """Waits for a port that is not there."""
    UNMANAGED = "unmanaged"
    """There, and not in the manifest."""
    CREATED = "created"
    DELETED = "deleted"


class NodePort(msgspec.Struct, frozen=True, omit_defaults=True):
    """A port of a node; ``name`` is without the node. A pattern whose port is not known stands as it was written."""

    name: str
    direction: Direction
    kind: Kind | None = None
    """None where that shows only when the port is there."""


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """A plugin, the hardware, or somebody else's client. ``says`` is the plugin's own name, ``notes`` what differs."""

    name: str
    kind: NodeKind
    state: State
    plugin: str = ""
    says: str = ""
    ports: tuple[NodePort, ...] = ()
    notes: tuple[str, ...] = ()
    origin: Where | None = None


class Edge(msgspec.Struct, frozen=True, omit_defaults=True):
    """One link, from ``node:port`` to ``node:port``; the node alone where the port is not known yet."""

    source: str
    target: str
    kind: Kind | None
    state: State
    note: str = ""


class Graph(msgspec.Struct, frozen=True):
    """A whole picture before it is drawn. ``nodes`` begin with the session's own plugins; ``edges`` are sorted."""

    name: str
    view: View
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    remarks: tuple[str, ...] = ()
    """What a reader must know of it: why nothing is known, what is refused."""
    format: int = FORMAT
    drawn_by: str = MARK

    def count(self, state: State) -> int:
        """Return how many nodes and edges stand so."""
        states = [node.state for node in self.nodes] + [edge.state for edge in self.edges]
        return states.count(state)


def node_of(end: str) -> str:
    """Return the node of an edge's end."""
    return end.partition(":")[0]


def port_of(end: str) -> str:
    """Return the port of an edge's end, empty where only the node is known."""
    return end.partition(":")[2]
