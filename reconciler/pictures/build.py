"""From session, observed studio and plan to a graph. Pure: whoever asks for a picture has looked already."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from reconciler.model.actions import AddPlugin, Connect, Disconnect, RemovePlugin, ReplacePlugin
from reconciler.model.catalogue import Direction, Kind, PluginType
from reconciler.model.resources import Link, Observed, Port
from reconciler.pictures.graph import Edge, Graph, Node, NodeKind, NodePort, State, View, node_of, port_of
from reconciler.planning.plan import Act, Change, Pending, Plan
from reconciler.planning.text import detail, headline, left_out
from reconciler.planning.wiring import Wiring, resolve
from reconciler.session.session import Endpoint, Session, Wire

HARDWARE = "system"
"""What jackd calls the client of the sound card; PipeWire's cards are known by their physical ports."""

Types = Mapping[str, PluginType]
"""What the catalogue knows of each plugin, by the plugin's name in the manifest."""


def declared(session: Session, types: Types, remark: str | None = None) -> Graph:
    """Return what a manifest asks for, when nothing is known of the studio.

    Parameters
    ----------
    remark
        Why nothing is known.
    """
    maker = _Maker(session, types, {}, absent=State.DECLARED)
    for name in session.plugins:
        maker.plugin(name, State.DECLARED)
    for link in session.links:
        maker.link(link, State.DECLARED)
    for wire in session.wires:
        maker.wire(wire, State.DECLARED)
    return maker.graph(session.name, View.DECLARED, (remark,) if remark else ())


def standing(session: Session, types: Types, observed: Observed, plan: Plan) -> Graph:
    """Return what a manifest declares and how it stands in the studio; ``plan`` is that of the same reading."""
    return _related(session, types, observed, plan, View.STANDING)


def planned(session: Session, types: Types, observed: Observed, plan: Plan) -> Graph:
    """Return the studio before and after a plan in one: what comes, what goes, what stays."""
    return _related(session, types, observed, plan, View.PLAN)


def live(observed: Observed, name: str = "studio", types: Types | None = None) -> Graph:
    """Return the studio as it is: every client, every link, whoever they belong to."""
    maker = _Maker(None, types or {}, observed.ports, absent=State.PRESENT)
    for plugin in observed.plugins.values():
        maker.plugin(plugin.name, State.PRESENT, plugin.plugin)
    for port in observed.ports.values():
        maker.end(port.name, port.direction, port.kind)
    for link in observed.links:
        maker.link(link, State.PRESENT)
    return maker.graph(name, View.LIVE)


