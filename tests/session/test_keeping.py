"""Options, named values, states, bridges and programs in a manifest: what they come to, mistakes with their line."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.engines.memory import MemoryCatalogue
from reconciler.manifest.load import parse
from reconciler.model import states
from reconciler.model.custom import PATH, PROPERTY, STRING
from reconciler.model.errors import StudioError
from reconciler.model.resources import CustomData, Link
from reconciler.model.states import Saved, State
from reconciler.session.compile import compile_session
from reconciler.session.session import Session

GAIN = "lv2:urn:studio:memory:gain"
EQ = "urn:studio:memory:equalizer"


def session(folder: Path, plugin: str, rest: str = "") -> Session:
    text = f"version: 1\nsession: s\nplugins:\n  one:\n    {plugin}\n{rest}"
    return compile_session(parse(text, folder / "s.yaml"), MemoryCatalogue())


def refusal(folder: Path, plugin: str) -> StudioError:
    with pytest.raises(StudioError) as caught:
        session(folder, plugin)
    return caught.value


def write_state(path: Path, label: str = EQ, **more: Any) -> None:
    saved = (Saved(0, "gain", "Gain", 3.0), Saved(1, "q", "Q", 2.0))
    path.write_bytes(states.compose(State(type="LV2", label=label, parameters=saved, **more)))


def test_options_named_values_and_bridge_come_through(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "rain.wav").touch()
    one = session(
        tmp_path,
        f"{{ plugin: '{GAIN}', bridge: true, options: {{ fixed_buffers: true, force_stereo: false }}, custom_data:"
        "\n      { text: a b, file: { type: path, value: sounds/rain.wav }, tag: { type: property, value: '' },"
        "\n        own: { type: 'urn:t', value: x } } }",
    ).plugins["one"]
    assert (one.bridge, one.options) == (True, {"fixed_buffers": True, "force_stereo": False})
    assert one.custom_data == {
        "text": CustomData(STRING, "a b"),
        "file": CustomData(PATH, str(tmp_path / "sounds" / "rain.wav")),
        "tag": CustomData(PROPERTY, ""),
        "own": CustomData("urn:t", "x"),
    }


def test_forced_to_stereo_a_plugin_has_two_ports_for_one(tmp_path: Path) -> None:
    plugin = f"{{ plugin: '{GAIN}', options: {{ force_stereo: true }} }}"
    links = session(tmp_path, plugin, "chains: { a: [one, one2] }\nlinks: []\n".replace("one2", "'system:playback_*'"))
    (wire,) = links.wires
    assert [port.name for port in wire.source.ports or ()] == ["one:out", "one:out_2"]


def test_a_program_has_the_ports_that_are_declared(tmp_path: Path) -> None:
    rest = "  two: { plugin: 'jack:rec', ports: { audio_out: 0 } }\nlinks: [ 'one -> two' ]\n"
    found = session(tmp_path, "{ plugin: 'jack:metro --bpm 120', ports: { audio_in: 0 } }", rest)
    assert found.plugins["one"].plugin == "jack:0+2+0+0:metro --bpm 120"
    assert found.links == {Link(f"one:audio_out_{side}", f"two:audio_in_{side}") for side in (1, 2)}


def test_a_state_is_where_parameters_rest_and_a_program_comes_after_it(tmp_path: Path) -> None:
    write_state(tmp_path / "eq.carxs")
    found = session(tmp_path, f"{{ plugin: 'lv2:{EQ}', state: eq.carxs }}")
    assert found.states == {"one": str(tmp_path / "eq.carxs")}
    assert found.plugins["one"].state == states.read(tmp_path / "eq.carxs")[1]
    assert (found.rest["one"]["gain"], found.rest["one"]["q"], found.rest["one"]["freq"]) == (3.0, 2.0, 1000.0)
    found = session(tmp_path, f"{{ plugin: 'lv2:{EQ}', state: eq.carxs, program: Flat }}")
    assert found.rest["one"]["gain"] == 0.0


def test_what_lies_in_a_chunk_rests_nowhere(tmp_path: Path) -> None:
    write_state(tmp_path / "eq.carxs", chunk="QUJD")
    assert session(tmp_path, f"{{ plugin: 'lv2:{EQ}', state: eq.carxs }}").rest["one"] == {"gain": 3.0, "q": 2.0}


@pytest.mark.parametrize(
    ("plugin", "code", "words"),
    [
        (f"{{ plugin: 'lv2:{EQ}', state: gone.carxs }}", "bad-state", "there is no file"),
        (f"{{ plugin: 'lv2:{EQ}', state: other.carxs }}", "bad-state", "another plugin (LV2 urn:other)"),
        (f"{{ plugin: 'lv2:{EQ}', state: s.txt }}", "bad-state", "damaged"),
        (f"{{ plugin: 'lv2:{EQ}', state: . }}", "bad-state", "no ordinary file"),
        (f"{{ plugin: 'lv2:{EQ}', state: 5 }}", "wrong-type", "text"),
        (f"{{ plugin: 'lv2:{EQ}', state: '' }}", "bad-file", "cannot be a file"),
        (f"{{ plugin: '{GAIN}', custom_data: {{ f: {{ type: path, value: no.wav }} }} }}", "no-such-file", "no.wav"),
        (f"{{ plugin: '{GAIN}', custom_data: {{ f: {{ type: file, value: x }} }} }}", "bad-type", "file"),
        (f"{{ plugin: '{GAIN}', custom_data: {{ f: 5 }} }}", "wrong-type", "mapping"),
        (f"{{ plugin: '{GAIN}', custom_data: {{ f: {{ type: path }} }} }}", "missing-key", "value"),
        (f"{{ plugin: '{GAIN}', custom_data: {{ '': x }} }}", "bad-key", "missing"),
        (f"{{ plugin: '{GAIN}', options: {{ send_pitch_bend: true }} }}", "unknown-key", "send_pitch_bend"),
        (f"{{ plugin: '{GAIN}', options: {{ use_chunks: 1 }} }}", "wrong-type", "true or false"),
        (f"{{ plugin: '{GAIN}', bridge: yes please }}", "wrong-type", "true or false"),
        (f"{{ plugin: '{GAIN}', ports: {{ audio_in: 1 }} }}", "bad-ports", "jack:"),
        ("{ plugin: 'jack:x', ports: { midi_in: 2 } }", "out-of-range", "at most 1"),
        ("{ plugin: \"jack:sh -c 'rm'\" }", "bad-plugin", "no shell"),
        (f"{{ plugin: 'lv2:{EQ}', state: eq.carxs, ignore: [state] }}", "declared-and-ignored", "state"),
        (
            f"{{ plugin: '{GAIN}', options: {{ use_chunks: true }}, ignore: ['options.*'] }}",
            "declared-and-ignored",
            "use_chunks",
        ),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, plugin: str, code: str, words: str) -> None:
    write_state(tmp_path / "eq.carxs")
    write_state(tmp_path / "other.carxs", "urn:other")
    (tmp_path / "s.txt").write_text("no state", encoding="utf-8")
    found = refusal(tmp_path, plugin)
    assert (found.code, found.where and found.where.line) == (code, 5)
    assert words in found.message


def test_everything_of_a_plugin_can_be_somebody_elses(tmp_path: Path) -> None:
    ignore = "[state, options.send_*, options.fixed_buffers, custom_data.bank, custom_data.*]"
    ignored = session(tmp_path, f"{{ plugin: '{GAIN}', ignore: {ignore} }}").ignored["one"]
    assert {"state", "options.send_pitchbend", "options.fixed_buffers", "custom_data.bank"} <= set(ignored)
    assert "options.use_chunks" not in ignored
