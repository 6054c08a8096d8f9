"""What runs through the terminals of an engine that is one JACK client, and what such an engine has of them.

A link of the manifest from the outside to a plugin is two there, one in JACK and one within the engine; here they are
put together again.
"""

from collections.abc import Iterable

from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import Link, Port, Terminals

PATCHBAY = "patchbay"
"""The mode, as :attr:`EngineSettings.mode <reconciler.model.resources.EngineSettings.mode>` has it."""

MOST_PLUGINS = 255
MIDI_PORTS = 1
"""How many plugins such an engine takes, and how many MIDI inputs, or outputs, each of them may have (measured)."""

CLIENT = "studio.patchbay"
"""The engine's JACK client, behind the prefix. No plugin can be called so, because of the dot."""

INPUTS = (("audio-in1", Kind.AUDIO), ("audio-in2", Kind.AUDIO), ("events-in", Kind.MIDI))
OUTPUTS = (("audio-out1", Kind.AUDIO), ("audio-out2", Kind.AUDIO), ("events-out", Kind.MIDI))
"""What Carla registers in patchbay mode, in its order and by its names (measured)."""


def terminals(
    prefix: str, links: Iterable[Link] = (), *, granted: str | None = None, client: str | None = None
) -> Terminals:
    """Return the terminals of an engine, as they are or as they will be once it runs.

    Parameters
    ----------
    prefix
        What the engine's JACK client's name begins with.
    links
        Those that have a terminal at an end.
    granted
        The client's name as JACK granted it; another one than was asked for becomes an alias.
    client
        The client's name where it is not studio's to choose.
    """
    client = client or prefix + CLIENT

    def port(short: str, kind: Kind, direction: Direction) -> Port:
        aliases = () if granted in (None, client) else (f"{granted}:{short}",)
        return Port(f"{client}:{short}", kind, direction, aliases=aliases)

    return Terminals(
        tuple(port(short, kind, Direction.IN) for short, kind in INPUTS),
        tuple(port(short, kind, Direction.OUT) for short, kind in OUTPUTS),
        frozenset(links),
    )


def names(of: Terminals) -> frozenset[str]:
    """Return the names of all terminals."""
    return frozenset(port.name for port in (*of.inputs, *of.outputs))


def compose(of: Terminals) -> frozenset[Link]:
    """Return the links that those through terminals come to: every way from a port that is none to another one.

    A half that leads nowhere comes to nothing; a way round from an output terminal to an input one is followed.
    """
    ports = names(of)
    onward: dict[str, list[str]] = {}
    for link in of.links:
        if link.source in ports:
            onward.setdefault(link.source, []).append(link.target)
    found: set[Link] = set()
    for link in of.links:
        if link.source in ports:
            continue
        seen = {link.target}
        ends = [link.target]
        while ends:
            end = ends.pop()
            if end not in ports:
                found.add(Link(link.source, end))
                continue
            further = [port for port in onward.get(end, ()) if port not in seen]
            seen.update(further)
            ends += further
    return frozenset(found)
