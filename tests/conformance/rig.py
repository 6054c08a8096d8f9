"""What the conformance suite needs of a plugin host and its world. A new host joins by making one of these."""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.engines.ports import AudioGraph, HostedPlugin, PluginHost
from reconciler.model.catalogue import Catalogue, ParameterInfo, PluginType
from reconciler.model.resources import CustomData, Link, Plugin, Port
from tests.support.patching import plug


@dataclass(frozen=True)
class Control:
    """One parameter of one plugin."""

    uri: str
    symbol: str


@dataclass(frozen=True)
class Roles:
    """Plugins for each trait that hosts treat in a way of their own."""

    mono: Control
    """One audio input, one audio output, no bypass of its own; a control that is neither integer nor toggle."""
    stereo: str
    instrument: str
    """With a MIDI input."""
    bypass: str
    """With a control designated ``lv2:enabled``."""
    presets: str
    unit: Control
    """Runs from 0 to 1, continuously."""
    large: Control
    """Runs to 20000, continuously."""
    integer: Control
    toggle: Control
    enumeration: Control
    keeps: tuple[str, str, CustomData, CustomData]
    """A plugin that keeps a named value, its key, and two values of it; the first is what it has by itself, if any."""
    broken: str
    """Known to the catalogue, and does not load."""
    missing: str
    """Known to nobody."""


@dataclass
class Rig:
    """A host in its world."""

    name: str
    host: PluginHost
    graph: AudioGraph
    catalogue: Catalogue
    roles: Roles
    prefix: str
    open_client: Callable[[str], None]
    """Let a foreign JACK client with the ports ``out_1`` and ``in_1`` come; it leaves with the rig."""
    kill_plugin: Callable[[str], None] | None
    """Let one plugin die; None where plugins share the host's process and die with it."""
    kill_server: Callable[[], None]
    leftovers: Callable[[], list[str]]
    """Processes of the host that are running now."""

    def describe(self, uri: str) -> PluginType:
        known = self.catalogue.describe(uri)
        assert known is not None
        return known

    def info(self, control: Control) -> ParameterInfo:
        info = self.describe(control.uri).parameter(control.symbol)
        assert info is not None
        return info

    def hosted(self, name: str) -> HostedPlugin:
        return next(one for one in self.host.plugins() if one.plugin.name == name)

    def plugin(self, name: str) -> Plugin:
        return self.hosted(name).plugin

    def value(self, name: str, symbol: str) -> float:
        return self.plugin(name).params[symbol]

    def names(self) -> list[str]:
        return [one.plugin.name for one in self.host.plugins()]

    def port(self, name: str, symbol: str) -> str:
        """Return the JACK name of a plugin's port."""
        hosted = self.hosted(name)
        return f"{hosted.client}:{(hosted.port_names or {}).get(symbol, symbol)}"

    def plug(self, source: str, target: str) -> None:
        """Link two ports, through terminals where that is the way."""
        plug(self.graph, source, target, plugins={one.client for one in self.host.plugins()})

    def ports_of(self, client: str) -> set[str]:
        return {port for port in self.graph.ports() if port.startswith(f"{client}:")}

    def world(self) -> tuple[list[HostedPlugin], dict[str, Port], frozenset[Link]]:
        """Return everything that can be seen, to tell that nothing changed."""
        return self.host.plugins(), dict(self.graph.ports()), self.graph.links()
