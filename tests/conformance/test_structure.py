"""Replacing, removing all, restarting, the engine's own settings; and that no two plugins ever have one name."""

import msgspec
import pytest

from reconciler.model.errors import StudioError
from reconciler.model.mix import MIX
from reconciler.model.resources import EngineSettings, MidiMap, Plugin
from tests.conformance.rig import Rig
from tests.support.waiting import eventually


def _need(rig: Rig, can: object) -> None:
    if not can:
        pytest.skip(f"{rig.name} cannot")


def test_a_replacement_has_the_name_and_the_place_and_nothing_else_of_the_old_one(rig: Rig) -> None:
    _need(rig, rig.host.capabilities.replace)
    unit = rig.roles.unit
    for name in ("a", "b", "c"):
        rig.host.add(name, unit.uri)
        rig.host.set_param(name, unit.symbol, 0.75)
    rig.host.set_mix("b", "volume", 0.5)
    rig.host.set_active("b", active=False)
    rig.host.map_midi("b", unit.symbol, MidiMap("cc", 0.0, 1.0, 7))
    others = [one for one in rig.host.plugins() if one.plugin.name != "b"]
    rig.host.replace("b", rig.roles.stereo)
    assert rig.names() == ["a", "b", "c"]
    rig.host.add("fresh", rig.roles.stereo)
    # A rename, which Carla's replacement takes, writes what the plugin would save among its named values.
    assert msgspec.structs.replace(rig.plugin("fresh"), name="b", custom_data={}) == _bare(rig, "b")
    assert rig.plugin("b").mix == {key: info.default for key, info in MIX.items()}
    assert [one for one in rig.host.plugins() if one.plugin.name in {"a", "c"}] == others
    assert {port.symbol for port in rig.describe(rig.roles.stereo).ports} <= _symbols(rig, "b")


def _bare(rig: Rig, name: str) -> Plugin:
    return msgspec.structs.replace(rig.plugin(name), custom_data={})


def _symbols(rig: Rig, name: str) -> set[str]:
    """The plugin's ports that the graph shows, by symbol."""
    ports = rig.graph.ports()
    return {port.symbol for port in rig.describe(rig.plugin(name).plugin).ports if rig.port(name, port.symbol) in ports}


def test_the_same_plugin_in_its_own_place_is_a_fresh_one(rig: Rig) -> None:
    _need(rig, rig.host.capabilities.replace)
    unit = rig.roles.unit
    rig.host.add("one", unit.uri)
    fresh = _bare(rig, "one")
    rig.host.set_param("one", unit.symbol, 0.75)
    rig.host.replace("one", unit.uri)
    assert _bare(rig, "one") == fresh


@pytest.mark.parametrize("wrong", ["broken", "missing"])
def test_a_replacement_that_fails_leaves_the_old_one(rig: Rig, wrong: str) -> None:
    _need(rig, rig.host.capabilities.replace)
    unit = rig.roles.unit
    for name in ("a", "b"):
        rig.host.add(name, unit.uri)
    rig.host.set_param("a", unit.symbol, 0.75)
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        rig.host.replace("a", getattr(rig.roles, wrong))
    assert refusal.value.code in {"plugin-failed", "plugin-not-found"}
    assert rig.world() == before
    rig.host.add("c", unit.uri)
    assert rig.names() == ["a", "b", "c"], "the place was not kept open for the next one"


def test_only_what_is_there_is_replaced(rig: Rig) -> None:
    _need(rig, rig.host.capabilities.replace)
    with pytest.raises(StudioError) as refusal:
        rig.host.replace("nobody", rig.roles.stereo)
    assert refusal.value.code == "no-such-plugin"
    assert refusal.value.hint, "what is there, or how to start it"


def test_all_go_at_once_and_the_names_are_free(rig: Rig) -> None:
    _need(rig, rig.host.capabilities.remove_all)
    for name in ("a", "b", "c"):
        rig.host.add(name, rig.roles.mono.uri)
    clients = [rig.hosted(name).client for name in rig.names()]
    rig.host.remove_all()
    assert rig.names() == []
    assert not any(rig.ports_of(client) for client in clients)
    rig.host.remove_all()
    rig.host.add("a", rig.roles.stereo)
    assert rig.names() == ["a"]


@pytest.mark.parametrize(
    ("there", "name"), [(("x (2)", "x"), "x"), (("x", "x (2)"), "x (2)"), (("x (2)", "x", "x (3)"), "x (3)")]
)
def test_no_two_plugins_have_one_name(rig: Rig, there: tuple[str, ...], name: str) -> None:
    """Carla makes a second "x (2)" of an "x" where "x (2)" and "x" are there, in this order (measured)."""
    for one in there:
        rig.host.add(one, rig.roles.mono.uri)
    with pytest.raises(StudioError) as refusal:
        rig.host.add(name, rig.roles.mono.uri)
    assert refusal.value.code == "name-taken"
    assert rig.names() == list(there)
    if rig.host.capabilities.rename:
        with pytest.raises(StudioError) as refusal:
            rig.host.rename(there[0], there[1])
        assert refusal.value.code == "name-taken"
        assert rig.names() == list(there)
    if rig.host.capabilities.replace:
        for one in there:
            rig.host.replace(one, rig.roles.stereo)
        assert rig.names() == list(there)


def test_a_restart_leaves_nothing_and_begins_with_what_is_asked(rig: Rig) -> None:
    _need(rig, rig.host.capabilities.settings)
    mode = rig.host.settings.mode
    rig.host.add("one", rig.roles.unit.uri)
    client = rig.hosted("one").client
    rig.host.restart(EngineSettings(mode=mode, tempo=97.5))
    assert rig.names() == []
    eventually(lambda: not rig.ports_of(client))
    assert (rig.host.settings.mode, rig.host.settings.tempo) == (mode, 97.5)
    rig.host.add("one", rig.roles.stereo)
    assert rig.names() == ["one"]
    assert (rig.host.settings.mode, rig.host.settings.tempo) == (mode, 97.5)


def test_tempo_and_folders_change_while_it_runs(rig: Rig) -> None:
    _need(rig, rig.host.capabilities.live_settings)
    rig.host.add("one", rig.roles.unit.uri)
    before = rig.plugin("one")
    rig.host.set_engine("tempo", 97.5)
    rig.host.set_engine("paths.sf2", "/srv/sounds:/srv/more")
    rig.host.set_engine("paths.sfz", "/srv/sfz")
    rig.host.set_engine("paths.sfz", "")
    assert rig.host.settings.tempo == 97.5
    assert rig.host.settings.paths == {"sf2": ("/srv/sounds", "/srv/more")}
    assert rig.plugin("one") == before


def test_the_transport_changes_where_it_can(rig: Rig) -> None:
    _need(rig, "transport" in rig.host.capabilities.live_settings)
    rig.host.add("one", rig.roles.unit.uri)
    for transport in ("internal", "jack", "internal"):
        rig.host.set_engine("transport", transport)
        rig.host.set_engine("tempo", 88.0)
        assert (rig.host.settings.transport, rig.host.settings.tempo) == (transport, 88.0)


@pytest.mark.parametrize("key", ["mode", "paths.lv2", "colour"])
def test_what_takes_a_restart_or_is_unknown_is_refused_while_it_runs(rig: Rig, key: str) -> None:
    before = rig.host.settings
    with pytest.raises(StudioError) as refusal:
        rig.host.set_engine(key, "patchbay")
    assert refusal.value.code == "unsupported"
    assert rig.host.settings == before
