"""A session as a Carla project: everything that Carla's file has a place for, and in words what it has none for.

No engine is asked. What a plugin has is the catalogue's word, so that what nobody declares is left to the plugin.
"""

import itertools
import re
from collections.abc import Iterator, Mapping

import msgspec

from reconciler.engines.carla.portnames import jack_names
from reconciler.model.catalogue import Catalogue, Kind, ParameterInfo, PluginType, PortInfo
from reconciler.model.controls import EVENTS, added_ports
from reconciler.model.custom import STRING
from reconciler.model.errors import StudioError
from reconciler.model.mix import MIX
from reconciler.model.options import FORCE_STEREO, OPTIONS
from reconciler.model.resources import Link, MidiMap, Plugin
from reconciler.model.states import Saved, State
from reconciler.model.stereo import can_widen, widened
from reconciler.planning.terminals import Misfit, allocate
from reconciler.projects import options
from reconciler.projects.document import PATCHBAY, Project
from reconciler.projects.naming import carla_words
from reconciler.projects.terminals import carlas, inner_of
from reconciler.session.compile import BRIDGED, WIDENED
from reconciler.session.pairing import pair
from reconciler.session.session import Endpoint, EndPort, Session

RATE_HZ = 48000
"""Taken where a manifest names no sample rate, for parameters that a project keeps as multiples of it."""

Connections = tuple[tuple[str, str], ...]

_SOURCES = {"cv": 130, "pitch-bend": 131}
_BY_NAME = 100_000
"""A program's number that no plugin has: then Carla looks for its name, all that is known of an LV2 preset."""
_CHANNELS, _DRUMS = 16, 9
_CHANNEL_PROGRAMS = "midiPrograms"
_LETTERS = re.compile(r"\[([^\[\]!^-]+)\]")


class Exported(msgspec.Struct, frozen=True):
    """A project, and what of the session is not in it."""

    project: Project
    left_out: tuple[str, ...]


def export_session(session: Session, catalogue: Catalogue, states: Mapping[str, State]) -> Exported:
    """Return the project of a session.

    Parameters
    ----------
    session
        As compiled.
    catalogue
        That it was compiled with.
    states
        Per plugin that has one, its state file.

    Raises
    ------
    StudioError
        ``not-exportable``: a plugin that no catalogue of Carla's describes.
    """
    writer = _Writer(session, catalogue, states)
    return Exported(writer.project(), tuple(dict.fromkeys(writer.left_out)))


