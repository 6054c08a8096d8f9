"""A graph in Graphviz's language: left to right, a box a node, its ports as rows.

No name is ever an identifier: boxes and rows are numbered, and names stand in labels only, escaped. Colours are
chosen to be told apart on a light page and on a dark one (3:1 at least, as WCAG asks of graphics), and none says
anything that a word does not say too.
"""

from collections.abc import Iterator
from html import escape
from itertools import zip_longest

from reconciler.model.catalogue import Kind
from reconciler.pictures.drawing import Box, Cable, Drawing, Row, lay
from reconciler.pictures.graph import MARK, Graph, NodeKind, State
from reconciler.pictures.names import clean, cut
from reconciler.pictures.words import of_link, of_node

FONT = "DejaVu Sans,Verdana,sans-serif"
"""Wide ones first: what is laid out for them has room for any other."""

HEADS = {NodeKind.HARDWARE: "#4a5260", NodeKind.PLUGIN: "#2f5d8a", NodeKind.FOREIGN: "#6b3fa0"}
"""Behind the white name of a node."""
CARD, INK, FAINT = "#f6f8fa", "#1f2328", "#57606a"
KINDS = {Kind.AUDIO: "#768390", Kind.MIDI: "#a371f7", Kind.CV: "#1b9a9a", None: "#768390"}
"""Cables where nothing is the matter."""
STATES = {
    State.CHANGED: "#b58105",
    State.MISSING: "#e5534b",
    State.PENDING: "#b58105",
    State.UNMANAGED: "#d4731a",
    State.CREATED: "#2da44e",
    State.DELETED: "#e5534b",
}
_LINES = {
    State.MISSING: "dashed",
    State.PENDING: "dotted",
    State.UNMANAGED: "dashed",
    State.DELETED: "dashed",
}
_LONGEST = 34
_LONGEST_ASIDE = 24
"""Characters; what is said in small print must not make its box the widest."""
_MOST_NOTES = 4


def render(graph: Graph, *, every_port: bool = False) -> str:
    """Return the picture in DOT."""
    return source(lay(graph, every_port=every_port))


def source(drawing: Drawing) -> str:
    """Return a drawing in DOT."""
    lines = [
        f"// {MARK}",
        "digraph studio {",
        '  graph [rankdir=LR, bgcolor="transparent", ranksep=0.3, nodesep=0.3, splines=spline, charset="UTF-8"];',
        f'  node [shape=plain, fontname="{FONT}", fontsize=11, fontcolor="{INK}"];',
        f'  edge [fontname="{FONT}", fontsize=9, arrowsize=0.6, penwidth=1.4];',
        *(line for number, box in enumerate(drawing.boxes) for line in _box(number, box, drawing.graph)),
        *(_cable(number, cable, drawing) for number, cable in enumerate(drawing.cables)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _box(number: int, box: Box, graph: Graph) -> Iterator[str]:
    node = box.node
    colour = STATES.get(node.state, HEADS[node.kind])
    name = f'<B><FONT COLOR="#ffffff">{_text(node.name)}</FONT></B>'
    said = node.says if node.kind is NodeKind.PLUGIN else "another program" if node.kind is NodeKind.FOREIGN else ""
    small = [f"<I>{_text(said, _LONGEST_ASIDE)}</I>"] if said else []
    if said := of_node(node.state, graph.view):
        small.append(f'<B><FONT COLOR="{INK}">{said}</FONT></B>')
    small += [_text(note) for note in node.notes[:_MOST_NOTES]]
    if len(node.notes) > _MOST_NOTES:
        small.append(f"and {len(node.notes) - _MOST_NOTES} more")
    rows = [
        f'<TR><TD COLSPAN="2" BGCOLOR="{HEADS[node.kind]}" CELLPADDING="5">{name}</TD></TR>',
        *(
            f'<TR><TD COLSPAN="2" CELLPADDING="3"><FONT POINT-SIZE="9" COLOR="{FAINT}">{line}</FONT></TD></TR>'
            for line in small
        ),
        *(
            f"<TR>{_row('i', place, into, 'LEFT')}{_row('o', place, out, 'RIGHT')}</TR>"
            for place, (into, out) in enumerate(zip_longest(box.inputs, box.outputs))
        ),
    ]
    thick = 3 if node.state in STATES else 1
    table = f'<TABLE BORDER="{thick}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" COLOR="{colour}" BGCOLOR="{CARD}">'
    yield f"  n{number} [id=box{number}, label=<{table}{''.join(rows)}</TABLE>>];"


def _row(side: str, place: int, row: Row | None, align: str) -> str:
    if row is None:
        return "<TD></TD>"
    return f'<TD PORT="{side}{place}" ALIGN="{align}">&#160;{_text(row.label)}&#160;</TD>'


def _cable(number: int, cable: Cable, drawing: Drawing) -> str:
    colour = STATES.get(cable.state, KINDS[cable.kind])
    out = _end(cable.source, "o", cable.out, drawing.boxes[cable.source].outputs)
    into = _end(cable.target, "i", cable.into, drawing.boxes[cable.target].inputs)
    kind = "" if cable.kind in (None, Kind.AUDIO) else str(cable.kind)
    label = " ".join(part for part in (cable.mark, kind, of_link(cable.state)) if part)
    attributes = {
        "id": f"cable{number}",
        "color": colour,
        "fontcolor": colour,
        "style": _LINES.get(cable.state, "solid"),
    }
    if label:
        attributes["label"] = f" {label} "
    if cable.count > 1:
        attributes["penwidth"] = "2.4"
    listed = ", ".join(f'{key}="{value}"' for key, value in attributes.items())
    return f"  {out} -> {into} [{listed}];"


def _end(box: int, side: str, row: Row, rows: tuple[Row, ...]) -> str:
    return f"n{box}:{side}{rows.index(row)}:{'e' if side == 'o' else 'w'}" if row.ports else f"n{box}"


def _text(name: str, most: int = _LONGEST) -> str:
    """Return any name as text of a label.

    A single backslash begins an escape of Graphviz's own, and a ``]`` at the end of a text is a syntax error to it
    (measured, 2.42): it gives expat each text by itself, which waits whether ``]]>`` comes.
    """
    return escape(cut(clean(name), most)).replace("\\", "&#92;&#92;").replace("]", "&#93;") or "&#160;"
