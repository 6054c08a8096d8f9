"""From session, studio and plan to a graph: what every node and edge is, and how it stands."""

import re

import msgspec
import pytest

from reconciler.engines.memory import PREFIX
from reconciler.model.catalogue import Direction, Kind
from reconciler.pictures import build
from reconciler.pictures.graph import Graph, NodeKind, State, View
from reconciler.planning.plan import Baseline, Policy, Quarantined
from reconciler.planning.reconcile import reconcile
from tests.pictures.worlds import (
    VOICE,
    applied,
    declared,
    edges,
    live,
    node,
    planned,
    plugins,
    standing,
    types,
    world,
)
from tests.planning.test_cases import make_desk

OFF = (State.CHANGED, State.MISSING, State.PENDING, State.UNMANAGED, State.CREATED, State.DELETED)


def test_a_manifest_alone_is_declared_and_nothing_else() -> None:
    graph = declared(remark="JACK is not running")
    assert (graph.view, graph.remarks) == (View.DECLARED, ("JACK is not running",))
    assert sum(map(graph.count, State)) == graph.count(State.DECLARED) > 0
    assert [node.name for node in graph.nodes] == ["gate", "eq", "verb", "keys", "system", "keyboard"]
    assert node(graph, "system").kind is NodeKind.HARDWARE
    assert node(graph, "keyboard").kind is NodeKind.FOREIGN
    assert node(graph, "eq").says == "Equalizer"
    assert ("eq:out_l", "system:playback_*") in edges(graph, State.DECLARED), "a pattern stands as it was written"


def test_edges_know_what_travels_as_far_as_it_is_known() -> None:
    manifest = {**VOICE, "links": ["keyboard -> keys", "one -> another", "keys -> eq"]}
    kinds = {(edge.source, edge.target): edge.kind for edge in declared(manifest).edges}
    assert kinds["keyboard", "keys:midi_in"] is Kind.MIDI
    assert kinds["one", "another"] is None
    assert kinds["keys:out_l", "eq:in_l"] is Kind.AUDIO


def test_a_studio_as_declared_has_nothing_off_but_what_is_waited_for() -> None:
    graph = standing(applied())
    assert {one.name for one in graph.nodes if one.state in OFF} == {"keyboard"}
    [waiting] = edges(graph, *OFF).values()
    assert (waiting.source, waiting.state) == ("keyboard:midi_out", State.PENDING)
    assert waiting.note == "waits for keyboard:midi_out"
    assert ("eq:out_l", "system:playback_1") in edges(graph, State.PRESENT)


def test_drift_is_missing_unmanaged_and_changed() -> None:
    studio = applied()
    studio.graph.disconnect("gate:out", "eq:in_l")
    studio.graph.connect("gate:out", "recorder:in_1")
    studio.host.set_param("eq", "gain", -3.0)
    studio.host.remove("verb")
    graph = standing(studio)
    assert set(edges(graph, State.MISSING)) == {
        ("gate:out", "eq:in_l"),
        ("eq:out_l", "verb:in"),
        ("eq:out_r", "verb:in"),
        ("verb:out_l", "system:playback_1"),
        ("verb:out_r", "system:playback_2"),
    }
    assert set(edges(graph, State.UNMANAGED)) == {("gate:out", "recorder:in_1")}
    assert node(graph, "verb").state is State.MISSING
    assert (node(graph, "eq").state, node(graph, "eq").notes) == (State.CHANGED, ("params.gain -3 dB -> 3 dB",))
    assert (node(graph, "recorder").kind, node(graph, "recorder").state) == (NodeKind.FOREIGN, State.PRESENT)


def test_what_policy_ignores_is_not_in_the_picture() -> None:
    studio = applied()
    studio.graph.connect("gate:out", "recorder:in_1")
    graph = standing(studio, {**VOICE, "policy": {"unmanaged": "ignore"}})
    assert edges(graph, State.UNMANAGED) == {}
    assert "recorder" not in {one.name for one in graph.nodes}


def test_a_plugin_of_nobody_is_unmanaged() -> None:
    studio = applied()
    studio.host.add("stray", f"{PREFIX}gain")
    graph = standing(studio)
    assert (node(graph, "stray").state, node(graph, "stray").kind) == (State.UNMANAGED, NodeKind.PLUGIN)


def test_a_plan_draws_before_and_after() -> None:
    studio = applied()
    after = {
        "plugins": plugins(gate="gate", eq="equalizer", echo="delay"),
        "links": ["system:capture_1 -> gate", "gate -> eq", "eq -> echo", "echo -> system:playback_*"],
    }
    graph = planned(studio, after)
    states = {one.name: one.state for one in graph.nodes}
    assert states == {
        "gate": State.PRESENT,
        "eq": State.CHANGED,
        "echo": State.CREATED,
        "verb": State.DELETED,
        "keys": State.DELETED,
        "system": State.PRESENT,
    }
    assert ("eq:out_l", "echo:in_l") in edges(graph, State.CREATED)
    assert {("eq:out_l", "verb:in"), ("verb:out_l", "system:playback_1"), ("eq:out_l", "system:playback_1")} <= set(
        edges(graph, State.DELETED)
    )
    assert ("gate:out", "eq:in_l") in edges(graph, State.PRESENT)
    assert re.match(r"1 to update, \d+ to create, \d+ to delete", graph.remarks[0])


