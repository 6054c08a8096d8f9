"""Session against studio: what differs, and the calls that mend it. Pure; see :func:`reconcile`."""

import msgspec

from reconciler.model.resources import Link, Observed
from reconciler.planning import patchbay, server
from reconciler.planning.builder import PlanBuilder
from reconciler.planning.plan import Act, Baseline, Interrupts, Plan, Policy
from reconciler.planning.plugins import PluginPlanner
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
    builder = PlanBuilder(session)
    server_starts = server.plan(session, observed, builder)
    if server_starts:  # every client goes with the old server, and what the new one brings is not known yet
        fresh = patchbay.anew(observed, session.engine.mode)
        observed = msgspec.structs.replace(observed, plugins={}, ports={}, links=frozenset(), terminals=fresh)
    builder.at_risk = observed.terminals is not None and bool(observed.plugins)
    plugins = PluginPlanner(builder, observed, baseline, policy)
    if session.moved:
        rename(plugins)
    plugins.run()
    patchbay.check_plugins(builder, plugins, observed.terminals)
    wiring = resolve(session, observed.ports, server_up=not server_starts)
    have = plugins.surviving(plugins.followed(observed.links))
    builder.pending.extend(wiring.pending)
    builder.refused.extend(wiring.refused)
    wanted = session.links | wiring.links if wiring.links else session.links
    if have != wanted:
        made = _made(builder, wiring, wanted - have)
        cut = _cut(builder, plugins, policy, have - wanted)
        patchbay.wire(builder, plugins, observed, patchbay.Edits(have, made, cut, wiring.declared))
    return builder.plan()


def _made(builder: PlanBuilder, wiring: Wiring, missing: frozenset[Link]) -> dict[Link, str]:
    """Note the links to make, and return them with their causes."""
    made: dict[Link, str] = {}
    for link in sorted(missing):
        address = made[link] = link.address
        declared_at = wiring.declared.get(address)
        builder.change(address, Act.CREATE, after=True, interrupts=Interrupts.PATH, declared_at=declared_at)
    return made


def _cut(builder: PlanBuilder, plugins: PluginPlanner, policy: Policy, extra: frozenset[Link]) -> dict[Link, str]:
    """Note the links to cut, and return them with their causes."""
    declared = builder.session.plugins
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
