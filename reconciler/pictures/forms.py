"""A graph in the form that was asked for."""

from typing import assert_never

import msgspec

from reconciler.pictures import dot, tree
from reconciler.pictures.files import Form
from reconciler.pictures.graph import Graph
from reconciler.planning.text import Paint, plain


def render(graph: Graph, form: Form, paint: Paint = plain, *, every_port: bool = False) -> str:
    """Return the picture, without a last line end. ``paint`` colours text; JSON has every port as it is.

    Raises
    ------
    StudioError
        What :func:`reconciler.pictures.svg.render` raises.
    """
    match form:
        case Form.TEXT:
            return tree.render(graph, paint, every_port=every_port)
        case Form.JSON:
            return msgspec.json.format(msgspec.json.encode(graph, order="deterministic"), indent=2).decode()
        case Form.DOT:
            return dot.render(graph, every_port=every_port).rstrip("\n")
        case Form.SVG:
            from reconciler.pictures import svg

            return svg.render(graph, every_port=every_port).rstrip("\n")
    assert_never(form)
