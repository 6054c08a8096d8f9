"""The words of LV2: the URIs asked for, its classes and its units.

The labels of classes and units stand in LV2's specification bundles, which distributions ship with the development
files only (Debian: ``lv2-dev``). Without them lilv calls every plugin "Plugin", so they are written down here
(source: ``lv2core.ttl`` and ``units.ttl`` of LV2 1.18).
"""

from reconciler.model.catalogue import Unit

LV2 = "http://lv2plug.in/ns/lv2core#"
UNITS = "http://lv2plug.in/ns/extensions/units#"
PORT_GROUPS = "http://lv2plug.in/ns/ext/port-groups#"
PRESETS = "http://lv2plug.in/ns/ext/presets#"

RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDF_VALUE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"
RDFS_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"

INPUT_PORT = LV2 + "InputPort"
OUTPUT_PORT = LV2 + "OutputPort"
CONTROL_PORT = LV2 + "ControlPort"
AUDIO_PORT = LV2 + "AudioPort"
CV_PORT = LV2 + "CVPort"
ATOM_PORT = "http://lv2plug.in/ns/ext/atom#AtomPort"
EVENT_PORT = "http://lv2plug.in/ns/ext/event#EventPort"
MIDI_EVENT = "http://lv2plug.in/ns/ext/midi#MidiEvent"

APPLIES_TO = LV2 + "appliesTo"
DEFAULT = LV2 + "default"
DESIGNATION = LV2 + "designation"
LATENCY = LV2 + "latency"
MICRO_VERSION = LV2 + "microVersion"
MINOR_VERSION = LV2 + "minorVersion"
PORT = LV2 + "port"
PORT_PROPERTY = LV2 + "portProperty"
SCALE_POINT = LV2 + "scalePoint"
SYMBOL = LV2 + "symbol"

PROPERTY_CONNECTION_OPTIONAL = LV2 + "connectionOptional"
PROPERTY_ENUMERATION = LV2 + "enumeration"
PROPERTY_INTEGER = LV2 + "integer"
PROPERTY_LOGARITHMIC = "http://lv2plug.in/ns/ext/port-props#logarithmic"
PROPERTY_REPORTS_LATENCY = LV2 + "reportsLatency"
PROPERTY_SAMPLE_RATE = LV2 + "sampleRate"
PROPERTY_SIDECHAIN = LV2 + "isSideChain"
PROPERTY_TOGGLED = LV2 + "toggled"

GROUP = PORT_GROUPS + "group"
GROUP_OLD = PORT_GROUPS + "inGroup"
"""What ``pg:group`` was called before 2012; the SWH plugins still say so."""
SIDECHAIN_OF = PORT_GROUPS + "sideChainOf"

PRESET = PRESETS + "Preset"
PRESET_VALUE = PRESETS + "value"

UNIT = UNITS + "unit"
UNIT_SYMBOL = UNITS + "symbol"

UNIT_OF: dict[str, tuple[Unit, str]] = {
    UNITS + "bar": (Unit.OTHER, "bars"),
    UNITS + "beat": (Unit.OTHER, "beats"),
    UNITS + "bpm": (Unit.BPM, "BPM"),
    UNITS + "cent": (Unit.CENT, "ct"),
    UNITS + "cm": (Unit.OTHER, "cm"),
    UNITS + "coef": (Unit.GAIN, ""),
    UNITS + "db": (Unit.DB, "dB"),
    UNITS + "degree": (Unit.DEGREE, "deg"),
    UNITS + "frame": (Unit.OTHER, "frames"),
    UNITS + "hz": (Unit.HZ, "Hz"),
    UNITS + "inch": (Unit.OTHER, "in"),
    UNITS + "khz": (Unit.KHZ, "kHz"),
    UNITS + "km": (Unit.OTHER, "km"),
    UNITS + "m": (Unit.OTHER, "m"),
    UNITS + "mhz": (Unit.OTHER, "MHz"),
    UNITS + "midiNote": (Unit.MIDI_NOTE, "note"),
    UNITS + "mile": (Unit.OTHER, "mi"),
    UNITS + "min": (Unit.MIN, "min"),
    UNITS + "mm": (Unit.OTHER, "mm"),
    UNITS + "ms": (Unit.MS, "ms"),
    UNITS + "oct": (Unit.OCTAVE, "oct"),
    UNITS + "pc": (Unit.PERCENT, "%"),
    UNITS + "s": (Unit.S, "s"),
    UNITS + "semitone12TET": (Unit.SEMITONE, "semi"),
}
"""Unit and the symbol it is written with."""

UNIT_OF_SYMBOL: dict[str, Unit] = {
    "G": Unit.GAIN,  # how LSP writes a linear gain; 8460 of its ports
    **{symbol: unit for unit, symbol in UNIT_OF.values() if symbol and unit is not Unit.OTHER},
}
"""What a plugin's own unit means, by its symbol."""

CLASS_LABELS: dict[str, str] = {
    "Plugin": "",
    "Generator": "Generator",
    "Utility": "Utility",
    "Simulator": "Simulator",
    "Delay": "Delay",
    "Modulator": "Modulator",
    "Filter": "Filter",
    "Spatial": "Spatial",
    "Spectral": "Spectral",
    "Distortion": "Distortion",
    "Dynamics": "Dynamics",
    "MIDI": "MIDI",
    "Instrument": "Instrument",
    "Oscillator": "Oscillator",
    "Constant": "Constant",
    "Converter": "Converter",
    "Analyser": "Analyser",
    "Mixer": "Mixer",
    "Function": "Function",
    "Reverb": "Reverb",
    "Phaser": "Phaser",
    "Flanger": "Flanger",
    "Chorus": "Chorus",
    "Lowpass": "Lowpass Filter",
    "Bandpass": "Bandpass Filter",
    "Bandstop": "Bandstop Filter",
    "Highpass": "Highpass Filter",
    "Comb": "Comb Filter",
    "Allpass": "Allpass Filter",
    "EQ": "EQ",
    "Pitch": "Pitch Shifter",
    "Amplifier": "Amplifier",
    "Envelope": "Envelope",
    "Waveshaper": "Waveshaper",
    "Compressor": "Compressor",
    "Expander": "Expander",
    "Limiter": "Limiter",
    "Gate": "Gate",
    "ParaEQ": "Parametric EQ",
    "MultiEQ": "Multiband EQ",
}
"""Labels by class, without ``Plugin`` at the end; parents stand before their children."""

_DEPTH = {name: depth for depth, name in enumerate(CLASS_LABELS)}


def category(types: list[str]) -> str | None:
    """Return the label of the most special of LV2's own classes among a plugin's types; None if it names none."""
    names = [uri.removeprefix(LV2).removesuffix("Plugin") for uri in types if uri.startswith(LV2)]
    known = [name for name in names if CLASS_LABELS.get(name)]
    return CLASS_LABELS[max(known, key=_DEPTH.__getitem__)] if known else None
