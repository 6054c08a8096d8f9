"""An apply does what the plan says, one call each, proves it, and names what is left."""

import json

import pytest

from reconciler.engines.memory import Effect, MemoryStudio
from reconciler.engines.memory.calls import RecordedCall
from reconciler.execution.journal import LARGEST_BYTES
from reconciler.model.actions import AddPlugin, Connect, RemovePlugin, SetParam, StartServer
from reconciler.model.errors import Refused, Stale, StudioError, Unavailable
from reconciler.model.resources import JackSettings, Link
from reconciler.planning.text import detail
from tests.execution.conftest import VOICE, M, Sit


def made(world: MemoryStudio) -> list[RecordedCall]:
    """The changing calls since the last look."""
    calls = list(world.calls.made)
    world.calls.clear()
    return calls


def test_the_calls_are_those_of_the_plan(world: MemoryStudio, sit: Sit) -> None:
    desk = sit()
    plan = desk.plan()
    applied = desk.apply(plan)
    assert made(world) == [action.call for action in plan.actions]
    assert [outcome.status for _, outcome in applied.ran] == ["done"] * len(plan.actions)
    assert (applied.proved, applied.generation) == (True, 1)


@pytest.mark.parametrize("plugins", [1, 100])
def test_one_parameter_is_one_call_however_large_the_session(world: MemoryStudio, sit: Sit, plugins: int) -> None:
    rest = "".join(
        f"  p{number}: {{ plugin: {M}equalizer, params: {{ gain: 3, q: 2 }} }}\n" for number in range(plugins)
    )
    text = f"version: 1\nsession: s\nplugins:\n{rest}  voice: {{ plugin: {M}gain, params: {{ gain: -3 dB }} }}\n"
    desk = sit(text)
    desk.apply(desk.plan())
    made(world)
    desk = sit(text.replace("-3 dB", "-6.0206 dB"))
    assert desk.apply(desk.plan()).proved
    (call,) = made(world)
    assert isinstance(call, SetParam)
    assert (call.name, call.symbol, round(call.value, 4)) == ("voice", "gain", 0.5)


def test_a_second_apply_calls_nothing(world: MemoryStudio, sit: Sit) -> None:
    desk = sit()
    desk.apply(desk.plan())
    made(world)
    again = sit().apply(sit().plan())
    assert made(world) == []
    assert (again.ran, again.proved, again.generation) == ((), True, 1)


def test_a_comment_makes_no_generation_and_a_new_line_does(sit: Sit) -> None:
    for text, generation in ((VOICE, 1), (f"# louder?\n{VOICE}", 1), (VOICE + "policy: { unmanaged: ignore }\n", 1)):
        desk = sit(text)
        assert desk.apply(desk.plan()).generation == generation
    desk = sit(VOICE.replace("ratio: 3", "ratio: 3, attack: 10"))
    assert desk.plan().empty, "it stands there already"
    assert desk.apply(desk.plan()).generation == 2, "but it is ours from now on"


def test_a_link_that_waits_is_no_error_and_is_made_when_its_port_comes(world: MemoryStudio, sit: Sit) -> None:
    text = VOICE + "links:\n  - keyboard:audio -> gate\n"
    desk = sit(text)
    applied = desk.apply(desk.plan())
    assert applied.proved
    assert [pending.waits_for for pending in applied.residual.pending] == ["keyboard:audio"]
    world.add_client("keyboard", outputs=["audio"])
    made(world)
    desk = sit(text)
    applied = desk.apply(desk.plan())
    assert made(world) == [Connect("keyboard:audio", "gate:in")]
    assert (applied.proved, applied.residual.pending) == (True, ())
    world.remove_client("keyboard")
    desk = sit(text)
    assert (desk.plan().changes, len(desk.plan().pending)) == ((), 1), "gone again: waited for, nothing is undone"


def test_a_server_that_the_plan_starts_brings_its_links_in_the_same_apply(world: MemoryStudio, sit: Sit) -> None:
    world.lose_server()
    text = VOICE + "hardware: { jack: { driver: dummy, period: 128, manage: start } }\n"
    desk = sit(text)
    plan = desk.plan()
    assert isinstance(plan.actions[0].call, StartServer)
    assert len(plan.pending) == 2
    applied = desk.apply(plan)
    assert (applied.proved, applied.residual.pending) == (True, ())
    calls = made(world)
    assert sum(isinstance(call, StartServer) for call in calls) == 1
    assert Connect("system:capture_1", "gate:in") in calls
    assert Link("out:out_r", "system:playback_2") in desk.studio().observe().links
    assert applied.generation == 1


