"""Plugins that took their host down: left out, and their links waited for, as if they were unplugged."""

import msgspec

from reconciler.model.resources import Link, Plugin
from reconciler.planning.builder import PlanBuilder
from reconciler.planning.plan import Pending, Policy, Quarantined
from reconciler.planning.wiring import Wiring
from reconciler.session.session import Session


def standing(session: Session, quarantined: dict[str, Quarantined]) -> dict[str, Quarantined]:
    """Return those that the session still declares as they were when they did it; under a new name if they moved."""
    found: dict[str, Quarantined] = {}
    for name, one in quarantined.items():
        for now in (name, session.moved.get(name, name)):
            want = session.plugins.get(now)
            if want is not None and (want.plugin, want.bridge) == (one.plugin, one.bridge):
                found[now] = msgspec.structs.replace(one, name=now)
    return found


def leave_out(builder: PlanBuilder, policy: Policy, have: dict[str, Plugin]) -> frozenset[str]:
    """Note what stays out, and return the names. What runs as it is declared does no harm any more, and is kept."""
    session = builder.session
    names = set()
    for name, one in standing(session, policy.quarantined).items():
        if name not in have or have[name].plugin != one.plugin:
            origin = session.origin(f"plugins.{name}")
            builder.quarantined.append(msgspec.structs.replace(one, origin=origin))
            names.add(name)
    return frozenset(names)


def spare(
    builder: PlanBuilder, left_out: frozenset[str], wiring: Wiring, have: frozenset[Link], wanted: frozenset[Link]
) -> tuple[frozenset[Link], frozenset[Link]]:
    """Return both sets of links without those of what is left out; the wanted ones among them are waited for."""
    waiting = frozenset(link for link in wanted if _nodes(link) & left_out)
    told: set[str] = set()
    for link in sorted(waiting):
        address = wiring.declared.get(link.address, link.address)
        if address not in told:
            told.add(address)
            name = min(_nodes(link) & left_out)
            hint = f"{name} took its host down and is left out"
            builder.pending.append(Pending(address, name, hint, builder.session.origin(address)))
    return frozenset(link for link in have if not _nodes(link) & left_out), wanted - waiting


def _nodes(link: Link) -> set[str]:
    return {link.source.partition(":")[0], link.target.partition(":")[0]}
