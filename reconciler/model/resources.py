"""The resource types that desired and observed share, so that equal means in sync."""

import msgspec

from reconciler.model.catalogue import Direction, Kind


class MidiMap(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a parameter follows. ``low`` may be above ``high``: the control then works upside down."""

    source: str
    """``cc``, ``pitch-bend`` or ``cv``."""
    low: float
    high: float
    number: int | None = None
    """Of the control change, 0..119; None for the other sources."""
    channel: int = 0
    """MIDI channel, 0..15."""


class Plugin(msgspec.Struct, frozen=True, omit_defaults=True):
    """One plugin. Desired, the maps hold what is declared; observed, all there is.

    All values are float32-exact. ``program`` is a preset's URI, None when none was ever chosen. ``params`` and
    ``midi`` are by symbol, ``mix`` by the keys of :data:`reconciler.model.mix.MIX`.
    """

    name: str
    plugin: str
    active: bool = True
    program: str | None = None
    params: dict[str, float] = {}
    mix: dict[str, float] = {}
    midi: dict[str, MidiMap] = {}


class Link(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A connection from an output port to an input port, each as ``node:port``."""

    source: str
    target: str

    @property
    def address(self) -> str:
        """The address, ``links.source->target``."""
        return f"links.{self.source}->{self.target}"


class Port(msgspec.Struct, frozen=True, omit_defaults=True):
    """A port that is there now. ``name`` is ``node:port`` in the words of the manifest."""

    name: str
    kind: Kind
    direction: Direction
    physical: bool = False
    aliases: tuple[str, ...] = ()
    """JACK's own name first, where the manifest's is another; then those that JACK has besides."""


class JackSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The JACK server: what the manifest asks, or what runs. None means unknown or not asked.

    ``sample_rate`` in Hz, ``period`` in frames, ``periods`` as count of periods in the hardware buffer.
    """

    server: str | None = None
    driver: str | None = None
    device: str | None = None
    sample_rate: int | None = None
    period: int | None = None
    periods: int | None = None
    realtime: bool | None = None


class Capabilities(msgspec.Struct, frozen=True):
    """What a plugin host can do; a manifest that asks for more is refused at plan time."""

    formats: frozenset[str]
    """Schemes of ``plugin:`` URIs, such as ``lv2``."""
    bypass: bool
    """Can set ``active`` on every plugin, not only on those with a port designated ``lv2:enabled``."""
    programs: bool
    rename: bool
    """Renames a plugin in place; without it a rename is a new plugin that takes over values and links."""
    mix: frozenset[str] = frozenset()
    """Keys of ``mix:`` that work, such as ``volume``."""
    midi: frozenset[str] = frozenset()
    """Sources that a parameter can follow: ``cc``, ``pitch-bend``, ``cv``."""
    name_bytes: int = 63
    """Longest name with the prefix, in bytes of UTF-8. JACK's own limit; Carla in multiple-clients mode cuts at 57."""


class Engine(msgspec.Struct, frozen=True):
    """The plugin host as observed."""

    kind: str
    capabilities: Capabilities
    prefix: str = ""
    """What its JACK clients' names begin with."""
    running: bool = True


class Observed(msgspec.Struct, frozen=True):
    """One consistent reading of the studio."""

    engine: Engine
    jack: JackSettings | None
    """What runs; None when no JACK server answers."""
    jack_ours: bool = False
    """The server was started by studio, so studio may restart it."""
    plugins: dict[str, Plugin] = {}
    """In the engine's order."""
    ports: dict[str, Port] = {}
    links: frozenset[Link] = frozenset()
