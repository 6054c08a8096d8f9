"""Plugging a cable by hand, in a studio of either mode."""

from reconciler.engines.ports import AudioGraph
from reconciler.model.catalogue import Kind
from reconciler.model.resources import Link
from reconciler.planning.terminals import Rewiring, allocate


def plug(graph: AudioGraph, source: str, target: str, *, plugins: set[str]) -> None:
    """Link two ports; between the outside and a plugin through whichever terminal does.

    Parameters
    ----------
    plugins
        The clients of all plugins.
    """
    _rewire(graph, {*graph.links(), Link(source, target)}, plugins)


def unplug(graph: AudioGraph, source: str, target: str, *, plugins: set[str]) -> None:
    """Take the link between two ports away."""
    _rewire(graph, graph.links() - {Link(source, target)}, plugins)


def _rewire(graph: AudioGraph, wanted: set[Link] | frozenset[Link], plugins: set[str]) -> None:
    def inside(port: str) -> bool:
        return port.partition(":")[0] in plugins

    have, terminals, kinds = graph.links(), graph.terminals(), _kinds(graph)
    direct = [link for link in wanted ^ have if terminals is None or inside(link.source) is inside(link.target)]
    cuts, joins = [link for link in direct if link in have], [link for link in direct if link not in have]
    if terminals is not None:
        answer = allocate(terminals, sorted(wanted), inside, kinds)
        assert isinstance(answer, Rewiring), answer
        cuts += answer.cuts
        joins += answer.joins
    for link in cuts:
        graph.disconnect(link.source, link.target)
    for link in joins:
        graph.connect(link.source, link.target)


def _kinds(graph: AudioGraph) -> dict[str, Kind]:
    return {name: port.kind for name, port in graph.ports().items()}
