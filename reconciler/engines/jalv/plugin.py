"""A plugin in its jalv process: its controls by symbol, exact to the float32, and its preset."""

import time
from collections.abc import Mapping

from reconciler.engines import refusals
from reconciler.engines.jalv import speech
from reconciler.engines.jalv.process import JalvProcess, Limits
from reconciler.model.catalogue import REFERENCE_RATE, ParameterInfo
from reconciler.model.conform import conform
from reconciler.model.resources import Plugin
from reconciler.model.values import float32

CONTROLS = b"controls\n"
_LOOK_SECONDS = 0.002


class JalvPlugin:
    """One plugin by its name in the session.

    Parameters
    ----------
    name
        In the words of the manifest; the JACK client's name may have a prefix before it.
    process
        Just started, at its first prompt.
    rate_hz
        The server's sample rate, if jalv told it.
    limits
        How long it may take for anything.
    """

    def __init__(self, name: str, process: JalvProcess, rate_hz: float | None, limits: Limits) -> None:
        self.name = name
        self.process = process
        self.program: str | None = None
        self._limits = limits
        self._infos = {info.symbol: info for info in process.type.parameters}
        self._rate_hz = rate_hz or REFERENCE_RATE
        self._held = {symbol: self._default(info) for symbol, info in self._infos.items()}
        # Controls with the property notOnGUI are not listed (jalv's source); for those the echo of a set must do.
        reply = process.ask(CONTROLS)
        self._listed = frozenset(reply) & self._infos.keys()
        self.read(reply)
        self._mend_defaults()

    @property
    def listed(self) -> frozenset[str]:
        """The symbols that every full reading has."""
        return self._listed

    @property
    def active(self) -> bool:
        """Whether the control designated ``lv2:enabled`` is on; without one a plugin always is."""
        enabled = self.process.type.enabled
        return enabled is None or self._held[enabled.symbol] > 0

    def info(self, symbol: str) -> ParameterInfo | None:
        """Return the parameter of that symbol."""
        return self._infos.get(symbol)

    def read(self, reply: Mapping[str, str]) -> None:
        """Take over what jalv says its controls are."""
        for symbol in self._listed & reply.keys():
            self._held[symbol] = speech.number(reply[symbol], self._held[symbol])

    def observed(self) -> Plugin:
        """Return it as last read."""
        return Plugin(self.name, self.process.type.uri, self.active, self.program, dict(self._held))

    def set(self, symbol: str, value: float) -> float:
        """Set one control and return what it holds afterwards. Raises :class:`JalvDied`."""
        asked = conform(self._infos[symbol], value, self._rate_hz)
        echo = self.process.ask(speech.setting(symbol, asked))
        if symbol in self._listed:
            self._settle({symbol: asked})
        elif symbol in echo and speech.agrees(echo[symbol], asked):
            self._held[symbol] = asked
        return self._held[symbol]

    def load_preset(self, uri: str) -> None:
        """Load a preset, and leave the plugin as active as it was. Raises :class:`JalvDied`, ``EngineError``."""
        preset = refusals.preset(self.name, uri, self.process.type)
        command = speech.presetting(uri)
        if command is None:
            raise refusals.unsupported(
                self.name, f"Loading the preset {uri}", "jalv reads only letters, digits and _:/-.# in a preset's URI."
            )
        enabled = self.process.type.enabled
        was = self._held[enabled.symbol] if enabled else None
        wanted = {symbol: float32(value) for symbol, value in preset.values.items() if symbol in self._infos}
        # jalv 1.6 reads presets' files when it lists them; one that it never listed it does not find, and says nothing.
        self.process.ask(b"presets\n")
        self.process.ask(command)
        different = self._settle(wanted)
        if different is not None:
            kept = self._held[different]
            asked = f"{wanted[different]:g} for {different}, as {preset.label} has it"
            raise refusals.not_kept(self.name, f"plugins.{self.name}.program", asked, f"{kept:g}")
        self.program = uri
        if enabled is not None and was is not None and enabled.symbol in wanted:
            self.set(enabled.symbol, was)

    def reset(self) -> None:
        """Put every control but ``lv2:enabled`` to its default. Raises :class:`JalvDied`, ``EngineError``."""
        enabled = self.process.type.enabled
        for symbol, info in self._infos.items():
            default = self._default(info)
            if self._held[symbol] == default or info is enabled:
                continue
            kept = self.set(symbol, default)
            if kept != default:
                raise refusals.not_kept(self.name, f"plugins.{self.name}.params.{symbol}", f"{default:g}", f"{kept:g}")
        self.program = None

    def _settle(self, wanted: Mapping[str, float]) -> str | None:
        """Read until these values show; return the first that did not in time.

        jalv hands a preset's values to its audio thread where the plugin says that it is safe, and 1.10 every value,
        so the first reading may still be the old one.
        """
        end = time.monotonic() + self._limits.settle
        while True:
            reply = self.process.ask(CONTROLS, self._listed)
            different = [
                symbol
                for symbol, value in wanted.items()
                if symbol in self._listed and not speech.agrees(reply[symbol], value)
            ]
            if not different or time.monotonic() > end:
                for symbol, value in wanted.items():
                    if symbol not in different:
                        self._held[symbol] = value
                self.read(reply)
                return different[0] if different else None
            time.sleep(_LOOK_SECONDS)

    def _mend_defaults(self) -> None:
        """Put right what jalv starts with wrongly.

        It starts at 0 where the plugin states no default, even outside the range, at a stated default outside the
        range, and at 0.34 Hz where the default is 0.34 times the sample rate. The catalogue knows better.
        """
        for symbol in self._listed:
            default = self._default(self._infos[symbol])
            if self._held[symbol] != default:
                self.set(symbol, default)

    def _default(self, info: ParameterInfo) -> float:
        return conform(info, info.default, self._rate_hz)
