"""Random sessions and random studios, made of the memory catalogue's plugins."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from reconciler.engines.memory import CAPABILITIES, ENGINE, IN_PATCHBAY, PLUGINS, PREFIX, MemoryCatalogue, MemoryStudio
from reconciler.engines.memory.engine import options_of
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Desk
from reconciler.manifest.load import parse
from reconciler.model.catalogue import Catalogue, Direction, Kind, ParameterInfo, PluginType
from reconciler.model.conform import conform
from reconciler.model.custom import STRING
from reconciler.model.errors import StudioError
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import Capabilities, CustomData, Observed
from reconciler.model.stereo import can_widen
from reconciler.session.compile import compile_session

NAMES = ("voice", "gate", "eq", "verb", "Ünïcode", "bus 1", "out")
PICKY = f"{PREFIX}picky"
"""Never loads, on purpose."""
CATALOGUE = MemoryCatalogue()
LOADABLE = sorted(PLUGINS.keys() - {PICKY})


ONE_CLIENT = msgspec.structs.replace(CAPABILITIES, midi_ports=1)
"""What tells these worlds that the host shall be one JACK client, its patchbay within."""


def _fits(kind: PluginType, capabilities: Capabilities) -> bool:
    most = capabilities.midi_ports
    return most is None or all(
        sum(port.kind is Kind.MIDI and port.direction is way for port in kind.ports) <= most for way in Direction
    )


def _value(draw: st.DrawFn, info: ParameterInfo) -> float:
    low = info.minimum if info.minimum is not None else -10.0
    high = info.maximum if info.maximum is not None else 10.0
    if info.enumeration and info.scale_points:
        return draw(st.sampled_from([point.value for point in info.scale_points]))
    return conform(info, draw(st.floats(low, high, allow_nan=False, width=32)))


def _symbols(kind: PluginType, direction: Direction) -> list[tuple[str, Kind]]:
    return [(port.symbol, port.kind) for port in kind.ports if port.direction is direction]


def _spec(draw: st.DrawFn, kind: PluginType, capabilities: Capabilities) -> dict[str, Any]:
    """One plugin's part of the manifest."""
    spec: dict[str, Any] = {"plugin": kind.uri}
    infos = (
        draw(st.lists(st.sampled_from(kind.parameters), unique_by=lambda info: info.symbol, max_size=4))
        if kind.parameters
        else []
    )
    if infos:
        spec["params"] = {info.symbol: _value(draw, info) for info in infos}
    if len(kind.presets) > 0 and draw(st.booleans()):
        spec["program"] = draw(st.sampled_from(kind.presets)).label
    switch_declared = kind.enabled is not None and kind.enabled.symbol in spec.get("params", {})
    may_bypass = (capabilities.bypass or kind.enabled is not None) and not switch_declared
    if may_bypass and draw(st.booleans()):
        spec["active"] = draw(st.booleans())
    if kind.parameters and draw(st.integers(0, 4)) == 0:
        other = draw(st.sampled_from(kind.parameters)).symbol
        if other not in spec.get("params", {}):
            spec["ignore"] = [f"params.{other}"]
    if draw(st.integers(0, 4)) == 0:
        spec["protect"] = True
    return spec | _beside(draw, kind, capabilities)


def _beside(draw: st.DrawFn, kind: PluginType, capabilities: Capabilities) -> dict[str, Any]:
    """What a plugin is given beside its values, where the host can: options, named values, a process of its own."""
    spec: dict[str, Any] = {}
    if capabilities.options and draw(st.integers(0, 2)) == 0:
        # One that the plugin does not have would be refused once it runs, as it should be.
        keys = sorted(key for key in options_of(kind) if key != FORCE_STEREO or can_widen(kind))
        chosen = draw(st.lists(st.sampled_from(keys), unique=True, max_size=3)) if keys else []
        spec["options"] = {key: draw(st.booleans()) for key in chosen}
    if capabilities.custom_data and draw(st.integers(0, 2)) == 0:
        keys = draw(st.lists(st.sampled_from(["bank", "urn:law:tag"]), unique=True, max_size=2))
        spec["custom_data"] = {key: draw(st.sampled_from(["", "one", "two & <three>"])) for key in keys}
    if capabilities.bridges and draw(st.integers(0, 3)) == 0:
        spec["bridge"] = draw(st.booleans())
    return spec


