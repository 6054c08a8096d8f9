"""A graph as SVG: laid out by Graphviz, then cleaned, and told to people who do not see it."""

import subprocess
from collections.abc import Iterator
from xml.etree import ElementTree

from reconciler.doctor.needs import NEEDS
from reconciler.doctor.packages import Machine, command
from reconciler.model.errors import StudioError, Unavailable
from reconciler.pictures import dot
from reconciler.pictures.drawing import Box, Cable, Drawing, lay
from reconciler.pictures.graph import MARK, Graph, View
from reconciler.pictures.names import clean
from reconciler.pictures.words import of_link, of_node

LIMIT_S = 60.0
"""Graphviz takes a second for a hundred plugins, and much longer for a wall of cables."""

_SVG = "http://www.w3.org/2000/svg"
_TITLES = {
    View.DECLARED: "routing as the manifest declares it",
    View.STANDING: "routing, and how it stands",
    View.PLAN: "routing before and after the plan",
    View.LIVE: "everything on the JACK server",
}


def render(graph: Graph, *, every_port: bool = False, limit_s: float = LIMIT_S) -> str:
    """Return the picture as an SVG document.

    Raises
    ------
    Unavailable
        ``graphviz-missing``.
    StudioError
        ``graphviz-failed``, ``graphviz-slow``.
    """
    drawing = lay(graph, every_port=every_port)
    return _finished(_laid_out(dot.source(drawing), limit_s), drawing)


def _laid_out(source: str, limit_s: float) -> str:
    other = "`-f dot` gives what Graphviz gets, `-f text` needs no Graphviz"
    try:
        done = subprocess.run(
            ["dot", "-Tsvg"], input=source, capture_output=True, encoding="utf-8", timeout=limit_s, check=False
        )
    except FileNotFoundError:
        need = next(need for need in NEEDS if "dot" in need.programs)
        install = command([need], Machine().manager()) or need.home
        raise Unavailable(
            "graphviz-missing", "an SVG is laid out by Graphviz, which is not installed", hint=f"{install}; {other}"
        ) from None
    except OSError as error:
        raise StudioError("graphviz-failed", f"Graphviz does not start: {error.strerror}", hint=other) from error
    except subprocess.TimeoutExpired:
        message = f"Graphviz was not done after {limit_s:g} s"
        raise StudioError("graphviz-slow", message, hint=f"without --ports there is less to lay out; {other}") from None
    if done.returncode or not done.stdout:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise StudioError("graphviz-failed", f"Graphviz laid nothing out: {clean(last)}", hint=other)
    return done.stdout


def _finished(text: str, drawing: Drawing) -> str:
    """Return Graphviz's SVG with the names of things where it has its own numbers, and without its comments."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(text)  # noqa: S314 -- what Graphviz wrote, of labels that we escaped
    title, desc = ElementTree.Element(f"{{{_SVG}}}title"), ElementTree.Element(f"{{{_SVG}}}desc")
    title.text = f"{clean(drawing.graph.name)}: {_TITLES[drawing.graph.view]}"
    desc.text = "; ".join(_told(drawing)) or "nothing is linked"
    title.set("id", "title")
    desc.set("id", "desc")
    root.set("role", "img")
    root.set("aria-labelledby", "title desc")
    names = {f"box{number}": _called(box, drawing) for number, box in enumerate(drawing.boxes)}
    names |= {f"cable{number}": _of(cable, drawing) for number, cable in enumerate(drawing.cables)}
    for group in root.iter(f"{{{_SVG}}}g"):
        own = group.find(f"{{{_SVG}}}title")
        match group.get("class"):
            case "graph":
                if own is not None:
                    group.remove(own)
                for sheet in group.findall(f"{{{_SVG}}}polygon"):
                    group.remove(sheet)  # the page itself, transparent as it is
            case "node" | "edge" if own is not None:
                own.text = names[group.get("id", "")]
    for element in root.iter():
        for paint in ("fill", "stroke"):
            if element.get(paint) == "transparent":  # Graphviz 2; its SVG of today says none, as SVG 1.1 does
                element.set(paint, "none")
    root.insert(0, title)
    root.insert(1, desc)
    ElementTree.indent(root, "")
    return f"<!-- {MARK} -->\n{ElementTree.tostring(root, encoding='unicode')}\n"


def _called(box: Box, drawing: Drawing) -> str:
    node = box.node
    said = of_node(node.state, drawing.graph.view)
    return ", ".join(part for part in (f"{node.kind} {clean(node.name)}", clean(node.says), said) if part)


def _of(cable: Cable, drawing: Drawing) -> str:
    ends = [
        ":".join(part for part in (clean(drawing.boxes[number].node.name), row.label if row.ports else "") if part)
        for number, row in ((cable.source, cable.out), (cable.target, cable.into))
    ]
    said = [cable.mark, str(cable.kind or ""), of_link(cable.state), clean(cable.note)]
    return ", ".join([" to ".join(ends), *(part for part in said if part)])


def _told(drawing: Drawing) -> Iterator[str]:
    yield from (_of(cable, drawing) for cable in drawing.cables)
