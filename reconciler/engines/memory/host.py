"""The plugin host of the memory studio: what a careful adapter makes of an engine like Carla's.

Names are mapped to ids by a fresh read before every call, because ids are positions; the name granted is checked
after every load; every set is read back, because setters report nothing.
"""

import functools
import math
from typing import TYPE_CHECKING

import msgspec

from reconciler.engines import refusals, statefiles
from reconciler.engines.memory.engine import RawEngine, RawPlugin
from reconciler.engines.memory.patchbay import InnerServer
from reconciler.engines.memory.server import MemoryServer
from reconciler.engines.memory.whole import WholeEngine
from reconciler.engines.ports import Crash, HostedPlugin
from reconciler.model.actions import (
    AddPlugin,
    LoadState,
    MapMidi,
    RemovePlugin,
    RenamePlugin,
    ReplacePlugin,
    SetActive,
    SetCustomData,
    SetMix,
    SetOption,
    SetParam,
    SetProgram,
)
from reconciler.model.errors import Unavailable
from reconciler.model.mix import MIX
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import Capabilities, CustomData, EngineSettings, MidiMap, Plugin
from reconciler.model.settings import completed
from reconciler.model.terminals import MIDI_PORTS, MOST_PLUGINS, PATCHBAY

if TYPE_CHECKING:
    from reconciler.engines.memory.studio import MemoryStudio

_CRASHES_KEPT = 100

NAME_BYTES_IN_PATCHBAY = 121
"""As Carla: there a plugin's name is no JACK client's."""


