"""The plugin host that is Carla's engine in this process, each plugin a JACK client of its own.

Outside this file a plugin is its name. Ids are positions, so every call looks the id up anew; setters report
nothing, so every one is read back; what JACK shows counts more than what Carla says, because Carla goes on calling a
plugin ``vox`` whose ports JACK named ``vox-01``.
"""

import os
import time
from collections.abc import Callable

from reconciler.engines import refusals
from reconciler.engines.carla import library, portnames, programs
from reconciler.engines.carla.capabilities import CAPABILITIES
from reconciler.engines.carla.describe import Loading
from reconciler.engines.carla.engine import ACTIVE, NOT_FOLLOWING, Address, CarlaEngine
from reconciler.engines.carla.plugin import MIX_HINTS, CarlaPlugin, control_index
from reconciler.engines.lacking import Lacking
from reconciler.engines.ports import AudioGraph, Crash, HostedPlugin
from reconciler.model.catalogue import Catalogue
from reconciler.model.conform import conform
from reconciler.model.errors import EngineError
from reconciler.model.mix import MIX
from reconciler.model.resources import Capabilities, MidiMap

IDLE_SECONDS = 0.02
"""How often Carla wants to be idled. An idle call takes 2 µs; without any, removed plugins are never freed."""

QUIET_SECONDS = 0.03
"""How long after a plugin came or changed its name Carla is not idled.

JACK then tells Carla of each new port, on a thread that needs a lock which idling holds while it asks the server
something; the server may be waiting for that thread, and then all of them wait, 4 s as a rule (a third of the runs of
60 s with four plugins coming and going; stacks read with gdb; ``findPluginIdAndIcon`` of ``CarlaEngineJack.cpp``).
"""

SETTLE_SECONDS = 2.0
"""How long the graph may take to show what Carla did. A rename, the slowest, takes 60 ms (measured)."""

_LV2 = 4
"""``PluginType`` of CarlaBackend.h."""

_LOOK_SECONDS = 0.002
_DEATH_NEWS_SECONDS = 0.05
"""A call may fail because the server died up to 30 ms before Carla is told (measured)."""


