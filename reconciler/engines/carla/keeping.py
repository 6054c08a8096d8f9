"""What a plugin keeps beside its parameters, in Carla: named values and whole states, set and read back.

Carla keeps a list of named values for every plugin, and puts nearly everything into it. That is no proof that the
plugin ever heard of one. What reaches it depends on its format (source: ``setCustomData`` of each ``CarlaPlugin…``;
measured where such plugins are installed):

==========  ========================================================================================================
LADSPA      nothing; Carla does not even keep it
DSSI        strings
internal    strings and chunks, and the one path ``file``
SF2         the one string ``midiPrograms``
LV2         nothing through the list: only when a whole state is loaded. So a state is saved, changed and loaded
the others  nothing
==========  ========================================================================================================

A ``property`` is Carla's own and never meant for the plugin. Nothing can be taken off the list again.
"""

import tempfile
from pathlib import Path

import msgspec

from reconciler.engines import refusals
from reconciler.engines.carla.engine import NOT_FOLLOWING, CarlaEngine
from reconciler.engines.carla.plugin import CarlaPlugin
from reconciler.model import states
from reconciler.model.custom import CHUNK, PATH, PROPERTY, STRING
from reconciler.model.mix import MIX
from reconciler.model.options import OPTIONS
from reconciler.model.resources import CustomData
from reconciler.model.states import Saved, State


def set_custom_data(engine: CarlaEngine, plugin: CarlaPlugin, plugin_id: int, key: str, data: CustomData) -> None:
    """Give a plugin a named value, and see that it has it.

    Raises
    ------
    EngineError
        ``unsupported``, ``no-such-file``, ``not-kept``.
    """
    scheme = plugin.kind.uri.partition(":")[0]
    if not _reaches(scheme, key, data):
        hint = "Plugins of this kind keep no such value; a state file (`state:`) may hold it."
        raise refusals.unsupported(plugin.name, f"Setting {key}", hint)
    refusals.file_there(plugin.name, key, data)
    if scheme == "lv2" and data.type != PROPERTY:
        _through_a_state(engine, plugin, plugin_id, key, data)
        plugin.keeps = True
    else:
        engine.set_custom_data(plugin_id, data.type, key, data.value)
    kept = plugin.custom_data(plugin_id).get(key)
    if kept != data:
        raise refusals.not_kept(plugin.name, f"plugins.{plugin.name}.custom_data.{key}", data, kept)


def load_state(engine: CarlaEngine, plugin: CarlaPlugin, plugin_id: int, state: State) -> None:
    """Load what a state says of the plugin itself; what Carla does around it stays as it is. Read back.

    Raises
    ------
    EngineError
        ``unsupported``: a chunk for a plugin that takes none; ``not-kept``.
    """
    if state.chunk is not None and not engine.options(plugin_id).get("use_chunks"):
        raise refusals.unsupported(plugin.name, "Loading its chunk", "Set `options: { use_chunks: true }`.")
    _load(engine, plugin, plugin_id, _around(engine, plugin, plugin_id, state))
    wanted = states.values(state, plugin.kind, engine.rate_hz())
    if plugin.kind.enabled is not None:
        wanted.pop(plugin.kind.enabled.symbol, None)
    wanted = {symbol: value for symbol, value in wanted.items() if symbol in plugin.index}
    kept = plugin.await_values(plugin_id, wanted)
    different = next((symbol for symbol, value in wanted.items() if kept[symbol] != value), None)
    if different is not None:
        asked = f"{wanted[different]:g} for {different}, as the file has it"
        raise refusals.not_kept(plugin.name, f"plugins.{plugin.name}.state", asked, f"{kept[different]:g}")
    plugin.keeps = plugin.kind.uri.startswith("lv2:")


def _reaches(scheme: str, key: str, data: CustomData) -> bool:
    match scheme:
        case "ladspa":
            return False
        case _ if data.type == PROPERTY:
            return True
        case "lv2":
            return data.type not in {PATH, CHUNK}  # Carla's own path it would send and forget
        case "dssi":
            return data.type == STRING
        case "sf2":
            return (data.type, key) == (STRING, "midiPrograms")
        case "internal":
            return data.type in {STRING, CHUNK} or (data.type, key) == (PATH, "file")
        case _:
            return False


def _through_a_state(engine: CarlaEngine, plugin: CarlaPlugin, plugin_id: int, key: str, data: CustomData) -> None:
    """Load the plugin's present state with one value of it changed, and let it tell its state again."""
    now = _saved(engine, plugin, plugin_id)
    others = tuple(each for each in now.custom_data if each[1] != key)
    changed = msgspec.structs.replace(now, custom_data=(*others, (data.type, key, data.value)))
    _load(engine, plugin, plugin_id, changed)
    _saved(engine, plugin, plugin_id)  # a bridge, too, has answered once this returns


def _around(engine: CarlaEngine, plugin: CarlaPlugin, plugin_id: int, state: State) -> State:
    """Return a state with everything that Carla does around the plugin as it is now."""
    follows = {control.index: control for control in engine.controls(plugin_id)}
    rated = {plugin.index[info.symbol] for info in plugin.kind.parameters if info.per_sample_rate} if follows else set()
    places = _places(engine, plugin, plugin_id)
    parameters: list[Saved] = []
    for saved in state.parameters:
        index = places.get(saved.symbol, saved.index) if plugin.kind.uri.startswith("lv2:") else saved.index
        control = follows.get(index)
        if control is None or control.follows == NOT_FOLLOWING:
            parameters.append(msgspec.structs.replace(saved, control=NOT_FOLLOWING, channel=0, range=None))
            continue
        per = engine.rate_hz() if index in rated else 1.0
        ends = (control.low / per, control.high / per)
        parameters.append(msgspec.structs.replace(saved, control=control.follows, channel=control.channel, range=ends))
    enabled = engine.options(plugin_id)
    return msgspec.structs.replace(
        state,
        active=engine.internal(plugin_id, -2) > 0,
        mix={key: engine.internal(plugin_id, info.index) for key, info in MIX.items()},
        options=sum(OPTIONS[key] for key, on in enabled.items() if on),
        parameters=tuple(parameters),
    )


def _places(engine: CarlaEngine, plugin: CarlaPlugin, plugin_id: int) -> dict[str, int]:
    known = {control.index for control in engine.controls(plugin_id)}
    return {symbol: index for symbol, index in plugin.index.items() if index in known}


def _saved(engine: CarlaEngine, plugin: CarlaPlugin, plugin_id: int) -> State:
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder, "now.carxs")
        error = engine.save_state(plugin_id, path)
        if error is not None:
            raise refusals.not_kept(plugin.name, f"plugins.{plugin.name}.state", "its state to be saved", error)
        return states.read(path)[0]


def _load(engine: CarlaEngine, plugin: CarlaPlugin, plugin_id: int, state: State) -> None:
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder, "next.carxs")
        path.write_bytes(states.compose(state))
        error = engine.load_state(plugin_id, path)
    if error is not None:
        raise refusals.not_kept(plugin.name, f"plugins.{plugin.name}.state", "its state to be loaded", error)
