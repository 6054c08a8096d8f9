"""Carla's transport and tempo."""

from typing import Any

import msgspec


class Time(msgspec.Struct, frozen=True):
    """What Carla tells of its transport."""

    rolls: bool
    tempo: float | None
    """In beats per minute; None where nobody tells any."""


class Clock:
    """The transport of the running engine.

    Parameters
    ----------
    host
        Carla's ``CarlaHostDLL``.
    backend
        Its module, for the constants.
    """

    def __init__(self, host: Any, backend: Any) -> None:
        self._host = host
        self._backend = backend

    def source(self, transport: str) -> int:
        """Return Carla's number of whose clock rolls, ``jack`` or ``internal``."""
        backend = self._backend
        jack, internal = backend.ENGINE_TRANSPORT_MODE_JACK, backend.ENGINE_TRANSPORT_MODE_INTERNAL
        return int(jack if transport == "jack" else internal)

    def follow(self, transport: str) -> None:
        """Let another clock roll. While plugins are JACK clients, Carla keeps JACK's, whatever it is told."""
        self._host.set_engine_option(self._backend.ENGINE_OPTION_TRANSPORT_MODE, self.source(transport), "")

    def set_tempo(self, tempo: float) -> None:
        """Set the tempo; below 20 Carla ignores it, as it does where another program is JACK's timebase."""
        self._host.transport_bpm(tempo)

    def time(self) -> Time:
        """Return the time now. With JACK's clock, a tempo just set shows only when that rolls (measured)."""
        told = self._host.get_transport_info()
        return Time(bool(told["playing"]), float(told["bpm"]) or None)
