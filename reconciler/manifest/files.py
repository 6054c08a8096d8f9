"""Getting a manifest's text off the disk, whatever is there instead."""

import difflib
import errno
import os
import stat
from pathlib import Path

from reconciler.manifest.yaml12 import place_of
from reconciler.model.errors import StudioError, Where

LARGEST = 4 * 1024 * 1024
"""Bytes. A manifest of 5,000 plugins has about 1 MB; what is larger is something else."""

_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def shown(path: Path) -> str:
    """Return the path as people read it: relative if it is inside the current folder."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):  # outside; or the current folder is gone
        return str(path)


def read_bytes(path: Path, largest: int = LARGEST, what: str = "a manifest") -> bytes:
    """Read a regular file of bounded size; never waits for a pipe or a device.

    Parameters
    ----------
    path
        The file.
    largest
        Most bytes that it may have.
    what
        What it is taken for, in errors.

    Raises
    ------
    StudioError
        ``no-such-file``, ``not-a-file``, ``file-too-large``, ``file-unreadable``.
    """
    where = Where(shown(path))
    try:
        # Looked at before it is opened: opening a device may do something, opening a pipe waits for a writer.
        _check(path.stat(), where, largest, what)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _check(os.fstat(descriptor), where, largest, what)
            content = file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, where) from None
    if len(content) > largest:
        raise _too_large(len(content), where, largest, what)
    return content


def decode(content: bytes, file: str) -> str:
    """Return the text; a byte order mark of UTF-8 is dropped.

    Raises
    ------
    StudioError
        ``not-utf8``, ``not-text``.
    """
    if content.startswith(_WIDE_MARKS):
        raise StudioError("not-utf8", "this file is UTF-16", where=Where(file), hint='save it as "UTF-8" in the editor')
    if b"\0" in content:
        raise StudioError(
            "not-text", "this is no text file", where=Where(file), hint="a manifest is YAML; is it the right file?"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        line, column = place_of(before, len(before))
        raise StudioError(
            "not-utf8",
            f"a byte (0x{content[error.start]:02x}) that is not UTF-8",
            where=Where(file, line, column),
            hint='save the file as "UTF-8" in the editor',
        ) from None


def _check(status: os.stat_result, where: Where, largest: int, what: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise StudioError("not-a-file", f"{where.file} is a folder", where=where, hint="name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise StudioError("not-a-file", f"{where.file} is a device or a pipe", where=where, hint="name a regular file")
    if status.st_size > largest:
        raise _too_large(status.st_size, where, largest, what)


def _too_large(size: int, where: Where, largest: int, what: str) -> StudioError:
    return StudioError(
        "file-too-large",
        f"{where.file} has {size / 2**20:.1f} MiB; {what} has {largest // 2**20} at most",
        where=where,
        hint="is it the right file?",
    )


def _unreadable(path: Path, error: OSError | ValueError, where: Where) -> StudioError:
    if isinstance(error, ValueError):  # a zero byte in the name
        return StudioError("no-such-file", f"no file can be called {where.file!r}", where=where)
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return StudioError("no-such-file", f"there is no file {where.file}", where=where, hint=_similar(path))
        case errno.EACCES | errno.EPERM:
            hint = f"`chmod u+r {where.file}`, if it is yours"
            return StudioError("file-unreadable", f"you may not read {where.file}", where=where, hint=hint)
        case _:
            return StudioError("file-unreadable", f"cannot read {where.file}: {error.strerror}", where=where)


def _similar(path: Path) -> str | None:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        names = []
    close = difflib.get_close_matches(path.name, names, n=1)
    if close:
        return f"did you mean {shown(path.parent / close[0])}?"
    return "`studio init` makes one" if path.suffix in (".yaml", ".yml") else None
