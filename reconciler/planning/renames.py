"""``moved:`` -- a plugin under a new name keeps its sound: values, program and, where the host can, itself."""

import msgspec

from reconciler.model.actions import RemovePlugin, RenamePlugin
from reconciler.model.resources import Link, Plugin
from reconciler.planning.builder import Stage
from reconciler.planning.carrying import stays
from reconciler.planning.plan import Act, Baseline, Interrupts, Plan
from reconciler.planning.plugins import PluginPlanner


def rename(planner: PluginPlanner) -> None:
    """Plan every rename that is still to do: the old name is there, the new one is not.

    Afterwards ``planner.have`` and ``planner.baseline`` speak of the new names.
    """
    session, builder = planner.session, planner.builder
    have, ours = dict(planner.have), dict(planner.baseline.plugins)
    protected = set(planner.baseline.protected)
    links = planner.baseline.links
    for old, new in sorted(session.moved.items()):
        want, current = session.plugins.get(new), have.get(old)
        if want is None or current is None or new in have:
            continue
        cause = f"plugins.{new}"
        can = planner.engine.capabilities
        in_place = can.rename and stays(session, current, want, ours.get(old))
        interrupts = Interrupts.NONE if in_place and not can.rename_interrupts else Interrupts.PATH
        builder.change(cause, Act.RENAME, old, new, interrupts=interrupts)
        if old in ours:
            ours[new] = msgspec.structs.replace(ours.pop(old), name=new)
        if old in protected:
            protected.add(new)
        del have[old]
        if in_place:
            planner.check_name(new)
            builder.step(Stage.RENAME, RenamePlugin(old, new), cause)
            have[new] = msgspec.structs.replace(current, name=new)
            planner.renamed[old] = new
            links = frozenset(Link(_moved(link.source, old, new), _moved(link.target, old, new)) for link in links)
        else:
            have[new] = want
            planner.create(want, told=True)
            planner.gone.add(old)
            builder.step(Stage.REMOVE, RemovePlugin(old), cause, planner.created(new))
    planner.have = have
    planner.baseline = msgspec.structs.replace(
        planner.baseline,
        plugins=ours,
        links=links,
        protected=frozenset(protected),
        declares="",  # names have moved
    )


def follow(baseline: Baseline, plan: Plan, have: dict[str, Plugin]) -> Baseline:
    """Return what the renames of a plan make ours: both names, with all that was ours under the old one.

    To be claimed before the plan runs, so that an apply that stops after a rename knows what it has still to undo.
    """
    plugins: dict[str, Plugin] = {}
    links = baseline.links
    protected = set(baseline.protected)
    for change in plan.changes:
        if change.action is not Act.RENAME:
            continue
        old, new = change.before, change.after
        plugins[old] = baseline.plugins.get(old, Plugin(old, have[old].plugin))
        plugins[new] = msgspec.structs.replace(plugins[old], name=new)
        links = frozenset(Link(_moved(link.source, old, new), _moved(link.target, old, new)) for link in links)
        if old in protected:
            protected.add(new)
    return Baseline(plugins, links, frozenset(protected))


def _moved(port: str, old: str, new: str) -> str:
    node, _, rest = port.partition(":")
    return f"{new}:{rest}" if node == old else port
