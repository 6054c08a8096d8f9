"""A session as a project, and that project as the session again."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.engines.memory.catalogue import PLUGINS
from reconciler.manifest.load import parse
from reconciler.model.catalogue import Direction, Kind, PluginType
from reconciler.model.errors import StudioError
from reconciler.model.mix import MIX
from reconciler.model.states import State
from reconciler.model.values import float32
from reconciler.projects.exporting import Exported, export_session
from reconciler.projects.importing import import_project
from reconciler.projects.reading import read
from reconciler.projects.text import render
from reconciler.projects.writing import project_text
from reconciler.session.compile import compile_session
from reconciler.session.session import Session
from tests.projects.made import CATALOGUE, FOLDER, MEMORY, compiled, lv2, value

HEAD = "version: 1\nsession: test\n"


def session(text: str) -> Session:
    return compile_session(parse(HEAD + text, FOLDER / "test.yaml"), CATALOGUE)


def exported(text: str, **states: State) -> Exported:
    return export_session(session(text), CATALOGUE, states)


def again(found: Exported) -> Session:
    """Write the project, read it, import it, and compile what came of it."""
    project = read(project_text(found.project).encode(), "test.carxp")
    return compiled(import_project(project, CATALOGUE, session="test", folder=FOLDER, file="test.carxp"))


VOICE = f"""
engine: {{ host: memory, mode: MODE }}
plugins:
  eq:
    plugin: lv2:{MEMORY}equalizer
    active: false
    program: Warm
    params: {{ gain: -2.5 }}
    mix: {{ volume: -3 dB, balance: [-1, 0.5], control_channel: "off" }}
    midi: {{ freq: {{ cc: 21, channel: 3, range: [2 kHz, 100 Hz] }}, q: {{ cv: true }} }}
    custom_data: {{ mood: "a < b & c", file: {{ type: "urn:type", value: "x\\ny" }} }}
  pad: {{ plugin: "lv2:{MEMORY}synth", options: {{ send_pitchbend: false }} }}
  out: {{ plugin: "lv2:{MEMORY}stereo-gain" }}
links:
  - system:capture_1 -> eq:in_l
  - pad -> eq
  - eq -> out
  - keys:out -> pad:midi_in
  - out -> system:playback_[12]
  - system:capture_2 -> recorder:in
"""


@pytest.mark.parametrize("mode", ["multiple-clients", "patchbay"])
def test_a_session_survives_being_a_project(mode: str) -> None:
    text = VOICE.replace("MODE", mode)
    found = exported(text)
    meant, came = session(text), again(found)
    assert found.left_out == ()
    assert came.plugins == meant.plugins
    assert came.links == meant.links
    assert came.engine == meant.engine
    assert {wire.address for wire in came.wires} == {
        "links.system:capture_1->eq:in_l",
        "links.keys:out->pad:midi_in",
        "links.out:out_l->system:playback_1",
        "links.out:out_r->system:playback_2",
        "links.system:capture_2->recorder:in",
    }


def test_the_patchbay_s_halves_are_where_carla_has_them() -> None:
    project = exported(VOICE.replace("MODE", "patchbay")).project
    assert project.internal is not None
    assert ("Audio Input:Left", "eq:In L") in project.internal
    assert ("out:Out R", "Audio Output:Right") in project.internal
    assert ("Midi Input:Capture 1", "pad:events-in") in project.internal
    assert set(project.external) == {
        ("system:capture_1", "Carla:audio-in1"),
        ("Carla:audio-out1", "system:playback_1"),
        ("Carla:audio-out2", "system:playback_2"),
        ("keys:out", "Carla:events-in"),
        ("system:capture_2", "recorder:in"),
    }


def test_more_signals_than_carla_s_patchbay_has_ports_are_refused() -> None:
    text = f"""
engine: {{ host: memory, mode: patchbay }}
plugins:
  a: {{ plugin: "lv2:{MEMORY}gain" }}
  b: {{ plugin: "lv2:{MEMORY}gain" }}
  c: {{ plugin: "lv2:{MEMORY}gain" }}