def test_what_a_plugin_does_not_keep_is_named(world: MemoryStudio, sit: Sit) -> None:
    world.calls.fail_when(lambda call: isinstance(call, SetParam) and call.symbol == "release", Effect.LOSE)
    desk = sit()
    applied = desk.apply(desk.plan())
    assert (applied.proved, applied.generation) == (False, None)
    ((_, outcome),) = applied.failures
    assert outcome.error is not None
    assert outcome.error["code"] == "not-kept"
    assert outcome.error["message"] == "release of gate: asked for 120, and reading back gives 80."
    (left,) = applied.residual.changes
    assert (left.address, detail(left)) == ("plugins.gate.params.release", "80 ms -> 120 ms")
    assert sit().apply(sit().plan()).proved


def test_a_plugin_that_does_not_load_takes_only_its_own_with_it(world: MemoryStudio, sit: Sit) -> None:
    world.calls.fail_when(lambda call: call == AddPlugin("comp", f"{M}compressor"), times=None)
    desk = sit()
    applied = desk.apply(desk.plan())
    skipped = [action.cause for action, outcome in applied.ran if outcome.status == "skipped"]
    assert skipped == [
        "plugins.comp",
        *(f"links.comp:out_{side}->out:in_{side}" for side in "lr"),
        *(f"links.gate:out->comp:in_{side}" for side in "lr"),
    ]
    assert set(desk.studio().observe().plugins) == {"gate", "out"}
    assert Link("system:capture_1", "gate:in") in desk.studio().observe().links
    world.calls.mend()
    assert sit().apply(sit().plan()).proved


def test_a_plugin_that_can_load_nowhere_stays_a_failure(sit: Sit) -> None:
    desk = sit(f"version: 1\nsession: s\nplugins:\n  p: {{ plugin: {M}picky }}\n")
    for _ in range(2):
        applied = desk.apply(desk.plan())
        (failure,) = applied.failures
        assert failure[1].error is not None
        assert failure[1].error["code"] == "plugin-failed"
        assert [change.address for change in applied.residual.changes] == ["plugins.p"]


def test_a_line_deleted_after_a_half_done_apply_is_undone_all_the_same(world: MemoryStudio, sit: Sit) -> None:
    world.calls.fail_when(lambda call: isinstance(call, Connect), times=None)
    desk = sit()
    assert not desk.apply(desk.plan()).proved
    assert desk.record.current() is None
    world.calls.mend()
    desk = sit(f"version: 1\nsession: voice\nplugins:\n  gate: {{ plugin: {M}gate }}\n")
    assert desk.apply(desk.plan()).proved
    observed = desk.studio().observe()
    assert set(observed.plugins) == {"gate"}
    assert observed.plugins["gate"].params["release"] == 80, "back to its default: the line was ours"
    assert desk.record.claims() is None


def test_a_host_that_dies_on_the_way_is_one_clear_error_and_the_next_apply_goes_on(
    world: MemoryStudio, sit: Sit
) -> None:
    world.calls.fail_nth(5, Effect.HOST_DIES)
    desk = sit()
    with pytest.raises(Unavailable, match="died"):
        desk.apply(desk.plan())
    assert desk.record.claims() is not None
    world.start_host()
    assert sit().apply(sit().plan()).proved


@pytest.mark.parametrize(
    ("hardware", "hint"),
    [
        ("", "start it again, then `studio apply`; it goes on from what is there"),
        (
            "hardware: { jack: { driver: dummy, manage: start } }\n",
            "`studio apply` starts it; it goes on from what is there",
        ),
    ],
)
def test_a_server_that_dies_on_the_way_is_one_clear_error(
    world: MemoryStudio, sit: Sit, hardware: str, hint: str
) -> None:
    world.calls.fail_nth(5, Effect.SERVER_DIES)
    desk = sit(VOICE + hardware)
    with pytest.raises(Unavailable) as caught:
        desk.apply(desk.plan())
    error = caught.value
    assert (error.code, error.hint) == ("jack-gone", hint)
    assert error.message == "the JACK server died during the apply, with 4 of 14 calls done"
    if hardware:
        assert str(error.where).endswith("studio.yaml:9:13")
    else:
        with pytest.raises(Unavailable, match="no JACK server is running"):
            desk.plan()
        world.hardware.start(JackSettings())
    again = sit(VOICE + hardware)
    assert again.apply(again.plan()).proved


