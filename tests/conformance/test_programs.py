"""Presets, and the way back to the defaults."""

import pytest

from reconciler.model.errors import StudioError
from reconciler.model.values import float32
from tests.conformance.rig import Rig


def test_every_preset_brings_its_values(rig: Rig) -> None:
    known = rig.describe(rig.roles.presets)
    rig.host.add("one", known.uri)
    assert len(known.presets) > 1
    for preset in known.presets:
        rig.host.set_program("one", preset.uri)
        plugin = rig.plugin("one")
        assert plugin.program == preset.uri
        assert {symbol: plugin.params[symbol] for symbol in preset.values} == {
            symbol: float32(value) for symbol, value in preset.values.items()
        }


def test_a_program_stays_chosen_when_a_value_is_edited(rig: Rig) -> None:
    known = rig.describe(rig.roles.presets)
    symbol = rig.roles.unit.symbol
    assert known.uri == rig.roles.unit.uri
    rig.host.add("one", known.uri)
    rig.host.set_program("one", known.presets[0].uri)
    rig.host.set_param("one", symbol, 0.123)
    assert rig.plugin("one").program == known.presets[0].uri
    assert rig.value("one", symbol) == float32(0.123)


def test_no_program_means_the_defaults(rig: Rig) -> None:
    known = rig.describe(rig.roles.presets)
    rig.host.add("one", known.uri)
    fresh = rig.plugin("one")
    rig.host.set_param("one", rig.roles.unit.symbol, 0.123)
    for preset in known.presets:
        rig.host.set_program("one", preset.uri)
    rig.host.set_program("one", None)
    assert rig.plugin("one") == fresh


def test_no_program_means_the_defaults_where_there_are_no_presets_too(rig: Rig) -> None:
    rig.host.add("one", rig.roles.mono.uri)
    fresh = rig.plugin("one")
    rig.host.set_param("one", rig.roles.mono.symbol, 0.5)
    rig.host.set_program("one", None)
    assert rig.plugin("one") == fresh


def test_an_unknown_program_is_refused(rig: Rig) -> None:
    known = rig.describe(rig.roles.presets)
    rig.host.add("one", known.uri)
    rig.host.set_program("one", known.presets[0].uri)
    before = rig.world()
    for wrong in (known.presets[1].uri + "x", "urn:nobody", "two words", "line\nset x 1", ""):
        with pytest.raises(StudioError) as refusal:
            rig.host.set_program("one", wrong)
        assert refusal.value.code == "no-such-program"
        assert rig.world() == before


def test_no_program_leaves_the_bypass_alone(rig: Rig) -> None:
    rig.host.add("one", rig.roles.bypass)
    rig.host.set_active("one", active=False)
    rig.host.set_program("one", None)
    assert not rig.plugin("one").active
