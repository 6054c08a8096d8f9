"""What JACK shows of a plugin in Carla: its ports come a moment after it, and go a moment after it."""

import time

from reconciler.engines import refusals
from reconciler.engines.carla import portnames
from reconciler.engines.carla.plugin import CarlaPlugin
from reconciler.engines.ports import AudioGraph

SETTLE_SECONDS = 2.0
"""How long the graph may take to show what Carla did. A rename, the slowest, takes 60 ms (measured)."""

_LOOK_SECONDS = 0.002


def has_ports(graph: AudioGraph | None, client: str) -> bool:
    """Return whether a client has any port."""
    return graph is not None and any(port.startswith(f"{client}:") for port in graph.ports())


def await_ports(graph: AudioGraph, plugin: CarlaPlugin, client: str) -> dict[str, str]:
    """Wait until all ports of a plugin are there; return their names within the client by symbol.

    Raises
    ------
    EngineError
        ``name-taken``: JACK gave it another name; ``plugin-failed``.
    """
    end = time.monotonic() + SETTLE_SECONDS
    while (found := portnames.resolve(plugin.kind, client, ports := graph.ports())) is None:
        if any(port.startswith(f"{client}-") for port in ports) and not has_ports(graph, client):
            raise refusals.name_taken(plugin.name, client)
        if time.monotonic() > end:
            there = [port for port in ports if port.startswith(f"{client}:")]
            raise refusals.plugin_failed(plugin.name, plugin.kind.uri, "JACK does not show all its ports", there)
        time.sleep(_LOOK_SECONDS)
    return found


def await_gone(graph: AudioGraph | None, client: str, within_s: float = SETTLE_SECONDS) -> bool:
    """Wait until a client's ports are gone; tell whether they are."""
    end = time.monotonic() + within_s
    while graph is not None and graph.alive and has_ports(graph, client):
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
