"""Session against studio: what differs, and the calls that mend it. Pure; see :func:`reconcile`."""

import msgspec

from reconciler.model.resources import Link, Observed, Port
from reconciler.planning import controls, engine, patchbay, quarantine, server
from reconciler.planning.builder import PlanBuilder
from reconciler.planning.carrying import held, links, wanting
from reconciler.planning.plan import Act, Baseline, Carried, Interrupts, Plan, Policy
from reconciler.planning.plugins import PluginPlanner, all_as_asked
from reconciler.planning.renames import rename
from reconciler.planning.wiring import Wiring, resolve
from reconciler.session.session import Session


def reconcile(session: Session, observed: Observed, baseline: Baseline, policy: Policy) -> Plan:
    """Return the plan that makes the studio what the session says.

    Nothing outside session and baseline is touched: undeclared parameters are nobody's, links between foreign
    clients are theirs, and what only touches the session is left to ``policy.unmanaged``.

    Parameters
    ----------
    session
        What the manifest asks for.
    observed
        One consistent reading of the studio.
    baseline
        What was ours after the last apply; tells "removed from the manifest" from "never ours".
    policy
        What a plan may do.

    Raises
    ------
    Unavailable
        ``jack-not-running``: there is no server and the manifest does not let studio start one.
    """
    as_asked = all_as_asked(session, observed, baseline)
    carried = Carried() if as_asked else held(session, observed, baseline, policy, restarts=False)
    builder = PlanBuilder(wanting(session, carried, observed), session)
    effect = server.plan(session, observed, builder)
    if effect is server.Effect.STARTS_ANEW:
        # Every client goes with the old server, and what the new one brings is not known yet.
        fresh = patchbay.fresh(observed, session.engine.mode)
        observed = msgspec.structs.replace(observed, plugins={}, ports={}, links=frozenset(), terminals=fresh)
    restarts_for = engine.plan(observed, baseline, builder)
    if effect is server.Effect.STOPS_ENGINE:
        restarts_for = server.ADDRESS
        engine.restart(builder, observed, restarts_for, period=session.jack.period if session.jack else None)
    elif restarts_for is not None:
        engine.restart(builder, observed, restarts_for)
    up = effect is not server.Effect.STARTS_ANEW
    fresh = observed.terminals
    if restarts_for is not None:
        fresh = patchbay.fresh(observed, session.engine.mode)
        # While plugins run, this pass only tells: the terminals of before count no more, those to come not yet.
        observed = msgspec.structs.replace(observed, terminals=None if observed.plugins else fresh)
    _differences(builder, observed, baseline, policy, frame=_Frame(carried, observed.ports, up, as_asked))
    if restarts_for is not None and observed.plugins:
        # What differs is told as ever; what is called brings back the whole of it, as into an empty engine.
        carried = held(session, observed, baseline, policy, restarts=True)
        emptied = msgspec.structs.replace(_without_plugins(observed), terminals=fresh)
        anew = PlanBuilder(wanting(session, carried, emptied), session)
        _differences(anew, emptied, baseline, policy, frame=_Frame(carried, observed.ports, up))
        builder.adopt(anew, restarts_for)
    return builder.plan()


class _Frame(msgspec.Struct, frozen=True):
    """What holds of links beyond what is observed: those carried, and the ports that will be there in the end."""

    carried: Carried
    ports: dict[str, Port]
    server_up: bool
    as_asked: bool = False
    """Every declared plugin is there as it is asked for."""


def _differences(
    builder: PlanBuilder, observed: Observed, baseline: Baseline, policy: Policy, *, frame: _Frame
) -> None:
    session = builder.session
    builder.at_risk = observed.terminals is not None and bool(observed.plugins)
    plugins = PluginPlanner(builder, observed, baseline, policy)
    if session.moved:
        rename(plugins)
    plugins.run(as_asked=frame.as_asked)
    patchbay.check_plugins(builder, plugins, observed.terminals)
    wiring = resolve(session, frame.ports, server_up=frame.server_up)
    controls.check(builder, observed.engine.kind, observed.engine.capabilities, wiring.declared)
    before = plugins.followed(observed.links)
    have = plugins.surviving(before)
    builder.pending.extend(wiring.pending)
    builder.refused.extend(wiring.refused)
    wanted = session.links | wiring.links if wiring.links else session.links
    if frame.carried.links:
        wanted = wanted | links(builder.declared, frame.carried, frame.ports)
    if plugins.left_out:
        have, wanted = quarantine.spare(builder, plugins.left_out, wiring, have, wanted)
    if have != wanted:
        made = _made(builder, plugins, wiring, wanted - have, before)
        cut = _cut(builder, plugins, policy, have - wanted)
        patchbay.wire(builder, plugins, observed, patchbay.Edits(have, made, cut, wiring.declared))


def _without_plugins(observed: Observed) -> Observed:
    gone = observed.plugins.keys()
    return msgspec.structs.replace(
        observed,
        plugins={},
        ports={name: port for name, port in observed.ports.items() if _node(name) not in gone},
        links=frozenset(
            link for link in observed.links if _node(link.source) not in gone and _node(link.target) not in gone
        ),
    )


def _made(
    builder: PlanBuilder, plugins: PluginPlanner, wiring: Wiring, missing: frozenset[Link], before: frozenset[Link]
) -> dict[Link, str]:
    """Note the links to make, and return them with their causes."""
    made: dict[Link, str] = {}
    for link in sorted(missing):
        address = made[link] = link.address
        replaced = [node for node in (_node(link.source), _node(link.target)) if node in plugins.gone]
        if replaced and link in before:  # it stays, as a person sees it
            made[link] = f"plugins.{replaced[0]}"
            continue
        declared_at = wiring.declared.get(address)
        builder.change(address, Act.CREATE, after=True, interrupts=Interrupts.PATH, declared_at=declared_at)
    return made


def _cut(builder: PlanBuilder, plugins: PluginPlanner, policy: Policy, extra: frozenset[Link]) -> dict[Link, str]:
    """Note the links to cut, and return them with their causes."""
    declared = builder.declared.plugins
    cut: dict[Link, str] = {}
    for link in sorted(extra):
        address = link.address
        ours = link in plugins.baseline.links
        if not ours:
            if _node(link.source) not in declared and _node(link.target) not in declared:
                continue
            if policy.unmanaged != "prune":
                if policy.unmanaged == "warn":
                    builder.unmanaged.append(address)
                continue
        reason = "no longer in the manifest" if ours else "not in the manifest, policy prunes"
        builder.change(address, Act.DELETE, True, reason=reason, interrupts=Interrupts.PATH)
        cut[link] = address
    return cut


def _node(port: str) -> str:
    return port.partition(":")[0]
