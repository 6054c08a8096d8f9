"""Where studio keeps its files, by the XDG base directory specification. Nothing here touches the disk."""

import os
from pathlib import Path

SOCKET_PATH_BYTES = 107
"""Longest path of a Unix socket on Linux (``sun_path`` less the closing NUL)."""


def state(session: str) -> Path:
    """Return the folder of a session's generations, journal and lock."""
    return _base("XDG_STATE_HOME", Path.home() / ".local/state") / session


def cache() -> Path:
    """Return the folder of what can be made again, such as the catalogue."""
    return _base("XDG_CACHE_HOME", Path.home() / ".cache")


def runtime() -> Path:
    """Return the folder of sockets and records of what runs. Made and checked by :func:`reconciler.host.place`."""
    folder = os.environ.get("XDG_RUNTIME_DIR")
    return Path(folder) / "studio" if folder else Path(f"/tmp/studio-{os.getuid()}")  # noqa: S108 -- 0700, owner checked


def _base(variable: str, otherwise: Path) -> Path:
    """Relative values are to be ignored, says the specification."""
    folder = os.environ.get(variable, "")
    return (Path(folder) if Path(folder).is_absolute() else otherwise) / "studio"