class _Maker:
    """Collects nodes and edges; a node comes to be when it is named first."""

    def __init__(self, session: Session | None, types: Types, ports: Mapping[str, Port], *, absent: State) -> None:
        self._session = session
        self._types = types
        self._ports = ports
        self._absent = absent
        self._nodes: dict[str, Node] = {}
        self._known: dict[str, dict[tuple[str, Direction], NodePort]] = {}
        self._edges: dict[tuple[str, str], Edge] = {}
        self._physical = {node_of(name) for name, port in ports.items() if port.physical}
        for port in ports.values():
            seen = NodePort(port_of(port.name), port.direction, port.kind)
            self._known.setdefault(node_of(port.name), {})[seen.name, seen.direction] = seen
        for name, kind in types.items():
            mine = self._known.setdefault(name, {})
            for info in kind.ports:
                mine.setdefault((info.symbol, info.direction), NodePort(info.symbol, info.direction, info.kind))
        self._there = set(self._known)

    def plugin(self, name: str, state: State, plugin: str = "", notes: tuple[str, ...] = ()) -> None:
        """Add a plugin."""
        session, kind = self._session, self._types.get(name)
        if not plugin and session is not None:
            plugin = session.plugins[name].plugin
        says = kind.name if kind is not None else _short(plugin)
        origin = session.origin(f"plugins.{name}") if session is not None else None
        self._nodes[name] = Node(name, NodeKind.PLUGIN, state, plugin, says, notes=notes, origin=origin)

    def end(self, name: str, direction: Direction, kind: Kind | None = None) -> Kind | None:
        """Add what an end names, as far as it is new, and return what travels there."""
        node, short = node_of(name), port_of(name)
        if node not in self._nodes:
            hardware = node in self._physical or node == HARDWARE
            state = State.PRESENT if node in self._there and self._absent is not State.DECLARED else self._absent
            self._nodes[node] = Node(node, NodeKind.HARDWARE if hardware else NodeKind.FOREIGN, state)
        if not short:
            return kind
        mine = self._known.setdefault(node, {})
        found = mine.get((short, direction))
        if found is None or (found.kind is None and kind is not None):
            found = mine[short, direction] = NodePort(short, direction, kind)
        return found.kind

    def link(self, link: Link, state: State, note: str = "") -> None:
        """Add an edge between two ports."""
        self.edge(link.source, link.target, None, state, note)

    def wire(self, wire: Wire, state: State, note: str = "") -> None:
        """Add the edges of a wire whose ports are not all known: as many as its known side has ports."""
        for out, kind in _ends(wire.source):
            for into, other in _ends(wire.target):
                self.edge(out, into, kind or other, state, note)

    def edge(self, source: str, target: str, kind: Kind | None, state: State, note: str) -> None:
        """Add an edge, and the nodes at its ends."""
        kind = self.end(source, Direction.OUT, kind) or kind
        kind = self.end(target, Direction.IN, kind) or kind
        self._edges[source, target] = Edge(source, target, kind, state, note)

    def graph(self, name: str, view: View, remarks: Iterable[str] = ()) -> Graph:
        """Return the whole."""
        nodes = (
            msgspec.structs.replace(node, ports=tuple(self._known.get(node.name, {}).values()))
            for node in self._nodes.values()
        )
        edges = (self._edges[ends] for ends in sorted(self._edges))
        return Graph(name, view, tuple(nodes), tuple(edges), tuple(remarks))


def _ends(end: Endpoint) -> list[tuple[str, Kind | None]]:
    """Return the ports of an end; as it was written where they are not known, or where one of two kinds is meant."""
    ports = end.ports or ()
    kinds = {port.kind for port in ports}
    if len(kinds) != 1:
        return [(str(end), None)]
    return [(port.name, port.kind) for port in ports]


_STANDS = {State.CREATED: State.MISSING, State.DELETED: State.UNMANAGED}
"""What a plan would create is missing as long as it is not applied; what it would delete is there and undeclared."""


def _related(session: Session, types: Types, observed: Observed, plan: Plan, view: View) -> Graph:
    maker = _Maker(session, types, observed.ports, absent=State.PENDING)
    plugins = _Plugins(session, observed, plan)

    def told(state: State, *, there: bool) -> State:
        """What is made anew, as after a restart of the server, is there as long as nothing is applied."""
        if view is View.PLAN:
            return state
        return State.PRESENT if there and state is State.CREATED else _STANDS.get(state, state)

    for name, plugin, state, notes in plugins.all():
        maker.plugin(name, told(state, there=name in observed.plugins), plugin, notes)
    wiring = resolve(session, observed.ports, server_up=True)
    waits = {pending.address: pending for pending in plan.pending}
    before = {_followed(link, plugins.renamed) for link in observed.links}
    for link, state in _links(session, before, plan, plugins, wiring).items():
        pending = waits.get(wiring.declared.get(link.address, link.address)) if state is State.PENDING else None
        maker.link(link, told(state, there=link in before), _waits(pending) if pending else "")
    resolved = set(wiring.declared.values())
    for wire in session.wires:
        if wire.address in waits and wire.address not in resolved:
            maker.wire(wire, State.PENDING, _waits(waits[wire.address]))
    remarks = [headline(plan)] if view is View.PLAN or plan.refused else []
    remarks += [f"{refusal.address}: {refusal.message}" for refusal in plan.refused]
    return maker.graph(session.name, view, remarks)


def _waits(pending: Pending) -> str:
    hint = f" ({pending.hint})" if pending.hint else ""
    return f"waits for {pending.waits_for}{hint}"


