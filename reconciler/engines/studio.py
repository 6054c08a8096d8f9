"""The studio as one thing: a plugin host, the JACK graph and the server, read and changed in the manifest's words."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol, assert_never

import msgspec

from reconciler.engines import refusals
from reconciler.engines.ports import AudioGraph, Crash, Hardware, HostedPlugin, PluginHost, SetsTogether
from reconciler.model.actions import (
    Action,
    AddPlugin,
    Call,
    Connect,
    Disconnect,
    LoadState,
    MapMidi,
    Outcome,
    RemoveAll,
    RemovePlugin,
    RenamePlugin,
    ReplacePlugin,
    RestartEngine,
    RestartServer,
    SetActive,
    SetCustomData,
    SetEngine,
    SetMix,
    SetOption,
    SetParam,
    SetPeriod,
    SetProgram,
    Setting,
    StartServer,
)
from reconciler.model.errors import StudioError, Unavailable
from reconciler.model.resources import Engine, Link, Observed, Plugin, Port, Terminals

NO_SERVER = ("jack-not-running", "jack-gone")
"""What :class:`Unavailable` says when there simply is no server."""

_Graph = tuple[dict[str, Port], frozenset[Link], Terminals | None]

Told = Callable[[Outcome], None]


class Studio(Protocol):
    """What planner and executor see of the live world, here or behind a socket."""

    def observe(self) -> Observed:
        """Read everything once, consistently."""

    def execute(self, actions: Sequence[Action], told: Told) -> list[Outcome]:
        """Run the actions in order; one whose needs failed is skipped. ``told`` hears of each as it ends."""

    def close(self) -> None:
        """Let go; what runs in a host process of its own goes on."""


_SHADOWED = " [JACK]"
"""Behind the name of a foreign client that a plugin's name hides. No plugin can be called so."""


class Names:
    """Between the manifest's ``node:symbol`` and JACK's ``client:port``.

    With a prefix, a plugin ``amp`` is the client ``b-amp``; a foreign client ``amp`` is then called ``amp [JACK]``, so
    that its ports and links are never taken for the plugin's.
    """

    def __init__(self, hosted: Sequence[HostedPlugin], prefix: str) -> None:
        self._clients: dict[str, tuple[str, dict[str, str]]] = {}
        self._nodes: dict[str, tuple[str, dict[str, str]]] = {}
        self._prefix = prefix
        for one in hosted:
            name = one.plugin.name
            if one.client == name and not one.port_names:
                continue
            ports = one.port_names or {}
            self._clients[name] = (one.client, ports)
            self._nodes[one.client] = (name, {port: symbol for symbol, port in ports.items()})

    @property
    def identical(self) -> bool:
        """Whether both sides call everything the same."""
        return not self._clients

    def to_jack(self, port: str) -> str:
        """Return JACK's name of a port."""
        node, _, short = port.partition(":")
        hidden = node.removesuffix(_SHADOWED)
        if hidden != node and hidden in self._clients:
            return f"{hidden}:{short}"
        return _translate(port, self._clients)

    def from_jack(self, port: str) -> str:
        """Return the manifest's name of a port."""
        client, _, short = port.partition(":")
        if client in self._clients and client not in self._nodes:
            return f"{client}{_SHADOWED}:{short}"
        return _translate(port, self._nodes)

    def links_from_jack(self, links: frozenset[Link]) -> frozenset[Link]:
        """Return links with the manifest's names of their ports."""
        return frozenset(Link(self.from_jack(link.source), self.from_jack(link.target)) for link in links)


def _translate(port: str, table: dict[str, tuple[str, dict[str, str]]]) -> str:
    client, _, short = port.partition(":")
    known = table.get(client)
    if known is None:
        return port
    other, ports = known
    return f"{other}:{ports.get(short, short)}"


def _batches(actions: Sequence[Action], together: tuple[type[Setting], ...]) -> Iterator[Sequence[Action]]:
    """Split into what is run at once: one action as a rule, settings in a row where the host can set them together.

    What needs another one of them, or sets what another one sets, waits for the next batch.
    """
    batch: list[Action] = []
    for action in actions:
        fits = isinstance(action.call, together)
        taken = any(other.id in action.needs or _same_target(other.call, action.call) for other in batch)
        if batch and (not fits or taken):
            yield batch
            batch = []
        if fits:
            batch.append(action)
        else:
            yield [action]
    if batch:
        yield batch