class _Writer:
    def __init__(self, session: Session, catalogue: Catalogue, states: Mapping[str, State]) -> None:
        self.session = session
        self.states = states
        self.left_out: list[str] = []
        self.kinds = {name: self._described(plugin, catalogue) for name, plugin in session.plugins.items()}
        self.as_they_run = {name: widened(kind) if self._in_stereo(name) else kind for name, kind in self.kinds.items()}
        self.as_they_run = {name: self._with_added(name, kind) for name, kind in self.as_they_run.items()}
        self.names = {name: jack_names(kind) for name, kind in self.as_they_run.items()}
        jack = session.jack
        self.rate_hz = (jack.sample_rate if jack is not None else None) or RATE_HZ
        plugins = session.plugins.values()
        bridged = [plugin.bridge for plugin in plugins if _can_be_bridged(plugin)]
        self.bridges = bool(bridged) and all(bridged)
        widened_ = [self._in_stereo(name) for name, kind in self.kinds.items() if _can_be_stereo(kind)]
        self.force_stereo = bool(widened_) and all(widened_)

    def project(self) -> Project:
        session, settings = self.session, self.session.engine
        if session.jack is not None:
            self.left_out.append("hardware: a Carla project starts no JACK server and sets none")
        if settings.paths:
            self.left_out.append("engine.paths: they are Carla's own settings")
        if settings.transport is not None:
            self.left_out.append("engine.transport: it is Carla's own setting")
        plugins = tuple(self._plugin(plugin) for plugin in session.plugins.values())
        inside = settings.mode == PATCHBAY
        internal, external = self._through_carla() if inside else (None, tuple(map(self._in_jack, self._links())))
        return Project(
            plugins=plugins,
            internal=internal,
            external=external,
            tempo=settings.tempo,
            force_stereo=self.force_stereo,
            bridges=self.bridges,
        )

    def _with_added(self, name: str, kind: PluginType) -> PluginType:
        """Return a plugin with the ports that Carla gives it too."""
        plugin = self.session.plugins[name]
        cv = [symbol for symbol, follows in plugin.midi.items() if follows.source == "cv"]
        return msgspec.structs.replace(kind, ports=(*kind.ports, *added_ports(kind, bridge=plugin.bridge, cv=cv)))

    def _described(self, plugin: Plugin, catalogue: Catalogue) -> PluginType:
        kind = catalogue.describe(plugin.plugin)
        if kind is None:
            raise StudioError(
                "not-exportable",
                f"{plugin.name}: what {plugin.plugin} is can be written only where it is installed, and Carla with it",
                where=self.session.origin(f"plugins.{plugin.name}"),
                hint="export on the machine that runs the session",
            )
        return kind

    def _plugin(self, plugin: Plugin) -> State:
        kind = self.kinds[plugin.name]
        type_, label, binary, unique_id = carla_words(kind.uri, kind)
        if plugin.bridge and not self.bridges:
            self.left_out.append(f"plugins.{plugin.name}.bridge: a project bridges all plugins or none")
        state = self.states.get(plugin.name)
        base = state if state is not None else State(type_)
        mask = options.to_mask(plugin.options, kind, bridged=self.bridges)
        return msgspec.structs.replace(
            base,
            type=type_,
            name=self.session.prefix + plugin.name,
            label=label,
            file=binary,
            unique_id=unique_id,
            active=plugin.active or kind.enabled is not None,
            mix={**_usual(), **plugin.mix},
            options=mask if state is None else _over(state.options, plugin.options),
            parameters=tuple(self._parameters(plugin, kind, base)),
            custom_data=tuple(_custom_data(plugin, kind, base)),
            **_program(plugin, kind),
        )

    def _parameters(self, plugin: Plugin, kind: PluginType, base: State) -> Iterator[Saved]:
        """Give what is declared over what the state file has, each in Carla's order."""
        places = _places(kind)
        values = dict(plugin.params)
        enabled = kind.enabled
        if enabled is not None and (not plugin.active or enabled.symbol in values):
            values[enabled.symbol] = float(plugin.active)
        by_symbol = {info.symbol: info for info in kind.parameters}
        declared = {symbol: by_symbol[symbol] for symbol in (*values, *plugin.midi) if symbol in by_symbol}
        lv2 = kind.uri.startswith("lv2:")
        known = {parameter.symbol if lv2 else parameter.index: parameter for parameter in base.parameters}
        for symbol, info in declared.items():
            key: str | int = symbol if lv2 else places[symbol]
            was = known.get(key, Saved(places[symbol], symbol if lv2 else "", info.name, None))
            known[key] = self._over(was, info, values.get(symbol), plugin.midi.get(symbol))
        yield from sorted(known.values(), key=lambda parameter: parameter.index)

    def _over(self, was: Saved, info: ParameterInfo, value: float | None, follows: MidiMap | None) -> Saved:
        scale = self.rate_hz if info.per_sample_rate else 1
        volts = follows is not None and follows.source == "cv"
        if value is not None:
            was = msgspec.structs.replace(was, value=value / scale)
        if follows is None:
            return was
        control = _SOURCES.get(follows.source, follows.number if follows.number is not None else -1)
        ends = (follows.low, follows.high) if volts else (follows.low / scale, follows.high / scale)
        return msgspec.structs.replace(was, control=control, channel=follows.channel, range=ends)

    def _through_carla(self) -> tuple[Connections, Connections]:
        """Return the connections within Carla's patchbay, and those in JACK to and from its own client.

        Raises
        ------
        StudioError
            ``does-not-fit``: more signals than Carla has ports for.
        """
        links = list(self._links())
        ours = [link for link in links if self._is_ours(link.source) and self._is_ours(link.target)]
        theirs = [link for link in links if not self._is_ours(link.source) and not self._is_ours(link.target)]
        crossing = [link for link in links if self._is_ours(link.source) is not self._is_ours(link.target)]
        kinds: dict[str, Kind] = {}
        for link in crossing:
            outside, plugin = (link.target, link.source) if self._is_ours(link.source) else (link.source, link.target)
            kinds[outside] = self._port(plugin).kind
        found = allocate(carlas(), crossing, self._is_ours, kinds)
        if isinstance(found, Misfit):
            raise StudioError(
                "does-not-fit",
                f"{found.port} is one too many: Carla's patchbay has {found.terminals} {found.kind} ports that way, "
                f"and {', '.join(found.others)} take them",
                hint="mode: multiple-clients",
            )
        inner = [link for link in found.joins if self._is_ours(link.source) or self._is_ours(link.target)]
        outer = [link for link in found.joins if link not in inner]
        return tuple(map(self._inside, (*ours, *inner))), tuple(map(self._in_jack, (*outer, *theirs)))

    def _is_ours(self, end: str) -> bool:
        return end.partition(":")[0] in self.kinds

    def _inside(self, link: Link) -> tuple[str, str]:
        return self._inner_name(link.source), self._inner_name(link.target)

    def _inner_name(self, end: str) -> str:
        return self._name(end) if self._is_ours(end) else inner_of(end.partition(":")[2])

    def _in_jack(self, link: Link) -> tuple[str, str]:
        return self._name(link.source), self._name(link.target)

    def _links(self) -> Iterator[Link]:
        """Give the links in the order of the manifest, those with other clients as far as they are plain."""
        order = {address: place for place, address in enumerate(self.session.origins)}
        yield from sorted(self.session.links, key=lambda link: (order.get(link.address, -1), link))
        for wire in self.session.wires:
            sources, targets = (list(_ports(end)) for end in (wire.source, wire.target))
            kind = next((port.kind for port in (*(wire.source.ports or ()), *(wire.target.ports or ()))), Kind.AUDIO)
            ends = [
                end.ports if end.ports is not None else tuple(EndPort(name, kind) for name in found)
                for end, found in ((wire.source, sources), (wire.target, targets))
            ]
            paired = pair(*ends) if all(ends) else "the port is known only where it is"
            if _either(wire.source, wire.target) or _either(wire.target, wire.source):
                paired = "whether that port carries MIDI or audio is known only where it is; name the plugin's port"
            if isinstance(paired, str):
                self.left_out.append(f"{wire.address}: {paired}")
            else:
                yield from paired

    def _port(self, end: str) -> PortInfo:
        node, _, symbol = end.partition(":")
        return next(port for port in self.as_they_run[node].ports if port.symbol == symbol)

    def _name(self, end: str) -> str:
        """Return a port's name in JACK, or in Carla's patchbay, where plugins' ports are called the same."""
        node, _, symbol = end.partition(":")
        if node not in self.kinds:
            return end
        port = self._port(end)
        found = self.names[node][symbol]
        # An event port that is a plugin's only one has the second of its names, and the third in a bridge.
        ports = self.as_they_run[node].ports
        alone = sum(each.kind is Kind.MIDI and each.direction is port.direction for each in ports) == 1
        which = 0 if port.kind is not Kind.MIDI or not alone else 1 + self._in_bridge(node)
        return f"{self.session.prefix}{node}:{found[which]}"

    def _in_bridge(self, node: str) -> bool:
        return self.bridges and _can_be_bridged(self.session.plugins[node])

    def _in_stereo(self, name: str) -> bool:
        return self.session.plugins[name].options.get(FORCE_STEREO, False)


