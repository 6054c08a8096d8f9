"""Which output goes into which input: mono into stereo to both sides, stereo into mono summed, else one to one."""

from collections.abc import Sequence

from reconciler.model.catalogue import Kind
from reconciler.model.resources import Link
from reconciler.session.session import EndPort


def pair(sources: Sequence[EndPort], targets: Sequence[EndPort]) -> tuple[Link, ...] | str:
    """Return the links between two endpoints, or the reason why they do not fit.

    What both ends have is linked: audio if both have audio, else MIDI, else CV. Within it, one output feeds all of
    one or two inputs, two outputs sum into one input, and n outputs go to n inputs in order. MIDI fans out and merges
    freely, as its ports mix by themselves.
    """
    for kind in Kind:
        outs = [port.name for port in sources if port.kind is kind]
        ins = [port.name for port in targets if port.kind is kind]
        if not outs or not ins:
            continue
        if len(outs) == len(ins):
            return tuple(Link(out, into) for out, into in zip(outs, ins, strict=True))
        freely = kind is Kind.MIDI
        if len(outs) == 1 and (freely or len(ins) == 2):
            return tuple(Link(outs[0], into) for into in ins)
        if len(ins) == 1 and (freely or len(outs) == 2):
            return tuple(Link(out, ins[0]) for out in outs)
        return f"{len(outs)} {kind} outputs do not fit {len(ins)} {kind} inputs"
    return f"one side gives {_kinds(sources)}, the other takes {_kinds(targets)}"


def _kinds(ports: Sequence[EndPort]) -> str:
    return " and ".join(dict.fromkeys(str(port.kind) for port in ports)) or "nothing"
