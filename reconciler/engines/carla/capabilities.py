"""What Carla can do as studio drives it."""

from reconciler.engines.carla.formats import Format
from reconciler.model.mix import MIX
from reconciler.model.resources import Capabilities

NAME_BYTES = 57
"""Longest JACK client name that Carla grants a plugin: the server's 63 less room for a number it may append."""

CAPABILITIES = Capabilities(
    formats=frozenset({"lv2", "jack", *Format}),
    bypass=True,
    programs=True,
    rename=True,
    mix=frozenset(MIX),
    midi=frozenset({"cc", "pitch-bend", "cv"}),
    options=True,
    custom_data=frozenset({"lv2", "jack", *Format} - {Format.LADSPA}),
    state=True,
    bridges=frozenset({"lv2", *Format} - {Format.INTERNAL, Format.SF2, Format.SFZ}),
    name_bytes=NAME_BYTES,
)
