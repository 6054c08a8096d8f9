"""Names and addresses of plugins: Carla's in a project, the manifest's, and the way from one to the other."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from reconciler.manifest.names import LONGEST_NAME
from reconciler.model import applications
from reconciler.model.applications import Application
from reconciler.model.catalogue import PluginType
from reconciler.model.states import State
from reconciler.projects.document import scheme as scheme_of

SIXTEEN_OUTS = " (16 outs)"
"""How the label of a soundfont with an output pair per channel ends, and how Carla tells it when it loads one."""

_NOT_IN_NAMES = re.compile(r"[:/.*?\[\]>\x00-\x1f\x7f]")
_CARLAS_OWN_LIMIT = 57
"""Bytes that Carla leaves of a JACK client's name in multiple-clients mode (measured)."""


def manifest_names(names: Iterable[str]) -> list[str]:
    """Return a name that a manifest may have for each of Carla's, all different.

    What a name may not have becomes a dash, what is too long is cut, and of two equal ones the second is counted.
    """
    made: list[str] = []
    for name in names:
        plain = "".join(letter if letter.isprintable() else "-" for letter in _NOT_IN_NAMES.sub("-", name)).strip()
        plain = _cut(plain or "plugin", min(LONGEST_NAME, _CARLAS_OWN_LIMIT))
        unique, number = plain, 2
        while unique in made or unique == "system":
            tail = f" {number}"
            unique, number = _cut(plain, _CARLAS_OWN_LIMIT - len(tail)) + tail, number + 1
        made.append(unique)
    return made


def uris(plugin: State) -> list[str]:
    """Return what may stand behind ``plugin:`` for it, the likelier first; none for a type that studio does not know.

    As Carla does, a file that is not where the project says is looked for by its name.
    """
    scheme = scheme_of(plugin)
    if scheme is None:
        return []
    if scheme == "lv2":
        return [f"lv2:{plugin.label}"]
    if scheme == "jack":
        counts = [ord(sign) - ord("0") for sign in plugin.label[:4]]
        return [Application(plugin.file, *counts).uri] if len(counts) == 4 and min(counts) >= 0 else []
    if scheme == "internal":
        return [f"internal:{plugin.label}"]
    match scheme:
        case "sf2":
            behind = "#16" if plugin.label.endswith(SIXTEEN_OUTS) else ""
        case "sfz":
            behind = ""
        case "vst2":
            behind = f"#{plugin.unique_id}" if plugin.unique_id else ""
        case _:
            behind = f"#{plugin.label}" if plugin.label else ""
    path = Path(plugin.file)
    files = [str(path)] if path.is_absolute() and path.exists() else []
    return [f"{scheme}:{file}{behind}" for file in [*files, path.name]]


def written_uri(uri: str, folder: Path) -> str:
    """Return how a manifest in that folder writes a canonical URI: a sound file below it from there."""
    scheme, _, rest = uri.partition(":")
    if scheme not in ("sf2", "sfz") or not rest.startswith("/"):
        return uri
    path, hash_, label = rest.partition("#") if rest.endswith("#16") else (rest, "", "")
    return f"{scheme}:{relative(path, folder)}{hash_}{label}"


def relative(path: str, folder: Path) -> str:
    """Return a path from that folder if it is below it, always with a slash in it; else as it is."""
    inside = os.path.relpath(path, folder)
    if inside.startswith("..") or inside == ".":
        return path
    return inside if "/" in inside else f"./{inside}"


def carla_words(uri: str, kind: PluginType) -> tuple[str, str, str, int]:
    """Return type, label, binary and unique id that Carla loads a plugin of a canonical URI by."""
    scheme, _, rest = uri.partition(":")
    if scheme in ("lv2", "internal"):
        return scheme.upper(), rest, "", 0
    if application := applications.parse(uri):
        ports = (application.audio_in, application.audio_out, application.midi_in, application.midi_out)
        return "JACK", "".join(chr(ord("0") + count) for count in (*ports, 0, 0)), application.command, 0
    binary = kind.bundle or ""
    behind = rest.rpartition("#")[2] if "#" in rest else ""
    match scheme:
        case "sf2":
            label = kind.name + (SIXTEEN_OUTS if behind == "16" and not kind.name.endswith(SIXTEEN_OUTS) else "")
            return "SF2", label, binary, 0
        case "sfz":
            return "SFZ", kind.name, binary, 0
        case "vst2":
            return "VST2", "", binary, int(behind) if behind.isdecimal() else 0
        case _:
            return scheme.upper(), behind, binary, 0


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore").strip()
