"""Writing so that a crash leaves the old file or the new one, whole."""

import contextlib
import os
from pathlib import Path

from reconciler.model.errors import StudioError


def write(path: Path, content: bytes) -> None:
    """Write beside, sync, rename.

    Raises
    ------
    StudioError
        ``state-not-written``, when the folder is read-only or the disk is full.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # renamed, never made, or on a disk that takes no change at all
            beside.unlink()


def not_written(path: Path, error: OSError) -> StudioError:
    """Return the error of a file or folder of the session's state that cannot be written."""
    hint = "make room or mend the permissions; XDG_STATE_HOME moves the folder"
    return StudioError("state-not-written", f"{path} cannot be written: {error.strerror}", hint=hint)
