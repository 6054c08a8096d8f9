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


class CustomData(msgspec.Struct, frozen=True, array_like=True):
    """A named value that a plugin keeps beside its parameters, such as the file it plays."""

    type: str
    """URI of the value's type, such as ``http://kxstudio.sf.net/ns/carla/path``."""
    value: str


class Plugin(msgspec.Struct, frozen=True, omit_defaults=True):
    """One plugin. Desired, the maps hold what is declared; observed, all there is.

    All values are float32-exact. ``program`` is a preset's URI, None when none was ever chosen. ``params`` and
    ``midi`` are by symbol, ``mix`` by the keys of :data:`reconciler.model.mix.MIX`, ``options`` by those of
    :data:`reconciler.model.options.OPTIONS` (observed: the ones this plugin has), ``custom_data`` by key. ``state``
    is the SHA-256 of the state file loaded last, None when none was.
    """

    name: str
    plugin: str
    active: bool = True
    program: str | None = None
    params: dict[str, float] = {}
    mix: dict[str, float] = {}
    midi: dict[str, MidiMap] = {}
    options: dict[str, bool] = {}
    custom_data: dict[str, CustomData] = {}
    state: str | None = None
    bridge: bool = False
    """Runs in a process of its own, apart from its host."""
    rest_options: dict[str, bool] = {}
    """Observed only: how each option stands when nobody sets it."""


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
    midi_ranges: bool = True
    """Lets a parameter follow within less than its whole range."""
    options: bool = False
    custom_data: frozenset[str] = frozenset()
    """Schemes of plugins that keep named values."""
    state: bool = False
    """Loads state files."""
    bridges: frozenset[str] = frozenset()
    """Schemes of plugins that can run in a process of their own."""
    replace: bool = False
    """Puts another plugin in the place of one; without it that is a removal and a new one."""
    remove_all: int | None = None
    """From how many plugins on one call that removes all is cheaper than one for each; None if there is none."""
    rename_interrupts: bool = False
    """A rename is a new JACK client, so its paths are silent for a moment."""
    live_period: bool = True
    """Survives a change of the period; without it the engine must stop for that."""
    settings: frozenset[str] = frozenset()
    """Fields of :class:`EngineSettings` that it has."""
    live_settings: frozenset[str] = frozenset()
    """Those of them that change while it runs; any other takes a restart of the engine."""
    apart: bool = False
    """Every plugin runs in a process of its own, and dies alone."""
    most_plugins: int | None = None
    midi_ports: int | None = None
    """Most MIDI inputs, and outputs, that a plugin may have; None for any number."""
    name_bytes: int = 63
    """Longest name with the prefix, in bytes of UTF-8. JACK's own limit; Carla in multiple-clients mode cuts at 57."""


class EngineSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The plugin host's own settings: what the manifest asks, or what holds. None means not asked, or not known."""

    mode: str | None = None
    """``multiple-clients`` or ``patchbay``."""
    transport: str | None = None
    """Whose clock rolls: ``jack`` or ``internal``."""
    tempo: float | None = None
    """In beats per minute, float32-exact."""
    paths: dict[str, tuple[str, ...]] | None = None
    """Folders that plugins are looked for in besides the usual ones, absolute, by scheme."""


class Engine(msgspec.Struct, frozen=True):
    """The plugin host as observed."""

    kind: str
    capabilities: Capabilities
    prefix: str = ""
    """What its JACK clients' names begin with."""
    running: bool = True
    settings: EngineSettings = EngineSettings()
    attach: str | None = None
    """Address of the Carla that it drives and that somebody else runs."""


class Terminals(msgspec.Struct, frozen=True, omit_defaults=True):
    """The ports by which an engine that is one JACK client meets the others (Carla's patchbay mode).

    A terminal has two sides under one name. As the target of a link it is JACK's input port of that name, or the
    engine's inner sink; as the source of one, the engine's inner source, or JACK's output port.
    """

    inputs: tuple[Port, ...]
    """Where signal comes into the engine."""
    outputs: tuple[Port, ...]
    """Where it leaves."""
    links: frozenset[Link] = frozenset()
    """Every link that has a terminal at an end, as made. What they come to is in :attr:`Observed.links`."""


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
    """Without the engine's terminals."""
    links: frozenset[Link] = frozenset()
    """From port to port; what runs through a terminal is one link."""
    terminals: Terminals | None = None
    """None where plugins' ports are JACK's."""
