"""What a plugin is before it runs: its parameters, ports and presets, as the catalogue knows them."""

import enum
from typing import Protocol

import msgspec

REFERENCE_RATE = 48000.0
"""The sample rate, in Hz, that bounds are given for where they follow it."""


class Kind(enum.StrEnum):
    """What travels through a port."""

    AUDIO = "audio"
    MIDI = "midi"
    CV = "cv"


class Direction(enum.StrEnum):
    """Which way: ``in`` takes signal, ``out`` gives it."""

    IN = "in"
    OUT = "out"


class Unit(enum.StrEnum):
    """Units of the LV2 units extension that a value can be converted between; all others are shown, not converted."""

    DB = "dB"
    GAIN = "gain"
    """Linear amplitude factor, 1.0 is unity (LV2 ``units:coef``, and the ``G`` of LSP)."""
    HZ = "Hz"
    KHZ = "kHz"
    MS = "ms"
    S = "s"
    MIN = "min"
    PERCENT = "%"
    SEMITONE = "st"
    CENT = "ct"
    OCTAVE = "oct"
    BPM = "bpm"
    MIDI_NOTE = "note"
    DEGREE = "deg"
    OTHER = "other"


class ScalePoint(msgspec.Struct, frozen=True, array_like=True):
    """A named value of a parameter."""

    label: str
    value: float


class ParameterInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """One control input of a plugin. ``minimum`` or ``maximum`` is None where the plugin states none."""

    symbol: str
    name: str
    index: int
    """Port index in LV2 terms."""
    default: float
    minimum: float | None = None
    maximum: float | None = None
    unit: Unit | None = None
    unit_symbol: str | None = None
    """How the plugin itself writes the unit; for showing."""
    toggled: bool = False
    integer: bool = False
    enumeration: bool = False
    """Only the scale points are values."""
    logarithmic: bool = False
    scale_points: tuple[ScalePoint, ...] = ()
    designation: str | None = None
    """LV2 designation URI, such as ``http://lv2plug.in/ns/lv2core#enabled``."""
    per_sample_rate: bool = False
    """Bounds follow the sample rate (``lv2:sampleRate``); they and the default are given for REFERENCE_RATE."""


class PortInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """One audio, MIDI or CV port of a plugin."""

    symbol: str
    name: str
    index: int
    kind: Kind
    direction: Direction
    sidechain: bool = False
    """Takes the key signal, never part of the main ports."""
    optional: bool = False
    """LV2 ``connectionOptional``."""
    group: str | None = None
    designation: str | None = None


class PresetInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A preset (LV2) or program, with the control values it sets."""

    uri: str
    label: str
    values: dict[str, float] = {}


class PluginType(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the catalogue knows of one plugin. ``uri`` carries its scheme: ``lv2:http://…``."""

    uri: str
    name: str
    author: str | None = None
    category: str | None = None
    """LV2 class, such as ``Compressor``."""
    bundle: str | None = None
    parameters: tuple[ParameterInfo, ...] = ()
    outputs: tuple[ParameterInfo, ...] = ()
    """Control outputs: meters, gain reduction, latency."""
    ports: tuple[PortInfo, ...] = ()
    presets: tuple[PresetInfo, ...] = ()
    required_features: tuple[str, ...] = ()

    def parameter(self, symbol: str) -> ParameterInfo | None:
        """Return the parameter of that symbol, or None."""
        return next((info for info in self.parameters if info.symbol == symbol), None)

    @property
    def enabled(self) -> ParameterInfo | None:
        """The parameter designated ``lv2:enabled`` (the plugin's own click-free bypass), or None."""
        return next((info for info in self.parameters if info.designation == ENABLED), None)


ENABLED = "http://lv2plug.in/ns/lv2core#enabled"


class Catalogue(Protocol):
    """Looks plugins up; the only thing a session's compiler may ask about the machine."""

    @property
    def formats(self) -> frozenset[str]:
        """Schemes of the URIs that it looks up, such as ``lv2``; of all others it knows nothing."""

    def describe(self, uri: str) -> PluginType | None:
        """Return the plugin that a manifest means by this, or None if it is not installed; its ``uri`` is the one form.

        Raises
        ------
        StudioError
            ``bad-plugin``, ``plugin-ambiguous``, ``plugin-broken``: it cannot mean one plugin that works.
        """

    def uris(self) -> list[str]:
        """Return every installed plugin's URI, sorted."""

    def package(self, uri: str) -> str | None:
        """Return the distribution's package that is known to hold an uninstalled plugin, else None."""
