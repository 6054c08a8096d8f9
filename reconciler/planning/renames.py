"""``moved:`` -- a plugin under a new name keeps its sound: values, program and, where the host can, itself."""

import msgspec

from reconciler.model.actions import RemovePlugin, RenamePlugin
from reconciler.model.resources import Link, Plugin
from reconciler.planning.builder import Stage
from reconciler.planning.plan import Act, Baseline, Interrupts
from reconciler.planning.plugins import PluginPlanner


def rename(planner: PluginPlanner) -> None:
    """Plan every rename that is still to do: the old name is there, the new one is not.

    Afterwards ``planner.have`` and ``planner.baseline`` speak of the new names.
    """
    session, builder = planner.session, planner.builder
    have, ours = dict(planner.have), dict(planner.baseline.plugins)
    protected = set(planner.baseline.protected)
    links = planner.baseline.links
    for old, new in session.moved.items():
        want, current = session.plugins.get(new), have.get(old)
        if want is None or current is None or new in have:
            continue
        cause = f"plugins.{new}"
        in_place = planner.engine.capabilities.rename and current.plugin == want.plugin
        interrupts = Interrupts.NONE if in_place else Interrupts.PATH
        builder.change(cause, Act.RENAME, old, new, interrupts=interrupts)
        if old in ours:
            ours[new] = msgspec.structs.replace(ours.pop(old), name=new)
        if old in protected:
            protected.add(new)
        del have[old]
        if in_place:
            builder.step(Stage.RENAME, RenamePlugin(old, new), cause)
            have[new] = msgspec.structs.replace(current, name=new)
            planner.renamed[old] = new
            links = frozenset(Link(_moved(link.source, old, new), _moved(link.target, old, new)) for link in links)
        else:
            have[new] = want
            planner.create(_heir(planner, current, want), told=True)
            planner.gone.add(old)
            builder.step(Stage.REMOVE, RemovePlugin(old), cause, planner.created(new))
    planner.have = have
    planner.baseline = Baseline(ours, links, frozenset(protected))  # no digest: names have moved


def _heir(planner: PluginPlanner, current: Plugin, want: Plugin) -> Plugin:
    """Return the new plugin with every value of the old one that the manifest does not declare itself.

    For hosts that cannot rename in place, so that what was dialled in by hand is not lost.
    """
    if current.plugin != want.plugin:
        return want
    program = want.program if want.program is not None else current.program
    rest = planner.session.rest.get(want.name, {})
    switch = planner.session.switched.get(want.name, ())
    carried = {
        symbol: value
        for symbol, value in current.params.items()
        if symbol not in switch and (value != rest.get(symbol) or program is not None)
    }
    return msgspec.structs.replace(want, program=program, params={**carried, **want.params})


def _moved(port: str, old: str, new: str) -> str:
    node, _, rest = port.partition(":")
    return f"{new}:{rest}" if node == old else port