links: [system:capture_1 -> a:in, system:capture_2 -> b:in, system:capture_3 -> c:in]
"""
    with pytest.raises(StudioError) as refusal:
        exported(text)
    assert refusal.value.code == "does-not-fit"
    assert "system:capture_3 is one too many" in refusal.value.message


def test_what_nobody_declared_is_left_to_the_plugin() -> None:
    (plugin,) = exported(
        f'plugins: {{ eq: {{ plugin: "lv2:{MEMORY}equalizer", params: {{ q: 2 }} }} }}'
    ).project.plugins
    assert [(one.symbol, one.value) for one in plugin.parameters] == [("q", 2.0)]


def test_a_prefix_is_part_of_the_names() -> None:
    found = exported(
        f"""
engine: {{ host: memory, prefix: live- }}
plugins: {{ gain: {{ plugin: "lv2:{MEMORY}gain" }} }}
links: [system:capture_1 -> gain:in]
"""
    )
    assert found.project.plugins[0].name == "live-gain"
    assert found.project.external == (("system:capture_1", "live-gain:In"),)


def test_what_a_state_file_holds_is_there_under_what_is_declared() -> None:
    state = lv2("old", "equalizer", value("gain", 1.0), value("q", 3.0), chunk="QUJD", options=0x80, active=False)
    (plugin,) = exported(
        f'plugins: {{ eq: {{ plugin: "lv2:{MEMORY}equalizer", params: {{ q: 2 }} }} }}', eq=state
    ).project.plugins
    assert (plugin.name, plugin.chunk, plugin.active) == ("eq", "QUJD", True)
    assert {one.symbol: one.value for one in plugin.parameters} == {"gain": 1.0, "q": 2.0}


def test_what_a_project_has_no_place_for_is_told() -> None:
    found = exported(
        f"""
hardware: {{ jack: {{ sample_rate: 48000 }} }}
plugins: {{ gain: {{ plugin: "lv2:{MEMORY}gain", bridge: true }}, other: {{ plugin: "lv2:{MEMORY}gain" }} }}
links: [system:capture_* -> gain, gain -> looper]
"""
    )
    assert found.left_out == (
        "hardware: a Carla project starts no JACK server and sets none",
        "plugins.gain.bridge: a project bridges all plugins or none",
        "links.system:capture_*->gain: the port is known only where it is",
        "links.gain->looper: the port is known only where it is",
    )
    assert found.project.external == ()


def test_where_every_plugin_is_bridged_the_project_bridges_all() -> None:
    found = exported(f'plugins: {{ gain: {{ plugin: "lv2:{MEMORY}gain", bridge: true }} }}')
    assert found.project.bridges
    assert found.left_out == ()


def test_where_every_mono_plugin_is_forced_to_stereo_the_project_forces_all() -> None:
    text = f"""
