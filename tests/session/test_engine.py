"""The engine's settings, compiled: folders, tempo, and what all plugins have."""

from pathlib import Path

import pytest

from reconciler.engines.memory import MemoryCatalogue
from reconciler.manifest.load import parse
from reconciler.model.errors import StudioError
from reconciler.session.compile import compile_session
from reconciler.session.session import Session

PLUGINS = """
  a: { plugin: "lv2:urn:studio:memory:gain" }
  b: { plugin: "lv2:urn:studio:memory:stereo-gain" }
  c: { plugin: "lv2:urn:studio:memory:gain", bridge: false, options: { force_stereo: false } }
"""


def _session(engine: str, folder: Path) -> Session:
    text = f"version: 1\nsession: engine\nengine: {engine}\nplugins:{PLUGINS}"
    return compile_session(parse(text, folder / "engine.yaml"), MemoryCatalogue())


def test_what_is_not_written_is_not_asked(tmp_path: Path) -> None:
    asked = _session("{ mode: patchbay }", tmp_path).engine
    assert (asked.mode, asked.transport, asked.tempo, asked.paths) == ("patchbay", None, None, None)


@pytest.mark.parametrize("written", ["97.5", "97.5 bpm", '"97.5bpm"'])
def test_a_tempo_may_have_its_unit(written: str, tmp_path: Path) -> None:
    assert _session(f"{{ tempo: {written} }}", tmp_path).engine.tempo == 97.5


@pytest.mark.parametrize("written", ["19", "1000", "true", "fast", "120 Hz"])
def test_what_is_no_tempo_is_told(written: str, tmp_path: Path) -> None:
    with pytest.raises(StudioError) as error:
        _session(f"{{ tempo: {written} }}", tmp_path)
    assert error.value.code == "bad-tempo"


def test_sounds_may_lie_beside_the_manifest(tmp_path: Path) -> None:
    paths = _session("{ paths: { sf2: [sounds, ../more, /srv/sounds] } }", tmp_path).engine.paths
    assert paths == {"sf2": (str(tmp_path / "sounds"), str(tmp_path.parent / "more"), "/srv/sounds")}


@pytest.mark.parametrize("scheme", ["lv2", "ladspa", "dssi", "vst2", "vst3", "clap"])
@pytest.mark.parametrize("folder", ["plugins", "/tmp/plugins", "~/plugins", "/usr/lib/a:/tmp"])
def test_programs_that_came_with_a_manifest_are_not_looked_at(scheme: str, folder: str, tmp_path: Path) -> None:
    with pytest.raises(StudioError) as error:
        _session(f'{{ paths: {{ {scheme}: ["{folder}"] }} }}', tmp_path)
    assert error.value.code == "unsafe-folder"
    assert error.value.where is not None
    assert error.value.where.line == 3


def test_programs_in_the_machines_own_folders_are(tmp_path: Path) -> None:
    assert _session("{ paths: { ladspa: [/usr/lib/ladspa] } }", tmp_path).engine.paths == {
        "ladspa": ("/usr/lib/ladspa",)
    }


def test_bridges_and_stereo_are_for_every_plugin_that_can_and_says_nothing_else(tmp_path: Path) -> None:
    bridged = _session("{ bridges: true }", tmp_path).plugins
    assert [plugin.bridge for plugin in bridged.values()] == [True, True, False]
    widened = _session("{ force_stereo: true }", tmp_path)
    assert [plugin.options for plugin in widened.plugins.values()] == [
        {"force_stereo": True},
        {},
        {"force_stereo": False},
    ]
    assert "in_2" in {port.symbol for port in widened.ports["a"]}


@pytest.mark.parametrize("written", ["{ transport: internal }", "{ bridges: true, force_stereo: true }"])
def test_settings_that_do_not_go_together_are_told(written: str, tmp_path: Path) -> None:
    with pytest.raises(StudioError) as error:
        _session(written, tmp_path)
    assert error.value.code == "contradiction"
