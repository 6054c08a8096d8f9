"""Random sessions and random studios, made of the memory catalogue's plugins."""

import json
import random
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from reconciler.engines.memory import PLUGINS, PREFIX, MemoryCatalogue, MemoryStudio
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Desk
from reconciler.manifest.load import parse
from reconciler.model.catalogue import Direction, Kind, ParameterInfo, PluginType
from reconciler.model.conform import conform
from reconciler.model.errors import StudioError
from reconciler.model.resources import Capabilities, Observed
from reconciler.session.compile import compile_session

NAMES = ("voice", "gate", "eq", "verb", "Ünïcode", "bus 1", "out")
PICKY = f"{PREFIX}picky"
"""Never loads, on purpose."""
CATALOGUE = MemoryCatalogue()
LOADABLE = sorted(PLUGINS.keys() - {PICKY})


def _value(draw: st.DrawFn, info: ParameterInfo) -> float:
    low = info.minimum if info.minimum is not None else -10.0
    high = info.maximum if info.maximum is not None else 10.0
    if info.enumeration and info.scale_points:
        return draw(st.sampled_from([point.value for point in info.scale_points]))
    return conform(info, draw(st.floats(low, high, allow_nan=False, width=32)))


def _symbols(kind: PluginType, direction: Direction) -> list[tuple[str, Kind]]:
    return [(port.symbol, port.kind) for port in kind.ports if port.direction is direction]


@st.composite
def manifests(draw: st.DrawFn, *, capabilities: Capabilities) -> dict[str, Any]:
    """A valid manifest as plain data: plugins, values, programs, links in the order of the names, so no loops."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    names.sort()
    plugins: dict[str, Any] = {}
    types: dict[str, PluginType] = {}
    for name in names:
        plugin = types[name] = PLUGINS[draw(st.sampled_from(LOADABLE))]
        spec: dict[str, Any] = {"plugin": plugin.uri}
        infos = (
            draw(st.lists(st.sampled_from(plugin.parameters), unique_by=lambda info: info.symbol, max_size=4))
            if plugin.parameters
            else []
        )
        if infos:
            spec["params"] = {info.symbol: _value(draw, info) for info in infos}
        if plugin.presets and draw(st.integers(0, 1)):
            spec["program"] = draw(st.sampled_from(plugin.presets)).label
        switch_declared = plugin.enabled is not None and plugin.enabled.symbol in spec.get("params", {})
        may_bypass = (capabilities.bypass or plugin.enabled is not None) and not switch_declared
        if may_bypass and draw(st.booleans()):
            spec["active"] = draw(st.booleans())
        if plugin.parameters and draw(st.integers(0, 4)) == 0:
            other = draw(st.sampled_from(plugin.parameters)).symbol
            if other not in spec.get("params", {}):
                spec["ignore"] = [f"params.{other}"]
        plugins[name] = spec
    links: list[str] = []
    ends = [("mic", symbol, kind) for symbol, kind in (("out_1", Kind.AUDIO), ("out_2", Kind.AUDIO))]
    for name in names:
        for symbol, kind in _symbols(types[name], Direction.IN):
            source = draw(st.sampled_from([None, *[end for end in ends if end[2] is kind]]))
            if source is not None:
                links.append(f"{source[0]}:{source[1]} -> {name}:{symbol}")
        ends += [(name, symbol, kind) for symbol, kind in _symbols(types[name], Direction.OUT)]
    for node, symbol, kind in ends:
        if kind is Kind.AUDIO and draw(st.integers(0, 3)) == 0:
            links.append(
                f"{node}:{symbol} -> {draw(st.sampled_from(['system:playback_1', 'recorder:in_1', 'gone:in']))}"
            )
    return {
        "version": 1,
        "session": "law",
        "plugins": plugins,
        "links": list(dict.fromkeys(links)),
        "policy": {"unmanaged": draw(st.sampled_from(["ignore", "warn"]))},
    }


def make_desk(manifest: dict[str, Any], world: MemoryStudio) -> Desk:
    """A desk whose studio is that world, as its host and graph are now."""
    source = parse(json.dumps(manifest, ensure_ascii=False), Path("law.yaml"))
    session = compile_session(source, CATALOGUE)
    return Desk(source, session, "memory", LocalStudio(world.host, world.open_graph, world.hardware))


def make_world(capabilities: Capabilities) -> MemoryStudio:
    """A studio with two foreign clients."""
    world = MemoryStudio(capabilities=capabilities)
    world.add_client("mic", outputs=["out_1", "out_2"])
    world.add_client("recorder", inputs=["in_1", "in_2"])
    return world


def disturb(world: MemoryStudio, seed: int) -> None:
    """Do what a person at the desk might: turn knobs, load and unload plugins, patch and unpatch."""
    dice = random.Random(seed)
    studio = LocalStudio(world.host, world.open_graph, world.hardware)
    for _ in range(dice.randrange(8)):
        observed = studio.observe()
        outs = [port.name for port in observed.ports.values() if port.direction is Direction.OUT]
        ins = [port.name for port in observed.ports.values() if port.direction is Direction.IN]
        names = list(observed.plugins)
        try:
            match dice.randrange(6):
                case 0:
                    world.host.add(dice.choice(NAMES), dice.choice(LOADABLE))
                case 1 if names:
                    world.host.remove(dice.choice(names))
                case 2 if names:
                    plugin = observed.plugins[dice.choice(names)]
                    if plugin.params:
                        world.host.set_param(plugin.name, dice.choice(sorted(plugin.params)), dice.uniform(-5, 5))
                case 3 if names:
                    world.host.set_active(dice.choice(names), bool(dice.randrange(2)))
                case 4:
                    world.graph.connect(dice.choice(outs), dice.choice(ins))
                case 5 if observed.links:
                    link = dice.choice(sorted(observed.links))
                    world.graph.disconnect(link.source, link.target)
        except StudioError:
            continue  # the engine said no, as it would to a person


def comparable(observed: Observed) -> tuple[Any, ...]:
    """What two studios must agree on to be the same: plugins by name, links, and nothing of order."""
    return (
        {name: msgspec.structs.asdict(plugin) for name, plugin in observed.plugins.items()},
        sorted(observed.links),
    )
