"""The plugin host's settings when nobody asks for any, and what the modes differ in."""

import msgspec

from reconciler.model.resources import Capabilities, EngineSettings
from reconciler.model.terminals import PATCHBAY

DEFAULTS = EngineSettings(mode="multiple-clients", transport="jack", tempo=120.0, paths={})
"""Carla's own (``CarlaEngineData.cpp``, ``CarlaEngineInternal.cpp``), and as studio starts it."""


def completed(settings: EngineSettings) -> EngineSettings:
    """Return settings with the defaults in the place of what nobody asks for."""
    said = msgspec.structs.asdict(settings)
    return msgspec.structs.replace(DEFAULTS, **{key: value for key, value in said.items() if value is not None})


def in_mode(can: Capabilities, mode: str | None) -> Capabilities:
    """Return what a host can do in another of Carla's modes, as far as the modes differ (measured)."""
    if mode == PATCHBAY:
        return msgspec.structs.replace(
            can, most_plugins=255, midi_ports=1, name_bytes=121, rename_interrupts=False, live_period=True
        )
    return msgspec.structs.replace(
        can, most_plugins=512, midi_ports=None, name_bytes=57, rename_interrupts=True, live_period=False
    )
