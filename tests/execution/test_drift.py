"""Drift: what moved since the last apply, whatever the manifest says by now."""

from reconciler.engines.memory import MemoryStudio
from tests.execution.conftest import VOICE, M, Sit


def test_there_is_none_to_tell_before_the_first_apply(sit: Sit) -> None:
    assert sit().drift() is None


def test_it_is_what_somebody_moved_and_not_what_the_file_says_by_now(world: MemoryStudio, sit: Sit) -> None:
    desk = sit()
    desk.apply(desk.plan())
    world.host.set_param("out", "gain", 6.0)
    world.host.add("guest", f"{M}gain")
    world.graph.disconnect("system:capture_1", "gate:in")
    drift = sit(f"version: 1\nsession: voice\nplugins:\n  other: {{ plugin: {M}gain }}\n").drift()
    assert drift is not None
    assert [(change.address, change.action, change.after) for change in drift.changes] == [
        ("plugins.out.params.gain", "update", -3.0),
        ("links.system:capture_1->gate:in", "create", True),
    ]
    assert [change.origin and change.origin.line for change in drift.changes] == [6, 8]
    assert drift.unmanaged == ()


def test_a_device_that_is_unplugged_is_waited_for(world: MemoryStudio, sit: Sit) -> None:
    world.add_client("mic", outputs=["a", "b"])
    desk = sit(VOICE + "links: [mic:* -> out]\n")
    desk.apply(desk.plan())
    world.remove_client("mic")
    drift = desk.drift()
    assert drift is not None
    assert drift.changes == ()
    assert [pending.waits_for for pending in drift.pending] == ["mic:a", "mic:b"]
    world.add_client("mic", outputs=["a", "b"])
    drift = desk.drift()
    assert drift is not None
    assert [change.address for change in drift.changes] == ["links.mic:a->out:in_l", "links.mic:b->out:in_r"]


def test_a_plugin_that_died_is_drift_with_its_links(world: MemoryStudio, sit: Sit) -> None:
    desk = sit()
    desk.apply(desk.plan())
    world.kill_plugin("out")
    drift = desk.drift()
    assert drift is not None
    assert drift.pending == ()
    assert [change.address for change in drift.changes] == [
        "plugins.out",
        "links.comp:out_l->out:in_l",
        "links.comp:out_r->out:in_r",
        "links.out:out_l->system:playback_1",
        "links.out:out_r->system:playback_2",
    ]
