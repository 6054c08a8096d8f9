"""Everything Carla can load, described: exact facts of real plugins, URIs and their one form, and what is kept."""

import json
import os
import subprocess
import sys
import threading
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.engines.carla import describe, discovery, library
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.engines.carla.describe import Loading, made_symbols
from reconciler.engines.carla.formats import Format
from reconciler.engines.carla.naming import absolute, parse
from reconciler.model.catalogue import (
    Catalogue,
    Direction,
    Kind,
    ParameterInfo,
    PluginType,
    PortInfo,
    PresetInfo,
    ScalePoint,
    Unit,
)
from reconciler.model.conform import conform
from reconciler.model.errors import StudioError, Unavailable
from reconciler.model.values import float32
from tests.carla import plugin_files
from tests.carla.plugin_files import CLAP, CRASH, HANG, catalogue, installed, ladspa

pytestmark = pytest.mark.carla

EVENTS_IN = ("events_in", "events-in", Kind.MIDI, Direction.IN)


def described(known: Catalogue, uri: str) -> PluginType:
    plugin = known.describe(uri)
    assert plugin is not None
    return plugin


def ports(plugin: PluginType) -> list[tuple[str, str, Kind, Direction]]:
    return [(port.symbol, port.name, port.kind, port.direction) for port in plugin.ports]


