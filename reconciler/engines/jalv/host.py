"""The plugin host made of jalv: one process and one JACK client for every plugin.

Processes are started and stopped one after another: twenty started at once deadlock libjack's metadata database,
nineteen stopped at once jam jackd (both measured).
"""

import math
import time

from reconciler.engines import refusals
from reconciler.engines.jalv import speech
from reconciler.engines.jalv.child import Keeper
from reconciler.engines.jalv.plugin import CONTROLS, JalvPlugin
from reconciler.engines.jalv.process import JalvDied, JalvProcess, Limits
from reconciler.engines.jalv.reader import Reader
from reconciler.engines.lacking import Lacking
from reconciler.engines.ports import AudioGraph, Crash, HostedPlugin
from reconciler.model.catalogue import Catalogue, PluginType
from reconciler.model.errors import EngineError, StudioError
from reconciler.model.resources import Capabilities

CAPABILITIES = Capabilities(formats=frozenset({"lv2"}), bypass=False, programs=True, rename=False, apart=True)
"""What jalv can do: LV2 only; ``active`` only where the plugin has its own bypass; presets; no renaming."""

_CRASHES_KEPT = 100
_LOOK_SECONDS = 0.002
_RETRY_SECONDS = 0.05


class JalvHost(Lacking):
    """A :class:`~reconciler.engines.ports.PluginHost`. Call it from one thread, which must outlive the plugins.

    Parameters
    ----------
    catalogue
        Tells what a plugin's controls take; jalv itself takes anything.
    server
        Name of the JACK server, None for the default one.
    prefix
        What the JACK clients' names begin with.
    graph
        Where to see that ports came under the name asked for, and went again. Without one, jalv is taken at its
        word, which is right on jackd and wrong on PipeWire (there a second ``vox`` becomes ``vox-56`` for everybody
        but itself). Assign :attr:`graph` anew after a restart of the server.
    limits
        How long jalv may take.
    lock
        Descriptor of a lock to be held until the last plugin has gone, even if this process dies.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        server: str | None = None,
        prefix: str = "",
        graph: AudioGraph | None = None,
        *,
        limits: Limits | None = None,
        lock: int | None = None,
    ) -> None:
        self.graph = graph
        self._catalogue = catalogue
        self._server = server
        self._prefix = prefix
        self._limits = limits or Limits()
        self._lock = lock
        self._plugins: dict[str, JalvPlugin] = {}
        self._crashes: list[Crash] = []
        self._reader: Reader | None = None
        self._keeper: Keeper | None = None

    @property
    def kind(self) -> str:
        """``jalv``."""
        return "jalv"

    @property
    def capabilities(self) -> Capabilities:
        """:data:`CAPABILITIES`."""
        return CAPABILITIES

    @property
    def idle_seconds(self) -> float:
        """Never: each plugin is a process that idles by itself."""
        return math.inf

    def idle(self) -> None:
        """There is nothing to do."""

    def plugins(self) -> list[HostedPlugin]:
        """Read every plugin that is alive. All are asked before the first is heard: 20 cost a few ms."""
        self._notice()
        end = time.monotonic() + self._limits.answer
        asked: list[JalvPlugin] = []
        for plugin in list(self._plugins.values()):
            try:
                plugin.process.send(CONTROLS)
                asked.append(plugin)
            except JalvDied:
                self._bury(plugin)
        for plugin in asked:
            try:
                plugin.read(plugin.process.receive(plugin.listed, end))
            except JalvDied:
                self._bury(plugin)
        return [HostedPlugin(plugin.observed(), plugin.process.client) for plugin in self._plugins.values()]

    def add(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Start a plugin and wait until it is there.

        Raises
        ------
        EngineError
            ``bad-name``, ``name-taken``, ``unsupported``, ``plugin-not-found``, ``plugin-failed``.
        Unavailable
            ``jack-gone``, ``host-not-installed``.
        """
        self._notice()
        client = refusals.client_name(self._prefix, name, CAPABILITIES)
        if plugin.partition(":")[0] not in CAPABILITIES.formats:
            raise refusals.unsupported(name, f"Loading {plugin}", "jalv loads only lv2: plugins.")
        if bridge:
            raise refusals.unsupported(name, "A bridge", "In jalv every plugin has a process of its own already.")
        if force_stereo:
            raise refusals.unsupported(name, "Forcing stereo", "Carla can: `engine: { host: carla }`.")
        known = self._catalogue.describe(plugin)
        if known is None:
            raise refusals.plugin_not_found(name, plugin, self._catalogue)
        if name in self._plugins:
            raise refusals.name_taken(name, client)
        self._plugins[name] = self._start(name, client, known)

    def remove(self, name: str) -> None:
        """Stop a plugin, and see its ports go. Raises ``no-such-plugin``, ``not-kept``."""
        plugin = self._find(name)
        del self._plugins[name]
        plugin.process.stop()
        if not self._await_ports(plugin.process.client, there=False):
            raise refusals.not_kept(name, f"plugins.{name}", "its removal", "its ports, still there")

    def rename(self, name: str, to: str) -> None:
        """Refuse: a JACK client has its name for life. Raises ``no-such-plugin``, ``unsupported``."""
        self._find(name)
        hint = "Add the plugin under the new name and remove this one."
        raise refusals.unsupported(name, f"Renaming to {to!r}", hint)

    def set_active(self, name: str, active: bool) -> None:
        """Switch on or bypass through the control designated ``lv2:enabled``. Raises ``unsupported`` without one."""
        plugin = self._find(name)
        enabled = plugin.process.type.enabled
        if enabled is None:
            raise refusals.unsupported(name, "Bypassing", "The plugin has no control designated lv2:enabled.")
        try:
            plugin.set(enabled.symbol, float(active))
        except JalvDied:
            raise self._died(plugin) from None
        if plugin.active is not active:
            raise refusals.not_kept(name, f"plugins.{name}.active", active, plugin.active)

    def set_program(self, name: str, program: str | None) -> None:
        """Load a preset by URI, or with None put every parameter to its default; ``active`` stays as it is.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-program``, ``not-kept`` if the values did not come, ``unsupported`` for a
            URI with letters that jalv cannot read.
        """
        plugin = self._find(name)
        try:
            if program is None:
                plugin.reset()
            else:
                plugin.load_preset(program)
        except JalvDied:
            raise self._died(plugin) from None

    def set_param(self, name: str, symbol: str, value: float) -> float:
        """Set one control input and return what the plugin now holds.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-parameter``, ``not-finite``.
        """
        plugin = self._find(name)
        if plugin.info(symbol) is None:
            raise refusals.no_such_parameter(name, symbol, plugin.process.type)
        refusals.finite(name, symbol, value)
        try:
            return plugin.set(symbol, value)
        except JalvDied:
            raise self._died(plugin) from None

    def crashes(self) -> list[Crash]:
        """Return the plugins that went away by themselves, oldest first (the last 100)."""
        self._notice()
        return list(self._crashes)

    def server_lost(self) -> None:
        """Stop every process; they outlive their server until their input ends (measured)."""
        doomed = list(self._plugins.values())
        self._plugins.clear()
        for plugin in doomed:
            plugin.process.hang_up()
        # All at once: there is no server left to jam, and a dead one may keep each of them waiting.
        end = time.monotonic() + self._limits.leave
        for plugin in doomed:
            plugin.process.stop(deadline=end)

    def close(self) -> None:
        """Stop every plugin, the last one first, and leave no process behind."""
        while self._plugins:
            _, plugin = self._plugins.popitem()
            plugin.process.stop()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def pid(self, name: str) -> int:
        """Return the process id of a plugin's jalv. Raises ``no-such-plugin``."""
        return self._find(name).process.pid

    def _find(self, name: str) -> JalvPlugin:
        self._notice()
        plugin = self._plugins.get(name)
        if plugin is None:
            raise refusals.no_such_plugin(name, self._plugins)
        return plugin

    def _notice(self) -> None:
        """Bury who died since the last look; with the server, all did."""
        if self._plugins and self.graph is not None and not self.graph.alive:
            self.server_lost()
        for plugin in [plugin for plugin in self._plugins.values() if not plugin.process.alive]:
            self._bury(plugin)

    def _bury(self, plugin: JalvPlugin) -> Crash:
        """Take a plugin that died or went silent off the list and remember why."""
        process = plugin.process
        reason = process.ending()
        process.kill()
        words = process.last_words()
        if words:
            reason = f"{reason}; its last words: {' | '.join(words[-3:])}"
        del self._plugins[plugin.name]
        crash = Crash(plugin.name, process.type.uri, reason)
        self._crashes = [*self._crashes, crash][-_CRASHES_KEPT:]
        self._await_ports(process.client, there=False)
        return crash

    def _died(self, plugin: JalvPlugin) -> StudioError:
        crash = self._bury(plugin)
        return refusals.plugin_died(plugin.name, crash.reason)

    def _start(self, name: str, client: str, known: PluginType) -> JalvPlugin:
        """Start a plugin; one of its name that is just leaving, with a host that died, gets the time to."""
        if self.graph is not None and not self.graph.alive:
            raise refusals.jack_gone(self._server)
        end = time.monotonic() + self._limits.settle
        while True:
            if self._has_ports(client):
                error = refusals.name_taken(name, client)
            else:
                try:
                    return self._attempt(name, client, known)
                except EngineError as refusal:
                    error = refusal
            if error.code != "name-taken" or time.monotonic() > end:
                raise error
            time.sleep(_RETRY_SECONDS)

    def _attempt(self, name: str, client: str, known: PluginType) -> JalvPlugin:
        try:
            process = self._open(client, known)
        except JalvDied:
            raise refusals.plugin_failed(name, known.uri, "the process that starts plugins is gone") from None
        try:
            printed = process.greet()
            plugin = JalvPlugin(name, process, speech.sample_rate_hz(printed), self._limits)
            granted = (speech.granted_client(printed) or client) == client
            granted = granted and (not known.ports or self._await_ports(client, there=True))
        except JalvDied:
            reason = process.ending()
            process.kill()
            raise self._refusal(name, process, reason) from None
        except BaseException:
            process.stop()
            raise
        if not granted:
            process.stop()
            raise refusals.name_taken(name, client)
        return plugin

    def _open(self, client: str, known: PluginType) -> JalvProcess:
        if self._reader is None:
            self._reader = Reader()
        if self._keeper is not None and not self._keeper.alive:
            self._keeper.close()
            self._keeper = None
        if self._keeper is None:
            self._keeper = Keeper(self._lock)
        return JalvProcess(
            client, known, self._variables(), keeper=self._keeper, reader=self._reader, limits=self._limits
        )

    def _refusal(self, name: str, process: JalvProcess, reason: str) -> StudioError:
        """Say why a plugin did not come to its prompt, or not past it."""
        match speech.failure(process.printed()):
            case speech.Failure.NAME_TAKEN:
                return refusals.name_taken(name, process.client)
            case speech.Failure.PLUGIN_NOT_FOUND:
                return refusals.plugin_not_found(name, process.type.uri, self._catalogue)
            case speech.Failure.NO_SERVER:
                if self._has_ports(process.client):
                    return refusals.name_taken(name, process.client)
                return refusals.jack_gone(self._server)
            case speech.Failure.PLUGIN:
                return refusals.plugin_failed(name, process.type.uri, reason, process.last_words())

    def _variables(self) -> dict[str, str]:
        server = {} if self._server is None else {"JACK_DEFAULT_SERVER": self._server}
        # LC_ALL: a decimal comma would turn 0.5 into 0. JACK_NO_START_SERVER: a plugin starts no server of its own.
        return {**server, "JACK_NO_START_SERVER": "1", "LC_ALL": "C"}

    def _has_ports(self, client: str) -> bool:
        return self.graph is not None and any(port.startswith(f"{client}:") for port in self.graph.ports())

    def _await_ports(self, client: str, *, there: bool) -> bool:
        """Wait until a client's ports are there, or gone; True without a graph to look at."""
        end = time.monotonic() + self._limits.settle
        while self.graph is not None and self.graph.alive and self._has_ports(client) is not there:
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK_SECONDS)
        return True
