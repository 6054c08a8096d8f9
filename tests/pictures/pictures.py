"""Graphs of every shape, with names that nobody would choose."""

from hypothesis import strategies as st

from reconciler.model.catalogue import Direction, Kind
from reconciler.pictures.graph import Edge, Graph, Node, NodeKind, NodePort, State, View

_NASTY = (
    '"><script>alert(1)</script>',
    "]]></svg>",
    "]",
    "&amp;&#60;",
    "a\\N\\G\\l",
    "<b>",
    'n0" -> n1',
    "\x1b[31mred",
    "line\nbreak",
    "\u202egnitirw",
    "\ud800",
    "名前",
    "//",
    "}",
    "--",
    "-->",
)
names = st.one_of(st.sampled_from(_NASTY), st.text(st.characters(exclude_categories=()), min_size=1, max_size=60)).map(
    lambda name: name.replace(":", "_")
)
"""Any characters at all, but for the colon that parts node and port."""


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A graph that hangs together, and nothing else that is reasonable about it."""
    nodes = []
    for name in draw(st.lists(names, unique=True, min_size=1, max_size=6)):
        ports = [
            NodePort(port, way, draw(st.sampled_from(Kind)))
            for way in Direction
            for port in draw(st.lists(names, unique=True, max_size=4))
        ]
        notes = draw(st.lists(names, max_size=6))
        kind, state = draw(st.sampled_from(NodeKind)), draw(st.sampled_from(State))
        nodes.append(Node(name, kind, state, says=draw(names), ports=tuple(ports), notes=tuple(notes)))
    ways = {way: _ends(nodes, way) for way in Direction}
    pairs = st.tuples(st.sampled_from(ways[Direction.OUT]), st.sampled_from(ways[Direction.IN]))
    edges = [
        Edge(*pair, draw(st.sampled_from([None, *Kind])), draw(st.sampled_from(State)), draw(st.just("") | names))
        for pair in draw(st.lists(pairs, unique=True, max_size=12))
    ]
    remarks = draw(st.lists(names, max_size=2))
    return Graph(draw(names), draw(st.sampled_from(View)), tuple(nodes), tuple(edges), tuple(remarks))


def _ends(nodes: list[Node], way: Direction) -> list[str]:
    """Every port, and every node whose port is not known."""
    ports = [f"{node.name}:{port.name}" for node in nodes for port in node.ports if port.direction is way]
    return [*ports, *(node.name for node in nodes)]


def chain(count: int) -> Graph:
    """Nodes n0, n1, … one after another."""
    return _mono("chain", [(number, number + 1) for number in range(count - 1)], count)


def ladder(count: int) -> Graph:
    """A chain in which every node also goes to a recorder, so that every step is a branch."""
    rungs = [(number, count) for number in range(count)]
    return _mono("ladder", [*((number, number + 1) for number in range(count - 1)), *rungs], count + 1)


def loop(count: int) -> Graph:
    """Nodes in a ring."""
    return _mono("loop", [(number, (number + 1) % count) for number in range(count)], count)


def crowd(nodes: int, links: int) -> Graph:
    """Many stereo plugins, each linked to some that follow, both sides in parallel."""
    pairs = [(place % nodes, (place * 7 + 1 + place // nodes) % nodes) for place in range(links // 2)]
    return _mono("crowd", sorted(set(pairs)), nodes, ports=("l", "r"))


def _mono(name: str, pairs: list[tuple[int, int]], count: int, ports: tuple[str, ...] = ("",)) -> Graph:
    both = tuple(NodePort(f"{way}{side}", way, Kind.AUDIO) for way in Direction for side in ports)
    nodes = tuple(Node(f"n{number}", NodeKind.PLUGIN, State.PRESENT, ports=both) for number in range(count))
    edges = tuple(
        Edge(f"n{source}:out{side}", f"n{target}:in{side}", Kind.AUDIO, State.PRESENT)
        for source, target in pairs
        for side in ports
    )
    return Graph(name, View.LIVE, nodes, edges)