def test_a_server_that_does_not_start_is_one_clear_error(world: MemoryStudio, sit: Sit) -> None:
    world.lose_server()
    desk = sit(VOICE + "hardware: { jack: { driver: dummy, period: 16, manage: start } }\n")
    world.calls.fail_when(lambda call: isinstance(call, StartServer), Effect.LOSE)
    with pytest.raises(StudioError) as caught:
        desk.apply(desk.plan())
    assert caught.value.code == "jack-not-started"
    assert str(caught.value.where).endswith("studio.yaml:9:13")
    assert desk.apply(desk.plan()).proved


def test_a_plan_is_stale_when_the_studio_has_moved(world: MemoryStudio, sit: Sit) -> None:
    desk = sit()
    plan = desk.plan()
    world.host.add("gate", f"{M}gate")
    made(world)
    with pytest.raises(Stale) as caught:
        desk.apply(plan)
    assert caught.value.code == "plan-stale"
    assert "plugins.gate" in caught.value.details["moved"]
    assert made(world) == [], "nothing was done"


def test_a_refused_plan_does_nothing(world: MemoryStudio, sit: Sit) -> None:
    desk = sit(VOICE.replace("ratio: 3 } }", "ratio: 3 }, protect: true }"))
    desk.apply(desk.plan())
    made(world)
    desk = sit(f"version: 1\nsession: voice\nplugins:\n  out: {{ plugin: {M}gain }}\n")
    with pytest.raises(Refused) as caught:
        desk.apply(desk.plan())
    assert (caught.value.code, made(world)) == ("protected", [])
    assert desk.apply(desk.plan(["comp"]), released=["comp"]).proved
    assert RemovePlugin("comp") in made(world)


def test_two_files_with_one_session_name_do_not_undo_each_other(world: MemoryStudio, sit: Sit) -> None:
    first = sit()
    first.apply(first.plan())
    made(world)
    second = sit(f"version: 1\nsession: voice\nplugins:\n  other: {{ plugin: {M}gain }}\n", "other.yaml")
    with pytest.raises(StudioError) as caught:
        second.apply(second.plan())
    assert (caught.value.code, made(world)) == ("session-name-taken", [])
    assert str(first.source.path) in caught.value.message
    assert str(caught.value.where).endswith("other.yaml:2:10")
    first.source.path.rename(first.source.path.with_name("old.txt"))
    assert second.apply(second.plan()).proved, "a file that moved away no longer has the name"


def test_the_journal_has_a_line_before_and_after_every_action(world: MemoryStudio, sit: Sit) -> None:
    world.calls.fail_when(lambda call: call == AddPlugin("comp", f"{M}compressor"))
    desk = sit()
    applied = desk.apply(desk.plan())
    lines = [json.loads(line) for line in (desk.record.folder / "journal.jsonl").read_text("utf-8").splitlines()]
    assert len({line["apply"] for line in lines}) == 1
    before = {line["id"]: line for line in lines if line["line"] == "before"}
    after = {line["id"]: line for line in lines if line["line"] == "after"}
    assert before.keys() == after.keys() == {action.id for action, _ in applied.ran}
    (doomed,) = (line["id"] for line in before.values() if line["call"].get("plugin") == f"{M}compressor")
    assert after[doomed]["status"] == "failed"
    assert lines[-1]["line"] == "end"
    assert lines[-1]["proved"] is False


def test_a_journal_that_has_grown_is_put_aside(sit: Sit) -> None:
    desk = sit()
    desk.record.folder.mkdir(parents=True)
    journal = desk.record.folder / "journal.jsonl"
    journal.write_bytes(b"\n" * (LARGEST_BYTES + 1))
    desk.apply(desk.plan())
    assert journal.stat().st_size < LARGEST_BYTES
    assert journal.with_name("journal.1.jsonl").stat().st_size == LARGEST_BYTES + 1


def test_a_generation_tells_what_was_there_before_and_after(sit: Sit) -> None:
    desk = sit()
    desk.apply(desk.plan())
    generation = desk.record.current()
    assert generation is not None
    assert (set(generation.before.plugins), set(generation.after.plugins)) == (set(), {"gate", "comp", "out"})
    assert generation.manifest == str(desk.source.path)
    assert generation.digest == desk.source.digest
    assert Link("system:capture_1", "gate:in") in generation.links
