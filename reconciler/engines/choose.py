"""Which engine a session gets, and how it is built. Adapters are imported here, and only when chosen."""

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.engines.lacking import Lacking
from reconciler.engines.patchbay import NotRunning, PatchbayGraph
from reconciler.engines.ports import AudioGraph, Crash, Hardware, HostedPlugin
from reconciler.engines.studio import LocalStudio
from reconciler.model.actions import Action
from reconciler.model.catalogue import Catalogue
from reconciler.model.errors import EngineError, StudioError, Unavailable
from reconciler.model.resources import Capabilities, EngineSettings
from reconciler.model.terminals import PATCHBAY

if TYPE_CHECKING:
    from reconciler.engines.carla import CarlaHost
    from reconciler.engines.carla_osc import AttachedHost
    from reconciler.engines.jalv import JalvHost

ENGINES = ("carla", "jalv", "memory")
"""Every engine this version drives."""

MULTIPLE_CLIENTS = "multiple-clients"
"""The mode in which each plugin is a JACK client; jalv has no other."""


def choose(asked: str, mode: str = MULTIPLE_CLIENTS, attach: str | None = None) -> str:
    """Return the engine that ``engine.host`` means on this machine: ``auto`` is Carla where it is, else jalv.

    With ``attach``, the address of a Carla that runs, it is Carla.

    Raises
    ------
    Unavailable
        ``host-not-installed``; ``host-unsupported`` for what this version does not drive; ``mode-unsupported`` for a
        mode that the engine does not have.
    """
    if asked == "memory":
        return asked
    if asked not in ("auto", *ENGINES):
        hint = f"engine.host can be auto, {', '.join(ENGINES)}"
        raise Unavailable("host-unsupported", f"this version does not drive {asked}", hint=hint)
    if attach is not None:
        asked = "carla"
    engine = _best() if asked == "auto" else asked
    if engine == "carla":
        from reconciler.engines.carla import library

        library.need()
        return engine
    if mode != MULTIPLE_CLIENTS:
        hint = f"take `mode: {MULTIPLE_CLIENTS}`, the same links made in JACK, or `host: carla`"
        raise Unavailable("mode-unsupported", f"{engine} has no {mode} mode, only Carla has", hint=hint)
    if shutil.which("jalv") is None:
        hint = "`studio doctor` says how to install it"
        raise Unavailable("host-not-installed", "jalv, which runs the plugins, is not installed", hint=hint)
    return "jalv"


def _best() -> str:
    """Return what ``auto`` means: Carla, which can do more and needs no second program, and jalv where it is not."""
    from reconciler.engines.carla import library

    return "jalv" if library.find() is None else "carla"


def catalogue(engine: str, base: Path | None = None, paths: Mapping[str, Sequence[str]] | None = None) -> Catalogue:
    """Return what is known of installed plugins on that engine.

    Parameters
    ----------
    base
        Where relative paths start.
    paths
        Folders that plugins are looked for in before the usual ones, by scheme.
    """
    if engine == "auto":
        engine = _best()
    if engine == "carla":
        from reconciler.engines.carla.catalogue import CarlaCatalogue

        return CarlaCatalogue(base=base, paths=paths)
    from reconciler.engines.lv2.catalogue import Lv2Catalogue

    if engine == "memory":
        from reconciler.engines.memory import MemoryCatalogue

        return MemoryCatalogue(Lv2Catalogue())
    return Lv2Catalogue()


def project_catalogue(base: Path) -> Catalogue:
    """Return what is known of the plugins in Carla's projects: all formats with Carla, LV2 without it."""
    from reconciler.engines.carla import library

    return catalogue("jalv" if library.find() is None else "carla", base)


