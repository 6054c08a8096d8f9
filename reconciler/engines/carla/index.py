"""What is in which plugin file: read by Carla's discovery tool, and kept until the file changes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from reconciler.engines.carla.discovery import Reading, read, read_many, time_limit
from reconciler.engines.carla.formats import Format, find_files, fingerprint
from reconciler.engines.carla.shelf import Shelf

TOOL = "carla-discovery-native"
_NAME = "index"

_Key = tuple[Format, str | None]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What discovery said of one file, as it was then."""

    format: Format
    path: str | None
    """None: what is built into Carla."""
    fingerprint: str
    reading: Reading


class Index(msgspec.Struct, frozen=True):
    """All of it. Another Carla may see other things, so its tool's state belongs to it."""

    tool: str
    entries: tuple[Entry, ...]


class Files:
    """The plugin files of this machine, each read when it is first asked for and again when it has changed.

    Parameters
    ----------
    tool
        ``carla-discovery-native``.
    shelf
        Where the index is kept.
    environ
        Environment of the search paths and of the plugins' code.
    time_limit_s
        How long one file may take, in seconds; None: as long as is usual for its format.
    """

    def __init__(self, tool: Path, shelf: Shelf, environ: Mapping[str, str], time_limit_s: float | None) -> None:
        self._tool = tool
        self._shelf = shelf
        self._environ = environ
        self._time_limit_s = time_limit_s
        self._entries: dict[_Key, Entry] | None = None
        self._listed: list[Entry] | None = None

    def entry(self, format_: Format, path: Path) -> Entry:
        """Return what is in one file, wherever it lies; read it only if it has changed.

        Raises
        ------
        OSError
            It is not there.
        """
        state = fingerprint(path)
        entry = self._known().get((format_, str(path)))
        if entry is None or entry.fingerprint != state:
            limit_s = time_limit(format_, self._time_limit_s)
            entry = Entry(format_, str(path), state, read(self._tool, format_, path, self._environ, limit_s))
            self._add([entry])
        return entry

    def of_format(self, format_: Format) -> list[Entry]:
        """Return all of one format on its search path, as they are now."""
        return self._current([format_])

    def all(self) -> list[Entry]:
        """Return all of every format on the search paths; as they were at the first question, until refreshed."""
        if self._listed is None:
            self._listed = self._current(list(Format))
        return self._listed

    def refresh(self, *, forget: bool) -> None:
        """Look again at the next question; with ``forget`` read every file again."""
        self._listed = None
        if forget:
            self._entries = {}

    def _known(self) -> dict[_Key, Entry]:
        if self._entries is None:
            self._entries = self._on_disk()
        return self._entries

    def _on_disk(self) -> dict[_Key, Entry]:
        index = self._shelf.read(_NAME, Index)
        if index is None or index.tool != self._tool_state():
            return {}
        return {(entry.format, entry.path): entry for entry in index.entries}

    def _tool_state(self) -> str:
        return f"{self._tool} {fingerprint(self._tool)}"

    def _current(self, formats: Sequence[Format]) -> list[Entry]:
        """Return the entries of all files on the search paths; reads those that have changed."""
        known = self._known()
        wanted: dict[_Key, str] = {}
        for format_ in formats:
            if format_ is Format.INTERNAL:
                wanted[format_, None] = fingerprint(self._tool)
                continue
            for path in find_files(format_, self._environ):
                try:
                    wanted[format_, str(path)] = fingerprint(path)
                except FileNotFoundError:
                    continue  # uninstalled at this very moment
        stale = [
            (format_, None if path is None else Path(path))
            for (format_, path), state in wanted.items()
            if (entry := known.get((format_, path))) is None or entry.fingerprint != state
        ]
        if stale:
            made: list[Entry] = []
            for format_, file, reading in read_many(self._tool, stale, self._environ, self._time_limit_s):
                key = format_, None if file is None else str(file)
                made.append(Entry(*key, wanted[key], reading))
            self._add(made)
        known = self._known()
        return [known[key] for key in wanted if key in known]

    def _add(self, entries: list[Entry]) -> None:
        """Add what was read to the index, beside what another process may have added meanwhile."""
        with self._shelf.locked():
            merged = self._on_disk() | self._known() | {(entry.format, entry.path): entry for entry in entries}
            there = {key: entry for key, entry in merged.items() if key[1] is None or Path(key[1]).exists()}
            self._entries = there
            self._shelf.write(_NAME, Index(self._tool_state(), tuple(there.values())))
