"""What Carla calls a plugin's ports in JACK.

Audio and CV ports have the name the plugin gives them, made unique within the client as Carla does it. A plugin's
only event port is called ``events-in`` or ``events-out`` whatever its name, several keep theirs (Carla's source,
``CarlaPluginLV2.cpp``, ``CarlaEngineClient.cpp``), and a bridge calls it ``event-in`` or ``event-out`` (measured);
which of these applies shows in the graph. For other formats than LV2 the catalogue has the names from Carla itself.
"""

import re
from collections.abc import Iterable, Mapping

from reconciler.model.catalogue import Direction, Kind, PluginType
from reconciler.model.controls import added_ports
from reconciler.model.resources import Port

_NUMBERED = re.compile(r"^(.*) \((\d{1,2})\)$", re.DOTALL)
_EVENTS = {Direction.IN: ("events-in", "event-in"), Direction.OUT: ("events-out", "event-out")}


def jack_names(kind: PluginType) -> dict[str, tuple[str, ...]]:
    """Return, by symbol, the names that each port may have within its client, the likelier one first."""
    taken: dict[tuple[Kind, Direction], list[str]] = {
        (of, way): [] for of in (Kind.AUDIO, Kind.CV, Kind.MIDI) for way in (Direction.IN, Direction.OUT)
    }
    names: dict[str, tuple[str, ...]] = {}
    for port in sorted(kind.ports, key=lambda port: port.index):
        own = port.name
        for known in taken.values():
            own = unlike(own, known)
        if port.kind is Kind.MIDI:
            names[port.symbol] = (own, *_EVENTS[port.direction])
        else:
            names[port.symbol] = (own,)
            taken[port.kind, port.direction].append(own)
    return names


def added_names(kind: PluginType, own: Mapping[str, str], cv: Iterable[str], *, bridged: bool) -> dict[str, str]:
    """Return, by symbol, what the ports are called that Carla adds, where that is not their symbol.

    Parameters
    ----------
    own
        The names of the plugin's own ports.
    cv
        Symbols of the parameters that follow CV.
    bridged
        It runs in a process of its own.
    """
    taken = [*own.values(), *(name for names in _EVENTS.values() for name in names)]
    found: dict[str, str] = {}
    for port in added_ports(kind, bridge=bridged, cv=cv):
        if port.kind is Kind.CV:
            found[port.symbol] = unlike(port.name, taken)
        elif bridged:
            found[port.symbol] = _EVENTS[Direction.IN][1]
    return found


def resolve(kind: PluginType, client: str, ports: Mapping[str, Port]) -> dict[str, str] | None:
    """Return each port's name within its client by symbol, or None while one of them does not show in the graph."""
    found: dict[str, str] = {}
    candidates = jack_names(kind)
    for port in kind.ports:
        for name in candidates[port.symbol]:
            there = ports.get(f"{client}:{name}")
            if there is not None and there.direction is port.direction and _same(there.kind, port.kind):
                found[port.symbol] = name
                break
        else:
            return None
    return found


def _same(seen: Kind, meant: Kind) -> bool:
    """Compare kinds as JACK tells them apart: CV is audio there."""
    return (seen is Kind.MIDI) == (meant is Kind.MIDI)


def unlike(name: str, taken: Iterable[str]) -> str:
    """Count a name up for each one that it meets, in order, exactly as Carla does."""
    for known in taken:
        if name != known:
            continue
        numbered = _NUMBERED.match(name)
        name = f"{numbered[1]} ({int(numbered[2]) + 1})" if numbered else f"{name} (2)"
    return name
