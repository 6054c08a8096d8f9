"""The raw engine of the memory host, as awkward as Carla's C interface (measured on Carla 2.6).

Ids are positions, so removing one shifts all behind it; loading appends; setters return nothing and never report a
failure; values are kept as float32, clamped and rounded; ``:`` and ``/`` in a name become dots and a name that is
there already gets `` (2)``; a foreign JACK client of that name leaves the plugin's ports under another one, while the
engine goes on calling it as before. What a careful adapter must make of this is in ``host.py``.
"""

import math

from reconciler.engines.memory.patchbay import InnerServer
from reconciler.engines.memory.server import MemoryServer
from reconciler.model import states
from reconciler.model.catalogue import Catalogue, Direction, Kind, PluginType, PortInfo
from reconciler.model.conform import conform, limits
from reconciler.model.controls import added_ports
from reconciler.model.mix import MIX
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import CustomData, MidiMap, Port
from reconciler.model.stereo import can_widen, widened
from reconciler.model.terminals import MIDI_PORTS, MOST_PLUGINS

UNOFFERED = "urn:studio:memory:unoffered"
"""Beginning of the features that this engine lacks, so that a plugin requiring one does not load."""


class RawPlugin:
    """One loaded plugin; mutable, and for this room only."""

    __slots__ = (
        *("active", "bridge", "client", "custom_data", "fresh_options", "midi", "mix", "name", "options", "program"),
        *("type", "values"),
    )

    def __init__(self, kind: PluginType, name: str, client: str, options: dict[str, bool], *, bridge: bool) -> None:
        self.type = kind
        self.name = name
        self.client = client
        self.active = True
        self.program: int = -1
        self.values = {info.symbol: info.default for info in kind.parameters}
        self.mix = {key: info.default for key, info in MIX.items()}
        self.midi: dict[str, MidiMap] = {}
        self.options = dict(options)
        self.fresh_options = options | ({FORCE_STEREO: False} if FORCE_STEREO in options else {})
        self.custom_data: dict[str, CustomData] = {}
        self.bridge = bridge

    def added(self) -> tuple[PortInfo, ...]:
        """Return the ports by which its parameters are moved, besides its own."""
        following = [symbol for symbol, follows in self.midi.items() if follows.source == "cv"]
        return added_ports(self.type, bridge=self.bridge, cv=following)


