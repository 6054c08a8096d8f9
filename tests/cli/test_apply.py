"""``studio apply``, ``drift``, ``status``, ``up`` and ``down`` on the memory engine: deeds, words and exit codes."""

import signal
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from reconciler.host.client import HostClient
from reconciler.model.actions import Action, AddPlugin, Call, Disconnect, RemovePlugin, SetParam
from tests.cli.conftest import MEMORY, VOICE, Inside, Write
from tests.cli.studio import host, studio
from tests.support.waiting import eventually

EQ = f"""
  eq:
    plugin: {MEMORY}equalizer
    program: Warm
    params: {{ gain: -2.5 dB }}"""


def by_hand(*calls: Call, session: str = "voice") -> None:
    """Change the studio behind the manifest's back."""
    client = HostClient.find(session)
    assert client is not None
    actions = [Action(number, call, "by hand") for number, call in enumerate(calls)]
    assert [outcome.status for outcome in client.execute(actions, lambda _: None)] == ["done"] * len(calls)
    client.close()


def addresses(changes: Sequence[dict[str, object]]) -> list[object]:
    return [change["address"] for change in changes]


def test_apply_proves_itself_and_the_next_plan_is_empty(inside: Inside, write: Write) -> None:
    write()
    applied = inside("apply", "--yes")
    assert applied.code == 0
    assert applied.out.splitlines()[-1] == "applied: 11 calls, read back as planned (generation 1)"
    again = inside("apply")  # nobody is asked where there is nothing to do
    assert again == (0, "voice: in sync, nothing to do\n", "")
    assert inside("status", "--json").json["generation"] == 1


def test_json_has_the_plan_what_was_done_and_the_proof(inside: Inside, write: Write) -> None:
    write()
    told = inside("apply", "--yes", "--json").json
    assert told["proved"] is True
    assert [action["id"] for action, _ in told["applied"]["ran"]] == list(range(11))
    assert {outcome["status"] for _, outcome in told["applied"]["ran"]} == {"done"}
    assert told["applied"]["residual"]["changes"] == []
    assert told["applied"]["generation"] == 1
    assert len(told["plan"]["changes"]) == 7


def test_apply_asks_and_where_nobody_is_it_does_nothing(inside: Inside, write: Write, isolated_xdg: Path) -> None:
    write()
    refused = studio("apply")
    assert (refused.code, refused.err.splitlines()) == (
        1,
        ["error [not-confirmed] there is nobody to ask here", "    `--yes` applies without asking"],
    )
    assert "7 to create" in refused.out
    assert studio("apply", "--json").error["code"] == "not-confirmed"
    assert host("voice") is None
    assert list((isolated_xdg / "state" / "studio" / "voice").iterdir()) == [
        isolated_xdg / "state" / "studio" / "voice" / "lock"
    ]


