"""500 JACK links: made from nothing, and found to be there, beside the bare calls and beside aj-snapshot."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import jack
import pytest

from reconciler.engines.jack.graph import JackGraph
from reconciler.model.resources import Link

pytestmark = [pytest.mark.jack, pytest.mark.benchmark, pytest.mark.timeout(300)]

ROUNDS = 24
Timed = Callable[[Callable[[], object]], float]
Report = Callable[[str, dict[str, list[float]], str], dict[str, float]]


@pytest.fixture
def snapshot(five_hundred_links: list[Link], tmp_path: Path) -> list[str]:
    """The command with which aj-snapshot makes the 500 links."""
    if shutil.which("aj-snapshot") is None:
        pytest.skip("aj-snapshot is not installed (Debian and Ubuntu: apt install aj-snapshot)")
    file = tmp_path / "links.xml"
    graph = JackGraph()
    for link in five_hundred_links:
        graph.connect(link.source, link.target)
    assert len(graph.links()) == 500
    subprocess.run(["aj-snapshot", "-jq", str(file)], check=True, timeout=20)
    clear(graph)
    graph.close()
    return ["aj-snapshot", "-jrq", str(file)]


def clear(graph: JackGraph) -> None:
    for link in graph.links():
        graph.disconnect(link.source, link.target)
    assert not graph.links()


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=20, stdout=subprocess.DEVNULL)


def test_500_links_from_nothing(
    five_hundred_links: list[Link], snapshot: list[str], timed: Timed, report: Report
) -> None:
    names = {
        "bare": "jack_connect, one after another",
        "ours": "JackGraph.connect",
        "proven": "JackGraph.connect, then reading all links",
        "snapshot": "aj-snapshot -jr",
    }
    times: dict[str, list[float]] = {name: [] for name in names.values()}

    def bare() -> None:
        client = jack.Client("bare", no_start_server=True)
        try:
            times[names["bare"]].append(
                timed(lambda: [client.connect(link.source, link.target) for link in five_hundred_links])
            )
        finally:
            client.close()

    def ours(*, proven: bool) -> None:
        graph = JackGraph()
        try:
            times[names["proven" if proven else "ours"]].append(timed(lambda: make(graph, proven=proven)))
        finally:
            graph.close()

    def make(graph: JackGraph, *, proven: bool) -> None:
        for link in five_hundred_links:
            graph.connect(link.source, link.target)
        assert not proven or graph.links() == frozenset(five_hundred_links)

    contenders: list[Callable[[], None]] = [
        bare,
        lambda: ours(proven=False),
        lambda: ours(proven=True),
        lambda: times[names["snapshot"]].append(timed(lambda: run(snapshot))),
    ]
    for round_number in range(ROUNDS):
        # In turn, each alone on the server: a listener to the graph would slow the others down.
        for position in range(len(contenders)):
            contenders[(round_number + position) % len(contenders)]()
            graph = JackGraph()
            assert len(graph.links()) == 500
            clear(graph)
            graph.close()
    best = report("500 links from nothing", times, names["bare"])
    assert best[names["ours"]] <= 1.15 * best[names["bare"]]
    assert best[names["proven"]] <= best[names["snapshot"]]


def test_500_links_already_there(
    five_hundred_links: list[Link], snapshot: list[str], timed: Timed, report: Report
) -> None:
    ours, theirs = "reading all ports and links", "aj-snapshot -jr"
    times: dict[str, list[float]] = {ours: [], theirs: []}
    run(snapshot)
    graph = JackGraph()
    for _ in range(ROUNDS):
        times[ours].append(timed(lambda: (graph.ports(), graph.links())))
        times[theirs].append(timed(lambda: run(snapshot)))
    assert graph.links() == frozenset(five_hundred_links)
    graph.close()
    best = report("500 links that are there", times, theirs)
    assert best[ours] <= 0.25 * best[theirs]