def refused(call: Callable[[], object]) -> StudioError:
    with pytest.raises(StudioError) as caught:
        call()
    return caught.value


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was really read (``file NAME``) and loaded (``load NAME``), in order; both really happen."""
    done: list[str] = []
    read, read_many, load = discovery.read, discovery.read_many, describe.load

    def name(path: object) -> str:
        return "internal" if path is None else Path(str(path)).name

    def reading(tool: Path, format_: Format, file: Path | None, *rest: object) -> object:
        done.append(f"file {name(file)}")
        return read(tool, format_, file, *rest)  # type: ignore[arg-type]

    def reading_many(tool: Path, files: list[tuple[Format, Path | None]], *rest: object) -> object:
        done.extend(f"file {name(file)}" for _, file in files)
        return read_many(tool, files, *rest)  # type: ignore[arg-type]

    def loading(carla: library.Installation, wanted: Loading, *rest: object) -> object:
        done.append(f"load {name(wanted.file)}")
        return load(carla, wanted, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("reconciler.engines.carla.index.read", reading)
    monkeypatch.setattr("reconciler.engines.carla.index.read_many", reading_many)
    monkeypatch.setattr("reconciler.engines.carla.catalogue.load", loading)
    return done


def test_a_ladspa_amplifier(tmp_path: Path) -> None:
    file = installed(Format.LADSPA, "amp_1181.so", "swh-plugins")
    known = catalogue(tmp_path, LADSPA_PATH=str(file.parent))
    assert known.describe("ladspa:amp_1181.so#amp") == PluginType(
        uri="ladspa:amp_1181.so#amp",
        name="Simple amplifier",
        author="Steve Harris <steve@plugin.org.uk>",
        category="Dynamics",
        bundle=str(file),
        parameters=(ParameterInfo("amps_gain", "Amps gain", 0, 0.0, -70.0, 70.0, Unit.DB, "dB"),),
        ports=(
            PortInfo("input", "Input", 0, Kind.AUDIO, Direction.IN),
            PortInfo("output", "Output", 1, Kind.AUDIO, Direction.OUT),
            PortInfo("events_in", "events-in", 2, Kind.MIDI, Direction.IN),
        ),
    )
    loading = known.loading("ladspa:amp_1181.so#amp")
    assert loading == Loading(Format.LADSPA, str(file), "amp", 1181)
    assert loading.number == 2


def test_a_sidechain_is_recognised_by_its_name(tmp_path: Path) -> None:
    file = installed(Format.LADSPA, "sc3_1427.so", "swh-plugins")
    plugin = described(catalogue(tmp_path, LADSPA_PATH=str(file.parent)), "ladspa:sc3_1427.so")
    assert [port.name for port in plugin.ports if port.sidechain] == ["Sidechain"]
    assert [info.symbol for info in plugin.parameters][:3] == ["attack_time", "release_time", "threshold_level"]


def test_a_soundfont_and_its_programs(tmp_path: Path) -> None:
    file = installed(Format.SF2, "TimGM6mb.sf2", "timgm6mb-soundfont")
    known = catalogue(tmp_path, SF2_PATH=str(file.parent))
    plugin = described(known, "sf2:TimGM6mb.sf2")
    assert (plugin.name, plugin.category, plugin.bundle) == ("TimGM6mb", "Instrument", str(file))
    assert len(plugin.presets) == 136
    assert plugin.presets[0] == PresetInfo("midi:0:0", "Piano 1")
    assert plugin.presets[13].uri == "midi:0:13"
    assert plugin.presets[-1].uri.startswith("midi:128:")
    assert ports(plugin) == [
        ("out_left", "out-left", Kind.AUDIO, Direction.OUT),
        ("out_right", "out-right", Kind.AUDIO, Direction.OUT),
        EVENTS_IN,
        ("events_out", "events-out", Kind.MIDI, Direction.OUT),
    ]
    assert len(plugin.parameters) == 13
    assert plugin.parameter("reverb_on_off") == ParameterInfo(
        "reverb_on_off", "Reverb On/Off", 0, 1.0, 0.0, 1.0, toggled=True
    )
    labels = {0.0: "None", 1.0: "Straight-line", 4.0: "Fourth-order", 7.0: "Seventh-order"}
    assert plugin.parameter("interpolation") == ParameterInfo(
        "interpolation",
        "Interpolation",
        12,
        4.0,
        0.0,
        7.0,
        integer=True,
        enumeration=True,
        scale_points=tuple(ScalePoint(label, value) for value, label in labels.items()),
    )
    assert [info.symbol for info in plugin.outputs] == ["voice_count"]


def test_a_soundfont_with_sixteen_pairs(tmp_path: Path) -> None:
    file = installed(Format.SF2, "TimGM6mb.sf2", "timgm6mb-soundfont")
    known = catalogue(tmp_path, SF2_PATH=str(file.parent))
    plugin = described(known, "sf2:TimGM6mb.sf2#16")
    audio = [port.name for port in plugin.ports if port.kind is Kind.AUDIO]
    assert (audio[0], audio[-1], len(audio)) == ("out-01L", "out-16R", 32)
    loading = known.loading("sf2:TimGM6mb.sf2#16")
    assert loading is not None
    assert loading.extra == "true"
    assert known.uri_of(10, str(file), "TimGM6mb (16 outs)", 0) == "sf2:TimGM6mb.sf2#16"
    assert known.uri_of(10, str(file), "TimGM6mb", 0) == "sf2:TimGM6mb.sf2"


def test_carlas_own_gain(tmp_path: Path) -> None:
    known = catalogue(tmp_path)
    plugin = described(known, "internal:audiogain")
    assert plugin == PluginType(
        uri="internal:audiogain",
        name="Audio Gain (Mono)",
        author="falkTX",
        category="Utility",
        parameters=(ParameterInfo("gain", "Gain", 0, 1.0, 0.0, 4.0),),
        ports=(
            PortInfo("input", "input", 0, Kind.AUDIO, Direction.IN),
            PortInfo("output", "output", 1, Kind.AUDIO, Direction.OUT),
            PortInfo("events_in", "events-in", 2, Kind.MIDI, Direction.IN),
        ),
    )
    assert described(known, "internal:audio gain (mono)") == plugin
    assert known.uri_of(1, "", "audiogain", 0) == "internal:audiogain"


def test_several_midi_ports_which_no_patchbay_takes(tmp_path: Path) -> None:
    plugin = described(catalogue(tmp_path), "internal:midisplit")
    outs = [port.name for port in plugin.ports if port.direction is Direction.OUT]
    assert (outs[0], outs[-1], len(outs)) == ("midi-out_1", "midi-out_16", 16)
    assert [port.name for port in plugin.ports if port.direction is Direction.IN] == ["events-in"]


def test_a_dssi_synthesizer_and_its_programs(tmp_path: Path) -> None:
    file = installed(Format.DSSI, "hexter.so", "hexter")
    plugin = described(catalogue(tmp_path, DSSI_PATH=str(file.parent)), "dssi:hexter.so")
    assert plugin.uri == "dssi:hexter.so#hexter"
    assert len(plugin.presets) == 128
    assert (plugin.presets[2].uri, plugin.presets[2].label) == ("midi:0:2", "FatThinE.P")
    assert plugin.presets[2].values == {"tuning": 440.0, "volume": 0.0}


def test_a_vst2_plugin_whose_units_are_not_those_of_its_values(tmp_path: Path) -> None:
    file = installed(Format.VST2, "3BandEQ-vst.so", "dpf-plugins-vst")
    known = catalogue(tmp_path, VST_PATH=str(file.parent))
    plugin = described(known, "vst2:3 band EQ")
    assert plugin.uri == "vst2:3BandEQ-vst.so"
    low = plugin.parameter("low")
    assert low == ParameterInfo("low", "Low", 0, 0.5, 0.0, 1.0)
    assert [(preset.uri, preset.label) for preset in plugin.presets] == [("program:0", "Default")]
    assert plugin.presets[0].values["low"] == 0.5
    assert [port.name for port in plugin.ports] == ["input_1", "input_2", "output_1", "output_2", "events-in"]
    assert known.uri_of(5, str(file), "3BandEQ", 1144210769) == plugin.uri


def test_an_instrument_of_sfz(tmp_path: Path) -> None:
    instrument(tmp_path / "sfz" / "Sine_Wave.sfz", "<region> sample=tone one.wav key=60\n")
    plugin = described(catalogue(tmp_path, SFZ_PATH=str(tmp_path / "sfz")), "sfz:Sine_Wave.sfz")
    assert plugin.name == "Sine Wave"
    assert [port.direction for port in plugin.ports if port.kind is Kind.AUDIO] == [Direction.OUT, Direction.OUT]


def instrument(file: Path, text: str) -> None:
    """Write an SFZ file, and a sound ``tone one.wav`` beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    with wave.open(str(file.parent / "tone one.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48000)
        sound.writeframes(bytes(9600))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("la la la\n", "it has no <region>"),
        ("// <region> sample=tone one.wav\n", "it has no <region>"),
        ("sample=tone one.wav", "it has no <region>"),
        ("<region> key=60\n", "it names no sound file"),
        ("<region> sample=*sine\n", "*sine to begin with"),
        ("<region> sample=gone.wav key=1\n<region> sample=lost.wav", "gone.wav to begin with"),
        ("<control> default_path=else/\n<region> sample=tone one.wav", "tone one.wav to begin with"),
    ],
)
def test_an_instrument_that_would_be_silent_is_broken(tmp_path: Path, text: str, reason: str) -> None:
    instrument(tmp_path / "sfz" / "x.sfz", text)
    known = catalogue(tmp_path, SFZ_PATH=str(tmp_path / "sfz"))
    error = refused(lambda: known.describe("sfz:x.sfz"))
    assert error.code == "plugin-broken"
    assert reason in error.message
    instrument(tmp_path / "sfz" / "x.sfz", "<group>sample=gone.wav\n<region>sample=..\\sfz\\tone one.wav lokey=1")
    assert described(known, "sfz:x.sfz").name == "x"


