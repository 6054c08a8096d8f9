"""A dozen small plugins that exist nowhere but here, as varied as real ones are."""

from reconciler.model import applications
from reconciler.model.catalogue import (
    ENABLED,
    Catalogue,
    Direction,
    Kind,
    ParameterInfo,
    PluginType,
    PortInfo,
    PresetInfo,
    ScalePoint,
    Unit,
)
from reconciler.model.values import float32

PREFIX = "lv2:urn:studio:memory:"
"""Beginning of every URI here."""


class MemoryCatalogue:
    """The plugins of :data:`PLUGINS`, and those of another catalogue if one is given.

    With the real catalogue inside, a real manifest is planned and applied in memory without starting any of it.

    Parameters
    ----------
    inner
        Asked for what is not one of ours.
    """

    def __init__(self, inner: Catalogue | None = None) -> None:
        self._inner = inner

    @property
    def formats(self) -> frozenset[str]:
        """``lv2``, ``jack``, and those of the inner catalogue."""
        return frozenset({"lv2", "jack"}) | (self._inner.formats if self._inner is not None else frozenset())

    def describe(self, uri: str) -> PluginType | None:
        """Return the plugin with that URI, or None."""
        program = applications.parse(uri) if uri.startswith("jack:") else None
        ours = PLUGINS.get(uri) if program is None else applications.describe(program)
        if ours is None and self._inner is not None:
            return self._inner.describe(uri)
        return ours

    def uris(self) -> list[str]:
        """Return every URI, sorted."""
        theirs = self._inner.uris() if self._inner is not None else []
        return sorted({*PLUGINS, *theirs})

    def package(self, uri: str) -> str | None:
        """Return the package that holds an uninstalled plugin of the inner catalogue; ours need none."""
        return self._inner.package(uri) if self._inner is not None else None


def _audio(symbol: str, index: int, direction: Direction, *, sidechain: bool = False) -> PortInfo:
    name = symbol.replace("_", " ").title()
    return PortInfo(symbol, name, index, Kind.AUDIO, direction, sidechain=sidechain)


MONO = (_audio("in", 0, Direction.IN), _audio("out", 1, Direction.OUT))
STEREO = (
    _audio("in_l", 0, Direction.IN),
    _audio("in_r", 1, Direction.IN),
    _audio("out_l", 2, Direction.OUT),
    _audio("out_r", 3, Direction.OUT),
)
WIDENING = (_audio("in", 0, Direction.IN), _audio("out_l", 1, Direction.OUT), _audio("out_r", 2, Direction.OUT))


def _parameter(  # noqa: PLR0917 - a table reads better without a keyword on every number
    symbol: str,
    index: int,
    default: float,
    low: float | None,
    high: float | None,
    unit: Unit | None = None,
    *,
    labels: tuple[str, ...] = (),
    integer: bool = False,
    logarithmic: bool = False,
) -> ParameterInfo:
    """Build a parameter; with labels it is an enumeration whose values count up from ``low``."""
    first = low or 0.0
    return ParameterInfo(
        symbol,
        symbol.replace("_", " ").capitalize(),
        index,
        float32(default),
        None if low is None else float32(low),
        None if high is None else float32(high),
        unit=unit,
        unit_symbol=unit.value if unit else None,
        integer=integer or bool(labels),
        enumeration=bool(labels),
        logarithmic=logarithmic,
        scale_points=tuple(ScalePoint(label, first + step) for step, label in enumerate(labels)),
    )


def _toggle(symbol: str, index: int, *, on: bool = False, designation: str | None = None) -> ParameterInfo:
    name = symbol.replace("_", " ").capitalize()
    return ParameterInfo(symbol, name, index, float(on), 0.0, 1.0, toggled=True, integer=True, designation=designation)


def _preset(plugin: str, label: str, **values: float) -> PresetInfo:
    return PresetInfo(
        f"urn:studio:memory:{plugin}#{label.lower()}",
        label,
        {symbol: float32(value) for symbol, value in values.items()},
    )


