"""What the tests of jalv alone share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.jalv import JalvHost
from reconciler.engines.lv2.catalogue import Lv2Catalogue
from reconciler.model.catalogue import Catalogue
from tests.jalv.plugins import AMP, BALANCE, EPIANO, FIL4, METER, RESONATOR


@pytest.fixture(scope="session")
def real_catalogue(shared_cache: Path) -> Catalogue:
    """What is installed; read before any test adds to LV2_PATH."""
    if shutil.which("jalv") is None:
        pytest.skip("jalv is not installed (Debian and Ubuntu: apt install jalv)")
    known = Lv2Catalogue(cache_dir=shared_cache / "studio" / "catalogue")
    for uri in (AMP, BALANCE, EPIANO, FIL4, METER, RESONATOR):
        if known.describe(uri) is None:
            pytest.skip(f"{uri} is not installed; Debian has it in {known.package(uri)}")
    return known


@pytest.fixture
def graph(jack_server: str) -> Iterator[JackGraph]:
    """The graph of the server that all tests share."""
    made = JackGraph(jack_server, "watcher")
    yield made
    made.close()


@pytest.fixture
def host(jack_server: str, graph: JackGraph, real_catalogue: Catalogue) -> Iterator[JalvHost]:
    """A host on the server that all tests share."""
    made = JalvHost(real_catalogue, jack_server, graph=graph)
    yield made
    made.close()
