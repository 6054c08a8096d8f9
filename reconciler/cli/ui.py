"""``studio ui``."""

import os

import click

from reconciler.cli.output import as_json, here, manifest_argument, say, say_json

DISPLAY = ("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY")


@click.command()
@click.argument("name")
@manifest_argument
@as_json
@click.option("--close", is_flag=True, help="Close it.")
def ui(name: str, manifest: str | None, *, as_json: bool, close: bool) -> int:
    """Open a plugin's own window, where this command has a display.

    What is turned there is drift: `studio drift` shows it, `studio apply` puts it back.
    """
    from reconciler.execution.desk import Desk
    from reconciler.host.client import HostClient
    from reconciler.manifest.load import find
    from reconciler.model.errors import Unavailable

    desk = Desk.open(find(manifest, here()))
    try:
        studio = desk.studio()
        if not isinstance(studio, HostClient):
            message = f"{desk.session.name} does not run, so {name} has no window"
            raise Unavailable("host-not-running", message, hint="`studio apply` starts it")
        display = {key: os.environ[key] for key in DISPLAY if os.environ.get(key)}
        studio.show_ui(name, shown=not close, display=display)
    finally:
        desk.close()
    if as_json:
        say_json({"session": desk.session.name, "plugin": name, "shown": not close})
    else:
        say(f"{name}: its window is {'closed' if close else 'open'}")
    return 0