def build(
    engine: str,
    *,
    prefix: str,
    server: str | None,
    servers: Path,
    settings: EngineSettings | None = None,
    before: Callable[[Action], None] | None = None,
    lock: int | None = None,
    attach: str | None = None,
    notes: Path | None = None,
) -> LocalStudio:
    """Return a studio whose plugin host lives in this process.

    Parameters
    ----------
    settings
        The host's own, with which its engine starts.
    servers
        Keeps the records of JACK servers.
    before
        Called with each action before it runs.
    lock
        Descriptor of the session's lock, for plugins that end a moment later than this process.
    attach
        Address of a Carla to drive that somebody else runs; see :mod:`reconciler.engines.carla_osc`.
    notes
        File in which an attached host keeps which of that Carla's plugins are this session's.
    """
    if engine == "memory":
        from reconciler.engines.memory import ENGINE, MemoryStudio

        world = MemoryStudio(catalogue(engine), prefix=prefix, engine=settings or ENGINE)
        return LocalStudio(world.host, world.open_graph, world.hardware, prefix=prefix, before=before)
    open_graph, hardware = ground(engine, server, servers)
    if attach is not None:
        return _attached(attach, open_graph, hardware, prefix=prefix, before=before, notes=notes)
    host = _real_host(engine, server, prefix, lock, settings)

    def open_and_show() -> AudioGraph:
        host.graph = _with_inside(host, open_graph(), prefix)  # where it sees its plugins' ports come and go
        return host.graph

    return LocalStudio(host, open_and_show, hardware, prefix=prefix, before=before)


def _attached(
    url: str,
    open_graph: Callable[[], AudioGraph],
    hardware: Hardware,
    *,
    prefix: str,
    before: Callable[[Action], None] | None = None,
    notes: Path | None = None,
    visiting: bool = False,
) -> LocalStudio:
    """Return a studio whose plugin host is a Carla elsewhere."""
    from reconciler.engines.carla.catalogue import CarlaCatalogue
    from reconciler.engines.carla_osc import AttachedHost

    known = CarlaCatalogue()
    host = AttachedHost(known, url, prefix, loading=known.loading, uri_of=known.uri_of, notes=notes, visiting=visiting)

    def open_and_show() -> AudioGraph:
        host.graph = _with_their_inside(host, open_graph(), prefix)
        return host.graph

    return LocalStudio(host, open_and_show, hardware, prefix=prefix, before=before, attach=url)


def _with_their_inside(host: "AttachedHost", jack: AudioGraph, prefix: str) -> AudioGraph:
    """Return the graph with what is within an attached Carla, where it has such a thing."""
    if host.mode != PATCHBAY:
        return jack
    from reconciler.engines.carla.patchbay import FOLLOWS_SECONDS

    return PatchbayGraph(jack, host.inside, prefix, follows_s=FOLLOWS_SECONDS, client=host.inside.client)


def _with_inside(host: "CarlaHost | JalvHost", jack: AudioGraph, prefix: str) -> AudioGraph:
    """Return the graph with what is within the engine, where it has such a thing."""
    if host.kind != "carla" or host.settings.mode != PATCHBAY:
        return jack
    from reconciler.engines.carla import CarlaHost
    from reconciler.engines.carla.patchbay import FOLLOWS_SECONDS

    assert isinstance(host, CarlaHost)
    return PatchbayGraph(jack, host.inside, prefix, follows_s=FOLLOWS_SECONDS)


def _real_host(
    engine: str, server: str | None, prefix: str, lock: int | None, settings: EngineSettings | None
) -> "CarlaHost | JalvHost":
    if engine == "carla":
        from reconciler.engines.carla import CarlaHost
        from reconciler.engines.carla.catalogue import CarlaCatalogue

        known = CarlaCatalogue(paths=settings.paths if settings else None)
        return CarlaHost(known, server, prefix, loading=known.loading, settings=settings, look_in=known.look_in)
    from reconciler.engines.jalv import JalvHost

    return JalvHost(catalogue(engine), server, prefix, lock=lock)


