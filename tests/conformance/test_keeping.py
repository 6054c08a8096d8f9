"""What a plugin has beside its values: options, named values, whole states, a process of its own, two sides of one."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model import states
from reconciler.model.custom import PATH, PROPERTY
from reconciler.model.errors import StudioError
from reconciler.model.mix import MIX
from reconciler.model.resources import CustomData, MidiMap
from reconciler.model.values import float32
from tests.conformance.rig import Rig


def _need(rig: Rig, capability: str) -> None:
    if not getattr(rig.host.capabilities, capability):
        pytest.skip(f"{rig.name} cannot")


def _refused(call: Callable[[], object]) -> StudioError:
    with pytest.raises(StudioError) as refusal:
        call()
    return refusal.value


def test_a_host_that_keeps_nothing_says_so(rig: Rig) -> None:
    if rig.host.capabilities.options:
        pytest.skip(f"{rig.name} can")
    rig.host.add("one", rig.roles.mono.uri)
    before = rig.world()
    for call in (
        lambda: rig.host.set_option("one", "fixed_buffers", True),
        lambda: rig.host.set_custom_data("one", "key", CustomData(PROPERTY, "x")),
        lambda: rig.host.load_state("one", "nowhere.carxs", "0" * 64),
        lambda: rig.host.add("two", rig.roles.mono.uri, bridge=True),
        lambda: rig.host.add("two", rig.roles.mono.uri, force_stereo=True),
    ):
        assert _refused(call).code == "unsupported"
    assert rig.world() == before


def test_every_option_a_plugin_has_can_be_switched_and_back(rig: Rig) -> None:
    _need(rig, "options")
    rig.host.add("one", rig.roles.instrument)
    fresh = rig.plugin("one")
    assert fresh.options == fresh.rest_options
    assert {"send_control_changes", "skip_sending_notes"} <= fresh.options.keys()
    for key, stands in fresh.options.items():
        rig.host.set_option("one", key, not stands)
        assert rig.plugin("one").options == fresh.options | {key: not stands}
        assert rig.plugin("one").rest_options == fresh.options
        rig.host.set_option("one", key, stands)
    assert rig.plugin("one") == fresh


def test_an_option_that_a_plugin_has_not_is_refused_with_those_it_has(rig: Rig) -> None:
    _need(rig, "options")
    rig.host.add("one", rig.roles.mono.uri)
    before = rig.world()
    refusal = _refused(lambda: rig.host.set_option("one", "send_pitchbend", True))
    assert refusal.code == "unsupported"
    assert "fixed_buffers" in str(refusal.hint)
    assert rig.world() == before


def test_stereo_cannot_be_forced_on_a_plugin_that_runs(rig: Rig) -> None:
    _need(rig, "options")
    rig.host.add("one", rig.roles.mono.uri)
    assert rig.plugin("one").options["force_stereo"] is False
    before = rig.world()
    assert _refused(lambda: rig.host.set_option("one", "force_stereo", True)).code == "unsupported"
    assert rig.world() == before


def test_a_plugin_forced_to_stereo_has_two_ports_for_one(rig: Rig) -> None:
    _need(rig, "options")
    rig.host.add("one", rig.roles.mono.uri, force_stereo=True)
    plugin = rig.plugin("one")
    assert (plugin.options["force_stereo"], plugin.rest_options["force_stereo"]) == (True, False)
    symbols = [port.symbol for port in rig.describe(rig.roles.mono.uri).ports]
    for symbol in symbols:
        for port in (rig.port("one", symbol), rig.port("one", f"{symbol}_2")):
            assert port in rig.graph.ports()
    rig.host.set_param("one", rig.roles.mono.symbol, 0.5)
    assert rig.value("one", rig.roles.mono.symbol) == 0.5
    before = rig.world()
    refusal = _refused(lambda: rig.host.add("two", rig.roles.instrument, force_stereo=True))
    assert refusal.code == "unsupported"
    assert rig.world() == before


def test_a_property_is_kept_and_changed(rig: Rig) -> None:
    _need(rig, "custom_data")
    rig.host.add("one", rig.roles.mono.uri)
    assert rig.plugin("one").custom_data == {}
    for text in ("first", "naïve & <second>", ""):
        rig.host.set_custom_data("one", "urn:studio:owner", CustomData(PROPERTY, text))
        assert rig.plugin("one").custom_data == {"urn:studio:owner": CustomData(PROPERTY, text)}


def test_a_plugins_own_value_reaches_it_and_moves_nothing_else(rig: Rig) -> None:
    _need(rig, "custom_data")
    uri, key, first, second = rig.roles.keeps
    info = next(info for info in rig.describe(uri).parameters if not info.toggled and info.designation is None)
    rig.host.add("one", uri)
    rig.host.set_param("one", info.symbol, float32(info.default + 1))
    rig.host.set_mix("one", "volume", 0.5)
    before = rig.plugin("one")
    for data in (second, first, second):
        rig.host.set_custom_data("one", key, data)
        after = rig.plugin("one")
        assert after.custom_data[key] == data
        assert (after.params, after.mix, after.options) == (before.params, before.mix, before.options)


def test_a_file_that_is_not_there_is_refused(rig: Rig, tmp_path: Path) -> None:
    _need(rig, "custom_data")
    rig.host.add("one", rig.roles.mono.uri)
    before = rig.world()
    data = CustomData("http://lv2plug.in/ns/ext/atom#Path", str(tmp_path / "gone.wav"))
    refusal = _refused(lambda: rig.host.set_custom_data("one", "file", data))
    assert refusal.code == "no-such-file"
    assert "gone.wav" in refusal.message
    assert data.type != PATH
    assert rig.world() == before


def _state(uri: str, values: dict[str, float], folder: Path) -> tuple[str, str]:
    """Write a state file, and return its path and digest."""
    saved = tuple(states.Saved(number, symbol, symbol, value) for number, (symbol, value) in enumerate(values.items()))
    state = states.State(
        type="LV2", label=uri.removeprefix("lv2:"), active=False, mix={"volume": 0.1}, parameters=saved
    )
    path = folder / "state.carxs"
    path.write_bytes(states.compose(state))
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_state_brings_the_plugins_values_and_nothing_around_it(rig: Rig, tmp_path: Path) -> None:
    _need(rig, "state")
    control = rig.roles.unit
    rig.host.add("one", control.uri)
    rig.host.set_mix("one", "volume", 0.75)
    follows = MidiMap("cc", 0.25, 0.5, 21, 3)
    rig.host.map_midi("one", control.symbol, follows)
    rig.host.set_program("one", rig.describe(control.uri).presets[0].uri)
    path, digest = _state(control.uri, {control.symbol: float32(0.123)}, tmp_path)
    rig.host.load_state("one", path, digest)
    plugin = rig.plugin("one")
    assert plugin.params[control.symbol] == float32(0.123)
    assert (plugin.state, plugin.program, plugin.active) == (digest, None, True)
    assert plugin.mix == {key: info.default for key, info in MIX.items()} | {"volume": 0.75}
    assert plugin.midi == {control.symbol: follows}
    rig.host.set_param("one", control.symbol, 0.5)
    assert rig.plugin("one").state == digest, "it is what was loaded last"


def test_a_state_does_not_switch_a_plugin_on_or_off(rig: Rig, tmp_path: Path) -> None:
    _need(rig, "state")
    enabled = rig.describe(rig.roles.bypass).enabled
    assert enabled is not None
    rig.host.add("one", rig.roles.bypass)
    rig.host.set_active("one", active=False)
    path, digest = _state(rig.roles.bypass, {enabled.symbol: 1.0}, tmp_path)
    rig.host.load_state("one", path, digest)
    assert not rig.plugin("one").active


def test_a_state_that_does_not_fit_is_refused(rig: Rig, tmp_path: Path) -> None:
    _need(rig, "state")
    control = rig.roles.unit
    rig.host.add("one", control.uri)
    path, digest = _state(control.uri, {control.symbol: 0.25}, tmp_path)
    (tmp_path / "other").mkdir()
    other, others_digest = _state(rig.roles.mono.uri, {}, tmp_path / "other")
    empty = tmp_path / "empty.carxs"
    empty.write_bytes(b"")
    before = rig.world()
    for wrong, of, words in (
        (path, others_digest, "written since"),
        (other, others_digest, "another plugin"),
        (str(empty), hashlib.sha256(b"").hexdigest(), "damaged"),
        (str(tmp_path / "gone.carxs"), digest, "there is no file"),
        (str(tmp_path), digest, "no ordinary file"),
    ):
        with pytest.raises(StudioError) as refusal:
            rig.host.load_state("one", wrong, of)
        assert refusal.value.code == "bad-state"
        assert words in refusal.value.message
        assert rig.world() == before


def test_a_bridged_plugin_says_so_and_does_as_any_other(rig: Rig) -> None:
    _need(rig, "bridges")
    control = rig.roles.unit
    rig.host.add("inside", control.uri, bridge=False)
    rig.host.add("apart", control.uri, bridge=True)
    inside, apart = rig.plugin("inside"), rig.plugin("apart")
    assert (inside.bridge, apart.bridge) == (False, True)
    assert inside.params == apart.params
    for name in ("inside", "apart"):
        rig.host.set_program(name, rig.describe(control.uri).presets[-1].uri)
        rig.host.set_param(name, control.symbol, 0.375)
    assert rig.plugin("inside").params == rig.plugin("apart").params
