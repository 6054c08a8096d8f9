"""The plugin host that is a Carla which somebody runs and watches: driven by OSC, read back by OSC.

Outside this file a plugin is its name. Every call begins with reading all of Carla anew, because ids are positions,
its user may have moved or removed something a moment ago, and a call to the wrong id hits the user's own plugin; and
it ends with reading, because OSC setters say nothing. What is not ours is left alone: without a prefix every plugin of
that Carla is seen (and is unmanaged), with one those that have it.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from reconciler.engines import refusals
from reconciler.engines.carla import presence, programs
from reconciler.engines.carla.describe import Loading
from reconciler.engines.carla.engine import Address
from reconciler.engines.carla.plugin import CarlaPlugin
from reconciler.engines.carla_osc import setting
from reconciler.engines.carla_osc.attached import DRIVEN, Attached
from reconciler.engines.carla_osc.capabilities import CAPABILITIES
from reconciler.engines.carla_osc.engine import OscEngine
from reconciler.engines.carla_osc.found import LV2, Identifier, UriOf
from reconciler.engines.ports import AudioGraph, Crash, HostedPlugin
from reconciler.model.actions import MapMidi, SetActive, SetMix, SetParam, Setting
from reconciler.model.attach import parse
from reconciler.model.catalogue import Catalogue
from reconciler.model.errors import EngineError, StudioError, Unavailable
from reconciler.model.resources import Capabilities, EngineSettings, MidiMap

IDLE_SECONDS = 0.02
"""How often what Carla sends is taken in."""

FRESH_SECONDS = 0.05
"""What one setting was read back with so shortly before will do for the next; all else begins with a reading."""


class AttachedHost(Attached):
    """A :class:`~reconciler.engines.ports.PluginHost`. Make it and call it on one thread, idling it in between.

    Parameters
    ----------
    catalogue
        Tells what plugins are.
    url
        Of the Carla, as it shows it.
    prefix
        What the names of this session's plugins begin with in that Carla.
    graph
        Where plugins' ports are seen to come and go.
    loading
        Tells what Carla needs to load a plugin that is not LV2.
    uri_of
        Tells what a plugin is that Carla has loaded, if it is not LV2.
    notes
        File that keeps which plugins are this session's; None for none.
    visiting
        Only looks: :meth:`close` leaves this session's plugins where they are.

    Raises
    ------
    StudioError
        ``bad-attach``.
    Unavailable
        ``attach-not-there``, ``attach-refused``, ``attach-silent``, ``attach-mode``.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        url: str,
        prefix: str = "",
        graph: AudioGraph | None = None,
        *,
        loading: Callable[[str], Loading | None] = lambda _uri: None,
        uri_of: UriOf = lambda *_: None,
        notes: Path | None = None,
        visiting: bool = False,
    ) -> None:
        self._catalogue = catalogue
        self._loading = loading
        self._visiting = visiting
        super().__init__(parse(url), Identifier(catalogue, uri_of), prefix, graph, notes)

    @property
    def kind(self) -> str:
        """``carla``."""
        return "carla"

    @property
    def capabilities(self) -> Capabilities:
        """:data:`CAPABILITIES`."""
        return CAPABILITIES

    @property
    def settings(self) -> EngineSettings:
        """The mode, which is its user's choice."""
        return EngineSettings(mode=DRIVEN)

    @property
    def idle_seconds(self) -> float:
        """:data:`IDLE_SECONDS`."""
        return IDLE_SECONDS

    def idle(self) -> None:
        """Take in what Carla sends, so that its window never waits for us. A loss shows in the next call."""
        if self._engine is not None:
            self._engine.link.pump()

    def plugins(self) -> list[HostedPlugin]:
        """Read every plugin, in Carla's order; without a JACK server nothing sounds, and there are none.

        Raises
        ------
        Unavailable
            ``attach-not-there``, ``attach-lost``, ``attach-refused``, ``attach-silent``, ``attach-elsewhere``.
        """
        if not self._jack_alive():
            return []
        engine = self._read_all()
        found = [self._hosted(engine, name, plugin) for name, plugin in self._plugins.items()]
        self._check_server(found)
        return found

    def add(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Load a plugin and wait until its ports are there.

        Raises
        ------
        EngineError
            ``bad-name``, ``name-taken``, ``unsupported``, ``plugin-not-found``, ``plugin-failed``.
        Unavailable
            ``jack-gone``, and what :meth:`plugins` raises.
        """
        client = refusals.client_name(self._prefix, name, CAPABILITIES)
        if plugin.partition(":")[0] not in CAPABILITIES.formats or bridge or force_stereo:
            loads = ", ".join(sorted(CAPABILITIES.formats))
            how = f"{' in a bridge' * bridge}{' in stereo' * force_stereo}"
            hint = f"An attached Carla loads {loads}, none in a bridge or forced to stereo."
            raise refusals.unsupported(name, f"Loading {plugin}{how}", hint)
        known = self._catalogue.describe(plugin)
        loading = None if known is None else self._address(known.uri)
        if known is None or loading is None:
            raise refusals.plugin_not_found(name, plugin, self._catalogue)
        if loading.extra is not None:
            raise refusals.unsupported(
                name, f"Loading {plugin}", "Without #16 it can be loaded into an attached Carla."
            )
        if not self._jack_alive():
            raise refusals.jack_gone(None)
        engine = self._read_all()
        if client in engine.names() or not presence.await_gone(self.graph, client, within_s=0.05):
            raise refusals.name_taken(name, client)
        self._notes.add(name)
        error = engine.add(client, loading)
        if error is not None:
            self._notes.drop(name)
            raise refusals.plugin_failed(name, plugin, error.rstrip(". \n"))
        plugin_id = len(engine.names()) - 1
        try:
            added = CarlaPlugin(name, known, engine, plugin_id)
            self._confirm(added, client, plugin_id)
        except EngineError:
            engine.remove(plugin_id)
            self._notes.drop(name)
            raise
        self._plugins[name] = added
        self._read_at = -math.inf
        self._chosen[name] = engine.program(plugin_id), engine.midi_program(plugin_id)

    def remove(self, name: str) -> None:
        """Unload a plugin, and see its ports go. Raises ``no-such-plugin``, ``not-kept``."""
        engine = self._read_all()
        plugin_id, _ = self._find(name)
        client = self._prefix + name
        error = engine.remove(plugin_id)
        engine.refresh()
        if client in engine.names():
            raise refusals.not_kept(name, f"plugins.{name}", "its removal", f"the plugin, still there ({error})")
        del self._plugins[name]
        self._notes.drop(name)
        if not presence.await_gone(self.graph, client):
            raise refusals.not_kept(name, f"plugins.{name}", "its removal", "its ports, still there")

    def rename(self, name: str, to: str) -> None:
        """Rename in place; links stay. Raises ``no-such-plugin``, ``name-taken``, ``bad-name``, ``not-kept``."""
        engine = self._read_all()
        plugin_id, plugin = self._find(name)
        client = refusals.client_name(self._prefix, to, CAPABILITIES)
        if to == name:
            return  # Carla would make it "name (2)"
        if client in engine.names() or presence.has_ports(self.graph, client):
            raise refusals.name_taken(to, client)
        ours = name in self._notes.names
        error = engine.rename(plugin_id, client)
        engine.refresh()
        if client not in engine.names():
            raise refusals.not_kept(name, f"plugins.{name}", f"the name {to!r}", f"the old one ({error})")
        plugin.name = to
        try:
            self._confirm(plugin, client, plugin_id)
        except EngineError:
            engine.rename(plugin_id, self._prefix + name)
            plugin.name = name
            raise
        self._plugins[to] = self._plugins.pop(name)
        self._chosen[to] = self._chosen.pop(name)
        if ours:
            self._notes.add(to)
            self._notes.drop(name)
        if not presence.await_gone(self.graph, self._prefix + name):
            raise refusals.not_kept(name, f"plugins.{name}", f"the name {to!r}", "ports under the old one too")

    def set_active(self, name: str, active: bool) -> None:
        """Switch on or bypass: by the control designated ``lv2:enabled`` where there is one, else in Carla.

        Raises ``no-such-plugin``, ``not-kept``.
        """
        self._set(SetActive(name, active))

    def set_program(self, name: str, program: str | None) -> None:
        """Load a preset by URI, or with None put every parameter to its default; ``active`` stays as it is.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-program``, ``not-kept`` if the values did not come.
        """
        engine = self._read_all()
        plugin_id, plugin = self._find(name)
        enabled = plugin.kind.enabled
        was = plugin.values(plugin_id).get(enabled.symbol) if enabled else None
        try:
            if program is None:
                programs.reset(engine, plugin, plugin_id)
            else:
                programs.load(engine, plugin, plugin_id, program)
        finally:
            if enabled is not None and was is not None:
                engine.set_value(plugin_id, plugin.index[enabled.symbol], was)
        self._unmoved(name, plugin_id)
        plugin.program = program
        self._chosen[name] = engine.program(plugin_id), engine.midi_program(plugin_id)

    def set_param(self, name: str, symbol: str, value: float) -> float:
        """Set one control input and return what the plugin now holds.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-parameter``, ``not-finite``, ``attach-moved``.
        """
        self._read_all(FRESH_SECONDS)
        return self._number(SetParam(name, symbol, value))

    def set_mix(self, name: str, key: str, value: float) -> float:
        """Set one of Carla's values around a plugin and return what it now holds.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``not-finite``, ``attach-moved``, ``unsupported``: an unknown key, one that OSC lacks,
            or one that does nothing to this plugin.
        """
        self._read_all(FRESH_SECONDS)
        return self._number(SetMix(name, key, value))

    def map_midi(self, name: str, symbol: str, follows: MidiMap | None) -> None:
        """Let a parameter follow MIDI or CV, read back; None lets it go.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-parameter``, ``unsupported``, ``not-kept``: a range beyond the parameter's.
        """
        self._set(MapMidi(name, symbol, follows))

    @property
    def together(self) -> tuple[type[Setting], ...]:
        """All settings but a program, which moves what others set."""
        return setting.TOGETHER

    def set_together(self, calls: Sequence[Setting]) -> list[StudioError | None]:
        """Send them all, read once, and tell of each what became of it. Raises what :meth:`plugins` does."""
        self._read_all(FRESH_SECONDS)
        reads: list[setting.Read | StudioError] = []
        for call in calls:
            try:
                reads.append(self._send(call))
            except Unavailable:
                raise
            except StudioError as error:
                reads.append(error)
        return [
            read if isinstance(read, StudioError) else _outcome(call, read)
            for call, read in zip(calls, reads, strict=True)
        ]

    def crashes(self) -> list[Crash]:
        """Return nothing: a plugin that crashes takes that Carla along, and the next call says so."""
        return []

    def close(self) -> None:
        """Unload this session's plugins, leave its user's where they are, and let go of Carla."""
        if self._engine is None:
            return
        try:
            if not self._visiting and self._engine.link.lost is None:
                self._take_out_ours(self._engine)
        finally:
            self._let_go()

    def _hosted(self, engine: OscEngine, name: str, plugin: CarlaPlugin) -> HostedPlugin:
        client = self._prefix + name
        seen = plugin.observed(engine.names().index(client))
        # In what process it runs is its user's setting, and nothing here can change it.
        return HostedPlugin(msgspec.structs.replace(seen, bridge=False), client, dict(plugin.all_port_names))

    def _take_out_ours(self, engine: OscEngine) -> None:
        engine.refresh()
        ours = {self._prefix + name for name in self._notes.names}
        names = engine.names()
        for plugin_id in reversed(range(len(names))):
            if names[plugin_id] in ours and engine.names()[plugin_id : plugin_id + 1] == [names[plugin_id]]:
                engine.remove(plugin_id)
        for name in sorted(self._notes.names):
            self._notes.drop(name)

    def _set(self, call: Setting) -> None:
        self._read_all(FRESH_SECONDS)
        error = _outcome(call, self._send(call))
        if error is not None:
            raise error

    def _number(self, call: SetParam | SetMix) -> float:
        kept = self._send(call)()
        assert isinstance(kept, float)
        return kept

    def _send(self, call: Setting) -> setting.Read:
        """Send a setting; return how to read it back."""
        plugin_id, plugin = self._find(call.name)
        assert self._engine is not None
        read = setting.send(self._engine, plugin, plugin_id, call)

        def read_back() -> setting.Kept:
            self._unmoved(call.name, plugin_id)
            kept = read()
            self._read_at = time.monotonic()
            return kept

        return read_back

    def _confirm(self, plugin: CarlaPlugin, client: str, plugin_id: int) -> None:
        """See that a plugin has its name in Carla and its ports in JACK. Raises ``name-taken``, ``plugin-failed``."""
        assert self._engine is not None
        assert self.graph is not None
        if self._engine.names()[plugin_id : plugin_id + 1] != [client]:
            raise refusals.name_taken(plugin.name, client)
        plugin.port_names = presence.await_ports(self.graph, plugin, client)

    def _address(self, uri: str) -> Address | None:
        """Return how Carla is told to load a plugin."""
        scheme, _, what = uri.partition(":")
        if scheme == "lv2":
            return Address(LV2, what)
        loading = self._loading(uri)
        if loading is None:
            return None
        return Address(loading.number, loading.label, loading.file, loading.unique_id, loading.extra)


def _outcome(call: Setting, read: setting.Read) -> StudioError | None:
    """Read a setting back, and return what is wrong with it."""
    try:
        kept = read()
    except Unavailable:
        raise
    except StudioError as error:
        return error
    return setting.difference(call, kept)
