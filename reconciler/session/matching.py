"""Finding a node's ports by what a person wrote: symbol, name, number (``in1``, ``out2``) or glob."""

import fnmatch
import re
from collections.abc import Sequence

from reconciler.model.catalogue import Direction, Kind, PluginType, PortInfo

_NUMBER = re.compile(r"(in|out)([1-9][0-9]?)")
_GLOB = re.compile(r"[*?\[]")


def is_glob(pattern: str) -> bool:
    """Whether the pattern may match several ports."""
    return _GLOB.search(pattern) is not None


def main_ports(ports: Sequence[PortInfo], direction: Direction) -> list[PortInfo]:
    """Return the ports a bare node name stands for: all of that direction except audio and CV sidechains.

    MIDI stays: x42 fat1 flags its only MIDI input as sidechain, and notes are not a key signal.
    """
    return [port for port in ports if port.direction is direction and (port.kind is Kind.MIDI or not port.sidechain)]


def plugin_ports(kind: PluginType, pattern: str | None, direction: Direction) -> list[PortInfo]:
    """Return the plugin's ports of that direction that the pattern means; none if it means nothing.

    A symbol wins over a name, a name (any case) over a number, a number over a glob, so that a plugin whose port is
    really called ``in2`` is taken at its word. Numbers count the main ports from 1, audio before MIDI.
    """
    ports = [port for port in kind.ports if port.direction is direction]
    if pattern is None:
        return main_ports(ports, direction)
    for exact in (
        [port for port in ports if port.symbol == pattern],
        [port for port in ports if port.name.casefold() == pattern.casefold()],
    ):
        if exact:
            return exact[:1]
    if (number := _NUMBER.fullmatch(pattern)) and number[1] == direction:
        main = main_ports(ports, direction)
        counted = [port for port in main if port.kind is Kind.AUDIO] or [p for p in main if p.kind is Kind.MIDI]
        return counted[int(number[2]) - 1 :][:1]
    if is_glob(pattern):
        return [port for port in ports if _matches(port.symbol, pattern) or _matches(port.name, pattern)]
    return []


def names(candidates: Sequence[str], pattern: str) -> list[str]:
    """Return the names that a pattern means: the very name, else the glob's matches."""
    if pattern in candidates:
        return [pattern]
    return [name for name in candidates if _matches(name, pattern)] if is_glob(pattern) else []


def number(pattern: str, direction: Direction) -> int | None:
    """Return n for ``in<n>`` or ``out<n>`` of that direction, else None."""
    match = _NUMBER.fullmatch(pattern)
    return int(match[2]) if match and match[1] == direction else None


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern)
