"""What a Carla that somebody else runs can do for studio: what there is an OSC message for."""

import msgspec

from reconciler.engines.carla.capabilities import CAPABILITIES as WHOLE

CAPABILITIES = msgspec.structs.replace(
    WHOLE,
    formats=WHOLE.formats - {"jack"},
    mix=WHOLE.mix - {"control_channel"},
    midi_ranges=False,
    options=False,
    custom_data=frozenset(),
    state=False,
    bridges=frozenset(),
    replace=False,
    remove_all=False,
    rename_interrupts=True,
    live_period=False,
    settings=frozenset(),
    live_settings=frozenset(),
)
"""Without what OSC has no message for (``CarlaEngineOscHandlers.cpp``): the control channel, options, custom data,
state files, bridges, and JACK programs, which are told by options how to run; the range of a mapping has one, and Carla
up to 2.6 refuses it for a wrong count of its arguments. And without what would take the engine
from under its user.
"""
