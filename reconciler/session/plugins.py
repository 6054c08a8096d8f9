"""One plugin of the manifest, compiled: its words against what the catalogue knows of it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.manifest.files import shown
from reconciler.manifest.keeping import CustomDataSpec
from reconciler.manifest.load import Source
from reconciler.manifest.mixing import MidiSpec
from reconciler.manifest.models import PluginSpec
from reconciler.manifest.names import matches
from reconciler.model import states
from reconciler.model.catalogue import REFERENCE_RATE, PluginType
from reconciler.model.custom import FILES, TYPES
from reconciler.model.errors import StudioError, Where
from reconciler.model.mix import MIX
from reconciler.model.options import OPTIONS
from reconciler.model.resources import CustomData, MidiMap, Plugin
from reconciler.model.values import FLOAT32_MAX, float32
from reconciler.session import parameters


class PluginCompiler:
    """Compiles one plugin; every mistake goes to :attr:`errors`, every place to :attr:`origins`.

    Attributes
    ----------
    rest
        The value that each parameter has when nobody declares it: the program's, else the state's, else the default.
        A parameter whose value lies in the state's chunk is not in it.
    ignored
        What is somebody else's: ``active``, ``program``, ``state``, ``params.SYMBOL``, ``mix.KEY``, ``midi.SYMBOL``,
        ``options.KEY``, ``custom_data.KEY``.
    state
        The absolute path of its state file, None without one.
    """

    def __init__(self, source: Source, name: str, spec: PluginSpec, kind: PluginType) -> None:
        self.source = source
        self.name = name
        self.spec = spec
        self.kind = kind
        self.errors: list[StudioError] = []
        self.origins: dict[str, Where] = {}
        self.rest = {info.symbol: info.default for info in kind.parameters}
        self.ignored: tuple[str, ...] = ()
        self.narrowed: list[str] = []
        self.state: str | None = None

    def plugin(self) -> Plugin:
        """Return the plugin as the session wants it."""
        params, mix, midi = self._params(), self._mix(), self._midi()
        options, custom_data = self._options(), self._custom_data()
        declared: dict[str, Mapping[str, object]] = {"params": params, "mix": mix, "midi": midi}
        self._ignore({**declared, "options": options, "custom_data": custom_data})
        if self.spec.bridge:
            self.origins[f"plugins.{self.name}.bridge"] = self._where("bridge")
        state = self._state()
        program = self._program()
        return Plugin(
            self.name,
            self.kind.uri,
            self._active(params),
            program,
            params,
            mix,
            midi,
            options,
            custom_data,
            state,
            self.spec.bridge,
        )

    def _params(self) -> dict[str, float]:
        values: dict[str, float] = {}
        for key, raw in self.spec.params.items():
            where = self._where("params", key)
            try:
                info, value = parameters.resolve(self.kind, key, raw, where)
            except StudioError as error:
                self.errors.append(error)
                continue
            self._once(values, key, info.symbol, where)
            values[info.symbol] = value
            self.origins[f"plugins.{self.name}.params.{info.symbol}"] = where
        return values

    def _mix(self) -> dict[str, float]:
        spec = self.spec.mix
        written: list[tuple[str, str, object]] = [
            (key, key, getattr(spec, key)) for key in ("dry_wet", "volume", "pan") if getattr(spec, key) is not None
        ]
        if spec.balance is not None:
            written += [("balance_left", "balance", spec.balance[0]), ("balance_right", "balance", spec.balance[1])]
        if spec.control_channel is not None:
            channel = spec.control_channel - 1 if isinstance(spec.control_channel, int) else -1
            written.append(("control_channel", "control_channel", channel))
        values: dict[str, float] = {}
        for key, word, raw in written:
            where = self._where("mix", word)
            try:
                values[key] = parameters.read(MIX[key], raw, where)
                self.origins[f"plugins.{self.name}.mix.{key}"] = where
            except StudioError as error:
                self.errors.append(error)
        return values

    def _midi(self) -> dict[str, MidiMap]:
        maps: dict[str, MidiMap] = {}
        for key, spec in self.spec.midi.items():
            where = self._where("midi", key)
            try:
                symbol, follows = self._follows(key, spec, where)
            except StudioError as error:
                self.errors.append(error)
                continue
            self._once(maps, key, symbol, where)
            maps[symbol] = follows
            self.origins[f"plugins.{self.name}.midi.{symbol}"] = where
        return maps

    def _follows(self, key: str, spec: MidiSpec, where: Where) -> tuple[str, MidiMap]:
        info = parameters.find(self.kind, key, where)
        low = -FLOAT32_MAX if info.minimum is None else info.minimum
        high = FLOAT32_MAX if info.maximum is None else info.maximum
        if spec.range is not None:
            whole, where = (low, high), self._where("midi", key, "range")
            if spec.cv:
                low, high = _volts(spec.range, where)
            else:
                low, high = (parameters.read(info, edge, where) for edge in spec.range)
            if (low, high) != whole:
                self.narrowed.append(info.symbol)
        return info.symbol, MidiMap(spec.source, low, high, spec.cc, spec.channel - 1)

    def _options(self) -> dict[str, bool]:
        written = self.spec.options
        found: dict[str, bool] = {}
        for key in OPTIONS:
            value: bool | None = getattr(written, key)
            if value is not None:
                found[key] = value
                self.origins[f"plugins.{self.name}.options.{key}"] = self._where("options", key)
        return found

    def _custom_data(self) -> dict[str, CustomData]:
        found: dict[str, CustomData] = {}
        for key, spec in self.spec.custom_data.items():
            where = self._where("custom_data", key)
            try:
                found[key] = CustomData(TYPES.get(spec.type, spec.type), self._custom_value(spec, where))
                self.origins[f"plugins.{self.name}.custom_data.{key}"] = where
            except StudioError as error:
                self.errors.append(error)
        return found

    def _custom_value(self, spec: CustomDataSpec, where: Where) -> str:
        """Return the value; that of a file is its absolute path, and it must be there."""
        if TYPES.get(spec.type, spec.type) not in FILES:
            return spec.value
        path = self._beside(spec.value)
        if not path.is_file():
            hint = f"a path starts at the folder of {self.source.path.name}"
            raise StudioError("no-such-file", f"there is no file {shown(path)}", where=where, hint=hint)
        return str(path)

    def _state(self) -> str | None:
        """Read the state file, and return its digest; its values are where the parameters rest."""
        if self.spec.state is None:
            return None
        where = self._where("state")
        path = self._beside(self.spec.state)
        try:
            state, digest = states.read(path)
            other = states.stranger(state, self.kind)
            if other is not None:
                raise states.bad_state(f"{path.name} is the state of another plugin ({other}), not of {self.kind.uri}")
        except StudioError as error:
            error.where = where
            self.errors.append(error)
            return None
        self.rest.update(states.values(state, self.kind, REFERENCE_RATE))
        if state.chunk is not None:
            held = states.values(state, self.kind, REFERENCE_RATE)
            self.rest = {symbol: value for symbol, value in self.rest.items() if symbol in held}
        self.state = str(path)
        self.origins[f"plugins.{self.name}.state"] = where
        return digest

    def _beside(self, written: str) -> Path:
        """Return the absolute path of a file that is written in the manifest."""
        return (self.source.path.absolute().parent / Path(written).expanduser()).absolute()

    def _program(self) -> str | None:
        if self.spec.program is None:
            return None
        where = self._where("program")
        try:
            preset = parameters.resolve_program(self.kind, self.spec.program, where)
        except StudioError as error:
            self.errors.append(error)
            return None
        self.rest.update(preset.values)
        self.origins[f"plugins.{self.name}.program"] = where
        return preset.uri

    def _ignore(self, declared: Mapping[str, Mapping[str, object]]) -> None:
        """Note what is somebody else's; patterns become symbols, so that names and ``*`` mean what they say."""
        found: list[str] = []
        for place, entry in enumerate(self.spec.ignore):
            word, _, key = entry.partition(".")
            where = self._where("ignore", place)
            try:
                matched = self._ignored(entry, word, key, where)
            except StudioError as error:
                self.errors.append(error)
                continue
            for one in matched:
                if one.partition(".")[2] in declared.get(word, {}):
                    self._contradiction(f"{one} is both set and ignored", where)
            found += matched
        self.ignored = tuple(dict.fromkeys(found))

    def _ignored(self, entry: str, word: str, key: str, where: Where) -> list[str]:
        """Return the addresses within the plugin that one entry of ``ignore`` means."""
        if not key:
            return [entry]
        if word == "custom_data" and "*" in key:
            return [entry]  # what keys there are, only the plugin knows
        known = {"mix": tuple(MIX), "options": tuple(OPTIONS), "custom_data": (key,)}.get(word)
        if "*" in key:
            choices = known or [info.symbol for info in self.kind.parameters]
            return [f"{word}.{symbol}" for symbol in choices if matches(symbol, [key])]
        if word == "mix" and key == "balance":
            return ["mix.balance_left", "mix.balance_right"]
        return [entry] if known else [f"{word}.{parameters.find(self.kind, key, where).symbol}"]

    def _active(self, values: dict[str, float]) -> bool:
        """``active`` and the plugin's own lv2:enabled port are one switch on hosts that bypass through it."""
        spec, enabled = self.spec, self.kind.enabled
        if enabled is None or enabled.symbol not in values:
            return spec.active
        switched_on = values[enabled.symbol] > 0
        if "active" in spec.model_fields_set and spec.active != switched_on:
            said = str(spec.active).lower()
            message = f"active: {said} contradicts params.{enabled.symbol}, the plugin's own switch"
            self._contradiction(message, self.source.where("plugins", self.name, key=True))
        return switched_on

    def _once(self, known: dict[str, float] | dict[str, MidiMap], key: str, symbol: str, where: Where) -> None:
        if symbol in known:
            message = f'"{key}" is the parameter {symbol}, declared before'
            self.errors.append(StudioError("declared-twice", message, where=where, hint="keep one of the two"))

    def _contradiction(self, message: str, where: Where) -> None:
        self.errors.append(StudioError("contradiction", message, where=where, hint="keep one of the two"))

    def _where(self, *keys: str | int) -> Where:
        return self.source.where("plugins", self.name, *keys)


def _volts(edges: Sequence[object], where: Where) -> tuple[float, float]:
    """Return the voltages that move a parameter over its whole range; any two, as long as they differ."""
    if all(isinstance(edge, int | float) and not isinstance(edge, bool) for edge in edges):
        low, high = (float32(float(str(edge))) for edge in edges)
        if low != high and math.isfinite(low) and math.isfinite(high):
            return low, high
    message = "the range of `cv` is two different voltages, in plain numbers"
    hint = "such as `[0, 1]`, or leave it out: the voltage is then the parameter's value"
    raise StudioError("bad-midi", message, where=where, hint=hint)
