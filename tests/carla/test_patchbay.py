"""Carla's patchbay mode: the same manifests, heard the same, read back by others than us."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reconciler.demo.sounds import Samples, rms_dbfs, voice
from reconciler.engines import choose
from reconciler.engines.carla import CarlaHost
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Desk
from reconciler.manifest.examples import examples
from reconciler.manifest.load import parse
from reconciler.model.actions import Action, AddPlugin, Call, Connect
from reconciler.model.errors import StudioError
from reconciler.model.resources import EngineSettings, Link
from reconciler.session.compile import compile_session
from tests.carla.conftest import Start
from tests.support.audio import play_and_record
from tests.support.crowd import crowd
from tests.support.patching import plug, unplug
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
EPIANO = "lv2:http://drobilla.net/plugins/mda/EPiano"
CLIENT = "studio.patchbay"
RATE = 48000
MODES = ("multiple-clients", "patchbay")


def command(*arguments: str | Path, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def jack_links() -> dict[str, set[str]]:
    """Each port's partners, as ``jack_lsp`` tells them."""
    told = subprocess.run(["jack_lsp", "-c"], capture_output=True, check=True, encoding="utf-8", env=os.environ)
    found: dict[str, set[str]] = {}
    port = ""
    for line in told.stdout.splitlines():
        if line.startswith("   "):
            found[port].add(line.strip())
        else:
            port = line
            found[port] = set()
    return found


@pytest.fixture
def studio(known: CarlaCatalogue, jack_server: str, tmp_path: Path) -> Iterator[LocalStudio]:
    """A studio in this process, its Carla in patchbay mode."""
    settings = EngineSettings(mode="patchbay")
    studio = choose.build("carla", prefix="", server=jack_server, servers=tmp_path, settings=settings)
    assert studio.graph() is not None
    yield studio
    studio.close()


def desk(studio: LocalStudio, manifest: dict[str, Any]) -> Desk:
    text = json.dumps({"version": 1, "session": "pb", "engine": {"host": "carla", "mode": "patchbay"}, **manifest})
    source = parse(text, Path("pb.yaml"))
    return Desk(source, compile_session(source, choose.catalogue("carla")), "carla", studio)


@pytest.mark.parametrize("name", ["podcast", "live-rig"])
def test_a_session_is_heard_the_same_in_either_mode(carla: object, jack_server: str, tmp_path: Path, name: str) -> None:
    if not all(choose.catalogue("carla").describe(uri) for uri in plugins_of(name)):
        pytest.skip(f"plugins of {name} are not installed")
    takes = {mode: applied_and_heard(name, mode, tmp_path) for mode in MODES}
    one, other = (takes[mode] for mode in MODES)
    assert -35 < rms_dbfs(one[:, RATE:]) < -15, "something is heard at all"
    for left, right in zip(one, other, strict=True):
        assert rms_dbfs(left[RATE:]) == pytest.approx(rms_dbfs(right[RATE:]), abs=0.5)


def plugins_of(name: str) -> list[str]:
    source = parse(examples()[name].read_text(encoding="utf-8"), Path("x.yaml"))
    return [spec.plugin for spec in source.manifest.plugins.values()]


def applied_and_heard(name: str, mode: str, folder: Path) -> Samples:
    """Apply an example in a mode, see that nothing is left, play into its first input, record what leaves; (2, n)."""
    text = examples()[name].read_text(encoding="utf-8").replace(f"\nsession: {name}\n", f"\nsession: {name}-{mode}\n")
    manifest = folder / f"{name}-{mode}.yaml"
    manifest.write_text(f"{text}\nengine: {{ host: carla, mode: {mode} }}\n", encoding="utf-8")
    command("apply", manifest, "--yes")
    try:
        assert json.loads(command("plan", manifest, "--json", "--exit-code")).get("changes", []) == []
        links = jack_links()
        outs = [next(iter(links[f"system:playback_{side}"])) for side in (1, 2)]
        into = sorted(links["system:capture_1"])
        if mode == "patchbay":
            assert {port.partition(":")[0] for port in [*outs, *into]} == {CLIENT}
            assert {port.partition(":")[0] for port in links} == {"system", CLIENT}
        took = play_and_record(dict.fromkeys(into, voice(3.0, RATE)), outs, seconds=3.0)
        return np.stack([took[port] for port in outs])
    finally:
        command("down", manifest)


def test_what_carla_saves_is_what_the_manifest_says(studio: LocalStudio, tmp_path: Path) -> None:
    manifest = {
        "plugins": {"first": {"plugin": AMP}, "second": {"plugin": AMP}, "keys": {"plugin": EPIANO}},
        "links": [
            "system:capture_1 -> first",
            "system:capture_2 -> first",
            "first -> second",
            "keys:left_out -> second",
            "second -> system:playback_*",
        ],
    }
    at = desk(studio, manifest)
    assert at.apply(at.plan()).proved
    host = studio.host
    assert isinstance(host, CarlaHost)
    saved = tmp_path / "saved.carxp"
    assert host._engine._host.save_project(str(saved))
    tree = ET.parse(saved).getroot()
    inside = {(link.findtext("Source"), link.findtext("Target")) for link in tree.iterfind("Patchbay/Connection")}
    assert inside == {
        ("Audio Input:Left", "first:Input"),
        ("first:Output", "second:Input"),
        ("keys:Left Out", "second:Input"),
        ("second:Output", "Audio Output:Left"),
    }
    told = jack_links()
    assert told[f"{CLIENT}:audio-in1"] == {"system:capture_1", "system:capture_2"}
    assert told[f"{CLIENT}:audio-out1"] == {"system:playback_1", "system:playback_2"}
    assert not told[f"{CLIENT}:audio-in2"] | told[f"{CLIENT}:audio-out2"]


