"""What a Carla that somebody else runs can do for studio: what there is an OSC message for."""

import msgspec

from reconciler.engines.carla.capabilities import CAPABILITIES as WHOLE

CAPABILITIES = msgspec.structs.replace(
    WHOLE,
    mix=WHOLE.mix - {"control_channel"},
    options=False,
    custom_data=False,
    state=False,
    bridges=frozenset(),
    replace=False,
    remove_all=False,
    rename_interrupts=True,
    live_period=False,
    settings=frozenset(),
    live_settings=frozenset(),
)
"""Without the control channel, options, custom data, state files and bridges, for which Carla has no OSC message (they
are empty in ``CarlaEngineOscHandlers.cpp``), and without what would take the engine from under its user."""
