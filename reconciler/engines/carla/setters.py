"""Everything that is set on a plugin that runs in Carla, each read back."""

from collections.abc import Callable
from pathlib import Path

from reconciler.engines import refusals, statefiles
from reconciler.engines.carla import keeping, programs, windows
from reconciler.engines.carla.engine import ACTIVE, NOT_FOLLOWING, CarlaEngine
from reconciler.engines.carla.plugin import CV, MIX_HINTS, CarlaPlugin, control_index
from reconciler.engines.lacking import Lacking
from reconciler.model.conform import conform
from reconciler.model.mix import MIX
from reconciler.model.resources import CustomData, MidiMap


class _Call:
    """A call on a plugin, to be used in a ``with`` block; made for each of thousands, so it is no generator."""

    __slots__ = ("_found", "_mourn")

    def __init__(self, plugin_id: int, plugin: CarlaPlugin, mourn: Callable[[CarlaPlugin], None]) -> None:
        self._found = plugin_id, plugin
        self._mourn = mourn

    def __enter__(self) -> tuple[int, CarlaPlugin]:
        return self._found

    def __exit__(self, *_error: object) -> None:
        plugin = self._found[1]
        if plugin.processes:
            self._mourn(plugin)


class Setters(Lacking):
    """The part of :class:`~reconciler.engines.carla.host.CarlaHost` that changes plugins which are there.

    A bridged plugin may die under any call; Carla goes on taking values for it. So each call looks again at its end.
    """

    _engine: CarlaEngine

    def _find(self, name: str) -> tuple[int, CarlaPlugin]:
        """Return a plugin with its id of the moment. Raises ``no-such-plugin``."""
        raise NotImplementedError

    def _await_cv_port(self, plugin: CarlaPlugin, plugin_id: int, symbol: str, *, there: bool) -> bool:
        """Wait until a parameter's CV port has come or gone; tell whether it has."""
        raise NotImplementedError

    def _let_cv_go(self, plugin: CarlaPlugin, plugin_id: int, symbol: str) -> None:
        """Let a parameter follow CV no more, and lose its port."""
        raise NotImplementedError

    def _mourn(self, plugin: CarlaPlugin) -> None:
        """Raise ``plugin-died`` if the plugin has died by now."""
        raise NotImplementedError

    def _at(self, name: str) -> "_Call":
        return _Call(*self._find(name), self._mourn)

    def set_active(self, name: str, active: bool) -> None:
        """Switch on or bypass: by the control designated ``lv2:enabled`` where there is one, else in Carla.

        Raises ``no-such-plugin``, ``not-kept``.
        """
        with self._at(name) as (plugin_id, plugin):
            enabled = plugin.kind.enabled
            if enabled is not None and enabled.symbol in plugin.index:
                self._engine.set_value(plugin_id, plugin.index[enabled.symbol], float(active))
            if enabled is None or enabled.symbol not in plugin.index or active:
                self._engine.set_internal(plugin_id, ACTIVE, float(active))
                plugin.asked_active = active
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
        with self._at(name) as (plugin_id, plugin):
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
        with self._at(name) as (plugin_id, plugin):
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
        with self._at(name) as (plugin_id, plugin):
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
                if key == "control_channel" and plugin.kind.uri.startswith("sf2:"):
                    plugin.program = None  # it was chosen on the other channel; here a soundfont plays another
            return self._engine.internal(plugin_id, info.index)

    def map_midi(self, name: str, symbol: str, follows: MidiMap | None) -> None:
        """Let a parameter follow MIDI or CV, read back; None lets it go.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-parameter``, ``unsupported``, ``not-kept``: a range beyond the parameter's.
        """
        with self._at(name) as (plugin_id, plugin):
            index = plugin.index.get(symbol)
            if index is None:
                raise refusals.no_such_parameter(name, symbol, plugin.kind)
            engine = self._engine
            before = engine.control(plugin_id, index).follows
            twin = None if follows is None or follows.source != "cv" else plugin.cv_twin(plugin_id, symbol)
            if twin is not None:
                hint = f"Its port would be called as that of {twin}."
                raise refusals.unsupported(name, f"Letting {symbol} follow CV", hint)
            wanted = NOT_FOLLOWING if follows is None else control_index(follows)
            if wanted is None:
                hint = "A parameter follows a control change from 0 to 119, the pitch bend, or CV."
                raise refusals.unsupported(name, f"Letting {symbol} follow {follows}", hint)
            if before == CV != wanted:
                self._let_cv_go(plugin, plugin_id, symbol)
            elif wanted != before:
                engine.follow(plugin_id, index, NOT_FOLLOWING)
            if follows is not None:
                # All else before the source, so that it never follows the wrong channel or range, for no moment.
                if follows.source == "cv" or all(plugin.within(symbol, edge) for edge in (follows.low, follows.high)):
                    engine.set_follow_range(plugin_id, index, follows.low, follows.high)
                engine.set_follow_channel(plugin_id, index, follows.channel)
                engine.follow(plugin_id, index, wanted)
            kept = plugin.follows(plugin_id, symbol)
            if kept != follows:
                engine.follow(plugin_id, index, NOT_FOLLOWING)
                raise refusals.not_kept(name, f"plugins.{name}.midi.{symbol}", follows, kept)
            follows_cv = follows is not None and follows.source == "cv"
            if (CV in {before, wanted}) and not self._await_cv_port(plugin, plugin_id, symbol, there=follows_cv):
                engine.follow(plugin_id, index, NOT_FOLLOWING)
                raise refusals.not_kept(name, f"plugins.{name}.midi.{symbol}", follows, "a port that did not follow")

    def show_ui(self, name: str, *, shown: bool = True) -> None:
        """Open or close its own window. Raises ``no-such-plugin``, ``no-ui``, ``no-display``, ``ui-failed``."""
        plugin_id, _ = self._find(name)
        windows.show(self._engine, plugin_id, name, shown=shown)

    def set_option(self, name: str, key: str, value: bool) -> None:
        """Switch an option, read back.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``unsupported``: one that this plugin does not have; ``not-kept``.
        """
        with self._at(name) as (plugin_id, _):
            refusals.has_option(name, key, self._engine.options(plugin_id))
            self._engine.set_option(plugin_id, key, value)
            kept = self._engine.options(plugin_id).get(key)
            if kept is not value:
                raise refusals.not_kept(name, f"plugins.{name}.options.{key}", value, kept)

    def set_custom_data(self, name: str, key: str, data: CustomData) -> None:
        """Give a plugin a named value, read back.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``unsupported``: one that would not reach it; ``no-such-file``, ``not-kept``.
        """
        with self._at(name) as (plugin_id, plugin):
            keeping.set_custom_data(self._engine, plugin, plugin_id, key, data)

    def save_state(self, name: str, path: Path) -> None:
        """Write all of a plugin to a new file, as :meth:`load_state` reads it.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``not-kept``: no file came of it.
        """
        with self._at(name) as (plugin_id, plugin):
            error = self._engine.save_state(plugin_id, path)
            if error is not None or not path.is_file():
                raise refusals.not_kept(name, f"plugins.{plugin.name}.state", f"its state in {path}", error)

    def load_state(self, name: str, path: str, digest: str) -> None:
        """Load what a file says of the plugin itself; what Carla does around it, and ``active``, stay as they are.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``bad-state``, ``unsupported``, ``not-kept``.
        """
        with self._at(name) as (plugin_id, plugin):
            state = statefiles.read(name, plugin.kind, path, digest)
            enabled = plugin.kind.enabled
            was = plugin.values(plugin_id).get(enabled.symbol) if enabled else None
            plugin.state = None
            try:
                keeping.load_state(self._engine, plugin, plugin_id, state)
            finally:
                if enabled is not None and was is not None:
                    self._engine.set_value(plugin_id, plugin.index[enabled.symbol], was)
            plugin.state, plugin.program = digest, None
