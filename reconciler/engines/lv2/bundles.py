"""Finds LV2 bundles without lilv, and tells whether one has changed since it was last read."""

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

_VARIABLE = re.compile(r"\$([A-Z0-9_]+)|~(?=/|$)")


class Bundle(msgspec.Struct, frozen=True):
    """A folder with a ``manifest.ttl``."""

    path: Path
    fingerprint: str
    """Changes whenever a Turtle file in it comes, goes or is written: newest time and a checksum over all."""


def search_path(environ: Mapping[str, str], default_path: str) -> list[Path]:
    """Return the folders that hold bundles, in the order in which lilv looks into them.

    Parameters
    ----------
    environ
        ``LV2_PATH`` if set wins, even when empty; ``HOME`` and other variables are put in as lilv does.
    default_path
        The path compiled into lilv.
    """
    stated = environ.get("LV2_PATH")

    def value(found: re.Match[str]) -> str:
        return environ.get(found.group(1) or "HOME", found.group())

    parts = (default_path if stated is None else stated).split(":")
    return list(dict.fromkeys(Path(_VARIABLE.sub(value, part)) for part in parts if part))


def find_bundles(path: list[Path]) -> list[Bundle]:
    """Return every bundle in those folders, folder by folder; a folder that is not there has none.

    A bundle that cannot be listed is returned all the same: reading it then fails, and says so.
    """
    return [bundle for folder in path for bundle in _in_folder(folder)]


def _in_folder(folder: Path) -> Iterator[Bundle]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # To lilv, and so to every host, such a folder is an empty one.
        return
    for name in names:
        bundle = folder / name
        try:
            files = sorted(_turtle(str(bundle), ""))
        except FileNotFoundError:
            continue  # uninstalled at this very moment
        except PermissionError as error:
            yield Bundle(path=bundle, fingerprint=f"unreadable: {error.strerror}")
            continue
        if any(file[0] == "manifest.ttl" for file in files):
            yield Bundle(path=bundle, fingerprint=_digest(files))


def _turtle(folder: str, prefix: str) -> Iterator[tuple[str, int, int]]:
    """Give name, time in ns and size in bytes of each Turtle file; some bundles keep presets in subfolders."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".ttl"):
                try:
                    state = entry.stat()
                except FileNotFoundError:
                    state = entry.stat(follow_symlinks=False)  # a link to nothing
                yield prefix + entry.name, state.st_mtime_ns, state.st_size
            elif entry.is_dir(follow_symlinks=False):
                yield from _turtle(entry.path, f"{prefix}{entry.name}/")


def _digest(files: list[tuple[str, int, int]]) -> str:
    text = "".join(f"{name}\0{time_ns}\0{size}\0" for name, time_ns, size in files)
    newest_ns = max(time_ns for _, time_ns, _ in files)
    # A CRC is enough beside the newest time, and hashlib takes 5 ms to import.
    return f"{newest_ns}-{zlib.crc32(text.encode(errors='surrogateescape')):08x}"
