"""Presets and programs in Carla: an LV2 preset by its label, anything else by its number, and the way back."""

from reconciler.engines import refusals
from reconciler.engines.carla.access import PluginAccess
from reconciler.engines.carla.plugin import CarlaPlugin
from reconciler.model.errors import EngineError
from reconciler.model.mix import MIX
from reconciler.model.values import float32

_CHANNEL = MIX["control_channel"].index


def load(engine: PluginAccess, plugin: CarlaPlugin, plugin_id: int, uri: str) -> None:
    """Load a preset through Carla, which also restores what is no parameter, and see that its values came.

    Raises
    ------
    EngineError
        ``no-such-program``, ``not-kept``.
    """
    preset = refusals.preset(plugin.name, uri, plugin.kind)
    if not plugin.kind.uri.startswith("lv2:"):
        _choose(engine, plugin, plugin_id, uri)
        return
    wanted = {symbol: float32(value) for symbol, value in preset.values.items() if symbol in plugin.index}
    for at, label in enumerate(engine.programs(plugin_id)):
        if label == preset.label:
            engine.set_program(plugin_id, at)
            if _different(wanted, plugin.await_values(plugin_id, wanted)) is None:
                return  # else it is another one with the same label
    for symbol, value in wanted.items():
        engine.set_value(plugin_id, plugin.index[symbol], value)
    different = _different(wanted, kept := plugin.await_values(plugin_id, wanted))
    if different is not None:
        asked = f"{wanted[different]:g} for {different}, as {preset.label} has it"
        raise refusals.not_kept(plugin.name, f"plugins.{plugin.name}.program", asked, f"{kept[different]:g}")


def reset(engine: PluginAccess, plugin: CarlaPlugin, plugin_id: int) -> None:
    """Put everything but ``lv2:enabled`` back to what a fresh one holds. Raises ``not-kept``."""
    program, midi_program = plugin.fresh_programs
    if program >= 0:
        engine.set_program(plugin_id, program)
    if midi_program >= 0:
        engine.set_midi_program(plugin_id, midi_program)
    wanted = dict(plugin.fresh)
    if plugin.kind.enabled is not None:
        wanted.pop(plugin.kind.enabled.symbol, None)
    for symbol, value in wanted.items():
        engine.set_value(plugin_id, plugin.index[symbol], value)
    different = _different(wanted, kept := plugin.await_values(plugin_id, wanted))
    if different is not None:
        address = f"plugins.{plugin.name}.params.{different}"
        raise refusals.not_kept(plugin.name, address, f"{wanted[different]:g}", f"{kept[different]:g}")


def _choose(engine: PluginAccess, plugin: CarlaPlugin, plugin_id: int, uri: str) -> None:
    """Choose a program by number (``program:3``), or a MIDI program by bank and number (``midi:0:12``)."""
    match uri.split(":"):
        case ["program", number]:
            engine.set_program(plugin_id, int(number))
            kept = f"program:{engine.program(plugin_id)}"
        case ["midi", _, _] if plugin.kind.uri.startswith("sf2:") and engine.internal(plugin_id, _CHANNEL) < 0:
            # Carla would say that it plays it, and play another (measured, and CarlaPluginFluidSynth.cpp).
            hint = "A SoundFont plays its program on its control channel, which is off: choose one in mix."
            raise refusals.unsupported(plugin.name, f"Loading the program {uri}", hint)
        case ["midi", bank, number]:
            numbers = engine.midi_programs(plugin_id)
            at = numbers.get((int(bank), int(number)))
            if at is not None:
                engine.set_midi_program(plugin_id, at)
            now = engine.midi_program(plugin_id)
            kept = next((f"midi:{of}:{which}" for (of, which), there in numbers.items() if there == now), "none")
        case _:
            raise _unknown(plugin, uri)
    if kept != uri:
        raise refusals.not_kept(plugin.name, f"plugins.{plugin.name}.program", uri, kept)


def _unknown(plugin: CarlaPlugin, uri: str) -> EngineError:
    hint = "A program is program:NUMBER or midi:BANK:NUMBER."
    return refusals.unsupported(plugin.name, f"Loading the program {uri}", hint)


def _different(wanted: dict[str, float], kept: dict[str, float]) -> str | None:
    return next((symbol for symbol, value in wanted.items() if kept[symbol] != value), None)
