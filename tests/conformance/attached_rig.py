"""A Carla that another process runs, attached to over OSC, as a rig."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from reconciler.engines.carla_osc import AttachedHost
from reconciler.engines.jack.graph import JackGraph
from reconciler.model.catalogue import Catalogue
from tests.carla.attached_carla import attached_carla
from tests.conformance.jalv_rig import ROLES, WithBroken
from tests.conformance.rig import Rig
from tests.support.crowd import crowd
from tests.support.waiting import eventually


@contextmanager
def attached(
    *, server: str, catalogue: Catalogue, kill_server: Callable[[], None], bundles: Path, prefix: str = ""
) -> Iterator[Rig]:
    """A host attached to a Carla on a running server; parameters as of :func:`tests.conformance.carla_rig.carla`."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("LV2_PATH", f"{os.environ.get('LV2_PATH', '/usr/lib/lv2:/usr/local/lib/lv2')}:{bundles}")
        patch.setenv("JACK_DEFAULT_SERVER", server)
        carla = stack.enter_context(attached_carla())
        graph = JackGraph(server, "watcher")
        stack.callback(graph.close)
        known = WithBroken(catalogue)
        host = AttachedHost(known, carla.url, prefix, graph)
        stack.callback(host.close)

        def open_client(name: str) -> None:
            stack.enter_context(crowd(name, pairs=1, server=server))
            eventually(lambda: f"{name}:in_1" in graph.ports())

        yield Rig("attached", host, graph, known, ROLES, prefix, open_client, None, kill_server, leftovers=list)