def _plugin(
    name: str,
    category: str,
    ports: tuple[PortInfo, ...],
    parameters: tuple[ParameterInfo, ...],
    *,
    presets: tuple[PresetInfo, ...] = (),
    outputs: tuple[ParameterInfo, ...] = (),
    required: tuple[str, ...] = (),
) -> PluginType:
    return PluginType(
        PREFIX + name,
        name.replace("-", " ").title(),
        author="studio",
        category=category,
        parameters=parameters,
        outputs=outputs,
        ports=ports,
        presets=presets,
        required_features=required,
    )


_MIDI_IN = PortInfo("midi_in", "MIDI In", 0, Kind.MIDI, Direction.IN)
_REDUCTION = (_parameter("reduction", 20, 0, -60, 0, Unit.DB),)

_ALL = (
    _plugin("gain", "Amplifier", MONO, (_parameter("gain", 2, 1, 0, 4, Unit.GAIN),)),
    _plugin(
        "stereo-gain",
        "Amplifier",
        STEREO,
        (
            _parameter("gain", 4, 0, -60, 24, Unit.DB),
            _parameter("balance", 5, 0, -1, 1),
            _toggle("mute", 6),
            _toggle("swap", 7),
        ),
    ),
    _plugin(
        "gate",
        "Gate",
        MONO,
        (
            _toggle("enabled", 2, on=True, designation=ENABLED),
            _parameter("threshold", 3, 0.01, 0.000001, 1, Unit.GAIN, logarithmic=True),
            _parameter("attack", 4, 5, 0.1, 500, Unit.MS, logarithmic=True),
            _parameter("release", 5, 80, 1, 5000, Unit.MS, logarithmic=True),
        ),
        outputs=_REDUCTION,
    ),
    _plugin(
        "compressor",
        "Compressor",
        (*STEREO, _audio("sc_in", 4, Direction.IN, sidechain=True)),
        (
            _parameter("threshold", 5, -18, -60, 0, Unit.DB),
            _parameter("ratio", 6, 4, 1, 20),
            _parameter("attack", 7, 10, 0.1, 200, Unit.MS, logarithmic=True),
            _parameter("makeup", 8, 1, 0, 10, Unit.GAIN),
            _parameter("detection", 9, 0, 0, 2, labels=("Peak", "RMS", "Average")),
            _parameter("key", 10, 0, 0, 1, labels=("Internal", "External")),
        ),
        outputs=_REDUCTION,
    ),
    _plugin(
        "equalizer",
        "Equaliser",
        STEREO,
        (
            _toggle("enabled", 4, on=True, designation=ENABLED),
            _toggle("low_cut", 5),
            _parameter("low_cut_freq", 6, 80, 20, 500, Unit.HZ, logarithmic=True),
            _parameter("freq", 7, 1000, 20, 20000, Unit.HZ, logarithmic=True),
            _parameter("gain", 8, 0, -18, 18, Unit.DB),
            _parameter("q", 9, 0.7, 0.1, 10, logarithmic=True),
        ),
        presets=(
            _preset("equalizer", "Flat", low_cut=0, freq=1000, gain=0, q=0.7),
            _preset("equalizer", "Warm", low_cut=1, low_cut_freq=60, freq=220.5, gain=3.3, q=0.9),
            # A preset that names the bypass, as some real ones do: loading it must not switch the plugin on or off.
            _preset("equalizer", "Telephone", enabled=0, low_cut=1, low_cut_freq=400, freq=1800, gain=12, q=1.4),
        ),
    ),
    _plugin(
        "limiter",
        "Limiter",
        STEREO,
        (
            _parameter("ceiling", 4, -1, -24, 0, Unit.DB),
            _parameter("release", 5, 0.1, 0.001, 1, Unit.S),
            _parameter("lookahead", 6, 64, 0, 512, integer=True),
        ),
        outputs=(_parameter("latency", 7, 64, 0, 512, integer=True),),
    ),
    _plugin(
        "delay",
        "Delay",
        STEREO,
        (
            _parameter("time", 4, 0.35, 0.001, 2, Unit.S),
            _parameter("feedback", 5, 30, 0, 95, Unit.PERCENT),
            _parameter("mix", 6, 0.25, 0, 1),
            _toggle("sync", 7),
            _parameter("division", 8, 4, 1, 16, integer=True),
        ),
        presets=(_preset("delay", "Slap", time=0.09, feedback=5, mix=0.4),),
    ),
    _plugin(
        "reverb",
        "Reverb",
        WIDENING,
        (
            _parameter("size", 3, 0.5, 0, 1),
            _parameter("decay", 4, 1.8, 0.1, 20, Unit.S, logarithmic=True),
            _parameter("pre_delay", 5, 20, 0, 250, Unit.MS),
            _parameter("mix", 6, 0.3, 0, 1),
        ),
        presets=(
            _preset("reverb", "Room", size=0.2, decay=0.6, pre_delay=5, mix=0.2),
            _preset("reverb", "Hall", size=0.9, decay=4.2, pre_delay=45, mix=0.35),
        ),
    ),
    _plugin(
        "synth",
        "Instrument",
        (_MIDI_IN, _audio("out_l", 1, Direction.OUT), _audio("out_r", 2, Direction.OUT)),
        (
            _parameter("wave", 3, 0, 0, 3, labels=("Sine", "Triangle", "Saw", "Square")),
            _parameter("voices", 4, 8, 1, 16, integer=True),
            _parameter("tune", 5, 0, -100, 100, Unit.CENT),
            _parameter("cutoff", 6, 8000, 20, 20000, Unit.HZ, logarithmic=True),
            _toggle("legato", 7),
        ),
        presets=(
            _preset("synth", "Lead", wave=2, voices=1, cutoff=12000, legato=1),
            _preset("synth", "Pad", wave=1, voices=16, cutoff=1800, tune=7),
        ),
    ),
    _plugin(
        "transpose",
        "MIDI",
        (_MIDI_IN, PortInfo("midi_out", "MIDI Out", 1, Kind.MIDI, Direction.OUT)),
        (_parameter("interval", 2, 0, -24, 24, Unit.SEMITONE, integer=True),),
    ),
    # One client for all plugins has no room for a second MIDI port, in Carla and here.
    _plugin(
        "split",
        "MIDI",
        (
            _MIDI_IN,
            PortInfo("low", "Low", 1, Kind.MIDI, Direction.OUT),
            PortInfo("high", "High", 2, Kind.MIDI, Direction.OUT),
        ),
        (_parameter("at", 3, 60, 0, 127, Unit.MIDI_NOTE, integer=True),),
    ),
    _plugin(
        "wobble",
        "Modulator",
        (PortInfo("cv_out", "CV Out", 0, Kind.CV, Direction.OUT),),
        (_parameter("rate", 1, 1, 0.01, 50, Unit.HZ, logarithmic=True), _parameter("bpm", 2, 120, 20, 300, Unit.BPM)),
    ),
    # Ranges left open, as some real plugins leave them; and numbers of every size.
    _plugin("trim", "Utility", MONO, (_parameter("offset", 2, 0, None, None), _parameter("floor", 3, 0, 0, None))),
    # Installed, and loads nowhere: the memory engine offers no such feature.
    _plugin("picky", "Utility", MONO, (), required=("urn:studio:memory:unoffered#anything",)),
    _plugin("meter", "Analyser", STEREO, (), outputs=(_parameter("level", 4, -70, -70, 6, Unit.DB),)),
)

PLUGINS: dict[str, PluginType] = {plugin.uri: plugin for plugin in _ALL}
"""Every plugin here, by URI."""
