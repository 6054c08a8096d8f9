"""Manifest to session: names become ports, words become values, chains become links."""

import difflib
import hashlib
import itertools

import msgspec

from reconciler.manifest.keeping import PortsSpec
from reconciler.manifest.load import Source
from reconciler.manifest.models import PluginSpec
from reconciler.model.applications import Application
from reconciler.model.catalogue import Catalogue, Direction, Kind, ParameterInfo, PluginType, PortInfo, ScalePoint, Unit
from reconciler.model.controls import EVENTS, added_ports, events_port
from reconciler.model.errors import StudioError, Unavailable, Where, raise_all
from reconciler.model.resources import EngineSettings, JackSettings, Link, Plugin
from reconciler.model.stereo import can_widen, widened
from reconciler.session import engine
from reconciler.session.cycles import find_cycle
from reconciler.session.matching import plugin_ports
from reconciler.session.pairing import pair
from reconciler.session.plugins import PluginCompiler
from reconciler.session.session import Endpoint, EndPort, PluginPort, Session, Wire


def compile_session(source: Source, catalogue: Catalogue) -> Session:
    """Return what the manifest means.

    Raises
    ------
    StudioError
        Every mistake found, each with its file:line:column: ``plugin-not-installed``, ``unknown-parameter``,
        ``out-of-range``, ``unknown-port``, ``wrong-direction``, ``channels-differ``, ``feedback-loop`` and others.
    """
    return _Compiler(source, catalogue).session()


BRIDGED = frozenset({"lv2", "ladspa", "dssi", "vst2", "vst3", "clap"})
"""Schemes of plugins that ``engine.bridges`` is about; Carla has no bridge for any other (measured)."""

WIDENED = frozenset({"lv2", "ladspa", "dssi", "internal"})
"""Schemes of plugins that ``engine.force_stereo`` is about."""