def test_a_clap_plugin(tmp_path: Path) -> None:
    file = plugin_files.compiled(CLAP, tmp_path / "clap" / "tilt.clap")
    known = catalogue(tmp_path, CLAP_PATH=str(file.parent))
    uri = "clap:tilt.clap#org.example.tilt"
    plugin = described(known, uri)
    assert plugin.parameters == (ParameterInfo("slope", "Slope", 0, 1.5, -6.0, 6.0),)
    assert [(port.direction, port.kind) for port in plugin.ports][:4] == [
        (Direction.IN, Kind.AUDIO),
        (Direction.IN, Kind.AUDIO),
        (Direction.OUT, Kind.AUDIO),
        (Direction.OUT, Kind.AUDIO),
    ]
    for written in ("clap:tilt", "clap:org.example.tilt", "clap:tilt.clap", f"clap:{file}#Tilt"):
        assert known.canonical(written) == uri


def test_parameters_of_every_kind(tmp_path: Path) -> None:
    ladspa(tmp_path / "ladspa" / "tiny.so")
    plugin = described(catalogue(tmp_path, LADSPA_PATH=str(tmp_path / "ladspa")), "ladspa:tiny.so")
    gain, steps, switch, corner = plugin.parameters
    assert gain == ParameterInfo("gain", "Gain", 0, 0.0, -12.0, 12.0)
    assert (steps.symbol, steps.name, steps.index, steps.integer) == ("gain_2", "Gain", 1, True)
    assert (switch.symbol, switch.toggled, switch.default) == ("on_off", True, 1.0)
    assert (corner.symbol, corner.per_sample_rate, corner.logarithmic) == ("corner", True, True)
    assert (corner.unit, corner.maximum) == (Unit.HZ, float32(float32(0.45) * 48000))
    assert [(info.symbol, info.index) for info in plugin.outputs] == [("level", 4)]
    for info in plugin.parameters:
        assert conform(info, info.default) == info.default


