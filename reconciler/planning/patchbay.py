"""Links where the engine is one JACK client: told as in the other mode, made through its terminals."""

import itertools
from collections.abc import Callable, Mapping

import msgspec

from reconciler.model.actions import Connect, Disconnect
from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import Link, Observed, Terminals
from reconciler.model.terminals import MIDI_PORTS, MOST_PLUGINS, PATCHBAY, names, terminals
from reconciler.planning import controls
from reconciler.planning.builder import PlanBuilder, Stage, Step
from reconciler.planning.plugins import PluginPlanner
from reconciler.planning.terminals import Misfit, Rewiring, allocate

ELSEWHERE = "`mode: multiple-clients` makes each plugin a JACK client, with ports of its own"


class Edits(msgspec.Struct):
    """What becomes of links; what is made and what is cut have a cause each."""

    have: frozenset[Link]
    """Those that stand now, as far as their ports stay."""
    made: dict[Link, str] = {}
    cut: dict[Link, str] = {}
    declared: Mapping[str, str] = {}
    """Address of a link to that of its declaration, in the manifest's order."""

    def standing(self) -> list[Link]:
        """Return the links that shall stand in the end: first those that nobody declares, then as declared."""
        place = {address: number for number, address in enumerate(self.declared)}
        end = (self.have - self.cut.keys()) | self.made.keys()
        return sorted(end, key=lambda link: (place.get(link.address, -1), link))


def fresh(observed: Observed, mode: str | None) -> Terminals | None:
    """Return the terminals of the observed engine when it has started anew, in ``mode`` if that is asked for."""
    runs = PATCHBAY if observed.terminals is not None else None
    return terminals(observed.engine.prefix) if (mode or runs) == PATCHBAY else None


def check_plugins(builder: PlanBuilder, plugins: PluginPlanner, of: Terminals | None) -> None:
    """Refuse plugins that the engine's one client would not take, and those beyond the most that it takes."""
    session, can = builder.session, plugins.engine.capabilities
    most = can.most_plugins if of is None else MOST_PLUGINS
    if most is not None:
        stay = plugins.have.keys() - session.plugins.keys() - plugins.gone
        for name in itertools.islice(session.plugins, max(most - len(stay), 0), None):
            place = max(most, len(stay)) + 1
            message = f"{name}: it would be plugin number {place}, and the engine takes {most}"
            hint = "take some out, or share them between two sessions" if of is None else ELSEWHERE
            builder.refuse("does-not-fit", f"plugins.{name}", message, hint)
            break
    if of is None:
        return
    for name in session.plugins:
        if name in plugins.have and name not in plugins.gone:
            continue  # it is in there
        ports = [port.direction for port in session.ports.get(name, ()) if port.kind is Kind.MIDI and not port.added]
        for way in Direction:
            if ports.count(way) > MIDI_PORTS:
                message = f"{name}: it has {ports.count(way)} MIDI {way}puts, and a patchbay takes plugins with one"
                builder.refuse("does-not-fit", f"plugins.{name}", message, ELSEWHERE)


def wire(builder: PlanBuilder, plugins: PluginPlanner, observed: Observed, edits: Edits) -> None:
    """Put the calls that make and cut links into the plan."""
    of = observed.terminals
    if of is None:
        _steps(builder, plugins, edits.made, edits.cut)
        return
    inner = {*builder.session.plugins, *plugins.have}

    def inside(port: str) -> bool:
        return _node(port) in inner

    def leaves(port: str) -> bool:
        return _node(port) in plugins.gone

    standing = edits.standing()
    crossing = [link for link in standing if inside(link.source) is not inside(link.target)]
    if controls.check_crossing(builder, crossing, edits.declared):
        return
    present = frozenset(link for link in plugins.followed(of.links) if not _lost_before(plugins, link))
    kinds = {name: port.kind for name, port in observed.ports.items()}
    answer = allocate(msgspec.structs.replace(of, links=present), standing, inside, kinds, leaves)
    if isinstance(answer, Misfit):
        _refuse(builder, answer, edits)
        return
    made, cut = (
        {link: cause for link, cause in some.items() if inside(link.source) is inside(link.target)}
        for some in (edits.made, edits.cut)
    )
    going = _going(plugins, of, names(of))
    _rewire(builder, plugins, answer, edits, at=_Where(names(of), inside, going))
    _steps(builder, plugins, made, cut)


