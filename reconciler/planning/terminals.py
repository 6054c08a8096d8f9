"""Which signal takes which terminal, where the engine is one JACK client with few of them. Pure; see :func:`allocate`.

Foreign ports that go to the same plugin ports may share a terminal, because a terminal carries the sum of what enters
it to all that it leads to. So terminals fit a session if its links are a sum of as many full groups, each of every
foreign port in it to every plugin port in it, and no link in two of them: it would sound twice.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import Link, Port, Terminals
from reconciler.model.terminals import compose, names

Ports = frozenset[str]
Groups = tuple[tuple[Ports, Ports], ...]
"""For each terminal, the foreign ports and the plugins' ports that it shall have."""

Natural = list[tuple[int, int, str]]
"""A name so that numbers in it sort by size."""

_NOBODY: Ports = frozenset()


class Rewiring(msgspec.Struct, frozen=True):
    """What to do so that the asked links stand, in this order. All of it stands between ports as made.

    As long as nothing is joined before the cuts at its terminal are made, nothing is ever heard where neither the old
    nor the new links take it.
    """

    cuts: tuple[Link, ...] = ()
    joins: tuple[Link, ...] = ()
    """Those within the engine first; the ones that let foreign signal in or ours out come last."""


class Misfit(msgspec.Struct, frozen=True):
    """Why the terminals do not do."""

    port: str
    """The foreign port that is one too many."""
    others: tuple[str, ...]
    """Those that have the terminals before it."""
    kind: Kind
    direction: Direction
    terminals: int
    """How many there are of this kind and direction."""


def allocate(
    terminals: Terminals,
    wanted: Sequence[Link],
    inside: Callable[[str], bool],
    kinds: Mapping[str, Kind],
    leaving: Callable[[str], bool] = lambda _port: False,
) -> Rewiring | Misfit:
    """Return how the wanted links come to stand, keeping what is right already.

    A half that comes to nothing is left alone unless its terminal is needed. Exact for up to two terminals of a kind,
    which is what Carla has: if they can do, they do, and what must change is as little as can be.

    Parameters
    ----------
    terminals
        As they are, with what is linked to them.
    wanted
        Every link that shall stand in the end, those first that shall have a terminal before others.
    inside
        Whether a port is a plugin's.
    kinds
        Kind of each foreign port; CV counts as audio, as it does in JACK.
    leaving
        Whether a port is a plugin's that will be removed when the rewiring is done.
    """
    every = names(terminals)
    asked = frozenset(wanted)
    live = frozenset(link for link in terminals.links if not (leaving(link.source) or leaving(link.target)))
    through = compose(msgspec.structs.replace(terminals, links=live))
    crossing = [link for link in wanted if inside(link.source) is not inside(link.target)]
    if through <= asked and through.issuperset(crossing):
        return Rewiring()
    # A short from one terminal to another belongs to no group. What it did is done directly.
    shorts = sorted(link for link in live if link.source in every and link.target in every)
    direct = sorted(link for link in through & asked if inside(link.source) is inside(link.target)) if shorts else []
    cuts, inner, outer = list(shorts), list(direct), list[Link]()
    for side in _sides(terminals, live.difference(shorts), terminals.links - live):
        rows = side.rows(crossing, inside, kinds)
        groups = side.share(rows)
        if groups is None:
            return side.misfit(rows)
        for slot, (outside, plugins) in zip(side.slots, groups, strict=True):
            comes = outside - slot.outside
            cuts += sorted(side.outer(slot, port) for port in slot.outside - outside)
            cuts += sorted(side.inner(slot, port) for port in slot.plugins - plugins)
            cuts += sorted(side.inner(slot, port) for port in slot.stale if comes)
            inner += sorted(side.inner(slot, port) for port in plugins - slot.plugins)
            outer += sorted(side.outer(slot, port) for port in comes)
    return Rewiring(tuple(cuts), (*inner, *outer))


class _Slot(msgspec.Struct, frozen=True):
    """One terminal as it is."""

    name: str
    outside: Ports
    """Foreign ports linked to it."""
    plugins: Ports
    """Plugins' ports linked to it."""
    stale: Ports
    """Plugins' ports linked to it that will be gone."""


