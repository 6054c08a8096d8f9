"""The scanner process: reads the bundles named on its standard input and says what is in them.

Run as ``python -m reconciler.engines.lv2.scan LIBRARY``; speaks :mod:`~reconciler.engines.lv2.lines` on standard
output. It is a process of its own because a plugin's data can crash lilv or hang it (a bundle may even bring code that
lilv runs to make its data), and the marker before each bundle tells which one to blame.
"""

import ctypes
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from reconciler.engines.lv2 import vocabulary as lv2
from reconciler.engines.lv2.lilv import Lilv, World
from reconciler.engines.lv2.lines import Begin, End, FlawLine, Hello, Line, Missing, PluginLine, PresetsLine
from reconciler.engines.lv2.reader import Malformed, read_plugin, read_preset
from reconciler.model.catalogue import PresetInfo

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_COMPILED_PATH = re.compile(rb"(?:[~/][^\0:]*lv2:)+[~/][^\0:]*lv2(?=\0)")
_ERROR = re.compile(r"(?:\w+\(\): )?error: (.*)")
_USUAL_PATH = "~/.lv2:/usr/local/lib/lv2:/usr/lib/lv2"


def main() -> int:
    """Scan; return the exit code."""
    _die_with_parent()
    out = _guard_stdout()
    encode = msgspec.json.Encoder().encode

    def say(line: Line) -> None:
        out.write(encode(line) + b"\n")

    try:
        library = Lilv(sys.argv[1])
    except OSError as error:
        say(Missing(reason=str(error)))
        return 1
    file = _file_of_library(Path(sys.argv[1]).name)
    say(Hello(library=file, default_path=_default_path(file)))
    for name in sys.stdin.buffer.read().split(b"\0"):
        if name:
            bundle = Path(os.fsdecode(name))
            say(Begin(bundle=str(bundle)))
            with library.world() as world:
                for line in _bundle(world, bundle, encode):
                    say(line)
            say(End(bundle=str(bundle)))
    return 0


class Complaints:
    """What lilv has printed since the last look: it reports mistakes in the data nowhere else.

    Standard error is a file (the parent gives one, and reads the end of it if this process dies).
    """

    def __init__(self) -> None:
        self._seen = os.fstat(2).st_size

    def errors(self) -> list[str]:
        """Return the errors printed since the last call."""
        size = os.fstat(2).st_size
        if size == self._seen:
            return []
        text = os.pread(2, size - self._seen, self._seen).decode(errors="replace")
        self._seen = size
        return [found.group(1) for line in text.splitlines() if (found := _ERROR.fullmatch(line))]


def _bundle(world: World, bundle: Path, encode: Callable[[object], bytes]) -> Iterator[Line]:
    complaints = Complaints()
    world.load_bundle(bundle)
    errors = complaints.errors()
    if errors:
        # What came before the mistake is loaded, what comes after is not: nobody can tell what is missing.
        yield FlawLine(subject=None, reason=errors[0])
        return
    for plugin in world.plugins():
        uri = world.text(world.c.lilv_plugin_get_uri(plugin))
        try:
            read = read_plugin(world, plugin, bundle)
        except Malformed as malformed:
            yield FlawLine(subject=f"lv2:{uri}", reason=next(iter(complaints.errors()), str(malformed)))
            continue
        complaints.errors()
        found = read.plugin
        yield PluginLine(
            uri=found.uri,
            name=found.name,
            author=found.author,
            category=found.category,
            version=read.version,
            body=msgspec.Raw(encode(found)),
        )
    presets: dict[str, list[PresetInfo]] = {}
    with world.subjects(lv2.RDF_TYPE, lv2.PRESET) as nodes:
        for node in sorted(nodes, key=world.text):
            if not world.c.lilv_node_is_uri(node):
                continue
            world.load_resource(node)
            errors = complaints.errors()
            if errors:
                yield FlawLine(subject=world.text(node), reason=errors[0])
                continue
            preset = read_preset(world, node)
            for plugin_uri in world.texts(node, lv2.APPLIES_TO):
                presets.setdefault(f"lv2:{plugin_uri}", []).append(preset)
    for plugin_uri, of_plugin in sorted(presets.items()):
        yield PresetsLine(plugin=plugin_uri, body=msgspec.Raw(encode(of_plugin)))


def _die_with_parent() -> None:
    """Leave nothing behind: a scanner that hangs in a bundle would outlive a killed studio otherwise."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _guard_stdout() -> BinaryIO:
    """Keep the real standard output for our lines; whatever a library prints goes to standard error."""
    # Unbuffered, so that the marker of a bundle is out before the bundle can do harm.
    real = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return real


def _file_of_library(name: str) -> str:
    stem = name.partition(".so")[0]
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        path = line.split(maxsplit=5)[-1]
        if path.startswith("/") and Path(path).name.startswith(f"{stem}.so"):
            return path
    return ""


def _default_path(library: str) -> str:
    """Return the search path compiled into lilv.

    Distributions choose it when they build lilv (Debian 12 looks in a folder per architecture, Fedora in ``lib64``)
    and no function tells it; so it is read from the file. Listing more than lilv finds would promise plugins that no
    host can load.
    """
    found = _COMPILED_PATH.search(Path(library).read_bytes()) if library else None
    return found.group().decode() if found else _USUAL_PATH


if __name__ == "__main__":
    sys.exit(main())
