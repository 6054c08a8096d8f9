"""Which of what Carla mixes around a plugin does anything to it.

Carla keeps all of it for every plugin, and saves it, whether or not it has an effect; a manifest holds what is heard.
The rules are those of ``reload`` in Carla's plugin classes; no class offers panning.
"""

from reconciler.model.catalogue import Direction, Kind, PluginType


def effective(kind: PluginType) -> frozenset[str]:
    """Return the keys of :data:`reconciler.model.mix.MIX` that do something to a plugin as it runs."""
    ins, outs = (
        sum(port.kind is Kind.AUDIO and port.direction is way for port in kind.ports)
        for way in (Direction.IN, Direction.OUT)
    )
    scheme = kind.uri.partition(":")[0]
    keys = {"control_channel"}
    if outs > 0:
        keys.add("volume")
    if outs > 0 and (ins in (outs, 1)) and scheme not in ("sf2", "sfz", "jack"):
        keys.add("dry_wet")
    if outs >= 2 and outs % 2 == 0 and not kind.uri.endswith("#16"):
        keys |= {"balance_left", "balance_right"}
    return frozenset(keys)
