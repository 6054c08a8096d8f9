"""Graphs of studios in memory: what was applied, what somebody did to it by hand, and what the manifest says now."""

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.engines.memory import PREFIX, MemoryCatalogue, MemoryStudio
from reconciler.model.catalogue import Kind, PluginType
from reconciler.model.resources import Observed
from reconciler.pictures import build
from reconciler.pictures.graph import Edge, Graph, Node, State
from reconciler.planning.plan import Plan
from reconciler.session.session import Session
from tests.planning.test_cases import make_desk

Manifest = Mapping[str, Any]


def plugins(**kinds: str) -> dict[str, Any]:
    """The ``plugins:`` of a manifest, each by the last word of its URI."""
    return {name: {"plugin": f"{PREFIX}{kind}"} for name, kind in kinds.items()}


VOICE: Manifest = {
    "plugins": plugins(gate="gate", eq="equalizer", verb="reverb"),
    "chains": {"voice": ["system:capture_1", "gate", "eq"]},
    "links": ["eq -> system:playback_*", "eq -> verb", "verb -> system:playback_*", "keyboard:midi_out -> keys"],
}
VOICE["plugins"]["keys"] = {"plugin": f"{PREFIX}synth"}
VOICE["plugins"]["eq"]["params"] = {"gain": "3 dB"}


def types(session: Session) -> dict[str, PluginType]:
    """What the memory catalogue knows of a session's plugins."""
    catalogue = MemoryCatalogue()
    found = {name: catalogue.describe(plugin.plugin) for name, plugin in session.plugins.items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def world() -> MemoryStudio:
    """A studio with two foreign clients."""
    studio = MemoryStudio()
    studio.add_client("recorder", inputs=["in_1", "in_2"])
    studio.add_client("metronome", outputs=["click"], kind=Kind.MIDI)
    return studio


def applied(manifest: Manifest = VOICE) -> MemoryStudio:
    """A studio to which a manifest was applied."""
    studio = world()
    desk = make_desk(dict(manifest), studio)
    assert desk.apply(desk.plan()).proved
    return studio


def declared(manifest: Manifest = VOICE, remark: str | None = None) -> Graph:
    """The graph of a manifest alone."""
    session = make_desk(dict(manifest), MemoryStudio()).session
    return build.declared(session, types(session), remark)


def standing(studio: MemoryStudio, manifest: Manifest = VOICE) -> Graph:
    """The graph of how a manifest stands."""
    return _looked(studio, manifest, build.standing)


def planned(studio: MemoryStudio, manifest: Manifest = VOICE) -> Graph:
    """The graph of before and after."""
    return _looked(studio, manifest, build.planned)


def _looked(
    studio: MemoryStudio,
    manifest: Manifest,
    view: Callable[[Session, Mapping[str, PluginType], Observed, Plan], Graph],
) -> Graph:
    desk = make_desk(dict(manifest), studio)
    observed = desk.studio().observe()
    return view(desk.session, types(desk.session), observed, desk.plan(observed=observed))


def live(studio: MemoryStudio) -> Graph:
    """The graph of all there is."""
    return build.live(make_desk({}, studio).studio().observe(), "live")


def node(graph: Graph, name: str) -> Node:
    """The one node of that name."""
    [found] = [node for node in graph.nodes if node.name == name]
    return found


def edges(graph: Graph, *states: State) -> dict[tuple[str, str], Edge]:
    """The edges that stand so, by their ends."""
    return {(edge.source, edge.target): edge for edge in graph.edges if edge.state in states}
