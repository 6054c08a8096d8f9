"""The maps of values that a plugin has -- parameters, mix, MIDI -- and that all follow one rule.

What is declared is set, what was ours and is declared no more goes back to where it rests, the rest is nobody's.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from reconciler.model.actions import Call, MapMidi, SetMix, SetParam
from reconciler.model.mix import MIX
from reconciler.model.resources import Plugin
from reconciler.session.session import Session


class Facet(msgspec.Struct, frozen=True):
    """One map: ``word`` is its name in a plugin and in addresses."""

    word: str
    call: Callable[[str, str, Any], Call]
    rest: Callable[[Session, str, str], Any]
    """Session, plugin and key to the value that the host has when nobody declares one; None if that is unknown."""
    unit: Callable[[Session, str, str], str | None]

    def of(self, plugin: Plugin) -> dict[str, Any]:
        """Return the plugin's map."""
        values: dict[str, Any] = getattr(plugin, self.word)
        return values

    def address(self, name: str, key: str) -> str:
        """Return a value's address."""
        return f"plugins.{name}.{self.word}.{key}"


def _rest_of_param(session: Session, name: str, symbol: str) -> float | None:
    return session.rest.get(name, {}).get(symbol)


def _unit_of_param(session: Session, name: str, symbol: str) -> str | None:
    return session.units.get(name, {}).get(symbol)


PARAMS = Facet("params", SetParam, _rest_of_param, _unit_of_param)
FACETS = (
    PARAMS,
    Facet("mix", SetMix, lambda _session, _name, key: MIX[key].default, lambda _session, _name, key: MIX[key].unit),
    Facet("midi", MapMidi, lambda _session, _name, _symbol: None, lambda _session, _name, _symbol: None),
)
