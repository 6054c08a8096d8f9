"""The graph of a studio whose engine is one JACK client: JACK's ports and links, and those within the engine, as one.

What is outside is JACK's, what is inside the engine's. Both meet at the terminals. A link from the outside to a plugin
shows as one link, and is made as two: one in JACK to a terminal, one from there within the engine.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from reconciler.engines.ports import AudioGraph
from reconciler.model.catalogue import Direction
from reconciler.model.errors import EngineError, Where
from reconciler.model.resources import JackSettings, Link, Port, Terminals
from reconciler.model.terminals import CLIENT, compose, terminals

OUTSIDE = " [outside]"
"""Behind the name of a foreign client that has a plugin's, or the engine's. No plugin can be called so."""


GLANCE_SECONDS = 0.02
"""How old the names of foreign clients may be when plugins are loaded one after another, a hundred in 40 ms."""


class Inside(Protocol):
    """The graph within an engine. A plugin's port is ``client:port``; a terminal has its bare name, ``audio-in1``."""

    @property
    def client(self) -> str | None:
        """The engine's JACK client as the server named it; None while the engine does not run."""

    def ports(self) -> Mapping[str, Port]:
        """Every plugin's ports, in the engine's order. Cheap: it is asked after every plugin that comes."""

    def clients(self) -> Iterable[str]:
        """The names of all plugins, as their ports have them."""

    def links(self) -> frozenset[Link]:
        """Every link within the engine, read from it anew."""

    def connect(self, source: str, target: str) -> None:
        """Connect two ports that are there and fit; already there counts as done. Raises ``connect-failed``."""

    def disconnect(self, source: str, target: str) -> None:
        """Disconnect; absent counts as done. Raises ``connect-failed`` if it is still there afterwards."""


