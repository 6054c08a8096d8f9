"""A project into a manifest and back, from file to file: read, translated, checked, and only then written."""

import contextlib
from pathlib import Path
from typing import Any

import msgspec

from reconciler.manifest.files import shown
from reconciler.manifest.load import Source, parse
from reconciler.model import states
from reconciler.model.catalogue import Catalogue
from reconciler.model.errors import Problems, StudioError, Unavailable, Where, raise_all
from reconciler.model.states import State
from reconciler.projects import files, reading
from reconciler.projects.exporting import export_session
from reconciler.projects.importing import Imported, Missing, import_project
from reconciler.projects.text import render
from reconciler.projects.writing import project_text
from reconciler.session.compile import compile_session


class Transfer(msgspec.Struct, frozen=True):
    """What was written."""

    session: str
    mode: str
    plugins: int
    links: int
    """As written: an entry of ``links:``, or a connection."""
    notes: tuple[str, ...] = ()
    """What a person should know: changed, rounded, left out."""
    missing: tuple[Missing, ...] = ()
    states: tuple[str, ...] = ()
    """State files written beside the manifest."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        form: dict[str, Any] = msgspec.to_builtins(self)
        return form


def to_manifest(
    project: Path,
    path: Path,
    catalogue: Catalogue,
    *,
    session: str,
    skip_missing: bool = False,
    force: bool = False,
    rate_hz: int = 48000,
) -> Transfer:
    """Write the manifest of a project; what it says is compiled first, as a plan would.

    Parameters
    ----------
    project
        The ``.carxp``.
    path
        The manifest, absolute.
    catalogue
        With relative paths from the manifest's folder.
    session, skip_missing, rate_hz
        As for :func:`reconciler.projects.importing.import_project`.
    force
        Write over what is there.

    Raises
    ------
    StudioError
        Those of :mod:`.reading`, :mod:`.importing`, :mod:`.files`, and of the manifest's own rules.
    """
    if not force:
        files.refuse_existing(path)
    found = import_project(
        reading.load(project),
        catalogue,
        session=session,
        folder=path.parent,
        file=shown(project),
        states=f"{path.stem}.states",
        skip_missing=skip_missing,
        rate_hz=rate_hz,
    )
    text = render(found.manifest, _comments(project, found))
    made: list[Path] = []
    try:
        for name, state in found.states.items():
            beside = path.parent / name
            new = not beside.exists()
            files.write(beside, states.compose(state).decode(), force=force)
            made += [beside] if new else []
        _check(text, path, catalogue, project)
        files.write(path, text, force=force)
    except BaseException:
        for each in made:
            with contextlib.suppress(OSError):  # a folder that was there before, or holds more, stays
                each.unlink()
                each.parent.rmdir()
        raise
    return Transfer(
        session,
        found.manifest["engine"]["mode"],
        len(found.manifest.get("plugins", ())),
        len(found.manifest.get("links", ())),
        found.notes,
        found.missing,
        tuple(found.states),
    )


def to_project(source: Source, path: Path, catalogue: Catalogue, *, force: bool = False) -> Transfer:
    """Write the Carla project of a manifest.

    Raises
    ------
    StudioError
        Those of the compiler, of :mod:`.exporting` and :mod:`.files`.
    """
    if not force:
        files.refuse_existing(path)
    session = compile_session(source, catalogue)
    found = export_session(session, catalogue, _states(session.states))
    files.write(path, project_text(found.project), force=force)
    connections = len(found.project.external) + len(found.project.internal or ())
    return Transfer(session.name, found.project.mode, len(session.plugins), connections, found.left_out)


def _check(text: str, path: Path, catalogue: Catalogue, project: Path) -> None:
    """Compile what is to be written; its mistakes are the project's, as the person has seen no other file yet."""
    try:
        compile_session(parse(text, path), catalogue)
    except Unavailable:
        raise
    except StudioError as error:
        each = error.errors if isinstance(error, Problems) else (error,)
        where = Where(shown(project))
        raise_all(
            [
                StudioError(one.code, f"no manifest can say this: {one.message}", where=where, hint=one.hint)
                for one in each
            ]
        )


def _states(paths: dict[str, str]) -> dict[str, State]:
    return {name: states.read(Path(path))[0] for name, path in paths.items()}


def _comments(project: Path, found: Imported) -> list[str]:
    comments = [f"Made by `studio import` from {project.name}, a Carla project."]
    if found.notes:
        comments += ["What is not as it was there:", *(f"- {note}" for note in found.notes)]
    return comments