engine: {{ host: memory, force_stereo: true }}
plugins: {{ gain: {{ plugin: "lv2:{MEMORY}gain" }}, eq: {{ plugin: "lv2:{MEMORY}equalizer" }} }}
links: [system:capture_2 -> gain:in_2]
"""
    found = exported(text)
    assert found.project.force_stereo
    assert found.project.external == (("system:capture_2", "gain:In_2"),)
    assert again(found).plugins == session(text).plugins


KINDS = sorted(uri for uri in PLUGINS if uri.rpartition(":")[2] not in {"picky", "wobble"})


@st.composite
def plugins(draw: st.DrawFn) -> dict[str, Any]:
    kind = PLUGINS[draw(st.sampled_from(KINDS))]
    spec: dict[str, Any] = {"plugin": kind.uri}
    params = {}
    for info in kind.parameters:
        if info.toggled or info.designation or not draw(st.booleans()):
            continue
        low, high = info.minimum or 0.0, 1000.0 if info.maximum is None else info.maximum
        value = draw(st.floats(float32(low), float32(high), width=32))
        params[info.symbol] = float(round(value)) if info.integer else float32(value) + 0.0
    if params:
        spec["params"] = params
    if draw(st.booleans()) and kind.presets:
        spec["program"] = draw(st.sampled_from(kind.presets)).label
    if draw(st.booleans()):
        spec["active"] = False
    if draw(st.booleans()):
        spec["mix"] = {"control_channel": draw(st.integers(1, 16))}
        if _audio(kind, Direction.OUT):
            spec["mix"]["volume"] = f"{draw(st.integers(-60, 2))} dB"
    if draw(st.booleans()) and kind.parameters:
        symbol = draw(st.sampled_from(kind.parameters)).symbol
        spec["midi"] = {symbol: {"cc": draw(st.integers(0, 119)), "channel": draw(st.integers(1, 16))}}
    return spec


@settings(max_examples=60, deadline=None)
@given(st.lists(plugins(), min_size=1, max_size=5), st.sampled_from(["multiple-clients", "patchbay"]))
def test_exporting_and_importing_any_session_gives_it_back(specs: list[dict[str, Any]], mode: str) -> None:
    manifest: dict[str, Any] = {"version": 1, "session": "test", "engine": {"host": "memory", "mode": mode}}
    manifest["plugins"] = {f"p{place}": spec for place, spec in enumerate(specs)}
    names = list(manifest["plugins"])
    kinds = [PLUGINS[spec["plugin"]] for spec in specs]
    links = [
        f"{left} -> {right}"
        for left, right, one, other in zip(names, names[1:], kinds, kinds[1:], strict=False)
        if _audio(one, Direction.OUT) == _audio(other, Direction.IN) > 0
    ]
    meant = compile_session(parse(render({**manifest, "links": links}, ()), FOLDER / "test.yaml"), CATALOGUE)
    came = again(export_session(meant, CATALOGUE, {}))
    assert came.links == meant.links
    assert {name: effective(meant, name) for name in names} == {name: effective(came, name) for name in names}


def effective(meant: Session, name: str) -> tuple[object, ...]:
    """What a plugin comes to, whether it is declared or what it is anyway."""
    plugin = meant.plugins[name]
    mix = {key: plugin.mix.get(key, info.default) for key, info in MIX.items()}
    params = {symbol: float32(value) for symbol, value in {**meant.rest[name], **plugin.params}.items()}
    enabled = PLUGINS[plugin.plugin].enabled
    if enabled is not None:
        params.pop(enabled.symbol)
    return plugin.plugin, plugin.active, plugin.program, params, mix, plugin.midi


def _audio(kind: PluginType, way: Direction) -> int:
    return sum(port.kind is Kind.AUDIO and port.direction is way and not port.sidechain for port in kind.ports)


@pytest.mark.parametrize("mode", ["multiple-clients", "patchbay"])
def test_links_to_what_moves_parameters_come_back(mode: str) -> None:
    text = f"""
engine: {{ host: memory, mode: {mode} }}
plugins:
  eq: {{ plugin: "lv2:{MEMORY}equalizer", midi: {{ gain: {{ cc: 21 }}, q: {{ cv: true, range: [-5, 5] }} }} }}
  wave: {{ plugin: "lv2:{MEMORY}wobble" }}
links:
  - keys:midi_out -> eq:events-in
  - wave -> eq:q
"""
    found = exported(text)
    assert found.left_out == ()
    back, first = again(found), session(text)
    assert back.links == first.links
    assert [(str(wire.source), str(wire.target)) for wire in back.wires] == [("keys:midi_out", "eq:events-in")]
    assert back.plugins["eq"].midi == first.plugins["eq"].midi


def test_what_may_be_midi_or_audio_is_left_out_and_told() -> None:
    text = f"""
engine: {{ host: memory }}
plugins:
  eq: {{ plugin: "lv2:{MEMORY}equalizer", midi: {{ gain: {{ cc: 21 }} }} }}
links: [keys:midi_out -> eq]
"""
    (told,) = exported(text).left_out
    assert told.startswith("links.keys:midi_out->eq: whether that port carries MIDI or audio")
