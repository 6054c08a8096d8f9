"""What a manifest asks of one plugin and its host cannot do, each with the address of its line."""

from collections.abc import Collection, Iterator

from reconciler.model.applications import SCHEME
from reconciler.model.resources import Engine, Plugin

CARLA = "Carla can: `engine: { host: carla }`; or take the line out"
ATTACHED = "over OSC there is no way to; take the line out, or engine.attach"
NARROWED = "take `range:` out; a range that its user sets in Carla's window is left as it is"
OUT = "take the line out"


def lacks(
    engine: Engine, want: Plugin, have: Plugin | None, narrowed: Collection[str] = ()
) -> Iterator[tuple[str, str, str]]:
    """Yield, for each thing that is not possible, its place within the plugin, what to say, and a hint.

    Parameters
    ----------
    have
        The same plugin as it runs, None if it does not yet; only then its host can tell which options it has.
    narrowed
        Parameters that are to follow within less than their whole range.
    """
    can, host, carla = engine.capabilities, engine.kind, CARLA
    if engine.attach is not None:
        host, carla = f"an attached {host}", ATTACHED
    scheme = want.plugin.partition(":")[0]
    for key in want.mix:
        if key not in can.mix:
            yield f"mix.{key}", f"{host} cannot set {key}", carla
    for symbol, follows in want.midi.items():
        if follows.source not in can.midi:
            yield f"midi.{symbol}", f"{host} cannot let {symbol} follow {follows.source}", carla
        elif symbol in narrowed and not can.midi_ranges and (have is None or have.midi.get(symbol) != follows):
            yield f"midi.{symbol}", f"{host} lets {symbol} follow within its whole range only", NARROWED
    for key in want.options:
        if not can.options:
            yield f"options.{key}", f"{host} has no options", carla
        elif have is not None and have.plugin == want.plugin and key not in have.options:
            known = ", ".join(have.options) or "none"
            yield f"options.{key}", f"it has no option {key}", f"its options are {known}"
    for key in want.custom_data:
        if not can.custom_data:
            yield f"custom_data.{key}", f"{host} keeps no named values", carla
        elif scheme not in can.custom_data:
            yield f"custom_data.{key}", f"{scheme} plugins keep no named values", OUT
    if want.state is not None and not can.state:
        yield "state", f"{host} loads no state files", carla
    if want.bridge and scheme not in can.bridges:
        bridged = ", ".join(f"{each}:" for each in sorted(can.bridges))
        always = scheme == SCHEME
        yield (
            "bridge",
            "a program always has a process of its own" if always else f"{host} has no bridge for {scheme} plugins",
            f"it bridges {bridged}; or {OUT}" if can.bridges else carla,
        )