def test_a_deleted_line_is_undone(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    write(VOICE.replace(EQ, "").replace("  - gate -> eq\n  - eq ->", "  - gate ->").replace(", release: 120 ms", ""))
    plan = inside("plan", "--json").json
    assert {change["address"]: change["action"] for change in plan["changes"]} == {
        "plugins.gate.params.release": "update",
        "plugins.eq": "delete",
        "links.gate:out->system:playback_1": "create",
        "links.gate:out->system:playback_2": "create",
    }
    assert inside("apply", "--yes").code == 0
    assert inside("status", "--json").json["plugins"] == ["gate"]


def test_drift_names_what_moved_and_apply_puts_it_back(inside: Inside, write: Write) -> None:
    write()
    never = inside("drift")
    assert (never.code, never.err.splitlines()[0]) == (
        1,
        "error [never-applied] voice was never applied on this machine",
    )
    inside("apply", "--yes")
    assert inside("drift") == (0, "voice: no drift\n", "")
    by_hand(SetParam("gate", "release", 300.0), Disconnect("system:capture_1", "gate:in"))
    moved = inside("drift")
    assert moved.code == 2
    assert moved.out.splitlines()[2:4] == [
        "  ~ plugins.gate.params.release      300 ms -> 120 ms  studio.yaml:7",
        "  + links.system:capture_1->gate:in  studio.yaml:13",
    ]
    assert moved.out.splitlines()[-1] == "`studio apply` puts it back"
    told = inside("drift", "--json")
    assert (told.code, addresses(told.json["changes"])) == (
        2,
        ["plugins.gate.params.release", "links.system:capture_1->gate:in"],
    )
    assert inside("status", "--json").json["drift"] == "1 to update, 1 to create to get back there"
    assert inside("apply", "--yes").code == 0
    assert inside("drift").code == 0


def test_a_changed_file_is_no_drift(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    write(VOICE.replace("120 ms", "240 ms"))
    assert inside("drift").code == 0
    assert inside("plan", "--exit-code").code == 2


def test_what_nobody_declared_is_left_alone_and_named(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    by_hand(AddPlugin("guest", f"{MEMORY}gain"), SetParam("eq", "q", 2.0))
    plan = inside("plan", "--json").json
    assert (plan["changes"], plan["unmanaged"]) == ([], ["plugins.guest"])
    write(VOICE + "policy: { unmanaged: prune }\n")
    assert addresses(inside("plan", "--json").json["changes"]) == ["plugins.guest"]
    assert inside("apply", "--yes").code == 0
    assert inside("status", "--json").json["plugins"] == ["gate", "eq"]


def test_a_protected_plugin_goes_only_when_it_is_named(inside: Inside, write: Write) -> None:
    write(VOICE.replace("    program: Warm\n", "    program: Warm\n    protect: true\n"))
    inside("apply", "--yes")
    write(VOICE.replace(EQ, "").replace("  - gate -> eq\n  - eq ->", "  - gate ->"))
    refused = inside("apply", "--yes")
    assert refused.code == 5
    assert refused.err.splitlines() == [
        "plugins.eq: error [protected] eq is protected and would be removed",
        "    `studio apply --release eq` if you mean it",
    ]
    assert inside("status", "--json").json["plugins"] == ["gate", "eq"]
    misspelt = inside("apply", "--yes", "--release", "eqq")
    assert (misspelt.code, misspelt.err) == (
        1,
        'error [unknown-plugin] there is no plugin "eqq" to release\n    did you mean eq?\n',
    )
    assert inside("apply", "--yes", "--release", "eq").code == 0
    assert inside("status", "--json").json["plugins"] == ["gate"]


def test_a_dead_host_is_told_as_drift_and_started_anew(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    process = host("voice")
    assert process is not None
    process.kill()
    process.wait(10)
    assert inside("status", "--json").json["pid"] is None
    assert inside("drift").code == 2
    assert inside("apply", "--yes").code == 0
    assert inside("drift").code == 0


def test_status_before_up_after_and_down(inside: Inside, write: Write) -> None:
    write()
    before = inside("status").out.splitlines()
    assert before[2:5] == ["host       memory, not running", "plugins    none", "applied    never"]
    up = inside("up")
    assert up.code == 0
    assert up.out.startswith("voice: the memory host runs (process ")
    assert inside("status", "--json").json["pid"] == inside("up", "--json").json["pid"]
    inside("apply", "--yes")
    told = inside("status", "--json").json
    assert (told["plugins"], told["drift"], told["unfinished"]) == (["gate", "eq"], "nothing moved", False)
    assert inside("down") == (0, "voice: stopped the plugin host\n", "")
    assert inside("down", "--json").json == {"session": "voice", "stopped": []}
    assert inside("down").out == "voice: nothing was running\n"


def test_down_force_ends_a_host_that_does_not_answer(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    process = host("voice")
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    assert inside("down", "--force").out == "voice: stopped the plugin host\n"
    assert not psutil.pid_exists(process.pid) or process.status() == psutil.STATUS_ZOMBIE
    assert host("voice") is None


def test_down_works_by_name_when_the_file_no_longer_does(inside: Inside, write: Write) -> None:
    path = write()
    inside("apply", "--yes")
    path.write_text("plugins: [", encoding="utf-8")
    assert inside("down").code == 1
    misspelt = inside("down", "--session", "vioce")
    assert (misspelt.code, misspelt.err) == (
        1,
        'error [no-such-session] no session "vioce" runs\n    there are voice\n',
    )
    assert inside("down", "--session", "voice").out == "voice: stopped the plugin host\n"
    assert host("voice") is None
    assert "no session runs" in inside("down", "--session", "voice").err


def test_a_session_that_is_renamed_leaves_the_old_one_to_its_own_down(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    write(VOICE.replace("session: voice", "session: song"))
    assert inside("apply", "--yes").code == 0
    assert host("voice") is not None
    assert host("song") is not None


@pytest.mark.parametrize("command", ["plan", "apply", "status", "drift", "up", "down", "validate"])
def test_every_command_tells_a_broken_manifest_alike(inside: Inside, write: Write, command: str) -> None:
    write("version: 1\nsession: voice\nplugin: {}\n")
    refused = inside(command)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == 'studio.yaml:3:1: error [unknown-key] "plugin" is not known\n    did you mean "plugins"?\n'
    assert inside(command, "--json").error == {
        "code": "unknown-key",
        "message": '"plugin" is not known',
        "where": {"file": "studio.yaml", "line": 3, "column": 1},
        "hint": 'did you mean "plugins"?',
        "details": {},
    }


def test_a_plugin_that_dies_is_counted(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    by_hand(RemovePlugin("eq"))
    assert addresses(inside("drift", "--json").json["changes"])[0] == "plugins.eq"
    assert inside("apply", "--yes").code == 0


def test_the_host_ends_when_told_to_by_the_system(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    process = host("voice")
    assert process is not None
    process.terminate()
    eventually(lambda: host("voice") is None, within_s=10, what="the socket goes")
    assert inside("apply", "--yes").code == 0