class _Plugins:
    """What a plan says of each plugin."""

    def __init__(self, session: Session, observed: Observed, plan: Plan) -> None:
        self._session = session
        self._observed = observed
        self._changes: dict[str, list[Change]] = {}
        for change in plan.changes:
            kind, _, rest = change.address.partition(".")
            if kind == "plugins":
                self._changes.setdefault(rest.partition(".")[0], []).append(change)
        calls = [action.call for action in plan.actions]
        self.renamed = {
            str(change.before): name
            for name, changes in self._changes.items()
            for change in changes
            if change.action is Act.RENAME
        }
        self._added = {call.name for call in calls if isinstance(call, AddPlugin | ReplacePlugin)}
        removed = {call.name for call in calls if isinstance(call, RemovePlugin)}
        deleted = {name for name in self._changes if self._act(name) is Act.DELETE}
        self.leaving = (removed | deleted) - self._added - self.renamed.keys()
        """Are there, and will not be."""
        self.anew = {name for name in self._changes if self._act(name) is Act.REPLACE}
        self._quarantined = {one.name: one for one in plan.quarantined}
        unmanaged = (address.partition(".") for address in plan.unmanaged)
        self._unmanaged = {name for kind, _, name in unmanaged if kind == "plugins"}

    def _act(self, name: str) -> Act | None:
        """Return what the plan does to the plugin as a whole."""
        whole = f"plugins.{name}"
        return next((change.action for change in self._changes.get(name, ()) if change.address == whole), None)

    def all(self) -> Iterator[tuple[str, str, State, tuple[str, ...]]]:
        """Return name, URI, state and notes of each: the session's in its order, then the others."""
        observed = self._observed.plugins
        for name, want in self._session.plugins.items():
            yield name, want.plugin, self._state(name), self._notes(name)
        for name, plugin in observed.items():
            if name in self._session.plugins or name in self.renamed:
                continue
            if name in self.leaving:
                yield name, plugin.plugin, State.DELETED, ()
            elif name in self._unmanaged:
                yield name, plugin.plugin, State.UNMANAGED, ()

    def _state(self, name: str) -> State:
        act = self._act(name)
        if act is Act.CREATE:
            return State.CREATED
        if act is None and name not in self._observed.plugins:
            return State.MISSING  # in quarantine, or refused
        return State.CHANGED if name in self._changes else State.PRESENT

    def _notes(self, name: str) -> tuple[str, ...]:
        notes = [_note(change) for change in self._changes.get(name, ()) if change.action is not Act.CREATE]
        if name in self._quarantined:
            notes.append(left_out(self._quarantined[name]))
        return tuple(notes)


def _note(change: Change) -> str:
    part = change.address.split(".", 2)[2:]
    return " ".join(word for word in (*part, detail(change)) if word) or str(change.action)


def _links(session: Session, before: set[Link], plan: Plan, plugins: _Plugins, wiring: Wiring) -> dict[Link, State]:
    """Return every link that the manifest or the plan speaks of; what is ignored, or somebody else's, is left out.

    ``before`` are the observed links, under the names that their plugins have in the end.
    """
    wanted = session.links | wiring.links
    calls = (action.call for action in plan.actions)
    called = {Link(call.source, call.target) for call in calls if isinstance(call, Connect | Disconnect)}
    does = {change.address: change.action for change in plan.changes}
    unmanaged = set(plan.unmanaged)
    lost = plugins.leaving | plugins.anew
    states: dict[Link, State] = {}
    for link in wanted | before | called:
        act = does.get(link.address)
        ends = {node_of(link.source), node_of(link.target)}
        if act is Act.CREATE:
            states[link] = State.CREATED
        elif act is Act.DELETE:
            states[link] = State.DELETED
        elif link in wanted:
            states[link] = State.PRESENT if link in before else State.PENDING
        elif link.address in unmanaged:
            states[link] = State.UNMANAGED
        elif link in before and not ends.isdisjoint(lost):
            states[link] = State.DELETED
    return states


def _followed(link: Link, renamed: Mapping[str, str]) -> Link:
    if not renamed:
        return link

    def moved(end: str) -> str:
        node = node_of(end)
        return f"{renamed[node]}:{port_of(end)}" if node in renamed else end

    return Link(moved(link.source), moved(link.target))


def _short(plugin: str) -> str:
    """Return the telling end of a plugin's URI, where no catalogue knows its name."""
    return plugin.rstrip("/").rpartition("/")[2].rpartition(":")[2] or plugin