def _same_target(one: Call, other: Call) -> bool:
    """Return whether both settings are of one value."""
    return type(one) is type(other) and msgspec.structs.astuple(one)[:-1] == msgspec.structs.astuple(other)[:-1]


class LocalStudio:
    """A studio whose engines live in this process. Called from one thread only.

    Parameters
    ----------
    host
        Holds the plugins.
    open_graph
        Opens the JACK graph; raises :class:`Unavailable` while no server runs.
    hardware
        Starts and stops the server.
    prefix
        What the host's JACK clients' names begin with.
    before
        Called with each action before it runs (the flight recorder).
    attach
        Address of the Carla that the host drives and that somebody else runs, if it does.
    """

    def __init__(
        self,
        host: PluginHost,
        open_graph: Callable[[], AudioGraph],
        hardware: Hardware,
        *,
        prefix: str = "",
        before: Callable[[Action], None] | None = None,
        attach: str | None = None,
    ) -> None:
        self.host = host
        self.hardware = hardware
        self.prefix = prefix
        self.attach = attach
        self._together = host if isinstance(host, SetsTogether) else None
        self._open_graph = open_graph
        self._graph: AudioGraph | None = None
        self._before = before
        self._names: Names | None = None
        self._read: object = None
        self._shown: _Graph = {}, frozenset(), None

    def graph(self) -> AudioGraph | None:
        """Return the living graph, opened again if the server came back; None while there is no server."""
        if self._graph is not None and not self._graph.alive:
            self._lose_server()
        if self._graph is None:
            try:
                self._graph = self._open_graph()
            except Unavailable as error:
                if error.code not in NO_SERVER:
                    raise
                return None
        return self._graph

    def observe(self) -> Observed:
        """Read everything once."""
        graph = self.graph()
        hosted = self.host.plugins()
        plugins: dict[str, Plugin] = {one.plugin.name: one.plugin for one in hosted}
        host = self.host
        engine = Engine(host.kind, host.capabilities, self.prefix, settings=host.settings, attach=self.attach)
        if graph is None:
            return Observed(engine, None, plugins=plugins)
        ports, links, terminals = self._in_our_words(hosted, graph)
        settings, started = graph.settings(), self.hardware.running()
        if started is not None:  # what JACK itself does not tell
            told = {"driver": started.driver, "device": started.device, "periods": started.periods}
            settings = msgspec.structs.replace(settings, **told)
        return Observed(engine, settings, started is not None, plugins, ports, links, terminals)

    def _in_our_words(self, hosted: Sequence[HostedPlugin], graph: AudioGraph) -> _Graph:
        """Return the graph's ports, links and terminals by the manifest's names.

        As a rule nothing has changed since the last look, and finding that out takes a tenth of the time.
        """
        ports, links = graph.ports(), graph.links()
        terminals = graph.terminals()  # with the links of that same reading
        read = [(one.plugin.name, one.client, one.port_names) for one in hosted], ports, links, terminals
        if self._names is not None and self._read is not None and read == self._read:
            return self._shown
        names = self._names = Names(hosted, self.prefix)
        found = dict(ports)
        if not names.identical:
            found = {(name := names.from_jack(key)): _named(port, name) for key, port in ports.items()}
            links = names.links_from_jack(links)
            if terminals is not None:
                terminals = msgspec.structs.replace(terminals, links=names.links_from_jack(terminals.links))
        self._read, self._shown = read, (found, links, terminals)
        return self._shown

    def execute(self, actions: Sequence[Action], told: Told) -> list[Outcome]:
        """Run the actions in order, each one once."""
        unmet: set[int] = set()
        outcomes: list[Outcome] = []
        for batch in _batches(actions, self._together.together if self._together else ()):
            for outcome in self._run(batch, unmet):
                if outcome.status != "done":
                    unmet.add(outcome.id)
                outcomes.append(outcome)
                told(outcome)
        return outcomes

    def _run(self, batch: Sequence[Action], unmet: AbstractSet[int]) -> list[Outcome]:
        """Run what can be run at once, but for what needs something that failed; tell of each in its order."""
        outcomes = {action.id: Outcome(action.id, "skipped") for action in batch}
        runnable = [action for action in batch if unmet.isdisjoint(action.needs)]
        for action in runnable:
            if self._before is not None:
                self._before(action)
        for action, error in zip(runnable, self._errors(runnable), strict=True):
            failed = error is not None and error.as_dict()
            outcomes[action.id] = Outcome(action.id, "failed", failed) if failed else Outcome(action.id, "done")
        return list(outcomes.values())

    def _errors(self, actions: Sequence[Action]) -> list[StudioError | None]:
        """Perform, and return of each what went wrong."""
        try:
            if len(actions) > 1 and self._together is not None:
                self._names = None  # as in _set
                return self._together.set_together(
                    [action.call for action in actions if isinstance(action.call, Setting)]
                )
            for action in actions:
                self._perform(action.call)
        except StudioError as error:
            return [error for _ in actions]
        return [None for _ in actions]

    @property
    def idle_seconds(self) -> float:
        """How often :meth:`idle` wants to be called while nothing else is; infinity for never."""
        return self.host.idle_seconds

    def idle(self) -> None:
        """Let the plugin host do what it put off."""
        self.host.idle()

    def crashes(self) -> list[Crash]:
        """Plugins that went away by themselves."""
        return self.host.crashes()

    def close(self) -> None:
        """Unload every plugin and leave JACK."""
        self.host.close()
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def _perform(self, call: Call) -> None:
        host = self.host
        match call:
            case Connect(source, target):
                self._need_graph().connect(self._jack_name(source), self._jack_name(target))
            case Disconnect(source, target):
                self._need_graph().disconnect(self._jack_name(source), self._jack_name(target))
            case AddPlugin(name, plugin, bridge, stereo):
                self._need_graph()
                host.add(name, plugin, bridge=bridge, force_stereo=stereo)
                self._names = None
            case ReplacePlugin(name, plugin, bridge, stereo):
                self._need_graph()
                host.replace(name, plugin, bridge=bridge, force_stereo=stereo)
                self._names = None
            case RemoveAll():
                host.remove_all()
                self._names = None
            case RemovePlugin(name):
                host.remove(name)
                self._names = None
            case RenamePlugin(name, to):
                host.rename(name, to)
                self._names = None
            case RestartEngine(settings):
                host.restart(settings)
                self._names = None
                self._let_go_of_graph()  # what it shows depends on the mode
            case SetEngine(key, value):
                host.set_engine(key, value)
            case StartServer(settings):
                self.hardware.start(settings)
                self._need_graph()
            case RestartServer(settings):
                self._lose_server()
                self.hardware.stop()
                self.hardware.start(settings)
                self._need_graph()
            case SetPeriod(frames):
                self.hardware.set_period(frames)
            case _:
                self._set(call)

    def _set(self, call: Setting) -> None:
        host = self.host
        match call:
            case SetParam(name, symbol, value):
                kept = host.set_param(name, symbol, value)
                if kept != value:
                    raise refusals.not_kept(name, f"plugins.{name}.params.{symbol}", value, kept)
            case SetMix(name, key, value):
                kept = host.set_mix(name, key, value)
                if kept != value:
                    raise refusals.not_kept(name, f"plugins.{name}.mix.{key}", value, kept)
            case MapMidi(name, symbol, follows):
                host.map_midi(name, symbol, follows)
                self._names = None  # a port may have come
            case SetOption(name, key, value):
                host.set_option(name, key, value)
            case SetCustomData(name, key, data):
                host.set_custom_data(name, key, data)
            case LoadState(name, path, digest):
                host.load_state(name, path, digest)
            case SetActive(name, active):
                host.set_active(name, active)
            case SetProgram(name, program):
                host.set_program(name, program)
            case _:
                assert_never(call)

    def _jack_name(self, port: str) -> str:
        if self._names is None:
            self._names = Names(self.host.plugins(), self.prefix)
        return self._names.to_jack(port)

    def _need_graph(self) -> AudioGraph:
        graph = self.graph()
        if graph is None:
            raise Unavailable("jack-gone", "the JACK server is gone", hint="start it and apply again")
        return graph

    def _let_go_of_graph(self) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def _lose_server(self) -> None:
        """Let go of everything that lived on a server that died or is about to stop."""
        self._let_go_of_graph()
        self.host.server_lost()
        self._names = None


def _named(port: Port, name: str) -> Port:
    """Call a port as the manifest does; its JACK name, which other programs know it by, becomes the first alias."""
    if port.name == name:
        return port
    return msgspec.structs.replace(port, name=name, aliases=(port.name, *port.aliases))