class PatchbayGraph:
    """An :class:`~reconciler.engines.ports.AudioGraph` of what is outside and inside an engine.

    Links between the outside and a plugin cannot be made in one call, for which terminal they shall take is the plan's
    to say: connect the one with a terminal, and the terminal with the other.

    Parameters
    ----------
    jack
        The graph outside.
    inside
        The graph inside.
    prefix
        What the engine's JACK client's name begins with.
    follows_s
        How long after a change inside the sound may take to follow, in seconds. Reading the links waits for it, so
        that what is told stands is heard; and foreign signal is not let to a terminal that may still lead elsewhere.
    client
        What the engine's JACK client is called where that is not studio's to choose.
    """

    def __init__(
        self, jack: AudioGraph, inside: Inside, prefix: str, *, follows_s: float = 0.0, client: str | None = None
    ) -> None:
        self._jack = jack
        self._inside = inside
        self._prefix = prefix
        self._client = client or prefix + CLIENT
        self._theirs = client
        self._follows_s = follows_s
        self._changed_at = -follows_s
        self._cut_at: dict[str, float] = {}
        self._terminals = terminals(prefix, client=client)
        self._outsiders: set[str] = set()
        self._outsiders_until = 0.0
        self._read: object = None
        self._shown: frozenset[Link] = frozenset()
        self._inner_sides = {port.name: port for port in _inner_sides(self._terminals)}

    @property
    def alive(self) -> bool:
        """Whether the server answers."""
        return self._jack.alive

    @property
    def met(self) -> bool:
        """Whether the engine's client has its ports on this server."""
        return self._inside.client is not None and self._jack.has(self._inside.client)

    @property
    def _own(self) -> str | None:
        """The engine's client; one that is not studio's stays when studio has let go of it."""
        return self._inside.client or self._theirs

    def settings(self) -> JackSettings:
        """Return what is known of the running server."""
        return self._jack.settings()

    def ports(self) -> Mapping[str, Port]:
        """Return every port, outside first, by ``client:port``; the engine's own client's are left out."""
        inner = self._inside.ports()
        own, hidden = self._own, self._hidden()
        found: dict[str, Port] = {}
        for name, port in self._jack.ports().items():
            client = _client(name)
            if client == own:
                continue
            if client in hidden:
                shown = client + OUTSIDE + name[len(client) :]
                found[shown] = msgspec.structs.replace(port, name=shown, aliases=(name, *port.aliases))
            else:
                found[name] = port
        found.update(inner)
        return found

    def has(self, client: str) -> bool:
        """Whether a client of that name outside, seen a moment ago, or a plugin inside has a port."""
        if time.monotonic() > self._outsiders_until:
            self._outsiders = {_client(port) for port in self._jack.ports()} - {self._own}
            self._outsiders_until = time.monotonic() + GLANCE_SECONDS
        return client in self._outsiders or client in self._inside.clients()

    def links(self) -> frozenset[Link]:
        """Return every link as it is heard, those through terminals as one; wait until the sound follows."""
        self._wait(self._changed_at)
        inner, outside = self._inside.links(), self._jack.links()
        own, hidden = self._own, self._hidden()
        read = inner, outside, own, hidden
        if read == self._read:  # as a rule
            return self._shown

        def shown(name: str) -> str:
            client = _client(name)
            if client == own:
                return self._client + name[len(client) :]
            return client + OUTSIDE + name[len(client) :] if client in hidden else name

        outer = {Link(shown(link.source), shown(link.target)) for link in outside}
        every = outer | {Link(self._full(link.source), self._full(link.target)) for link in inner}
        ends = self._inner_sides
        met = frozenset(link for link in every if link.source in ends or link.target in ends)
        self._terminals = terminals(self._prefix, met, granted=own, client=self._client)
        self._read, self._shown = read, compose(self._terminals) | (every - met)
        return self._shown

    def terminals(self) -> Terminals:
        """Return the terminals, with the links of the last reading of :meth:`links`."""
        return self._terminals

    def connect(self, source: str, target: str) -> None:
        """Connect two ports; already there counts as done.

        Raises
        ------
        EngineError
            ``no-such-port``; ``connect-failed``: one is outside and one a plugin's, they do not fit, or nothing came.
        """
        link = Link(source, target)
        if self._is_inside(link):
            self._connect_inside(link)
            return
        inner = self._inside.ports()
        if source in inner or target in inner:
            self._need(link, {**self._jack.ports(), **inner})
            raise _failed(link, "one is a plugin's and one is outside; between them is a terminal of the engine")
        for end in (source, target):
            if end in self._cut_at:
                self._wait(self._cut_at[end])
        self._jack.connect(self._outside(link, source), self._outside(link, target))

    def disconnect(self, source: str, target: str) -> None:
        """Disconnect; absent counts as done. Raises ``connect-failed`` if it is still there afterwards."""
        link = Link(source, target)
        if not self._is_inside(link):
            if {source, target} & self._inside.ports().keys():
                return  # one is a plugin's and one is not
            ends = [self._outside_or_none(end) for end in (source, target)]
            if None not in ends:
                self._jack.disconnect(str(ends[0]), str(ends[1]))
            return
        self._inside.disconnect(self._bare(source), self._bare(target))
        self._changed_at = time.monotonic()
        for end in (source, target):
            if end in self._inner_sides:
                self._cut_at[end] = self._changed_at

    def close(self) -> None:
        """Leave the server."""
        self._jack.close()

    def _connect_inside(self, link: Link) -> None:
        inner = self._inside.ports()
        source, target = self._need(link, inner)
        if source.direction is not Direction.OUT or target.direction is not Direction.IN:
            raise _failed(link, "a link runs from an output to an input")
        if source.kind is not target.kind:
            raise _failed(link, f"one carries {source.kind}, the other {target.kind}, which this engine keeps apart")
        if _client(source.name) == _client(target.name) and source.name in inner:
            raise _failed(link, "this engine does not link a plugin to itself")
        self._inside.connect(self._bare(link.source), self._bare(link.target))
        self._changed_at = time.monotonic()

    def _need(self, link: Link, known: Mapping[str, Port]) -> tuple[Port, Port]:
        """Return both ports, a terminal as the side that is inside. Raises ``no-such-port``."""
        found = []
        for end in (link.source, link.target):
            port = self._inner_sides.get(end) or known.get(end)
            if port is None or (end in self._inner_sides and self._inside.client is None):
                raise EngineError("no-such-port", f"There is no port {end!r}.", where=Where(address=link.address))
            found.append(port)
        return found[0], found[1]

    def _is_inside(self, link: Link) -> bool:
        """Whether a link with these ends would be one within the engine."""
        inner, ends = self._inside.ports(), self._inner_sides
        gives = link.source in inner or (link.source in ends and ends[link.source].direction is Direction.OUT)
        takes = link.target in inner or (link.target in ends and ends[link.target].direction is Direction.IN)
        return gives and takes

    def _hidden(self) -> set[str]:
        """Return the clients' names that something inside has too."""
        return {self._client, *self._inside.clients()}

    def _bare(self, name: str) -> str:
        return name.removeprefix(f"{self._client}:") if name in self._inner_sides else name

    def _full(self, name: str) -> str:
        return name if ":" in name else f"{self._client}:{name}"

    def _outside_or_none(self, name: str) -> str | None:
        """Return JACK's name of a port that is not a plugin's; None for a terminal of an engine that does not run."""
        client = _client(name)
        if name in self._inner_sides:
            own = self._inside.client
            return None if own is None else own + name[len(client) :]
        return client.removesuffix(OUTSIDE) + name[len(client) :]

    def _outside(self, link: Link, name: str) -> str:
        real = self._outside_or_none(name)
        if real is None:
            raise EngineError(
                "no-such-port",
                f"There is no port {name!r}: the engine does not run.",
                where=Where(address=link.address),
            )
        return real

    def _wait(self, since: float) -> None:
        left = since + self._follows_s - time.monotonic()
        if left > 0:  # a sleep of nothing may take a millisecond
            time.sleep(left)


class NotRunning:
    """The inside of an engine that does not run."""

    client: str | None = None

    def ports(self) -> Mapping[str, Port]:
        """There are none."""
        return {}

    def clients(self) -> Iterable[str]:
        """There are none."""
        return ()

    def links(self) -> frozenset[Link]:
        """There are none."""
        return frozenset()

    def connect(self, source: str, target: str) -> None:
        """Refuse."""
        raise _failed(Link(source, target), "the engine does not run")

    def disconnect(self, source: str, target: str) -> None:
        """There is nothing to disconnect."""


def _inner_sides(of: Terminals) -> Iterator[Port]:
    """Yield the terminals as the engine's own graph has them: signal comes out of an input, and goes into an output."""
    for port in of.inputs:
        yield msgspec.structs.replace(port, direction=Direction.OUT)
    for port in of.outputs:
        yield msgspec.structs.replace(port, direction=Direction.IN)


def _client(port: str) -> str:
    return port.partition(":")[0]


def _failed(link: Link, why: str) -> EngineError:
    return EngineError("connect-failed", f"{link.source} -> {link.target}: {why}.", where=Where(address=link.address))