class _Side(msgspec.Struct, frozen=True):
    """The terminals of one kind and direction."""

    kind: Kind
    direction: Direction
    slots: tuple[_Slot, ...]

    def outer(self, slot: _Slot, port: str) -> Link:
        """Return the link in JACK."""
        return Link(port, slot.name) if self.direction is Direction.IN else Link(slot.name, port)

    def inner(self, slot: _Slot, port: str) -> Link:
        """Return the link within the engine."""
        return Link(slot.name, port) if self.direction is Direction.IN else Link(port, slot.name)

    def rows(
        self, crossing: Sequence[Link], inside: Callable[[str], bool], kinds: Mapping[str, Kind]
    ) -> dict[str, Ports]:
        """Return the plugins' ports that each foreign port goes to, or comes from."""
        rows: dict[str, set[str]] = {}
        for link in crossing:
            enters = inside(link.target)
            outside, plugin = (link.source, link.target) if enters else (link.target, link.source)
            is_midi = kinds.get(outside) is Kind.MIDI
            if enters is (self.direction is Direction.IN) and is_midi is (self.kind is Kind.MIDI):
                rows.setdefault(outside, set()).add(plugin)
        return {outside: frozenset(plugins) for outside, plugins in rows.items()}

    def share(self, rows: Mapping[str, Ports]) -> Groups | None:
        """Return what each terminal shall have, as near to what it has as can be; None if they do not do."""
        distinct = set(rows.values())
        if len(distinct) >= 2 ** len(self.slots):
            return None
        parts = {left - right for left, right in itertools.permutations(distinct, 2)}
        present = {slot.plugins for slot in self.slots}
        candidates = sorted({_NOBODY, *distinct, *parts, *present}, key=sorted)
        best: tuple[tuple[int, list[list[Natural]]], Groups] | None = None
        for chosen in itertools.product(candidates, repeat=len(self.slots)):
            groups = self._filled(chosen, rows)
            if groups is None:
                continue
            rank = (sum(map(_cost, self.slots, groups)), [_in_order(outside) for outside, _ in groups])
            if best is None or rank < best[0]:
                best = rank, groups
        return best[1] if best else None

    def misfit(self, rows: Mapping[str, Ports]) -> Misfit:
        """Return the first foreign port that does not fit in beside those before it."""
        before: dict[str, Ports] = {}
        for outside, plugins in rows.items():
            if self.share({**before, outside: plugins}) is None:
                break
            before[outside] = plugins
        return Misfit(outside, tuple(before), self.kind, self.direction, len(self.slots))

    def _filled(self, chosen: tuple[Ports, ...], rows: Mapping[str, Ports]) -> Groups | None:
        """Return the terminals that lead to the chosen plugins' ports, with the foreign ports that then need each."""
        outside: list[set[str]] = [set() for _ in chosen]
        for port, plugins in rows.items():
            ways = list(_sums(chosen, plugins))
            if not ways:
                return None
            for place in min(ways, key=lambda way: self._moves(way, port)):
                outside[place].add(port)
        return tuple(
            (frozenset(ports), plugins) if ports else _unused(slot)
            for slot, ports, plugins in zip(self.slots, outside, chosen, strict=True)
        )

    def _moves(self, way: tuple[int, ...], port: str) -> int:
        return sum((place in way) is not (port in slot.outside) for place, slot in enumerate(self.slots))


def _sides(terminals: Terminals, live: frozenset[Link], stale: frozenset[Link]) -> Iterator[_Side]:
    for direction, ports in ((Direction.IN, terminals.inputs), (Direction.OUT, terminals.outputs)):
        for kind in dict.fromkeys(port.kind for port in ports):
            yield _Side(kind, direction, tuple(_slot(port, live, stale) for port in ports if port.kind is kind))


def _slot(port: Port, live: frozenset[Link], stale: frozenset[Link]) -> _Slot:
    name = port.name
    into = frozenset(link.source for link in live if link.target == name)
    out = frozenset(link.target for link in live if link.source == name)
    outside, plugins = (into, out) if port.direction is Direction.IN else (out, into)
    gone = {link.source for link in stale if link.target == name} | {
        link.target for link in stale if link.source == name
    }
    return _Slot(name, outside, plugins, frozenset(gone))


def _sums(parts: Sequence[Ports], whole: Ports) -> Iterator[tuple[int, ...]]:
    """Yield every choice of parts that have nothing in common and make up the whole."""
    for size in range(1, len(parts) + 1):
        for places in itertools.combinations(range(len(parts)), size):
            taken = [parts[place] for place in places]
            if all(taken) and sum(map(len, taken)) == len(whole) and frozenset().union(*taken) == whole:
                yield places


def _unused(slot: _Slot) -> tuple[Ports, Ports]:
    """Return what a terminal keeps that nobody needs: the half that comes to nothing, if it is one."""
    return (_NOBODY, _NOBODY) if slot.outside and slot.plugins else (slot.outside, slot.plugins)


def _cost(slot: _Slot, group: tuple[Ports, Ports]) -> int:
    """Count the links that have to be made or cut."""
    return len(slot.outside ^ group[0]) + len(slot.plugins ^ group[1])


def _in_order(outside: Ports) -> list[Natural]:
    """Rank a terminal by its foreign ports, so that ``capture_1`` takes the first one; the unused come last."""
    return sorted(map(_natural, outside)) or [[(2, 0, "")]]


def _natural(name: str) -> Natural:
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]
