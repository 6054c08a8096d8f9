"""The ports of a JACK server, listed fast: names from the server, everything else remembered.

``jack_get_ports`` gives names, and asking for a port by its name searches them all, so the obvious way is quadratic
(measured for 104/1004/2004/3804 ports: 0.5/10/48/212 ms). Pointers are therefore remembered by name. What would make
a remembered pointer wrong, a port that went away and came back at another place, is told by the registration
callback, which only queues: no JACK call is allowed in there.
"""

import collections
import re
from typing import Any

from reconciler.engines.jack import library
from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import Port

KINDS = {b"32 bit float mono audio": Kind.AUDIO, b"8 bit raw midi": Kind.MIDI}
"""JACK's port types. Others (PipeWire has video) are none of studio's business: they and their links are left out.

CV is audio to JACK: only a metadata property sets it apart, and that is not read here. The property database is one
file per user with locks that a killed client leaves behind, so a read may hang for ever, and every port costs 7 us
(measured). Which ports of a plugin are CV is in the catalogue; JACK itself lets CV and audio be connected.
"""

_ALIASES = 2
"""JACK keeps at most two aliases a port."""


class SeenPort:
    """A port as remembered: its name in bytes and text, libjack's pointer, and what was read of it."""

    __slots__ = ("order", "output", "pointer", "port", "raw")

    def __init__(self, raw: bytes, pointer: Any, port: Port) -> None:
        self.raw = raw
        self.pointer = pointer
        self.port = port
        self.output = port.direction is Direction.OUT
        self.order = natural(port.name)


class PortList:
    """All ports of the server that an open ``jack.Client`` is on. To be used from one thread at a time."""

    def __init__(self, client: Any) -> None:
        jack = library.load()
        self._lib = jack._lib
        self._ffi = jack._ffi
        self._client = client
        self._registered: collections.deque[int] = collections.deque()
        self._raws: list[bytes] = []
        self._seen: dict[bytes, SeenPort] = {}
        self._by_name: dict[str, SeenPort] = {}
        self._buffers = [self._ffi.new("char[]", int(jack.port_name_size())) for _ in range(_ALIASES)]
        self._alias_array = self._ffi.new("char*[]", self._buffers)

    def heard(self, port_id: int) -> None:
        """Queue the news that a port came. Called on a thread of libjack."""
        self._registered.append(port_id)

    def refresh(self) -> bool:
        """Look at the server again; return whether any port came, went or was renamed."""
        fresh = self._news()
        raws = self._strings(self._lib.jack_get_ports(self._client._ptr, b"", b"", 0))
        if raws == self._raws and not fresh:
            return False
        seen: dict[bytes, SeenPort] = {}
        for raw in raws:
            known = None if raw in fresh else self._seen.get(raw)
            if known is None:
                known = self._meet(raw, fresh.get(raw))
            if known is not None:
                seen[raw] = known
        self._raws, self._seen = raws, seen
        self._by_name = {known.port.name: known for known in sorted(seen.values(), key=lambda known: known.order)}
        return True

    def seen(self) -> dict[bytes, SeenPort]:
        """Return the ports of the last refresh, by raw name."""
        return self._seen

    def by_name(self) -> dict[str, SeenPort]:
        """Return the ports of the last refresh, by name, in natural order."""
        return self._by_name

    def find(self, name: str) -> SeenPort | None:
        """Return the port of the last refresh that has this name."""
        return self._by_name.get(name)

    def resolve(self, name: str) -> SeenPort | None:
        """Return the port of the last refresh that has this name, or this alias, as JACK's own calls do."""
        return self.find(name) or next((seen for seen in self._by_name.values() if name in seen.port.aliases), None)

    def ports(self) -> dict[str, Port]:
        """Return the ports of the last refresh in natural order, their aliases read anew.

        Nobody tells of a new alias, and drivers set them only after the port is there.
        """
        ports = {}
        for name, known in self._by_name.items():
            aliases = self._aliases(known.pointer)
            if aliases != known.port.aliases:
                known.port = _port(name, known.port.kind, known.port.direction, known.port.physical, aliases)
            ports[name] = known.port
        return ports

    def targets(self, known: SeenPort) -> list[bytes]:
        """Return the raw names of all ports that this one is connected to, now."""
        return self._strings(self._lib.jack_port_get_all_connections(self._client._ptr, known.pointer))

    def _news(self) -> dict[bytes, Any]:
        """Return the pointers of ports that came since the last time, by the names that they have now."""
        fresh = {}
        while self._registered:
            pointer = self._lib.jack_port_by_id(self._client._ptr, self._registered.popleft())
            name = self._lib.jack_port_name(pointer) if pointer else None
            if name:
                fresh[self._ffi.string(name)] = pointer
        return fresh

    def _meet(self, raw: bytes, pointer: Any) -> SeenPort | None:
        if not pointer:
            # The callback comes 0.1-3 ms after the fact, and never for ports that were there before us.
            pointer = self._lib.jack_port_by_name(self._client._ptr, raw)
        if not pointer:
            return None
        kind = KINDS.get(self._ffi.string(self._lib.jack_port_type(pointer)))
        if kind is None:
            return None
        flags = self._lib.jack_port_flags(pointer)
        direction = Direction.OUT if flags & self._lib.JackPortIsOutput else Direction.IN
        physical = bool(flags & self._lib.JackPortIsPhysical)
        return SeenPort(raw, pointer, _port(text(raw), kind, direction, physical, self._aliases(pointer)))

    def _aliases(self, pointer: Any) -> tuple[str, ...]:
        count = self._lib.jack_port_get_aliases(pointer, self._alias_array)
        aliases = (self._ffi.string(self._buffers[index]) for index in range(count))
        return tuple(text(alias) for alias in aliases if alias)  # PipeWire has empty ones

    def _strings(self, array: Any) -> list[bytes]:
        """Return the strings of a NULL-terminated array of libjack, and free it."""
        if not array:
            return []
        try:
            strings = []
            string = self._ffi.string
            index = 0
            while item := array[index]:
                strings.append(string(item))
                index += 1
            return strings
        finally:
            self._lib.jack_free(array)


def text(raw: bytes) -> str:
    r"""Return a name as text; bytes that are not UTF-8, which JACK allows and JSON does not, show as ``\xff``."""
    return raw.decode("utf-8", errors="backslashreplace")


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts ``playback_2`` before ``playback_10``."""
    return tuple(
        (0, int(part), part) if part.isdecimal() and part.isascii() else (1, 0, part)
        for part in re.split(r"(\d+)", name, flags=re.ASCII)
        if part
    )


def _port(name: str, kind: Kind, direction: Direction, physical: bool, aliases: tuple[str, ...]) -> Port:
    return Port(name=name, kind=kind, direction=direction, physical=physical, aliases=aliases)
