"""The whole studio in memory: server, graph, hardware, plugin host, foreign clients, and failures on request."""

from collections.abc import Callable, Iterable

import msgspec

from reconciler.engines import refusals
from reconciler.engines.memory.calls import Calls, Effect, RecordedCall, injected
from reconciler.engines.memory.catalogue import MemoryCatalogue
from reconciler.engines.memory.graph import MemoryGraph
from reconciler.engines.memory.hardware import MemoryHardware
from reconciler.engines.memory.host import MemoryHost
from reconciler.engines.memory.patchbay import MemoryPatchbay
from reconciler.engines.memory.server import MemoryServer
from reconciler.engines.patchbay import PatchbayGraph
from reconciler.engines.ports import AudioGraph
from reconciler.model.catalogue import Catalogue, Direction, Kind
from reconciler.model.errors import Unavailable
from reconciler.model.mix import MIX
from reconciler.model.resources import Capabilities, EngineSettings, JackSettings, Port
from reconciler.model.settings import DEFAULTS
from reconciler.model.terminals import PATCHBAY

SETTINGS = JackSettings(server="memory", driver="dummy", sample_rate=48000, period=256, periods=2, realtime=False)
"""The server that runs unless a studio is made without one."""

CAPABILITIES = Capabilities(
    formats=frozenset({"lv2", "jack"}),
    bypass=True,
    programs=True,
    rename=True,
    mix=frozenset(MIX),
    midi=frozenset({"cc", "pitch-bend", "cv"}),
    replace=True,
    remove_all=2,
    settings=frozenset({"mode", "transport", "tempo", "paths"}),
    live_settings=frozenset({"transport", "tempo", "paths"}),
    options=True,
    custom_data=frozenset({"lv2"}),
    state=True,
    bridges=frozenset({"lv2"}),
)
"""A host that can do all there is, as Carla does."""

LIKE_CARLA = msgspec.structs.replace(CAPABILITIES, rename_interrupts=True, live_period=False)
"""A host that can do what Carla can where each plugin is a JACK client of its own."""

ENGINE = DEFAULTS
"""The settings of a host that was asked for none, as Carla has them."""

IN_PATCHBAY = msgspec.structs.replace(ENGINE, mode=PATCHBAY)
"""The settings of a host that is one JACK client."""

LIKE_JALV = Capabilities(formats=frozenset({"lv2"}), bypass=False, programs=True, rename=False)
"""A host that can do what jalv can."""