def test_symbols() -> None:
    names = ["Reverb On/Off", "Gain", "gain", "Gain 2", "3 Band", "Größe", "", "音", "  ", "a__b"]
    made = made_symbols(names, "parameter")
    assert made == [
        "reverb_on_off",
        "gain",
        "gain_3",
        "gain_2",
        "_3_band",
        "grosse",
        "parameter",
        "parameter_2",
        "parameter_3",
        "a_b",
    ]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    "uri",
    [
        "ladspa:",
        "ladspa: amp.so",
        "ladspa:/etc/passwd",
        "ladspa:amp",
        "ladspa:amp.so#",
        "ladspa:amp.so\n#amp",
        "ladspa:..",
        "ladspa:/",
        "ladspa:.so",
        "vst2:/dev/null",
        "vst2:folder/",
        "sf2:piano.wav",
        "sf2:piano.sf2#2",
        "sfz:piano.sfz#x",
        "clap:-x.so/../",
        "sf2:\0.sf2",
    ],
)
def test_nonsense_is_refused(tmp_path: Path, uri: str) -> None:
    assert refused(lambda: catalogue(tmp_path).describe(uri)).code == "bad-plugin"


@pytest.mark.parametrize(
    "uri", ["ladspa:-h.so", "vst2::all.so", "ladspa:$(touch x).so#a", "sf2:a.sf2;b.sf2", "vst2::all"]
)
def test_names_that_would_mean_something_elsewhere_mean_nothing_here(tmp_path: Path, uri: str) -> None:
    assert catalogue(tmp_path).describe(uri) is None


def test_a_path_to_something_that_is_no_file_is_not_opened(tmp_path: Path) -> None:
    known = catalogue(tmp_path, LADSPA_PATH=str(tmp_path))
    os.mkfifo(tmp_path / "pipe.so")
    (tmp_path / "dir.so").mkdir()
    (tmp_path / "null.so").symlink_to("/dev/null")
    for name in ("pipe.so", "null.so"):
        assert refused(lambda name=name: known.describe(f"ladspa:{tmp_path}/{name}")).code == "bad-plugin"  # type: ignore[misc]
    assert known.describe(f"ladspa:{tmp_path}/dir.so") is None
    assert known.describe(f"ladspa:{tmp_path}/not/there.so") is None


