"""What Carla can do as studio drives it."""

import msgspec

from reconciler.engines.carla.formats import Format
from reconciler.model.mix import MIX
from reconciler.model.resources import Capabilities
from reconciler.model.terminals import MIDI_PORTS, MOST_PLUGINS, PATCHBAY

NAME_BYTES = 57
"""Longest JACK client name that Carla grants a plugin: the server's 63 less room for a number it may append."""

PATCHBAY_NAME_BYTES = 121
"""Longest name that it grants within its patchbay (measured)."""

CAPABILITIES = Capabilities(
    formats=frozenset({"lv2", "jack", *Format}),
    bypass=True,
    programs=True,
    rename=True,
    mix=frozenset(MIX),
    midi=frozenset({"cc", "pitch-bend", "cv"}),
    most_plugins=512,
    options=True,
    custom_data=frozenset({"lv2", "jack", *Format} - {Format.LADSPA}),
    state=True,
    bridges=frozenset({"lv2", *Format} - {Format.INTERNAL, Format.SF2, Format.SFZ}),
    name_bytes=NAME_BYTES,
    replace=True,
    remove_all=2,
    rename_interrupts=True,
    live_period=False,
    settings=frozenset({"mode", "transport", "tempo", "paths"}),
    live_settings=frozenset({"tempo", "paths"}),
)
"""With each plugin a JACK client. How many plugins: ``MAX_DEFAULT_PLUGINS`` of Carla's source.

One by one, 2 plugins take 50 ms and 10 take 338 ms to go, all at once 35 and 168 ms. A rename is silent for 53 ms. A
new period under plugins has ended Carla in 4 of 5 runs (all measured).
"""

IN_PATCHBAY = msgspec.structs.replace(
    CAPABILITIES,
    most_plugins=MOST_PLUGINS,
    midi_ports=MIDI_PORTS,
    name_bytes=PATCHBAY_NAME_BYTES,
    remove_all=5,
    rename_interrupts=False,
    live_period=True,
    live_settings=frozenset({"transport", "tempo", "paths"}),
)
"""With all of them in one client (measured: the 256th is refused, and so is one with two MIDI inputs or outputs).

All go at once in 44 to 119 ms, one by one in about 25 ms each; a new period does no harm (measured).
"""


def capabilities(mode: str | None) -> Capabilities:
    """Return what Carla can do in a mode: ``multiple-clients``, which is also what None means, or ``patchbay``."""
    return IN_PATCHBAY if mode == PATCHBAY else CAPABILITIES
