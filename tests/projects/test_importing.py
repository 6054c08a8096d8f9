"""What a project becomes in a manifest: what differs from defaults, in the words of a person."""

import pytest

from reconciler.model.catalogue import Direction, Kind, ParameterInfo, PluginType, PortInfo
from reconciler.model.custom import CHUNK, PATH, PROPERTY, STRING
from reconciler.model.errors import StudioError
from reconciler.model.states import State
from reconciler.projects.document import Project
from reconciler.projects.importing import import_project
from reconciler.projects.naming import manifest_names
from tests.projects.made import ALL_ON, CATALOGUE, FOLDER, MEMORY, compiled, imported, lv2, spec, value


def test_only_what_differs_from_a_plugin_s_defaults_is_written() -> None:
    plain = lv2("comp", "compressor", value("threshold", -18.0), value("ratio", 4.0), value("detection", 0.0))
    assert spec(plain) == {"plugin": f"lv2:{MEMORY}compressor"}


@pytest.mark.parametrize(
    ("plugin", "symbol", "number", "written"),
    [
        ("compressor", "threshold", -12.3000001907348, -12.3),
        ("compressor", "ratio", 8.0, 8),
        ("compressor", "makeup", 1.99526231, "6 dB"),
        ("compressor", "makeup", 1.23456789, 1.2345679),
        ("compressor", "detection", 1.0, "RMS"),
        ("stereo-gain", "mute", 1.0, True),
        ("limiter", "lookahead", 128.0, 128),
        ("trim", "offset", -1234567.0, -1234567),
        ("trim", "offset", 1e-30, 1e-30),
    ],
)
def test_values_are_written_as_short_as_they_can_be_and_mean_the_same(
    plugin: str, symbol: str, number: float, written: object
) -> None:
    found = imported(lv2("it", plugin, value(symbol, number)))
    assert found.manifest["plugins"]["it"]["params"] == {symbol: written}
    assert compiled(found).plugins["it"].params[symbol] == pytest.approx(number, rel=1e-7)
    assert found.notes == ()


def test_a_value_that_a_plugin_cannot_have_is_told_and_set_to_the_nearest() -> None:
    found = imported(lv2("comp", "compressor", value("ratio", 99.0), value("gone", 1.0)))
    assert found.manifest["plugins"]["comp"]["params"] == {"ratio": 20}
    assert found.notes == ("comp: ratio was 99 and can only be 20", "comp has no parameter gone now: left out")


def test_a_plugin_s_own_switch_is_its_being_active() -> None:
    assert spec(lv2("eq", "equalizer", value("enabled", 0.0)))["active"] is False
    assert spec(lv2("eq", "equalizer", value("enabled", 1.0), active=False))["active"] is False
    assert "active" not in spec(lv2("eq", "equalizer", value("enabled", 1.0)))


def test_mixing_is_written_as_people_say_it() -> None:
    mix = {"dry_wet": 0.4, "volume": 0.8413951, "balance_left": 0.0, "control_channel": 3.0}
    assert spec(lv2("eq", "equalizer", mix=mix))["mix"] == {
        "dry_wet": "40%",
        "volume": "-1.5 dB",
        "balance": [0, 1],
        "control_channel": 4,
    }
    assert spec(lv2("eq", "equalizer", mix={"control_channel": -1.0}))["mix"] == {"control_channel": "off"}
    usual = {"dry_wet": 1.0, "volume": 1.0, "balance_left": -1.0, "balance_right": 1.0, "pan": 0.0}
    assert "mix" not in spec(lv2("eq", "equalizer", mix=usual | {"control_channel": 0.0}))


def test_mixing_that_nobody_hears_is_left_out_and_told() -> None:
    """Carla keeps and saves it all the same, and no studio could be made so."""
    found = imported(lv2("gain", "gain", mix={"balance_left": -0.5, "dry_wet": 0.5, "pan": 0.25}))
    assert found.manifest["plugins"]["gain"]["mix"] == {"dry_wet": "50%"}
    assert found.notes == (
        "gain: balance_left does nothing to this plugin: left out",
        "gain: pan does nothing to this plugin: left out",
    )
    assert spec(lv2("out", "stereo-gain", mix={"balance_left": -0.5}))["mix"] == {"balance": [-0.5, 1]}