class MemoryHost(WholeEngine):
    """A :class:`~reconciler.engines.ports.PluginHost`; made by :meth:`MemoryStudio.start_host`."""

    def __init__(
        self,
        studio: "MemoryStudio",
        capabilities: Capabilities,
        *,
        prefix: str,
        port_names: bool,
        settings: EngineSettings,
    ) -> None:
        self._studio = studio
        self._capabilities = capabilities
        self._prefix = prefix
        self._port_names = port_names
        self._engine: RawEngine | None = None
        self._gone = False
        self._crashes: list[Crash] = []
        self._settings = completed(settings)
        self._lives_on: MemoryServer | None = None
        self._states: dict[str, str] = {}
        """Digest of the state that was loaded last, by plugin."""

    @property
    def kind(self) -> str:
        """``memory``."""
        return "memory"

    @property
    def capabilities(self) -> Capabilities:
        """What it was made to be able to do, in its mode."""
        if self._settings.mode == PATCHBAY:
            return msgspec.structs.replace(
                self._capabilities,
                most_plugins=MOST_PLUGINS,
                midi_ports=MIDI_PORTS,
                name_bytes=NAME_BYTES_IN_PATCHBAY,
                rename_interrupts=False,
                live_period=True,
            )
        return self._capabilities

    def inside(self) -> InnerServer | None:
        """Return what plugins live in, in patchbay mode; None while the engine does not run."""
        engine = None if self._gone else self._engine
        server = engine.server if engine is not None else None
        return server if isinstance(server, InnerServer) and self._lives_on is self._studio.server else None

    @property
    def idle_seconds(self) -> float:
        """Never: memory puts nothing off."""
        return math.inf

    def idle(self) -> None:
        """There is nothing to do."""

    def plugins(self) -> list[HostedPlugin]:
        """Read every plugin, in the engine's order; none without a server."""
        engine = self._living()
        return [self._read(engine, raw) for raw in _all(engine)]

    def add(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Load a plugin; see :meth:`PluginHost.add <reconciler.engines.ports.PluginHost.add>`."""
        engine = self._living()
        client = refusals.client_name(self._prefix, name, self.capabilities)
        if engine is None:
            raise refusals.jack_gone(None)
        if plugin.partition(":")[0] not in self._capabilities.formats:
            raise refusals.unsupported(name, f"Loading {plugin}", f"This host loads {_formats(self._capabilities)}.")
        if bridge and plugin.partition(":")[0] not in self._capabilities.bridges:
            raise refusals.unsupported(name, "A bridge", "Take `bridge: true` out.")
        if force_stereo and not self._capabilities.options:
            raise refusals.unsupported(name, "Forcing stereo", "Carla can: `engine: { host: carla }`.")
        if self._studio.catalogue.describe(plugin) is None:
            raise refusals.plugin_not_found(name, plugin, self._studio.catalogue)
        if client in self._clients(engine) or any(raw.name == name for raw in _all(engine)):
            raise refusals.name_taken(name, client)
        before = engine.count()
        engine.last_error = "the engine gave no reason"
        call = AddPlugin(name, plugin, bridge, force_stereo)
        load = functools.partial(engine.load, name, plugin, bridge=bridge, force_stereo=force_stereo)
        self._studio.perform(call, lambda: _ignore(load()))
        if engine.count() == before:
            raise refusals.plugin_failed(name, plugin, engine.last_error)
        granted = engine.get(before)
        if (granted.name, granted.client) != (name, client):
            engine.remove(before)
            raise refusals.name_taken(name, client)
        if force_stereo and not granted.options.get(FORCE_STEREO):
            engine.remove(before)
            raise refusals.not_stereo(name)
        self._states.pop(name, None)

    def replace(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Put another plugin in its place; if that fails, the old one is still there."""
        if not self._capabilities.replace:
            super().replace(name, plugin, bridge=bridge, force_stereo=force_stereo)
        engine, plugin_id, old = self._find(name)
        if plugin.partition(":")[0] not in self._capabilities.formats:
            raise refusals.unsupported(name, f"Loading {plugin}", f"This host loads {_formats(self._capabilities)}.")
        if bridge and plugin.partition(":")[0] not in self._capabilities.bridges:
            raise refusals.unsupported(name, "A bridge", "Take `bridge: true` out.")
        if self._studio.catalogue.describe(plugin) is None:
            raise refusals.plugin_not_found(name, plugin, self._studio.catalogue)
        engine.last_error = "the engine gave no reason"

        def load() -> None:
            engine.arm(plugin_id)
            if engine.load(f"{name}~", plugin, bridge=bridge, force_stereo=force_stereo):
                engine.rename(plugin_id, name)
                engine.set_active(plugin_id, True)
                for key in ("dry_wet", "volume"):
                    engine.set_mix(plugin_id, key, MIX[key].default)

        self._studio.perform(ReplacePlugin(name, plugin, bridge, force_stereo), load)
        new = engine.get(plugin_id)
        if new is old:
            raise refusals.plugin_failed(name, plugin, engine.last_error)
        self._states.pop(name, None)
        if new.name != name:
            raise refusals.not_kept(name, f"plugins.{name}", f"the name {name!r}", f"the name {new.name!r}")
        if force_stereo and not new.options.get(FORCE_STEREO):
            engine.remove(plugin_id)
            raise refusals.not_stereo(name)

    def remove(self, name: str) -> None:
        """Unload it. Raises ``no-such-plugin``."""
        engine, plugin_id, _ = self._find(name)
        self._studio.perform(RemovePlugin(name), lambda: engine.remove(plugin_id))
        if any(raw.name == name for raw in _all(engine)):
            raise refusals.not_kept(name, f"plugins.{name}", "its removal", "the plugin, still running")

    def rename(self, name: str, to: str) -> None:
        """Rename in place. Raises ``no-such-plugin``, ``name-taken``, ``bad-name``, ``unsupported``."""
        engine, plugin_id, _ = self._find(name)
        if not self._capabilities.rename:
            raise refusals.unsupported(name, "Renaming", "Add a plugin under the new name and remove this one.")
        client = refusals.client_name(self._prefix, to, self.capabilities)
        if to == name:
            return
        if client in self._clients(engine):
            raise refusals.name_taken(to, client)
        self._studio.perform(RenamePlugin(name, to), lambda: engine.rename(plugin_id, to))
        kept = engine.get(plugin_id).name
        if kept != to:
            raise refusals.not_kept(name, f"plugins.{name}", f"the name {to!r}", f"the name {kept!r}")
        self._states.pop(to, None)
        if name in self._states:
            self._states[to] = self._states.pop(name)

    def set_active(self, name: str, active: bool) -> None:
        """Switch on or bypass. Raises ``no-such-plugin``, ``unsupported``."""
        engine, plugin_id, raw = self._find(name)
        enabled = raw.type.enabled
        call = SetActive(name, active)
        if enabled is not None:
            self._studio.perform(call, lambda: engine.set_value(plugin_id, enabled.symbol, float(active)))
        elif self._capabilities.bypass:
            self._studio.perform(call, lambda: engine.set_active(plugin_id, active))
        else:
            raise refusals.unsupported(name, "Bypassing", "The plugin has no control designated lv2:enabled.")
        kept = _active(engine.get(plugin_id))
        if kept is not active:
            raise refusals.not_kept(name, f"plugins.{name}.active", active, kept)

    def set_program(self, name: str, program: str | None) -> None:
        """Load a preset by URI; None puts every parameter to its default. Raises ``no-such-program``."""
        engine, plugin_id, raw = self._find(name)
        if not self._capabilities.programs:
            raise refusals.unsupported(name, "Loading a preset", "Set the parameters one by one.")
        if program is None:
            index = -1
            values = {info.symbol: info.default for info in raw.type.parameters}
        else:
            preset = refusals.preset(name, program, raw.type)
            index = raw.type.presets.index(preset)
            values = dict(preset.values)
        enabled = raw.type.enabled
        if enabled is not None:
            values[enabled.symbol] = raw.values[enabled.symbol]

        def load() -> None:
            engine.set_program(plugin_id, index)
            for symbol, value in values.items():
                engine.set_value(plugin_id, symbol, value)

        self._studio.perform(SetProgram(name, program), load)
        if engine.get(plugin_id).program != index:
            raise refusals.not_kept(name, f"plugins.{name}.program", program, _program(engine.get(plugin_id)))

    def set_param(self, name: str, symbol: str, value: float) -> float:
        """Set one control input and return what the plugin now holds."""
        engine, plugin_id, raw = self._find(name)
        if raw.type.parameter(symbol) is None:
            raise refusals.no_such_parameter(name, symbol, raw.type)
        refusals.finite(name, symbol, value)
        self._studio.perform(SetParam(name, symbol, value), lambda: engine.set_value(plugin_id, symbol, value))
        return engine.get(plugin_id).values[symbol]

    def set_mix(self, name: str, key: str, value: float) -> float:
        """Set one of the host's own values and return what it now holds."""
        engine, plugin_id, _ = self._find(name)
        if key not in self._capabilities.mix:
            raise refusals.unsupported(name, f"Setting {key}", "Use a plugin for it.")
        refusals.finite(name, key, value)
        self._studio.perform(SetMix(name, key, value), lambda: engine.set_mix(plugin_id, key, value))
        return engine.get(plugin_id).mix[key]

    def map_midi(self, name: str, symbol: str, follows: MidiMap | None) -> None:
        """Let a parameter follow MIDI or CV, read back."""
        engine, plugin_id, raw = self._find(name)
        if follows is not None and follows.source not in self._capabilities.midi:
            raise refusals.unsupported(name, f"Following {follows.source}", "Take the mapping out.")
        if raw.type.parameter(symbol) is None:
            raise refusals.no_such_parameter(name, symbol, raw.type)
        self._studio.perform(MapMidi(name, symbol, follows), lambda: engine.map_midi(plugin_id, symbol, follows))
        kept = engine.get(plugin_id).midi.get(symbol)
        if kept != follows:
            raise refusals.not_kept(name, f"plugins.{name}.midi.{symbol}", follows, kept)

    def set_option(self, name: str, key: str, value: bool) -> None:
        """Switch an option, read back. Raises ``no-such-plugin``, ``unsupported``, ``not-kept``."""
        engine, plugin_id, raw = self._find(name)
        refusals.has_option(name, key, raw.options if self._capabilities.options else {})
        self._studio.perform(SetOption(name, key, value), lambda: engine.set_option(plugin_id, key, value))
        kept = engine.get(plugin_id).options[key]
        if kept is not value:
            raise refusals.not_kept(name, f"plugins.{name}.options.{key}", value, kept)

    def set_custom_data(self, name: str, key: str, data: CustomData) -> None:
        """Give a plugin a named value, read back. Raises ``no-such-plugin``, ``unsupported``, ``not-kept``."""
        engine, plugin_id, raw = self._find(name)
        if raw.type.uri.partition(":")[0] not in self._capabilities.custom_data:
            raise refusals.unsupported(name, f"Setting {key}", "Take the line out.")
        refusals.file_there(name, key, data)
        call = SetCustomData(name, key, data)
        self._studio.perform(call, lambda: engine.set_custom_data(plugin_id, key, data))
        kept = engine.get(plugin_id).custom_data.get(key)
        if kept != data:
            raise refusals.not_kept(name, f"plugins.{name}.custom_data.{key}", data, kept)

    def load_state(self, name: str, path: str, digest: str) -> None:
        """Load a plugin's full state from a file; ``active`` stays. Raises ``bad-state``, ``not-kept``."""
        engine, plugin_id, raw = self._find(name)
        if not self._capabilities.state:
            raise refusals.unsupported(name, "Loading a state", "Set the parameters one by one.")
        state = statefiles.read(name, raw.type, path, digest)
        enabled = raw.type.enabled
        switch = raw.values[enabled.symbol] if enabled is not None else 0.0

        def load() -> None:
            engine.load_state(plugin_id, state)
            if enabled is not None:
                engine.set_value(plugin_id, enabled.symbol, switch)
            engine.set_program(plugin_id, -1)
            self._states[name] = digest

        self._states.pop(name, None)
        self._studio.perform(LoadState(name, path, digest), load)
        if self._states.get(name) != digest:
            raise refusals.not_kept(name, f"plugins.{name}.state", digest[:8], "what it was")

    def crashes(self) -> list[Crash]:
        """Return the plugins that died by themselves, oldest first (the last 100)."""
        return list(self._crashes)

    def server_lost(self) -> None:
        """Let go of everything that lived on the server."""
        self._engine = None

    def close(self) -> None:
        """Unload everything."""
        if self._engine is not None:
            self._engine.close()
            if isinstance(self._engine.server, InnerServer):
                self._engine.server.close()
            self._engine = None

    def crash(self, name: str, reason: str) -> None:
        """Let one plugin die by itself. Raises ``no-such-plugin``."""
        engine, plugin_id, raw = self._find(name)
        engine.remove(plugin_id)
        self._crashes = [*self._crashes, Crash(name, raw.type.uri, reason)][-_CRASHES_KEPT:]

    def die(self) -> None:
        """Let the whole host die with its plugins; every later call raises ``host-gone``."""
        self.close()
        self._gone = True

    def _living(self) -> RawEngine | None:
        """Return the engine on the server that runs now, or None if none does.

        What lived on an earlier server died with it, told or not.
        """
        if self._gone:
            raise Unavailable("host-gone", "The plugin host died.", hint="Apply again: it starts a new one.")
        server = self._studio.server
        if server is None or not server.alive:
            return None
        if self._engine is None or self._lives_on is not server:
            within = InnerServer(server, self._prefix) if self._settings.mode == PATCHBAY else server
            self._engine = RawEngine(
                self._studio.catalogue,
                within,
                prefix=self._prefix,
                port_names=self._port_names,
                adds_ports=bool(self._capabilities.midi),
            )
            self._lives_on = server
        return self._engine

    def _clients(self, engine: RawEngine) -> frozenset[str]:
        """Return the names that no plugin can have."""
        return engine.server.clients() | (self._lives_on.clients() if self._lives_on else frozenset())

    def _find(self, name: str) -> tuple[RawEngine, int, RawPlugin]:
        engine = self._living()
        names = [raw.name for raw in _all(engine)]
        if engine is None or name not in names:
            raise refusals.no_such_plugin(name, names)
        plugin_id = names.index(name)
        return engine, plugin_id, engine.get(plugin_id)

    def _read(self, engine: RawEngine | None, raw: RawPlugin) -> HostedPlugin:
        can = self._capabilities
        plugin = Plugin(
            raw.name,
            raw.type.uri,
            active=_active(raw),
            program=_program(raw),
            params=dict(raw.values),
            mix={key: value for key, value in raw.mix.items() if key in can.mix},
            midi=dict(raw.midi),
            options=dict(raw.options) if can.options else {},
            custom_data=dict(raw.custom_data),
            state=self._states.get(raw.name),
            bridge=raw.bridge,
            rest_options=dict(raw.fresh_options) if can.options else {},
        )
        names = None
        if engine and self._port_names:
            names = {port.symbol: engine.port_name(port) for port in (*raw.type.ports, *engine.added(raw))}
        return HostedPlugin(plugin, raw.client, names)


def _all(engine: RawEngine | None) -> list[RawPlugin]:
    return [engine.get(plugin_id) for plugin_id in range(engine.count())] if engine else []


def _active(raw: RawPlugin) -> bool:
    enabled = raw.type.enabled
    return raw.active and (enabled is None or raw.values[enabled.symbol] > 0)


def _program(raw: RawPlugin) -> str | None:
    return raw.type.presets[raw.program].uri if raw.program >= 0 else None


def _formats(capabilities: Capabilities) -> str:
    return ", ".join(sorted(capabilities.formats))


def _ignore(_answer: object) -> None:
    """Drop an engine's answer, because the read-back decides."""
