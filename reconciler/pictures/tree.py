"""A graph as text: a tree from each source, following the signal; what several paths share is shown once."""

from collections import deque
from collections.abc import Iterator

from reconciler.model.catalogue import Kind
from reconciler.pictures.drawing import Box, Cable, Drawing, lay
from reconciler.pictures.graph import Graph, NodeKind, State, View
from reconciler.pictures.names import clean, cut, width, wrapped
from reconciler.pictures.words import MARKS, STYLES, of_link, of_node
from reconciler.planning.text import Paint, plain

WIDTH = 80
"""Columns of a line."""

_DEEPEST = 36
"""Columns of indent from which on a branch is shown by itself, further below."""
_LONGEST_NAME = 34
_MOST_NOTES = 4
_ARROW = "\u2192"


def render(graph: Graph, paint: Paint = plain, *, every_port: bool = False) -> str:
    """Return the picture as lines of at most :data:`WIDTH` columns.

    Parameters
    ----------
    every_port
        Each link has a line of its own, with both of its ports.
    """
    tree = _Tree(lay(graph, every_port=every_port), paint, every_port=every_port)
    return "\n".join([*tree.head(), *tree.body(), *tree.foot()])


class _Tree:
    def __init__(self, drawing: Drawing, paint: Paint, *, every_port: bool) -> None:
        self.graph = drawing.graph
        self.boxes = drawing.boxes
        self.paint = paint
        self.every_port = every_port
        self.after: dict[int, list[Cable]] = {}
        self.entered: set[int] = set()
        for cable in sorted(drawing.cables, key=lambda cable: (cable.source, cable.target)):
            self.after.setdefault(cable.source, []).append(cable)
            self.entered.add(cable.target)
        self.shown: set[int] = set()
        self.later: deque[int] = deque()
        """Boxes whose own tree is still to come, further below."""

    # -- around the trees ---------------------------------------------------------------------------------------------

    def head(self) -> Iterator[str]:
        graph = self.graph
        yield self.paint(cut(f"{clean(graph.name)}: {_headline(graph)}", WIDTH), "bold")
        for remark in graph.remarks:
            yield from wrapped(clean(remark), WIDTH)

    def foot(self) -> Iterator[str]:
        known = {node.state for node in self.graph.nodes} | {edge.state for edge in self.graph.edges}
        said = [
            f"{mark} {of_node(state, self.graph.view)}"
            for state, mark in MARKS.items()
            if state in known & STYLES.keys()
        ]
        if said:
            yield ""
            yield self.paint("   ".join(said), "dim")

    def body(self) -> Iterator[str]:
        alone = [
            box for number, box in enumerate(self.boxes) if number not in self.after and number not in self.entered
        ]
        yield from self._trees(number for number in self.after if number not in self.entered)
        yield from self._trees(number for number in self.after if number not in self.shown)  # loops have no source
        if alone:
            yield ""
            yield "not linked:"
        for box in alone:
            yield self._line(box.node.state, "", self._name(box), self._about(box))
            yield from self._notes(box, "")

    def _trees(self, roots: Iterator[int]) -> Iterator[str]:
        for root in roots:
            if root in self.shown:
                continue
            yield from self._tree(root)
            while self.later:
                yield from self._tree(self.later.popleft())

    # -- one tree -----------------------------------------------------------------------------------------------------

    def _tree(self, root: int) -> Iterator[str]:
        """Show a box and all that follows. Depth first, with an own stack: a chain may be as long as it likes."""
        self.shown.add(root)
        box = self.boxes[root]
        yield ""
        parts: list[tuple[str, list[Cable]]] = [("", self.after.get(root, []))]
        if box.node.kind is NodeKind.HARDWARE:  # its inputs have nothing to do with each other
            by_row: dict[str, list[Cable]] = {}
            for cable in self.after.get(root, []):
                by_row.setdefault(cable.out.label, []).append(cable)
            parts = list(by_row.items())
        for number, (row, cables) in enumerate(parts):
            if number:
                yield ""
            yield self._line(box.node.state, "", self._name(box, row), self._about(box))
            if not number:
                yield from self._notes(box, "")
            yield from self._branches(cables)

    def _branches(self, cables: list[Cable]) -> Iterator[str]:
        stack: list[tuple[str, deque[Cable], bool]] = [("", deque(cables), len(cables) > 1)]
        while stack:
            indent, left, forks = stack[-1]
            if not left:
                stack.pop()
                continue
            cable = left.popleft()
            box = self.boxes[cable.target]
            again = cable.target in self.shown
            branch = ("\u2514" if not left else "\u251c") if forks else ""
            inner = indent + (("  " if not left else "\u2502 ") if forks else "")
            below = not again and self.after.get(cable.target) and len(inner) >= _DEEPEST
            where = "(above)" if again and self.after.get(cable.target) else "(below)" if below else ""
            if cable.target in self.later:
                where = "(below)"
            yield self._step(cable, box, indent + branch, where, again=again)
            if again:
                continue
            self.shown.add(cable.target)
            yield from self._notes(box, inner)
            if below:
                self.later.append(cable.target)
                continue
            following = self.after.get(cable.target, [])
            if not left:
                stack.pop()
            stack.append((inner, deque(following), len(following) > 1))

    # -- one line -----------------------------------------------------------------------------------------------------

    def _step(self, cable: Cable, box: Box, lead: str, where: str, *, again: bool) -> str:
        into = cable.into.label if self._names_ports(box) else ""
        name = self._name(box, into)
        if self.every_port and cable.out.ports:
            name = f"{cut(cable.out.label, 16)} {_ARROW} {name}"
        kind = "" if cable.kind in (None, Kind.AUDIO) else str(cable.kind)
        state = cable.state if cable.state in STYLES or again else box.node.state
        about = [cable.mark, kind, where, *self._states(cable, box, again=again)]
        if not again and not any(about[2:]):
            about.append(self._about(box))
        return self._line(state, f"{lead}{_ARROW} ", name, "  ".join(filter(None, about)))

    def _states(self, cable: Cable, box: Box, *, again: bool) -> Iterator[str]:
        """Say what the mark of the line does not: how the node stands if not as its link, and the link if not as it."""
        node = box.node.state
        if cable.state is node:
            return
        if node in STYLES and not again:
            yield of_node(node, self.graph.view)
        if cable.state in STYLES and not (again and node in STYLES):
            yield clean(cable.note) or f"link {of_link(cable.state)}"

    def _names_ports(self, box: Box) -> bool:
        return self.every_port or box.node.kind is not NodeKind.PLUGIN

    def _name(self, box: Box, ports: str = "") -> str:
        name = clean(box.node.name)
        return cut(f"{name}:{ports}" if ports else name, _LONGEST_NAME)

    def _about(self, box: Box) -> str:
        node = box.node
        return clean(node.says) if node.kind is NodeKind.PLUGIN else node.kind

    def _line(self, state: State, lead: str, name: str, about: str) -> str:
        mark, style = MARKS[state], STYLES.get(state)
        shown = f"{mark} {lead}{name}"
        room = WIDTH - width(shown) - 2
        pad = " " * max(_LONGEST_NAME - 4 - width(shown), 0)
        tail = cut(about, room - len(pad)) if about and room - len(pad) > 1 else ""
        line = f"{self.paint(mark, style) if style else mark} {lead}{self.paint(name, style) if style else name}"
        return f"{line}  {pad}{self.paint(tail, 'dim')}".rstrip() if tail else line.rstrip()

    def _notes(self, box: Box, indent: str) -> Iterator[str]:
        notes = [clean(note) for note in box.node.notes]
        if len(notes) > _MOST_NOTES:
            notes = [*notes[: _MOST_NOTES - 1], f"and {len(notes) - _MOST_NOTES + 1} more"]
        for note in notes:
            lead = f"  {indent}    "
            yield lead + self.paint(cut(note, WIDTH - width(lead)), "change")


def _headline(graph: Graph) -> str:
    plugins = sum(node.kind is NodeKind.PLUGIN for node in graph.nodes)
    size = f"{_count(plugins, 'plugin')}, {_count(len(graph.edges), 'link')}"
    # A node that is waited for is no more to wait for than its links.
    waiting = sum(edge.state is State.PENDING for edge in graph.edges)
    counts = {state: waiting if state is State.PENDING else graph.count(state) for state in STYLES}
    off = [f"{count} {state}" for state, count in counts.items() if count]
    match graph.view:
        case View.DECLARED:
            return f"{size}, as the manifest declares them"
        case View.LIVE:
            return f"{size}, as they are now"
        case View.STANDING:
            return f"{size}; {', '.join(off) if off else 'all as declared'}"
        case View.PLAN:
            return f"{size}; before and after"


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