def _links(draw: st.DrawFn, types: dict[str, PluginType]) -> list[str]:
    """Single links in the order of the names, so no loops; some to ports that are not there."""
    links: list[str] = []
    ends = [("mic", symbol, kind) for symbol, kind in (("out_1", Kind.AUDIO), ("out_2", Kind.AUDIO))]
    for name, plugin in types.items():
        for symbol, kind in _symbols(plugin, Direction.IN):
            source = draw(st.sampled_from([None, *[end for end in ends if end[2] is kind]]))
            if source is not None:
                links.append(f"{source[0]}:{source[1]} -> {name}:{symbol}")
        ends += [(name, symbol, kind) for symbol, kind in _symbols(plugin, Direction.OUT)]
    for node, symbol, kind in ends:
        if kind is Kind.AUDIO and draw(st.integers(0, 3)) == 0:
            links.append(
                f"{node}:{symbol} -> {draw(st.sampled_from(['system:playback_1', 'recorder:in_1', 'gone:in']))}"
            )
    return list(dict.fromkeys(links))


def _chain(draw: st.DrawFn, types: dict[str, PluginType]) -> list[str]:
    """A path through some of the plugins that have audio on both sides; fewer than two nodes are none."""
    through = [
        name
        for name, kind in types.items()
        if all(any(port.kind is Kind.AUDIO and port.direction is way for port in kind.ports) for way in Direction)
    ]
    nodes = sorted(draw(st.sets(st.sampled_from(through), max_size=4))) if through else []
    if draw(st.booleans()):
        nodes.insert(0, draw(st.sampled_from(["mic", "system:capture_1", "mic:out_*"])))
    if draw(st.booleans()):
        nodes.append(draw(st.sampled_from(["system:playback_*", "recorder", "gone:in"])))
    return nodes


