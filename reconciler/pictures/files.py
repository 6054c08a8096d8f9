"""Pictures as files: which form a name asks for, and writing without losing what is there."""

import contextlib
import enum
import os
from pathlib import Path

from reconciler.model.errors import StudioError, Where
from reconciler.pictures.graph import MARK

_LOOK = 4096
"""Bytes at the beginning of a file in which the mark of a picture stands."""


class Form(enum.StrEnum):
    """What a picture can be."""

    TEXT = "text"
    JSON = "json"
    DOT = "dot"
    SVG = "svg"


_SUFFIXES = {".txt": Form.TEXT, ".json": Form.JSON, ".dot": Form.DOT, ".gv": Form.DOT, ".svg": Form.SVG}


def form_of(path: Path) -> Form:
    """Return the form that a file's name asks for.

    Raises
    ------
    StudioError
        ``unknown-format``.
    """
    form = _SUFFIXES.get(path.suffix.lower())
    if form is None:
        hint = f"end it with {', '.join(_SUFFIXES)}, or say `-f {'|'.join(Form)}`"
        raise StudioError("unknown-format", f"the name {path} does not say what kind of picture it is", hint=hint)
    return form


def write(path: Path, picture: str, *, force: bool = False) -> None:
    """Write a picture, whole or not at all. An older picture gives way; anything else only with ``force``.

    Raises
    ------
    StudioError
        ``exists``, ``not-written``.
    """
    where = Where(file=str(path))
    target = path.resolve()  # behind a symbolic link, so that the link stays one
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists() and not target.is_file():
            raise StudioError("exists", f"{path} is not an ordinary file", where=where, hint="choose another name")
        if not force and target.exists() and not _is_picture(target):
            hint = "choose another name, or `--force` to write over it"
            raise StudioError("exists", f"{path} is there, and no picture of ours", where=where, hint=hint)
        with beside.open("x", encoding="utf-8") as file:
            file.write(picture)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        raise StudioError("not-written", f"{path} cannot be written: {error.strerror}", where=where) from error
    finally:
        with contextlib.suppress(OSError):  # renamed, or never made
            beside.unlink()


def _is_picture(path: Path) -> bool:
    with path.open("rb") as file:
        return MARK.encode() in file.read(_LOOK)
