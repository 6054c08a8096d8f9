"""What a Carla that somebody else runs can do for studio: what there is an OSC message for."""

import msgspec

from reconciler.engines.carla.capabilities import CAPABILITIES as WHOLE
from reconciler.engines.carla.capabilities import IN_PATCHBAY as WHOLE_IN_PATCHBAY
from reconciler.model.resources import Capabilities
from reconciler.model.terminals import PATCHBAY

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

IN_PATCHBAY = msgspec.structs.replace(
    CAPABILITIES,
    most_plugins=WHOLE_IN_PATCHBAY.most_plugins,
    midi_ports=WHOLE_IN_PATCHBAY.midi_ports,
    name_bytes=WHOLE_IN_PATCHBAY.name_bytes,
    rename_interrupts=WHOLE_IN_PATCHBAY.rename_interrupts,
)
"""With all plugins in one client."""


def capabilities(mode: str) -> Capabilities:
    """Return what an attached Carla can do in the mode that it runs in."""
    return IN_PATCHBAY if mode == PATCHBAY else CAPABILITIES
