"""Which options a plugin has, and how they stand when nobody sets them, as far as that is known without loading it.

A project has one number with the options that are on; whether another one is off or does not exist is not in it. What
Carla offers and starts with, per format, is read in ``getOptionsAvailable`` and ``init`` of its plugin classes.
"""

from reconciler.model.catalogue import Direction, Kind, PluginType
from reconciler.model.options import OPTIONS
from reconciler.model.stereo import can_widen
from reconciler.session.compile import WIDENED

_NOTES_ONLY = (
    "send_control_changes",
    "send_channel_pressure",
    "send_note_aftertouch",
    "send_pitchbend",
    "send_all_sound_off",
)
_TAKES_PROGRAM_CHANGES = frozenset({"lv2", "vst2", "clap", "internal"})
_EVENTS_ARE_NOTES = frozenset({"lv2", "sf2", "sfz", "internal"})
"""Formats of which it is known whether a plugin takes notes."""
_MAPS_PROGRAMS = frozenset({"dssi", "vst2", "internal"})
_ONLY_SOUND_OFF = frozenset({"internal:midi2cv"})
_FIXED_LENGTH = ("fixedBlockLength", "powerOf2BlockLength", "coarseBlockLength")
"""LV2 features of which Carla makes fixed buffers that nobody can switch off."""


def rest(kind: PluginType, *, bridged: bool = False, force_stereo: bool = False) -> dict[str, bool]:
    """Return how each option stands when nobody sets it, of those that this plugin is known to have.

    Parameters
    ----------
    kind
        The plugin; its ``uri`` is canonical.
    bridged
        It runs in a process of its own.
    force_stereo
        The engine forces all plugins to be stereo, so that none has a choice.
    """
    scheme = kind.uri.partition(":")[0]
    found = _buffers(kind, scheme, bridged=bridged)
    if not force_stereo and scheme in WIDENED and can_widen(kind):
        found["force_stereo"] = False
    if scheme == "vst3":
        found["use_chunks"] = True
    if kind.uri in _ONLY_SOUND_OFF:
        found["send_all_sound_off"] = True
    elif any(port.kind is Kind.MIDI and port.direction is Direction.IN for port in kind.ports) and _hears(kind):
        found.update(dict.fromkeys(_NOTES_ONLY, True))
        if scheme in _TAKES_PROGRAM_CHANGES:
            found["send_program_changes"] = True
        found["skip_sending_notes"] = False
    if scheme == "sf2" or (scheme in _MAPS_PROGRAMS and kind.presets):
        found["map_program_changes"] = "send_program_changes" not in found
    return found


def from_mask(mask: int, kind: PluginType, *, bridged: bool = False, force_stereo: bool = False) -> dict[str, bool]:
    """Return the options of a project that differ from how they stand by themselves."""
    resting = rest(kind, bridged=bridged, force_stereo=force_stereo)
    if kind.uri.partition(":")[0] not in _EVENTS_ARE_NOTES and not any(mask & OPTIONS[key] for key in _NOTES_ONLY):
        # Carla gives any plugin an event port, for parameters to follow MIDI; this one takes no notes.
        resting = {key: on for key, on in resting.items() if key not in (*_NOTES_ONLY, "send_program_changes")}
    return {key: not on for key, on in resting.items() if bool(mask & OPTIONS[key]) != on}


def to_mask(declared: dict[str, bool], kind: PluginType, *, bridged: bool = False, force_stereo: bool = False) -> int:
    """Return the number for a project. Bits of options that the plugin lacks do no harm: Carla looks at its own."""
    resting = rest(kind, bridged=bridged, force_stereo=force_stereo)
    stand = dict.fromkeys(("use_chunks", *_NOTES_ONLY), True)
    if resting.get("map_program_changes") is not True:
        stand["send_program_changes"] = True
    stand |= resting | declared
    return sum(OPTIONS[key] for key, on in stand.items() if on)


def _has_latency(kind: PluginType) -> bool:
    return any(
        info.symbol.strip("_") == "latency" or (info.designation or "").endswith("#latency") for info in kind.outputs
    )


def _buffers(kind: PluginType, scheme: str, *, bridged: bool) -> dict[str, bool]:
    """Fixed buffers: no choice for a plugin with latency or (mostly) MIDI output; off by itself for some in process."""
    if _has_latency(kind):
        return {}
    gives_midi = any(port.kind is Kind.MIDI and port.direction is Direction.OUT for port in kind.ports)
    match scheme:
        case "lv2" if not gives_midi and not any(f.endswith(_FIXED_LENGTH) for f in kind.required_features):
            return {"fixed_buffers": bridged}
        case "ladspa" | "dssi":
            return {"fixed_buffers": bridged}
        case "vst2" if not gives_midi:
            return {"fixed_buffers": True}
        case "vst3":
            return {"fixed_buffers": True}
        case _:
            return {}


def _hears(kind: PluginType) -> bool:
    """Tell whether an event port may be for notes; LADSPA's and some internal plugins' is for parameters alone."""
    if kind.uri.startswith("ladspa:"):
        return False
    if not kind.uri.startswith("internal:"):
        return True
    return kind.uri.partition(":")[2].startswith("midi") and kind.uri not in (
        "internal:midifile",
        "internal:midipattern",
    )
