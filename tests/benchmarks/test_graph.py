"""Drawing a large studio: 200 nodes, 1000 links."""

from collections.abc import Callable

import pytest

from reconciler.pictures import dot, tree
from reconciler.pictures.graph import Graph
from tests.pictures.pictures import crowd

LIMIT_MS = 100.0

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("draw", [tree.render, dot.render], ids=["text", "dot"])
@pytest.mark.parametrize("every_port", [False, True], ids=["cables", "ports"])
def test_a_large_studio_is_drawn_at_once(
    draw: Callable[..., str],
    every_port: bool,
    timed: Callable[[Callable[[], object]], float],
    capsys: pytest.CaptureFixture[str],
) -> None:
    graph: Graph = crowd(200, 1000)
    assert (len(graph.nodes), len(graph.edges)) == (200, 1000)
    took = min(timed(lambda: draw(graph, every_port=every_port)) for _ in range(5))
    with capsys.disabled():
        print(f"\n200 nodes, 1000 links, {draw.__module__.rpartition('.')[2]}, every port {every_port}: {took:.0f} ms")
    assert took <= LIMIT_MS
