"""What stays out, and for how long; how it reads is in ``tests/cases``."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from reconciler.engines.memory import MemoryStudio
from reconciler.history.quarantine import Quarantine
from reconciler.model.actions import AddPlugin
from reconciler.model.resources import Link
from reconciler.planning.plan import Baseline, Plan, Policy, Quarantined
from reconciler.planning.quarantine import standing
from reconciler.planning.reconcile import reconcile
from reconciler.session.session import Session
from tests.planning.test_cases import make_desk

GAIN, EQ = "lv2:urn:studio:memory:gain", "lv2:urn:studio:memory:equalizer"
BOMB = Quarantined("bomb", GAIN, "2026-11-22 17:30", "loading bomb")
ROW: dict[str, Any] = {
    "plugins": {"a": {"plugin": EQ}, "bomb": {"plugin": GAIN}, "b": {"plugin": EQ}},
    "chains": {"row": ["system:capture_1", "a", "bomb", "b", "system:playback_1"]},
}


@pytest.fixture(autouse=True)
def here(isolated_xdg: Path) -> None:
    """Desks keep their records in folders of the test."""


def session(manifest: dict[str, Any]) -> Session:
    return make_desk(manifest, MemoryStudio()).session


def plan(world: MemoryStudio, manifest: dict[str, Any], *quarantined: Quarantined) -> Plan:
    desk = make_desk(manifest, world)
    inside = {one.name: one for one in quarantined}
    return reconcile(desk.session, desk.studio().observe(), Baseline(), Policy(quarantined=inside))


def test_the_rest_is_planned_as_if_it_were_not_there() -> None:
    made = plan(MemoryStudio(), ROW, BOMB)
    assert [action.call.name for action in made.actions if isinstance(action.call, AddPlugin)] == ["a", "b"]
    assert [one.name for one in made.quarantined] == ["bomb"]
    assert {one.waits_for for one in made.pending} == {"bomb"}
    assert not any("bomb" in change.address for change in made.changes)
    assert not made.refused
    assert made.summary["quarantined"] == 1


def test_another_plugin_under_its_name_or_a_bridge_is_another_thing() -> None:
    compiled = session(ROW)
    assert standing(compiled, {"bomb": BOMB}).keys() == {"bomb"}
    for change in ({"plugin": EQ}, {"bridge": True}):
        bomb = msgspec.structs.replace(compiled.plugins["bomb"], **change)
        other = msgspec.structs.replace(compiled, plugins={**compiled.plugins, "bomb": bomb})
        assert standing(other, {"bomb": BOMB}) == {}


def test_a_new_name_lets_nobody_in() -> None:
    manifest = {**ROW, "moved": {"bomb": "vox"}}
    manifest["plugins"] = {"vox": {"plugin": GAIN}}
    del manifest["chains"]
    assert standing(session(manifest), {"bomb": BOMB}).keys() == {"vox"}


def test_what_runs_as_declared_is_kept_and_set() -> None:
    world = MemoryStudio()
    manifest = {"plugins": {"bomb": {"plugin": GAIN, "params": {"gain": "-3 dB"}}}}
    world.host.add("bomb", GAIN)
    made = plan(world, manifest, BOMB)
    assert made.quarantined == ()
    assert [change.address for change in made.changes] == ["plugins.bomb.params.gain"]


def test_what_runs_in_its_place_is_left_alone_with_its_links() -> None:
    world = MemoryStudio()
    world.host.add("bomb", EQ)
    (out, *_) = [name for name in world.open_graph().ports() if name.startswith("bomb:out")]
    world.graph.connect(out, "system:playback_1")
    made = plan(world, {"plugins": {"bomb": {"plugin": GAIN}}}, BOMB)
    assert (made.changes, made.actions, made.unmanaged) == ((), (), ())
    assert world.graph.links() == frozenset({Link(out, "system:playback_1")})


def test_a_desk_leaves_it_out_until_it_is_retried_and_proves_the_rest() -> None:
    world = MemoryStudio()
    desk = make_desk(ROW, world)
    Quarantine(desk.record.folder).write([BOMB])
    done = desk.apply(desk.plan())
    assert (done.proved, done.generation) == (True, 1)
    assert {world.host.plugins()[n].plugin.name for n in range(2)} == {"a", "b"}
    again = desk.retrying(["bomb"])
    assert desk.apply(desk.plan(retried=again), retried=again).proved
    assert Quarantine(desk.record.folder).read() == {}
    assert desk.plan().quarantined == ()
    drift = desk.drift()
    assert drift is not None
    assert drift.empty
