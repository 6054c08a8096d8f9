"""Plugins that do not load, plugins that die, a server that dies."""

import pytest

from reconciler.model.errors import StudioError, Unavailable
from tests.conformance.rig import Rig
from tests.support.waiting import eventually


def test_a_plugin_that_is_not_installed_is_refused(rig: Rig) -> None:
    rig.host.add("there", rig.roles.mono.uri)
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        rig.host.add("one", rig.roles.missing)
    assert refusal.value.code == "plugin-not-found"
    assert rig.roles.missing in refusal.value.message
    assert rig.world() == before


def test_a_plugin_of_a_format_that_the_host_lacks_is_refused(rig: Rig) -> None:
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        rig.host.add("one", "no-such-format:thing")
    assert refusal.value.code == "unsupported"
    assert rig.world() == before


def test_a_plugin_that_does_not_load_leaves_the_host_as_it_was(rig: Rig) -> None:
    rig.host.add("there", rig.roles.mono.uri)
    before = rig.world()
    for _ in range(2):
        with pytest.raises(StudioError) as refusal:
            rig.host.add("one", rig.roles.broken)
        assert refusal.value.code == "plugin-failed"
        assert rig.roles.broken in refusal.value.message
        assert rig.world() == before
    rig.host.add("one", rig.roles.mono.uri)
    assert rig.names() == ["there", "one"]
    assert rig.host.crashes() == []


def test_a_plugin_that_dies_is_missed_and_remembered(rig: Rig) -> None:
    if rig.kill_plugin is None:
        pytest.skip(f"plugins of {rig.name} die with their host")
    control = rig.roles.unit
    for name in ("one", "two", "three"):
        rig.host.add(name, control.uri)
        rig.host.set_param(name, control.symbol, 0.25)
    client = rig.hosted("two").client
    rig.kill_plugin("two")
    eventually(lambda: rig.names() == ["one", "three"])
    eventually(lambda: not rig.ports_of(client))
    (crash,) = rig.host.crashes()
    assert (crash.name, crash.plugin) == ("two", control.uri)
    assert "kill" in crash.reason
    with pytest.raises(StudioError) as refusal:
        rig.host.set_param("two", control.symbol, 0.5)
    assert refusal.value.code == "no-such-plugin"
    assert rig.value("three", control.symbol) == 0.25

    rig.host.add("two", control.uri)
    assert rig.names() == ["one", "three", "two"]
    assert rig.value("two", control.symbol) == rig.info(control).default
    assert [one.name for one in rig.host.crashes()] == ["two"]


def test_a_plugin_that_dies_under_a_call_fails_that_call(rig: Rig) -> None:
    if rig.kill_plugin is None:
        pytest.skip(f"plugins of {rig.name} die with their host")
    control = rig.roles.unit
    rig.host.add("one", control.uri)
    rig.kill_plugin("one")
    with pytest.raises(StudioError) as refusal:
        rig.host.set_param("one", control.symbol, 0.5)
    assert refusal.value.code in {"no-such-plugin", "plugin-died"}
    assert rig.names() == []
    assert [one.name for one in rig.host.crashes()] == ["one"]


def test_when_the_server_dies_its_plugins_are_gone_and_none_can_come(mortal_rig: Rig) -> None:
    rig = mortal_rig
    for number in range(3):
        rig.host.add(f"p{number}", rig.roles.mono.uri)
    rig.kill_server()
    eventually(lambda: not rig.graph.alive)
    rig.host.server_lost()
    assert rig.host.plugins() == []
    assert rig.leftovers() == []
    with pytest.raises(Unavailable) as refusal:
        rig.host.add("late", rig.roles.mono.uri)
    assert refusal.value.code == "jack-gone"
    assert rig.leftovers() == []
    with pytest.raises(StudioError) as missing:
        rig.host.remove("p0")
    assert missing.value.code == "no-such-plugin"


def test_a_dead_server_is_noticed_without_being_told(mortal_rig: Rig) -> None:
    rig = mortal_rig
    rig.host.add("one", rig.roles.mono.uri)
    rig.kill_server()
    eventually(lambda: not rig.graph.alive)
    assert rig.host.plugins() == []
    assert rig.host.crashes() == []
    assert rig.leftovers() == []
