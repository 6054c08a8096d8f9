"""A Carla project's XML, read without trusting it.

Python's own parser is enough: what makes XML dangerous (entities that expand or fetch) can only stand in a document
type's own declarations, and a file with any is refused before it is parsed. Where Carla guesses at damage (a number
that is none is 0), this refuses.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.manifest.files import read_bytes, shown
from reconciler.model.errors import StudioError, Where
from reconciler.projects.document import CHUNK, Project, SavedData, SavedParameter, SavedPlugin, corrupt

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 64 * 1024 * 1024
"""Bytes. A hundred plugins without chunks take 0.3 MB; chunks can be large."""

_VERSION = 2
_DECLARATIONS = re.compile(r"<!(?:ENTITY|ELEMENT|ATTLIST|NOTATION)|<!DOCTYPE[^>\[]*\[")
_WRAPPED_FROM = 128 + 6  # characters, from which on Carla takes the line breaks off that it put around a value
_LEARNING = 132
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&quot;", '"'), ("&amp;", "&"))
_INTEGER = re.compile(r"[+-]?[0-9]+")
_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]+)")


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
    root = parse(content, file)
    if root.tag.upper() == "CARLA-PRESET":
        hint = "in a manifest it is the `state:` of that plugin"
        raise _no_project(file, "this is the state of a single plugin, not a project", hint)
    if root.tag.upper() != "CARLA-PROJECT":
        raise _no_project(file, f"this is no Carla project: it begins with <{root.tag[:40]}>")
    return _Reader(file).project(root)


def read_state(content: bytes, file: str) -> SavedPlugin:
    """Read a plugin's state file (``.carxs``). Raises as :func:`read` does."""
    root = parse(content, file)
    if root.tag.upper() != "CARLA-PRESET":
        raise _no_project(file, "this is no state of a plugin in Carla's form")
    return _Reader(file).plugin(root)


def parse(content: bytes, file: str) -> "Element":
    """Return the root of an XML document that declares nothing. Raises as :func:`read` does."""
    from xml.etree import ElementTree as ET  # noqa: N817, S405 -- see above: nothing dangerous reaches it

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content[:5] == b"<?xml" or content[:4] == b"<CAR":
            raise corrupt(file, f"byte {error.start + 1} is not UTF-8") from None
        raise _no_project(file, "this is no Carla project: it is no text") from None
    if not text.lstrip().startswith("<"):
        what = "it is empty" if not text.strip() else "it is no XML"
        raise _no_project(file, f"this is no Carla project: {what}")
    if found := _DECLARATIONS.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise corrupt(file, "it declares entities, which Carla never does", line)
    try:
        return ET.fromstring(text)  # noqa: S314
    except ET.ParseError as error:
        line, column = error.position
        why = str(error).partition(":")[0]
        raise corrupt(file, f"its XML ends too early or is broken ({why})", line, column + 1) from None