def test_the_same_studio_before_its_plan_says_what_is_missing_instead() -> None:
    after = {**VOICE, "links": ["verb -> recorder:in_[12]"]}
    studio = applied()
    assert (
        set(edges(standing(studio, after), State.MISSING)) == set(edges(planned(studio, after), State.CREATED)) != set()
    )
    assert (
        set(edges(standing(studio, after), State.UNMANAGED))
        == set(edges(planned(studio, after), State.DELETED))
        != set()
    )


def test_a_rename_in_place_keeps_its_cables() -> None:
    before = {"plugins": plugins(old="equalizer"), "links": ["system:capture_1 -> old:in_l"]}
    after = {"plugins": plugins(new="equalizer"), "links": ["system:capture_1 -> new:in_l"], "moved": {"old": "new"}}
    graph = planned(applied(before), after)
    assert [one.name for one in graph.nodes] == ["new", "system"]
    assert (node(graph, "new").state, node(graph, "new").notes) == (State.CHANGED, ("was old",))
    assert set(edges(graph, State.PRESENT)) == {("system:capture_1", "new:in_l")}


def test_a_rename_by_a_new_plugin_is_one_node_too() -> None:
    before = {"plugins": plugins(old="equalizer"), "links": ["system:capture_1 -> old:in_l"]}
    after = {"plugins": plugins(new="delay"), "links": ["system:capture_1 -> new:in_l"], "moved": {"old": "new"}}
    graph = planned(applied(before), after)
    assert [(one.name, one.state) for one in graph.nodes] == [("new", State.CHANGED), ("system", State.PRESENT)]
    assert {edge.target for edge in graph.edges} == {"new:in_l"}


def test_a_replaced_plugin_changes_and_is_linked_before_and_after() -> None:
    before = {"plugins": plugins(fx="gain"), "links": ["system:capture_1 -> fx", "fx -> system:playback_1"]}
    graph = planned(applied(before), {**before, "plugins": plugins(fx="gate")})
    assert node(graph, "fx").state is State.CHANGED
    assert len(edges(graph, State.PRESENT)) == len(graph.edges) == 2


def test_from_nothing_a_plan_creates_all_and_only_the_hardware_is_there() -> None:
    graph = planned(world())
    assert {one.name: one.state for one in graph.nodes if one.kind is NodeKind.PLUGIN} == dict.fromkeys(
        VOICE["plugins"], State.CREATED
    )
    assert node(graph, "system").state is State.PRESENT


def test_what_a_restart_of_the_server_makes_anew_stands_meanwhile() -> None:
    desk = make_desk(dict(VOICE), applied())
    observed = desk.studio().observe()
    plan = desk.plan(observed=msgspec.structs.replace(observed, plugins={}, links=frozenset(), ports={}))
    for view, state in ((build.standing, State.PRESENT), (build.planned, State.CREATED)):
        graph = view(desk.session, types(desk.session), observed, plan)
        assert node(graph, "gate").state is state
        assert ("gate:out", "eq:in_l") in edges(graph, state)


def test_what_is_refused_is_said() -> None:
    graph = planned(world(), {"plugins": {"amp": {"plugin": "vst2:amp.so"}}})
    assert any("cannot load vst2 plugins" in remark for remark in graph.remarks)


def test_a_plugin_in_quarantine_is_missing_and_its_cables_wait() -> None:
    uri = VOICE["plugins"]["gate"]["plugin"]
    desk = make_desk(dict(VOICE), world())
    out = Quarantined("gate", uri, "2026-11-22 17:30", "loading gate")
    observed = desk.studio().observe()
    plan = reconcile(desk.session, observed, Baseline(), Policy(quarantined={"gate": out}))
    graph = build.planned(desk.session, types(desk.session), observed, plan)
    assert node(graph, "gate").state is State.MISSING
    assert "it took its host down (2026-11-22 17:30, while loading gate)" in node(graph, "gate").notes[0]
    about = [edge for edge in graph.edges if "gate" in f"{edge.source} {edge.target}"]
    assert {(edge.source, edge.target) for edge in about} == {
        ("system:capture_1", "gate:in"),
        ("gate:out", "eq:in_l"),
        ("gate:out", "eq:in_r"),
    }
    assert {(edge.state, edge.note) for edge in about} == {
        (State.PENDING, "waits for gate (gate took its host down and is left out)")
    }
    assert node(graph, "eq").state is State.CREATED


def test_live_shows_everybody() -> None:
    studio = applied()
    studio.graph.connect("system:capture_2", "recorder:in_2")
    graph = live(studio)
    assert {one.name: one.kind for one in graph.nodes} == {
        **dict.fromkeys(VOICE["plugins"], NodeKind.PLUGIN),
        "system": NodeKind.HARDWARE,
        "recorder": NodeKind.FOREIGN,
        "metronome": NodeKind.FOREIGN,
    }
    assert ("system:capture_2", "recorder:in_2") in edges(graph, State.PRESENT)
    assert sum(map(graph.count, State)) == graph.count(State.PRESENT) > 0
    [click] = node(graph, "metronome").ports
    assert (click.name, click.direction, click.kind) == ("click", Direction.OUT, Kind.MIDI)


@pytest.mark.parametrize("graph", [declared(), live(world())], ids=["declared", "live"])
def test_its_json_is_the_graph(graph: Graph) -> None:
    assert msgspec.json.decode(msgspec.json.encode(graph), type=Graph) == graph