def _steps(builder: PlanBuilder, plugins: PluginPlanner, made: Mapping[Link, str], cut: Mapping[Link, str]) -> None:
    for link, cause in made.items():
        builder.step(Stage.CONNECT, Connect(link.source, link.target), cause, plugins.needed(link))
    for link, cause in cut.items():
        builder.step(Stage.DISCONNECT, Disconnect(link.source, link.target), cause)


class _Where(msgspec.Struct, frozen=True):
    """What a port is."""

    terminals: frozenset[str]
    inside: Callable[[str], bool]
    going: Mapping[str, tuple[Step, ...]] = {}
    """By terminal, the steps that take away what is linked to it, because a plugin is put in its place anew."""


def _rewire(builder: PlanBuilder, plugins: PluginPlanner, rewiring: Rewiring, edits: Edits, *, at: _Where) -> None:
    """Put a rewiring into the plan: what is joined at a terminal needs the cuts there, lest old meets new."""
    cuts = dict(at.going)
    for link in rewiring.cuts:
        step = builder.step(Stage.FREE, Disconnect(link.source, link.target), _cause(link, edits.cut, edits.made, at))
        for end in _ends(link) & at.terminals:
            cuts[end] = (*cuts.get(end, ()), step)
    behind: dict[str, set[str]] = {}
    for link in rewiring.joins:
        nodes = {_node(end) for end in _ends(link) - at.terminals if at.inside(end)}
        met = sorted(_ends(link) & at.terminals)
        for end in met:
            behind.setdefault(end, set()).update(nodes)  # what is within comes first
            # Foreign signal comes in for who is behind the terminal; if one of several did not come, for the others.
            nodes = nodes or (behind[end] if len(behind[end]) == 1 else set())
        needs = plugins.created(*sorted(nodes)) + tuple(step for end in met for step in cuts.get(end, ()))
        builder.step(Stage.CONNECT, Connect(link.source, link.target), _cause(link, edits.made, edits.cut, at), needs)


def _cause(link: Link, first: Mapping[Link, str], second: Mapping[Link, str], at: _Where) -> str:
    """Return the cause of the edit that a half belongs to: of one that shares a port with it, else of any.

    Those between the outside and a plugin come before others, as it is they that need a terminal.
    """
    edits = [*first.items(), *second.items()]
    edits.sort(key=lambda edit: at.inside(edit[0].source) is at.inside(edit[0].target))
    return next((cause for edit, cause in edits if _ends(edit) & _ends(link)), edits[0][1])


def _going(plugins: PluginPlanner, of: Terminals, every: frozenset[str]) -> dict[str, tuple[Step, ...]]:
    found: dict[str, tuple[Step, ...]] = {}
    for link in sorted(plugins.followed(of.links)):
        if _lost_before(plugins, link):
            for end in _ends(link) & every:
                steps = plugins.created(*sorted(node for node in map(_node, _ends(link)) if node in plugins.gone))
                found[end] = (*found.get(end, ()), *(step for step in steps if step not in found.get(end, ())))
    return found


def _lost_before(plugins: PluginPlanner, link: Link) -> bool:
    """Whether a link goes away by itself before any is made, because a plugin at its end is put in its place anew."""
    return any(node in plugins.gone and plugins.created(node) for node in map(_node, _ends(link)))


def _refuse(builder: PlanBuilder, misfit: Misfit, edits: Edits) -> None:
    link = next(link for link in reversed(edits.standing()) if misfit.port in _ends(link))
    s = "" if misfit.terminals == 1 else "s"
    takes = ", ".join(misfit.others)
    message = (
        f"{misfit.port} does not fit: the patchbay has {misfit.terminals} {misfit.kind} {misfit.direction}put{s}, "
        f"and {takes} cannot share with it"
    )
    builder.refuse("does-not-fit", edits.declared.get(link.address, link.address), message, ELSEWHERE)


def _ends(link: Link) -> frozenset[str]:
    return frozenset((link.source, link.target))


def _node(port: str) -> str:
    return port.partition(":")[0]
