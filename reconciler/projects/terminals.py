"""The ports by which Carla's patchbay meets JACK: what a project calls them inside, and what JACK calls them.

The inner names were read in projects that Carla 2.6 saved; ``Capture 3`` and so on are those of a Carla with more than
two channels (``CarlaEngine::loadProjectInternal``).
"""

import re
from collections.abc import Iterable

from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import Port, Terminals

CARLA = "Carla"
"""The name of Carla's own client, unless somebody gave it another."""

_INNER = {
    "audio-in1": "Audio Input:Left",
    "audio-in2": "Audio Input:Right",
    "audio-in3": "Audio Input:Sidechain",
    "audio-out1": "Audio Output:Left",
    "audio-out2": "Audio Output:Right",
    "events-in": "Midi Input:Capture 1",
    "events-out": "Midi Output:Playback 1",
}
_PORTS = {inner: port for port, inner in _INNER.items()}
_NUMBERED = re.compile(r"Audio (?:(Input):Capture|(Output):Playback) ([0-9]+)")
_OWN_PORT = re.compile(r"(?:audio-(?:in|out)[0-9]+|events-(?:in|out))")


def port_of(inner: str) -> str | None:
    """Return JACK's port, without the client, of an inner ``group:port``; None if that is a plugin's."""
    if (found := _NUMBERED.fullmatch(inner)) is not None:
        return f"audio-{'in' if found[1] else 'out'}{found[3]}"
    return _PORTS.get(inner)


def inner_of(port: str) -> str:
    """Return the inner ``group:port`` of one of Carla's ports in JACK, without the client."""
    return _INNER[port]


def own_client(external: Iterable[tuple[str, str]]) -> str:
    """Return Carla's own client, which a project does not name: the one whose ports are called like Carla's."""
    ports: dict[str, set[str]] = {}
    for connection in external:
        for side in connection:
            client, _, port = side.partition(":")
            if _OWN_PORT.fullmatch(port):
                ports.setdefault(client, set()).add(port)
    audio = {name: sum(port.startswith("audio") for port in of_it) for name, of_it in ports.items()}
    return max(ports, key=lambda name: (name.startswith(CARLA), audio[name], name), default=CARLA)


def terminals(names: Iterable[str]) -> Terminals:
    """Return terminals of these names, ``client:port``."""

    def port(name: str) -> Port:
        events = ":events-" in name
        way = Direction.IN if name.partition(":")[2].startswith(("audio-in", "events-in")) else Direction.OUT
        return Port(name, Kind.MIDI if events else Kind.AUDIO, way)

    ports = [port(name) for name in dict.fromkeys(names)]
    inputs, outputs = (tuple(each for each in ports if each.direction is way) for way in Direction)
    return Terminals(inputs, outputs)


def carlas() -> Terminals:
    """Return those that Carla has by itself."""
    return terminals(f"{CARLA}:{port}" for port in _INNER if port != "audio-in3")


def of_sound_card(port: str) -> str | None:
    """Return what Carla takes for one of its ports when it loads a patchbay's project where it has none itself."""
    number = re.sub(r"\D", "", port)
    match port.rstrip("0123456789"):
        case "audio-in":
            return f"system:capture_{number}"
        case "audio-out":
            return f"system:playback_{number}"
        case _:
            return None
