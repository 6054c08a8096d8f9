"""What the catalogue says of plugins that are really installed, against what their makers wrote and lv2info reads."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.engines.lv2.catalogue import Lv2Catalogue
from reconciler.engines.lv2.packages import package_for
from reconciler.model.catalogue import Direction, Kind, PluginType, PortInfo, Unit
from reconciler.model.values import float32

LSP = "lv2:http://lsp-plug.in/plugins/lv2/"
X42 = "lv2:http://gareus.org/oss/lv2/"
MDA = "lv2:http://drobilla.net/plugins/mda/"
SWH = "lv2:http://plugin.org.uk/swh-plugins/"


def get(catalogue: Lv2Catalogue, uri: str) -> PluginType:
    found = catalogue.describe(uri)
    assert found is not None, f"{uri} is not installed"
    return found


def audio(plugin: PluginType, direction: Direction) -> list[PortInfo]:
    return [port for port in plugin.ports if port.kind is Kind.AUDIO and port.direction is direction]


def test_nothing_of_the_packages_we_know_is_left_out(installed: Lv2Catalogue) -> None:
    assert len(installed.uris()) > 250
    assert installed.uris() == sorted(set(installed.uris()))
    assert [each for each in installed.broken() if each.subject is None or package_for(each.subject)] == []
    assert installed.cache_error is None


def test_lsp_gate_has_a_linear_threshold(installed: Lv2Catalogue) -> None:
    gate = get(installed, LSP + "gate_mono")
    assert (gate.name, gate.author, gate.category) == ("LSP Gate Mono", "LSP LV2", "Gate")
    assert gate.bundle is not None
    assert Path(gate.bundle).name == "lsp-plugins.lv2"
    assert Path(gate.bundle, "manifest.ttl").is_file()
    threshold = gate.parameter("gt")
    assert threshold is not None
    assert (threshold.unit, threshold.unit_symbol, threshold.name) == (Unit.GAIN, "G", "Curve threshold")
    assert threshold.default == float32(0.0631)
    assert (threshold.minimum, threshold.maximum) == (float32(0.001), 1.0)
    assert threshold.logarithmic
    assert not threshold.toggled
    attack = gate.parameter("at")
    assert attack is not None
    assert (attack.unit, attack.unit_symbol) == (Unit.MS, "ms")
    mode = gate.parameter("scm")
    assert mode is not None
    assert mode.enumeration
    assert mode.integer
    assert [(point.value, point.label) for point in mode.scale_points] == [
        (0.0, "Peak"),
        (1.0, "RMS"),
        (2.0, "LPF"),
        (3.0, "SMA"),
    ]
    assert "rlm" in [output.symbol for output in gate.outputs]


def test_lsp_sidechain_inputs_are_not_main_inputs(installed: Lv2Catalogue) -> None:
    compressor = get(installed, LSP + "sc_compressor_stereo")
    inputs = audio(compressor, Direction.IN)
    assert [(port.symbol, port.sidechain) for port in inputs] == [
        ("in_l", False),
        ("in_r", False),
        ("sc_l", True),
        ("sc_r", True),
    ]
    assert [port.group for port in inputs] == ["stereo_in", "stereo_in", "sidechain_in", "sidechain_in"]
    assert [port.designation for port in inputs[:2]] == [
        "http://lv2plug.in/ns/ext/port-groups#left",
        "http://lv2plug.in/ns/ext/port-groups#right",
    ]
    assert [port.sidechain for port in audio(compressor, Direction.OUT)] == [False, False]


def test_swh_sidechain_is_flagged(installed: Lv2Catalogue) -> None:
    compressor = get(installed, SWH + "sc3")
    assert [port.symbol for port in compressor.ports if port.sidechain] == ["sidechain"]
    # chain_bal is a control, not a sidechain
    assert compressor.parameter("chain_bal") is not None


def test_x42_equalizer_names_its_bypass(installed: Lv2Catalogue) -> None:
    equalizer = get(installed, X42 + "fil4#mono")
    assert equalizer.enabled is not None
    assert (equalizer.enabled.symbol, equalizer.enabled.toggled, equalizer.enabled.default) == ("enable", True, 1.0)
    gain = equalizer.parameter("gain")
    assert gain is not None
    assert (gain.unit, gain.minimum, gain.maximum, gain.default) == (Unit.DB, -18.0, 18.0, 0.0)
    # Its control and notify ports carry no MIDI, so no host shows them.
    assert [(port.symbol, port.kind, port.direction) for port in equalizer.ports] == [
        ("in", Kind.AUDIO, Direction.IN),
        ("out", Kind.AUDIO, Direction.OUT),
    ]
    assert equalizer.required_features == ("http://lv2plug.in/ns/ext/urid#map",)


def test_x42_limiter_reports_latency(installed: Lv2Catalogue) -> None:
    limiter = get(installed, X42 + "dpl#stereo")
    latency = [output for output in limiter.outputs if output.designation == "http://lv2plug.in/ns/lv2core#latency"]
    assert [output.symbol for output in latency] == ["latency"]
    assert limiter.category == "Limiter"


def test_x42_balance_is_stereo(installed: Lv2Catalogue) -> None:
    balance = get(installed, X42 + "balance")
    assert [port.symbol for port in audio(balance, Direction.IN)] == ["in_left", "in_right"]
    assert [port.symbol for port in audio(balance, Direction.OUT)] == ["out_left", "out_right"]
    trim = balance.parameter("trim")
    assert trim is not None
    assert trim.unit is Unit.DB


def test_mda_piano_takes_midi_and_has_presets_with_values(installed: Lv2Catalogue) -> None:
    piano = get(installed, MDA + "EPiano")
    assert piano.category == "Instrument"
    midi = [port for port in piano.ports if port.kind is Kind.MIDI]
    assert [(port.symbol, port.direction) for port in midi] == [("event_in", Direction.IN)]
    assert [preset.label for preset in piano.presets] == ["Autopan", "Bright", "Default", "Mellow", "Tremolo"]
    symbols = {parameter.symbol for parameter in piano.parameters}
    for preset in piano.presets:
        assert preset.values.keys() == symbols
    tremolo = piano.presets[-1]
    assert piano.bundle is not None
    text = Path(piano.bundle, "EPiano-presets.ttl").read_text(encoding="utf-8")
    stated = re.search(r"#EPiano-tremolo>.*?", text, re.DOTALL)
    assert stated is not None
    written = re.findall(r'lv2:symbol "(\w+)" ;\s*pset:value ([-\d.]+)', text[stated.start() :])[: len(symbols)]
    assert tremolo.values == {symbol: float32(float(number)) for symbol, number in written}


def test_bounds_that_follow_the_sample_rate_are_given_at_48_khz(installed: Lv2Catalogue) -> None:
    cutoff = get(installed, SWH + "highpass_iir").parameter("cutoff")
    assert cutoff is not None
    assert cutoff.per_sample_rate
    assert cutoff.minimum == float32(float32(0.0001) * 48000)
    assert cutoff.maximum == float32(float32(0.45) * 48000)
    assert cutoff.minimum < cutoff.default < cutoff.maximum


def test_every_number_is_a_float32_within_its_bounds(installed: Lv2Catalogue) -> None:
    checked = 0
    for uri in installed.uris():
        for parameter in get(installed, uri).parameters:
            checked += 1
            numbers = [parameter.default, parameter.minimum, parameter.maximum]
            numbers += [point.value for point in parameter.scale_points]
            assert all(number is None or float32(number) == number for number in numbers), (uri, parameter)
            assert parameter.minimum is None or parameter.default >= parameter.minimum, (uri, parameter)
            assert parameter.maximum is None or parameter.default <= parameter.maximum, (uri, parameter)
    assert checked > 10_000


def test_lv2info_sees_the_same_ports(installed: Lv2Catalogue) -> None:
    """Every fourth plugin: all of them take 6 s."""
    assert shutil.which("lv2info"), "lilv-utils is needed"
    sample = installed.uris()[::4]
    for uri in sample:
        report = subprocess.run(
            ["lv2info", uri.removeprefix("lv2:")],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={"LANG": "C"},
            check=True,
        ).stdout
        plugin = get(installed, uri)
        controls = {each.index: each for each in (*plugin.parameters, *plugin.outputs)}
        others = {port.index: port for port in plugin.ports}
        blocks = re.split(r"\n\tPort (\d+):\n", report)[1:]
        seen = dict(zip(map(int, blocks[::2]), blocks[1::2], strict=True))
        for index, block in seen.items():
            if index in controls:
                assert "#ControlPort" in block
                control = controls.pop(index)
                assert f"Symbol:      {control.symbol}\n" in block
                default = re.search(r"Default: +(-?[\d.]+)\n", block)
                # lv2info prints six digits and does not multiply by the rate.
                if default and not control.per_sample_rate:
                    low = control.minimum is not None and control.default == control.minimum
                    high = control.maximum is not None and control.default == control.maximum
                    assert low or high or float(default.group(1)) == pytest.approx(control.default, abs=1e-6)
            elif index in others:
                assert f"Symbol:      {others.pop(index).symbol}\n" in block
            else:
                assert "#AtomPort" in block or "#EventPort" in block, (uri, index)
        assert not controls
        assert not others
        presets = re.search(r"\tPresets: \n((?:\t +.*\n)*)", report)
        assert presets is not None
        assert len(presets.group(1).splitlines()) == len(plugin.presets), uri


def test_search_ranks_the_name_above_the_rest(installed: Lv2Catalogue) -> None:
    found = installed.search(["GATE", "mono"])
    assert found[0].uri == LSP + "gate_mono"
    assert LSP + "sc_gate_mono" in [plugin.uri for plugin in found]
    assert all("mono" in (plugin.name + plugin.uri).casefold() for plugin in found)
    assert MDA + "EPiano" in [plugin.uri for plugin in installed.search(["robillard", "piano"])]
    assert installed.search(["no such plugin at all"]) == []


def test_a_near_miss_is_named(installed: Lv2Catalogue) -> None:
    assert installed.describe(LSP + "gate_momo") is None
    error = installed.not_installed(LSP + "gate_momo")
    assert error.code == "plugin-not-installed"
    assert error.hint is not None
    assert LSP + "gate_mono" in error.hint
    assert MDA + "EPiano" in installed.closest("mda epiano")


def test_a_package_is_named_for_what_is_missing(installed: Lv2Catalogue) -> None:
    error = installed.not_installed("lv2:http://calf.sourceforge.net/plugins/NoSuchThing")
    assert error.details["package"] == "calf-plugins"
    assert "apt install calf-plugins" in (error.hint or "")
    assert installed.package("lv2:http://example.org/unheard-of") is None
    assert package_for("http://gareus.org/oss/lv2/b_synth") == "setbfree"
    assert package_for("http://gareus.org/oss/lv2/b_unheard-of") is None


def test_the_packages_of_installed_plugins_are_right(installed: Lv2Catalogue) -> None:
    if shutil.which("dpkg-query") is None:
        pytest.skip("not a Debian system")
    bundles = {found.bundle for found in installed.installed()}
    # One call: each reads the lists of all packages. It fails for bundles of no package, and tells of the others.
    answer = subprocess.run(
        ["dpkg-query", "--search", *bundles], capture_output=True, text=True, encoding="utf-8", check=False
    )
    owners = {path: package for package, _, path in (line.partition(": ") for line in answer.stdout.splitlines())}
    assert owners
    for found in installed.installed():
        if found.bundle in owners:
            assert package_for(found.uri) == owners[found.bundle], found
