"""One setting of a plugin, in two halves: send it, and later read back what became of it.

Between the halves any number of others can be sent, and then one reading of Carla answers for all of them. So the
first half looks only at what was known before it.
"""

from collections.abc import Callable

from reconciler.engines import refusals
from reconciler.engines.carla.engine import ACTIVE, NOT_FOLLOWING
from reconciler.engines.carla.plugin import MIX_HINTS, CarlaPlugin, control_index
from reconciler.engines.carla_osc.capabilities import CAPABILITIES
from reconciler.engines.carla_osc.engine import OscEngine
from reconciler.model.actions import MapMidi, SetActive, SetMix, SetParam, Setting
from reconciler.model.conform import conform
from reconciler.model.errors import EngineError
from reconciler.model.mix import MIX
from reconciler.model.resources import MidiMap

_RANGE_SET = 0x10000
"""``PARAMETER_MAPPED_RANGES_SET``: else Carla takes the whole range with the first mapping."""

Kept = bool | float | MidiMap | None
Read = Callable[[], Kept]
"""Reads back what was sent."""

TOGETHER: tuple[type[Setting], ...] = (SetParam, SetMix, MapMidi, SetActive)
"""What can be sent with others of its kind: none of them moves what another one sets."""


def send(engine: OscEngine, plugin: CarlaPlugin, plugin_id: int, call: Setting) -> Read:
    """Send what a setting takes, and return how to read it back.

    Raises
    ------
    EngineError
        ``no-such-parameter``, ``not-finite``, ``unsupported``: nothing was sent.
    """
    match call:
        case SetParam(_, symbol, value):
            return _param(engine, plugin, plugin_id, symbol, value)
        case SetMix(_, key, value):
            return _mix(engine, plugin, plugin_id, key, value)
        case MapMidi(_, symbol, follows):
            return _map(engine, plugin, plugin_id, symbol, follows)
        case SetActive(_, active):
            return _active(engine, plugin, plugin_id, active=active)
        case _:
            raise refusals.unsupported(call.name, f"Setting {call} with others", "Set it alone.")


def difference(call: Setting, kept: Kept) -> EngineError | None:
    """Return what is wrong with what was read back, None if it is what was asked."""
    match call:
        case SetParam(name, symbol, value) if kept != value:
            return refusals.not_kept(name, f"plugins.{name}.params.{symbol}", value, kept)
        case SetMix(name, key, value) if kept != value:
            return refusals.not_kept(name, f"plugins.{name}.mix.{key}", value, kept)
        case MapMidi(name, symbol, follows) if kept != follows:
            return refusals.not_kept(name, f"plugins.{name}.midi.{symbol}", follows, kept)
        case SetActive(name, active) if kept is not active:
            return refusals.not_kept(name, f"plugins.{name}.active", active, kept)
        case _:
            return None


def _param(engine: OscEngine, plugin: CarlaPlugin, plugin_id: int, symbol: str, value: float) -> Read:
    index = _index(plugin, symbol)
    refusals.finite(plugin.name, symbol, value)
    engine.set_value(plugin_id, index, plugin.conform(symbol, value))
    return lambda: engine.value(plugin_id, index)


def _mix(engine: OscEngine, plugin: CarlaPlugin, plugin_id: int, key: str, value: float) -> Read:
    info = MIX.get(key)
    if info is None or key not in CAPABILITIES.mix:
        hint = f"Over OSC there are {', '.join(sorted(CAPABILITIES.mix))}."
        raise refusals.unsupported(plugin.name, f"Setting {key}", hint)
    refusals.finite(plugin.name, key, value)
    asked, at = conform(info, value), info.index
    known = engine.mirror.plugins[plugin_id]
    if asked != known.internal[at]:
        needed = MIX_HINTS.get(key, 0)
        if needed and not known.hints & needed:
            hint = "Carla offers it only to plugins with fitting audio ports; take it out."
            raise refusals.unsupported(plugin.name, f"Setting {key}", hint)
        engine.set_internal(plugin_id, at, asked)
    return lambda: engine.internal(plugin_id, at)


def _active(engine: OscEngine, plugin: CarlaPlugin, plugin_id: int, *, active: bool) -> Read:
    own = plugin.kind.enabled
    if own is not None and own.symbol in plugin.index:
        engine.set_value(plugin_id, plugin.index[own.symbol], float(active))
    if own is None or own.symbol not in plugin.index or active:
        engine.set_internal(plugin_id, ACTIVE, float(active))
    return lambda: plugin.active(plugin_id, plugin.values(plugin_id))


def _map(engine: OscEngine, plugin: CarlaPlugin, plugin_id: int, symbol: str, follows: MidiMap | None) -> Read:
    index = _index(plugin, symbol)
    wanted = NOT_FOLLOWING if follows is None else control_index(follows)
    if wanted is None:
        hint = "A parameter follows a control change from 0 to 119, the pitch bend, or CV."
        raise refusals.unsupported(plugin.name, f"Letting {symbol} follow {follows}", hint)
    known = engine.mirror.plugins[plugin_id].parameters[index]
    span = (known.low, known.high) if known.hints & _RANGE_SET else (known.minimum, known.maximum)
    if follows is not None and (follows.low, follows.high) != span:
        hint = f"Over OSC it follows from {span[0]:g} to {span[1]:g} only; in Carla's window its user can change that."
        raise refusals.unsupported(
            plugin.name, f"Letting {symbol} follow from {follows.low:g} to {follows.high:g}", hint
        )
    if wanted != known.follows:
        engine.follow(plugin_id, index, NOT_FOLLOWING)
    if follows is not None:
        # All else before the source, so that it never follows the wrong channel, not even for a moment.
        engine.set_follow_channel(plugin_id, index, follows.channel)
        engine.follow(plugin_id, index, wanted)

    def kept() -> MidiMap | None:
        found = plugin.follows(plugin_id, symbol)
        if found != follows:
            engine.follow(plugin_id, index, NOT_FOLLOWING)
        return found

    return kept


def _index(plugin: CarlaPlugin, symbol: str) -> int:
    index = plugin.index.get(symbol)
    if index is None:
        raise refusals.no_such_parameter(plugin.name, symbol, plugin.kind)
    return index
