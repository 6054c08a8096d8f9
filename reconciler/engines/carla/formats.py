"""The kinds of plugin that Carla loads from files, and the folders in which their files lie.

The folders are those of Carla's own plugin list (``carla_shared.py``: the variable if it is set, else these), and after
them ``lib64`` and the folder per architecture, in which some distributions put DSSI and VST plugins and which Carla's
list overlooks; it loads from there all the same, as it is always given the whole path.
"""

import enum
import os
import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from reconciler.model import applications
from reconciler.model.catalogue import PluginType


class Format(enum.StrEnum):
    """Schemes of plugin URIs, as ``carla-discovery-native`` calls them too. LV2 has a catalogue of its own."""

    INTERNAL = "internal"
    LADSPA = "ladspa"
    DSSI = "dssi"
    VST2 = "vst2"
    VST3 = "vst3"
    CLAP = "clap"
    SF2 = "sf2"
    SFZ = "sfz"


class Traits(msgspec.Struct, frozen=True):
    """What tells one format from another."""

    number: int
    """``PluginType`` of CarlaBackend.h."""
    suffixes: tuple[str, ...] = ()
    """Of its files, in lower case."""
    variable: str | None = None
    """The search path, as folders with colons between."""
    folders: tuple[str, ...] = ()
    """The search path where that variable is not set; ``LIB`` stands for each folder of libraries."""
    labelled: bool = False
    """Its files can hold several plugins, so that ``#LABEL`` belongs to the URI."""
    named: bool = False
    """May be asked for by name alone: nobody knows its file names or class ids by heart."""
    folder: bool = False
    """Its files are folders (VST3 bundles)."""


TRAITS: dict[Format, Traits] = {
    Format.INTERNAL: Traits(1, labelled=True, named=True),
    Format.LADSPA: Traits(2, (".so",), "LADSPA_PATH", ("~/.ladspa", "LIB/ladspa"), labelled=True),
    Format.DSSI: Traits(3, (".so",), "DSSI_PATH", ("~/.dssi", "LIB/dssi"), labelled=True),
    Format.VST2: Traits(5, (".so",), "VST_PATH", ("~/.vst", "LIB/vst", "~/.lxvst", "LIB/lxvst"), True, True),
    Format.VST3: Traits(6, (".vst3",), "VST3_PATH", ("~/.vst3", "LIB/vst3"), True, True, folder=True),
    Format.SF2: Traits(
        10,
        (".sf2", ".sf3"),
        "SF2_PATH",
        (
            "~/.sounds/sf2",
            "~/.sounds/sf3",
            "/usr/share/sounds/sf2",
            "/usr/share/sounds/sf3",
            "/usr/share/soundfonts",
        ),
        labelled=True,
    ),
    Format.SFZ: Traits(11, (".sfz",), "SFZ_PATH", ("~/.sounds/sfz", "/usr/share/sounds/sfz")),
    Format.CLAP: Traits(14, (".clap",), "CLAP_PATH", ("~/.clap", "LIB/clap"), True, True),
}

FILES = tuple(format_ for format_ in Format if format_ is not Format.INTERNAL)
"""The formats whose plugins lie in files."""

_LIBRARIES = tuple(
    dict.fromkeys(
        (
            "/usr/lib",
            "/usr/local/lib",
            "/usr/lib64",
            "/usr/local/lib64",
            f"/usr/lib/{sysconfig.get_config_var('MULTIARCH') or ''}".rstrip("/"),
        )
    )
)


SOUNDS = frozenset({Format.SF2, Format.SFZ})
"""Formats whose files hold no code, so that one may lie anywhere, such as beside the manifest."""


def search_path(format_: Format, environ: Mapping[str, str]) -> list[Path]:
    """Return the folders that hold plugins of a format, the first to be looked into first.

    Parameters
    ----------
    format_
        INTERNAL has none.
    environ
        The format's variable wins where it is set, even when empty; ``HOME`` is put in for ``~``. A folder that is not
        absolute then is left out: what it means would depend on where studio was started.
    """
    traits = TRAITS[format_]
    home = environ.get("HOME") or str(Path.home())
    stated = environ.get(traits.variable or "")
    texts = list(traits.folders) if stated is None else stated.split(":")
    folders: list[Path] = []
    for text in texts:
        spots = [text.replace("LIB", place, 1) for place in _LIBRARIES] if text.startswith("LIB/") else [text]
        folders += [Path(home + spot[1:] if spot.startswith("~/") else spot) for spot in spots]
    return [folder for folder in dict.fromkeys(folders) if folder.is_absolute()]


def find_files(format_: Format, environ: Mapping[str, str]) -> list[Path]:
    """Return every file of a format in its folders and the folders below, in the order of the search path.

    A folder that cannot be read counts as empty, as it does for Carla. A name that no manifest could hold (blanks at an
    end, invisible characters, bytes that are no UTF-8) is passed over.
    """
    found: dict[Path, None] = {}
    seen: set[tuple[int, int]] = set()  # on some systems /usr/lib64 is a link to /usr/lib
    for folder in search_path(format_, environ):
        if not str(folder).isprintable():
            continue
        found.update(dict.fromkeys(_below(folder, TRAITS[format_], seen)))
    return list(found)


def locate(format_: Format, name: str, environ: Mapping[str, str]) -> Path | None:
    """Return the file that a bare file name means: directly in a folder of the search path, else further below."""
    for folder in search_path(format_, environ):
        if is_plugin_file(format_, folder / name):
            return folder / name
    return next((path for path in find_files(format_, environ) if path.name == name), None)


def installed_program(uri: str, environ: Mapping[str, str]) -> PluginType | None:
    """Describe a JACK program (``jack:COMMAND``) if ``PATH`` leads to it, else None; nothing of it is run."""
    program = applications.parse(uri)
    if program is None or shutil.which(program.program, path=environ.get("PATH")) is None:
        return None
    return applications.describe(program)


def is_plugin_file(format_: Format, path: Path) -> bool:
    """Tell whether it is there and is a file (or bundle) with a name of that format: no device, pipe or the like."""
    traits = TRAITS[format_]
    if path.suffix.lower() not in traits.suffixes:
        return False
    return path.is_dir() if traits.folder else path.is_file()


def fingerprint(path: Path) -> str:
    """Return what changes whenever the file is written: its time in ns and its size, of each file in a bundle.

    Raises
    ------
    OSError
        It is not there.
    """
    if not path.is_dir():
        state = path.stat()
        return f"{state.st_mtime_ns}-{state.st_size}"
    import zlib

    text = ""
    for folder, names, files in os.walk(path):
        names.sort()
        for name in sorted(files):
            inside = Path(folder, name)
            if inside.exists():
                state = inside.stat()
                text += f"{inside}\0{state.st_mtime_ns}\0{state.st_size}\0"
    return f"{zlib.crc32(text.encode(errors='surrogateescape')):08x}-{len(text)}"


def _below(folder: Path, traits: Traits, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        state = folder.stat()
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    if (state.st_dev, state.st_ino) in seen:
        return  # a link back up
    seen.add((state.st_dev, state.st_ino))
    deeper: list[Path] = []
    for entry in listed:
        if entry.name.startswith(".") or not entry.name.isprintable() or entry.name != entry.name.strip():
            continue
        path = Path(entry.path)
        matches = path.suffix.lower() in traits.suffixes
        if entry.is_dir():
            if matches and traits.folder:
                yield path
            else:
                deeper.append(path)
        elif matches and not traits.folder and entry.is_file():
            yield path
    for path in deeper:
        yield from _below(path, traits, seen)
