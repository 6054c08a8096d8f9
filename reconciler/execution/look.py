"""The studio as it is, read without a plan in mind."""

import os
from pathlib import Path

from reconciler.engines import choose
from reconciler.execution.desk import Desk
from reconciler.host.place import servers
from reconciler.manifest.load import find
from reconciler.model.errors import StudioError, Unavailable
from reconciler.model.resources import Observed


def look(manifest: Path | None, folder: Path) -> Observed:
    """Read the studio as a session calls it; without a manifest in reach, JACK as it is.

    Raises
    ------
    Unavailable
        ``jack-not-running``.
    """
    if manifest is None:
        try:
            manifest = find(None, folder)
        except StudioError:
            server = os.environ.get("JACK_DEFAULT_SERVER") or None
            observed = choose.look("jalv", prefix="", server=server, servers=servers()).observe()
            return _running(observed)
    desk = Desk.open(manifest)
    try:
        return _running(desk.studio().observe())
    finally:
        desk.close()


def _running(observed: Observed) -> Observed:
    if observed.jack is None:
        raise Unavailable("jack-not-running", "no JACK server is running", hint="`studio up` or `studio doctor`")
    return observed