@pytest.mark.parametrize("format_", ["ladspa", "dssi", "vst2", "vst3", "clap"])
def test_code_outside_the_folders_for_plugins_is_not_looked_at(tmp_path: Path, format_: str) -> None:
    """Looking at it would run it, and anybody may have written the manifest that names it."""
    suffix = {"vst3": "vst3", "clap": "clap"}.get(format_, "so")
    made = ladspa(tmp_path / "away" / f"tiny.{suffix}", f'fclose(fopen("{tmp_path}/ran", "w"))')
    known = catalogue(tmp_path, LADSPA_PATH=str(tmp_path / "in"))
    error = refused(lambda: known.describe(f"{format_}:{made}"))
    assert error.code == "bad-plugin"
    assert "outside the folders" in error.message
    assert not (tmp_path / "ran").exists()


def test_paths_start_at_the_manifest_the_home_or_the_root() -> None:
    base, home = Path("/sessions/monday"), "/home/ada"

    def path(uri: str) -> Path | None:
        return absolute(parse(uri), uri, base, home)

    assert path("sf2:piano.sf2") is None  # the search path knows
    assert path("sf2:./piano.sf2") == Path("/sessions/monday/piano.sf2")
    assert path("sf2:sounds/piano.sf2#16") == Path("/sessions/monday/sounds/piano.sf2")
    assert path("sf2:../piano #1.sf2") == Path("/sessions/piano #1.sf2")
    assert path("sf2:~/piano.sf2") == Path("/home/ada/piano.sf2")
    assert path("sf2:/a/../b/piano.sf2") == Path("/b/piano.sf2")
    no_manifest = refused(lambda: absolute(parse("sf2:./piano.sf2"), "sf2:./piano.sf2", None, home))
    assert no_manifest.code == "bad-plugin"


def test_one_plugin_has_one_uri_however_it_is_written(tmp_path: Path) -> None:
    found = ladspa(tmp_path / "found" / "tiny.so")
    hidden = ladspa(tmp_path / "here" / "tiny.so", number=4712)
    known = catalogue(tmp_path, base=tmp_path / "here", LADSPA_PATH=f"{found.parent}:{hidden.parent}")
    for written in ("tiny.so#tiny", "tiny.so", "tiny.so#tiny plugin", str(found), f"{found}#tiny", "../found/tiny.so"):
        assert described(known, f"ladspa:{written}").uri == "ladspa:tiny.so#tiny"
    # Not what the search path would find by its name: the whole path is its name.
    for written in ("./tiny.so", f"{hidden}#tiny"):
        assert described(known, f"ladspa:{written}").uri == f"ladspa:{hidden}#tiny"
    assert known.uri_of(2, str(found), "tiny", 4711) == "ladspa:tiny.so#tiny"
    assert known.uri_of(2, str(hidden), "tiny", 4712) == f"ladspa:{hidden}#tiny"
    assert known.uri_of(2, "/nowhere.so", "tiny", 1) is None
    ours = [uri for uri in known.uris() if uri.startswith("ladspa:")]
    assert ours == [f"ladspa:{hidden}#tiny", "ladspa:tiny.so#tiny"]


def test_code_outside_the_folders_of_plugins_is_never_looked_at(tmp_path: Path) -> None:
    kept = ladspa(tmp_path / "kept" / "tiny.so")
    stray = ladspa(tmp_path / "session" / "stray.so")
    (kept.parent / "link.so").symlink_to(stray)
    known = catalogue(tmp_path, base=stray.parent, LADSPA_PATH=str(kept.parent))
    for written in (str(stray), "./stray.so", "../kept/../session/stray.so", str(kept.parent / "link.so")):
        error = refused(lambda written=written: known.describe(f"ladspa:{written}"))  # type: ignore[misc]
        assert error.code == "bad-plugin"
        assert "outside the folders" in error.message
        assert "LADSPA_PATH" in (error.hint or "")


def test_a_file_with_several_plugins_wants_a_label(tmp_path: Path) -> None:
    file = installed(Format.LADSPA, "cmt.so", "cmt")
    known = catalogue(tmp_path, LADSPA_PATH=str(file.parent))
    error = refused(lambda: known.describe("ladspa:cmt.so"))
    assert error.code == "plugin-ambiguous"
    assert "ladspa:cmt.so#amp_mono" in error.details["uris"]
    assert known.describe("ladspa:cmt.so#amp_mon") is None
    assert "ladspa:cmt.so#amp_mono" in (known.not_installed("ladspa:cmt.so#amp_mon").hint or "")


