"""A Carla in patchbay mode that somebody runs and watches: its user shares the terminals, and keeps the view."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engines import choose
from reconciler.engines.carla import library
from reconciler.engines.carla.patchbay import CONNECTION_ADDED
from reconciler.engines.studio import LocalStudio
from reconciler.model.errors import StudioError
from reconciler.model.resources import Link
from tests.carla.attached_carla import AttachedCarla, attached_carla
from tests.cli.studio import put_everything_down, studio
from tests.support.jackd import Jackd
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

DELAY = "http://drobilla.net/plugins/mda/Delay"
CARLA = "Späte Carla"
INPUT, OUTPUT, FIRST_PLUGIN = 1, 2, 5
"""Carla's numbers of groups: its terminals, and the plugin that was loaded first (measured)."""

INTO, OUT = 255, 510
"""Carla's numbers of a group's first audio input and output."""


def jack(command: str, *arguments: str) -> str:
    done = subprocess.run([command, *arguments], capture_output=True, check=True, encoding="utf-8", env=os.environ)
    return done.stdout


def partners(port: str) -> set[str]:
    """Return what JACK says a port is linked to."""
    told = jack("jack_lsp", "-c", port).splitlines()
    return {line.strip() for line in told if line.startswith("   ")}


@pytest.fixture
def theirs(
    carla: library.Installation, fresh_jack_server: Jackd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AttachedCarla]:
    """A Carla of somebody whose second input runs through a delay of theirs to the second output."""
    monkeypatch.chdir(tmp_path)
    with attached_carla("patchbay", CARLA) as running:
        running.add("theirs", DELAY)
        assert running.call("patchbay_connect", False, INPUT, OUT + 1, FIRST_PLUGIN, INTO)
        assert running.call("patchbay_connect", False, FIRST_PLUGIN, OUT, OUTPUT, INTO + 1)
        jack("jack_connect", "system:capture_2", f"{CARLA}:audio-in2")
        jack("jack_connect", f"{CARLA}:audio-out2", "system:playback_2")
        yield running
        put_everything_down()


@pytest.fixture
def seen(theirs: AttachedCarla, tmp_path: Path) -> Iterator[LocalStudio]:
    """The studio, attached from this process."""
    server = os.environ["JACK_DEFAULT_SERVER"]
    studio = choose.build("carla", prefix="", server=server, servers=tmp_path, attach=theirs.url)
    yield studio
    studio.close()


THEIR_LINKS = {Link("system:capture_2", "theirs:left_in"), Link("theirs:left_out", "system:playback_2")}


def write(theirs: AttachedCarla, *, engine: str = "") -> None:
    text = f"""\
version: 1
session: beside
engine: {{ host: carla, attach: "{theirs.url}"{engine} }}
plugins:
  amp:
    plugin: lv2:http://plugin.org.uk/swh-plugins/amp
    params: {{ gain: -6 dB }}
links:
  - system:capture_1 -> amp
  - amp -> theirs:right_in
"""
    Path("studio.yaml").write_text(text, encoding="utf-8")


def test_a_session_shares_the_terminals_with_its_user(theirs: AttachedCarla) -> None:
    write(theirs)
    plan = studio("plan", "--json")
    assert plan.code == 0, plan.out + plan.err
    created = {change["address"] for change in plan.json["changes"]}
    assert created == {"plugins.amp", "links.system:capture_1->amp:input", "links.amp:output->theirs:right_in"}
    assert f"{CARLA}:audio-in1" in json.dumps(plan.json["actions"], ensure_ascii=False)

    applied = studio("apply", "--yes", "--json")
    assert applied.code == 0, applied.out + applied.err
    assert partners("system:capture_1") == {f"{CARLA}:audio-in1"}
    assert partners("system:capture_2") == {f"{CARLA}:audio-in2"}, "theirs stays as it was"
    assert studio("plan", "--exit-code").code == 0

    jack("jack_disconnect", "system:capture_1", f"{CARLA}:audio-in1")
    drift = studio("drift", "--json")
    assert [change["address"] for change in drift.json["changes"]] == ["links.system:capture_1->amp:input"]
    assert studio("apply", "--yes").code == 0
    assert partners("system:capture_1") == {f"{CARLA}:audio-in1"}

    assert theirs.call("patchbay_connect", False, FIRST_PLUGIN, OUT, FIRST_PLUGIN + 1, INTO)  # theirs, by hand
    plan = studio("plan", "--json")
    assert plan.json["changes"] == []
    assert "links.theirs:left_out->amp:input" in plan.json["unmanaged"]

    down = studio("down")
    assert down.code == 0, down.err
    assert theirs.names() == ["theirs"]
    assert partners("system:capture_2") == {f"{CARLA}:audio-in2"}


