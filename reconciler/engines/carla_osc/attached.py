"""A running Carla, held and known: the connection to it, and every plugin in it by its name."""

import math
import time
from pathlib import Path

from reconciler.engines import refusals
from reconciler.engines.carla import portnames, presence
from reconciler.engines.carla.patchbay import LOOK_SECONDS, CarlaPatchbay
from reconciler.engines.carla.plugin import CarlaPlugin
from reconciler.engines.carla_osc import holder
from reconciler.engines.carla_osc.engine import OscEngine
from reconciler.engines.carla_osc.found import LV2, Identifier
from reconciler.engines.carla_osc.mirror import MODES, MirroredPlugin
from reconciler.engines.carla_osc.notes import Notes
from reconciler.engines.carla_osc.wires import OscWires
from reconciler.engines.lacking import Lacking
from reconciler.engines.patchbay import PatchbayGraph
from reconciler.engines.ports import AudioGraph, HostedPlugin
from reconciler.model.attach import OscAddress
from reconciler.model.catalogue import PluginType
from reconciler.model.errors import EngineError, Unavailable
from reconciler.model.terminals import PATCHBAY


class Attached(Lacking):
    """What :class:`~reconciler.engines.carla_osc.host.AttachedHost` stands on.

    Parameters
    ----------
    where
        Of the Carla.
    identify
        Tells what its plugins are.
    prefix
        What the names of this session's plugins begin with in it.
    graph
        Where plugins' ports are seen to come and go.
    notes
        File that keeps which plugins are this session's.
    """

    def __init__(
        self, where: OscAddress, identify: Identifier, prefix: str, graph: AudioGraph | None, notes: Path | None
    ) -> None:
        self.graph = graph
        self._where = where
        self._identify = identify
        self._prefix = prefix
        self._notes_path = notes
        self._plugins: dict[str, CarlaPlugin] = {}
        self._chosen: dict[str, tuple[int, int]] = {}  # what Carla said of programs when studio last knew which it is
        self._notes = Notes(None, None)
        self._engine: OscEngine | None = None
        self._read_at = -math.inf
        self._mode: str | None = None
        self._wires = OscWires()
        self.inside = CarlaPatchbay(self._wires, look_s=LOOK_SECONDS)
        """The graph within the engine, in patchbay mode."""
        self._open()

    @property
    def mode(self) -> str:
        """The mode that Carla runs in, which is its user's choice and stays while studio is attached."""
        assert self._mode is not None
        return self._mode

    def server_lost(self) -> None:
        """Forget what was there. That Carla is its user's; whether it comes back on a new server is theirs to say."""
        self._plugins.clear()
        self._chosen.clear()
        self._read_at = -math.inf

    def _open(self) -> OscEngine:
        """Return the engine, attached anew if the last Carla has gone."""
        engine = self._engine
        if engine is not None and engine.link.lost is None:
            return engine
        self._let_go()
        engine = OscEngine(self._where, self._identify.port_numbers, self._wires.hear)
        try:
            self._mode = self._checked(engine.mirror.mode)
            if self._mode == PATCHBAY:
                self._wires.begin(engine.link)
        except Unavailable:
            engine.link.close()
            raise
        self._notes = Notes(self._notes_path, holder.listener(self._where.port))
        self._engine = engine
        return engine

    def _let_go(self) -> None:
        self.server_lost()
        if self._engine is not None:
            self._wires.end()
            self._engine.link.close()
            self._engine = None

    def _checked(self, number: int | None) -> str:
        """Return the word for the mode that Carla runs in. Raises ``attach-mode`` for what studio does not drive."""
        mode = MODES.get(number or 0)
        if mode is None:
            raise Unavailable(
                "attach-mode",
                f"the Carla at {self._where} runs as a continuous rack or a single client, which studio does not drive",
                hint="choose `Multiple Clients` or `Patchbay` under Settings > Configure Carla > Engine, then restart "
                "Carla's engine",
            )
        if self._mode not in (None, mode):
            raise Unavailable(
                "attach-mode",
                f"the Carla at {self._where} ran in the mode {self._mode} before, and runs in {mode} now",
                hint="`studio down` lets go of what was; then apply again",
            )
        if mode == PATCHBAY and self._prefix:
            raise Unavailable(
                "attach-mode",
                f"the Carla at {self._where} is a patchbay, whose inputs and outputs all plugins share: with "
                f"engine.prefix {self._prefix!r} studio would not see all that use them",
                hint="take engine.prefix out, or choose `Multiple Clients` in Carla's settings and restart its engine",
            )
        return mode

    def _read_all(self, within_s: float = 0.0, *, told: bool = False) -> OscEngine:
        """Read Carla, unless that was done so shortly before, and know every plugin in it by its name.

        With ``told``, its word is taken that nothing changed: enough to look, not to change what has a place.
        """
        engine = self._open()
        if not self._jack_alive():
            self.server_lost()
            return engine
        if time.monotonic() - self._read_at <= within_s:
            return engine
        if told:
            engine.look()
        else:
            engine.refresh()
        here: dict[str, CarlaPlugin] = {}
        for plugin_id, mirrored in enumerate(engine.mirror.plugins):
            name = mirrored.name.removeprefix(self._prefix)
            if not mirrored.name.startswith(self._prefix) or name in here or not name:
                continue
            plugin = self._plugins.get(name)
            if plugin is None or plugin.kind.uri != self._identify.uri(mirrored):
                plugin = self._found(engine, name, plugin_id, mirrored)
            here[name] = plugin
            chosen = mirrored.program, mirrored.midi_program
            if chosen != self._chosen.get(name):  # by a hand at the window
                plugin.program = _program(plugin.kind, mirrored)
                self._chosen[name] = chosen
        self._plugins = here
        return engine

    def _found(self, engine: OscEngine, name: str, plugin_id: int, mirrored: MirroredPlugin) -> CarlaPlugin:
        """Know a plugin that this host did not load."""
        kind = self._identify.kind(mirrored)
        plugin = CarlaPlugin(name, kind, engine, plugin_id, just_loaded=False)
        ports = self.graph.ports() if self.graph is not None else {}
        likely = {symbol: names[0] for symbol, names in portnames.jack_names(kind).items()}
        plugin.port_names = portnames.resolve(kind, mirrored.name, ports) or likely
        self._chosen.pop(name, None)
        return plugin

    def _find(self, name: str) -> tuple[int, CarlaPlugin]:
        plugin = self._plugins.get(name)
        if plugin is None or self._engine is None:
            raise refusals.no_such_plugin(name, self._plugins)
        return self._engine.mirror.names().index(self._prefix + name), plugin

    def _unmoved(self, name: str, plugin_id: int) -> None:
        """Refuse to call something done to a plugin that was moved meanwhile. Raises ``attach-moved``."""
        assert self._engine is not None
        names = self._engine.names()
        if plugin_id >= len(names) or names[plugin_id] != self._prefix + name:
            raise EngineError(
                "attach-moved",
                f"{name}: somebody moved or removed plugins in Carla at the same moment, so this may have gone wrong",
                where=refusals.plugin_at(name),
                hint="look at `studio plan`, which shows what is there now, and apply again",
            )

    def _jack_alive(self) -> bool:
        return self.graph is not None and self.graph.alive

    def _check_server(self, found: list[HostedPlugin]) -> None:
        """Refuse a Carla that is not on this JACK server, as far as it shows. Raises ``attach-elsewhere``."""
        if isinstance(self.graph, PatchbayGraph):
            here, what = self.graph.met, "runs, and this JACK server does not have it"
        else:
            with_ports = [one for one in found if one.port_names]
            here = not with_ports or any(presence.has_ports(self.graph, one.client) for one in with_ports)
            what = "has plugins, and this JACK server has none of them"
        if self._jack_alive() and not here:
            raise Unavailable(
                "attach-elsewhere",
                f"the Carla at {self._where} {what}",
                hint="its engine is stopped or on another JACK server: start it anew, or set hardware.jack.server",
            )


def _program(kind: PluginType, mirrored: MirroredPlugin) -> str | None:
    """Return the program that was chosen last, as far as Carla tells it."""
    if mirrored.type == LV2:
        label = mirrored.programs.get(mirrored.program)
        fitting = [preset.uri for preset in kind.presets if preset.label == label]
        return fitting[0] if len(fitting) == 1 else None
    if mirrored.midi_program >= 0 and mirrored.midi_program in mirrored.midi_programs:
        bank, program, _ = mirrored.midi_programs[mirrored.midi_program]
        return f"midi:{bank}:{program}"
    return f"program:{mirrored.program}" if mirrored.program >= 0 else None