class MemoryStudio:
    """A studio that makes no sound and behaves like one that does.

    Parameters
    ----------
    catalogue
        Knows the plugins; a :class:`MemoryCatalogue` if not given.
    settings
        Of the server that runs from the beginning, started by somebody else; None for no server.
    capabilities
        What the plugin host shall be able to do.
    prefix
        What plugins' JACK clients' names begin with.
    port_names
        Plugins' ports are called by name, as Carla does, instead of by symbol, as jalv does.
    captures, playbacks
        How many physical ports the server has.
    engine
        Settings that the plugin host starts with.

    Examples
    --------
    >>> studio = MemoryStudio()
    >>> studio.host.add("voice", "lv2:urn:studio:memory:gain")
    >>> studio.graph.connect("system:capture_1", "voice:in")
    >>> [type(call).__name__ for call in studio.calls.made]
    ['AddPlugin', 'Connect']
    """

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        *,
        settings: JackSettings | None = SETTINGS,
        capabilities: Capabilities = CAPABILITIES,
        prefix: str = "",
        port_names: bool = False,
        captures: int = 2,
        playbacks: int = 2,
        engine: EngineSettings = ENGINE,
    ) -> None:
        self.catalogue: Catalogue = catalogue or MemoryCatalogue()
        self.calls = Calls()
        self.hardware = MemoryHardware(self)
        self.server: MemoryServer | None = None
        """The server's present life; dead or None when none runs."""
        self._capabilities = capabilities
        self._prefix = prefix
        self._port_names = port_names
        self._engine = engine
        self._physical = (captures, playbacks)
        self._graph: AudioGraph | None = None
        if settings is not None:
            self.open_server(settings, ours=False)
        self.host = self.start_host()

    @property
    def graph(self) -> AudioGraph:
        """A graph on the server that runs now. Raises ``jack-gone``."""
        if self._graph is None or not self._graph.alive:
            self._graph = self.open_graph()
        return self._graph

    def open_graph(self) -> AudioGraph:
        """Open one more client of the server that runs now. Raises ``jack-gone``."""
        if self.server is None or not self.server.alive:
            raise refusals.jack_gone(None)
        jack = MemoryGraph(self.server, self.perform)
        if self.host.settings.mode != PATCHBAY:
            return jack
        return PatchbayGraph(jack, MemoryPatchbay(lambda: self.host.inside(), self.perform), self._prefix)  # noqa: PLW0108

    def start_host(self) -> MemoryHost:
        """Put a new, empty plugin host in the place of the old one, which dies if it still lives."""
        old: MemoryHost | None = getattr(self, "host", None)
        if old is not None:
            old.die()
        self.host = MemoryHost(
            self, self._capabilities, prefix=self._prefix, port_names=self._port_names, settings=self._engine
        )
        return self.host

    def open_server(self, settings: JackSettings, *, ours: bool) -> None:
        """Let a server run as of now; ``ours`` if studio may stop it."""
        captures, playbacks = self._physical
        self.server = MemoryServer(settings, ours=ours, captures=captures, playbacks=playbacks)

    def lose_server(self) -> None:
        """Let the server die, with all that lived on it."""
        if self.server is not None:
            self.server.alive = False
        self.host.server_lost()

    def add_client(
        self, name: str, outputs: Iterable[str] = (), inputs: Iterable[str] = (), kind: Kind = Kind.AUDIO
    ) -> str:
        """Let somebody else's JACK client come, and return the name that it got."""
        ports = [Port(port, kind, Direction.OUT) for port in outputs] + [
            Port(port, kind, Direction.IN) for port in inputs
        ]
        return self._running().open_client(name, ports)

    def remove_client(self, name: str) -> None:
        """Let somebody else's JACK client leave, its links with it."""
        self._running().close_client(name)

    def remove_port(self, name: str) -> None:
        """Let one port vanish, its links with it: a device unplugged."""
        self._running().close_port(name)

    def kill_plugin(self, name: str) -> None:
        """Let a plugin die by itself. Raises ``no-such-plugin``."""
        self.host.crash(name, "killed by request")

    def kill_host(self) -> None:
        """Let the plugin host die with all its plugins; :meth:`start_host` gives a new one."""
        self.host.die()

    def change_period(self, frames: int) -> None:
        """Let the server change its period, under which a host that cannot take that dies, as Carla aborts."""
        server = self._running()
        server.settings = msgspec.structs.replace(server.settings, period=frames)
        if not self._capabilities.live_period and self.host.plugins():
            self.kill_host()

    def perform(self, call: RecordedCall, act: Callable[[], None]) -> None:
        """Record a call that changes the studio, then let it happen, or fail in the way that was asked for."""
        effect = self.calls.record(call)
        match effect:
            case None:
                act()
            case Effect.LOSE:
                pass
            case Effect.FAIL:
                raise injected(call)
            case Effect.LATE:
                act()
                raise injected(call)
            case Effect.PLUGIN_DIES:
                name = getattr(call, "name", None)
                if name is not None and any(hosted.plugin.name == name for hosted in self.host.plugins()):
                    self.kill_plugin(name)
                raise injected(call)
            case Effect.HOST_DIES:
                self.kill_host()
                raise Unavailable("host-gone", "The plugin host died during the call.")
            case Effect.SERVER_DIES:
                self.lose_server()
                raise refusals.jack_gone(None)

    def _running(self) -> MemoryServer:
        if self.server is None or not self.server.alive:
            raise refusals.jack_gone(None)
        return self.server
