"""A plugin's own window: opened and closed by Carla, and seen on the screen, as Carla does not tell of success."""

import os
import subprocess
import sys
import time

from reconciler.engines import refusals
from reconciler.engines.carla.engine import CarlaEngine
from reconciler.engines.carla.screen import BLIND, YES
from reconciler.model.errors import EngineError, Unavailable

WINDOW_SECONDS = 8.0
"""How long a window may take to come or go; the slowest seen, a first one through a bridge, takes 1 s."""

_HAS_WINDOW = 0x8
"""``PLUGIN_HAS_CUSTOM_UI`` of CarlaBackend.h."""
_LOOK_SECONDS = 0.01


def show(engine: CarlaEngine, plugin_id: int, name: str, *, shown: bool) -> None:
    """Open or close a plugin's window, and see that it has come or gone.

    Raises
    ------
    EngineError
        ``no-ui``; ``ui-failed``: no window came, or it stays.
    Unavailable
        ``no-display``: this process has none, or it does not answer.
    """
    if not engine.hints(plugin_id) & _HAS_WINDOW:
        hint = "its parameters are in the manifest; `studio plugins describe` lists them"
        raise EngineError("no-ui", f"{name} has no window of its own here", where=refusals.plugin_at(name), hint=hint)
    if not os.environ.get("DISPLAY"):
        raise _no_display(name, "there is no display")
    title = f"{engine.names()[plugin_id]} (GUI)"  # as Carla calls it, whoever draws it
    command = [sys.executable, "-m", "reconciler.engines.carla.screen", title, "open" if shown else "gone"]
    with subprocess.Popen([*command, str(WINDOW_SECONDS)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as watcher:
        assert watcher.stdout is not None
        if not watcher.stdout.readline():
            watcher.wait()
            raise _no_display(name, f"the display {os.environ['DISPLAY']} does not answer")
        engine.show_window(plugin_id, shown=shown)
        while watcher.poll() is None:
            engine.idle()
            time.sleep(_LOOK_SECONDS)
    if watcher.returncode == BLIND:
        raise _no_display(name, f"the display {os.environ['DISPLAY']} does not answer")
    if watcher.returncode != YES:
        happened = "did not come" if shown else "does not close"
        engine.show_window(plugin_id, shown=False)
        raise EngineError(
            "ui-failed",
            f"the window of {name} {happened} within {WINDOW_SECONDS:g} s",
            where=refusals.plugin_at(name),
            hint="what it said is in the host's log; its parameters can be set in the manifest all the same",
        )


def _no_display(name: str, why: str) -> Unavailable:
    hint = "type it in a terminal of the desktop, or name its display: `DISPLAY=:0 studio ui …`; over ssh use `ssh -X`"
    message = f"the window of {name} cannot be shown: {why}"
    return Unavailable("no-display", message, where=refusals.plugin_at(name), hint=hint)