def test_what_is_not_installed_is_told_with_its_package(tmp_path: Path) -> None:
    known = catalogue(tmp_path)
    assert known.describe("ladspa:amp_1181.so#amp") is None
    assert known.package("ladspa:amp_1181.so#amp") == "swh-plugins"
    assert "apt install swh-plugins" in (known.not_installed("ladspa:amp_1181.so#amp").hint or "")
    assert known.package("lv2:http://gareus.org/oss/lv2/fil4#mono") == "x42-plugins"
    assert known.describe("jack:anything") is None
    assert known.not_installed("jack:anything").code == "plugin-not-installed"


def test_a_crash_at_discovery_is_remembered_until_the_file_changes(tmp_path: Path, work: list[str]) -> None:
    folder = tmp_path / "ladspa"
    file = ladspa(folder / "bad.so", CRASH)
    for _ in range(2):
        error = refused(lambda: catalogue(tmp_path, LADSPA_PATH=str(folder)).describe("ladspa:bad.so#tiny"))
        assert error.code == "plugin-broken"
        assert "it crashed when Carla tried it out (SIGSEGV)" in error.message
    assert work == ["file bad.so"]
    (broken,) = catalogue(tmp_path, LADSPA_PATH=str(folder)).broken()
    assert broken.bundle == str(file)
    ladspa(file)
    assert described(catalogue(tmp_path, LADSPA_PATH=str(folder)), "ladspa:bad.so#tiny").name == "Tiny Plugin"
    assert work[-2:] == ["file bad.so", "load bad.so"]


def test_a_crash_that_only_carla_sees_is_remembered_too(tmp_path: Path, work: list[str]) -> None:
    folder = tmp_path / "ladspa"
    ladspa(folder / "sly.so", f"if (!in_discovery()) {CRASH}")
    for _ in range(2):
        error = refused(lambda: catalogue(tmp_path, LADSPA_PATH=str(folder)).describe("ladspa:sly.so"))
        assert error.code == "plugin-broken"
        assert "it crashed when Carla loaded it (SIGSEGV" in error.message
    assert work == ["file sly.so", "load sly.so"]
    known = catalogue(tmp_path, LADSPA_PATH=str(folder))
    assert [(each.subject, "crashed" in each.reason) for each in known.broken()] == [("ladspa:sly.so#tiny", True)]
    ladspa(folder / "sly.so")
    assert described(catalogue(tmp_path, LADSPA_PATH=str(folder)), "ladspa:sly.so").name == "Tiny Plugin"


def test_a_plugin_that_hangs_in_carla_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "ladspa"
    ladspa(folder / "slow.so", f"if (!in_discovery()) {HANG}")
    known = catalogue(tmp_path, limit_s=2.0, LADSPA_PATH=str(folder))
    error = refused(lambda: known.describe("ladspa:slow.so"))
    assert error.code == "plugin-broken"
    assert "did not finish loading it within 2 s" in error.message


def test_a_plugin_that_ends_the_process_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "ladspa"
    ladspa(folder / "quit.so", 'if (!in_discovery()) { write(1, "bye\\n", 4); _exit(0); }')
    error = refused(lambda: catalogue(tmp_path, LADSPA_PATH=str(folder)).describe("ladspa:quit.so"))
    assert error.code == "plugin-broken"
    assert "ended the process that loaded it, with exit code 0; it said: bye" in error.message


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "ladspa"
    ladspa(folder / "bad.so", CRASH)
    ladspa(folder / "good.so")
    ladspa(folder / "hung.so", HANG)
    (folder / "text.so").write_text("text", encoding="utf-8")
    known = catalogue(tmp_path, limit_s=2.0, LADSPA_PATH=str(folder))
    assert [uri for uri in known.uris() if uri.startswith("ladspa:")] == ["ladspa:good.so#tiny"]
    assert sorted(Path(broken.bundle).name for broken in known.broken()) == ["bad.so", "hung.so", "text.so"]
    assert [plugin.uri for plugin in known.search(["tiny"])] == ["ladspa:good.so#tiny"]


