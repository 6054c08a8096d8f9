"""What studio knows of a plugin in Carla, and what Carla tells of it: values, mix, mappings, program."""

import time
from collections.abc import Mapping, Sequence

import psutil

from reconciler.engines.carla import portnames
from reconciler.engines.carla.access import PluginAccess
from reconciler.engines.carla.bridges import lives
from reconciler.engines.carla.engine import ACTIVE, NOT_FOLLOWING, Control
from reconciler.model.catalogue import PluginType
from reconciler.model.conform import conform, limits
from reconciler.model.controls import cv_symbol
from reconciler.model.custom import CHUNK
from reconciler.model.mix import MIX
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import CustomData, MidiMap, Plugin

ANSWER_SECONDS = 2.0
"""Longest wait for a bridge to tell of new values; it takes 30 ms (measured)."""

_LOOK_SECONDS = 0.002

MAPPING_SECONDS = 2.0
"""How long Carla's word is taken that no parameter began to follow anything: only MIDI learn would do that."""

CV = 130
PITCH_BEND = 131
LEARNING = 132
"""Special control indices, as in Carla's ``CarlaBackend.h``; below them are the MIDI control changes."""

_ENABLED_HINT = 0x10
"""Carla shows this parameter to people; what it drives itself (transport, freewheeling) it does not."""


_MIX_INDICES = tuple(info.index for info in MIX.values())

MIX_HINTS = {"dry_wet": 0x10, "volume": 0x20, "balance_left": 0x40, "balance_right": 0x40, "pan": 0x80}
"""Hint that says whether a mix value does anything to this plugin; without it Carla keeps the value and ignores it."""


