"""Two sessions on one server, set apart by a prefix: neither takes the other's ports or links for its own."""

from pathlib import Path

import pytest

from reconciler.engines.memory import MemoryCatalogue, MemoryStudio
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Desk
from reconciler.manifest.load import parse
from reconciler.model.resources import Link
from reconciler.session.compile import compile_session
from tests.execution.conftest import M

TEXT = f"""\
version: 1
session: b
engine: {{ prefix: "b-" }}
plugins:
  amp: {{ plugin: {M}gain }}
  out: {{ plugin: {M}gain }}
links: [system:capture_1 -> amp, amp -> out, out -> system:playback_1]
policy: {{ unmanaged: prune }}
"""
THEIRS = frozenset(
    {Link("system:capture_1", "amp:in"), Link("amp:out", "out:in"), Link("out:out", "system:playback_2")}
)


@pytest.fixture
def world(isolated_xdg: Path) -> MemoryStudio:
    """A server on which somebody else has an ``amp`` and an ``out`` of the same kind, linked alike."""
    world = MemoryStudio(prefix="b-")
    for name in ("amp", "out"):
        world.add_client(name, inputs=["in"], outputs=["out"])
    for link in THEIRS:
        world.graph.connect(link.source, link.target)
    world.calls.clear()
    return world


def sit(world: MemoryStudio, text: str = TEXT) -> Desk:
    source = parse(text, Path("b.yaml"))
    studio = LocalStudio(world.host, world.open_graph, world.hardware, prefix="b-")
    return Desk(source, compile_session(source, MemoryCatalogue()), "memory", studio)


def test_the_links_of_a_namesake_are_not_ours(world: MemoryStudio) -> None:
    desk = sit(world)
    plan = desk.plan()
    assert [change.address for change in plan.changes] == [
        "plugins.amp",
        "plugins.out",
        "links.amp:out->out:in",
        "links.out:out->system:playback_1",
        "links.system:capture_1->amp:in",
    ]
    assert desk.apply(plan).proved
    assert sit(world).plan().changes == ()
    assert world.graph.links() == THEIRS | {
        Link("system:capture_1", "b-amp:in"),
        Link("b-amp:out", "b-out:in"),
        Link("b-out:out", "system:playback_1"),
    }


def test_a_namesake_is_called_so_that_it_cannot_be_mistaken(world: MemoryStudio) -> None:
    desk = sit(world)
    desk.apply(desk.plan())
    observed = desk.studio().observe()
    assert {port.partition(":")[0] for port in observed.ports} == {"system", "amp", "out", "amp [JACK]", "out [JACK]"}
    assert Link("system:capture_1", "amp [JACK]:in") in observed.links
    assert all(port.name == name for name, port in observed.ports.items())


def test_a_cable_between_us_and_a_namesake_is_pruned_and_nothing_of_theirs(world: MemoryStudio) -> None:
    desk = sit(world)
    desk.apply(desk.plan())
    world.graph.connect("b-amp:out", "out:in")
    plan = sit(world).plan()
    assert [change.address for change in plan.changes] == ["links.amp:out->out [JACK]:in"]
    assert sit(world).apply(plan).proved
    assert world.graph.links() >= THEIRS


def test_a_name_with_its_prefix_that_somebody_has_is_refused(world: MemoryStudio) -> None:
    world.add_client("b-amp", outputs=["x"])
    (refusal,) = sit(world).plan().refused
    assert (refusal.code, refusal.address) == ("name-taken", "plugins.amp")
    assert 'the name "b-amp" is taken' in refusal.message