def look(
    engine: str,
    *,
    prefix: str,
    server: str | None,
    servers: Path,
    settings: EngineSettings | None = None,
    attach: str | None = None,
) -> LocalStudio:
    """Return a studio without a plugin host: JACK as it is, no plugins, nothing that can be changed.

    Parameters
    ----------
    settings
        The host's own, with which its engine would start.
    attach
        Address of a Carla that somebody runs: its plugins are seen too. Closing the studio lets go of it and takes
        nothing out.
    """
    open_graph, hardware = ground(engine, server, servers)
    if attach is not None:
        return _attached(attach, open_graph, hardware, prefix=prefix, visiting=True)
    host = NoHost(engine, settings)
    if host.settings.mode != PATCHBAY:
        return LocalStudio(host, open_graph, hardware, prefix=prefix)
    return LocalStudio(host, lambda: PatchbayGraph(open_graph(), NotRunning(), prefix), hardware, prefix=prefix)


def ground(engine: str, server: str | None, servers: Path) -> tuple[Callable[[], AudioGraph], Hardware]:
    """Return how to open the graph below an engine, and how to start and stop its server."""
    if engine == "memory":
        from reconciler.engines.memory import MemoryStudio

        world = MemoryStudio()
        return world.open_graph, world.hardware
    from reconciler.engines.jack.graph import JackGraph
    from reconciler.engines.jack.server import JackHardware

    return lambda: JackGraph(server), JackHardware(servers, server)


def capabilities(engine: str, mode: str | None = None) -> Capabilities:
    """Return what an engine can do in a mode, without starting it."""
    if engine == "memory":
        from reconciler.engines.memory import MemoryStudio

        return MemoryStudio(engine=EngineSettings(mode=mode)).host.capabilities
    if engine == "carla":
        from reconciler.engines.carla.capabilities import capabilities as of_carla

        return of_carla(mode)
    from reconciler.engines.jalv import CAPABILITIES as JALV

    return JALV


class NoHost(Lacking):
    """A host that is not running: no plugins, and nothing can be changed. For looking without starting anything."""

    def __init__(self, engine: str, settings: EngineSettings | None = None) -> None:
        self.kind = engine
        self._settings = EngineSettings() if engine == "jalv" or settings is None else settings
        self.capabilities = capabilities(engine, self._settings.mode)

    @property
    def settings(self) -> EngineSettings:
        """Those with which the engine would start."""
        return self._settings

    @property
    def idle_seconds(self) -> float:
        """Never."""
        return math.inf

    def idle(self) -> None:
        """There is nothing to do."""

    def plugins(self) -> list[HostedPlugin]:
        """Nothing runs."""
        return []

    def crashes(self) -> list[Crash]:
        """Nothing ran."""
        return []

    def server_lost(self) -> None:
        """There is nothing to let go of."""

    def close(self) -> None:
        """There is nothing to unload."""

    def add(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Refuse."""
        raise self._refusal(f"loading {plugin} as {name}{' in a bridge' * bridge}{' in stereo' * force_stereo}")

    def remove(self, name: str) -> None:
        """Refuse."""
        raise self._refusal(f"unloading {name}")

    def rename(self, name: str, to: str) -> None:
        """Refuse."""
        raise self._refusal(f"renaming {name} to {to}")

    def set_active(self, name: str, active: bool) -> None:
        """Refuse."""
        raise self._refusal(f"switching {name} {active}")

    def set_program(self, name: str, program: str | None) -> None:
        """Refuse."""
        raise self._refusal(f"loading {program} into {name}")

    def set_param(self, name: str, symbol: str, value: float) -> float:
        """Refuse."""
        raise self._refusal(f"setting {name} {symbol} to {value}")

    def _lacks(self, name: str, what: str, hint: str = "") -> StudioError:  # noqa: ARG002 - nothing helps but a start
        return self._refusal(f"{what} {name}".rstrip())

    def _refusal(self, what: str) -> StudioError:
        return EngineError("host-not-running", f"no host process is running: {what} is not possible")
