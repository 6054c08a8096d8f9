"""Writing what a person asked for: whole or not at all, and never over something that is there unless told to."""

import contextlib
import os
from pathlib import Path

from reconciler.manifest.files import shown
from reconciler.model.errors import StudioError, Where


def write(path: Path, text: str, *, force: bool = False) -> None:
    """Write a file through one beside it, so that a crash leaves the old one or the new one.

    Raises
    ------
    StudioError
        ``exists`` without ``force``; ``not-written``.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if force:
            beside.replace(path)
        else:
            path.hardlink_to(beside)  # unlike a rename, it never takes the place of another file
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        message = f"{shown(path)} cannot be written: {error.strerror}"
        raise StudioError("not-written", message, where=Where(shown(path))) from error
    finally:
        with contextlib.suppress(OSError):  # renamed, or never made
            beside.unlink()


def refuse_existing(path: Path) -> None:
    """Refuse before the work begins what :func:`write` would refuse in the end. Raises ``exists``."""
    if path.exists():
        raise _exists(path)


def _exists(path: Path) -> StudioError:
    hint = "--force writes over it; -o FILE takes another one"
    return StudioError("exists", f"there is a {shown(path)} already", where=Where(shown(path)), hint=hint)
