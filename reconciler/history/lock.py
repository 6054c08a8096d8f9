"""One writer a session. The lock is the kernel's (flock), so it dies with its holder."""

import fcntl
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from reconciler.history.files import not_written
from reconciler.model.errors import StudioError


class Holder(msgspec.Struct, frozen=True):
    """Who writes. ``since`` is seconds since the epoch."""

    pid: int
    command: str
    since: float


class Lock:
    """Held within a ``with`` block.

    Raises
    ------
    StudioError
        ``locked``, naming the holder; ``state-not-written``.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file = -1

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise not_written(self._path, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = self._holder()
            os.close(self._file)
            raise _locked(holder) from error
        said = Holder(os.getpid(), " ".join(Path(part).name for part in sys.argv[:2]), time.time())
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, msgspec.json.encode(said), 0)
        except OSError as error:
            os.close(self._file)
            raise not_written(self._path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def _holder(self) -> Holder | None:
        try:
            return msgspec.json.decode(os.pread(self._file, 4096, 0), type=Holder)
        except msgspec.DecodeError:
            return None  # it has only just begun


def _locked(holder: Holder | None) -> StudioError:
    if holder is None:
        return StudioError("locked", "another command is changing this session", hint="wait for it and try again")
    since = time.strftime("%H:%M:%S", time.localtime(holder.since))
    return StudioError(
        "locked",
        f"`{holder.command}` (process {holder.pid}) has been changing this session since {since}",
        hint="wait for it, or end it",
        details=msgspec.to_builtins(holder),
    )
