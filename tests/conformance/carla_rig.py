"""Carla on a real JACK server as a rig."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from reconciler.engines.carla import CarlaHost
from reconciler.engines.carla.patchbay import FOLLOWS_SECONDS
from reconciler.engines.choose import MULTIPLE_CLIENTS
from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.patchbay import PatchbayGraph
from reconciler.engines.ports import AudioGraph
from reconciler.model.catalogue import Catalogue
from reconciler.model.resources import EngineSettings
from reconciler.model.terminals import PATCHBAY
from tests.conformance.jalv_rig import ROLES, WithBroken
from tests.conformance.rig import Rig
from tests.support.crowd import crowd
from tests.support.waiting import eventually

PREFIX = "späti "


class BridgedHost(CarlaHost):
    """Carla, which runs every plugin in a process of its own."""

    def add(self, name: str, plugin: str, *, bridge: bool = True, force_stereo: bool = False) -> None:
        super().add(name, plugin, bridge=bridge and not force_stereo, force_stereo=force_stereo)

    def replace(self, name: str, plugin: str, *, bridge: bool = True, force_stereo: bool = False) -> None:
        super().replace(name, plugin, bridge=bridge and not force_stereo, force_stereo=force_stereo)

    def kill(self, name: str) -> None:
        """Kill a plugin's process."""
        for process in self._plugins[name].processes:
            process.kill()


@contextmanager
def carla(
    *,
    server: str,
    catalogue: Catalogue,
    kill_server: Callable[[], None],
    bundles: Path,
    prefix: str = "",
    mode: str = MULTIPLE_CLIENTS,
    bridged: bool = False,
) -> Iterator[Rig]:
    """A host on a running server.

    Parameters
    ----------
    server
        The server's name.
    catalogue
        Knows the real plugins.
    kill_server
        Kills it.
    bundles
        Folder where :func:`tests.conformance.jalv_rig.write_broken` was.
    prefix
        What the JACK clients' names begin with.
    mode
        How Carla runs its plugins.
    bridged
        Run every plugin in a process of its own.
    """
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("LV2_PATH", f"{os.environ.get('LV2_PATH', '/usr/lib/lv2:/usr/local/lib/lv2')}:{bundles}")
        jack = JackGraph(server, "watcher")
        stack.callback(jack.close)
        known = WithBroken(catalogue)
        settings = EngineSettings(mode=mode)
        host: CarlaHost = (BridgedHost if bridged else CarlaHost)(known, server, prefix, settings=settings)
        stack.callback(host.close)
        graph: AudioGraph = jack
        if mode == PATCHBAY:
            graph = PatchbayGraph(jack, host.inside, prefix, follows_s=FOLLOWS_SECONDS)
        host.graph = graph

        def open_client(name: str) -> None:
            stack.enter_context(crowd(name, pairs=1, server=server))
            eventually(lambda: f"{name}:in_1" in graph.ports())

        kill = host.kill if isinstance(host, BridgedHost) else None
        name = "carla-bridged" if bridged else f"carla in {mode} mode"
        yield Rig(name, host, graph, known, ROLES, prefix, open_client, kill, kill_server, leftovers)


def leftovers() -> list[str]:
    """Return what Carla may have started below this process: its bridges."""
    return [str(child) for child in psutil.Process().children(recursive=True) if child.name().startswith("carla-")]
