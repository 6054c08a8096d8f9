"""What a session has put into somebody's Carla, noted in a file: the Carla outlives the process that did it.

When that process dies and another goes on, only the note tells the session's plugins from its user's.
"""

from pathlib import Path

import msgspec

from reconciler.engines.carla_osc.holder import Listener


class Note(msgspec.Struct, frozen=True):
    """Whose plugins: the Carla process, and their names there."""

    carla: Listener | None
    names: list[str]


class Notes:
    """The note on disk.

    Parameters
    ----------
    path
        Where it is kept; None keeps nothing.
    carla
        The process that is attached to. Names of another one mean nothing here.
    """

    def __init__(self, path: Path | None, carla: Listener | None) -> None:
        self._path = path
        self._carla = carla
        self.names: set[str] = self._read()

    def add(self, name: str) -> None:
        """Note a plugin that the session put there; before it is loaded, so that no crash can hide it."""
        self.names.add(name)
        self._write()

    def drop(self, name: str) -> None:
        """Forget one."""
        self.names.discard(name)
        self._write()

    def _read(self) -> set[str]:
        if self._path is None or self._carla is None:
            return set()
        try:
            note = msgspec.json.decode(self._path.read_bytes(), type=Note)
        except (FileNotFoundError, msgspec.DecodeError):
            return set()
        return set(note.names) if note.carla == self._carla else set()

    def _write(self) -> None:
        if self._path is not None:
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(Note(self._carla, sorted(self.names))))
            fresh.replace(self._path)