def test_its_mode_may_be_said_and_no_other(theirs: AttachedCarla) -> None:
    write(theirs, engine=", mode: patchbay")
    assert studio("plan", "--json").json.get("refused", []) == []
    write(theirs, engine=", mode: multiple-clients")
    (refused,) = studio("plan", "--json").json["refused"]
    assert refused["address"] == "engine.mode"


def test_a_prefix_that_hides_its_users_plugins_is_refused(theirs: AttachedCarla) -> None:
    write(theirs, engine=", prefix: live-")
    plan = studio("plan", "--json")
    assert (plan.code, plan.error["code"]) == (1, "attach-mode")
    assert "prefix" in plan.error["hint"]


def test_what_its_user_wires_is_seen_at_once(theirs: AttachedCarla, seen: LocalStudio) -> None:
    observed = seen.observe()
    assert observed.links == THEIR_LINKS
    assert observed.terminals is not None
    assert observed.terminals.inputs[0].name == f"{CARLA}:audio-in1"
    assert theirs.call("patchbay_connect", False, FIRST_PLUGIN, OUT + 1, OUTPUT, INTO + 1)
    more = THEIR_LINKS | {Link("theirs:right_out", "system:playback_2")}
    eventually(lambda: seen.observe().links == more)
    assert theirs.call("rename_plugin", 0, "mine")
    eventually(lambda: "mine:left_in" in seen.observe().ports)
    assert theirs.call("remove_plugin", 0)
    eventually(lambda: seen.observe().links == frozenset())


def test_its_window_goes_on_showing_what_is_inside(theirs: AttachedCarla, seen: LocalStudio) -> None:
    theirs.news()
    seen.observe()
    graph = seen.graph()
    assert graph is not None
    assert theirs.news() == [], "looking changes nothing that the window shows"
    graph.connect("theirs:Right Out", f"{CARLA}:audio-out1")
    assert [(one[0], one[4]) for one in theirs.news()] == [
        (CONNECTION_ADDED, f"{FIRST_PLUGIN}:{OUT + 1}:{OUTPUT}:{INTO}")
    ]
    graph.disconnect("theirs:Right Out", f"{CARLA}:audio-out1")
    assert len(theirs.news()) == 1
    assert seen.observe().links == THEIR_LINKS


def test_the_right_wire_is_cut_after_its_user_has_refreshed_the_canvas(
    theirs: AttachedCarla, seen: LocalStudio
) -> None:
    """Carla numbers its connections anew then, and tells only its window."""
    seen.observe()
    graph = seen.graph()
    assert graph is not None
    graph.connect("theirs:Right Out", f"{CARLA}:audio-out1")
    graph.connect("theirs:Right Out", f"{CARLA}:audio-out2")
    graph.links()
    theirs.call("patchbay_disconnect", False, 1)
    theirs.call("patchbay_refresh", False)
    graph.disconnect("theirs:Right Out", f"{CARLA}:audio-out1")
    assert seen.observe().links == {
        Link("theirs:left_out", "system:playback_2"),
        Link("theirs:right_out", "system:playback_2"),
    }


def test_its_end_is_told_and_a_new_one_is_read_from_the_start(theirs: AttachedCarla, seen: LocalStudio) -> None:
    seen.observe()
    theirs.quit()
    with pytest.raises(StudioError) as gone:
        seen.observe()
    assert gone.value.code in {"attach-not-there", "attach-lost"}