def test_the_second_time_nothing_is_read_or_loaded(tmp_path: Path, work: list[str]) -> None:
    folder = tmp_path / "ladspa"
    ladspa(folder / "a.so")
    ladspa(folder / "b.so", number=4712)
    first = catalogue(tmp_path, LADSPA_PATH=str(folder))
    uris = first.uris()
    plugin = described(first, "ladspa:a.so#tiny")
    assert sorted(work) == ["file a.so", "file b.so", "file internal", "load a.so"]
    second = catalogue(tmp_path, LADSPA_PATH=str(folder))
    assert second.uris() == uris
    assert described(second, "ladspa:a.so#tiny") == plugin
    assert len(work) == 4
    ladspa(folder / "b.so", number=4713)
    (folder / "a.so").rename(folder / "c.so")
    third = catalogue(tmp_path, LADSPA_PATH=str(folder))
    assert "ladspa:c.so#tiny" in third.uris()
    assert "ladspa:a.so#tiny" not in third.uris()
    assert sorted(work[4:]) == ["file b.so", "file c.so"]


def test_one_plugin_is_described_without_reading_all_others(tmp_path: Path, work: list[str]) -> None:
    folder = tmp_path / "ladspa"
    for name in "abc":
        ladspa(folder / f"{name}.so")
    assert described(catalogue(tmp_path, LADSPA_PATH=str(folder)), "ladspa:b.so#tiny").name == "Tiny Plugin"
    assert work == ["file b.so", "load b.so"]


def test_answers_stay_until_refreshed_and_what_comes_later_is_found(tmp_path: Path, work: list[str]) -> None:
    folder = tmp_path / "ladspa"
    known = catalogue(tmp_path, LADSPA_PATH=str(folder))
    assert known.describe("ladspa:a.so#tiny") is None
    ladspa(folder / "a.so")
    before = described(known, "ladspa:a.so#tiny")
    (folder / "a.so").unlink()
    assert known.describe("ladspa:a.so#tiny") == before
    known.refresh()
    assert known.describe("ladspa:a.so#tiny") is None
    ladspa(folder / "a.so")
    known.refresh(everything=True)
    known.describe("ladspa:a.so#tiny")
    assert work[-1] == "load a.so"
    known.refresh(everything=True)
    known.describe("ladspa:a.so#tiny")
    assert work[-1] == "load a.so"
    assert work.count("load a.so") == 3


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[: len(data) // 2], id="torn"),
        pytest.param(lambda data: data.replace(b"Tiny", b"Huge"), id="altered"),
        pytest.param(lambda data: data.replace(b"catalogue 1", b"catalogue 9", 1), id="of another version"),
        pytest.param(lambda data: b"\xff" * 400, id="junk"),
    ],
)
def test_a_cache_that_is_not_its_own_is_made_again(
    tmp_path: Path, spoil: Callable[[bytes], bytes], work: list[str]
) -> None:
    folder = tmp_path / "ladspa"
    ladspa(folder / "a.so")
    before = described(catalogue(tmp_path, LADSPA_PATH=str(folder)), "ladspa:a.so#tiny")
    files = [path for path in (tmp_path / "cache").iterdir() if path.name != "lock"]
    assert len(files) == 2
    for path in files:
        spoilt = spoil(path.read_bytes())
        assert spoilt != path.read_bytes()
        path.write_bytes(spoilt)
    assert described(catalogue(tmp_path, LADSPA_PATH=str(folder)), "ladspa:a.so#tiny") == before
    assert work == ["file a.so", "load a.so"] * 2


