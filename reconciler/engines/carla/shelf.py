"""The catalogue's files on disk: each written beside and renamed, and believed only if it is whole and our own.

A file is one line of text (a magic word and the CRC-32 of the rest) and JSON. Whatever is torn, altered or written by
another version is as good as absent: what was in it is found out again.
"""

import fcntl
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from reconciler import __version__

_MAGIC = f"studio-carla-catalogue 1 {__version__} ".encode()

_T = TypeVar("_T")


class Shelf:
    """A folder of such files. If it cannot be written, :attr:`error` says why, and everything still works, slowly."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.error: str | None = None

    def read(self, name: str, kind: type[_T]) -> _T | None:
        """Return what a file holds, or None if there is none that can be trusted."""
        try:
            data = (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.error = str(error)
            return None
        head, _, body = data.partition(b"\n")
        if head != _MAGIC + b"%08x" % zlib.crc32(body):
            return None
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError:
            return None

    def write(self, name: str, value: object) -> None:
        """Put a file in place whole or not at all; to be called under the lock."""
        import tempfile

        body = msgspec.json.encode(value)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, beside = tempfile.mkstemp(dir=self._folder, prefix=f".{name}-")
            try:
                with os.fdopen(descriptor, "wb") as out:
                    out.write(_MAGIC + b"%08x\n" % zlib.crc32(body) + body)
                    out.flush()
                    os.fsync(out.fileno())
                Path(beside).replace(self._folder / name)
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise
        except OSError as error:
            self.error = str(error)
        else:
            self.error = None

    def clear(self) -> None:
        """Throw everything away; to be called under the lock."""
        try:
            for file in self._folder.iterdir():
                if file.name != "lock":
                    file.unlink(missing_ok=True)
        except OSError as error:
            self.error = str(error)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the shelf's lock, so that two commands do not do the same work; without one if it cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / "lock").open("wb")
        except OSError as error:
            self.error = str(error)
            yield
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left_behind in self._folder.glob(".*-*"):
                left_behind.unlink(missing_ok=True)  # by a process that was killed here
            yield


def default_folder(environ: Mapping[str, str]) -> Path:
    """Return where the catalogue's cache lies."""
    stated = environ.get("XDG_CACHE_HOME", "")
    # A relative path there is to be ignored (XDG base directory specification).
    base = Path(stated) if stated.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".cache"
    return base / "studio" / "catalogue-carla"
