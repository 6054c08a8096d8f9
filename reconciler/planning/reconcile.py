"""Session against studio: what differs, and the calls that mend it. Pure; see :func:`reconcile`."""

import msgspec

from reconciler.model.actions import Connect, Disconnect
from reconciler.model.resources import Link, Observed
from reconciler.planning import quarantine, server
from reconciler.planning.builder import PlanBuilder, Stage
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
        observed = msgspec.structs.replace(observed, plugins={}, ports={}, links=frozenset())
    plugins = PluginPlanner(builder, observed, baseline, policy)
    if session.moved:
        rename(plugins)
    plugins.run()
    wiring = resolve(session, observed.ports, server_up=not server_starts)
    have = plugins.surviving(observed.links)
    builder.pending.extend(wiring.pending)
    builder.refused.extend(wiring.refused)
    wanted = session.links | wiring.links if wiring.links else session.links
    if plugins.left_out:
        have, wanted = quarantine.spare(builder, plugins.left_out, wiring, have, wanted)
    if have != wanted:
        _connect(builder, plugins, wiring, wanted - have)
        _disconnect(builder, plugins, policy, have - wanted)
    return builder.plan()


def _connect(builder: PlanBuilder, plugins: PluginPlanner, wiring: Wiring, missing: frozenset[Link]) -> None:
    for link in sorted(missing):
        address = link.address
        declared_at = wiring.declared.get(address)
        builder.change(address, Act.CREATE, after=True, interrupts=Interrupts.PATH, declared_at=declared_at)
        needs = plugins.created(_node(link.source), _node(link.target))
        builder.step(Stage.CONNECT, Connect(link.source, link.target), address, needs)


def _disconnect(builder: PlanBuilder, plugins: PluginPlanner, policy: Policy, extra: frozenset[Link]) -> None:
    declared = builder.session.plugins
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
        builder.step(Stage.DISCONNECT, Disconnect(link.source, link.target), address)


def _node(port: str) -> str:
    return port.partition(":")[0]
