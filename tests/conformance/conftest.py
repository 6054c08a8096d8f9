"""The hosts that must all behave alike. Carla joins by one more line in :data:`RIGS` and its branch below."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from reconciler.engines.lv2.catalogue import Lv2Catalogue
from reconciler.model.catalogue import Catalogue
from tests.conformance import jalv_rig, memory_rig
from tests.conformance.rig import Rig
from tests.support.jackd import Jackd

MEMORY: dict[str, Callable[[], AbstractContextManager[Rig]]] = {
    "memory": memory_rig.memory,
    "memory-like-jalv": memory_rig.memory_like_jalv,
    "memory-with-prefix": memory_rig.memory_with_prefix,
}
RIGS = [*MEMORY, pytest.param("jalv", marks=[pytest.mark.jack, pytest.mark.jalv])]


@pytest.fixture(scope="session")
def real_catalogue(shared_cache: Path) -> Catalogue:
    """What is installed; read before any test adds to LV2_PATH."""
    if shutil.which("jalv") is None:
        pytest.skip("jalv is not installed (Debian and Ubuntu: apt install jalv)")
    known = Lv2Catalogue(cache_dir=shared_cache / "studio" / "catalogue")
    roles = jalv_rig.ROLES
    for uri in (roles.mono.uri, roles.stereo, roles.instrument, roles.bypass):
        if known.describe(uri) is None:
            pytest.skip(f"{uri} is not installed; Debian has it in {known.package(uri)}")
    return known


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plugin that does not load."""
    folder = tmp_path_factory.mktemp("bundles")
    jalv_rig.write_broken(folder)
    return folder


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A host in its world, empty; its server is not to be killed."""
    if request.param in MEMORY:
        made = MEMORY[request.param]()
    else:

        def never() -> None:
            pytest.fail("this server is for all tests; take mortal_rig")

        made = jalv_rig.jalv(
            server=request.getfixturevalue("jack_server"),
            catalogue=request.getfixturevalue("real_catalogue"),
            kill_server=never,
            bundles=request.getfixturevalue("bundles"),
        )
    with made as one:
        yield one
        one.host.close()
        assert one.leftovers() == []


@pytest.fixture(params=RIGS)
def mortal_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A host in its world, whose server may be killed."""
    if request.param in MEMORY:
        made = MEMORY[request.param]()
    else:
        server: Jackd = request.getfixturevalue("fresh_jack_server")
        made = jalv_rig.jalv(
            server=server.name,
            catalogue=request.getfixturevalue("real_catalogue"),
            kill_server=server.kill,
            bundles=request.getfixturevalue("bundles"),
        )
    with made as one:
        yield one
        one.host.close()
        assert one.leftovers() == []