class _Compiler:
    def __init__(self, source: Source, catalogue: Catalogue) -> None:
        self.source = source
        self.manifest = source.manifest
        self.catalogue = catalogue
        self.errors: list[StudioError] = []
        self.types: dict[str, PluginType | None] = {}
        self.added: dict[str, tuple[PortInfo, ...]] = {}
        self.plugins: dict[str, Plugin] = {}
        self.rest: dict[str, dict[str, float]] = {}
        self.ignored: dict[str, tuple[str, ...]] = {}
        self.states: dict[str, str] = {}
        self.narrowed: dict[str, tuple[str, ...]] = {}
        self.links: dict[Link, Where] = {}
        self.wires: dict[str, Wire] = {}
        self.origins: dict[str, Where] = {}

    def session(self) -> Session:
        manifest = self.manifest
        for name, spec in manifest.plugins.items():
            try:
                self.plugins[name] = self._plugin(name, spec)
            except StudioError as error:
                self.errors.append(error)
        for chain, nodes in manifest.chains.items():
            for place, (left, right) in enumerate(itertools.pairwise(nodes), start=1):
                self._link(left, right, self.source.where("chains", chain, place))
        for place, link in enumerate(manifest.links):
            self._link(link.source, link.target, self.source.where("links", place))
        self._refuse_cycle()
        asked = self._engine()
        raise_all(self.errors)
        jack = manifest.hardware.jack
        if jack is not None:
            self.origins["hardware.jack"] = self.source.where("hardware", "jack", key=True)
        return Session(
            name=manifest.session,
            host=manifest.engine.host,
            prefix=manifest.engine.prefix,
            attach=manifest.engine.attach,
            engine=asked,
            jack=JackSettings(**jack.model_dump(exclude={"manage"})) if jack else None,
            manage=jack.manage if jack else "never",
            plugins=self.plugins,
            declares=_digest({name: _declared(plugin) for name, plugin in self.plugins.items()}),
            states=self.states,
            rest=self.rest,
            bounds={name: _bounds(kind) for name, kind in self.types.items() if kind},
            ports={
                name: (
                    *(PluginPort(port.symbol, port.kind, port.direction) for port in kind.ports),
                    *(PluginPort(port.symbol, port.kind, port.direction, True) for port in self.added.get(name, ())),
                )
                for name, kind in self.types.items()
                if kind
            },
            units={name: _units(kind) for name, kind in self.types.items() if kind},
            links=frozenset(self.links),
            wires=tuple(self.wires.values()),
            protected=frozenset(name for name, spec in manifest.plugins.items() if spec.protect),
            ignored=self.ignored,
            narrowed=self.narrowed,
            switched={name: (kind.enabled.symbol,) for name, kind in self.types.items() if kind and kind.enabled},
            moved=dict(manifest.moved),
            origins=self.origins,
        )

    def _engine(self) -> EngineSettings:
        self.origins.update(engine.origins(self.source))
        try:
            return engine.settings(self.source)
        except StudioError as error:
            self.errors.append(error)
            return EngineSettings()

    def _plugin(self, name: str, spec: PluginSpec) -> Plugin:
        self.origins[f"plugins.{name}"] = self.source.where("plugins", name, key=True)
        uri = _canonical(spec)
        kind = self._described(name, uri)
        spec = self._by_default(spec, kind)
        if kind is not None and spec.options.force_stereo:
            kind = widened(kind)
        self.types[name] = kind
        if kind is None:
            if spec.plugin.partition(":")[0] not in self.catalogue.formats:
                # No catalogue knows it; whether the host loads such plugins is the plan's question.
                return Plugin(name, uri, active=spec.active)
            raise self._not_installed(name, uri)
        compiler = PluginCompiler(self.source, name, spec, kind)
        plugin = compiler.plugin()
        follow_cv = [symbol for symbol, follows in plugin.midi.items() if follows.source == "cv"]
        self.added[name] = added_ports(kind, bridge=plugin.bridge, cv=follow_cv)
        self.errors += compiler.errors
        self.origins.update(compiler.origins)
        self.rest[name] = compiler.rest
        if compiler.state is not None:
            self.states[name] = compiler.state
        if compiler.narrowed:
            self.narrowed[name] = tuple(compiler.narrowed)
        if compiler.ignored:
            self.ignored[name] = compiler.ignored
        return plugin

    def _by_default(self, spec: PluginSpec, kind: PluginType | None) -> PluginSpec:
        """Return a plugin as it is with what ``engine:`` says for all that say nothing else."""
        asks, scheme = self.manifest.engine, spec.plugin.partition(":")[0]
        if asks.bridges and "bridge" not in spec.model_fields_set and scheme in BRIDGED:
            return spec.model_copy(update={"bridge": True})
        undecided = spec.options.force_stereo is None and not spec.bridge
        if asks.force_stereo and undecided and scheme in WIDENED and kind is not None and can_widen(kind):
            options = spec.options.model_copy(update={"force_stereo": True})
            return spec.model_copy(update={"options": options})
        return spec

    def _described(self, name: str, uri: str) -> PluginType | None:
        """Ask the catalogue; what it refuses is told with its place."""
        try:
            return self.catalogue.describe(uri)
        except Unavailable:
            raise
        except StudioError as error:
            where = self.source.where("plugins", name, "plugin", address=f"plugins.{name}")
            message = f"{name}: {error.message}"
            raise StudioError(error.code, message, where=where, hint=error.hint, details=error.details) from error

    def _not_installed(self, name: str, uri: str) -> StudioError:
        close = difflib.get_close_matches(uri, self.catalogue.uris(), n=1, cutoff=0.8)
        package = self.catalogue.package(uri)
        if package and (not close or self.catalogue.package(close[0]) != package):
            hint = f"it comes with the package {package}"
        elif close:
            hint = f"did you mean {close[0]}?"
        else:
            hint = "`studio plugins search WORD` lists what is installed"
        return StudioError(
            "plugin-not-installed",
            f"{name}: {uri} is not installed on this machine",
            where=self.source.where("plugins", name, "plugin", address=f"plugins.{name}"),
            hint=hint,
        )

    def _link(self, left: str, right: str, where: Where) -> None:
        source, target = self._endpoint(left, Direction.OUT, where), self._endpoint(right, Direction.IN, where)
        if source is None or target is None:
            return
        if source.ports is None or target.ports is None:
            unknown = source.node if source.ports is None else target.node
            close = difflib.get_close_matches(unknown, self.plugins, n=1, cutoff=0.75)
            wire = Wire(source, target, close[0] if close and unknown not in self.plugins else None)
            self.wires.setdefault(wire.address, wire)
            self.origins.setdefault(wire.address, where)
            return
        links = pair(source.ports, target.ports)
        if isinstance(links, str):
            hint = "name the ports, as in `node:port`"
            self._fail("channels-differ", f"{left} into {right}: {links}", where, hint=hint)
            return
        for link in links:
            self.links.setdefault(link, where)
            self.origins.setdefault(link.address, where)

    def _endpoint(self, written: str, direction: Direction, where: Where) -> Endpoint | None:
        node, colon, port = written.partition(":")
        pattern = port if colon else None
        if node not in self.manifest.plugins or (node in self.types and self.types[node] is None):
            return Endpoint(node, pattern)
        kind = self.types.get(node)
        if kind is None:  # its own error is already told
            return None
        found = plugin_ports(kind, pattern, direction)
        if direction is Direction.IN:
            found = found + self._controls(node, kind, pattern, found)
        if not found:
            self._no_port(kind, written, pattern, direction, where)
            return None
        return Endpoint(node, pattern, tuple(EndPort(f"{node}:{info.symbol}", info.kind) for info in found))

    def _controls(self, node: str, kind: PluginType, pattern: str | None, found: list[PortInfo]) -> list[PortInfo]:
        """Return the ports for what moves parameters that are meant too.

        Their exact name means them; the bare node means the one for MIDI if a parameter follows MIDI and the plugin
        has no MIDI input of its own, so that a controller is linked as a keyboard is.
        """
        added = self.added.get(node, ())
        if pattern is not None:
            own = events_port(kind) if pattern == EVENTS else None
            return [] if found else [own] if own else [port for port in added if port.symbol == pattern]
        plugin = self.plugins.get(node)
        follows = plugin is not None and any(one.source != "cv" for one in plugin.midi.values())
        return [port for port in added if port.kind is Kind.MIDI] if follows else []

    def _no_port(self, kind: PluginType, written: str, pattern: str | None, direction: Direction, where: Where) -> None:
        side = "output" if direction is Direction.OUT else "input"
        other = Direction.IN if direction is Direction.OUT else Direction.OUT
        if pattern is None:
            self._fail("unknown-port", f"{written} has no main {side}", where)
        elif plugin_ports(kind, pattern, other) or (
            direction is Direction.OUT and any(port.symbol == pattern for port in self._all_ports(written, kind))
        ):
            self._fail("wrong-direction", f"{written} is not an {side}", where, hint="a link runs from output to input")
        else:
            have = [port.symbol for port in self._all_ports(written, kind) if port.direction is direction]
            close = difflib.get_close_matches(pattern, have, n=1)
            hint = f"did you mean {close[0]}?" if close else f"its {side}s are {', '.join(have) or 'none'}"
            if direction is Direction.IN and kind.parameter(pattern) is not None:
                hint = f"a parameter has a port while it follows CV: `midi: {{ {pattern}: {{ cv: true }} }}`"
            self._fail("unknown-port", f"{written}: {kind.name} has no {side} of that name", where, hint=hint)

    def _all_ports(self, written: str, kind: PluginType) -> tuple[PortInfo, ...]:
        return (*kind.ports, *self.added.get(written.partition(":")[0], ()))

    def _refuse_cycle(self) -> None:
        nodes = find_cycle(self.links)
        if nodes is None:
            return
        closing = next(
            where
            for link, where in self.links.items()
            if link.source.partition(":")[0] == nodes[-1] and link.target.partition(":")[0] == nodes[0]
        )
        loop = " -> ".join([*nodes, nodes[0]])
        self._fail("feedback-loop", f"the signal runs in a loop: {loop}", closing, hint="take one of these links out")

    def _fail(self, code: str, message: str, where: Where, hint: str | None = None) -> None:
        self.errors.append(StudioError(code, message, where=where, hint=hint))


