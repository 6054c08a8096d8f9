"""The session: what the manifest means, flat, with every value canonical and every origin known."""

import msgspec

from reconciler.model.catalogue import Direction, Kind, ParameterInfo
from reconciler.model.errors import Where
from reconciler.model.resources import EngineSettings, JackSettings, Link, Plugin


class EndPort(msgspec.Struct, frozen=True, array_like=True):
    """A port of an endpoint: ``node:port`` and what travels through it."""

    name: str
    kind: Kind


class PluginPort(msgspec.Struct, frozen=True, array_like=True):
    """A port that a plugin of the session has, by its symbol."""

    symbol: str
    kind: Kind
    direction: Direction
    added: bool = False
    """By the host, and only by one that lets parameters follow MIDI or CV."""


class Endpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """One end of a wire.

    ``ports`` is known for a plugin whose type is known; None leaves the match to the ports that are there when the
    plan is made. ``pattern`` is a port's name, number (``in1``) or glob; None means the node's main ports.
    """

    node: str
    pattern: str | None = None
    ports: tuple[EndPort, ...] | None = None

    def __str__(self) -> str:
        return self.node if self.pattern is None else f"{self.node}:{self.pattern}"


class Wire(msgspec.Struct, frozen=True, omit_defaults=True):
    """A declared link with at least one end outside the session: it becomes links when its ports are there."""

    source: Endpoint
    target: Endpoint
    suggestion: str | None = None
    """A plugin of the session whose name is close to the unknown client's."""

    @property
    def address(self) -> str:
        """The address of the declaration, ``links.source->target``."""
        return f"links.{self.source}->{self.target}"


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the manifest asks for.

    ``rest`` holds, per plugin, the value each parameter has when nobody declares it: the program's, else the
    default. ``origins`` maps addresses to places in the manifest; see :meth:`origin`.
    """

    name: str
    host: str = "auto"
    prefix: str = ""
    attach: str | None = None
    """Address of the Carla to drive, which somebody else runs; None for one of our own."""
    engine: EngineSettings = EngineSettings()
    """What the manifest asks of the plugin host itself."""
    jack: JackSettings | None = None
    manage: str = "never"
    plugins: dict[str, Plugin] = {}
    declares: str = "-"
    """Digest of which parameters are declared, whatever their values: the same digest, and none was dropped."""
    states: dict[str, str] = {}
    """Per plugin that has one, the absolute path of its state file; its digest is :attr:`Plugin.state`."""
    rest: dict[str, dict[str, float]] = {}
    bounds: dict[str, dict[str, ParameterInfo]] = {}
    """Per plugin, what each parameter makes of a value (no names, no texts); without those that the host drives."""
    ports: dict[str, tuple[PluginPort, ...]] = {}
    """Per plugin of a known type, its audio, MIDI and CV ports."""
    units: dict[str, dict[str, str]] = {}
    """Per plugin, the unit of each parameter that has one, for showing."""
    links: frozenset[Link] = frozenset()
    wires: tuple[Wire, ...] = ()
    protected: frozenset[str] = frozenset()
    ignored: dict[str, tuple[str, ...]] = {}
    """Per plugin, what is somebody else's: ``active``, ``program``, ``params.SYMBOL``."""
    narrowed: dict[str, tuple[str, ...]] = {}
    """Per plugin, the parameters that follow MIDI or CV within less than their whole range."""
    switched: dict[str, tuple[str, ...]] = {}
    """Plugins with a click-free switch of their own, and its symbol (designated ``lv2:enabled``)."""
    moved: dict[str, str] = {}
    origins: dict[str, Where] = {}

    def origin(self, address: str) -> Where | None:
        """Return where the manifest says it, looking outward from the address to its nearest known parent."""
        while address:
            if address in self.origins:
                return self.origins[address]
            address = address.rpartition(".")[0]
        return None