@st.composite
def manifests(
    draw: st.DrawFn,
    *,
    capabilities: Capabilities,
    loadable: dict[str, PluginType] | None = None,
    most: int = 5,
    before: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A valid manifest as plain data.

    Parameters
    ----------
    capabilities
        What the host can do; nothing is asked that it would refuse.
    loadable
        The plugins to choose from; the memory catalogue's if not given.
    most
        How many plugins there may be.
    before
        What was applied before it: some of its plugins are moved to new names.
    """
    choice = loadable or {uri: PLUGINS[uri] for uri in LOADABLE if _fits(PLUGINS[uri], capabilities)}
    names = sorted(draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=most)))
    plugins: dict[str, Any] = {}
    types: dict[str, PluginType] = {}
    moved: dict[str, str] = {}
    left = sorted(
        {*(before["plugins"] if before else ()), *draw(st.sets(st.sampled_from(NAMES), max_size=1))} - set(names)
    )
    for name in names:
        uri = draw(st.sampled_from(sorted(choice)))
        if len(left) > 0 and draw(st.booleans()):
            old = left.pop()
            moved[old] = name
            if before is not None and old in before["plugins"] and draw(st.integers(0, 3)):
                uri = before["plugins"][old]["plugin"]  # mostly still the same plugin, as a rename is
        types[name] = choice[uri]
        plugins[name] = _spec(draw, types[name], capabilities)
    chain = _chain(draw, types)
    engine: dict[str, Any] = {}
    if bool(capabilities.settings) and draw(st.booleans()):
        engine["tempo"] = draw(st.sampled_from([90, 97.5, 120]))
    jack: dict[str, Any] = {}
    if not capabilities.live_period and draw(st.booleans()):
        jack = {"period": draw(st.sampled_from([128, 256])), "manage": "start"}
    return {
        "version": 1,
        "session": "law",
        "engine": {**engine, "mode": "multiple-clients" if capabilities.midi_ports is None else "patchbay"},
        "hardware": {"jack": jack} if jack else {},
        "plugins": plugins,
        "links": _links(draw, types),
        "chains": {"path": chain} if len(chain) > 1 else {},
        "moved": moved,
        "policy": {"unmanaged": draw(st.sampled_from(["ignore", "warn", "prune"]))},
    }


@st.composite
def pairs(draw: st.DrawFn, /, **choices: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two manifests of one session, the second written after the first was applied."""
    first = draw(manifests(**choices))
    return first, draw(manifests(**choices, before=first))


def make_desk(manifest: dict[str, Any], world: MemoryStudio | LocalStudio, catalogue: Catalogue = CATALOGUE) -> Desk:
    """A desk whose studio is that world, as its host and graph are now."""
    source = parse(json.dumps(manifest, ensure_ascii=False), Path("law.yaml"))
    session = compile_session(source, catalogue)
    return Desk(source, session, "memory", _local(world))


def _local(world: MemoryStudio | LocalStudio) -> LocalStudio:
    return world if isinstance(world, LocalStudio) else LocalStudio(world.host, world.open_graph, world.hardware)


def make_world(capabilities: Capabilities) -> MemoryStudio:
    """A studio with two foreign clients."""
    engine = ENGINE if capabilities.midi_ports is None else IN_PATCHBAY
    world = MemoryStudio(capabilities=capabilities, engine=engine)
    world.add_client("mic", outputs=["out_1", "out_2"])
    world.add_client("recorder", inputs=["in_1", "in_2"])
    return world


def disturb(world: MemoryStudio | LocalStudio, seed: int, loadable: Sequence[str] = LOADABLE) -> None:
    """Do what a person at the desk might: turn knobs, load and unload plugins, patch and unpatch."""
    dice = random.Random(seed)
    studio = _local(world)
    host, graph = studio.host, studio.graph()
    assert graph is not None
    for _ in range(dice.randrange(8)):
        observed = studio.observe()
        outs = [port.name for port in observed.ports.values() if port.direction is Direction.OUT]
        ins = [port.name for port in observed.ports.values() if port.direction is Direction.IN]
        links = sorted(observed.links)
        if observed.terminals is not None:  # which have two sides each
            terminals = [port.name for port in (*observed.terminals.inputs, *observed.terminals.outputs)]
            outs, ins = [*outs, *terminals], [*ins, *terminals]
            links += sorted(observed.terminals.links)
        names = list(observed.plugins)
        try:
            match dice.randrange(10):
                case 0:
                    host.add(dice.choice(NAMES), dice.choice(loadable))
                case 1 if names:
                    host.remove(dice.choice(names))
                case 2 if names:
                    plugin = observed.plugins[dice.choice(names)]
                    if plugin.params:
                        host.set_param(plugin.name, dice.choice(sorted(plugin.params)), dice.uniform(-5, 5))
                case 3 if names:
                    host.set_active(dice.choice(names), bool(dice.randrange(2)))
                case 4:
                    graph.connect(dice.choice(outs), dice.choice(ins))
                case 5 if links:
                    link = dice.choice(links)
                    graph.disconnect(link.source, link.target)
                case 6 if names and host.capabilities.mix:
                    host.set_mix(dice.choice(names), "volume", dice.uniform(0, 1))
                case 7 if host.capabilities.live_settings:
                    host.set_engine("tempo", float(dice.randrange(60, 180)))
                case 8 if names:
                    plugin = observed.plugins[dice.choice(names)]
                    if plugin.options:
                        host.set_option(plugin.name, dice.choice(sorted(plugin.options)), bool(dice.randrange(2)))
                case 9 if names:
                    data = CustomData(STRING, dice.choice(["one", "by hand"]))
                    host.set_custom_data(dice.choice(names), dice.choice(["bank", "other"]), data)
        except StudioError:
            continue  # the engine said no, as it would to a person


def comparable(observed: Observed) -> tuple[Any, ...]:
    """What two studios must agree on to be the same: plugins by name, links, and nothing of order."""
    return (
        {name: msgspec.structs.asdict(plugin) for name, plugin in observed.plugins.items()},
        sorted(observed.links),
    )