def _canonical(spec: PluginSpec) -> str:
    """Return the plugin's URI; a program's carries the ports that are declared beside it."""
    if not spec.plugin.startswith("jack:"):
        return spec.plugin
    ports = spec.ports or PortsSpec()
    return Application(spec.plugin.partition(":")[2], **ports.model_dump()).uri


def _declared(plugin: Plugin) -> list[list[str]]:
    return [sorted(keys) for keys in (plugin.params, plugin.mix, plugin.midi, plugin.options, plugin.custom_data)]


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:16]


_DRIVEN = ("http://lv2plug.in/ns/lv2core#freeWheeling", "http://lv2plug.in/ns/ext/time#")
"""Designations of parameters that the host itself moves all the time."""


def _bounds(kind: PluginType) -> dict[str, ParameterInfo]:
    return {
        info.symbol: ParameterInfo(
            info.symbol,
            "",
            0,
            info.default,
            info.minimum,
            info.maximum,
            toggled=info.toggled,
            integer=info.integer,
            enumeration=info.enumeration,
            scale_points=tuple(ScalePoint("", point.value) for point in info.scale_points if info.enumeration),
            per_sample_rate=info.per_sample_rate,
        )
        for info in kind.parameters
        if not (info.designation or "").startswith(_DRIVEN)
    }


def _units(kind: PluginType) -> dict[str, str]:
    return {
        info.symbol: str(info.unit) if info.unit and info.unit is not Unit.OTHER else info.unit_symbol or ""
        for info in kind.parameters
        if info.unit or info.unit_symbol
    }
