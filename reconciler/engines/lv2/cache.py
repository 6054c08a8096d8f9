"""The catalogue on disk: an index that is read whole, and one piece per plugin that is read when asked for.

Layout: one line of text (magic word, format, size and CRC-32 of the index, size of the pieces), the index as JSON, the
pieces one after another. A file is written beside and renamed, so a reader sees the old one or the new one. Whatever is
torn, altered, from another version or no catalogue at all is no catalogue: it is built again.
"""

import mmap
import os
import zlib
from pathlib import Path

import msgspec

from reconciler import __version__

_MAGIC = b"studio-lv2-catalogue"
_FORMAT = b"1"


class Corrupt(ValueError):
    """The file is not what it was when it was written."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """Where a piece of JSON lies among the pieces, in bytes, and its CRC-32."""

    offset: int
    size: int
    crc: int


class PluginEntry(msgspec.Struct, frozen=True, array_like=True):
    """What a list or a search needs to know of a plugin."""

    uri: str
    name: str
    author: str | None
    category: str | None
    version: tuple[int, int]
    body: Piece


class PresetsEntry(msgspec.Struct, frozen=True, array_like=True):
    """The presets that a bundle has for a plugin."""

    plugin: str
    body: Piece


class FlawEntry(msgspec.Struct, frozen=True, array_like=True):
    """What had to be left out of a bundle; subject None means all of it."""

    subject: str | None
    reason: str


class BundleEntry(msgspec.Struct, frozen=True, array_like=True):
    """One bundle as it was read."""

    path: str
    fingerprint: str
    plugins: tuple[PluginEntry, ...]
    presets: tuple[PresetsEntry, ...]
    flaws: tuple[FlawEntry, ...]


class Index(msgspec.Struct, frozen=True):
    """Everything but the pieces."""

    studio: str
    """Our version: another one may read plugins differently."""
    library: str
    """The file lilv was loaded from."""
    library_state: tuple[int, int]
    """Its time in ns and its size: another lilv may look in other folders."""
    default_path: str
    bundles: tuple[BundleEntry, ...]


class Store:
    """An index with its pieces, in memory or in a mapped file (which stays readable when replaced)."""

    def __init__(self, index: Index, data: "bytes | mmap.mmap", start: int) -> None:
        self.index = index
        self._data = data
        self._start = start

    def piece(self, piece: Piece) -> bytes:
        """Return a piece of JSON. Raises Corrupt if it is not what was written."""
        begin = self._start + piece.offset
        raw = self._data[begin : begin + piece.size]
        if len(raw) != piece.size or zlib.crc32(raw) != piece.crc:
            raise Corrupt("a piece of the catalogue is damaged")
        return raw


class Builder:
    """Collects the pieces of a new catalogue."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, raw: bytes) -> Piece:
        """Append a piece of JSON and return where it lies."""
        piece = Piece(offset=self._size, size=len(raw), crc=zlib.crc32(raw))
        self._pieces.append(raw)
        self._size += len(raw)
        return piece

    def take(self, entry: BundleEntry, source: Store) -> BundleEntry:
        """Carry over a bundle that has not changed. Raises Corrupt as :meth:`Store.piece` does."""
        return msgspec.structs.replace(
            entry,
            plugins=tuple(
                msgspec.structs.replace(plugin, body=self.add(source.piece(plugin.body))) for plugin in entry.plugins
            ),
            presets=tuple(
                msgspec.structs.replace(presets, body=self.add(source.piece(presets.body))) for presets in entry.presets
            ),
        )

    def finish(self, index: Index) -> tuple[Store, bytes]:
        """Return the catalogue, and the file it would be."""
        raw = msgspec.json.encode(index)
        head = b"%s %s %d %d %d\n" % (_MAGIC, _FORMAT, len(raw), zlib.crc32(raw), self._size)
        data = b"".join([head, raw, *self._pieces])
        return Store(index, data, len(head) + len(raw)), data


def load(file: Path) -> Store | None:
    """Return the catalogue in a file, or None if there is none that can be trusted."""
    try:
        with file.open("rb") as opened:
            data = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    except (FileNotFoundError, ValueError):  # ValueError: an empty file cannot be mapped
        return None
    end = data.find(b"\n", 0, 200)
    words = data[: max(end, 0)].split()
    if len(words) != 5 or words[:2] != [_MAGIC, _FORMAT] or not all(word.isdigit() for word in words[2:]):
        return None
    size, crc, pieces = (int(word) for word in words[2:])
    raw = data[end + 1 : end + 1 + size]
    if zlib.crc32(raw) != crc or len(data) != end + 1 + size + pieces:
        return None
    try:
        index = msgspec.json.decode(raw, type=Index)
    except msgspec.DecodeError:
        return None
    return Store(index, data, end + 1 + size) if index.studio == __version__ else None


def save(file: Path, data: bytes) -> None:
    """Put the file in place whole or not at all. To be called under the lock of that file. Raises OSError."""
    import tempfile

    for left_behind in file.parent.glob(f".{file.name}-*"):
        left_behind.unlink(missing_ok=True)  # by a process that was killed here
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