def test_mappings_keep_their_source_channel_and_range() -> None:
    found = spec(
        lv2(
            "eq",
            "equalizer",
            value("gain", 0.0, control=21, channel=4, range=(-18.0, 18.0)),
            value("freq", 1000.0, control=0, range=(2000.0, 500.0)),
            value("q", None, control=130),
            value("low_cut", 0.0, control=131),
            value("low_cut_freq", 80.0, control=132),  # learning, when it was saved
        )
    )
    assert found["midi"] == {
        "gain": {"cc": 21, "channel": 5},
        "freq": {"cc": 0, "range": [2000, 500]},
        "q": {"cv": True},
        "low_cut": {"pitch_bend": True},
    }
    assert "params" not in found


def test_a_program_is_its_label_and_only_what_differs_from_it_is_written() -> None:
    warm = lv2(
        "eq",
        "equalizer",
        *(value("low_cut", 1.0), value("low_cut_freq", 60.0), value("freq", 220.5), value("gain", -1.0)),
        value("q", 0.9),
        program=(100_000, "Warm"),
    )
    assert spec(warm) == {"plugin": f"lv2:{MEMORY}equalizer", "program": "Warm", "params": {"gain": -1}}


def test_options_are_written_where_they_are_not_as_they_stand_by_themselves() -> None:
    synth = lv2("synth", "synth", options=ALL_ON)
    assert "options" not in spec(synth)
    changed = lv2("synth", "synth", options=ALL_ON & ~0x80 | 0x400)
    assert spec(changed)["options"] == {"send_pitchbend": False, "skip_sending_notes": True}
    assert "options" not in spec(lv2("eq", "equalizer", options=0)), "it takes no notes, so it has none to keep"
    assert spec(lv2("gain", "gain", options=2))["options"] == {"force_stereo": True}


def test_a_plugin_forced_to_stereo_has_two_ports_for_one() -> None:
    links = (("system:capture_1", "gain:In"), ("system:capture_2", "gain:In_2"))
    found = imported(lv2("gain", "gain", options=2), external=links)
    assert found.manifest["links"] == ["system:capture_1 -> gain:in", "system:capture_2 -> gain:in_2"]
    compiled(found)


def test_custom_data_keep_their_type_and_paths_start_at_the_manifest() -> None:
    data = (
        (STRING, "mood", "calm"),
        (PATH, "file", f"{FOLDER}/sounds/rain.wav"),
        (PATH, "other", "/elsewhere/sea.wav"),
        (PROPERTY, "owner", "me"),
        ("urn:type", "urn:key", "a: b"),
    )
    assert spec(lv2("eq", "equalizer", custom_data=data))["custom_data"] == {
        "mood": "calm",
        "file": {"type": "path", "value": "sounds/rain.wav"},
        "other": {"type": "path", "value": "/elsewhere/sea.wav"},
        "owner": {"type": "property", "value": "me"},
        "urn:key": {"type": "urn:type", "value": "a: b"},
    }


@pytest.mark.parametrize(
    "rest",
    [{"chunk": "QUJD"}, {"custom_data": ((CHUNK, "k", "QUJD"),)}, {"custom_data": ((STRING, "k", "x" * 5000),)}],
)
def test_what_nobody_reads_in_a_manifest_goes_into_a_state_file(rest: dict[str, object]) -> None:
    found = imported(lv2("my eq", "equalizer", value("gain", 3.0), **rest), lv2("my-eq", "equalizer", **rest))
    plugins = found.manifest["plugins"]
    assert plugins["my eq"]["state"] == "states/my-eq.carxs"
    assert plugins["my-eq"]["state"] == "states/my-eq-2.carxs"
    assert plugins["my eq"]["params"] == {"gain": 3}
    assert "custom_data" not in plugins["my eq"]
    assert [state.name for state in found.states.values()] == ["my eq", "my-eq"]


