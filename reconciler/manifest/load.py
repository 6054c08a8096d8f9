"""A manifest from its file: every mistake with its file, line and column, all of them at once.

Kept lean: a command that plans must not pay for the round-trip editor (ruamel.yaml), which only edits need.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from reconciler.manifest import files, yaml12
from reconciler.manifest.explain import explain
from reconciler.manifest.models import Manifest
from reconciler.model.errors import StudioError, Where, raise_all

__all__ = ["Source", "find", "load", "parse", "same_name"]

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Source:
    """A manifest and where each word of it stands. ``digest`` is the SHA-256 of the file's bytes, in hex."""

    manifest: Manifest
    path: Path
    text: str
    digest: str
    place: yaml12.Place = field(repr=False, compare=False)
    file: str = field(repr=False, compare=False)
    """The path as errors show it."""

    def where(self, *keys: str | int, address: str | None = None, key: bool = False) -> Where:
        """Return the place of the value at that path, or of its last key; as deep as the file goes.

        Parameters
        ----------
        keys
            Keys and list indices from the top, such as ``"plugins", "eq", "params", "gain"``.
        address
            The address in the studio, to be carried along.
        key
            The place of the last key instead of its value.
        """
        return _where(self.place, keys, self.file, address, key=key)


def load(path: Path) -> Source:
    """Read a manifest.

    Raises
    ------
    StudioError
        One mistake, or the file cannot be read (see :mod:`reconciler.manifest.files`, :mod:`.yaml12`).
    Problems
        Several mistakes, in the order of the file.
    """
    content = files.read_bytes(path)
    file = files.shown(path)
    return _parse(files.decode(content, file), path, hashlib.sha256(content).hexdigest(), file)


def parse(text: str, path: Path) -> Source:
    """Read a manifest from text; ``path`` is what to call it. Raises as :func:`load`."""
    file = files.shown(path)
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        where = Where(file, *yaml12.place_of(text, error.start))
        raise StudioError("not-utf8", "half a character (a lone surrogate)", where=where) from None
    return _parse(text.removeprefix("\ufeff"), path, hashlib.sha256(content).hexdigest(), file)


def _parse(text: str, path: Path, digest: str, file: str) -> Source:
    document = yaml12.read(text, file)
    if document is None:
        hint = "begin with `version: 1` and `session: NAME`; `studio init` makes a whole one"
        raise StudioError("empty-file", f"{file} is empty", where=Where(file), hint=hint)
    try:
        manifest = Manifest.model_validate(document.data)
    except ValidationError as error:
        place = document.place
        raise_all(explain(error, lambda keys, at_key: _where(place, keys, file, None, key=at_key)))
        raise AssertionError(error) from None  # explain() names at least one
    return Source(manifest, path, text, digest, document.place, file)


def _where(place: yaml12.Place, keys: tuple[str | int, ...], file: str, address: str | None, *, key: bool) -> Where:
    line, column = place.line, place.column
    last = len(keys) - 1
    for index, name in enumerate(keys):
        if place.keys is not None and name in place.keys:
            key_line, key_column, place = place.keys[name]
            line, column = (key_line, key_column) if key and index == last else (place.line, place.column)
        elif place.items is not None and isinstance(name, int) and name < len(place.items):
            place = place.items[name]
            line, column = place.line, place.column
        else:
            break
    return Where(file, line, column, address)


def find(argument: str | None, folder: Path) -> Path:
    """Return the manifest to work on: the one named, else ``studio.yaml``, else the only one in ``sessions/``.

    Parameters
    ----------
    argument
        What the command line says; a name in ``sessions/`` will do without folder and suffix.
    folder
        Where to look.

    Raises
    ------
    StudioError
        ``no-manifest``, ``which-manifest`` (``details`` has the ``choices``).
    """
    sessions = folder / "sessions"
    if argument is not None:
        named = folder / argument
        short = [sessions / f"{argument}{suffix}" for suffix in _SUFFIXES]
        return next((path for path in short if not named.exists() and path.is_file()), named)
    single = folder / "studio.yaml"
    if single.is_file():
        return single
    choices = _manifests(sessions)
    if len(choices) == 1:
        return choices[0]
    if not choices:
        raise StudioError(
            "no-manifest",
            "there is no studio.yaml here, and no manifest in sessions/",
            where=Where(files.shown(folder)),
            hint="`studio init` makes one; or name the file",
        )
    listed = [files.shown(path) for path in choices]
    raise StudioError(
        "which-manifest",
        f"there are {len(choices)} manifests in sessions/",
        where=Where(files.shown(sessions)),
        hint="name one: " + ", ".join(listed),
        details={"choices": listed},
    )


def same_name(path: Path) -> list[Path]:
    """Return the other manifests beside ``path`` that have its session name; those that cannot be read do not count.

    Raises
    ------
    StudioError
        ``path`` itself cannot be read.
    """
    name = _session(path, "")
    if name is None:
        return []
    same = []
    for other in _manifests(path.parent):
        if other.name == path.name:
            continue
        try:
            if _session(other, str(name)) == name:
                same.append(other)
        except StudioError:  # its own command will tell; here it is only a neighbour
            continue
    return same


def _session(path: Path, word: str) -> object:
    """Return the session's name, without reading the structure of a file that does not have the word at all."""
    file = files.shown(path)
    text = files.decode(files.read_bytes(path), file)
    if word not in text:
        return None
    document = yaml12.read(text, file)
    return document.data.get("session") if document else None


def _manifests(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())
    except OSError:  # no such folder, or not ours to read: then there is none to find
        return []
