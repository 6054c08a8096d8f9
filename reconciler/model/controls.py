"""Ports that a host gives a plugin besides its own, for what moves its parameters from outside.

Carla has one MIDI input for all that follows MIDI, also at an effect without any of its own, and a CV input for every
parameter that follows CV, as long as it does.
"""

from collections.abc import Iterable

from reconciler.model.applications import SCHEME
from reconciler.model.catalogue import Direction, Kind, PluginType, PortInfo

EVENTS = "events-in"
"""The MIDI input, as Carla calls it."""


def events_port(kind: PluginType) -> PortInfo | None:
    """Return the plugin's own port that takes what its parameters follow: its only MIDI input, or one of that name."""
    inputs = [port for port in kind.ports if port.kind is Kind.MIDI and port.direction is Direction.IN]
    if len(inputs) == 1:
        return inputs[0]
    return next((port for port in inputs if port.name == EVENTS), None)


def added_ports(kind: PluginType, *, bridge: bool = False, cv: Iterable[str] = ()) -> tuple[PortInfo, ...]:
    """Return the ports that Carla adds to a plugin.

    Parameters
    ----------
    bridge
        It runs in a process of its own: there only what has audio outputs gets a MIDI input.
    cv
        Symbols of the parameters that follow CV. Each one's port has its symbol, with ``_cv`` behind it if another port
        has that, and its name.

    Notes
    -----
    The rule is that of ``needsCtrlIn`` in the ``reload`` of Carla's ``CarlaPluginLV2.cpp`` and
    ``CarlaPluginBridge.cpp``, measured on both. For all other formats the catalogue has it from Carla itself.
    """
    sounds = any(port.kind is Kind.AUDIO and port.direction is Direction.OUT for port in kind.ports)
    apart = bridge or kind.uri.startswith(f"{SCHEME}:")
    ports: list[PortInfo] = []
    behind = max((port.index for port in kind.ports), default=-1) + 1
    if events_port(kind) is None and (sounds or (kind.parameters and not apart)):
        ports.append(PortInfo(EVENTS, EVENTS, behind, Kind.MIDI, Direction.IN))
    following = set(cv)
    ports += [
        PortInfo(cv_symbol(kind, info.symbol), info.name, behind + 1 + info.index, Kind.CV, Direction.IN)
        for info in kind.parameters
        if info.symbol in following
    ]
    return tuple(ports)


def cv_symbol(kind: PluginType, symbol: str) -> str:
    """Return the symbol of the port by which a parameter follows CV."""
    return f"{symbol}_cv" if any(port.symbol == symbol for port in kind.ports) else symbol
