"""Links to the ports that a host adds for what moves parameters: whether there are such, and whether they are reached.

A port for CV comes with the mapping that it is for, so a link to it waits for that.
"""

from collections.abc import Mapping

from reconciler.model.actions import MapMidi
from reconciler.model.catalogue import Kind
from reconciler.model.resources import Capabilities, Link, Plugin
from reconciler.planning.builder import PlanBuilder, Step
from reconciler.session.session import PluginPort, Session

CARLA = "Carla can: `engine: { host: carla }`; or take the link out"
ELSEWHERE = "`mode: multiple-clients` makes each plugin a JACK client, with ports of its own"


def check(builder: PlanBuilder, host: str, can: Capabilities, declared: Mapping[str, str]) -> None:
    """Refuse links to added ports where the host adds none.

    Parameters
    ----------
    host
        What the host is called.
    can
        What it can do.
    declared
        Address of a link that a wire came to, to that of its declaration.
    """
    if can.midi:
        return
    session = builder.session
    told: set[str] = set()
    links = [(link.address, link.target) for link in session.links]
    links += [(wire.address, port.name) for wire in session.wires for port in wire.target.ports or ()]
    for address, target in sorted(links):
        if _is_added(session, target) and address not in told:
            told.add(address)
            message = f"{target}: {host} lets no parameter follow anything, and gives no plugin such a port"
            builder.refuse("unsupported", declared.get(address, address), message, CARLA)


def check_crossing(builder: PlanBuilder, crossing: list[Link], declared: Mapping[str, str]) -> bool:
    """Refuse what would run between the outside and a CV port of a plugin in a patchbay; tell whether there is any."""
    found = False
    for link in crossing:
        port = next((end for end in (link.source, link.target) if _kind(builder.session, end) is Kind.CV), None)
        if port is not None:
            found = True
            message = f"{port} does not fit: the patchbay lets no CV in or out"
            builder.refuse("does-not-fit", declared.get(link.address, link.address), message, ELSEWHERE)
    return found


def opened(step: Step) -> tuple[str, ...]:
    """Return the port that comes with a step, by all names that it can have."""
    match step.call:
        case MapMidi(name, symbol, follows) if follows is not None and follows.source == "cv":
            return f"{name}:{symbol}", f"{name}:{symbol}_cv"
        case _:
            return ()


def moves_itself(current: Plugin, want: Plugin, ours: Plugin | None, symbol: str, value: object) -> bool:
    """Whether a parameter is where its controller put it: it follows as declared, and its value was set once already.

    What is declared for it is where it begins. A hand on a fader is not to be fought.
    """
    follows = want.midi.get(symbol)
    if follows is None or current.midi.get(symbol) != follows or ours is None:
        return False
    return ours.midi.get(symbol) == follows and ours.params.get(symbol) == value


def _is_added(session: Session, port: str) -> bool:
    found = _port(session, port)
    return found is not None and found.added


def _kind(session: Session, port: str) -> Kind | None:
    found = _port(session, port)
    return None if found is None else found.kind


def _port(session: Session, port: str) -> PluginPort | None:
    node, _, symbol = port.partition(":")
    return next((one for one in session.ports.get(node, ()) if one.symbol == symbol), None)
