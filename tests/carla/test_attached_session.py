"""A session with ``engine.attach`` from the command line: applied, disturbed, mended, let go; its user's own kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engines.carla import library
from tests.carla.attached_carla import AttachedCarla, attached_carla
from tests.cli.studio import put_everything_down, studio
from tests.support.jackd import Jackd

pytestmark = [pytest.mark.jack, pytest.mark.carla]

DELAY = "http://drobilla.net/plugins/mda/Delay"


VOLUME = -4
"""Carla's number of it, as of a parameter."""


@pytest.fixture
def theirs(
    carla: library.Installation, fresh_jack_server: Jackd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AttachedCarla]:
    """A Carla of somebody, with a plugin of theirs, on a server of its own; the test is in an empty folder."""
    monkeypatch.chdir(tmp_path)
    with attached_carla() as running:
        running.add("theirs", DELAY)
        yield running
        put_everything_down()


def write(theirs: AttachedCarla, *, plugins: str = "", policy: str = "warn", engine: str = "") -> Path:
    path = Path("studio.yaml")
    text = f"""\
version: 1
session: beside
engine: {{ host: carla, attach: "{theirs.url}"{engine} }}
plugins:
  amp:
    plugin: lv2:http://plugin.org.uk/swh-plugins/amp
    params: {{ gain: -6 dB }}
    mix: {{ volume: -3 dB }}
    midi: {{ gain: {{ cc: 21, channel: 1 }} }}
{plugins}
links:
  - amp -> theirs:left_in
policy: {{ unmanaged: {policy} }}
"""
    path.write_text(text, encoding="utf-8")
    return path


def test_a_session_beside_its_users_own(theirs: AttachedCarla) -> None:
    write(theirs)
    plan = studio("plan", "--json")
    assert plan.code == 0, plan.err
    created = [change["address"] for change in plan.json["changes"]]
    assert created == ["plugins.amp", "links.amp:output->theirs:left_in"]
    assert plan.json["unmanaged"] == ["plugins.theirs"]
    assert theirs.names() == ["theirs"], "a plan touches nothing"

    applied = studio("apply", "--yes", "--json")
    assert applied.code == 0, applied.out + applied.err
    assert theirs.names() == ["theirs", "amp"]
    assert theirs.call("get_current_parameter_value", 1, 0) == -6.0
    assert theirs.call("get_parameter_data", 1, 0)["mappedControlIndex"] == 21
    assert studio("plan", "--exit-code").code == 0

    before = theirs.call("get_internal_parameter_value", 1, VOLUME)
    theirs.call("set_volume", 1, 0.25)
    drift = studio("drift", "--json")
    assert drift.code == 2
    assert [change["address"] for change in drift.json["changes"]] == ["plugins.amp.mix.volume"]
    assert studio("apply", "--yes").code == 0
    assert theirs.call("get_internal_parameter_value", 1, VOLUME) == before

    down = studio("down")
    assert down.code == 0, down.err
    assert theirs.names() == ["theirs"], "the session's plugins go, its user's stay, and that Carla runs on"
    assert studio("plan", "--exit-code").code == 2


def test_what_osc_lacks_is_refused_at_plan_time_with_its_line(theirs: AttachedCarla) -> None:
    more = """\
  keys:
    plugin: lv2:http://drobilla.net/plugins/mda/EPiano
    mix: { control_channel: 3 }
    options: { send_pitchbend: false }
    midi: { hardness: { cc: 1, range: [0.25, 0.5] } }
"""
    write(theirs, plugins=more)
    plan = studio("plan", "--json")
    refused = {one["address"]: one["origin"]["line"] for one in plan.json["refused"]}
    assert refused == {
        "plugins.keys.mix.control_channel": 12,
        "plugins.keys.options.send_pitchbend": 13,
        "plugins.keys.midi.hardness": 14,
    }
    assert studio("apply", "--yes").code == 5
    assert theirs.names() == ["theirs"]


def test_settings_of_its_engine_are_its_users(theirs: AttachedCarla) -> None:
    write(theirs, engine=", mode: patchbay")
    (refused,) = studio("plan", "--json").json["refused"]
    assert (refused["address"], refused["origin"]["line"]) == ("engine.mode", 3)
    assert "user" in refused["message"]


def test_only_a_policy_that_prunes_removes_what_is_theirs(theirs: AttachedCarla) -> None:
    path = write(theirs)
    path.write_text(path.read_text(encoding="utf-8").replace("  - amp -> theirs:left_in\n", ""), encoding="utf-8")
    assert studio("apply", "--yes").code == 0
    assert theirs.names() == ["theirs", "amp"]
    path.write_text(path.read_text(encoding="utf-8").replace("unmanaged: warn", "unmanaged: prune"), encoding="utf-8")
    assert studio("apply", "--yes").code == 0
    assert theirs.names() == ["amp"]


def test_when_it_has_gone_every_command_says_so_and_down_still_works(theirs: AttachedCarla) -> None:
    write(theirs)
    assert studio("apply", "--yes").code == 0
    theirs.quit()
    gone = studio("plan", "--json")
    assert gone.code == 1
    assert gone.error["code"] in {"attach-not-there", "attach-lost"}
    assert gone.error["hint"]
    down = studio("down")
    assert down.code == 0, down.err
    error = studio("plan", "--json").error
    assert error["code"] == "attach-not-there"
    assert error["where"]["line"] == 3
