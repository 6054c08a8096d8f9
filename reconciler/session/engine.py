"""What a manifest asks of the plugin host itself, with the folders it names as they really are."""

import os
import stat
from pathlib import Path

from reconciler.manifest.load import Source
from reconciler.model.errors import StudioError, Where
from reconciler.model.resources import EngineSettings
from reconciler.model.values import float32

SOUNDS = frozenset({"sf2", "sfz"})
"""Schemes whose files hold no code, so that they may lie anywhere."""


def settings(source: Source) -> EngineSettings:
    """Return the engine's settings.

    ``bridges`` and ``force_stereo`` are no part of them: they are what every plugin of the session has that says
    nothing else, so that changing one reloads those plugins and no other.

    Raises
    ------
    StudioError
        ``unsafe-folder``: plugins are code that runs as soon as anybody looks at it, and a manifest may come from
        anybody, so their folders must be the machine's own.
    """
    spec = source.manifest.engine
    folder = Path(source.path).absolute().parent
    paths: dict[str, tuple[str, ...]] = {}
    for scheme, entries in spec.paths.items():
        found = []
        for place, entry in enumerate(entries):
            path = Path(os.path.normpath(folder / Path(entry).expanduser()))
            if scheme not in SOUNDS:
                _check(path, folder, source.where("engine", "paths", scheme, place))
            found.append(str(path))
        paths[str(scheme)] = tuple(found)
    return EngineSettings(
        mode=str(spec.mode),
        transport=None if spec.transport is None else str(spec.transport),
        tempo=None if spec.tempo is None else float32(spec.tempo),
        paths=paths if "paths" in spec.model_fields_set else None,
    )


def origins(source: Source) -> dict[str, Where]:
    """Return where each setting stands that the manifest has."""
    written = source.manifest.engine.model_fields_set
    return {f"engine.{key}": source.where("engine", key, key=True) for key in sorted(written)}


def _check(path: Path, manifest: Path, where: Where) -> None:
    """Refuse a folder that somebody else than the machine's administrator can have put there."""
    real = path.resolve()
    why = None
    if ":" in str(path):
        why = "its name has a colon, which parts one folder from the next"
    elif real.is_relative_to(manifest.resolve()) or real.is_relative_to(Path.home().resolve()):
        why = "it is in your own files, where a downloaded manifest may have brought it along"
    else:
        for one in (real, *real.parents):
            try:
                state = one.stat()
            except FileNotFoundError:
                continue
            if state.st_uid != 0 or state.st_mode & stat.S_IWOTH:
                why = f"others than the administrator can write to {one}"
                break
    if why is not None:
        raise StudioError(
            "unsafe-folder",
            f"plugins are not looked for in {path}: {why}",
            where=where,
            hint="plugins are programs; if you trust these, name the folder in LADSPA_PATH, VST3_PATH or the like",
        )
