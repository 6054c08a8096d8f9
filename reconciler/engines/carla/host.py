"""The plugin host that is Carla's engine in this process: each plugin a JACK client of its own, or all in one.

Outside this file a plugin is its name. Ids are positions, so every call looks the id up anew; setters report
nothing, so every one is read back; what JACK shows counts more than what Carla says, because Carla goes on calling a
plugin ``vox`` whose ports JACK named ``vox-01``.
"""

import os
import time
from collections.abc import Callable, Mapping

from reconciler.engines import refusals
from reconciler.engines.carla import bridges, library, portnames
from reconciler.engines.carla.capabilities import capabilities
from reconciler.engines.carla.describe import Loading
from reconciler.engines.carla.engine import JOIN_SECONDS, QUIET_SECONDS, Address, CarlaEngine
from reconciler.engines.carla.patchbay import LOOK_SECONDS, CarlaPatchbay
from reconciler.engines.carla.plugin import CarlaPlugin
from reconciler.engines.carla.whole import LookIn, Whole
from reconciler.engines.ports import AudioGraph, Crash, HostedPlugin
from reconciler.model import applications
from reconciler.model.catalogue import Catalogue, PluginType
from reconciler.model.errors import EngineError
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import Capabilities, EngineSettings, Port
from reconciler.model.settings import completed
from reconciler.model.stereo import widened
from reconciler.model.terminals import CLIENT, PATCHBAY

IDLE_SECONDS = 0.02
"""How often Carla wants to be idled. An idle call takes 2 µs; without any, removed plugins are never freed."""

SETTLE_SECONDS = 2.0
"""How long the graph may take to show what Carla did. A rename, the slowest, takes 60 ms (measured)."""

_LV2, _JACK = 4, 12
"""``PluginType`` of CarlaBackend.h."""

_IDLED_SECONDS = 0.001
_CRASHES_KEPT = 100

_LOOK_SECONDS = 0.002
_DEATH_NEWS_SECONDS = 0.05
"""A call may fail because the server died up to 30 ms before Carla is told (measured)."""