def test_parts_of_the_sample_rate_become_numbers() -> None:
    class Filters:
        formats = frozenset({"lv2"})

        def describe(self, uri: str) -> PluginType:
            port = PortInfo("in", "In", 0, Kind.AUDIO, Direction.IN)
            corner = ParameterInfo("corner", "Corner", 1, 4800.0, 48.0, 21600.0, per_sample_rate=True)
            return PluginType(uri, "Filter", parameters=(corner,), ports=(port,))

        def uris(self) -> list[str]:
            return []

        def package(self, uri: str) -> str | None:
            return None

    saved = Project((State("LV2", "lp", "urn:filter", parameters=(value("corner", 0.25),)),))
    for rate, meant in ((48000, 12000), (44100, 11025)):
        found = import_project(saved, Filters(), session="x", folder=FOLDER, file="f", rate_hz=rate)
        assert found.manifest["plugins"]["lp"]["params"] == {"corner": meant}


def test_missing_plugins_are_all_named_and_counted() -> None:
    plugins = (lv2("eq", "equalizer"), lv2("a", "nothing"), State("AU", "b", "x"), State("LADSPA", "c", "d", "/e.so"))
    with pytest.raises(StudioError) as refusal:
        imported(*plugins)
    assert refusal.value.code == "missing-plugins"
    assert refusal.value.message == (
        f"3 of 4 plugins cannot be loaded here: a: lv2:{MEMORY}nothing is not installed; "
        "b: studio does not know plugins of the type AU; c: ladspa plugins need Carla, which is not installed"
    )
    assert [one["name"] for one in refusal.value.details["missing"]] == ["a", "b", "c"]
    assert refusal.value.hint == "install them, or leave them out with --skip-missing"


def test_missing_plugins_are_left_out_when_asked_and_told() -> None:
    links = (("gain:Out", "gone:In"), ("gone:Out", "system:playback_1"), ("system:capture_1", "gain:In"))
    saved = Project((lv2("gain", "gain"), lv2("gone", "nothing")), None, links)
    found = import_project(saved, CATALOGUE, session="x", folder=FOLDER, file="f", skip_missing=True)
    assert list(found.manifest["plugins"]) == ["gain"]
    assert found.manifest["links"] == ["system:capture_1 -> gain:in"]
    assert [one.name for one in found.missing] == ["gone"]
    assert found.notes == (
        f"gone is left out: lv2:{MEMORY}nothing is not installed",
        "the connections of plugins that were left out are left out too",
    )


@pytest.mark.parametrize(
    ("names", "made"),
    [
        (["eq"], ["eq"]),
        (["a.b", "a-b", "a.b"], ["a-b", "a-b 2", "a-b 3"]),
        (["system"], ["system 2"]),
        (["", " "], ["plugin", "plugin 2"]),
        (["x" * 100], ["x" * 57]),
        (["é" * 60, "é" * 61], ["é" * 28, "é" * 27 + " 2"]),
        (["What? [1]>2*3"], ["What- -1--2-3"]),
        (["x (2)", "x", "x"], ["x (2)", "x", "x 2"]),
    ],
)
def test_every_name_becomes_one_that_a_manifest_may_have(names: list[str], made: list[str]) -> None:
    assert manifest_names(names) == made
    assert compiled(imported(*(lv2(name, "gain") for name in names))).plugins.keys() == set(made)


def test_links_follow_a_plugin_that_is_called_otherwise() -> None:
    found = imported(lv2("my. gain", "gain"), external=(("system:capture_1", "my. gain:In"),))
    assert found.manifest["links"] == ["system:capture_1 -> my- gain:in"]
    assert found.notes == ('"my. gain" is called "my- gain" here: its own name cannot stand in a manifest',)


def test_the_engine_is_as_it_was() -> None:
    engine = imported(tempo=97.5, bridges=True, force_stereo=True, internal=()).manifest["engine"]
    assert engine == {"host": "carla", "mode": "patchbay", "bridges": True, "tempo": 97.5}, "what is bridged stays mono"
    assert imported(force_stereo=True).manifest["engine"]["force_stereo"] is True
    assert imported(tempo=120.0).manifest["engine"] == {"host": "carla", "mode": "multiple-clients"}