def _custom_data(plugin: Plugin, kind: PluginType, base: State) -> Iterator[tuple[str, str, str]]:
    entries = {key: (type_, key, value) for type_, key, value in base.custom_data}
    entries |= {key: (data.type, key, data.value) for key, data in plugin.custom_data.items()}
    if kind.uri.startswith("sf2:") and plugin.program is not None and _CHANNEL_PROGRAMS not in entries:
        entries[_CHANNEL_PROGRAMS] = (STRING, _CHANNEL_PROGRAMS, _soundfont_programs(plugin, kind))
    yield from entries.values()


def _usual() -> dict[str, float]:
    """What Carla mixes around a fresh plugin. Of these a project that lacks it means another control channel."""
    return {"control_channel": MIX["control_channel"].default}


def _program(plugin: Plugin, kind: PluginType) -> dict[str, tuple[int, str] | tuple[int, int]]:
    preset = next((each for each in kind.presets if each.uri == plugin.program), None)
    if preset is None or kind.uri.startswith("sf2:"):
        return {}
    match preset.uri.split(":"):
        case ["program", number]:
            return {"program": (int(number), preset.label)}
        case ["midi", bank, number]:
            return {"midi_program": (int(bank), int(number))}
        case _:
            return {"program": (_BY_NAME, preset.label)}


