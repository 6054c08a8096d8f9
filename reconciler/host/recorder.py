"""The flight recorder: what the host was doing, on disk before each risky call, so that it outlives a crash.

The page cache keeps what was written when the process dies, so no sync is needed; only a power cut loses it.
"""

import os
from pathlib import Path

import msgspec

from reconciler.model.actions import Action, AddPlugin, RemovePlugin, SetActive, SetProgram

_BYTES = 4096


class FlightRecorder:
    """Writes one action into a fixed block of a file, and blanks it when the action is over."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.clear()

    def before(self, action: Action) -> None:
        """Record a call that runs a plugin's own code; the others cannot bring the host down."""
        if isinstance(action.call, AddPlugin | SetProgram | RemovePlugin | SetActive):
            os.pwrite(self._file, msgspec.json.encode(action)[:_BYTES].ljust(_BYTES), 0)

    def clear(self) -> None:
        """Say that nothing risky is under way."""
        os.pwrite(self._file, b" " * _BYTES, 0)

    def close(self) -> None:
        """Close the file; it stays."""
        os.close(self._file)


def last_action(path: Path) -> Action | None:
    """Return what a host that died was doing, None if nothing risky."""
    try:
        text = path.read_bytes().strip()
        return msgspec.json.decode(text, type=Action) if text else None
    except (OSError, msgspec.DecodeError):
        return None
