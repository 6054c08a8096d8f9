"""The example sessions: ``sessions/`` of the source tree, ``reconciler/examples`` when installed."""

from pathlib import Path

import reconciler


def examples() -> dict[str, Path]:
    """Return each example manifest by its name."""
    package = Path(reconciler.__file__).parent
    installed, source = package / "examples", package.parent / "sessions"
    folder = installed if installed.is_dir() else source
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