class _Reader:
    """Reads elements; every mistake names the plugin and the element."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._at = "the project"

    def project(self, root: "Element") -> Project:
        version = root.get("VERSION", "")
        self._refuse_version(version)
        plugins = tuple(self.plugin(each) for each in root.findall("Plugin"))
        self._at = "the project"
        inner, outer, settings = root.find("Patchbay"), root.find("ExternalPatchbay"), root.find("EngineSettings")
        tempo = root.find("Transport/BeatsPerMinute")
        return Project(
            version,
            plugins,
            None if inner is None else tuple(self._connections(inner)),
            () if outer is None else tuple(self._connections(outer)),
            {} if outer is None else dict(_clients(outer, len(plugins))),
            None if tempo is None else self._number(tempo),
            *(settings is not None and settings.findtext(tag) == "true" for tag in ("ForceStereo", "PreferPluginBridges")),
        )

    def plugin(self, element: "Element") -> SavedPlugin:
        """Read a ``Plugin``, or the root of a state file."""
        info, data = element.find("Info"), element.find("Data")
        if info is None or data is None or not _text(info.find("Type")):
            raise corrupt(self._file, f"a plugin after {self._at} has no type")
        facts = {child.tag: _text(child) for child in info}
        name = facts.get("Name", "")
        self._at = f'the plugin "{name}"'
        unique_id = info.find("UniqueID")
        found = {child.tag: child for child in data}
        return SavedPlugin(
            type=facts["Type"],
            name=name,
            label=next((facts[tag] for tag in ("Label", "URI", "Identifier", "Setup") if tag in facts), ""),
            binary=next((facts[tag] for tag in ("Binary", "Bundle", "Filename") if tag in facts), ""),
            unique_id=0 if unique_id is None else self._whole(unique_id),
            active=_text(found.get("Active")) == "Yes",
            dry_wet=self._within(found.get("DryWet"), 1.0, 0.0, 1.0),
            volume=self._within(found.get("Volume"), 1.0, 0.0, 1.27),
            balance_left=self._within(found.get("Balance-Left"), -1.0, -1.0, 1.0),
            balance_right=self._within(found.get("Balance-Right"), 1.0, -1.0, 1.0),
            panning=self._within(found.get("Panning"), 0.0, -1.0, 1.0),
            control_channel=self._channel(found.get("ControlChannel")),
            options=self._options(found.get("Options")),
            parameters=tuple(self._parameter(each) for each in data.findall("Parameter")),
            program=self._counted(found.get("CurrentProgramIndex")),
            program_name=_text(found.get("CurrentProgramName")),
            midi_bank=self._counted(found.get("CurrentMidiBank")),
            midi_program=self._counted(found.get("CurrentMidiProgram")),
            custom_data=tuple(self._custom(each) for each in data.findall("CustomData")),
            chunk="".join(_text(found["Chunk"]).split()) if "Chunk" in found else None,
        )

    def _parameter(self, element: "Element") -> SavedParameter:
        found = {child.tag: child for child in element}
        if "Index" not in found:
            raise corrupt(self._file, f"a parameter of {self._at} has no index")
        value, low, high = (found.get(tag) for tag in ("Value", "MappedMinimum", "MappedMaximum"))
        control = found.get("MappedControlIndex", found.get("MidiCC"))
        follows = None if control is None else self._whole(control)
        symbol = found.get("Symbol", found.get("Identifier"))
        return SavedParameter(
            index=self._whole(found["Index"]),
            name=_text(found.get("Name")),
            symbol=_text(symbol),
            value=None if value is None else self._number(value),
            control=None if follows is None or follows < 0 or follows == _LEARNING else follows,
            channel=max(self._channel(found.get("MidiChannel")), 0),
            low=None if low is None or high is None else self._number(low),
            high=None if low is None or high is None else self._number(high),
        )

    def _custom(self, element: "Element") -> SavedData:
        kind, key, value = _text(element.find("Type")), _text(element.find("Key")), element.find("Value")
        if not kind or not key or value is None:
            raise corrupt(self._file, f"custom data of {self._at} lacks its type, key or value")
        text = value.text or ""
        if (kind == CHUNK or len(text) >= _WRAPPED_FROM) and len(text) >= 6:
            text = text[1:-5]
        return SavedData(kind, key, _unescaped(text))

    def _connections(self, section: "Element") -> Iterator[tuple[str, str]]:
        for each in section.iter("Connection"):
            source, target = _text(each.find("Source")), _text(each.find("Target"))
            if ":" not in source or ":" not in target:
                raise corrupt(self._file, f'a connection from "{source}" to "{target}" lacks a port')
            yield source, target

    def _refuse_version(self, version: str) -> None:
        major = version.partition(".")[0]
        if not major.isdecimal():
            raise corrupt(self._file, "it has no version")
        if int(major) == _VERSION:
            return
        where = Where(self._file)
        if int(major) < _VERSION:
            hint = f"open it in Carla {_VERSION} and save it again"
        else:
            hint = "a newer studio may know it"
        message = f"this project is of Carla's format {version}, and studio knows {_VERSION}.x"
        raise StudioError("project-version", message, where=where, hint=hint)

    def _number(self, element: "Element") -> float:
        text = _text(element)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise corrupt(self._file, f'{element.tag} of {self._at} is no number: "{text[:40]}"')
        return value

    def _whole(self, element: "Element") -> int:
        text = _text(element)
        if _INTEGER.fullmatch(text) is None or len(text) > 20:
            raise corrupt(self._file, f'{element.tag} of {self._at} is no whole number: "{text[:40]}"')
        return int(text)

    def _within(self, element: "Element | None", default: float, low: float, high: float) -> float:
        return default if element is None else min(max(self._number(element), low), high)

    def _counted(self, element: "Element | None") -> int | None:
        """Return what the file counts from 1, counted from 0."""
        if element is None:
            return None
        number = self._whole(element)
        return number - 1 if number >= 1 else None

    def _channel(self, element: "Element | None") -> int:
        if element is None or _text(element)[:1].lower() == "n":
            return -1
        number = self._whole(element)
        return number - 1 if 1 <= number <= 16 else -1

    def _options(self, element: "Element | None") -> int | None:
        if element is None:
            return None
        found = _HEX.fullmatch(_text(element))
        if found is None:
            raise corrupt(self._file, f'Options of {self._at} are no number: "{_text(element)[:40]}"')
        return int(found[1], 16)


def _clients(section: "Element", count: int) -> Iterator[tuple[int, str]]:
    """Give each plugin's JACK client, which Carla notes with its place on the canvas."""
    for each in section.iterfind("Positions/Position"):
        number, name = each.get("pluginId", ""), _text(each.find("Name"))
        if number.isdecimal() and int(number) < count and name:
            yield int(number), name


def _text(element: "Element | None") -> str:
    return "" if element is None or element.text is None else _unescaped(element.text.strip())


def _unescaped(text: str) -> str:
    """Resolve escapes once more after the parser did, as Carla does: what a file means is what Carla makes of it."""
    if "&" in text:
        for escape, meant in _ESCAPES:
            text = text.replace(escape, meant)
    return text


def _no_project(file: str, message: str, hint: str = "Carla's projects end in .carxp; is it the right file?") -> StudioError:
    return StudioError("not-a-project", message, where=Where(file), hint=hint)