class CarlaPlugin:
    """One plugin by its name in the session; its id is looked up anew for every call.

    Parameters
    ----------
    name
        In the words of the manifest.
    kind
        From the catalogue.
    engine
        Where it runs.
    plugin_id
        Its id at the moment.
    processes
        Its own, if it has any.
    just_loaded
        Nobody has touched it yet; one that was found is left as it is.
    """

    def __init__(
        self,
        name: str,
        kind: PluginType,
        engine: PluginAccess,
        plugin_id: int,
        processes: Sequence[psutil.Process] = (),
        *,
        just_loaded: bool = True,
    ) -> None:
        self.name = name
        self.kind = kind
        self.processes = tuple(processes)
        self.bridged = engine.is_bridged(plugin_id)
        """A JACK program counts as bridged too."""
        self.asked_active = True
        self.program: str | None = None
        self.state: str | None = None
        """Digest of the state that was loaded last."""
        self.keeps = False
        """It was given named values that only itself can tell."""
        self.port_names: dict[str, str] = {}
        self._engine = engine
        self._rate_hz = engine.rate_hz()
        self.index, driven = _indices(kind, engine.controls(plugin_id))
        self._mapped: tuple[int, float, dict[str, MidiMap]] = -1, 0.0, {}
        """Which mappings these are, until when they hold without another look, and what they are."""
        self._added: dict[str, str] = {}
        self._symbols = {index: symbol for symbol, index in self.index.items()}
        self._infos = {info.symbol: info for info in kind.parameters}
        if just_loaded:
            self._mend_defaults(plugin_id, driven)
        self.fresh = self.values(plugin_id)
        """What it held when it was loaded: its defaults, as far as Carla lets them be."""
        self.fresh_options = engine.options(plugin_id)
        if FORCE_STEREO in self.fresh_options:
            self.fresh_options[FORCE_STEREO] = False  # by itself Carla never does it
        self.fresh_programs = engine.program(plugin_id), engine.midi_program(plugin_id)
        if not just_loaded:
            self.fresh = {symbol: self._default(symbol) for symbol in self.index.keys() - driven}
            self.fresh_programs = -1, -1

    @property
    def all_port_names(self) -> dict[str, str]:
        """The names of its own ports and of those that Carla added, by the last reading."""
        return {**self.port_names, **self._added} if self._added else self.port_names

    def cv_port(self, plugin_id: int, symbol: str) -> str:
        """Return what the port is called by which a parameter follows CV, read anew."""
        self._mapped = -1, 0.0, {}
        self._midi(plugin_id)
        name = cv_symbol(self.kind, symbol)
        alone = portnames.added_names(self.kind, self.port_names, [symbol], bridged=self.bridged)
        return self._added.get(name, alone[name])

    def cv_twin(self, plugin_id: int, symbol: str) -> str | None:
        """Return a parameter of the same name that follows CV already, None if there is none."""
        following = (other for other, follows in self._midi(plugin_id).items() if follows.source == "cv")
        own = self._infos[symbol].name
        return next((other for other in following if other != symbol and self._infos[other].name == own), None)

    def conform(self, symbol: str, value: float) -> float:
        """Return what the parameter makes of a value."""
        return conform(self._infos[symbol], value, self._rate_hz)

    def within(self, symbol: str, value: float) -> bool:
        """Return whether a value is in the parameter's range. Carla checks one end only if the other is below it."""
        low, high = limits(self._infos[symbol], self._rate_hz)
        return low <= value <= high

    def values(self, plugin_id: int) -> dict[str, float]:
        """Read every parameter."""
        return dict(zip(self.index, self._engine.values(plugin_id, self.index.values()), strict=True))

    def active(self, plugin_id: int, values: dict[str, float]) -> bool:
        """Return whether it works: neither bypassed by the host nor by its own ``lv2:enabled``."""
        enabled = self.kind.enabled
        own = enabled is None or enabled.symbol not in values or values[enabled.symbol] > 0
        return own and self._engine.internal(plugin_id, ACTIVE) > 0

    def follows(self, plugin_id: int, symbol: str) -> MidiMap | None:
        """Return what a parameter follows, None if nothing."""
        return _follows(self._engine.control(plugin_id, self.index[symbol]))

    def observed(self, plugin_id: int, options: dict[str, bool] | None = None) -> Plugin:
        """Read all there is; ``options`` if they were read already."""
        values = self.values(plugin_id)
        return Plugin(
            self.name,
            self.kind.uri,
            self.active(plugin_id, values),
            self.program,
            values,
            dict(zip(MIX, self._engine.values(plugin_id, _MIX_INDICES), strict=True)),
            self._midi(plugin_id),
            self._engine.options(plugin_id) if options is None else options,
            self.custom_data(plugin_id),
            self.state,
            self.bridged and not self.kind.uri.startswith("jack:"),
            self.fresh_options,
        )

    def _midi(self, plugin_id: int) -> dict[str, MidiMap]:
        """Return what its parameters follow; read anew where Carla told of a change, and every few seconds."""
        number, look_at, found = self._mapped
        now = time.monotonic()
        if number != self._engine.mappings or now > look_at:
            number = self._engine.mappings
            controls = self._engine.following(plugin_id, self.index.values())
            pairs = ((self._symbols[control.index], _follows(control)) for control in controls)
            found = {symbol: follows for symbol, follows in pairs if follows is not None}
            self._mapped = number, now + MAPPING_SECONDS, found
            follow_cv = [symbol for symbol, follows in found.items() if follows.source == "cv"]
            self._added = portnames.added_names(self.kind, self.port_names, follow_cv, bridged=self.bridged)
        return found

    def await_values(self, plugin_id: int, wanted: Mapping[str, float]) -> dict[str, float]:
        """Read every parameter; a bridge gets the time to tell of values that a program or state brought (30 ms)."""
        end = time.monotonic() + ANSWER_SECONDS
        while True:
            kept = self.values(plugin_id)
            there = all(kept[symbol] == value for symbol, value in wanted.items())
            if there or not self.bridged or time.monotonic() > end or not all(map(lives, self.processes)):
                return kept
            self._engine.idle()
            time.sleep(_LOOK_SECONDS)

    def death(self, plugin_id: int) -> str | None:
        """Return how a bridged plugin ended, None while it lives."""
        if not all(map(lives, self.processes)):
            return "its process crashed or was killed"
        if self.bridged and self.asked_active and self._engine.internal(plugin_id, ACTIVE) <= 0:
            return "its process did not answer any more, and was killed"
        return None

    def custom_data(self, plugin_id: int) -> dict[str, CustomData]:
        """Read all named values, without chunks; what an LV2 plugin keeps itself, once it was given any by us."""
        if self.keeps and not self.bridged:
            self._engine.ask_for_custom_data(plugin_id)
        found = self._engine.custom_data(plugin_id)
        return {key: CustomData(type_, value) for type_, key, value in found if type_ != CHUNK}

    def _default(self, symbol: str) -> float:
        return self.conform(symbol, self._infos[symbol].default)

    def _mend_defaults(self, plugin_id: int, driven: frozenset[str]) -> None:
        """Put a parameter to its default where Carla starts it elsewhere, as far as Carla's own range allows."""
        for symbol, index in self.index.items():
            if symbol not in driven:
                default = self._default(symbol)
                if self._engine.value(plugin_id, index) != default:
                    self._engine.set_value(plugin_id, index, default)


def _indices(kind: PluginType, controls: list[Control]) -> tuple[dict[str, int], frozenset[str]]:
    """Return Carla's index of every parameter by symbol, and the symbols of those that Carla drives itself.

    For LV2 the catalogue has the plugin's port numbers, for everything else Carla's own indices.
    """
    is_lv2 = kind.uri.startswith("lv2:")
    by_number = {control.port if is_lv2 else control.index: control for control in controls}
    found = {info.symbol: by_number[info.index] for info in kind.parameters if info.index in by_number}
    driven = frozenset(symbol for symbol, control in found.items() if not control.hints & _ENABLED_HINT)
    return {symbol: control.index for symbol, control in found.items()}, driven


def _follows(control: Control) -> MidiMap | None:
    match control.follows:
        case follows if follows in {NOT_FOLLOWING, LEARNING}:
            return None
        case follows if follows == CV:
            source, number = "cv", None
        case follows if follows == PITCH_BEND:
            source, number = "pitch-bend", None
        case follows:
            source, number = "cc", follows
    return MidiMap(source, control.low, control.high, number, control.channel)


def control_index(follows: MidiMap) -> int | None:
    """Return Carla's number for a source, None if it has none."""
    match follows.source:
        case "cv":
            return CV
        case "pitch-bend":
            return PITCH_BEND
        case "cc" if follows.number is not None and 0 <= follows.number < 120:
            return follows.number
        case _:
            return None