class CarlaHost(Whole):
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
    settings
        Those with which the engine starts.
    look_in
        Lets the catalogue look into other folders.

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
        settings: EngineSettings | None = None,
        look_in: LookIn = lambda _paths: None,
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
        self._idled_at = 0.0
        self._settings = completed(settings or EngineSettings())
        self._look_in = look_in
        self.inside = CarlaPatchbay(self._engine.wires, look_s=LOOK_SECONDS)
        """The graph within the engine, in patchbay mode."""
        self._crashes: list[Crash] = []

    @property
    def kind(self) -> str:
        """``carla``."""
        return "carla"

    @property
    def capabilities(self) -> Capabilities:
        """What Carla can do in its mode; see :func:`~reconciler.engines.carla.capabilities.capabilities`."""
        return capabilities(self._settings.mode)

    @property
    def _in_patchbay(self) -> bool:
        return self._settings.mode == PATCHBAY

    @property
    def idle_seconds(self) -> float:
        """:data:`IDLE_SECONDS`."""
        return IDLE_SECONDS

    def idle(self) -> None:
        """Let Carla do its housekeeping, and let go of everything if JACK has died; once in a millisecond is enough."""
        now = time.monotonic()
        if now < self._idled_at + _IDLED_SECONDS:
            return
        self._idled_at = now
        if now > self._quiet_at:
            self._engine.idle()
        if self._engine.dead or (self._engine.up and self.graph is not None and not self.graph.alive):
            self.server_lost()

    def plugins(self) -> list[HostedPlugin]:
        """Read every plugin, in Carla's order."""
        self.idle()
        self._bury()
        found = []
        for plugin_id, (client, options) in enumerate(self._engine.names_and_options()):
            plugin = self._plugins[client.removeprefix(self._prefix)]
            found.append(HostedPlugin(plugin.observed(plugin_id, options), client, plugin.all_port_names))
        return found

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
        client = refusals.client_name(self._prefix, name, self.capabilities)
        known, address = self._loadable(name, plugin, bridge=bridge, force_stereo=force_stereo)
        self._need_engine()
        if name in self._plugins or self._await_gone(client, within_s=_DEATH_NEWS_SECONDS) is False:
            raise refusals.name_taken(name, client)
        processes = self._load(name, known, address, client, bridge=bridge, force_stereo=force_stereo)
        plugin_id = self._engine.count() - 1
        try:
            added = CarlaPlugin(name, widened(known) if force_stereo else known, self._engine, plugin_id, processes)
            self._check_asked(added, plugin_id, bridge=bridge, force_stereo=force_stereo)
            self._confirm(added, client, plugin_id)
        except BaseException:
            self._unload(plugin_id)
            raise
        self._plugins[name] = added

    def _loadable(self, name: str, plugin: str, *, bridge: bool, force_stereo: bool) -> tuple[PluginType, Address]:
        """Return what a plugin is and how Carla is told to load it. Raises ``unsupported``, ``plugin-not-found``."""
        can, scheme = self.capabilities, plugin.partition(":")[0]
        if scheme not in can.formats:
            loads = ", ".join(sorted(can.formats))
            raise refusals.unsupported(name, f"Loading {plugin}", f"Here Carla loads {loads}.")
        if bridge and scheme not in can.bridges:
            raise refusals.unsupported(name, "A bridge", f"Carla has none for {scheme}: plugins.")
        if bridge and force_stereo:
            raise refusals.unsupported(name, "Forcing stereo in a bridge", "Take one of the two out.")
        known = self._catalogue.describe(plugin)
        if known is None:
            raise refusals.plugin_not_found(name, plugin, self._catalogue)
        address = self._address(known.uri)
        if address is None:
            raise refusals.plugin_not_found(name, plugin, self._catalogue)
        return known, address

    def _load(
        self, name: str, known: PluginType, address: Address, client: str, *, bridge: bool, force_stereo: bool
    ) -> list[bridges.Process]:
        """Let Carla load a plugin, and return the processes that it has of its own. Raises ``plugin-failed``."""
        own = bridges.Children() if bridge or known.uri.startswith(f"{applications.SCHEME}:") else None
        error = self._engine.add(client, address, bridge=bridge, force_stereo=force_stereo)
        self._keep_quiet()
        processes = list(own.new()) if own is not None else []
        if error is not None:
            for process in processes:
                bridges.kill(process)
            self._jack_may_have_died()
            raise refusals.plugin_failed(name, known.uri, _why(error, known.name, bridged=own is not None))
        return processes

    def remove(self, name: str) -> None:
        """Unload a plugin, and see its ports go. Raises ``no-such-plugin``, ``not-kept``."""
        plugin_id, _ = self._find(name)
        client = self._prefix + name
        error = self._unload(plugin_id)
        if self._engine.place(client) is not None:
            raise refusals.not_kept(name, f"plugins.{name}", "its removal", f"the plugin, still there ({error})")
        del self._plugins[name]
        if not self._await_gone(client):
            raise refusals.not_kept(name, f"plugins.{name}", "its removal", "its ports, still there")

    def rename(self, name: str, to: str) -> None:
        """Rename in place; links stay. Raises ``no-such-plugin``, ``name-taken``, ``bad-name``, ``not-kept``."""
        plugin_id, plugin = self._find(name)
        client = refusals.client_name(self._prefix, to, self.capabilities)
        if to == name:
            return  # Carla would make it "name (2)"
        if to in self._plugins or self._has_ports(client):
            raise refusals.name_taken(to, client)
        error = self._engine.rename(plugin_id, client)
        self._keep_quiet()
        kept = self._engine.name(plugin_id)
        if error is not None or kept != client:
            raise refusals.not_kept(name, f"plugins.{name}", f"the name {to!r}", f"{kept!r} ({error})")
        del self._plugins[name]
        self._plugins[to] = plugin
        plugin.name = to
        try:
            self._confirm(plugin, client, plugin_id)
        except EngineError:
            self._engine.rename(plugin_id, self._prefix + name)
            self._keep_quiet()
            del self._plugins[to]
            self._plugins[name] = plugin
            plugin.name = name
            raise
        if not self._await_gone(self._prefix + name):
            raise refusals.not_kept(name, f"plugins.{name}", f"the name {to!r}", "ports under the old one too")

    def crashes(self) -> list[Crash]:
        """Return the bridged plugins that died by themselves, oldest first; any other takes its host along."""
        return list(self._crashes)

    def server_lost(self) -> None:
        """Close the engine; the next plugin starts it again."""
        died = self._engine.dead or (self.graph is not None and not self.graph.alive)
        self._engine.stop(server_died=died)
        self._plugins.clear()

    def close(self) -> None:
        """Unload everything and leave JACK."""
        self._engine.stop()
        self._plugins.clear()

    def _bury(self) -> None:
        """Remove what died by itself from Carla, which would keep it for ever, and remember it."""
        if not any(plugin.bridged for plugin in self._plugins.values()):
            return
        for plugin_id, plugin in reversed(list(enumerate(self._in_order()))):
            reason = plugin.death(plugin_id)
            if reason is None:
                continue
            for process in plugin.processes:
                bridges.kill(process)
            self._unload(plugin_id)
            del self._plugins[plugin.name]
            self._crashes = [*self._crashes, Crash(plugin.name, plugin.kind.uri, reason)][-_CRASHES_KEPT:]
            self._await_gone(self._prefix + plugin.name)
            if not self._engine.up:  # the server died meanwhile, and all others with it
                return

    def _mourn(self, plugin: CarlaPlugin) -> None:
        if all(map(bridges.lives, plugin.processes)):
            return
        self._bury()
        reason = next((crash.reason for crash in reversed(self._crashes) if crash.name == plugin.name), "it is gone")
        raise refusals.plugin_died(plugin.name, reason)

    def _in_order(self) -> list[CarlaPlugin]:
        return [self._plugins[client.removeprefix(self._prefix)] for client in self._engine.names()]

    def _find(self, name: str) -> tuple[int, CarlaPlugin]:
        self.idle()
        plugin = self._plugins.get(name)
        if plugin is not None and plugin.bridged:
            self._bury()
            plugin = self._plugins.get(name)
        plugin_id = None if plugin is None else self._engine.place(self._prefix + name)
        if plugin is None or plugin_id is None:
            raise refusals.no_such_plugin(name, self._plugins)
        return plugin_id, plugin

    def _address(self, uri: str) -> Address | None:
        """Return how Carla is told to load a plugin."""
        scheme, _, what = uri.partition(":")
        if scheme == "lv2":
            return Address(_LV2, what)
        program = applications.parse(uri) if scheme == applications.SCHEME else None
        if program is not None:
            return Address(_JACK, _setup(program), program.command)
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
        client = f"carla-{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
        if self._in_patchbay:  # there it has, and people see its name
            client = self._prefix + CLIENT
        if self._engine.start(client, self._server, self._settings) is not None:
            raise refusals.jack_gone(self._server)

    def _keep_quiet(self) -> None:
        """Do not idle Carla for a moment: a plugin that is a JACK client came or was renamed."""
        if not self._in_patchbay:
            self._quiet_at = time.monotonic() + QUIET_SECONDS

    def _wait_quiet(self) -> None:
        time.sleep(max(self._quiet_at - time.monotonic(), 0.0))

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
        self._wait_quiet()
        error = self._engine.remove(plugin_id)
        self._engine.idle()
        return error

    def _check_asked(self, plugin: CarlaPlugin, plugin_id: int, *, bridge: bool, force_stereo: bool) -> None:
        """See that a plugin was loaded the way it was asked for. Raises ``unsupported``, ``plugin-failed``."""
        if force_stereo and not self._engine.options(plugin_id).get(FORCE_STEREO):
            raise refusals.not_stereo(plugin.name)
        if bridge and not plugin.bridged:
            raise refusals.plugin_failed(plugin.name, plugin.kind.uri, "Carla loaded it without a bridge")

    def _confirm(self, plugin: CarlaPlugin, client: str, plugin_id: int) -> None:
        """See that a plugin has its name in Carla and its ports in JACK. Raises ``name-taken``, ``plugin-failed``."""
        if self._engine.name(plugin_id) != client:
            raise refusals.name_taken(plugin.name, client)
        if self.graph is None:
            plugin.port_names = {symbol: names[0] for symbol, names in portnames.jack_names(plugin.kind).items()}
            return
        end = time.monotonic() + SETTLE_SECONDS
        while (found := portnames.resolve(plugin.kind, client, ports := self._plugins_ports(self.graph))) is None:
            if any(port.startswith(f"{client}-") for port in ports) and not self._has_ports(client):
                raise refusals.name_taken(plugin.name, client)
            if time.monotonic() > end:
                there = [port for port in ports if port.startswith(f"{client}:")]
                raise refusals.plugin_failed(plugin.name, plugin.kind.uri, "JACK does not show all its ports", there)
            time.sleep(_LOOK_SECONDS)
        plugin.port_names = found

    def _plugins_ports(self, graph: AudioGraph) -> Mapping[str, Port]:
        """Return the ports among which a plugin's are: those inside, or where each is a JACK client, all."""
        return self.inside.ports() if self._in_patchbay else graph.ports()

    def _has_ports(self, client: str) -> bool:
        return self.graph is not None and self.graph.has(client)

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


def _setup(program: applications.Application) -> str:
    """Return a program's ports as Carla is told of them, with neither session manager nor window (source)."""
    counts = (program.audio_in, program.audio_out, program.midi_in, program.midi_out, 0, 0)
    return "".join(chr(ord("0") + count) for count in counts)


def _why(error: str, called: str, *, bridged: bool) -> str:
    """Say in words what Carla says alike of all that does not report to it."""
    if bridged and error.startswith("Timeout while waiting"):
        return f"the process of {called} ended, or did not report within {JOIN_SECONDS:g} s"
    return error
