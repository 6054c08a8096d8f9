"""What is outside an engine and what is inside, as one graph; the same in memory and in Carla where both are."""

import time

import pytest

from reconciler.engines.memory import IN_PATCHBAY, PREFIX, MemoryStudio
from reconciler.engines.memory.graph import MemoryGraph
from reconciler.engines.memory.patchbay import MemoryPatchbay
from reconciler.engines.patchbay import PatchbayGraph
from reconciler.engines.ports import AudioGraph
from reconciler.model.actions import Connect, Disconnect
from reconciler.model.errors import StudioError
from reconciler.model.resources import Link
from tests.conformance.rig import Rig

FOLLOWS_S = 0.05

BOTH = pytest.mark.parametrize(
    "rig",
    [
        "memory-patchbay",
        pytest.param("carla-patchbay", marks=[pytest.mark.jack, pytest.mark.carla]),
        pytest.param("attached-patchbay", marks=[pytest.mark.jack, pytest.mark.carla, pytest.mark.long]),
    ],
    indirect=True,
)
"""The hosts that are one JACK client."""


def _ends(rig: Rig) -> tuple[AudioGraph, str, str, str, str]:
    """The graph, two terminals, and the ports of a plugin."""
    terminals = rig.graph.terminals()
    assert terminals is not None
    rig.host.add("one", rig.roles.mono.uri)
    into, out = (rig.port("one", port.symbol) for port in rig.describe(rig.roles.mono.uri).ports[:2])
    return rig.graph, terminals.inputs[0].name, terminals.outputs[0].name, into, out


@BOTH
def test_two_halves_are_one_link_and_one_half_is_none(rig: Rig) -> None:
    graph, enters, leaves, into, out = _ends(rig)
    for source, target in ((enters, into), (out, leaves)):
        graph.connect(source, target)
        graph.connect(source, target)
    assert graph.links() == frozenset()
    graph.connect("system:capture_1", enters)
    assert graph.links() == {Link("system:capture_1", into)}
    graph.connect(leaves, "system:playback_2")
    graph.connect("system:capture_2", enters)
    assert graph.links() == {
        Link("system:capture_1", into),
        Link("system:capture_2", into),
        Link(out, "system:playback_2"),
    }
    graph.disconnect(enters, into)
    graph.disconnect(enters, into)
    assert graph.links() == {Link(out, "system:playback_2")}
    terminals = graph.terminals()
    assert terminals is not None
    assert Link("system:capture_1", enters) in terminals.links


@BOTH
def test_from_terminal_to_terminal_through_the_engine_or_around_it(rig: Rig) -> None:
    graph, enters, leaves, into, out = _ends(rig)
    graph.connect("system:capture_1", enters)
    graph.connect(enters, leaves)
    graph.connect(leaves, "system:playback_1")
    assert graph.links() == {Link("system:capture_1", "system:playback_1")}
    graph.disconnect(enters, leaves)
    graph.connect(out, leaves)
    graph.connect(enters, into)
    graph.connect(leaves, enters)  # in JACK, from an output to an input
    links = graph.links()
    assert Link(out, into) in links
    assert Link("system:capture_1", "system:playback_1") not in links


@BOTH
def test_the_engines_own_client_is_not_to_be_seen(rig: Rig) -> None:
    _, enters, _, _, _ = _ends(rig)
    assert not rig.ports_of(enters.partition(":")[0])


@BOTH
def test_what_cannot_be_linked_in_one_step_is_refused(rig: Rig) -> None:
    graph, enters, _, into, out = _ends(rig)
    rig.host.add("keys", rig.roles.instrument)
    midi = next(port.symbol for port in rig.describe(rig.roles.instrument).ports if port.kind == "midi")
    before = rig.world()
    for source, target, code in (
        ("system:capture_1", into, "connect-failed"),
        (out, "system:playback_1", "connect-failed"),
        (out, into, "connect-failed"),
        (out, rig.port("keys", midi), "connect-failed"),
        (enters, rig.port("keys", midi), "connect-failed"),
        (enters, "one:nothing", "no-such-port"),
        ("nobody:out", into, "no-such-port"),
        ("nobody:out", enters, "no-such-port"),
    ):
        with pytest.raises(StudioError) as refusal:
            graph.connect(source, target)
        assert refusal.value.code == code, (source, target)
    graph.disconnect("system:capture_1", into)
    graph.disconnect("nobody:out", enters)
    assert rig.world() == before


def test_reading_waits_until_the_sound_follows_and_nothing_enters_where_old_links_may_linger() -> None:
    studio = MemoryStudio(engine=IN_PATCHBAY)
    studio.host.add("one", PREFIX + "gain")
    assert studio.server is not None
    inside = MemoryPatchbay(studio.host.inside, studio.perform)
    graph = PatchbayGraph(MemoryGraph(studio.server, studio.perform), inside, "", follows_s=FOLLOWS_S)
    terminals = graph.terminals()
    enters, other = terminals.inputs[0].name, terminals.inputs[1].name

    begun = time.monotonic()
    graph.connect(enters, "one:in")
    assert time.monotonic() - begun < FOLLOWS_S, "edits come back to back"
    graph.links()
    assert time.monotonic() - begun >= FOLLOWS_S

    begun = time.monotonic()
    graph.disconnect(enters, "one:in")
    graph.connect("system:capture_2", other)
    assert time.monotonic() - begun < FOLLOWS_S, "another terminal is not concerned"
    graph.connect("system:capture_1", enters)
    assert time.monotonic() - begun >= FOLLOWS_S
    assert studio.calls.made[1:] == [
        Connect(enters, "one:in"),
        Disconnect(enters, "one:in"),
        Connect("system:capture_2", other),
        Connect("system:capture_1", enters),
    ]
