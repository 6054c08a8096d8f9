"""The maps of values that a plugin has -- parameters, mix, MIDI, options, named values -- and that all follow one rule.

What is declared is set, what was ours and is declared no more goes back to where it rests, the rest is nobody's.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from reconciler.model.actions import Call, MapMidi, SetCustomData, SetMix, SetOption, SetParam
from reconciler.model.mix import MIX
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import Plugin
from reconciler.session.session import Session


class _Nowhere:
    """Where a value rests that nobody can take back."""


NOWHERE = _Nowhere()


class Facet(msgspec.Struct, frozen=True):
    """One map: ``word`` is its name in a plugin and in addresses."""

    word: str
    call: Callable[[str, str, Any], Call]
    rest: Callable[[Session, Plugin, str], Any]
    """Session, observed plugin and key to the value it has when nobody declares one; NOWHERE if there is none."""
    unit: Callable[[Session, str, str], str | None] = lambda _session, _name, _key: None
    moved: bool = False
    """A program or a state that is loaded moves these values."""
    apart: frozenset[str] = frozenset()
    """Keys that are not set like the others."""

    def of(self, plugin: Plugin) -> dict[str, Any]:
        """Return the plugin's map, without what stands apart."""
        values: dict[str, Any] = getattr(plugin, self.word)
        if self.apart.isdisjoint(values):
            return values
        return {key: value for key, value in values.items() if key not in self.apart}

    def address(self, name: str, key: str) -> str:
        """Return a value's address."""
        return f"plugins.{name}.{self.word}.{key}"


def _rest_of_param(session: Session, plugin: Plugin, symbol: str) -> object:
    if symbol in session.switched.get(plugin.name, ()):
        return NOWHERE  # the plugin's own switch, which `active` speaks of
    return session.rest.get(plugin.name, {}).get(symbol, NOWHERE)


def _unit_of_param(session: Session, name: str, symbol: str) -> str | None:
    return session.units.get(name, {}).get(symbol)


FACETS = (
    Facet(
        "options",
        SetOption,
        lambda _session, plugin, key: plugin.rest_options.get(key, NOWHERE),
        apart=frozenset({FORCE_STEREO}),
    ),
    Facet("custom_data", SetCustomData, lambda _session, _plugin, _key: NOWHERE, moved=True),
    Facet("params", SetParam, _rest_of_param, _unit_of_param, moved=True),
    Facet("mix", SetMix, lambda _session, _plugin, key: MIX[key].default, lambda _session, _name, key: MIX[key].unit),
    Facet("midi", MapMidi, lambda _session, _plugin, _symbol: None),
)
"""In the order in which they are set: a named value may move parameters, so it comes before them."""
