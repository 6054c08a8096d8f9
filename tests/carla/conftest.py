"""Carla on a JACK server of its own, in this process and in a host process; skipped where it is not installed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.engines.carla import CarlaHost, library
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.engines.choose import MULTIPLE_CLIENTS
from reconciler.engines.jack.graph import JackGraph
from reconciler.host.client import HostClient
from reconciler.host.protocol import HostConfig
from reconciler.model.resources import EngineSettings
from tests.support.jackd import Jackd

MISSING = "Carla is not installed (or set CARLA_PREFIX to where it is)"

Start = Callable[..., HostClient]


@pytest.fixture
def carla() -> library.Installation:
    """The Carla of this machine."""
    found = library.find()
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture
def known(carla: library.Installation, shared_cache: Path) -> CarlaCatalogue:
    return CarlaCatalogue(carla=carla)


@pytest.fixture
def graph(jack_server: str) -> Iterator[JackGraph]:
    graph = JackGraph(jack_server, "watcher")
    yield graph
    graph.close()


@pytest.fixture
def host(known: CarlaCatalogue, graph: JackGraph) -> Iterator[CarlaHost]:
    """A host in this process, on the server of all tests."""
    host = CarlaHost(known, graph.server, graph=graph, loading=known.loading)
    yield host
    host.close()


@pytest.fixture
def start(carla: library.Installation, fresh_jack_server: Jackd) -> Iterator[Start]:
    """Start a host process for a session; it ends with the test."""
    with ExitStack() as stack:

        def start(session: str = "carla-test", prefix: str = "", mode: str = MULTIPLE_CLIENTS) -> HostClient:
            settings = EngineSettings(mode=mode)
            client = HostClient.start(HostConfig(session, "carla", prefix, fresh_jack_server.name, settings))
            stack.callback(_end, session)
            stack.callback(client.close)
            return client

        yield start


def _end(session: str) -> None:
    running = HostClient.find(session)
    if running is not None:
        running.shutdown()
