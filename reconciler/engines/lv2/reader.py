"""Reads one plugin, or one preset, out of a loaded bundle into the model's types."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from reconciler.engines.lv2 import vocabulary as lv2
from reconciler.engines.lv2.lilv import World, finite
from reconciler.model.catalogue import (
    REFERENCE_RATE,
    Direction,
    Kind,
    ParameterInfo,
    PluginType,
    PortInfo,
    PresetInfo,
    ScalePoint,
    Unit,
)
from reconciler.model.values import float32

_SIDECHAIN_SYMBOL = re.compile(r"(sc|side_?chain)(_?(in|input|left|right|[lr]|\d+))*", re.IGNORECASE)
"""Port symbols that name a key input: Calf flags none of its own. Not ``scale``, nor ``scope_l``."""


class Malformed(ValueError):
    """A plugin whose data lilv cannot make sense of."""


class Read(msgspec.Struct, frozen=True):
    """A plugin with its version, which decides between two copies of one plugin."""

    plugin: PluginType
    version: tuple[int, int]
    """``lv2:minorVersion`` and ``lv2:microVersion``; (0, 0) where either is missing, as lilv has it."""


def read_plugin(world: World, plugin: int, bundle: Path) -> Read:
    """Read everything but the presets.

    Raises
    ------
    Malformed
        The files have mistakes or the list of ports has holes: a host would load something else than was written.
    """
    node = world.c.lilv_plugin_get_uri(plugin)
    uri = world.text(node)
    # This loads the data files, so it comes first. False too where a file has errors: the rest of it is not there.
    verified = world.c.lilv_plugin_verify(plugin)
    name = world.owned_text(world.c.lilv_plugin_get_name(plugin))
    count = world.c.lilv_plugin_get_num_ports(plugin)
    if not verified:
        raise Malformed("its data has errors, or lacks a name or ports")
    if name is None or not count:
        raise Malformed("its name or its list of ports has errors")
    versions = [world.first_number(node, word) for word in (lv2.MINOR_VERSION, lv2.MICRO_VERSION)]
    minor, micro = (int(version) if version is not None else -1 for version in versions)
    parameters, outputs, ports = _ports(world, plugin, count)
    return Read(
        plugin=PluginType(
            uri=f"lv2:{uri}",
            name=name,
            author=world.owned_text(world.c.lilv_plugin_get_author_name(plugin)),
            category=_category(world, node),
            bundle=str(bundle),
            parameters=parameters,
            outputs=outputs,
            ports=ports,
            required_features=_features(world, plugin),
        ),
        version=(minor, micro) if min(minor, micro) >= 0 else (0, 0),
    )


def read_preset(world: World, preset: int) -> PresetInfo:
    """Read a preset whose resource is loaded: its label and the control values it sets.

    A value that is not a number (some presets carry file names) is left out, as hosts do.
    """
    uri = world.text(preset)
    values: dict[str, float] = {}
    with world.objects(preset, lv2.PORT) as ports:
        for port in ports:
            symbol = world.first_text(port, lv2.SYMBOL)
            # Writers of old presets put the value into lv2:default; lilv's own state loader accepts it, so do we.
            value = world.first_number(port, lv2.PRESET_VALUE)
            if value is None:
                value = world.first_number(port, lv2.DEFAULT)
            if symbol is not None and value is not None:
                values[symbol] = value
    label = world.first_text(preset, lv2.RDFS_LABEL)
    return PresetInfo(uri=uri, label=label or _last_part(uri), values=dict(sorted(values.items())))


def _category(world: World, node: int) -> str | None:
    types = world.texts(node, lv2.RDF_TYPE)
    known = lv2.category(types)
    if known is not None:
        return known
    # A class of the vendor's own: its label if the bundle has one, and its name's last part if not.
    own = [uri for uri in types if not uri.startswith(lv2.LV2) and uri.endswith("Plugin")]
    return (world.first_text(world.uri(own[0]), lv2.RDFS_LABEL) or _last_part(own[0])) if own else None


def _features(world: World, plugin: int) -> tuple[str, ...]:
    with world.owned(world.c.lilv_plugin_get_required_features(plugin)) as nodes:
        return tuple(sorted(world.text(node) for node in nodes))


class _Port:
    """One port, and the questions about it."""

    def __init__(self, world: World, plugin: int, index: int) -> None:
        self.world = world
        self.index = index
        self._plugin = plugin
        self._port = world.c.lilv_plugin_get_port_by_index(plugin, index)

    def is_a(self, kind: str) -> bool:
        answer: bool = self.world.c.lilv_port_is_a(self._plugin, self._port, self.world.uri(kind))
        return answer

    def has_midi(self) -> bool:
        midi = self.world.uri(lv2.MIDI_EVENT)
        answer: bool = self.world.c.lilv_port_supports_event(self._plugin, self._port, midi)
        return answer

    def names(self) -> tuple[str, str]:
        """Return symbol and name."""
        symbol = self.world.text(self.world.c.lilv_port_get_symbol(self._plugin, self._port))
        return symbol, self.world.owned_text(self.world.c.lilv_port_get_name(self._plugin, self._port)) or symbol

    def values(self, predicate: str) -> AbstractContextManager[Sequence[int]]:
        return self.world.port_values(self._plugin, self._port, predicate)

    def texts(self, predicate: str) -> list[str]:
        return self.world.port_texts(self._plugin, self._port, predicate)

    def designation(self) -> str | None:
        return next(iter(self.texts(lv2.DESIGNATION)), None)


def _ports(
    world: World, plugin: int, count: int
) -> tuple[tuple[ParameterInfo, ...], tuple[ParameterInfo, ...], tuple[PortInfo, ...]]:
    parameters: list[ParameterInfo] = []
    outputs: list[ParameterInfo] = []
    ports: list[PortInfo] = []
    ranges = zip(*world.ranges(plugin, count), strict=True)
    for index, bounds in enumerate(ranges):
        port = _Port(world, plugin, index)
        direction = Direction.IN if port.is_a(lv2.INPUT_PORT) else Direction.OUT
        if port.is_a(lv2.CONTROL_PORT):
            (parameters if direction is Direction.IN else outputs).append(_parameter(port, bounds))
        elif (kind := _kind(port)) is not None:
            ports.append(_port(port, kind, direction))
    return tuple(parameters), tuple(outputs), tuple(ports)


def _kind(port: _Port) -> Kind | None:
    """Return what travels there; None for atom ports without MIDI, which no host shows to JACK (jalv 1.6)."""
    if port.is_a(lv2.AUDIO_PORT):
        return Kind.AUDIO
    if port.is_a(lv2.CV_PORT):
        return Kind.CV
    if (port.is_a(lv2.ATOM_PORT) or port.is_a(lv2.EVENT_PORT)) and port.has_midi():
        return Kind.MIDI
    return None


def _parameter(port: _Port, bounds: tuple[float, float, float]) -> ParameterInfo:
    symbol, name = port.names()
    properties = set(port.texts(lv2.PORT_PROPERTY))
    per_rate = lv2.PROPERTY_SAMPLE_RATE in properties
    minimum, maximum, default = resolve_range(*bounds, per_rate=per_rate)
    unit, unit_symbol = _unit(port)
    designation = port.designation()
    if designation is None and lv2.PROPERTY_REPORTS_LATENCY in properties:
        designation = lv2.LATENCY  # the older way of saying the same
    return ParameterInfo(
        symbol=symbol,
        name=name,
        index=port.index,
        default=default,
        minimum=minimum,
        maximum=maximum,
        unit=unit,
        unit_symbol=unit_symbol,
        toggled=lv2.PROPERTY_TOGGLED in properties,
        integer=lv2.PROPERTY_INTEGER in properties,
        enumeration=lv2.PROPERTY_ENUMERATION in properties,
        logarithmic=lv2.PROPERTY_LOGARITHMIC in properties,
        scale_points=_scale_points(port),
        designation=designation,
        per_sample_rate=per_rate,
    )


def resolve_range(
    minimum: float, maximum: float, default: float, *, per_rate: bool
) -> tuple[float | None, float | None, float]:
    """Turn what a port states into bounds and a default that lies within them.

    Parameters
    ----------
    minimum, maximum, default
        As lilv gives them; NaN or infinity where the plugin states none.
    per_rate
        The bounds are multiples of the sample rate (``lv2:sampleRate``).

    Returns
    -------
    tuple
        Bounds (None where there is none) and the default, float32.

    Notes
    -----
    Without a stated default hosts differ: jalv 1.6 starts at 0, Carla 2.5 at 0 if that is strictly inside the bounds
    and at the minimum if not. Zero, brought into the bounds, is what both mean. A stated default outside the bounds
    is brought in too, as Carla does: returning a parameter to its default must be possible.

    Where bounds are multiples of the rate, LV2 says nothing of the default. SWH's filters state it as a multiple
    too (0.11 within 0.0001 to 0.45), and no host multiplies it: jalv then starts that filter at 0.11 Hz. A default
    that lies within the unmultiplied bounds is taken for a multiple.
    """
    low, high, start = finite(minimum), finite(maximum), finite(default)
    if per_rate:
        relative = start is not None and (low is None or start >= low) and (high is None or start <= high)
        low = None if low is None else float32(low * REFERENCE_RATE)
        high = None if high is None else float32(high * REFERENCE_RATE)
        start = float32(start * REFERENCE_RATE) if start is not None and relative else start
    value = 0.0 if start is None else start
    if high is not None:
        value = min(value, high)
    if low is not None:
        value = max(value, low)
    return low, high, value


def _unit(port: _Port) -> tuple[Unit | None, str | None]:
    world = port.world
    with port.values(lv2.UNIT) as nodes:
        if not nodes:
            return None, None
        uri = world.text(nodes[0])
        if uri in lv2.UNIT_OF:
            unit, symbol = lv2.UNIT_OF[uri]
            return unit, symbol or None
        # A unit of the plugin's own.
        own = world.first_text(nodes[0], lv2.UNIT_SYMBOL) or world.first_text(nodes[0], lv2.RDFS_LABEL)
        return (lv2.UNIT_OF_SYMBOL.get(own, Unit.OTHER), own) if own else (Unit.OTHER, None)


def _scale_points(port: _Port) -> tuple[ScalePoint, ...]:
    world = port.world
    with port.values(lv2.SCALE_POINT) as nodes:
        if not nodes:
            return ()
        found = [(world.first_number(node, lv2.RDF_VALUE), world.first_text(node, lv2.RDFS_LABEL)) for node in nodes]
    points = [(value, label) for value, label in found if value is not None and label is not None]
    return tuple(ScalePoint(label=label, value=value) for value, label in sorted(points))


def _port(port: _Port, kind: Kind, direction: Direction) -> PortInfo:
    symbol, name = port.names()
    properties = set(port.texts(lv2.PORT_PROPERTY))
    group, keyed = _group(port)
    keyed = keyed or lv2.PROPERTY_SIDECHAIN in properties or bool(port.texts(lv2.SIDECHAIN_OF))
    named = kind is not Kind.MIDI and _SIDECHAIN_SYMBOL.fullmatch(symbol) is not None
    return PortInfo(
        symbol=symbol,
        name=name,
        index=port.index,
        kind=kind,
        direction=direction,
        sidechain=direction is Direction.IN and (keyed or named),
        optional=lv2.PROPERTY_CONNECTION_OPTIONAL in properties,
        group=group,
        designation=port.designation(),
    )


def _group(port: _Port) -> tuple[str | None, bool]:
    """Return the symbol of a port's group, and whether the group is the sidechain of another."""
    for word in (lv2.GROUP, lv2.GROUP_OLD):
        with port.values(word) as nodes:
            if nodes:
                return port.world.symbol(nodes[0]), bool(port.world.texts(nodes[0], lv2.SIDECHAIN_OF))
    return None, False


def _last_part(uri: str) -> str:
    """Return what a person would call a URI: its fragment, or the last step of its path."""
    return re.split(r"[/#:]", uri.rstrip("/#:"))[-1] or uri
