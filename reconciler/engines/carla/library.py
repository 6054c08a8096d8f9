"""Carla on this machine: where it is, and its library loaded into this process.

The library is driven through the ctypes wrapper that Carla ships beside it (``carla_backend.py``, no Qt), because the
layouts of its structures change from version to version and that wrapper always fits its own library.

Load it only in a host process: a plugin that crashes takes the whole process along, and the engine is one of a kind
in its process.
"""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from reconciler.model.errors import Unavailable

_NEEDED = ("ENGINE_OPTION_OSC_ENABLED", "PARAMETER_PANNING", "CONTROL_INDEX_MIDI_PITCHBEND")
"""What tells a Carla that is new enough: all since 2.3. By name, because Carla before 2.6 tells no version at all."""

_PREFIXES = ("/usr", "/usr/local", "/app", "/opt/carla")
_LIBRARY = "libcarla_standalone2.so"
_WRAPPER = "carla_backend.py"

_LACKING: dict[str, tuple[tuple[Any, ...], Any]] = {
    "carla_get_plugin_latency": ((ctypes.c_void_p, ctypes.c_uint), ctypes.c_uint32),
    "carla_get_audio_port_hints": ((ctypes.c_void_p, ctypes.c_uint, ctypes.c_bool, ctypes.c_uint32), ctypes.c_uint),
    "carla_get_current_project_folder": ((ctypes.c_void_p,), ctypes.c_char_p),
    "carla_get_current_project_filename": ((ctypes.c_void_p,), ctypes.c_char_p),
}
"""Exported, and not declared by the wrapper: without this a 64-bit handle is cut in half and the call crashes."""


class Installation(msgspec.Struct, frozen=True):
    """Where one Carla is."""

    library: Path
    """``libcarla_standalone2.so``; its folder also holds the bridges and the discovery tool."""
    wrapper: Path
    """``carla_backend.py``."""

    @property
    def binaries(self) -> Path:
        """Return the folder of bridges and tools."""
        return self.library.parent

    @property
    def resources(self) -> Path:
        """Return the folder of what internal plugins need."""
        return self.wrapper.parent / "resources"


class Library(msgspec.Struct, frozen=True):
    """Carla loaded into this process."""

    installation: Installation
    version: str
    backend: Any
    """The wrapper's module, for its constants."""
    host: Any
    """The wrapper's ``CarlaHostDLL``; ``host.lib`` has the functions themselves."""
    arithmetic: Any
    """How this thread calculated before Carla came."""

    def calculate_as_before(self) -> None:
        """Undo what libraries of plugins do when they are loaded: flush this thread's subnormal numbers to zero."""
        _libc.fesetenv(self.arithmetic)


_loaded: list[Library] = []
_libc = ctypes.CDLL(None)
_FENV_BYTES = 256
"""Room for a ``fenv_t``, which is 32 bytes on x86-64 and 8 on ARM."""


def find() -> Installation | None:
    """Return the Carla of this machine, or None.

    ``CARLA_PREFIX`` names the prefix it was installed under; where it is set nothing else is looked at. Otherwise the
    places of distributions, in which the library is in ``lib/carla``, ``lib64/carla`` or a folder per architecture.
    """
    asked = os.environ.get("CARLA_PREFIX")
    for prefix in [asked] if asked else _PREFIXES:
        wrapper = Path(prefix, "share", "carla", _WRAPPER)
        if not wrapper.is_file():
            continue
        for folder in _folders(Path(prefix)):
            if (folder / _LIBRARY).is_file():
                return Installation(folder / _LIBRARY, wrapper)
    return None


def need() -> Installation:
    """Return the Carla of this machine.

    Raises
    ------
    Unavailable
        ``host-not-installed``.
    """
    found = find()
    if found is None:
        asked = os.environ.get("CARLA_PREFIX")
        where = f"CARLA_PREFIX is {asked}, and there is none" if asked else "looked under " + ", ".join(_PREFIXES)
        raise Unavailable(
            "host-not-installed",
            f"Carla, which this session asks for, is not installed ({where}).",
            hint="Install Carla, or set CARLA_PREFIX to where it is, or take `host: auto` (LV2 plugins run in jalv).",
        )
    return found


def load() -> Library:
    """Load the library into this process, once, and from then on keep its chatter away from stdout.

    Raises
    ------
    Unavailable
        ``host-not-installed``; ``carla-broken`` if it does not load; ``carla-too-old``.
    """
    if _loaded:
        return _loaded[0]
    installation = need()
    guard_stdout()
    arithmetic = ctypes.create_string_buffer(_FENV_BYTES)
    _libc.fegetenv(arithmetic)
    backend = _wrapper(installation)
    version = _check_version(backend, installation)
    try:
        host = backend.CarlaHostDLL(str(installation.library), False)
    except (OSError, AttributeError) as error:  # AttributeError: a function that this wrapper expects is not in it
        raise _broken(installation.library, error) from error
    for name, (takes, gives) in _LACKING.items():
        function = getattr(host.lib, name, None)
        if function is not None:
            function.argtypes, function.restype = takes, gives
    loaded = Library(installation, version, backend, host, arithmetic)
    loaded.calculate_as_before()
    _loaded.append(loaded)
    return _loaded[0]


def guard_stdout() -> None:
    """Send to stderr what C code prints to stdout, and leave stdout to Python alone.

    libjack says "libjack.so.0 loaded successfully!" there as soon as Carla loads it, and Carla's own notes come late
    because C buffers them (both measured), so this must happen before, and for good.
    """
    out = sys.stdout
    out.flush()
    encoding, errors = out.encoding, out.errors
    if out is sys.__stdout__:  # else somebody has caught it, and it does not come this way
        sys.stdout = os.fdopen(os.dup(1), "w", buffering=1, encoding=encoding, errors=errors)
    os.dup2(2, 1)


def _folders(prefix: Path) -> Iterator[Path]:
    yield prefix / "lib" / "carla"
    yield prefix / "lib64" / "carla"
    yield from sorted(prefix.glob("lib/*-linux-gnu*/carla"))


def _wrapper(installation: Installation) -> Any:
    """Import ``carla_backend``, with the folder of its neighbour ``common`` on the path for as long as that takes."""
    specification = importlib.util.spec_from_file_location("carla_backend", installation.wrapper)
    if specification is None or specification.loader is None:
        raise _broken(installation.wrapper, "it is no Python module")
    module = importlib.util.module_from_spec(specification)
    folder = str(installation.wrapper.parent)
    sys.path.insert(0, folder)
    try:
        specification.loader.exec_module(module)
    except (ImportError, SyntaxError) as error:
        raise _broken(installation.wrapper, error) from error
    finally:
        sys.path.remove(folder)
    return module


def _check_version(backend: Any, installation: Installation) -> str:
    missing = [name for name in _NEEDED if not hasattr(backend, name)]
    version = str(getattr(backend, "CARLA_VERSION_STRING", "2.5 or older"))
    if missing:
        raise Unavailable(
            "carla-too-old",
            f"The Carla in {installation.binaries} is too old: it does not know {missing[0]}, which 2.3 has.",
            hint="Install a newer Carla, or set CARLA_PREFIX to one, or take `host: jalv` for LV2 plugins.",
            details={"version": version, "missing": missing},
        )
    return version


def _broken(path: Path, why: object) -> Unavailable:
    return Unavailable(
        "carla-broken",
        f"Carla is installed but does not load: {path}: {why}.",
        hint="Reinstall Carla, or take `host: jalv` for LV2 plugins.",
    )
