"""A name is an identity: granted as asked, or refused."""

import pytest

from reconciler.model.errors import StudioError
from tests.conformance.rig import Rig


def test_a_plugin_has_the_name_it_was_given(rig: Rig) -> None:
    rig.host.add("voice", rig.roles.mono.uri)
    hosted = rig.hosted("voice")
    assert (hosted.plugin.name, hosted.plugin.plugin) == ("voice", rig.roles.mono.uri)
    assert hosted.client == f"{rig.prefix}voice"
    assert rig.ports_of(hosted.client)


def test_its_ports_are_those_of_the_catalogue(rig: Rig) -> None:
    for name, uri in (("mono", rig.roles.mono.uri), ("stereo", rig.roles.stereo), ("keys", rig.roles.instrument)):
        rig.host.add(name, uri)
        ports = rig.graph.ports()
        for port in rig.describe(uri).ports:
            there = ports[rig.port(name, port.symbol)]
            assert (there.kind, there.direction, there.physical) == (port.kind, port.direction, False)


@pytest.mark.parametrize("name", ["Stimme (2) äöü ♫ 🎹", "-n", "100%", "a.b", 'O\'Hara "x" $HOME *', "x (2)"])
def test_strange_names_are_kept_as_they_are(rig: Rig, name: str) -> None:
    rig.host.add(name, rig.roles.mono.uri)
    assert rig.names() == [name]
    assert rig.ports_of(f"{rig.prefix}{name}")


def test_the_longest_name_is_what_the_host_says_with_the_prefix(rig: Rig) -> None:
    longest = "ä" * 20 + "x" * (rig.host.capabilities.name_bytes - 40 - len(rig.prefix.encode()))
    rig.host.add(longest, rig.roles.mono.uri)
    assert rig.names() == [longest]
    assert rig.ports_of(f"{rig.prefix}{longest}")
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        rig.host.add(longest + "x", rig.roles.mono.uri)
    assert refusal.value.code == "bad-name"
    assert rig.world() == before


@pytest.mark.parametrize("name", ["", " x", "x ", "a:b", "a/b", "tab\there", "nul\0", "line\n", "\u200bhidden"])
def test_names_that_no_server_would_keep_are_refused(rig: Rig, name: str) -> None:
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        rig.host.add(name, rig.roles.mono.uri)
    assert refusal.value.code == "bad-name"
    assert rig.world() == before


def test_a_name_that_a_plugin_has_is_taken(rig: Rig) -> None:
    rig.host.add("voice", rig.roles.mono.uri)
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        rig.host.add("voice", rig.roles.stereo)
    assert refusal.value.code == "name-taken"
    assert rig.world() == before


def test_a_name_that_a_foreign_client_has_is_taken(rig: Rig) -> None:
    rig.open_client(f"{rig.prefix}synth")
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        rig.host.add("synth", rig.roles.mono.uri)
    assert refusal.value.code == "name-taken"
    assert rig.world() == before


def test_a_name_is_free_again_after_removal(rig: Rig) -> None:
    for _ in range(3):
        rig.host.add("voice", rig.roles.mono.uri)
        rig.host.remove("voice")
        assert rig.names() == []


def test_names_are_told_apart_by_case_and_by_numbers(rig: Rig) -> None:
    names = ["x (2)", "x", "X", "x (3)"]
    for name in names:
        rig.host.add(name, rig.roles.mono.uri)
    assert rig.names() == names


def test_renaming_keeps_values_and_links_or_is_refused(rig: Rig) -> None:
    if rig.host.capabilities.rename:
        _renames(rig)
    else:
        _refuses_to_rename(rig)


def _renames(rig: Rig) -> None:
    control = rig.roles.mono
    rig.host.add("first", control.uri)
    rig.host.add("old", control.uri)
    value = rig.host.set_param("old", control.symbol, 0.5)
    audio = rig.describe(control.uri).ports
    rig.graph.connect(rig.port("first", audio[1].symbol), rig.port("old", audio[0].symbol))
    rig.host.rename("old", "new")
    assert rig.names() == ["first", "new"]
    assert rig.value("new", control.symbol) == value
    links = {(link.source, link.target) for link in rig.graph.links()}
    assert (rig.port("first", audio[1].symbol), rig.port("new", audio[0].symbol)) in links
    assert not rig.ports_of(f"{rig.prefix}old")
    rig.host.rename("new", "new")
    assert rig.names() == ["first", "new"]
    before = rig.world()
    for wrong, code in (("first", "name-taken"), ("a:b", "bad-name")):
        with pytest.raises(StudioError) as refusal:
            rig.host.rename("new", wrong)
        assert refusal.value.code == code
        assert rig.world() == before


def _refuses_to_rename(rig: Rig) -> None:
    rig.host.add("old", rig.roles.mono.uri)
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        rig.host.rename("old", "new")
    assert refusal.value.code == "unsupported"
    assert rig.world() == before