def _soundfont_programs(plugin: Plugin, kind: PluginType) -> str:
    uris = [preset.uri for preset in kind.presets]
    drums = next((place for place, uri in enumerate(uris) if uri.startswith("midi:128:")), 0)
    places = [drums if channel == _DRUMS else 0 for channel in range(_CHANNELS)]
    channel = int(plugin.mix.get("control_channel", 0))
    if plugin.program in uris and channel >= 0:
        places[channel] = uris.index(plugin.program)
    return ":".join(map(str, places))


def _places(kind: PluginType) -> dict[str, int]:
    """Return Carla's index of each parameter: for LV2 its place among all controls, else the catalogue has it."""
    if not kind.uri.startswith("lv2:"):
        return {info.symbol: info.index for info in kind.parameters}
    controls = sorted((*kind.parameters, *kind.outputs), key=lambda info: info.index)
    return {info.symbol: place for place, info in enumerate(controls)}


def _either(plugin: Endpoint, other: Endpoint) -> bool:
    """Whether a foreign port may be linked to a plugin's audio or to what moves its parameters."""
    kinds = {port.kind for port in plugin.ports or ()}
    moved = any(port.name.endswith(f":{EVENTS}") for port in plugin.ports or ())
    return moved and Kind.AUDIO in kinds and other.ports is None and other.node != "system"


def _ports(end: Endpoint) -> Iterator[str]:
    """Give the ports that an end outside the session surely means: a name, or one with single letters to choose."""
    if end.ports is not None:
        yield from (port.name for port in end.ports)
        return
    if end.pattern is None:
        return
    parts = _LETTERS.split(end.pattern)
    plain = "".join(parts[::2])
    if any(sign in plain for sign in "*?[]"):
        return
    choices = [list(part) if place % 2 else [part] for place, part in enumerate(parts)]
    for chosen in itertools.product(*choices):
        yield f"{end.node}:{''.join(chosen)}"


def _over(mask: int, declared: Mapping[str, bool]) -> int:
    for key, on in declared.items():
        mask = mask | OPTIONS[key] if on else mask & ~OPTIONS[key]
    return mask


def _can_be_bridged(plugin: Plugin) -> bool:
    return plugin.plugin.partition(":")[0] in BRIDGED


def _can_be_stereo(kind: PluginType) -> bool:
    return kind.uri.partition(":")[0] in WIDENED and can_widen(kind)