def test_what_does_not_fit_is_refused_and_nothing_is_touched(studio: LocalStudio, jack_server: str) -> None:
    with crowd("mics", pairs=3, server=jack_server):
        eventually(lambda: "mics:out_3" in jack_links())
        plugins = {name: {"plugin": AMP} for name in "abc"}
        links = ["mics:out_1 -> a", "mics:out_2 -> b"]
        at = desk(studio, {"plugins": plugins, "links": [*links, "mics:out_3 -> c"]})
        plan = at.plan()
        (refusal,) = plan.refused
        assert refusal.code == "does-not-fit"
        assert "mics:out_3" in refusal.message
        assert refusal.origin is not None
        with pytest.raises(StudioError):
            at.apply(plan)
        assert studio.observe().plugins == {}
        at = desk(studio, {"plugins": plugins, "links": [*links, "mics:out_3 -> b"]})
        assert at.apply(at.plan()).proved
        assert {Link("mics:out_1", "a:input"), Link("mics:out_3", "b:input")} <= studio.observe().links


def test_a_stranger_with_a_plugins_name_is_told_apart(studio: LocalStudio, jack_server: str) -> None:
    studio.host.add("amp", AMP)
    with crowd("amp", pairs=1, server=jack_server):
        graph = studio.graph()
        assert graph is not None
        eventually(lambda: "amp [outside]:out_1" in graph.ports())
        plug(graph, "amp [outside]:out_1", "amp:Input", plugins={"amp"})
        observed = studio.observe()
        assert observed.links == {Link("amp [outside]:out_1", "amp:input")}
        assert jack_links()["amp:out_1"] == {f"{CLIENT}:audio-in1"}
        unplug(graph, "amp [outside]:out_1", "amp:Input", plugins={"amp"})
        assert studio.observe().links == frozenset()


def test_midi_takes_its_own_terminals(studio: LocalStudio) -> None:
    studio.host.add("keys", EPIANO)
    graph = studio.graph()
    assert graph is not None
    graph.connect(f"{CLIENT}:events-in", "keys:events-in")
    graph.connect(f"{CLIENT}:events-in", f"{CLIENT}:events-out")
    assert studio.observe().links == frozenset(), "halves that come to nothing"
    terminals = studio.observe().terminals
    assert terminals is not None
    assert terminals.links == {
        Link(f"{CLIENT}:events-in", "keys:event_in"),
        Link(f"{CLIENT}:events-in", f"{CLIENT}:events-out"),
    }
    for source, target in (("keys:Left Out", "keys:events-in"), (f"{CLIENT}:audio-in1", "keys:events-in")):
        with pytest.raises(StudioError) as refusal:
            graph.connect(source, target)
        assert refusal.value.code == "connect-failed"


def test_two_sessions_share_a_server_without_a_prefix(start: Start) -> None:
    one, two = start("one", mode="patchbay"), start("two", mode="patchbay")
    calls: list[Call] = [
        AddPlugin("amp", AMP),
        Connect(f"{CLIENT}:audio-in1", "amp:input"),
        Connect("system:capture_1", f"{CLIENT}:audio-in1"),
    ]
    for client in (one, two):
        outcomes = client.execute([Action(number, call, "test") for number, call in enumerate(calls)], lambda _: None)
        assert [outcome.status for outcome in outcomes] == ["done"] * 3, outcomes
    assert jack_links()["system:capture_1"] == {f"{CLIENT}:audio-in1", f"{CLIENT}-01:audio-in1"}
    mine = Link("system:capture_1", "amp:input")
    assert one.observe().links == {mine, Link("system:capture_1", f"{CLIENT}-01:audio-in1")}
    observed = two.observe()
    assert observed.links == {mine, Link("system:capture_1", f"{CLIENT} [outside]:audio-in1")}
    assert observed.terminals is not None
    assert observed.terminals.inputs[0].aliases == (f"{CLIENT}-01:audio-in1",)


def test_a_session_moves_from_one_mode_to_the_other_and_back(
    known: CarlaCatalogue, jack_server: str, tmp_path: Path
) -> None:
    manifest = {
        "plugins": {"one": {"plugin": AMP, "params": {"gain": -6}}, "two": {"plugin": AMP}},
        "links": ["system:capture_1 -> one", "one -> two", "two -> system:playback_*"],
    }
    studio = choose.build("carla", prefix="", server=jack_server, servers=tmp_path)
    try:
        seen = []
        for mode in (*MODES, MODES[0]):
            at = desk(studio, {**manifest, "engine": {"host": "carla", "mode": mode}})
            applied = at.apply(at.plan())
            assert applied.proved, (applied.failures, applied.residual.changes)
            observed = studio.observe()
            assert observed.engine.settings.mode == mode
            assert (observed.terminals is None) is (mode == MODES[0])
            seen.append((observed.links, {name: plugin.params for name, plugin in observed.plugins.items()}))
            studio.host.set_param("two", "gain", 3.0)  # nobody declares it, and it comes along
        assert seen[0][0] == seen[1][0] == seen[2][0]
        assert [params["one"]["gain"] for _, params in seen] == [-6.0] * 3
        assert [params["two"]["gain"] for _, params in seen] == [0.0, 3.0, 3.0]
    finally:
        studio.close()
