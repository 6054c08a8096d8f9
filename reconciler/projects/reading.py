"""A Carla project's file, read without trusting it.

Where Carla guesses at damage (to it what is no number is 0), this refuses.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from reconciler.manifest.files import read_bytes, shown
from reconciler.model import states
from reconciler.model.errors import StudioError, Where
from reconciler.model.states import State, texts
from reconciler.projects.document import Project, corrupt

LARGEST = 64 * 1024 * 1024
"""Bytes. A hundred plugins without chunks take 0.3 MB; chunks can be large."""

_VERSION = 2
_TEMPI = (20.0, 400.0)
"""Beats per minute that Carla takes from a project."""


def load(path: Path) -> Project:
    """Read a project file.

    Raises
    ------
    StudioError
        ``no-such-file``, ``not-a-file``, ``file-too-large``, ``file-unreadable``, and those of :func:`read`.
    """
    return read(read_bytes(path, LARGEST, "a Carla project"), shown(path))


def read(content: bytes, file: str) -> Project:
    """Read a project from its bytes; ``file`` is what to call it.

    Raises
    ------
    StudioError
        ``not-a-project``, ``project-version``, ``project-corrupt``.
    """
    root = _root(content, file)
    _refuse_version(root.get("VERSION", ""), file)
    return _Reader(file).project(root)


def _root(content: bytes, file: str) -> Element:
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise _no_project(file, "it is empty")
    if not start.startswith(b"<"):
        raise _no_project(file, "it is no XML")
    try:
        root = states.tree(content, "it")
    except StudioError as error:
        raise corrupt(file, _reason(error)) from error
    if root.tag.upper() == "CARLA-PRESET":
        hint = "in a manifest it is the `state:` of that plugin"
        raise _no_project(file, "it is the state of a single plugin", hint)
    if root.tag.upper() != "CARLA-PROJECT":
        raise _no_project(file, f"it begins with <{root.tag[:40]}>")
    return root


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file

    def project(self, root: Element) -> Project:
        plugins = tuple(self._plugin(each, number) for number, each in enumerate(root.findall("Plugin"), start=1))
        inner, outer, settings = (root.find(tag) for tag in ("Patchbay", "ExternalPatchbay", "EngineSettings"))
        engine = {} if settings is None else texts(settings)
        return Project(
            plugins,
            None if inner is None else tuple(self._connections(inner)),
            () if outer is None else tuple(self._connections(outer)),
            {} if outer is None else dict(_clients(outer, len(plugins))),
            self._tempo(root),
            engine.get("ForceStereo") == "true",
            engine.get("PreferPluginBridges") == "true",
        )

    def _plugin(self, element: Element, number: int) -> State:
        name = element.findtext("Info/Name")
        try:
            found = states.of_element(element, f'plugin {number} ("{name}")' if name else f"plugin {number}")
        except StudioError as error:
            raise corrupt(self._file, _reason(error)) from error
        if not found.type:
            raise corrupt(self._file, f"plugin {number} has no type")
        return found

    def _connections(self, section: Element) -> Iterator[tuple[str, str]]:
        for each in section.findall("Connection"):
            ends = texts(each)
            source, target = ends.get("Source", ""), ends.get("Target", "")
            if ":" not in source or ":" not in target:
                raise corrupt(self._file, f'a connection from "{source}" to "{target}" lacks a port')
            yield source, target

    def _tempo(self, root: Element) -> float | None:
        text = root.findtext("Transport/BeatsPerMinute")
        if text is None:
            return None
        try:
            tempo = float(text)
        except ValueError:
            tempo = math.nan
        if not math.isfinite(tempo):
            raise corrupt(self._file, f'its tempo is no number: "{text[:40]}"')
        return tempo if _TEMPI[0] <= tempo < _TEMPI[1] else None


def _refuse_version(version: str, file: str) -> None:
    major = version.partition(".")[0]
    if not major.isdecimal():
        raise corrupt(file, "it has no version")
    if int(major) != _VERSION:
        older = int(major) < _VERSION
        hint = f"open it in Carla {_VERSION} and save it again" if older else "a newer studio may know it"
        message = f"this project is of Carla's format {version}, and studio knows {_VERSION}.x"
        raise StudioError("project-version", message, where=Where(file), hint=hint)


def _clients(section: Element, count: int) -> Iterator[tuple[int, str]]:
    """Give each plugin's JACK client, which Carla notes with its place on the canvas."""
    for each in section.iterfind("Positions/Position"):
        number, name = each.get("pluginId", ""), texts(each).get("Name")
        if number.isdecimal() and int(number) < count and name:
            yield int(number), name


def _reason(error: StudioError) -> str:
    """Return why something cannot be used, without the words that are for state files."""
    return error.message.removeprefix("The state file cannot be used: ").rstrip(".")


def _no_project(file: str, why: str, hint: str = "Carla's projects end in .carxp; is it the right one?") -> StudioError:
    return StudioError("not-a-project", f"this is no Carla project: {why}", where=Where(file), hint=hint)
