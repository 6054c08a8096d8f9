"""500 JACK links: made from nothing, and found to be there, beside the bare calls and beside aj-snapshot."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import jack
import pytest

from reconciler.engines import choose
from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.studio import LocalStudio
from reconciler.model.resources import Link
from reconciler.planning.plan import Baseline, Policy
from reconciler.planning.reconcile import reconcile
from reconciler.session.session import Endpoint, Session, Wire

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
    five_hundred_links: list[Link], snapshot: list[str], timed: Timed, report: Report, tmp_path: Path
) -> None:
    names = {
        "bare": "jack_connect, one after another",
        "ours": "JackGraph.connect",
        "proven": "JackGraph.connect, then reading all links",
        "apply": "look, plan, connect, look, plan again",
        "snapshot": "aj-snapshot -jr",
    }
    session = declare(five_hundred_links)
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

    def apply() -> None:
        studio = choose.look("jalv", prefix="", server=None, servers=tmp_path)
        studio.observe()  # the host process has its ports by heart
        try:
            times[names["apply"]].append(timed(lambda: make_so(studio, session)))
        finally:
            studio.close()

    contenders: list[Callable[[], None]] = [
        bare,
        lambda: ours(proven=False),
        lambda: ours(proven=True),
        apply,
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
    assert best[names["apply"]] <= best[names["snapshot"]]


def declare(links: list[Link]) -> Session:
    """A session of links between foreign clients, as a manifest would have them."""
    ends = [(link.source.partition(":"), link.target.partition(":")) for link in links]
    wires = tuple(Wire(Endpoint(source[0], source[2]), Endpoint(target[0], target[2])) for source, target in ends)
    return Session("bench", wires=wires)


def make_so(studio: LocalStudio, session: Session) -> None:
    plan = reconcile(session, studio.observe(), Baseline(), Policy())
    studio.execute(plan.actions, lambda _: None)
    assert reconcile(session, studio.observe(), Baseline(), Policy()).empty


def test_500_links_already_there(
    five_hundred_links: list[Link], snapshot: list[str], timed: Timed, report: Report, tmp_path: Path
) -> None:
    ours, theirs = "look and plan: nothing to do", "aj-snapshot -jr"
    times: dict[str, list[float]] = {ours: [], theirs: []}
    run(snapshot)
    session = declare(five_hundred_links)
    studio = choose.look("jalv", prefix="", server=None, servers=tmp_path)
    for _ in range(ROUNDS):
        times[ours].append(timed(lambda: reconcile(session, studio.observe(), Baseline(), Policy())))
        times[theirs].append(timed(lambda: run(snapshot)))
    assert studio.observe().links == frozenset(five_hundred_links)
    studio.close()
    best = report("500 links that are there", times, theirs)
    assert best[ours] <= 0.25 * best[theirs]