class RawEngine:
    """Loads and holds plugins.

    Parameters
    ----------
    catalogue
        Knows the plugins.
    server
        Where their ports appear.
    prefix
        What their JACK clients' names begin with.
    port_names
        Call ports by their name (``In L``), as Carla does, instead of by symbol (``in_l``), as jalv does.
    adds_ports
        Give plugins ports by which their parameters are moved, as Carla does.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        server: MemoryServer,
        *,
        prefix: str = "",
        port_names: bool = False,
        adds_ports: bool = True,
    ) -> None:
        self._catalogue = catalogue
        self.server = server
        self._prefix = prefix
        self._port_names = port_names
        self._adds_ports = adds_ports
        self._plugins: list[RawPlugin] = []
        self._armed: int | None = None
        self.last_error = ""

    def count(self) -> int:
        """Return how many plugins there are; their ids are the numbers below it."""
        return len(self._plugins)

    def get(self, plugin_id: int) -> RawPlugin:
        """Return the plugin at that position now."""
        return self._plugins[plugin_id]

    def arm(self, plugin_id: int) -> None:
        """Let the next load take this plugin's place. One that fails uses this up, and the old plugin stays."""
        if plugin_id < len(self._plugins):
            self._armed = plugin_id

    def load(self, name: str, uri: str, *, bridge: bool = False, force_stereo: bool = False) -> bool:
        """Load a plugin behind the others; False and :attr:`last_error` if it is unknown or the server is gone.

        One that cannot be forced to stereo comes up as it is. In the place of one it takes over whether that was on,
        its dry/wet and its volume, and nothing else; the old one's name is still taken then.
        """
        armed, self._armed = self._armed, None
        kind = self._catalogue.describe(uri)
        if kind is None:
            self.last_error = "Failed to find the requested plugin"
            return False
        if any(feature.startswith(UNOFFERED) for feature in kind.required_features):
            self.last_error = "Plugin requires a feature that is not supported"
            return False
        if isinstance(self.server, InnerServer) and len(self._plugins) >= MOST_PLUGINS:
            self.last_error = "Maximum number of plugins reached"
            return False
        if isinstance(self.server, InnerServer) and midi_ports(kind) > MIDI_PORTS:
            self.last_error = "Patchbay mode cannot work with plugins that have multiple MIDI ports"
            return False
        if not self.server.alive:
            self.last_error = "Failed to register plugin client"
            return False
        options = options_of(kind, bridge=bridge)
        if force_stereo and can_widen(kind):
            kind = widened(kind)
            options[FORCE_STEREO] = True
        granted = self._unique(name)
        ports = [Port(self.port_name(port), port.kind, port.direction) for port in kind.ports]
        client = self.server.open_client(self._prefix + granted, ports)
        plugin = RawPlugin(kind, granted, client, options, bridge=bridge)
        for added in self.added(plugin):
            self.server.open_port(client, Port(self.port_name(added), added.kind, added.direction))
        if armed is None:
            self._plugins.append(plugin)
            return True
        old, self._plugins[armed] = self._plugins[armed], plugin
        plugin.active = old.active
        plugin.mix.update({key: old.mix[key] for key in ("dry_wet", "volume")})
        self.server.close_client(old.client)
        return True

    def remove(self, plugin_id: int) -> None:
        """Unload; every id behind it becomes one less."""
        if plugin_id < len(self._plugins):
            self.server.close_client(self._plugins.pop(plugin_id).client)

    def remove_all(self) -> None:
        """Unload everything."""
        self.close()

    def rename(self, plugin_id: int, name: str) -> None:
        """Rename; its own name counts as taken too, so that renaming to the same gives `` (2)``."""
        if plugin_id < len(self._plugins):
            plugin = self._plugins[plugin_id]
            plugin.name = self._unique(name)
            client = self._prefix + plugin.name
            self.server.rename_client(plugin.client, client)
            plugin.client = client

    def set_active(self, plugin_id: int, active: bool) -> None:
        """Switch on or off."""
        if plugin_id < len(self._plugins):
            self._plugins[plugin_id].active = active

    def set_value(self, plugin_id: int, symbol: str, value: float) -> None:
        """Set a parameter; NaN is kept, infinity clamps, an unknown symbol does nothing."""
        if plugin_id >= len(self._plugins):
            return
        plugin = self._plugins[plugin_id]
        info = plugin.type.parameter(symbol)
        if info is None:
            return
        if math.isnan(value):
            plugin.values[symbol] = value
        elif math.isinf(value):
            plugin.values[symbol] = limits(info)[value > 0]
        else:
            plugin.values[symbol] = conform(info, value)

    def set_mix(self, plugin_id: int, key: str, value: float) -> None:
        """Set one of the host's own values; clamped, an unknown key does nothing."""
        if plugin_id < len(self._plugins) and key in MIX:
            self._plugins[plugin_id].mix[key] = conform(MIX[key], value)

    def map_midi(self, plugin_id: int, symbol: str, follows: MidiMap | None) -> None:
        """Let a parameter follow; a range beyond the parameter's own changes nothing, as in Carla."""
        if plugin_id >= len(self._plugins):
            return
        plugin = self._plugins[plugin_id]
        info = plugin.type.parameter(symbol)
        before = self.added(plugin)
        if follows is None:
            plugin.midi.pop(symbol, None)
        elif info is not None and (
            follows.source == "cv" or all(conform(info, edge) == edge for edge in (follows.low, follows.high))
        ):
            plugin.midi[symbol] = follows
        after = self.added(plugin)
        for port in before:
            if port not in after:
                self.server.close_port(f"{plugin.client}:{self.port_name(port)}")
        for port in after:
            self.server.open_port(plugin.client, Port(self.port_name(port), port.kind, port.direction))

    def added(self, plugin: RawPlugin) -> tuple[PortInfo, ...]:
        """Return the ports that a plugin has besides its own."""
        return plugin.added() if self._adds_ports else ()

    def set_option(self, plugin_id: int, key: str, value: bool) -> None:
        """Switch an option; one that the plugin does not have changes nothing, and force_stereo moves no port."""
        if plugin_id < len(self._plugins) and key in self._plugins[plugin_id].options:
            self._plugins[plugin_id].options[key] = value

    def set_custom_data(self, plugin_id: int, key: str, data: CustomData) -> None:
        """Keep a named value; one that is there keeps its type, and none can be taken away."""
        if plugin_id < len(self._plugins):
            kept = self._plugins[plugin_id].custom_data
            kept[key] = CustomData(kept[key].type if key in kept else data.type, data.value)

    def load_state(self, plugin_id: int, state: states.State) -> None:
        """Take parameters and named values of a state; what it does not name stays."""
        if plugin_id < len(self._plugins):
            plugin = self._plugins[plugin_id]
            for symbol, value in states.values(state, plugin.type, self.server.settings.sample_rate or 0).items():
                self.set_value(plugin_id, symbol, value)
            for type_, key, text in state.custom_data:
                self.set_custom_data(plugin_id, key, CustomData(type_, text))

    def set_program(self, plugin_id: int, index: int) -> None:
        """Load a preset by its number, -1 for none; what it does not name stays, an unknown number does nothing."""
        if plugin_id < len(self._plugins) and index == -1:
            self._plugins[plugin_id].program = -1
        elif plugin_id < len(self._plugins) and 0 <= index < len(self._plugins[plugin_id].type.presets):
            plugin = self._plugins[plugin_id]
            plugin.program = index
            for symbol, value in plugin.type.presets[index].values.items():
                self.set_value(plugin_id, symbol, value)

    def port_name(self, port: PortInfo) -> str:
        """Return what the engine calls a port within its client."""
        return port.name if self._port_names else port.symbol

    def close(self) -> None:
        """Unload everything."""
        while self._plugins:
            self.remove(len(self._plugins) - 1)

    def _unique(self, name: str) -> str:
        """Rewrite a name as Carla does: no ``:`` or ``/``, and a number behind one that is there already."""
        clean = name.replace(":", ".").replace("/", ".")
        taken = {plugin.name for plugin in self._plugins}
        unique = clean
        number = 1
        while unique in taken:
            number += 1
            unique = f"{clean} ({number})"
        return unique


def midi_ports(kind: PluginType) -> int:
    """Return how many MIDI inputs a plugin has, or outputs, whichever are more."""
    return max(_ports(kind, Kind.MIDI, way) for way in Direction)


_FROM_MIDI = (
    *("send_control_changes", "send_channel_pressure", "send_note_aftertouch", "send_pitchbend"),
    *("send_all_sound_off", "send_program_changes"),
)


def options_of(kind: PluginType, *, bridge: bool = False) -> dict[str, bool]:
    """Return which options a plugin has, as they stand when it was loaded (as Carla does it for LV2)."""
    options: dict[str, bool] = {}
    if not _ports(kind, Kind.MIDI, Direction.OUT):
        options["fixed_buffers"] = bridge
        if any(_ports(kind, Kind.AUDIO, way) == 1 for way in Direction):
            options[FORCE_STEREO] = False
    if _ports(kind, Kind.MIDI, Direction.IN):
        options.update(dict.fromkeys(_FROM_MIDI, True))
        options["skip_sending_notes"] = False
    return options


def _ports(kind: PluginType, of: Kind, way: Direction) -> int:
    return sum(port.kind is of and port.direction is way for port in kind.ports)