class CarlaHost(Lacking):
    """A :class:`~reconciler.engines.ports.PluginHost`. Make it and call it on one thread, idling it in between.

    Parameters
    ----------
    catalogue
        Tells what plugins are; Carla's own answers lack symbols for most formats.
    server
        Name of the JACK server, None for the default one.
    prefix
        What the JACK clients' names begin with. Carla has such an option of its own, which puts ``.0/`` in between.
    graph
        Where plugins' ports are seen to come and go. Assign :attr:`graph` anew after a restart of the server.
    loading
        Tells what Carla needs to load a plugin that is not LV2.

    Raises
    ------
    Unavailable
        ``host-not-installed``, ``carla-broken``, ``carla-too-old``.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        server: str | None = None,
        prefix: str = "",
        graph: AudioGraph | None = None,
        *,
        loading: Callable[[str], Loading | None] = lambda _uri: None,
    ) -> None:
        self.graph = graph
        self._loading = loading
        self._catalogue = catalogue
        self._server = server
        self._prefix = prefix
        loaded = library.load()
        self._engine = CarlaEngine(loaded)
        self._plugins: dict[str, CarlaPlugin] = {}
        self._quiet_at = 0.0

    @property
    def kind(self) -> str:
        """``carla``."""
        return "carla"

    @property
    def capabilities(self) -> Capabilities:
        """:data:`CAPABILITIES`."""
        return CAPABILITIES

    @property
    def idle_seconds(self) -> float:
        """:data:`IDLE_SECONDS`."""
        return IDLE_SECONDS

    def idle(self) -> None:
        """Let Carla do its housekeeping, and let go of everything if JACK has died."""
        if time.monotonic() > self._quiet_at:
            self._engine.idle()
        if self._engine.dead or (self._engine.up and self.graph is not None and not self.graph.alive):
            self.server_lost()

    def plugins(self) -> list[HostedPlugin]:
        """Read every plugin, in Carla's order."""
        self.idle()
        return [
            HostedPlugin(plugin.observed(plugin_id), self._prefix + plugin.name, dict(plugin.port_names))
            for plugin_id, plugin in enumerate(self._in_order())
        ]

    def add(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Load a plugin and wait until its ports are there.

        Raises
        ------
        EngineError
            ``bad-name``, ``name-taken``, ``unsupported``, ``plugin-not-found``, ``plugin-failed``.
        Unavailable
            ``jack-gone``.
        """
        self.idle()
        client = refusals.client_name(self._prefix, name, CAPABILITIES)
        if plugin.partition(":")[0] not in CAPABILITIES.formats:
            loads = ", ".join(sorted(CAPABILITIES.formats))
            raise refusals.unsupported(name, f"Loading {plugin}", f"Here Carla loads {loads}.")
        known = self._catalogue.describe(plugin)
        if known is None:
            raise refusals.plugin_not_found(name, plugin, self._catalogue)
        self._need_engine()
        if name in self._plugins or self._await_gone(client, within_s=_DEATH_NEWS_SECONDS) is False:
            raise refusals.name_taken(name, client)
        address = self._address(known.uri)
        if address is None:
            raise refusals.plugin_not_found(name, plugin, self._catalogue)
        error = self._engine.add(client, address)
        self._quiet_at = time.monotonic() + QUIET_SECONDS
        if error is not None:
            self._jack_may_have_died()
            raise refusals.plugin_failed(name, plugin, error)
        plugin_id = len(self._engine.names()) - 1
        try:
            added = CarlaPlugin(name, known, self._engine, plugin_id)
            self._confirm(added, client, plugin_id)
        except BaseException:
            self._unload(plugin_id)
            raise
        self._plugins[name] = added

    def remove(self, name: str) -> None:
        """Unload a plugin, and see its ports go. Raises ``no-such-plugin``, ``not-kept``."""
        plugin_id, _ = self._find(name)
        client = self._prefix + name
        error = self._unload(plugin_id)
        if client in self._engine.names():
            raise refusals.not_kept(name, f"plugins.{name}", "its removal", f"the plugin, still there ({error})")
        del self._plugins[name]
        if not self._await_gone(client):
            raise refusals.not_kept(name, f"plugins.{name}", "its removal", "its ports, still there")

    def rename(self, name: str, to: str) -> None:
        """Rename in place; links stay. Raises ``no-such-plugin``, ``name-taken``, ``bad-name``, ``not-kept``."""
        plugin_id, plugin = self._find(name)
        client = refusals.client_name(self._prefix, to, CAPABILITIES)
        if to == name:
            return  # Carla would make it "name (2)"
        if to in self._plugins or self._has_ports(client):
            raise refusals.name_taken(to, client)
        error = self._engine.rename(plugin_id, client)
        self._quiet_at = time.monotonic() + QUIET_SECONDS
        kept = self._engine.names()[plugin_id]
        if error is not None or kept != client:
            raise refusals.not_kept(name, f"plugins.{name}", f"the name {to!r}", f"{kept!r} ({error})")
        del self._plugins[name]
        self._plugins[to] = plugin
        plugin.name = to
        try:
            self._confirm(plugin, client, plugin_id)
        except EngineError:
            self._engine.rename(plugin_id, self._prefix + name)
            self._quiet_at = time.monotonic() + QUIET_SECONDS
            del self._plugins[to]
            self._plugins[name] = plugin
            plugin.name = name
            raise
        if not self._await_gone(self._prefix + name):
            raise refusals.not_kept(name, f"plugins.{name}", f"the name {to!r}", "ports under the old one too")

    def set_active(self, name: str, active: bool) -> None:
        """Switch on or bypass: by the control designated ``lv2:enabled`` where there is one, else in Carla.

        Raises ``no-such-plugin``, ``not-kept``.
        """
        plugin_id, plugin = self._find(name)
        enabled = plugin.kind.enabled
        if enabled is not None and enabled.symbol in plugin.index:
            self._engine.set_value(plugin_id, plugin.index[enabled.symbol], float(active))
        if enabled is None or enabled.symbol not in plugin.index or active:
            self._engine.set_internal(plugin_id, ACTIVE, float(active))
        kept = plugin.active(plugin_id, plugin.values(plugin_id))
        if kept is not active:
            raise refusals.not_kept(name, f"plugins.{name}.active", active, kept)

    def set_program(self, name: str, program: str | None) -> None:
        """Load a preset by URI, or with None put every parameter to its default; ``active`` stays as it is.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-program``, ``not-kept`` if the values did not come.
        """
        plugin_id, plugin = self._find(name)
        enabled = plugin.kind.enabled
        was = plugin.values(plugin_id).get(enabled.symbol) if enabled else None
        try:
            if program is None:
                programs.reset(self._engine, plugin, plugin_id)
            else:
                programs.load(self._engine, plugin, plugin_id, program)
        finally:
            if enabled is not None and was is not None:
                self._engine.set_value(plugin_id, plugin.index[enabled.symbol], was)
        plugin.program = program

    def set_param(self, name: str, symbol: str, value: float) -> float:
        """Set one control input and return what the plugin now holds.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-parameter``, ``not-finite``.
        """
        plugin_id, plugin = self._find(name)
        index = plugin.index.get(symbol)
        if index is None:
            raise refusals.no_such_parameter(name, symbol, plugin.kind)
        refusals.finite(name, symbol, value)
        self._engine.set_value(plugin_id, index, plugin.conform(symbol, value))
        return self._engine.value(plugin_id, index)

    def set_mix(self, name: str, key: str, value: float) -> float:
        """Set one of Carla's values around a plugin and return what it now holds.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``not-finite``, ``unsupported``: an unknown key, or one that does nothing to this
            plugin (Carla would keep the value all the same).
        """
        plugin_id, _ = self._find(name)
        info = MIX.get(key)
        if info is None:
            raise refusals.unsupported(name, f"Setting {key}", f"There are {', '.join(MIX)}.")
        refusals.finite(name, key, value)
        asked = conform(info, value)
        needed = MIX_HINTS.get(key, 0)
        if asked != self._engine.internal(plugin_id, info.index):
            if needed and not self._engine.hints(plugin_id) & needed:
                hint = "Carla offers it only to plugins with fitting audio ports; take it out."
                raise refusals.unsupported(name, f"Setting {key}", hint)
            self._engine.set_internal(plugin_id, info.index, asked)
        return self._engine.internal(plugin_id, info.index)

    def map_midi(self, name: str, symbol: str, follows: MidiMap | None) -> None:
        """Let a parameter follow MIDI or CV, read back; None lets it go.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-parameter``, ``unsupported``, ``not-kept``: a range beyond the parameter's.
        """
        plugin_id, plugin = self._find(name)
        index = plugin.index.get(symbol)
        if index is None:
            raise refusals.no_such_parameter(name, symbol, plugin.kind)
        engine = self._engine
        before = engine.control(plugin_id, index).follows
        wanted = NOT_FOLLOWING if follows is None else control_index(follows)
        if wanted is None:
            hint = "A parameter follows a control change from 0 to 119, the pitch bend, or CV."
            raise refusals.unsupported(name, f"Letting {symbol} follow {follows}", hint)
        if wanted != before:
            engine.follow(plugin_id, index, NOT_FOLLOWING)
        if follows is not None:
            # All else before the source, so that it never follows the wrong channel or range, not even for a moment.
            if all(plugin.within(symbol, edge) for edge in (follows.low, follows.high)):
                engine.set_follow_range(plugin_id, index, follows.low, follows.high)
            engine.set_follow_channel(plugin_id, index, follows.channel)
            engine.follow(plugin_id, index, wanted)
        kept = plugin.follows(plugin_id, symbol)
        if kept != follows:
            engine.follow(plugin_id, index, NOT_FOLLOWING)
            raise refusals.not_kept(name, f"plugins.{name}.midi.{symbol}", follows, kept)

    def crashes(self) -> list[Crash]:
        """Return nothing: a plugin shares its process with Carla, and takes it along."""
        return []

    def server_lost(self) -> None:
        """Close the engine; the next plugin starts it again."""
        died = self._engine.dead or (self.graph is not None and not self.graph.alive)
        self._engine.stop(server_died=died)
        self._plugins.clear()

    def close(self) -> None:
        """Unload everything and leave JACK."""
        self._engine.stop()
        self._plugins.clear()

    def _in_order(self) -> list[CarlaPlugin]:
        return [self._plugins[client.removeprefix(self._prefix)] for client in self._engine.names()]

    def _find(self, name: str) -> tuple[int, CarlaPlugin]:
        self.idle()
        plugin = self._plugins.get(name)
        if plugin is None:
            raise refusals.no_such_plugin(name, self._plugins)
        return self._engine.names().index(self._prefix + name), plugin

    def _address(self, uri: str) -> Address | None:
        """Return how Carla is told to load a plugin."""
        scheme, _, what = uri.partition(":")
        if scheme == "lv2":
            return Address(_LV2, what)
        loading = self._loading(uri)
        if loading is None:
            return None
        return Address(loading.number, loading.label, loading.file, loading.unique_id, loading.extra)

    def _need_engine(self) -> None:
        """Start the engine unless it runs. Raises ``jack-gone``."""
        if self._engine.up:
            return
        if self.graph is not None and not self.graph.alive:
            raise refusals.jack_gone(self._server)
        # Its own client has no ports. If its name were taken, Carla would put a prefix before every plugin's.
        if self._engine.start(f"carla-{os.getpid()}-{time.monotonic_ns() % 1_000_000}", self._server) is not None:
            raise refusals.jack_gone(self._server)

    def _jack_may_have_died(self) -> None:
        """Wait a moment for news of the server's death. Raises ``jack-gone``."""
        end = time.monotonic() + _DEATH_NEWS_SECONDS
        while time.monotonic() < end:
            self.idle()
            if not self._engine.up:
                raise refusals.jack_gone(self._server)
            time.sleep(_LOOK_SECONDS)

    def _unload(self, plugin_id: int) -> str | None:
        """Unload a plugin and free it, which Carla does when it is idled; return why it did not work, else None."""
        time.sleep(max(self._quiet_at - time.monotonic(), 0.0))
        error = self._engine.remove(plugin_id)
        self._engine.idle()
        return error

    def _confirm(self, plugin: CarlaPlugin, client: str, plugin_id: int) -> None:
        """See that a plugin has its name in Carla and its ports in JACK. Raises ``name-taken``, ``plugin-failed``."""
        if self._engine.names()[plugin_id] != client:
            raise refusals.name_taken(plugin.name, client)
        if self.graph is None:
            plugin.port_names = {symbol: names[0] for symbol, names in portnames.jack_names(plugin.kind).items()}
            return
        end = time.monotonic() + SETTLE_SECONDS
        while (found := portnames.resolve(plugin.kind, client, ports := self.graph.ports())) is None:
            if any(port.startswith(f"{client}-") for port in ports) and not self._has_ports(client):
                raise refusals.name_taken(plugin.name, client)
            if time.monotonic() > end:
                there = [port for port in ports if port.startswith(f"{client}:")]
                raise refusals.plugin_failed(plugin.name, plugin.kind.uri, "JACK does not show all its ports", there)
            time.sleep(_LOOK_SECONDS)
        plugin.port_names = found

    def _has_ports(self, client: str) -> bool:
        return self.graph is not None and any(port.startswith(f"{client}:") for port in self.graph.ports())

    def _await_gone(self, client: str, within_s: float = SETTLE_SECONDS) -> bool:
        """Wait until a client's ports are gone; tell whether they are."""
        end = time.monotonic() + within_s
        while True:
            self.idle()
            if self.graph is None or not self.graph.alive or not self._has_ports(client):
                return True
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK_SECONDS)
