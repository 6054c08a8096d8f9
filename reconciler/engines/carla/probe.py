"""Say what Carla is on this machine, by loading it: ``python -m reconciler.engines.carla.probe``.

In a process of its own, because what is broken may take its process down, and because loading Carla is for good.
"""

import json
import sys
from pathlib import Path

from reconciler.engines.carla import library
from reconciler.model.errors import Unavailable

TOOL = "carla-discovery-native"
BRIDGE = "carla-bridge-native"
_WINDOWS = "carla-bridge-lv2-*"


def find() -> dict[str, object]:
    """Return what there is, in JSON's own types; empty where there is no Carla."""
    found = library.find()
    if found is None:
        return {}
    said: dict[str, object] = {
        "folder": str(found.binaries),
        "discovery": _runs(found.binaries / TOOL),
        "bridge": _runs(found.binaries / BRIDGE),
        "windows": sorted(
            path.name.removeprefix(_WINDOWS[:-1]) for path in found.binaries.glob(_WINDOWS) if _runs(path)
        ),
    }
    try:
        return {**said, "version": library.load().version}
    except Unavailable as error:
        version = (error.details or {}).get("version")
        return {**said, "version": version, "code": error.code, "trouble": error.message, "hint": error.hint}


def _runs(path: Path) -> bool:
    return path.is_file() and path.stat().st_mode & 0o111 != 0


if __name__ == "__main__":
    told = find()
    sys.stdout.write(json.dumps(told) + "\n")  # looked up only now: loading Carla puts it in another place