def test_another_carla_looks_for_itself(tmp_path: Path, work: list[str]) -> None:
    folder = tmp_path / "ladspa"
    ladspa(folder / "a.so")
    catalogue(tmp_path, LADSPA_PATH=str(folder)).describe("ladspa:a.so#tiny")
    carla = library.find()
    assert carla is not None
    other = tmp_path / "lib"
    other.mkdir()
    for file in carla.binaries.iterdir():
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
            (other / file.name).chmod(0o755)
    moved = library.Installation(other / carla.library.name, carla.wrapper)
    around = plugin_files.environ(tmp_path, LADSPA_PATH=str(folder))
    known = CarlaCatalogue(carla=moved, cache_dir=tmp_path / "cache", environ=around)
    assert described(known, "ladspa:a.so#tiny").name == "Tiny Plugin"
    assert work == ["file a.so", "load a.so"] * 2
    (other / "carla-discovery-native").unlink()
    with pytest.raises(Unavailable) as caught:
        CarlaCatalogue(carla=moved, cache_dir=tmp_path / "cache", environ=around)
    assert caught.value.code == "carla-broken"


def test_a_cache_that_cannot_be_written_is_told_and_done_without(tmp_path: Path) -> None:
    folder = tmp_path / "ladspa"
    ladspa(folder / "a.so")
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    known = catalogue(tmp_path, LADSPA_PATH=str(folder))
    assert described(known, "ladspa:a.so#tiny").name == "Tiny Plugin"
    assert str(tmp_path / "cache") in (known.cache_error or "")


def test_two_at_once_do_not_spoil_what_the_other_kept(tmp_path: Path, work: list[str]) -> None:
    folder = tmp_path / "ladspa"
    names = [f"{name}.so" for name in "abcdef"]
    for name in names:
        ladspa(folder / name)
    failed: list[BaseException] = []

    def ask(name: str) -> None:
        try:
            described(catalogue(tmp_path, LADSPA_PATH=str(folder)), f"ladspa:{name}#tiny")
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    done = len(work)
    for name in names:
        ask(name)
    assert len(work) == done


def test_lv2_is_asked_of_lilv(tmp_path: Path) -> None:
    from tests.catalogue.turtle import AUDIO, bundle, plugin

    bundle(tmp_path / "lv2", "urn:a", plugin("urn:a", AUDIO, name="Amp"))
    known = catalogue(tmp_path, LV2_PATH=str(tmp_path / "lv2"))
    assert described(known, "lv2:urn:a").name == "Amp"
    assert "lv2:urn:a" in known.uris()
    assert [found.uri for found in known.search(["amp"])] == ["lv2:urn:a"]
    assert {"lv2:urn:a", "internal:audiogain"} <= {found.uri for found in known.installed()}
    assert known.not_installed("lv2:urn:b").code == "plugin-not-installed"


@pytest.mark.jack
def test_ports_values_and_uris_are_those_of_carla_in_jack(jack_server: str, tmp_path: Path) -> None:
    """With the real thing: Carla on a JACK server, each plugin a client."""
    known = CarlaCatalogue(cache_dir=tmp_path)
    wanted = [
        "internal:audiogain_s",
        "internal:cv2audio",
        "internal:audiofile",
        "internal:midijoin",
        "internal:midisplit",
        "internal:midichanab",
        "internal:lfo",
        "ladspa:sc3_1427.so#sc3",
        "dssi:hexter.so#hexter",
        "vst2:3BandEQ-vst.so",
        "sf2:TimGM6mb.sf2",
        "sf2:TimGM6mb.sf2#16",
    ]
    uris = [uri for uri in wanted if known.canonical(uri) is not None]
    done = subprocess.run(
        [sys.executable, "-m", "tests.carla.catalogue_in_jack", str(tmp_path), *uris],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for uri, answer in zip(uris, answers, strict=True):
        plugin = described(known, uri)
        meant = sorted([port.name, port.direction is Direction.OUT, port.kind is Kind.MIDI] for port in plugin.ports)
        assert answer["ports"] == meant, uri
        assert answer["uri"] == uri
        assert answer["values"] == {info.symbol: info.default for info in plugin.parameters}, uri
