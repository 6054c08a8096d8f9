"""What a Carla that somebody else runs can do for studio: what there is an OSC message for."""

from reconciler.engines.carla.capabilities import CAPABILITIES as WHOLE
from reconciler.model.resources import Capabilities

CAPABILITIES = Capabilities(
    formats=WHOLE.formats - {"jack"},
    bypass=True,
    programs=True,
    rename=True,
    mix=WHOLE.mix - {"control_channel"},
    midi=WHOLE.midi,
    midi_ranges=False,
    rename_interrupts=True,
    live_period=False,
    most_plugins=WHOLE.most_plugins,
    name_bytes=WHOLE.name_bytes,
)
"""Without what OSC has no message for (``CarlaEngineOscHandlers.cpp``): the control channel, options, custom data,
state files, bridges, and JACK programs, which are told by options how to run; the range of a mapping has one, and Carla
up to 2.6 refuses it for a wrong count of its arguments. And without what would take the engine from under its user.
"""
