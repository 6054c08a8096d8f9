"""Ending a session: its host, and the JACK server that studio started if nobody else needs it."""

import contextlib
import os
import signal

from reconciler.engines import choose
from reconciler.history.lock import Lock
from reconciler.history.record import Record
from reconciler.host.client import END_SECONDS, SILENCE_SECONDS, HostClient, ends_within
from reconciler.host.place import servers, sessions
from reconciler.manifest.models import Manifest
from reconciler.model.errors import Unavailable

FORCED_SECONDS = 3.0
"""Longest wait for an answer of a host that may be killed."""


def bring_down(manifest: Manifest, *, keep_jack: bool = False, force: bool = False) -> list[str]:
    """Stop what runs for a manifest's session; see :func:`stop`."""
    jack = manifest.hardware.jack
    server = jack.server if jack else None
    return stop(manifest.session, engine=manifest.engine.host, server=server, keep_jack=keep_jack, force=force)


def stop(
    session: str, *, engine: str = "auto", server: str | None = None, keep_jack: bool = False, force: bool = False
) -> list[str]:
    """Stop what runs for a session; return the words for what was stopped.

    Parameters
    ----------
    engine, server
        What the manifest says; a host that runs knows better.
    keep_jack
        Leave the JACK server alone even if studio started it.
    force
        Kill a host that does not answer at once; its plugins end with it.

    Raises
    ------
    Unavailable
        ``host-stuck`` or ``host-silent``, unless ``force``.
    """
    stopped: list[str] = []
    server = server or os.environ.get("JACK_DEFAULT_SERVER") or None
    with Lock(Record(session).folder):
        client = HostClient.find(session, patience_s=FORCED_SECONDS if force else SILENCE_SECONDS)
        if client is not None:
            stopped.append("the plugin host")
            pid = client.pid
            try:
                config = client.status().config
                engine, server = config.engine, config.server
                client.shutdown()
            except Unavailable:
                if not force:
                    raise
                _kill(pid)
                HostClient.find(session)  # returns when the plugins that it left have gone too
            finally:
                client.close()
        if not keep_jack and engine != "memory":
            _, hardware = choose.ground("jalv", server, servers())
            if hardware.running() is not None and not _needed(server):
                hardware.stop()
                stopped.append("JACK")
    return stopped


def _needed(server: str | None) -> bool:
    """Whether the host of another session lives on that server."""
    for session in sessions():
        client = HostClient.find(session)
        if client is not None:
            config = client.status().config
            client.close()
            if config.server == server and config.engine != "memory":
                return True
    return False


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(pid, signal.SIGKILL)
    if not ends_within(pid, END_SECONDS):
        hint = "a driver hangs: unplug the sound card, or restart the machine"
        message = f"the host process {pid} does not end, not even when killed"
        raise Unavailable("host-stuck", message, hint=hint)
