"""A mono plugin that its host runs as a stereo one: it is loaded twice, once for each side (option ``force_stereo``).

Each of a plugin's two sides that has one audio port gets a second one, called as the first with ``_2`` behind it
(measured on Carla 2.6: ``Input``, ``Input_2``). A side with any other number of ports stays as it is.
"""

import msgspec

from reconciler.model.catalogue import Direction, Kind, PluginType, PortInfo


def widened(kind: PluginType) -> PluginType:
    """Return what a plugin is when its host forces it to stereo; the very same if it has no mono side."""
    mono = [side[0] for way in Direction if len(side := _audio(kind, way)) == 1]
    ports: list[PortInfo] = []
    for port in kind.ports:
        ports.append(port)
        if port in mono:
            ports.append(msgspec.structs.replace(port, symbol=f"{port.symbol}_2", name=f"{port.name}_2"))
    return msgspec.structs.replace(kind, ports=tuple(ports)) if mono else kind


def can_widen(kind: PluginType) -> bool:
    """Whether a host can force it to stereo: no side has more than one audio port, and it sends no MIDI."""
    sides = [len(_audio(kind, way)) for way in Direction]
    sends = any(port.kind is Kind.MIDI and port.direction is Direction.OUT for port in kind.ports)
    return max(sides) == 1 and not sends


def _audio(kind: PluginType, way: Direction) -> list[PortInfo]:
    return [port for port in kind.ports if port.kind is Kind.AUDIO and port.direction is way]
