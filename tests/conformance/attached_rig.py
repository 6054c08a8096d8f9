"""A Carla that another process runs, attached to over OSC, as a rig."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from reconciler.engines.carla.patchbay import FOLLOWS_SECONDS
from reconciler.engines.carla_osc import AttachedHost
from reconciler.engines.choose import MULTIPLE_CLIENTS
from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.patchbay import PatchbayGraph
from reconciler.engines.ports import AudioGraph
from reconciler.model.catalogue import Catalogue
from reconciler.model.terminals import PATCHBAY
from tests.carla.attached_carla import attached_carla
from tests.conformance.jalv_rig import ROLES, WithBroken
from tests.conformance.rig import Rig
from tests.support.crowd import crowd
from tests.support.waiting import eventually


@contextmanager
def attached(
    *,
    server: str,
    catalogue: Catalogue,
    kill_server: Callable[[], None],
    bundles: Path,
    prefix: str = "",
    mode: str = MULTIPLE_CLIENTS,
) -> Iterator[Rig]:
    """A host attached to a Carla on a running server; parameters as of :func:`tests.conformance.carla_rig.carla`."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("LV2_PATH", f"{os.environ.get('LV2_PATH', '/usr/lib/lv2:/usr/local/lib/lv2')}:{bundles}")
        patch.setenv("JACK_DEFAULT_SERVER", server)
        carla = stack.enter_context(attached_carla(mode))
        jack = JackGraph(server, "watcher")
        stack.callback(jack.close)
        known = WithBroken(catalogue)
        host = AttachedHost(known, carla.url, prefix)
        stack.callback(host.close)
        graph: AudioGraph = jack
        if mode == PATCHBAY:
            graph = PatchbayGraph(jack, host.inside, prefix, follows_s=FOLLOWS_SECONDS, client=host.inside.client)
        host.graph = graph

        def open_client(name: str) -> None:
            stack.enter_context(crowd(name, pairs=1, server=server))
            eventually(lambda: f"{name}:in_1" in graph.ports())

        yield Rig(
            f"attached in {mode} mode",
            host,
            graph,
            known,
            ROLES,
            prefix,
            open_client,
            None,
            kill_server,
            leftovers=list,
        )
